import { Cl, getAddressFromPrivateKey } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, B, booked, boot, call, cancel, collect, DAY, deposit, doorErrors, expectError, held, leg, must, now, ours, p,
  plain, pool, price, PRICE_ONE, processAll, processFor, queue, read, redeem, rest, sharesOf, silence, STX, STX_TOKEN,
  stxOf, u, value, VAULT, wait, warpTo, who, withdraw,
} from "./kit.mjs";

const errors = doorErrors();
const { alice, bob, carol, stranger } = who;
const pause = (id, by = who.guardian) => call(by, "whale-pool-vault", "emergency-pause", u(id));
const resume = (id, by = who.guardian) => call(by, "whale-pool-vault", "emergency-resume", u(id));
const give = (from, to, shares) => must(from, "pool-share-1", "transfer", u(shares), p(from), p(to), Cl.none());

const evict = (person, { by = stranger, id = 1, share = "pool-share-1" } = {}) =>
  call(by, "whale-pool-vault", "evict-withdrawal", p(person), u(id), ours(share));

beforeEach(() => boot());

describe("the queue", () => {
  beforeEach(() => {
    deposit(alice, 100n * STX);
    deposit(bob, 100n * STX);
    leg(STX_TOKEN, A, 190n * STX);
    rest();
  });
  const fund = (ustx) => leg(A, STX_TOKEN, ustx / 2n);

  it("escrows the shares and shows them, oldest first; asking again grows the request in its place", () => {
    withdraw(alice, 20n * STX, 5n);
    const second = withdraw(bob, 30n * STX);
    rest();
    withdraw(alice, 10n * STX, 7n);

    expect(second.prints.at(-1)).toEqual({
      topic: "withdrawal-queued", "pool-id": 1n, user: bob, shares: 30n * STX, queued: 30n * STX,
    });
    expect(queue().map(({ user, shares, "min-out": min }) => [user, shares, min])).toEqual([
      [alice, 30n * STX, 12n],
      [bob, 30n * STX, 0n],
    ]);
    expect(pool()["pending-shares"]).toBe(60n * STX);
    expect(sharesOf(VAULT)).toBe(61n * STX);
    expect(sharesOf(alice)).toBe(69n * STX);
  });

  it("wants a whole share at least", () => {
    expectError(withdraw(alice, 10n * STX + 1n, 20n * STX), errors.ERR_BELOW_MIN_OUT);
    silence(A);
    expectError(withdraw(alice, STX - 1n), errors.ERR_AMOUNT_TOO_SMALL);
    expect(withdraw(alice, STX).topics.at(-1)).toBe("withdrawal-queued");
    rest();
    expect(withdraw(alice, 1n).topics.at(-1)).toBe("withdrawal-queued");
  });

  it("gives the shares back to who cancels, whatever is paused or unpriced", () => {
    withdraw(alice, 20n * STX);
    withdraw(bob, 20n * STX);
    pause(0);
    silence(A);

    const { result, prints } = cancel(alice);

    expect(result).toBeOk(u(20n * STX));
    expect(prints.at(-1)).toEqual({ topic: "withdrawal-cancelled", "pool-id": 1n, user: alice, shares: 20n * STX });
    expect([sharesOf(alice), sharesOf(VAULT), pool()["pending-shares"]]).toEqual([99n * STX, 21n * STX, 20n * STX]);
    expect(queue().map(({ user }) => user)).toEqual([bob]);
    expectError(cancel(alice), errors.ERR_NO_REQUEST);
    expectError(cancel(stranger), errors.ERR_NO_REQUEST);
    expectError(call(bob, "whale-pool-vault", "cancel-withdrawal", u(1), ours("pool-share-2")), errors.ERR_WRONG_SHARE);
    expectError(call(bob, "whale-pool-vault", "cancel-withdrawal", u(9), ours("pool-share-2")), errors.ERR_NO_POOL);
  });

  it("is paid by anyone, at the price of that moment, once the STX is there", () => {
    withdraw(alice, 40n * STX);
    fund(60n * STX);
    price(A, 3n * PRICE_ONE); // 130 STX of A become 195, the value 265, of which a hundredth is fee
    const before = stxOf(alice);

    const { result, topics } = processFor(alice);

    const paid = plain(result);
    expect(topics).toEqual(["fees-collected", "withdrawal-paid"]);
    expect(paid).toBeGreaterThan((40n * STX * 1313n) / 1000n);
    expect(paid).toBeLessThan((40n * STX * 1314n) / 1000n);
    expect(stxOf(alice) - before).toBe(paid);
    expect([pool()["pending-shares"], queue(), sharesOf(VAULT)]).toEqual([0n, [], STX]);
    expect(read("pool-share-1", "get-total-supply")).toBe(pool()["total-shares"]);
    expectError(processFor(alice), errors.ERR_NO_REQUEST);
  });

  it("refuses to pay below what its owner asked for, and pays again when the price is back", () => {
    withdraw(alice, 40n * STX, 39n * STX);
    fund(60n * STX);
    price(A, PRICE_ONE);
    expectError(processFor(alice), errors.ERR_BELOW_MIN_OUT);
    price(A, 2n * PRICE_ONE);
    expect(processFor(alice).topics).toContain("withdrawal-paid");
  });

  it("keeps the claim of older requests on the idle STX, but not of those whose own minimum stands in the way", () => {
    withdraw(alice, 40n * STX, 39n * STX);
    withdraw(bob, 20n * STX);
    fund(20n * STX); // 30 idle: enough for bob alone
    expectError(processFor(bob), errors.ERR_NOT_ENOUGH_IDLE);
    price(A, (19n * PRICE_ONE) / 10n);
    expectError(processFor(alice), errors.ERR_BELOW_MIN_OUT);
    expect(processFor(bob, bob).topics).toContain("withdrawal-paid");
  });

  it("reserves what is queued before it pays anybody at once", () => {
    withdraw(alice, 20n * STX);
    fund(20n * STX); // 30 idle, 20 of it owed
    expect(withdraw(bob, 11n * STX).topics.at(-1)).toBe("withdrawal-queued");
    cancel(bob);
    rest();
    expect(withdraw(bob, 9n * STX).topics.at(-1)).toBe("withdrawal-paid");
  });

  it("is not paid while paused, without a price, or when a payment rounds to nothing", () => {
    withdraw(alice, 20n * STX);
    fund(60n * STX);
    pause(1);
    expectError(processFor(alice), errors.ERR_PAUSED);
    expectError(processAll(), errors.ERR_PAUSED);
    resume(1);
    silence(A);
    expectError(processFor(alice), errors.ERR_NO_PRICE);
    expectError(processAll(), errors.ERR_NO_PRICE);
    expectError(processFor(stranger), errors.ERR_NO_REQUEST); // a price would change nothing
    expectError(call(bob, "whale-pool-vault", "process-pending-withdrawal", p(alice), u(1), ours("pool-share-2")), errors.ERR_WRONG_SHARE);
    expectError(call(bob, "whale-pool-vault", "process-pending-withdrawal", p(alice), u(4), ours("pool-share-1")), errors.ERR_NO_POOL);
  });

  it("has room for fifty, and redeeming in kind works beyond", () => {
    for (let n = 1; n <= 51; n += 1) {
      const person = getAddressFromPrivateKey(`${n.toString(16).padStart(64, "0")}01`, "testnet");
      give(alice, person, STX + 500_000n);
      const { result, topics } = (silence(A), withdraw(person, STX));
      if (n <= 50) expect(topics.at(-1)).toBe("withdrawal-queued");
      else {
        expectError({ result }, errors.ERR_QUEUE_FULL);
        expect(redeem(person, STX).topics).toContain("shares-redeemed");
      }
    }
    expect(queue()).toHaveLength(50);
    expect(withdraw(queueHead(), 1n).topics.at(-1)).toBe("withdrawal-queued"); // growing needs no slot
  });
  const queueHead = () => queue()[0].user;

  it("cannot be filled with requests that nothing can ever pay", () => {
    expectError(withdraw(alice, 20n * STX, 10n ** 16n), errors.ERR_BELOW_MIN_OUT);
    silence(A);
    expectError(withdraw(alice, 20n * STX, 10n ** 16n), errors.ERR_MIN_OUT_UNPRICED);
    expectError(withdraw(alice, 20n * STX, 10n ** 16n + 1n), errors.ERR_BELOW_MIN_OUT); // no price could ever pay that
    expect([queue(), pool()["pending-shares"]]).toEqual([[], 0n]);
  });

  it("lets a request below its own minimum grow only as far as the whole of it can be paid", () => {
    withdraw(alice, 20n * STX, 19n * STX);
    rest();
    price(A, (18n * PRICE_ONE) / 10n); // a share is worth 0.905 STX now: the first part would get 18.1
    expectError(withdraw(alice, 20n * STX, 18n * STX), errors.ERR_BELOW_MIN_OUT);
    expect(withdraw(alice, 20n * STX, 17n * STX).topics.at(-1)).toBe("withdrawal-queued");
    expect(queue().map(({ shares, "min-out": min }) => [shares, min])).toEqual([[40n * STX, 36n * STX]]);
  });
});

describe("payments in part", () => {
  beforeEach(() => {
    deposit(alice, 100n * STX);
    deposit(bob, 100n * STX);
    collect();
    leg(STX_TOKEN, A, 190n * STX); // 10 idle
    rest();
  });

  it("pay what is there, keep the rest in its place, and its part of the minimum rounded up", () => {
    withdraw(alice, 40n * STX, 39_000_001n);
    withdraw(bob, 5n * STX);
    collect();
    const [before, total, worth] = [stxOf(alice), pool()["total-shares"], value()];

    const { result, prints } = processFor(alice);

    const paid = plain(result);
    const { shares } = prints.at(-1);
    expect(prints.at(-1)).toEqual({ topic: "withdrawal-paid", "pool-id": 1n, user: alice, shares, ustx: paid });
    expect(shares).toBe((10n * STX * total) / worth);
    expect(paid).toBe((shares * worth) / total);
    expect([stxOf(alice) - before, held(STX_TOKEN)]).toEqual([paid, 10n * STX - paid]);
    const left = 40n * STX - shares;
    expect(queue()[0]).toMatchObject({ user: alice, shares: left, "min-out": (39_000_001n * left + 40n * STX - 1n) / (40n * STX) });
    expect(queue()[1].user).toBe(bob);
    expect([pool()["pending-shares"], sharesOf(VAULT)]).toEqual([left + 5n * STX, left + 6n * STX]);
    expect(read("pool-share-1", "get-total-supply")).toBe(pool()["total-shares"]);
    expectError(processFor(bob), errors.ERR_NOT_ENOUGH_IDLE);
  });

  it("test the price on the whole request, before the part is cut", () => {
    withdraw(alice, 40n * STX, 39n * STX);
    price(A, (19n * PRICE_ONE) / 10n);
    expectError(processFor(alice), errors.ERR_BELOW_MIN_OUT);
    expect(held(STX_TOKEN)).toBe(10n * STX);
  });

  it("are refused where not even one share unit can be paid", () => {
    withdraw(alice, 40n * STX);
    leg(STX_TOKEN, A, 10n * STX);
    expectError(processFor(alice), errors.ERR_NOT_ENOUGH_IDLE);
    leg(A, STX_TOKEN, 1n); // two micro-STX
    price(A, 30n * PRICE_ONE); // and a share unit is worth fourteen
    expectError(processFor(alice), errors.ERR_NOT_ENOUGH_IDLE);
  });

  it("of what is worth nothing are none, and such a request can be sent back", () => {
    leg(STX_TOKEN, B, 10n * STX);
    withdraw(alice, STX);
    price(A, 1n);
    price(B, 1n);
    wait(8n * DAY);
    expectError(processFor(alice), errors.ERR_AMOUNT_TOO_SMALL);
    expect(evict(alice).topics.at(-1)).toBe("withdrawal-evicted");
  });
});

describe("process-withdrawals", () => {
  beforeEach(() => {
    deposit(alice, 100n * STX);
    for (const person of [bob, carol, stranger]) deposit(person, 100n * STX);
    leg(STX_TOKEN, A, 390n * STX); // 10 idle
    rest();
  });

  it("pays everybody in one call, oldest first, each what a single payment would", () => {
    withdraw(alice, 20n * STX);
    withdraw(bob, 10n * STX);
    withdraw(carol, 30n * STX);
    leg(A, STX_TOKEN, 40n * STX);
    collect();
    const [total, worth] = [pool()["total-shares"], value()];
    const before = [alice, bob, carol].map(stxOf);

    const { result, prints } = processAll();

    const due = [20n, 10n, 30n].map((shares) => (shares * STX * worth) / total);
    const paid = prints.filter(({ topic }) => topic === "withdrawal-paid");
    expect(paid.map(({ user }) => user)).toEqual([alice, bob, carol]);
    expect(plain(result)).toEqual({ "paid-requests": 3n, "paid-ustx": due.reduce((a, b) => a + b) });
    expect([alice, bob, carol].map((person, n) => stxOf(person) - before[n])).toEqual(due);
    expect([queue(), pool()["pending-shares"], sharesOf(VAULT)]).toEqual([[], 0n, STX]);
    expect([booked(STX_TOKEN), stxOf(VAULT)]).toEqual([held(STX_TOKEN), held(STX_TOKEN)]);
    expect(read("pool-share-1", "get-total-supply")).toBe(pool()["total-shares"]);
  });

  it("passes over who would get less than asked for, and pays the last one in part", () => {
    withdraw(alice, 20n * STX, 19n * STX);
    withdraw(bob, 25n * STX);
    withdraw(carol, 30n * STX);
    withdraw(stranger, 30n * STX);
    leg(A, STX_TOKEN, 15n * STX); // 40 idle
    price(A, (18n * PRICE_ONE) / 10n);

    const { result, prints } = processAll(carol);

    expect(plain(result)["paid-requests"]).toBe(2n);
    expect(prints.filter(({ topic }) => topic === "withdrawal-paid").map(({ user }) => user)).toEqual([bob, carol]);
    expect(held(STX_TOKEN)).toBeLessThan(3n);
    expect(queue().map(({ user }) => user)).toEqual([alice, carol, stranger]);
    expect(queue()[1].shares).toBeLessThan(30n * STX);
    expect([queue()[0].shares, queue()[2].shares]).toEqual([20n * STX, 30n * STX]);
  });

  it("does nothing, without an error, where nobody waits or nothing can be paid", () => {
    expect(plain(processAll().result)).toEqual({ "paid-requests": 0n, "paid-ustx": 0n });
    withdraw(alice, 20n * STX);
    leg(STX_TOKEN, A, 10n * STX);
    expect(plain(processAll().result)).toEqual({ "paid-requests": 0n, "paid-ustx": 0n });
    expect(queue()).toHaveLength(1);
    const unknown = (id, share) => call(bob, "whale-pool-vault", "process-withdrawals", u(id), ours(share));
    expectError(unknown(2, "pool-share-1"), errors.ERR_NO_POOL);
    expectError(unknown(1, "pool-share-2"), errors.ERR_WRONG_SHARE);
  });

  it("pays fifty at once", () => {
    const people = Array.from({ length: 50 }, (_, n) => getAddressFromPrivateKey(`${(n + 1).toString(16).padStart(64, "0")}01`, "testnet"));
    silence(A);
    for (const person of people) {
      give(alice, person, STX);
      expect(withdraw(person, STX).topics.at(-1)).toBe("withdrawal-queued");
    }
    price(A, 2n * PRICE_ONE);
    leg(A, STX_TOKEN, 60n * STX);
    expect(plain(processAll().result)["paid-requests"]).toBe(50n);
    for (const person of people) expect(stxOf(person)).toBeGreaterThan(990_000n);
    expect([queue(), pool()["pending-shares"]]).toEqual([[], 0n]);
  });
});

describe("the day's outflow", () => {
  const room = () => read("withdrawal-queue", "get-outflow-room", u(1), u(value()));
  /** To the first second of the next day of UTC. */
  const nextDay = () => {
    const ahead = DAY - (now() % DAY);
    wait(ahead - (ahead % 10n) + 10n);
  };

  beforeEach(() => {
    deposit(alice, 10_000n * STX);
    wait(DAY - (now() % DAY) + 10n - ((DAY - (now() % DAY)) % 10n));
  });

  it("is a quarter of the value, with what left already, however the payments are cut", () => {
    expect(room()).toBe(2_500n * STX);
    const { "paid-ustx": paid } = plain(withdraw(alice, 1_000n * STX).result);
    expect(paid).toBeGreaterThan(999n * STX);
    expect(room()).toBe(2_500n * STX - paid);
    rest();
    expect(withdraw(alice, 1_499n * STX).topics.at(-1)).toBe("withdrawal-paid");
    rest();
    expect(withdraw(alice, 100n * STX).topics.at(-1)).toBe("withdrawal-queued");
  });

  it("queues what is beyond it, pays part of that, and the rest on the next day", () => {
    expect(withdraw(alice, 4_000n * STX).topics.at(-1)).toBe("withdrawal-queued");
    const first = plain(processFor(alice).result);
    expect(first).toBeLessThanOrEqual(2_500n * STX);
    expect(first).toBeGreaterThan(2_499n * STX);
    expectError(processFor(alice), errors.ERR_OUTFLOW_LIMIT);
    expect(plain(processAll().result)["paid-requests"]).toBe(0n);
    nextDay();
    expect(plain(processAll().result)["paid-requests"]).toBe(1n);
    expect(queue()).toEqual([]);
  });

  it("is a thousand STX at least, and knows nothing of leaving in kind", () => {
    nextDay();
    redeem(alice, 7_000n * STX);
    expect(room()).toBe(1_000n * STX);
    expect(withdraw(alice, 999n * STX).topics.at(-1)).toBe("withdrawal-paid");
    rest();
    expect(withdraw(alice, 100n * STX).topics.at(-1)).toBe("withdrawal-queued");
    expect(redeem(alice, 100n * STX).topics).toContain("shares-redeemed");
  });
});

describe("evict-withdrawal", () => {
  beforeEach(() => {
    deposit(alice, 100n * STX);
    deposit(bob, 100n * STX);
    leg(STX_TOKEN, A, 190n * STX);
    rest();
    withdraw(bob, 20n * STX);
    withdraw(alice, 40n * STX, 39n * STX);
  });

  it("gives the shares back after seven days, to the second, when the minimum is not met", () => {
    const asked = queue()[1]["asked-at"];
    price(A, PRICE_ONE);
    warpTo(asked + 7n * DAY - 10n);
    expectError(evict(alice), errors.ERR_TOO_EARLY);

    const { result, prints } = evict(alice);

    expect(now() - 10n).toBe(asked + 7n * DAY);
    expect(result).toBeOk(u(40n * STX));
    expect(prints.at(-1)).toEqual({ topic: "withdrawal-evicted", "pool-id": 1n, user: alice, shares: 40n * STX });
    expect([sharesOf(alice), sharesOf(VAULT), pool()["pending-shares"]]).toEqual([99n * STX, 21n * STX, 20n * STX]);
    expect(queue().map(({ user }) => user)).toEqual([bob]);
    expectError(evict(alice), errors.ERR_NO_REQUEST);
    expect(read("pool-share-1", "get-total-supply")).toBe(pool()["total-shares"]);
  });

  it("leaves requests that could be paid, and those without a minimum, whatever their age", () => {
    wait(30n * DAY);
    expectError(evict(alice), errors.ERR_PAYABLE);
    price(A, 1n);
    expectError(evict(bob), errors.ERR_PAYABLE); // the idle STX alone are worth something
    expect(evict(alice, { by: bob }).topics.at(-1)).toBe("withdrawal-evicted");
  });

  it("decides nothing while paused or without a price, and knows its pool and share", () => {
    wait(8n * DAY);
    pause(1);
    expectError(evict(alice), errors.ERR_PAUSED);
    resume(1);
    silence(A);
    expectError(evict(alice), errors.ERR_NO_PRICE);
    expectError(evict(alice, { id: 4 }), errors.ERR_NO_POOL);
    expectError(evict(alice, { share: "pool-share-2" }), errors.ERR_WRONG_SHARE);
  });
});
