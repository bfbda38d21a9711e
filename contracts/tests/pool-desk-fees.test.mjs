import { beforeEach, describe, expect, it } from "vitest";

import {
  A, at, boot, call, collect, createPool, DAY, deposit, doorErrors, expectError, leg, must, now, ours, plain, pool,
  price, PRICE_ONE, read, sharePrice, sharesOf, silence, STX, STX_TOKEN, u, value, wait, who, YEAR,
} from "./kit.mjs";

const errors = doorErrors();
const { alice, stranger } = who;

beforeEach(() => boot());

describe("collect-fees", () => {
  beforeEach(() => deposit(alice, 1_000n * STX));

  it("charges half a percent for a year, in shares", () => {
    wait(YEAR - 10n);
    const { result, prints } = collect();

    const minted = plain(result);
    const insured = minted / 20n;
    expect(prints).toEqual([{ topic: "fees-collected", "pool-id": 1n, management: minted, performance: 0n, insured }]);
    expect(minted).toBe((1_000n * STX * 5n) / 995n); // worth 5 of 1000 STX once minted
    expect([sharesOf(who.fees), sharesOf(at("insurance-fund"))]).toEqual([minted - insured, insured]);
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

describe("the year's budget", () => {
  /** The fees of one collection, as a part of the shares there are then, in 15 decimals and rounded up. */
  const charged = () => {
    const minted = plain(collect().result);
    return minted === 0n ? 0n : (minted * 10n ** 15n) / pool()["total-shares"];
  };
  const MONTH = YEAR / 12n;
  const budget = () => read("pool-terms", "get-budget", u(1));
  const ONE_PERCENT = 10n ** 13n;

  beforeEach(() => {
    deposit(alice, 1_000n * STX);
    leg(STX_TOKEN, A, 500n * STX);
  });

  it("lets no rising price charge more than one percent in any 365 days, and then charges again", () => {
    const log = [];
    for (let month = 1n; month <= 26n; month += 1n) {
      wait(MONTH - (MONTH % 10n));
      price(A, 2n * PRICE_ONE + (month * PRICE_ONE) / 5n);
      log.push([now(), charged()]);
    }
    for (const [from] of log) {
      const year = log.filter(([second]) => second >= from && second < from + YEAR);
      expect(year.reduce((sum, [, parts]) => sum + parts, 0n)).toBeLessThanOrEqual(ONE_PERCENT);
    }
    expect(log.filter(([, parts]) => parts > 0n).length).toBeGreaterThan(2);
    expect(log.reduce((sum, [, parts]) => sum + parts, 0n)).toBeGreaterThan((ONE_PERCENT * 19n) / 10n);
  });

  it("forgives what is beyond it: the clock and the mark move on, and nothing is made", () => {
    price(A, 20n * PRICE_ONE);
    collect();
    expect(budget()).toBe(0n);
    price(A, 25n * PRICE_ONE);
    wait(30n * DAY);
    const [mark, supply] = [pool()["high-water-mark"], pool()["total-shares"]];
    expect(collect().topics).toEqual([]);
    expect(pool()["high-water-mark"]).toBeGreaterThan(mark);
    expect([pool()["total-shares"], pool()["fees-at"]]).toEqual([supply, now() - 10n]);
  });

  it("is free again after thirteen months, not before twelve", () => {
    price(A, 20n * PRICE_ONE);
    collect();
    wait(YEAR - 100n * DAY);
    expect([budget(), collect().topics]).toEqual([0n, []]);
    wait(99n * DAY);
    expect(budget()).toBe(0n);
    wait(MONTH + DAY - ((MONTH + DAY) % 10n));
    expect(budget()).toBe(ONE_PERCENT);
    expect(collect().topics).toEqual(["fees-collected"]);
  });

  it("is not used up by collections that round to nothing", () => {
    for (let n = 0; n < 20; n += 1) collect();
    const used = ONE_PERCENT - budget();
    expect(used).toBeLessThanOrEqual((((now() - pool()["created-at"]) * 50n * 10n ** 15n) / (10_000n * YEAR)));
  });

  it("never lowers the mark, even when the management fee outweighs the gain", () => {
    wait(YEAR - 10n);
    price(A, 2n * PRICE_ONE + PRICE_ONE / 10_000n);
    const mark = pool()["high-water-mark"];
    const { management, performance } = collect().prints[0];
    expect([management > 0n, performance > 0n]).toEqual([true, true]);
    expect(sharePrice()).toBeLessThan(mark);
    expect(pool()["high-water-mark"]).toBe(mark);
  });
});

describe("the insurance part", () => {
  it("is a twentieth of the management fee and nothing of the performance fee", () => {
    deposit(alice, 1_000n * STX);
    leg(STX_TOKEN, A, 100n * STX);
    wait(YEAR / 2n - 10n - ((YEAR / 2n) % 10n));
    price(A, (22n * PRICE_ONE) / 10n);
    const { management, performance, insured } = collect().prints[0];
    expect(insured).toBe(management / 20n);
    expect([sharesOf(at("insurance-fund")), sharesOf(who.fees)]).toEqual([insured, management + performance - insured]);
  });
});
