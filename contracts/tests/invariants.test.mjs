// What must hold after every step, whatever the steps are; then the same vault with the real oracle.

import { Cl } from "@stacks/transactions";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, B, DAY, DEPLOYER, PRICE_ONE, STX, STX_TOKEN, VAULT, boot, booked, call, cancel, collect, createPool, deposit, drift,
  held, leg, must, ours, p, plain, pool, poolTokens, price, processFor, queue, read, redeem, redeemWithout, sharesOf, silence, stxOf,
  tokensOf, u, value, wait, withdraw, who,
} from "./kit.mjs";

const PEOPLE = [who.alice, who.bob, who.carol];
const ASSETS = [STX_TOKEN, A, B];
const DEAD = STX;
const share = (person, parts) => (sharesOf(person) * BigInt(parts)) / 100n;

/** What the steps may do. Each returns the topics of what happened; refusals are part of the game. */
const ACTS = {
  deposit: ({ person, n }) => deposit(person, BigInt(n) * 50_007n + 1n),
  withdraw: ({ person, n }) => withdraw(person, share(person, n % 101)),
  withdrawAll: ({ person }) => withdraw(person, sharesOf(person)),
  cancel: ({ person }) => cancel(person),
  process: ({ person }) => processFor(person),
  redeem: ({ person, n }) => redeem(person, share(person, n % 101)),
  redeemWithout: ({ person, asset, n }) => redeemWithout(person, share(person, n % 101), [asset]),
  collect: () => collect(),
  buy: ({ n, asset }) => leg(STX_TOKEN, asset, (held(STX_TOKEN) * BigInt(n % 101)) / 100n),
  sell: ({ n, asset }) => leg(asset, STX_TOKEN, (held(asset) * BigInt(n % 101)) / 100n),
  reprice: ({ n, asset }) => call(DEPLOYER, "pool-oracle", "dictate", p(asset), u(BigInt(n) * 1_234_567_891n + 1n)),
  wait: ({ n }) => (wait(BigInt(n) * 600n), { topics: [] }),
};

const step = fc.record({
  act: fc.constantFrom(...Object.keys(ACTS)),
  person: fc.constantFrom(...PEOPLE),
  asset: fc.constantFrom(A, B),
  n: fc.integer({ min: 0, max: 2_000 }),
});

const LEAVING = ["deposit", "withdraw", "withdrawAll", "cancel", "process"];

function checkBooks(other) {
  const { "total-shares": total, "pending-shares": pending } = pool();
  expect(read("pool-share-1", "get-total-supply")).toBe(total);
  expect(PEOPLE.reduce((sum, person) => sum + sharesOf(person), sharesOf(VAULT) + sharesOf(who.fees))).toBe(total);
  expect(sharesOf(VAULT)).toBe(DEAD + pending);
  expect(queue().reduce((sum, { shares }) => sum + shares, 0n)).toBe(pending);
  for (const asset of ASSETS) {
    expect(booked(asset)).toBe(held(asset, 1) + held(asset, 2));
    expect(tokensOf(asset, VAULT)).toBe(booked(asset));
  }
  const worth = value();
  const each = read("whale-pool-vault", "get-share-price", u(1));
  expect(total * each).toBeLessThanOrEqual(worth * PRICE_ONE);
  expect(worth * PRICE_ONE - total * each).toBeLessThan(total);
  expect(drift()["free-ustx"]).toBeLessThanOrEqual(worth);
  expect([pool(2), held(STX_TOKEN, 2)]).toEqual(other);
  return { worth, total };
}

describe("after any steps", () => {
  it("shares times price is value, books are balances, pools are apart, rounding is the pool's, and everybody can leave", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 22 }), async (steps) => {
        await boot();
        createPool("pool-share-2");
        must(who.bob, "whale-pool-vault", "deposit", u(2), ours("pool-share-2"), u(77n * STX), u(0));
        deposit(who.alice, 1_000n * STX);
        deposit(who.bob, 300n * STX);
        leg(STX_TOKEN, A, 400n * STX);
        const other = [pool(2), held(STX_TOKEN, 2)];
        let before = checkBooks(other);
        for (const { act, ...what } of steps) {
          const { topics } = ACTS[act](what);
          const after = checkBooks(other);
          // Who comes or goes leaves the others no poorer; only a fee or the market does that.
          if (LEAVING.includes(act) && !topics.includes("fees-collected")) {
            expect(after.worth * before.total).toBeGreaterThanOrEqual(before.worth * after.total);
          }
          before = after;
        }
        must(who.guardian, "whale-pool-vault", "emergency-pause", u(0));
        for (const asset of ASSETS) silence(asset);
        for (const person of PEOPLE) {
          cancel(person);
          if (sharesOf(person) > 1_000_000n) expect(redeem(person, sharesOf(person)).topics).toContain("shares-redeemed");
        }
        for (const asset of ASSETS) expect(tokensOf(asset, VAULT)).toBe(booked(asset));
      }),
      { numRuns: 8, seed: 20_261_121 },
    );
  });

  it("nobody gains by coming and going at an unchanged price, in any split", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ in: fc.integer({ min: 1, max: 40_000_000 }), parts: fc.integer({ min: 1, max: 4 }), kind: fc.boolean() }), {
          minLength: 3,
          maxLength: 5,
        }),
        fc.integer({ min: 1, max: 5_000 }),
        async (rounds, odd) => {
          await boot();
          deposit(who.alice, 1_000n * STX);
          leg(STX_TOKEN, A, 333n * STX);
          price(A, 2n * PRICE_ONE + BigInt(odd) * 97_003n);
          const prices = { [STX_TOKEN]: PRICE_ONE, [A]: 2n * PRICE_ONE + BigInt(odd) * 97_003n };
          const wealth = () => (tokensOf(A, who.bob) * prices[A]) / PRICE_ONE + stxOf(who.bob);
          const start = wealth();
          for (const { in: amount, parts, kind } of rounds) {
            deposit(who.bob, BigInt(amount));
            const piece = sharesOf(who.bob) / BigInt(parts);
            for (let n = 0; n < parts; n += 1) {
              const out = n === parts - 1 ? sharesOf(who.bob) : piece;
              if (kind) redeem(who.bob, out);
              else withdraw(who.bob, out);
            }
            expect(wealth()).toBeLessThanOrEqual(start);
          }
          checkSupply();
        },
      ),
      { numRuns: 10, seed: 20_261_121 },
    );
  });
  const checkSupply = () => expect(read("pool-share-1", "get-total-supply")).toBe(pool()["total-shares"]);
});

describe("with the real oracle", () => {
  const post = (prices, by = who.keeper) =>
    call(by, "pool-oracle", "post-prices", Cl.list(prices.map(([asset, e12]) =>
      Cl.tuple({ asset: p(asset), price: u(e12), at: u(simnet.getBlockTime()) }))));
  const bounds = Cl.tuple({ "min-sources": u(1), "max-age-secs": u(3_600), "max-spread-bps": u(1_000), "max-jump-bps": u(1_000) });

  beforeEach(async () => {
    await boot({ realOracle: true });
    for (const asset of ASSETS) must(DEPLOYER, "pool-oracle", "set-asset", p(asset), bounds);
    must(DEPLOYER, "pool-access", "grant-role", p(who.keeper), Cl.stringAscii("reporter"));
    expect(plain(post([[STX_TOKEN, (3n * PRICE_ONE) / 10n], [A, 2n * PRICE_ONE], [B, PRICE_ONE / 2n]]).result)).toEqual({
      posted: 3n, tripped: 0n,
    });
  });

  it("people come in, swaps are valued, people leave", () => {
    expect(deposit(who.alice, 100n * STX).topics).toEqual(["deposit-made"]);
    leg(STX_TOKEN, A, 30n * STX);
    leg(STX_TOKEN, B, 10n * STX);
    expect([value(), drift()["drift-bps"]]).toEqual([100n * STX, 0n]);
    expect(withdraw(who.alice, 10n * STX).topics).toContain("withdrawal-paid");
  });

  it("stale prices stop deposits and queue withdrawals, and never stop redeeming in kind", () => {
    deposit(who.alice, 100n * STX);
    leg(STX_TOKEN, A, 30n * STX);
    wait(2n * DAY);
    expect(deposit(who.bob, 10n * STX).result.type).toBe("err");
    expect(withdraw(who.alice, 10n * STX).topics).toEqual(["withdrawal-queued"]);
    expect(redeem(who.alice, 50n * STX, poolTokens()).topics).toContain("shares-redeemed");
  });

  it("a tripped breaker stops deposits and rebalances' valuation until it is reset", () => {
    deposit(who.alice, 100n * STX);
    leg(STX_TOKEN, A, 30n * STX);
    expect(plain(post([[A, 3n * PRICE_ONE]]).result).tripped).toBe(1n);
    expect(deposit(who.bob, 10n * STX).result.type).toBe("err");
    expect(read("whale-pool-vault", "get-drift", u(1))).toHaveProperty("err");
    expect(redeem(who.alice, 50n * STX, poolTokens()).topics).toContain("shares-redeemed");
  });
});
