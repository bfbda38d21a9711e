import { Cl, getAddressFromPrivateKey } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, at, B, booked, boot, call, cancel, collect, createPool, DAY, DEPLOYER, deposit, doorErrors, expectError, held,
  invest, leg, MAX_UINT, must, now, ours, p, plain, pool, price, PRICE_ONE, processFor, queue, read, redeem, rest,
  sharePrice, sharesOf, silence, STX, STX_TOKEN, stxOf, u, value, VAULT, wait, who, withdraw,
} from "./kit.mjs";

const errors = doorErrors();
const { alice, bob, stranger } = who;
const pause = (id, by = who.guardian) => call(by, "whale-pool-vault", "emergency-pause", u(id));
const resume = (id, by = who.guardian) => call(by, "whale-pool-vault", "emergency-resume", u(id));

beforeEach(() => boot());

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
    expectError(deposit(bob, 3n), errors.ERR_CAP_REACHED);
    expectError(deposit(bob, 1n), errors.ERR_AMOUNT_TOO_SMALL); // under the cap, but no share is that cheap
  });

  it("prices later shares at the value of everything held", () => {
    deposit(alice, 1_000n * STX);
    invest(1_000n * STX);
    price(A, 4n * PRICE_ONE); // 300 STX of A are worth 600 now
    expect(sharePrice()).toBe((13n * PRICE_ONE) / 10n);

    const { result } = deposit(bob, 130n * STX);

    // 1 % of the value, which is all that a year allows, went to the fee account just before; the premium is 0.3 %.
    const { shares } = plain(result);
    expect(shares).toBeGreaterThan((100n * STX * 997n) / 990n - 2n);
    expect(shares).toBeLessThanOrEqual((100n * STX * 997n) / 990n);
    expect(sharesOf(bob)).toBe(shares);
  });

  it("sells shares against the value rounded up", () => {
    deposit(alice, 10n * STX);
    leg(STX_TOKEN, A, 8n * STX);
    leg(STX_TOKEN, B, STX);
    price(A, 1n); // 4 A are worth 0.000004 micro-STX now, and 2 B with them as little
    price(B, 1n);
    expect(value()).toBe(STX);
    const before = pool()["total-shares"];
    const { shares } = plain(deposit(bob, 2n * STX).result);
    const minted = pool()["total-shares"] - before - shares;
    expect(shares).toBe(((2n * STX * 997n) / 1_000n) * (before + minted) / (STX + 2n));
    expect(shares).toBeLessThan(20n * STX);
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
    rest();
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
    leg(STX_TOKEN, A, 1_000n * STX);
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
    [100n * STX + 1n, "ERR_NOT_ENOUGH_SHARES"],
    [101n * STX, "ERR_NOT_ENOUGH_SHARES"],
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
    rest();
    leg(A, STX_TOKEN, 1n);
    expect(held(STX_TOKEN)).toBeLessThanOrEqual(worth + 1n);
    expect(plain(withdraw(alice, 49n * STX).result)["queued-shares"]).toBe(0n);
  });

  it("is always queued, unpriced, while paused or without a price", () => {
    leg(STX_TOKEN, A, 10n * STX);
    silence(A);
    expectError(withdraw(alice, STX, 1n), errors.ERR_MIN_OUT_UNPRICED);
    expect(plain(withdraw(alice, STX).result)).toEqual({ "paid-ustx": 0n, "queued-shares": STX });
    rest();
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
    for (const amount of [70n, 1_001n, 999_999n, 12_345_678n]) {
      const before = stxOf(bob);
      const { shares } = plain(deposit(bob, amount).result);
      rest();
      expect(withdraw(bob, shares).topics.at(-1)).toBe("withdrawal-paid");
      rest();
      expect(stxOf(bob)).toBeLessThanOrEqual(before);
    }
  });
});

describe("the entry premium", () => {
  it("is not asked of the first, and stays with those who own the pool already", () => {
    deposit(alice, 100n * STX);
    expect([sharesOf(alice), value()]).toEqual([99n * STX, 100n * STX]);
    const before = sharePrice();

    const { shares } = plain(deposit(bob, 100n * STX).result);

    expect(shares).toBe((997n * STX) / 10n);
    expect(value()).toBe(200n * STX);
    expect(sharePrice()).toBe((200n * STX * PRICE_ONE) / (100n * STX + shares));
    expect(sharePrice()).toBeGreaterThan(before);
  });

  it("costs whoever comes and goes at once three thousandths, less what they own of them", () => {
    deposit(alice, 1_000n * STX);
    const before = stxOf(bob);
    const { shares } = plain(deposit(bob, 100n * STX).result);
    rest();
    withdraw(bob, shares);
    const lost = before - stxOf(bob);
    expect(lost).toBeGreaterThan(270_000n); // 0.3 of which bob's shares carry a tenth, and seconds of management fee
    expect(lost).toBeLessThan(300_000n);
  });
});

describe("the pause between two calls of one person", () => {
  beforeEach(() => {
    deposit(alice, 100n * STX);
    deposit(bob, 100n * STX);
  });

  it("is a hundred seconds, to the second, in either order", () => {
    rest();
    deposit(alice, 10n * STX);
    for (let n = 1; n <= 9; n += 1) expectError(n % 2 ? deposit(alice, 10n * STX) : withdraw(alice, STX), errors.ERR_TOO_SOON);
    expect(withdraw(alice, STX).topics.at(-1)).toBe("withdrawal-paid");
    expectError(deposit(alice, STX), errors.ERR_TOO_SOON);
  });

  it("is each person's own, in each pool, and a refused call is none", () => {
    createPool("pool-share-2");
    rest();
    expectError(withdraw(alice, 99n * STX, 10n ** 16n), errors.ERR_BELOW_MIN_OUT);
    expect(deposit(alice, STX).topics).toContain("deposit-made");
    expect(deposit(bob, STX).topics).toContain("deposit-made");
    expect(must(alice, "whale-pool-vault", "deposit", u(2), ours("pool-share-2"), u(10n * STX), u(0)).shares).toBe(9n * STX);
  });

  it("holds up nobody who cancels, is paid from the queue or leaves in kind", () => {
    leg(STX_TOKEN, A, 195n * STX);
    rest();
    expect(withdraw(alice, 20n * STX).topics.at(-1)).toBe("withdrawal-queued");
    expect(cancel(alice).result).toBeOk(u(20n * STX));
    expect(withdraw(bob, 20n * STX).topics.at(-1)).toBe("withdrawal-queued");
    expect(redeem(bob, STX).topics.at(-1)).toBe("shares-redeemed");
    leg(A, STX_TOKEN, 60n * STX);
    expect(processFor(bob).topics.at(-1)).toBe("withdrawal-paid");
  });
});

describe("the desk", () => {
  it("answers the vault alone", () => {
    const share = ours("pool-share-1");
    for (const [fn, ...args] of [
      ["deposit", u(1), share, p(stranger), u(STX), u(0)],
      ["withdraw", u(1), share, p(stranger), u(STX), u(0)],
      ["cancel", u(1), share, p(stranger)],
      ["evict", u(1), share, p(stranger)],
      ["settle", u(1), share, Cl.none()],
      ["redeem", u(1), share, p(stranger), u(1), Cl.list([]), Cl.list([])],
      ["collect", u(1), share],
      ["apply-fees", u(1), share],
    ]) {
      for (const person of [stranger, DEPLOYER, who.mover, who.keeper]) {
        expectError(call(person, "pool-desk", fn, ...args), errors.ERR_NOT_VAULT);
      }
    }
  });
});
