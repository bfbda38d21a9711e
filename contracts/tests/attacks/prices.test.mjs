// Attacks on the moment of a price: come in at the old one and leave at the new one.

import { beforeEach, describe, expect, it } from "vitest";

import {
  A, B, DAY, PRICE_ONE, STX, STX_TOKEN, boot, deposit, errorsOf, expectError, leg, price, redeem, sharesOf, silence, stxOf, tokensOf, value,
  wait, who, withdraw,
} from "../kit.mjs";

const errors = Object.assign({}, ...["whale-pool-vault", "pool-desk", "pool-office"].map(errorsOf));
const { alice, stranger: attacker } = who;
const OLD = 2n * PRICE_ONE;

/** A pool of 10,000 STX, 90 percent of it in A; the attacker comes with as much. */
async function riskyPool() {
  await boot();
  deposit(alice, 10_000n * STX);
  leg(STX_TOKEN, A, 9_000n * STX);
  wait(DAY);
}

const wealth = (person, a) => stxOf(person) + (tokensOf(A, person) * a) / PRICE_ONE;

/** Comes in at the old price, and leaves at one that is `bps` higher. Returns the gain in STX and in kind, in micro-STX. */
async function sandwich(bps) {
  const gains = {};
  for (const way of ["stx", "kind"]) {
    await riskyPool();
    const next = (OLD * BigInt(10_000 + bps)) / 10_000n;
    const before = wealth(attacker, next);
    deposit(attacker, 10_000n * STX);
    wait(100n);
    price(A, next);
    const shares = sharesOf(attacker);
    if (way === "stx") withdraw(attacker, shares);
    else redeem(attacker, shares);
    // What waits in the queue is worth what it would be paid; it is paid another day, at that day's price.
    const waiting = sharesOf(attacker) === 0n && way === "stx" && stxOf(attacker) + 1n < before - 9_000n * STX;
    gains[way] = waiting ? "queued" : wealth(attacker, next) - before;
  }
  return gains;
}

beforeEach(riskyPool);

describe("sandwich: a deposit just before a price that is known to come, and out again after it", () => {
  // What 10,000 STX that come into a pool of 10,000, nine tenths of it in the asset, take out of it again, in STX.
  it.each([
    [0, -15], [10, -10], [30, -1], [100, 29], [500, 209], [1_000, 434],
  ])("of %i basis points brings %d STX in kind, and no more in STX", async (bps, most) => {
    const { stx, kind } = await sandwich(bps);
    expect(Number(kind / STX)).toBe(most);
    expect(stx === "queued" || stx <= kind).toBe(true);
    // Half of the pool's gain on its nine tenths, less the half of the premium that the others keep.
    expect(kind).toBeLessThanOrEqual((10_000n * STX * 9n * BigInt(bps)) / 10n / 10_000n / 2n);
  });

  it("cannot be made in one block, or two within a hundred seconds", () => {
    deposit(attacker, 1_000n * STX);
    expectError(withdraw(attacker, 100n * STX), errors.ERR_TOO_SOON);
    expectError(deposit(attacker, 1_000n * STX), errors.ERR_TOO_SOON);
    wait(100n);
    expect(withdraw(attacker, 100n * STX).result.type).toBe("ok");
  });

  it("takes no more than a quarter of the pool out in STX on one day", () => {
    deposit(attacker, 20_000n * STX);
    const worth = value();
    wait(100n);
    const before = stxOf(attacker);
    withdraw(attacker, sharesOf(attacker));
    expect(stxOf(attacker) - before).toBeLessThanOrEqual(worth / 4n);
  });
});

describe("stale oracle: trade with the pool at a price that nobody stands behind", () => {
  it("buys nothing, is paid nothing, swaps nothing", () => {
    silence(A);
    expectError(deposit(attacker, 1_000n * STX), errors.ERR_NO_PRICE);
    const before = stxOf(alice);
    expect(withdraw(alice, 100n * STX).topics).toContain("withdrawal-queued");
    expect(stxOf(alice)).toBe(before);
    expectError(leg(STX_TOKEN, A, STX), errors.ERR_NO_PRICE);
  });

  it("does not keep anybody in", () => {
    silence(A);
    silence(B);
    silence(STX_TOKEN);
    expect(redeem(alice, sharesOf(alice)).topics).toContain("shares-redeemed");
  });
});
