import { Cl, getAddressFromPrivateKey } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, ADAPTERS, B, C, DAY, DEPLOYER, LAUNCH, MAX_UINT, PRICE_ONE, STX, STX_TOKEN, VAULT, YEAR, at, boot, booked, call,
  cancel, collect, createPool, deployForeignShare, deposit, drift, errorsOf, expectError, held, leg, must, now, ours, p,
  plain, pool, poolTokens, price, processFor, queue, read, redeem, redeemWithout, setTargets, sharePrice, sharesOf, silence, stxOf,
  targets, tokensOf, u, value, wait, warpTo, withdraw, who,
} from "./kit.mjs";

const errors = errorsOf("whale-pool-vault");
const { alice, bob, carol, stranger } = who;
const pause = (id, by = who.guardian) => call(by, "whale-pool-vault", "emergency-pause", u(id));
const resume = (id, by = who.guardian) => call(by, "whale-pool-vault", "emergency-resume", u(id));
const payKeeper = (amount, by = who.mover, id = 1) => call(by, "whale-pool-vault", "pay-keeper", u(id), p(who.keeper), u(amount));
const give = (from, to, shares) => must(from, "pool-share-1", "transfer", u(shares), p(from), p(to), Cl.none());
const STRANGERS = [stranger, alice, who.keeper, who.guardian, who.creator, who.mover];

/** Buys A and B until the pool is at its launch target: 60 % STX, 30 % A, 10 % B of `total`. */
function invest(total) {
  must(who.mover, "whale-pool-vault", "execute-leg", u(1), p(STX_TOKEN), p(A), u((total * 3n) / 10n), u(0), ours("fair-adapter"));
  must(who.mover, "whale-pool-vault", "execute-leg", u(1), p(STX_TOKEN), p(B), u(total / 10n), u(0), ours("fair-adapter"));
}

beforeEach(() => boot());

describe("create-pool", () => {
  it("opens a pool with the next number and names its share", () => {
    const { result, topics } = createPool("pool-share-2", { [A]: 10_000 }, 1_000);

    expect(result).toBeOk(u(2));
    expect(topics).toEqual(["share-initialized", "pool-created"]);
    expect(read("whale-pool-vault", "get-pool-count")).toBe(2n);
    expect(pool(2)).toEqual({
      name: "Index", share: at("pool-share-2"), creator: who.creator, "created-at": now() - 10n, "cap-usd": 1_000n,
      paused: false, "total-shares": 0n, "pending-shares": 0n, "high-water-mark": PRICE_ONE, "fees-at": now() - 10n,
    });
    expect(read("whale-pool-vault", "get-pool-assets", u(2))).toEqual([
      { asset: A, amount: 0n, bps: 10_000n, decimals: 6n },
      { asset: STX_TOKEN, amount: 0n, bps: 0n, decimals: 6n }, // STX is always a member
    ]);
  });

  it("is for creators", () => {
    for (const person of [stranger, DEPLOYER, who.keeper, who.guardian]) {
      expectError(createPool("pool-share-2", LAUNCH, 25_000, person), errors.ERR_NOT_CREATOR);
    }
  });

  it.each([0n, 25_001n, MAX_UINT])("refuses a cap of %s dollars", (cap) => {
    expectError(createPool("pool-share-2", LAUNCH, cap), errors.ERR_BAD_CAP);
  });

  it.each([
    ["an unknown asset", { [C]: 10_000 }, "ERR_UNKNOWN_ASSET"],
    ["too little", { [A]: 9_999 }, "ERR_BAD_SUM"],
    ["too much", { [A]: 6_000, [B]: 4_001 }, "ERR_BAD_SUM"],
    ["one part above all", { [A]: MAX_UINT, [B]: 1 }, "ERR_BAD_SUM"],
    ["nothing", {}, "ERR_BAD_SUM"],
  ])("refuses targets with %s", (_, shares, name) => {
    expectError(createPool("pool-share-2", shares), errors[name]);
  });

  it("refuses a share token that is in use, even by another pool", () => {
    expectError(createPool("pool-share-1"), errors.ERR_SHARE_TAKEN);
  });

  it("refuses what is not the template, and the template under another deployer", () => {
    const creates = (token) =>
      call(who.creator, "whale-pool-vault", "create-pool", Cl.stringAscii("X"), Cl.stringAscii("X"), p(token), targets(LAUNCH), u(1));
    const source = "(define-public (transfer (a uint) (b principal) (c principal) (d (optional (buff 34)))) (ok true))" +
      "(define-read-only (get-balance (a principal)) (ok u1)) (define-read-only (get-total-supply) (ok u1))" +
      "(define-public (initialize (a (string-ascii 32)) (b (string-ascii 10))) (ok true))" +
      "(define-public (mint (a uint) (b principal)) (ok true)) (define-public (burn (a uint) (b principal)) (ok true))";
    simnet.deployContract("generous-share", source, { clarityVersion: 4 }, DEPLOYER);

    expectError(creates(at("generous-share")), errors.ERR_NOT_TEMPLATE);
    expectError(creates(deployForeignShare(bob)), errors.ERR_NOT_TEMPLATE);
  });
});

describe("deposit", () => {
  it("sells the first shares one for one and keeps the dead ones", () => {
    const before = stxOf(alice);
    const { result, prints } = deposit(alice, 10n * STX, 9n * STX);

    expect(plain(result)).toEqual({ shares: 9n * STX, ustx: 10n * STX });
    expect(prints).toEqual([
      { topic: "deposit-made", "pool-id": 1n, user: alice, ustx: 10n * STX, shares: 9n * STX, "total-shares": 10n * STX },
    ]);
    expect([sharesOf(alice), sharesOf(VAULT)]).toEqual([9n * STX, STX]);
    expect([stxOf(alice), stxOf(VAULT), held(STX_TOKEN), booked(STX_TOKEN)]).toEqual([before - 10n * STX, 10n * STX, 10n * STX, 10n * STX]);
    expect([value(), sharePrice(), pool()["total-shares"]]).toEqual([10n * STX, PRICE_ONE, 10n * STX]);
  });

  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [1n, "ERR_AMOUNT_TOO_SMALL"],
    [10n * STX - 1n, "ERR_AMOUNT_TOO_SMALL"],
    [83_333_333_334n, "ERR_CAP_REACHED"], // 25,000 dollars at 0.30
    [10n ** 16n, "ERR_CAP_REACHED"],
    [10n ** 16n + 1n, "ERR_AMOUNT_TOO_LARGE"],
    [MAX_UINT, "ERR_AMOUNT_TOO_LARGE"],
  ])("refuses a first deposit of %s", (amount, name) => {
    expectError(deposit(alice, amount), errors[name]);
  });

  it("takes the last micro-STX under the cap, also over several deposits", () => {
    expect(deposit(alice, 83_333_333_332n).topics).toEqual(["deposit-made"]);
    expect(deposit(bob, 1n).topics).toContain("deposit-made");
    expectError(deposit(bob, 1n), errors.ERR_CAP_REACHED);
  });

  it("prices later shares at the value of everything held", () => {
    deposit(alice, 1_000n * STX);
    invest(1_000n * STX);
    price(A, 4n * PRICE_ONE); // 300 STX of A are worth 600 now
    expect(sharePrice()).toBe((13n * PRICE_ONE) / 10n);

    const { result } = deposit(bob, 130n * STX);

    // 3 % of the gain and 20 s of management fee went to the fee account just before.
    const { shares } = plain(result);
    expect(shares).toBeGreaterThan(100n * STX);
    expect(shares).toBeLessThan(103n * STX);
    expect(sharesOf(bob)).toBe(shares);
  });

  it("sells shares against the value rounded up", () => {
    deposit(alice, 10n * STX);
    leg(STX_TOKEN, A, 9n * STX);
    leg(STX_TOKEN, B, STX);
    price(A, 1n); // 4.5 A are worth 0.0000045 micro-STX now, and 2 B with them as little
    price(B, 1n);
    leg(A, STX_TOKEN, STX); // 2 STX idle
    expect(value()).toBe(2n * STX);
    const { shares } = plain(deposit(bob, 2n * STX).result);
    expect(shares).toBe((2n * STX * pool()["total-shares"] - 2n * STX * shares) / (2n * STX + 2n));
    expect(shares).toBeLessThan(10n * STX);
  });

  it("rounds shares down, so the smallest deposit may buy none", () => {
    deposit(alice, 1_000n * STX);
    invest(1_000n * STX);
    price(A, 40n * PRICE_ONE);
    expectError(deposit(bob, 1n), errors.ERR_AMOUNT_TOO_SMALL);
  });

  it("honours the least that was asked for, to the unit", () => {
    expectError(deposit(alice, 10n * STX, 9n * STX + 1n), errors.ERR_BELOW_MIN_SHARES);
    expectError(deposit(alice, 10n * STX, MAX_UINT), errors.ERR_BELOW_MIN_SHARES);
  });

  it("needs every price it uses", () => {
    deposit(alice, 1_000n * STX);
    silence(A); // not held yet: no price needed
    expect(deposit(bob, 10n * STX).topics).toContain("deposit-made");
    price(A, 2n * PRICE_ONE);
    invest(1_000n * STX);
    silence(A);
    expectError(deposit(bob, 10n * STX), errors.ERR_NO_PRICE);
    price(A, 2n * PRICE_ONE);
    silence(STX_TOKEN); // dollars, for the cap
    expectError(deposit(bob, 10n * STX), errors.ERR_NO_PRICE);
  });

  it("needs a value to price against", () => {
    deposit(alice, 1_000n * STX);
    must(who.mover, "whale-pool-vault", "execute-leg", u(1), p(STX_TOKEN), p(A), u(1_000n * STX), u(0), ours("fair-adapter"));
    price(A, 0n);
    expectError(deposit(bob, 10n * STX), errors.ERR_NO_VALUE);
  });

  it("stops with its own code when the STX is not there", () => {
    const poor = getAddressFromPrivateKey(`${"11".repeat(32)}01`, "testnet");
    expectError(deposit(poor, 10n * STX), errors.ERR_TRANSFER_FAILED);
  });

  it("knows its pool, its share and its caller", () => {
    const named = (id, share) => call(alice, "whale-pool-vault", "deposit", u(id), ours(share), u(10n * STX), u(0));
    expectError(named(0, "pool-share-1"), errors.ERR_NO_POOL);
    expectError(named(2, "pool-share-1"), errors.ERR_NO_POOL);
    expectError(named(1, "pool-share-2"), errors.ERR_WRONG_SHARE);
    expectError(call(alice, "deposit-proxy", "deposit-for-caller", ours("pool-share-1"), u(10n * STX)), errors.ERR_NOT_DIRECT);
  });

  it("stops while the pool, or every pool, is paused", () => {
    for (const id of [1, 0]) {
      pause(id);
      expectError(deposit(alice, 10n * STX), errors.ERR_PAUSED);
      resume(id);
    }
    expect(deposit(alice, 10n * STX).topics).toEqual(["deposit-made"]);
  });
});

describe("withdraw", () => {
  beforeEach(() => {
    deposit(alice, 100n * STX);
    wait(DAY); // so that a share costs a little less than one STX
  });

  it("pays at once, at the share price, and burns", () => {
    const before = stxOf(alice);
    const { result, topics } = withdraw(alice, 40n * STX, 39n * STX);

    const { "paid-ustx": paid, "queued-shares": queued } = plain(result);
    expect(queued).toBe(0n);
    expect(paid).toBeGreaterThan(39_999_000n); // a day of management fee less than 40 STX
    expect(paid).toBeLessThan(40n * STX);
    expect(topics).toEqual(["fees-collected", "withdrawal-paid"]);
    expect(stxOf(alice) - before).toBe(paid);
    expect(sharesOf(alice)).toBe(59n * STX);
    expect([held(STX_TOKEN), booked(STX_TOKEN), stxOf(VAULT)]).toEqual(Array(3).fill(100n * STX - paid));
    expect(read("pool-share-1", "get-total-supply")).toBe(pool()["total-shares"]);
  });

  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [99n * STX + 1n, "ERR_NOT_ENOUGH_SHARES"],
    [100n * STX, "ERR_NOT_ENOUGH_SHARES"],
    [MAX_UINT, "ERR_NOT_ENOUGH_SHARES"],
  ])("of %s of 99,000,000 shares is refused", (shares, name) => {
    expectError(withdraw(alice, shares), errors[name]);
  });

  it("of one share unit is worth nothing once rounded down, and of all leaves the dead shares", () => {
    expectError(withdraw(alice, 1n), errors.ERR_AMOUNT_TOO_SMALL);
    expect(withdraw(alice, 99n * STX).topics).toContain("withdrawal-paid");
    expect(sharesOf(alice)).toBe(0n);
    expect(held(STX_TOKEN)).toBeGreaterThanOrEqual(STX);
    expect(deposit(bob, STX).topics).toContain("deposit-made");
  });

  it("pays no less than was asked for", () => {
    expectError(withdraw(alice, 10n * STX, 10n * STX), errors.ERR_BELOW_MIN_OUT);
    expectError(withdraw(alice, 10n * STX, MAX_UINT), errors.ERR_BELOW_MIN_OUT);
    expect(sharesOf(alice)).toBe(99n * STX);
  });

  it("knows its pool, its share and its caller", () => {
    const named = (id, share) => call(alice, "whale-pool-vault", "withdraw", u(id), ours(share), u(1), u(0));
    expectError(named(7, "pool-share-1"), errors.ERR_NO_POOL);
    expectError(named(1, "pool-share-2"), errors.ERR_WRONG_SHARE);
    expectError(call(alice, "deposit-proxy", "withdraw-for-caller", ours("pool-share-1"), u(STX)), errors.ERR_NOT_DIRECT);
  });

  it("pays from the last idle unit, and queues all of it when one is missing", () => {
    collect();
    leg(STX_TOKEN, A, 90n * STX);
    const worth = (49n * STX * value()) / pool()["total-shares"];
    leg(A, STX_TOKEN, (worth - held(STX_TOKEN)) / 2n); // the idle STX is now the payment, or one less
    const enough = held(STX_TOKEN) >= worth;
    leg(STX_TOKEN, A, enough ? 2n : 1n);
    const idle = held(STX_TOKEN);
    expect(idle < worth && worth - idle <= 2n).toBe(true);

    expect(plain(withdraw(alice, 49n * STX).result)).toEqual({ "paid-ustx": 0n, "queued-shares": 49n * STX });
    cancel(alice);
    leg(A, STX_TOKEN, 1n);
    expect(held(STX_TOKEN)).toBeLessThanOrEqual(worth + 1n);
    expect(plain(withdraw(alice, 49n * STX).result)["queued-shares"]).toBe(0n);
  });

  it("is always queued, unpriced, while paused or without a price", () => {
    leg(STX_TOKEN, A, 10n * STX);
    silence(A);
    expectError(withdraw(alice, STX, 1n), errors.ERR_MIN_OUT_UNPRICED);
    expect(plain(withdraw(alice, STX).result)).toEqual({ "paid-ustx": 0n, "queued-shares": STX });
    price(A, 2n * PRICE_ONE);
    pause(1);
    expectError(withdraw(alice, STX, 10n ** 16n), errors.ERR_MIN_OUT_UNPRICED);
    expect(plain(withdraw(alice, STX).result)).toEqual({ "paid-ustx": 0n, "queued-shares": STX });
    expect(queue()).toEqual([{ user: alice, shares: 2n * STX, "min-out": 0n, "asked-at": expect.any(BigInt) }]);
  });

  it("never gains after a deposit, at any size", () => {
    invest(100n * STX);
    price(A, 3_333_333_333_333n);
    price(B, 777_777_777_777n);
    collect();
    for (const amount of [7n, 1_001n, 999_999n, 12_345_678n]) {
      const before = stxOf(bob);
      const { shares } = plain(deposit(bob, amount).result);
      withdraw(bob, shares);
      expect(stxOf(bob)).toBeLessThanOrEqual(before);
    }
  });
});

describe("the queue", () => {
  beforeEach(() => {
    deposit(alice, 100n * STX);
    deposit(bob, 100n * STX);
    leg(STX_TOKEN, A, 190n * STX);
  });
  const fund = (ustx) => leg(A, STX_TOKEN, ustx / 2n);

  it("escrows the shares and shows them, oldest first; asking again grows the request in its place", () => {
    withdraw(alice, 20n * STX, 5n);
    const second = withdraw(bob, 30n * STX);
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
    expect(withdraw(alice, STX).topics).toEqual(["withdrawal-queued"]);
    expect(withdraw(alice, 1n).topics).toEqual(["withdrawal-queued"]);
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
    expectError(processFor(alice), errors.ERR_NOT_ENOUGH_IDLE);
    fund(60n * STX);
    price(A, 3n * PRICE_ONE); // 130 STX of A become 195, the value 265, of which a hundredth is fee
    const before = stxOf(alice);

    const { result, topics } = processFor(alice);

    const paid = plain(result);
    expect(topics).toEqual(["fees-collected", "withdrawal-paid"]);
    expect(paid).toBeGreaterThan((40n * STX * 1311n) / 1000n);
    expect(paid).toBeLessThan((40n * STX * 1312n) / 1000n);
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
    expect(withdraw(bob, 9n * STX).topics.at(-1)).toBe("withdrawal-paid");
  });

  it("is not paid while paused, without a price, or when a payment rounds to nothing", () => {
    withdraw(alice, 20n * STX);
    fund(60n * STX);
    pause(1);
    expectError(processFor(alice), errors.ERR_PAUSED);
    resume(1);
    silence(A);
    expectError(processFor(alice), errors.ERR_NO_PRICE);
    expectError(call(bob, "whale-pool-vault", "process-pending-withdrawal", p(alice), u(1), ours("pool-share-2")), errors.ERR_WRONG_SHARE);
    expectError(call(bob, "whale-pool-vault", "process-pending-withdrawal", p(alice), u(4), ours("pool-share-1")), errors.ERR_NO_POOL);
  });

  it("has room for fifty, and redeeming in kind works beyond", () => {
    for (let n = 1; n <= 51; n += 1) {
      const person = getAddressFromPrivateKey(`${n.toString(16).padStart(64, "0")}01`, "testnet");
      give(alice, person, STX + 500_000n);
      const { result, topics } = (silence(A), withdraw(person, STX));
      if (n <= 50) expect(topics).toEqual(["withdrawal-queued"]);
      else {
        expectError({ result }, errors.ERR_QUEUE_FULL);
        expect(redeem(person, STX).topics).toContain("shares-redeemed");
      }
    }
    expect(queue()).toHaveLength(50);
    expect(withdraw(queueHead(), 1n).topics).toEqual(["withdrawal-queued"]); // growing needs no slot
  });
  const queueHead = () => queue()[0].user;

  it("cannot be filled with requests that nothing can ever pay", () => {
    expectError(withdraw(alice, 20n * STX, 10n ** 16n), errors.ERR_BELOW_MIN_OUT);
    silence(A);
    expectError(withdraw(alice, 20n * STX, 10n ** 16n), errors.ERR_MIN_OUT_UNPRICED);
    expect([queue(), pool()["pending-shares"]]).toEqual([[], 0n]);
  });

  it("lets a request below its own minimum grow only as far as the whole of it can be paid", () => {
    withdraw(alice, 20n * STX, 19n * STX);
    price(A, (18n * PRICE_ONE) / 10n); // a share is worth 0.905 STX now: the first part would get 18.1
    expectError(withdraw(alice, 20n * STX, 18n * STX), errors.ERR_BELOW_MIN_OUT);
    expect(withdraw(alice, 20n * STX, 17n * STX).topics.at(-1)).toBe("withdrawal-queued");
    expect(queue().map(({ shares, "min-out": min }) => [shares, min])).toEqual([[40n * STX, 36n * STX]]);
  });
});

describe("evict-withdrawal", () => {
  const evict = (person, { by = stranger, id = 1, share = "pool-share-1" } = {}) =>
    call(by, "whale-pool-vault", "evict-withdrawal", p(person), u(id), ours(share));

  beforeEach(() => {
    deposit(alice, 100n * STX);
    deposit(bob, 100n * STX);
    leg(STX_TOKEN, A, 190n * STX);
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
    expectError(evict(bob), errors.ERR_PAYABLE);
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

describe("redeem-in-kind", () => {
  beforeEach(() => {
    deposit(alice, 100n * STX);
    invest(100n * STX);
  });

  it("pays the same part of everything, rounded down", () => {
    const total = 100n * STX;
    const rate = (asset) => (held(asset) * 33n * STX) / total;
    const least = [STX_TOKEN, A, B].map(rate);
    const before = [STX_TOKEN, A, B].map((asset) => tokensOf(asset, alice));

    const { result, topics, prints } = redeem(alice, 33n * STX);

    const paid = plain(result);
    expect(topics.filter((topic) => topic !== "fees-collected")).toEqual(["shares-redeemed"]);
    expect(prints.at(-1).amounts).toEqual(paid);
    paid.forEach((amount, index) => {
      expect(amount).toBeLessThanOrEqual(least[index]);
      expect(amount).toBeGreaterThanOrEqual((least[index] * 9_999_999n) / 10_000_000n); // seconds of management fee
    });
    expect([STX_TOKEN, A, B].map((asset) => tokensOf(asset, alice))).toEqual(before.map((amount, i) => amount + paid[i]));
    for (const asset of [STX_TOKEN, A, B]) expect([booked(asset), tokensOf(asset, VAULT)]).toEqual([held(asset), held(asset)]);
    expect(sharesOf(alice)).toBe(66n * STX);
  });

  it("works with every pause on, every price dead and no role held by anyone", () => {
    pause(0);
    pause(1);
    for (const asset of [STX_TOKEN, A, B]) silence(asset);
    for (const [person, role] of [[who.keeper, "keeper"], [who.guardian, "emergency"], [who.creator, "creator"]]) {
      must(DEPLOYER, "pool-access", "revoke-role", p(person), Cl.stringAscii(role));
    }
    for (const name of ADAPTERS) must(DEPLOYER, "whale-pool-vault", "remove-adapter", ours(`${name}-adapter`));
    wait(400n * DAY);

    expect(redeem(alice, 99n * STX).topics).toContain("shares-redeemed");
    expect(sharesOf(alice)).toBe(0n);
  });

  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [99n * STX + 1n, "ERR_NOT_ENOUGH_SHARES"],
    [MAX_UINT, "ERR_NOT_ENOUGH_SHARES"],
  ])("of %s shares is refused", (shares, name) => {
    expectError(redeem(alice, shares), errors[name]);
  });

  it("skips what rounds to nothing, but burns no share for nothing at all", () => {
    const { result } = redeem(alice, 3n);
    expect(plain(result)[1]).toBe(0n);
    expect(plain(result)[0]).toBe(1n);
    leg(STX_TOKEN, A, held(STX_TOKEN));
    leg(B, A, held(B));
    setTargets({ [A]: 10_000 });
    expectError(redeem(alice, 1n), errors.ERR_AMOUNT_TOO_SMALL);
  });

  it("wants the pool's own tokens, all of them, in order", () => {
    const wrong = [[], [STX_TOKEN], [A, STX_TOKEN, B], [STX_TOKEN, A, C], [STX_TOKEN, A, B, C], [STX_TOKEN, A, A]];
    for (const list of wrong) expectError(redeem(alice, STX, Cl.list(list.map(p))), errors.ERR_WRONG_TOKENS);
    expectError(call(alice, "whale-pool-vault", "redeem-in-kind", u(1), ours("pool-share-2"), u(1), poolTokens()), errors.ERR_WRONG_SHARE);
    expectError(call(alice, "whale-pool-vault", "redeem-in-kind", u(5), ours("pool-share-2"), u(1), poolTokens()), errors.ERR_NO_POOL);
  });

  it("fails as a whole when a token will not move", () => {
    must(stranger, "token-b", "freeze", Cl.bool(true), Cl.bool(false));
    expectError(redeem(alice, STX), errors.ERR_TOKEN_FAILED);
    expect(sharesOf(alice)).toBe(99n * STX);
  });

  it("charges the management fee on the way out, which needs no price", () => {
    silence(A);
    wait(YEAR);
    const { prints } = redeem(alice, 99n * STX);
    const fee = prints.find(({ topic }) => topic === "fees-collected");
    expect(fee.performance).toBe(0n);
    expect(sharesOf(who.fees)).toBe(fee.management);
    expect(fee.management).toBeGreaterThan(0n);
  });
});

describe("redeem-in-kind-without", () => {
  beforeEach(() => {
    deposit(alice, 100n * STX);
    deposit(bob, 100n * STX);
    invest(200n * STX);
  });
  const ALL = [STX_TOKEN, A, B];

  it("pays everything but what is given up, which a token that will not move then cannot hold up", () => {
    must(stranger, "token-b", "freeze", Cl.bool(true), Cl.bool(true));
    const [stxBefore, aBefore, bBooked] = [stxOf(alice), tokensOf(A, alice), held(B)];
    expectError(redeem(alice, 50n * STX), errors.ERR_TOKEN_FAILED);

    const { result, prints } = redeemWithout(alice, 50n * STX, [B]);

    const [ustx, a, b] = plain(result);
    expect(prints.at(-1)).toEqual({
      topic: "shares-redeemed", "pool-id": 1n, user: alice, shares: 50n * STX, amounts: [ustx, a, 0n], "given-up": [B],
    });
    expect(b).toBe(0n);
    expect(ustx).toBeGreaterThan((30n * STX * 9_999_999n) / 10_000_000n);
    expect([stxOf(alice) - stxBefore, tokensOf(A, alice) - aBefore]).toEqual([ustx, a]);
    expect(sharesOf(alice)).toBe(49n * STX);
    must(stranger, "token-b", "freeze", Cl.bool(false), Cl.bool(false));
    expect(held(B)).toBe(bBooked);
    for (const asset of ALL) expect([held(asset), tokensOf(asset, VAULT)]).toEqual([booked(asset), booked(asset)]);
    expect(read("pool-share-1", "get-total-supply")).toBe(pool()["total-shares"]);
  });

  it("leaves the given part to all who stay, each by their shares, and nothing else changes hands", () => {
    collect();
    const parts = () => ALL.map((asset) => (held(asset) * sharesOf(bob)) / pool()["total-shares"]);
    const before = parts();

    redeemWithout(alice, 50n * STX, [B]);

    const after = parts();
    for (const n of [0, 1]) expect(after[n] - before[n]).toBeLessThanOrEqual(1n);
    expect(after[2]).toBe((held(B) * sharesOf(bob)) / pool()["total-shares"]);
    expect(after[2] * 3n).toBeLessThanOrEqual(before[2] * 4n + 4n); // 200 shares become 150
    const left = plain(redeem(bob, sharesOf(bob)).result);
    left.forEach((amount, n) => expect(amount).toBeLessThanOrEqual(after[n]));
    for (const asset of ALL) expect(tokensOf(asset, VAULT)).toBe(booked(asset));
  });

  it("gives up STX or several assets alike, and with nothing given up is redeem-in-kind", () => {
    expect(plain(redeemWithout(alice, 10n * STX, [STX_TOKEN, A]).result).map((amount) => amount > 0n)).toEqual([false, false, true]);
    expect(plain(redeemWithout(alice, 10n * STX, []).result).map((amount) => amount > 0n)).toEqual([true, true, true]);
  });

  it("burns no share for nothing, and takes no name that is not the pool's and no other list of tokens", () => {
    const before = sharesOf(alice);
    expectError(redeemWithout(alice, STX, ALL), errors.ERR_AMOUNT_TOO_SMALL);
    expectError(redeemWithout(alice, STX, [B, C]), errors.ERR_NOT_POOL_ASSET);
    expectError(redeemWithout(alice, STX, [C, B]), errors.ERR_NOT_POOL_ASSET);
    for (const list of [[STX_TOKEN, A], [A, STX_TOKEN, B], [STX_TOKEN, A, C]]) {
      expectError(redeemWithout(alice, STX, [B], Cl.list(list.map(p))), errors.ERR_WRONG_TOKENS);
    }
    expectError(redeemWithout(alice, 0n, [B]), errors.ERR_ZERO_AMOUNT);
    expectError(redeemWithout(alice, before + 1n, [B]), errors.ERR_NOT_ENOUGH_SHARES);
    expect(sharesOf(alice)).toBe(before);
  });
});

describe("donations", () => {
  it("of STX, tokens or shares change no price and are nobody's", () => {
    deposit(alice, 100n * STX);
    invest(100n * STX);
    const before = [value(), sharePrice(), drift(), pool(), booked(STX_TOKEN), booked(A)];

    must(bob, "stx-token", "transfer", u(50n * STX), p(bob), p(VAULT), Cl.none());
    must(bob, "token-a", "faucet", u(50n * STX), p(VAULT));
    give(alice, VAULT, 5n * STX);

    expect([value(), sharePrice(), drift(), pool(), booked(STX_TOKEN), booked(A)]).toEqual(before);
    expect(stxOf(VAULT)).toBe(booked(STX_TOKEN) + 50n * STX);
  });

  it("before the first deposit buy the donor nothing", () => {
    must(bob, "stx-token", "transfer", u(50n * STX), p(bob), p(VAULT), Cl.none());
    deposit(alice, 10n * STX);
    expect([value(), sharePrice()]).toEqual([10n * STX, PRICE_ONE]);
  });
});

describe("collect-fees", () => {
  beforeEach(() => deposit(alice, 1_000n * STX));

  it("charges half a percent for a year, in shares", () => {
    wait(YEAR - 10n);
    const { result, prints } = collect();

    const minted = plain(result);
    expect(prints).toEqual([{ topic: "fees-collected", "pool-id": 1n, management: minted, performance: 0n }]);
    expect(minted).toBe((1_000n * STX * 5n) / 995n); // worth 5 of 1000 STX once minted
    expect(sharesOf(who.fees)).toBe(minted);
    expect(pool()["fees-at"]).toBe(now() - 10n);
    expect(pool()["total-shares"]).toBe(1_000n * STX + minted);
  });

  it("leaves the clock alone while the fee rounds to nothing, so small pools pay too", async () => {
    await boot();
    deposit(alice, 10n * STX);
    const start = pool()["fees-at"];
    collect(); // 10 s of 10 STX: 0.016 share units
    expect([pool()["fees-at"], sharesOf(who.fees)]).toEqual([start, 0n]);
    for (let n = 0; n < 100; n += 1) collect();
    expect(sharesOf(who.fees)).toBe(1n);
    expect(pool()["fees-at"]).toBeGreaterThan(start);
  });

  it("takes no more than one percent of value, however long nobody called", () => {
    wait(5n * YEAR);
    const minted = plain(collect().result);
    expect(minted * 99n).toBeLessThanOrEqual(1_000n * STX);
    expect(minted).toBe((1_000n * STX) / 99n);
    expect(plain(collect().result)).toBeLessThan(2n);
  });

  it("takes a tenth of the gain above the mark, and nothing for reaching it again", () => {
    leg(STX_TOKEN, A, 100n * STX);
    price(A, (24n * PRICE_ONE) / 10n); // +2 %
    const mark = pool()["high-water-mark"];
    const { prints } = collect();
    const { performance } = prints[0];
    expect(performance * sharePrice()).toBeGreaterThan(2n * STX * PRICE_ONE - 20n * PRICE_ONE);
    expect(performance * sharePrice()).toBeLessThanOrEqual(2n * STX * PRICE_ONE);
    expect(pool()["high-water-mark"]).toBeGreaterThan(mark);
    expect(pool()["high-water-mark"] - sharePrice()).toBeLessThanOrEqual(1n);

    price(A, PRICE_ONE);
    expect(collect().prints[0]?.performance ?? 0n).toBe(0n);
    price(A, (24n * PRICE_ONE) / 10n);
    expect(collect().prints[0]?.performance ?? 0n).toBe(0n);
  });

  it("never takes more than one percent of value for a gain, and forgives the rest", () => {
    leg(STX_TOKEN, A, 500n * STX);
    price(A, 20n * PRICE_ONE); // value times 5.5: a tenth of the gain would be 8 percent
    const before = pool()["total-shares"];
    const minted = plain(collect().result);
    expect(minted).toBeLessThanOrEqual(before / 99n);
    expect(minted).toBeGreaterThanOrEqual(before / 99n - 2n);
    expect(collect().prints[0]?.performance ?? 0n).toBe(0n);
  });

  it("raises no mark while the gain rounds to no share", () => {
    leg(STX_TOKEN, A, 2n);
    price(A, 10n * PRICE_ONE); // 1 unit of A: 2 micro-STX become 10
    const mark = pool()["high-water-mark"];
    collect();
    expect(pool()["high-water-mark"]).toBe(mark);
  });

  it("keeps the management clock when only a performance fee is charged", async () => {
    await boot();
    deposit(alice, 10n * STX);
    leg(STX_TOKEN, A, 5n * STX);
    const start = pool()["fees-at"];
    price(A, 2n * PRICE_ONE + PRICE_ONE / 10n);
    expect(collect().prints[0]).toMatchObject({ management: 0n, performance: 24_449n }); // worth 0.025 of 10.25 STX once minted
    expect(pool()["fees-at"]).toBe(start);
  });

  it("needs a price, a pool and its share; and does nothing in an empty pool", () => {
    leg(STX_TOKEN, A, STX);
    silence(A);
    expectError(collect(), errors.ERR_NO_PRICE);
    expectError(call(stranger, "whale-pool-vault", "collect-fees", u(8), ours("pool-share-1")), errors.ERR_NO_POOL);
    expectError(call(stranger, "whale-pool-vault", "collect-fees", u(1), ours("pool-share-2")), errors.ERR_WRONG_SHARE);
    createPool("pool-share-2");
    wait(YEAR);
    expect(must(stranger, "whale-pool-vault", "collect-fees", u(2), ours("pool-share-2"))).toBe(0n);
  });

  it("does not charge the first depositor for the time before", async () => {
    await boot();
    wait(YEAR);
    deposit(alice, 1_000n * STX);
    expect(plain(collect().result)).toBeLessThan(200n);
  });
});

describe("execute-leg", () => {
  beforeEach(() => deposit(alice, 100n * STX));

  it("swaps inside the pool and books what arrived", () => {
    const { result, prints } = leg(STX_TOKEN, A, 10n * STX, { min: 5n * STX });

    expect(result).toBeOk(u(5n * STX));
    expect(prints.at(-1)).toEqual({
      topic: "leg-executed", "pool-id": 1n, from: STX_TOKEN, to: A, dex: at("fair-adapter"), spent: 10n * STX, received: 5n * STX,
    });
    expect([held(STX_TOKEN), held(A), value()]).toEqual([90n * STX, 5n * STX, 100n * STX]);
    expect(leg(A, B, STX).result).toBeOk(u(400n * STX));
    expect([held(A), held(B)]).toEqual([4n * STX, 400n * STX]);
    for (const asset of [STX_TOKEN, A, B]) expect(tokensOf(asset, VAULT)).toBe(booked(asset));
  });

  it("is for the rebalancer role", () => {
    for (const by of [stranger, alice, who.keeper, who.guardian, who.creator, DEPLOYER]) {
      expectError(leg(STX_TOKEN, A, STX, { by }), errors.ERR_NOT_REBALANCER);
    }
  });

  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [100n * STX + 1n, "ERR_NOT_ENOUGH_HELD"],
    [MAX_UINT, "ERR_NOT_ENOUGH_HELD"],
  ])("of %s of 100 STX is refused", (amount, name) => {
    expectError(leg(STX_TOKEN, A, amount), errors[name]);
  });

  it("stays inside the pool's own assets and holdings", () => {
    must(DEPLOYER, "whale-pool-vault", "register-asset", p(C), u(6));
    expectError(leg(STX_TOKEN, C, STX), errors.ERR_NOT_POOL_ASSET);
    expectError(leg(C, STX_TOKEN, STX), errors.ERR_NOT_POOL_ASSET);
    expectError(leg(STX_TOKEN, STX_TOKEN, STX), errors.ERR_SAME_ASSET);
    createPool("pool-share-2");
    expectError(leg(STX_TOKEN, A, 1n, { pool: 2 }), errors.ERR_NOT_ENOUGH_HELD); // the other pool's STX is not its own
    expectError(leg(STX_TOKEN, A, 1n, { pool: 3 }), errors.ERR_NO_POOL);
  });

  it("goes only through venues that are admitted", () => {
    must(DEPLOYER, "whale-pool-vault", "remove-adapter", ours("fair-adapter"));
    expectError(leg(STX_TOKEN, A, STX), errors.ERR_NOT_ADMITTED);
  });

  it("believes balances, not a venue that claims more than it pays", () => {
    expectError(leg(STX_TOKEN, A, 10n * STX, { dex: "lying-adapter", min: 5n * STX }), errors.ERR_SLIPPAGE);
    expect(leg(STX_TOKEN, A, 10n * STX, { dex: "lying-adapter", min: 1n }).result).toBeOk(u((5n * STX) / 2n));
    expect(held(A)).toBe((5n * STX) / 2n);
  });

  it.each([[STX_TOKEN, A], [A, STX_TOKEN]])("lets a venue take no more than it was offered, %s to %s", (from, to) => {
    leg(STX_TOKEN, A, 50n * STX);
    expectError(leg(from, to, STX, { dex: "stealing-adapter" }), errors.ERR_VENUE_OVERREACHED);
  });

  it("lets a venue take nothing but the asset that is sold", () => {
    expectError(leg(STX_TOKEN, A, STX, { dex: "double-dipping-adapter" }), errors.ERR_VENUE_OVERREACHED);
    leg(STX_TOKEN, A, 50n * STX);
    expectError(leg(A, STX_TOKEN, STX, { dex: "double-dipping-adapter" }), errors.ERR_VENUE_OVERREACHED);
  });

  it("books only what a venue really took", () => {
    expect(leg(STX_TOKEN, A, 10n * STX, { dex: "half-taking-adapter" }).result).toBeOk(u(5n * STX));
    expect([held(STX_TOKEN), stxOf(VAULT)]).toEqual([95n * STX, 95n * STX]);
  });

  it("takes no answer for a payment, and keeps a venue's code to itself", () => {
    expectError(leg(STX_TOKEN, A, STX, { dex: "silent-adapter" }), errors.ERR_SLIPPAGE);
    expectError(leg(STX_TOKEN, A, STX, { dex: "failing-adapter" }), errors.ERR_VENUE_FAILED);
    expect(held(STX_TOKEN)).toBe(100n * STX);
  });

  it("stops while paused, and when a token will not answer", () => {
    pause(1);
    expectError(leg(STX_TOKEN, A, STX), errors.ERR_PAUSED);
    resume(1);
    must(stranger, "token-a", "freeze", Cl.bool(false), Cl.bool(true));
    expectError(leg(STX_TOKEN, A, STX), errors.ERR_TOKEN_FAILED);
  });
});

describe("pay-keeper", () => {
  beforeEach(() => deposit(alice, 10n * STX));

  it("pays out of the pool's idle STX", () => {
    const before = stxOf(who.keeper);
    expect(payKeeper(1_100_000n).prints).toEqual([{ topic: "keeper-paid", "pool-id": 1n, keeper: who.keeper, ustx: 1_100_000n }]);
    expect(stxOf(who.keeper) - before).toBe(1_100_000n);
    expect([held(STX_TOKEN), booked(STX_TOKEN)]).toEqual([8_900_000n, 8_900_000n]);
  });

  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [1_100_001n, "ERR_PAY_TOO_HIGH"],
    [MAX_UINT, "ERR_PAY_TOO_HIGH"],
  ])("refuses %s", (amount, name) => {
    expectError(payKeeper(amount), errors[name]);
  });

  it("is for the rebalancer role, a pool that exists and STX that is there", () => {
    for (const by of [stranger, who.keeper, who.guardian, DEPLOYER]) expectError(payKeeper(1n, by), errors.ERR_NOT_REBALANCER);
    expectError(payKeeper(1n, who.mover, 2), errors.ERR_NO_POOL);
    leg(STX_TOKEN, A, 9n * STX);
    expectError(payKeeper(STX + 1n), errors.ERR_NOT_ENOUGH_IDLE);
  });
});

describe("emergency-pause and emergency-resume", () => {
  it("stop one pool or all, and tell", () => {
    expect(pause(1).prints).toEqual([{ topic: "pool-paused", "pool-id": 1n, by: who.guardian }]);
    expect(pool().paused).toBe(true);
    pause(0);
    resume(1);
    expect(pool().paused).toBe(true); // all are still paused
    expect(resume(0).topics).toEqual(["pool-resumed"]);
    expect(pool().paused).toBe(false);
  });

  it("do not reach other pools", () => {
    createPool("pool-share-2");
    pause(1);
    expect([pool(1).paused, pool(2).paused]).toEqual([true, false]);
  });

  it("are for the emergency role and for pools that exist", () => {
    for (const person of [stranger, alice, who.keeper, DEPLOYER]) {
      expectError(pause(1, person), errors.ERR_NOT_EMERGENCY);
      expectError(resume(0, person), errors.ERR_NOT_EMERGENCY);
    }
    expectError(pause(2), errors.ERR_NO_POOL);
  });
});

describe("governance", () => {
  it("alone registers, admits, sets", () => {
    for (const person of STRANGERS) {
      for (const [fn, ...args] of [
        ["register-asset", p(C), u(6)],
        ["admit-adapter", ours("fair-adapter")],
        ["remove-adapter", ours("fair-adapter")],
        ["set-target-allocation", u(1), targets(LAUNCH)],
        ["set-cap", u(1), u(1)],
        ["set-fee-account", p(person)],
      ]) {
        expectError(call(person, "whale-pool-vault", fn, ...args), errors.ERR_NOT_GOVERNANCE);
      }
    }
  });

  it("registers an asset once and for all", () => {
    const register = (decimals) => call(DEPLOYER, "whale-pool-vault", "register-asset", p(C), u(decimals));
    expectError(register(13n), errors.ERR_BAD_DECIMALS);
    expectError(register(MAX_UINT), errors.ERR_BAD_DECIMALS);
    expect(register(0n).topics).toEqual(["asset-registered"]);
    expect(register(0n).result).toBeOk(Cl.bool(true));
    expectError(register(6n), errors.ERR_BAD_DECIMALS);
    expect(read("whale-pool-vault", "get-decimals", p(STX_TOKEN))).toBe(6n);
    expect(read("whale-pool-vault", "get-decimals", p(VAULT))).toBe(null);
  });

  it("admits contracts by their code", () => {
    const { prints } = call(DEPLOYER, "whale-pool-vault", "admit-adapter", ours("fair-adapter"));
    expect(prints[0].after).toMatch(/^[0-9a-f]{64}$/);
    expect(read("whale-pool-vault", "get-adapter", ours("fair-adapter"))).toBe(prints[0].after);
    expectError(call(DEPLOYER, "whale-pool-vault", "admit-adapter", p(alice)), errors.ERR_NOT_A_CONTRACT);
    expectError(call(DEPLOYER, "whale-pool-vault", "admit-adapter", ours("not-deployed")), errors.ERR_NOT_A_CONTRACT);
  });

  it("sets targets and keeps what is held in the list", () => {
    deposit(alice, 100n * STX);
    invest(100n * STX);
    must(DEPLOYER, "whale-pool-vault", "register-asset", p(C), u(6));
    const { prints } = setTargets({ [C]: 10_000 });

    const rows = () => read("whale-pool-vault", "get-pool-assets", u(1)).map(({ asset, bps }) => [asset, bps]);
    expect(rows()).toEqual([[C, 10_000n], [STX_TOKEN, 0n], [A, 0n], [B, 0n]]);
    expect(prints[0].topic).toBe("target-set");
    leg(B, A, held(B));
    setTargets({ [STX_TOKEN]: 10_000 });
    expect(rows()).toEqual([[STX_TOKEN, 10_000n], [A, 0n]]);
  });

  it("sets only targets that make sense", () => {
    expectError(setTargets({ [C]: 10_000 }), errors.ERR_UNKNOWN_ASSET);
    expectError(setTargets({ [A]: 9_999 }), errors.ERR_BAD_SUM);
    expectError(setTargets(LAUNCH, DEPLOYER, 2), errors.ERR_NO_POOL);
    const twice = Cl.list([A, A].map((asset) => Cl.tuple({ asset: p(asset), bps: u(5_000) })));
    expectError(call(DEPLOYER, "whale-pool-vault", "set-target-allocation", u(1), twice), errors.ERR_DUPLICATE_ASSET);
  });

  it("keeps the list to ten, STX and what is held counted in", () => {
    const ten = Array.from({ length: 10 }, (_, n) => at(`asset-${n}`));
    for (const asset of ten) must(DEPLOYER, "whale-pool-vault", "register-asset", p(asset), u(6));
    const tenth = Object.fromEntries(ten.map((asset) => [asset, 1_000]));
    expectError(setTargets(tenth), errors.ERR_TOO_MANY_ASSETS);
    deposit(alice, 100n * STX);
    leg(STX_TOKEN, A, STX);
    const nine = Object.fromEntries([...ten.slice(0, 8), STX_TOKEN].map((asset, n) => [asset, n < 8 ? 1_000 : 2_000]));
    expect(setTargets(nine).topics).toEqual(["target-set"]);
    const more = Object.fromEntries([...ten.slice(0, 9), STX_TOKEN].map((asset) => [asset, 1_000]));
    expectError(setTargets(more), errors.ERR_TOO_MANY_ASSETS); // A is held
  });

  it("sets caps and the fee account", () => {
    const cap = (id, usd) => call(DEPLOYER, "whale-pool-vault", "set-cap", u(id), u(usd));
    expect(cap(1, 1n).prints).toEqual([{ topic: "cap-set", "pool-id": 1n, before: 25_000n, after: 1n }]);
    expectError(deposit(alice, 10n * STX), errors.ERR_CAP_REACHED);
    expect(cap(1, 10n ** 16n).topics).toEqual(["cap-set"]);
    expect(deposit(alice, 10n * STX).topics).toEqual(["deposit-made"]);
    for (const usd of [0n, 10n ** 16n + 1n, MAX_UINT]) expectError(cap(1, usd), errors.ERR_BAD_CAP);
    expectError(cap(2, 1n), errors.ERR_NO_POOL);
    expect(call(DEPLOYER, "whale-pool-vault", "set-fee-account", p(carol)).prints).toEqual([
      { topic: "fee-account-set", before: who.fees, after: carol },
    ]);
    expect(read("whale-pool-vault", "get-fee-account")).toBe(carol);
  });
});

describe("views", () => {
  it("of a pool that does not exist say so", () => {
    for (const fn of ["get-pool-total-value", "get-share-price", "get-drift", "get-pool-allocation"]) {
      expect(read("whale-pool-vault", fn, u(2))).toEqual({ err: errors.ERR_NO_POOL });
    }
    expect([pool(2), read("whale-pool-vault", "get-queue", u(2)), read("whale-pool-vault", "get-pool-assets", u(2))]).toEqual([null, [], []]);
  });

  it("price every asset of the allocation, and none when one is missing", () => {
    deposit(alice, 100n * STX);
    invest(100n * STX);
    expect(read("whale-pool-vault", "get-pool-allocation", u(1))).toEqual([
      { asset: STX_TOKEN, amount: 60n * STX, price: PRICE_ONE, "value-ustx": 60n * STX },
      { asset: A, amount: 15n * STX, price: 2n * PRICE_ONE, "value-ustx": 30n * STX },
      { asset: B, amount: 2_000n * STX, price: PRICE_ONE / 2n, "value-ustx": 10n * STX },
    ]);
    silence(B);
    for (const fn of ["get-pool-total-value", "get-share-price", "get-drift", "get-pool-allocation"]) {
      expect(read("whale-pool-vault", fn, u(1))).toEqual({ err: errors.ERR_NO_PRICE });
    }
    expect(read("whale-pool-vault", "get-asset-value", p(C), u(1))).toEqual({ err: errors.ERR_UNKNOWN_ASSET });
  });

  it("start a pool at one STX a share, no value and no drift", () => {
    expect([sharePrice(), value(), drift()]).toEqual([PRICE_ONE, 0n, { "drift-bps": 0n, "value-ustx": 0n, "free-ustx": 0n }]);
  });

  it("measure drift as half of all gaps, with queued withdrawals taken off the STX", () => {
    deposit(alice, 100n * STX);
    expect(drift()).toEqual({ "drift-bps": 4_000n, "value-ustx": 100n * STX, "free-ustx": 100n * STX });
    invest(100n * STX);
    expect(drift()["drift-bps"]).toBe(0n);
    leg(STX_TOKEN, A, 60n * STX); // no STX left: 0 / 90 / 10
    expect(drift()["drift-bps"]).toBe(6_000n);

    silence(STX_TOKEN);
    pause(1);
    withdraw(alice, 20n * STX); // owed 20, free 80: STX -20 against 48, A 90 against 24, B 10 against 8
    const gaps = [68n, 66n, 2n].reduce((sum, gap) => sum + gap * STX, 0n);
    expect(drift()).toEqual({ "drift-bps": (gaps * 10_000n) / (160n * STX), "value-ustx": 100n * STX, "free-ustx": 80n * STX });
  });

  it("value with the pool's decimals, down and up", () => {
    price(B, 3n);
    expect(read("whale-pool-vault", "get-asset-value", p(B), u(10n ** 14n + 1n))).toEqual({ price: 3n, down: 3n, up: 4n });
    expect(read("whale-pool-vault", "get-asset-value", p(B), u(0))).toEqual({ price: 3n, down: 0n, up: 0n });
  });
});

describe("pools", () => {
  it("do not see each other", () => {
    createPool("pool-share-2");
    deposit(alice, 100n * STX);
    const before = [pool(1), value(), sharePrice(), drift(), held(STX_TOKEN)];
    must(bob, "whale-pool-vault", "deposit", u(2), ours("pool-share-2"), u(50n * STX), u(0));
    leg(STX_TOKEN, A, 10n * STX, { pool: 2 });
    must(who.mover, "whale-pool-vault", "pay-keeper", u(2), p(who.keeper), u(1_000));

    expect([pool(1), value(), sharePrice(), drift(), held(STX_TOKEN)]).toEqual(before);
    expect(booked(STX_TOKEN)).toBe(held(STX_TOKEN, 1) + held(STX_TOKEN, 2));
    expect(stxOf(VAULT)).toBe(booked(STX_TOKEN));
  });
});
