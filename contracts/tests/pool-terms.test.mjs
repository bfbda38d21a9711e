import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  at, bootState, call, DAY, errorsOf, expectError, MAX_UINT, now, p, plain, PRICE_ONE, read, rest, STX, u, wait,
  warpTo, who, YEAR,
} from "./kit.mjs";

const errors = errorsOf("pool-terms");
const { alice, bob, stranger } = who;
const PARTS = 10n ** 15n;
const BUDGET = PARTS / 100n;
const MONTH = YEAR / 12n;
const MOST_SHARES = 10n ** 20n;
const MOST_USTX = 10n ** 16n;
const write = (fn, ...args) => call(stranger, "pool-desk", fn, u(1), ...args);
const value = (ustx) => (ustx === null ? Cl.none() : Cl.some(u(ustx)));
const charge = (total, ustx) => write("charge", u(total), value(ustx));
const preview = (total, ustx, id = 1) => read("pool-terms", "preview-charge", u(id), u(total), value(ustx));
const terms = () => read("pool-terms", "get-terms", u(1));
const budget = () => read("pool-terms", "get-budget", u(1));
const days = (n) => wait(BigInt(n) * DAY);

beforeEach(async () => {
  await bootState();
  expect(write("open-terms", u(25_000)).result.type).toBe("ok");
});

describe("who writes", () => {
  it("is pool-desk and pool-office, nobody else", () => {
    write("announce-rates", u(1), u(1));
    days(4);
    for (const [fn, ...args] of [
      ["open-pool", u(1), u(1)],
      ["announce-cap", u(1), u(1)],
      ["announce-rates", u(1), u(1), u(1)],
      ["apply-rates", u(1)],
      ["charge", u(1), u(STX), Cl.none()],
      ["set-accounts", p(alice), p(bob)],
    ]) {
      expectError(call(stranger, "pool-terms", fn, ...args), errors.ERR_NOT_WRITER);
    }
  });

  it("names the accounts, which are the treasury and the insurance fund at first", () => {
    const accounts = () => read("pool-terms", "get-accounts");
    expect(accounts()).toEqual({ "fee-account": at("fee-treasury"), "insurance-account": at("insurance-fund") });
    call(stranger, "pool-desk", "set-accounts", p(alice), p(bob));
    expect(accounts()).toEqual({ "fee-account": alice, "insurance-account": bob });
    days(1);
    expect(plain(charge(10n ** 12n, null).result)).toMatchObject({ "fee-account": alice, "insurance-account": bob });
  });
});

describe("announcements", () => {
  it("of a cap count three days later by themselves, the last one alone", () => {
    expect(plain(write("announce-cap", u(5)).result)).toEqual({ before: 25_000n, at: now() - 10n + 3n * DAY });
    const { at: when } = plain(write("announce-cap", u(6)).result);
    warpTo(when - 10n);
    expect(terms()["cap-usd"]).toBe(25_000n);
    wait(20n);
    expect([terms()["cap-usd"], read("pool-terms", "get-next-cap", u(1))]).toEqual([6n, null]);
    expect(plain(write("announce-cap", u(7)).result).before).toBe(6n);
  });

  it("of rates count when they are applied, three days later or more", () => {
    expectError(write("apply-rates"), errors.ERR_NOTHING_ANNOUNCED);
    const { at: when, before } = plain(write("announce-rates", u(7), u(8)).result);
    expect(before).toEqual({ "management-bps": 50n, "performance-bps": 1_000n });
    warpTo(when - 10n);
    expectError(write("apply-rates"), errors.ERR_TOO_EARLY);
    expect(plain(write("apply-rates").result)).toEqual({ before, after: { "management-bps": 7n, "performance-bps": 8n } });
    expect(terms()).toMatchObject({ "management-bps": 7n, "performance-bps": 8n });
    expect(read("pool-terms", "get-rates", u(1)).next).toBe(null);
  });

  it("and charges are for pools that exist", () => {
    for (const [fn, ...args] of [
      ["announce-cap", u(1)],
      ["announce-rates", u(1), u(1)],
      ["apply-rates"],
      ["charge", u(1), Cl.none()],
    ]) {
      expectError(call(stranger, "pool-desk", fn, u(2), ...args), errors.ERR_NO_POOL);
    }
    expect([preview(1n, null, 2), read("pool-terms", "get-cap", u(2))]).toEqual([{ err: errors.ERR_NO_POOL }, null]);
  });
});

describe("charge", () => {
  const TOTAL = 1_000n * STX;
  const settled = () => {
    charge(0n, null); // the clock begins where there are shares
    return terms()["fees-at"];
  };

  it("runs the management clock by the second, and stops it while nothing can be made", () => {
    const start = settled();
    for (let n = 1; n <= 20; n += 1) {
      const { management } = plain(charge(100n * STX, null).result); // 0.16 units in ten seconds
      if (n <= 5) expect(management).toBe(0n);
    }
    expect(terms()["fees-at"]).toBeGreaterThan(start);
    const before = terms()["fees-at"];
    charge(1n, null);
    expect(terms()["fees-at"]).toBe(before);
  });

  it("makes shares that are worth the fee once made, the twentieth part for the insurance", () => {
    const start = settled();
    warpTo(start + YEAR);
    const parts = PARTS / 200n;
    const management = (TOTAL * parts) / (PARTS - parts);
    expect(plain(charge(TOTAL, null).result)).toMatchObject({
      management, performance: 0n, insured: management / 20n, parts, "fees-at": start + YEAR,
    });
    expect(budget()).toBe(BUDGET - parts);
  });

  it("takes a tenth of what is above the mark, and raises it, rounded up", () => {
    settled();
    const fees = plain(charge(TOTAL, TOTAL + 10n * STX).result);
    const parts = (10n * STX * 1_000n * (PARTS / 10_000n)) / (TOTAL + 10n * STX);
    expect(fees.parts - parts).toBeLessThan(10_000_000n); // ten seconds of management fee
    const total = TOTAL + fees.management + fees.performance;
    expect(fees.performance).toBeGreaterThan((TOTAL * parts) / PARTS - 1n);
    expect(terms()["high-water-mark"]).toBe(((TOTAL + 10n * STX) * PRICE_ONE + total - 1n) / total);
    expect(plain(charge(total, TOTAL + 10n * STX).result).performance).toBe(0n);
  });

  it("lets the clock and the mark go on at a rate of zero, so that a later rate finds nothing to catch up on", () => {
    settled();
    write("announce-rates", u(0), u(0));
    days(4);
    write("apply-rates");
    expect(plain(charge(TOTAL, 2n * TOTAL).result)).toMatchObject({ management: 0n, performance: 0n, parts: 0n });
    expect(terms()).toMatchObject({ "fees-at": now() - 10n, "high-water-mark": 2n * PRICE_ONE });
  });

  it.each([
    [0n, 0n],
    [1n, 1n],
    [MOST_SHARES, MOST_USTX],
    [0n, MOST_USTX],
    [1n, MOST_USTX],
  ])("of %s shares worth %s is possible", (total, ustx) => {
    days(400);
    const fees = plain(charge(total, ustx).result);
    expect(fees.management + fees.performance).toBeLessThanOrEqual(total / 99n);
    expect(plain(charge(total, ustx).result).parts).toBeLessThan(2_000_000n); // ten seconds at most: the rest is charged or forgiven
  });

  it.each([
    [MOST_SHARES + 1n, 0n],
    [0n, MOST_USTX + 1n],
    [MAX_UINT, null],
    [1n, MAX_UINT],
    [MAX_UINT, MAX_UINT],
  ])("of %s shares worth %s is beyond the arithmetic", (total, ustx) => {
    expectError(charge(total, ustx), errors.ERR_TOO_LARGE);
    expect(preview(total, ustx)).toEqual({ err: errors.ERR_TOO_LARGE });
  });

  it("sees no gain below a mark too high to be multiplied", () => {
    charge(1n, MOST_USTX); // the mark is ten thousand million STX per share unit now
    expect(terms()["high-water-mark"]).toBe(MOST_USTX * PRICE_ONE);
    expect(preview(MOST_SHARES, MOST_USTX).performance).toBe(0n);
  });
});

describe("the budget", () => {
  const TOTAL = 10n ** 14n;

  it("is one percent in this month and the twelve before, and comes back month by month", () => {
    charge(0n, null);
    const start = terms()["fees-at"];
    const first = MONTH - (start % MONTH);
    wait(first - (first % 10n) + 10n); // early in a month
    const spent = [];
    let worth = TOTAL;
    for (let month = 0; month < 3; month += 1) {
      worth = (worth * 103n) / 100n;
      spent.push(plain(charge(TOTAL, worth).result).parts);
      wait(MONTH - (MONTH % 10n));
    }
    expect(budget()).toBe(BUDGET - spent.reduce((a, b) => a + b));
    wait(10n * (MONTH - (MONTH % 10n)));
    expect(budget()).toBe(BUDGET - spent[1] - spent[2]);
    wait(MONTH - (MONTH % 10n));
    expect(budget()).toBe(BUDGET - spent[2]);
    wait(14n * MONTH - ((14n * MONTH) % 10n));
    expect(budget()).toBe(BUDGET);
  });

  it("cuts the performance fee first, then forgives what is beyond", () => {
    days(365);
    const { parts, performance } = plain(charge(TOTAL, TOTAL * 4n).result);
    expect(parts).toBe(BUDGET);
    expect(performance).toBeGreaterThan(0n);
    expect(budget()).toBe(0n);
    days(30);
    const before = terms();
    const fees = plain(charge(TOTAL, TOTAL * 5n).result);
    expect(fees).toMatchObject({ management: 0n, performance: 0n, insured: 0n, parts: 0n, "fees-at": now() - 10n });
    expect(terms()["high-water-mark"]).toBeGreaterThan(before["high-water-mark"]);
  });
});
