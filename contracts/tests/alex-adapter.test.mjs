import fc from "fast-check";
import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  MAX_UINT,
  expectAllCanBeSold,
  expectBoth,
  expectMiddlemanRefused,
  expectQuotesPaid,
  expectVaultGetsQuote,
  refused,
} from "./adapter-kit.mjs";
import { Desk, errorsOf } from "./samples/adapters.mjs";
import * as venues from "./samples/venues.mjs";

const { FACTOR, TOKEN, WRAPPED, act, principal } = venues;
const errors = errorsOf("alex-adapter");
const ROUTES = [
  ["STX", "ALEX"],
  ["STX", "WELSH"],
  ["STX", "STSTX"],
  ["ALEX", "DIKO"],
  ["STX", "DIKO"],
].flatMap(([a, b]) => [
  [a, b],
  [b, a],
]);
// From well above dust to a few per cent of the smallest pool.
const amounts = fc.bigInt({ min: 2_000_000n, max: 4_000_000_000n });
const key = (a, b, factor = FACTOR.product) => [principal(WRAPPED[a]), principal(WRAPPED[b]), Cl.uint(factor)];

let desk;

beforeEach(() => {
  venues.openLaunchPools(simnet);
  desk = new Desk("alex-adapter");
});

describe("quote and swap", () => {
  it.each(ROUTES)("%s to %s: the quote is what arrives, to the unit, and exactly the amount leaves", (from, to) => {
    expectQuotesPaid(desk, from, to, amounts, { topic: "alex-swapped", runs: 12 });
  });

  it("odd amounts of tokens with 6 decimals lose nothing but the venue's own rounding", () => {
    for (const amount of [2_000_001n, 3_333_333n, 99_999_999n]) {
      const quote = desk.quote("STX", "WELSH", amount);

      expect(desk.swap("STX", "WELSH", amount)).toBe(quote);
    }
  });

  it("takes both orders of a pool: here ALEX comes first", () => {
    act(simnet, venues.REGISTRY, "remove-pool-for-test", key("STX", "ALEX"));
    venues.openAlexPool(simnet, WRAPPED.ALEX, WRAPPED.STX, FACTOR.product, 10n ** 15n, 10n ** 14n);
    const quote = desk.quote("STX", "ALEX", 10n ** 8n);

    expect(desk.swap("STX", "ALEX", 10n ** 8n, BigInt(quote))).toBe(quote);
    expect(BigInt(quote)).toBeGreaterThan(98n * 10n ** 9n);
  });

  it("leaves nothing with the adapter, and what was given to it stays out of the trade", () => {
    for (const symbol of ["STX", "ALEX", "DIKO"]) desk.give(symbol, 777n, desk.adapter);

    const quote = desk.quote("STX", "DIKO", 10n ** 8n);

    expect(desk.swap("STX", "DIKO", 10n ** 8n)).toBe(quote);
    for (const symbol of ["STX", "ALEX", "DIKO"]) expect(desk.holds(symbol, desk.adapter)).toBe(777n);
  });
});

describe("a venue that leaves part of the input", () => {
  it.each([
    ["STX", "ALEX"],
    ["STX", "DIKO"],
    ["DIKO", "STX"],
  ])("%s to %s: what it left stays with the owner, and what arrived counts", (from, to) => {
    const before = desk.holds(from);
    const quote = BigInt(desk.quote(from, to, 10n ** 8n));
    act(simnet, venues.POOL, "leave-for-test", [Cl.uint(3_000_000_000)]); // 30 of 100, in 8 decimals

    expect(desk.swap(from, to, 10n ** 8n, quote)).toBe(String(quote));
    expect(desk.holds(from)).toBe(before - 70_000_000n);
    for (const symbol of ["STX", "ALEX", "DIKO"]) expect(desk.holds(symbol, desk.adapter)).toBe(0n);
  });
});

describe("inside a vault's allowance", () => {
  it.each(ROUTES)("%s to %s: the vault pays the amount and gets the quote", (from, to) => {
    expectVaultGetsQuote(desk, from, to, { given: 10n ** 9n, amount: 3n * 10n ** 8n });

    if (to !== "ALEX" && from !== "ALEX") expect(desk.holds("ALEX", desk.vault)).toBe(0n);
  });

  it("a swap that fails moves nothing", () => {
    desk.sellAsVault("STX", "ALEX", 1n);
    desk.give("STX", 10n ** 9n, desk.vault);
    const quote = BigInt(desk.quote("STX", "DIKO", 10n ** 8n));

    expect(desk.sellAsVault("STX", "DIKO", 10n ** 8n, quote + 1n)).toEqual(refused(errors.ERR_SLIPPAGE));
    expect(desk.holds("STX", desk.vault)).toBe(10n ** 9n);
  });
});

describe("edges", () => {
  it.each([
    ["STX", "ALEX", 0n, "ERR_DUST"],
    ["WELSH", "STX", 1n, "ERR_DUST"],
    ["ALEX", "STX", 1_000n, "ERR_DUST"], // worth 44 of the venue's units, which is less than one of STX
    ["STX", "DIKO", 0n, "ERR_DUST"],
    ["ALEX", "STX", 10n ** 18n, "ERR_TOO_LARGE"],
    ["ALEX", "STX", 10n ** 18n + 1n, "ERR_TOO_LARGE"],
    ["STX", "STSTX", MAX_UINT, "ERR_TOO_LARGE"],
    ["DIKO", "STX", MAX_UINT, "ERR_TOO_LARGE"],
  ])("%s to %s, amount %s: %s", (from, to, amount, error) => {
    expectBoth(desk, from, to, amount, refused(errors[error]));
  });

  it.each([
    ["WELSH", "STX"],
    ["DIKO", "STX"],
  ])("%s to %s: all that the sender has can be sold, and not one unit more", (from, to) => {
    const paid = desk.quote(from, to, 10n ** 9n);

    expectAllCanBeSold(desk, from, to, 10n ** 9n, { paid, beyond: refused(errors.ERR_NO_FUNDS) });
  });

  it.each([
    ["STX", "ALEX"],
    ["STX", "DIKO"],
  ])("%s to %s: a minimum of zero, of one and of the quote is met", (from, to) => {
    for (const minimum of [() => 0n, () => 1n, () => BigInt(desk.quote(from, to, 10n ** 8n))]) {
      expect(desk.swap(from, to, 10n ** 8n, minimum())).toMatch(/^\d+$/);
    }
  });
});

describe("refusals", () => {
  it("pairs without a route, in quote and swap", () => {
    for (const [from, to] of [["WELSH", "ALEX"], ["STX", "STX"], ["STSTX", "DIKO"], ["ALEX", "STSTX"], [`${simnet.deployer}.flow-token`, "STX"]]) {
      expectBoth(desk, from, to, 10n ** 8n, refused(errors.ERR_UNKNOWN_PAIR));
    }
  });

  it("amounts that would pay nothing: zero, one unit of cheap for dear", () => {
    for (const [from, to, amount] of [["STX", "ALEX", 0n], ["WELSH", "STX", 1n], ["DIKO", "STX", 0n]]) {
      expectBoth(desk, from, to, amount, refused(errors.ERR_DUST));
    }
  });

  it("amounts that are too large, whether the venue says so or its arithmetic would burst", () => {
    for (const amount of [300_000n * 10n ** 6n, 10n ** 16n, 10n ** 16n + 1n, 2n ** 128n - 1n]) {
      expectBoth(desk, "STX", "ALEX", amount, refused(errors.ERR_TOO_LARGE));
    }
    expect(desk.swap("ALEX", "STX", 10n ** 18n)).toEqual(refused(errors.ERR_TOO_LARGE));
    act(simnet, venues.POOL, "set-max-out-ratio", [...key("STX", "ALEX"), Cl.uint(1)]);
    expect(desk.swap("STX", "ALEX", 10n ** 8n)).toEqual(refused(errors.ERR_TOO_LARGE));
  });

  it("one unit less than the minimum", () => {
    const quote = BigInt(desk.quote("STX", "ALEX", 10n ** 8n));

    expect(desk.swap("STX", "ALEX", 10n ** 8n, quote + 1n)).toEqual(refused(errors.ERR_SLIPPAGE));
    expect(desk.swap("STX", "ALEX", 10n ** 8n, 2n ** 128n - 1n)).toEqual(refused(errors.ERR_SLIPPAGE));
    expect(desk.swap("STX", "ALEX", 10n ** 8n, quote)).toBe(String(quote));
  });

  it("a paused venue", () => {
    act(simnet, venues.POOL, "pause", [Cl.bool(true)]);

    expectBoth(desk, "STX", "DIKO", 10n ** 8n, refused(errors.ERR_VENUE_PAUSED));
  });

  it("a blocked sender, and a pool that is not open", () => {
    act(simnet, venues.REGISTRY, "set-blocklisted", [principal(desk.trader), Cl.bool(true)]);
    expect(desk.swap("STX", "ALEX", 10n ** 8n)).toEqual(refused(errors.ERR_VENUE_CLOSED));
    act(simnet, venues.REGISTRY, "set-blocklisted", [principal(desk.trader), Cl.bool(false)]);

    act(simnet, venues.POOL, "set-end-block", [...key("STX", "ALEX"), Cl.uint(0)]);

    expect(desk.swap("STX", "ALEX", 10n ** 8n)).toEqual(refused(errors.ERR_VENUE_CLOSED));
    expect(desk.swap("STX", "DIKO", 10n ** 8n)).toEqual(refused(errors.ERR_VENUE_CLOSED));
  });

  it("a pool the venue does not have", () => {
    act(simnet, venues.REGISTRY, "remove-pool-for-test", key("ALEX", "DIKO"));

    expect(desk.quote("ALEX", "DIKO", 10n ** 8n)).toEqual(refused(errors.ERR_NO_POOL));
    expect(desk.swap("STX", "DIKO", 10n ** 8n)).toEqual(refused(errors.ERR_NO_POOL));
  });

  it("a sender without the funds", () => {
    const poor = simnet.getAccounts().get("wallet_2");

    expect(desk.swap("WELSH", "STX", 10n ** 9n, 0n, poor)).toEqual(refused(errors.ERR_NO_FUNDS));
    expect(desk.swap("DIKO", "STX", 10n ** 9n, 0n, poor)).toEqual(refused(errors.ERR_NO_FUNDS));
  });

  it("a venue without the funds it says it has", () => {
    venues.pretendAlexBalance(simnet, WRAPPED.STX, WRAPPED.WELSH, FACTOR.product, 10n ** 24n);

    expect(desk.swap("STX", "WELSH", 10n ** 9n)).toEqual(refused(errors.ERR_NO_FUNDS));
  });

  it("a failure of the venue that means nothing to a trader", () => {
    const net = BigInt(venues.read(simnet, venues.POOL, "get-helper", [...key("STX", "WELSH"), Cl.uint(995n * 10n ** 7n)]));
    // The double now pays so little that the token refuses to move it.
    act(simnet, venues.POOL, "cheat-for-test", [Cl.uint(0), Cl.uint(net - 50n)]);

    expect(desk.swap("STX", "WELSH", 10n ** 8n)).toEqual(refused(errors.ERR_VENUE_FAILED));
  });

  it("a venue that pays less than it says", () => {
    const quote = BigInt(desk.quote("STX", "ALEX", 10n ** 8n));
    act(simnet, venues.POOL, "cheat-for-test", [Cl.uint(0), Cl.uint(100)]);

    expect(desk.swap("STX", "ALEX", 10n ** 8n, quote)).toEqual(refused(errors.ERR_PAID_TOO_LITTLE));
    expect(desk.swap("STX", "ALEX", 10n ** 8n, quote - 100n)).toBe(String(quote - 100n));
    desk.give("ALEX", 1_000n, desk.adapter);
    const twoHops = BigInt(desk.quote("STX", "DIKO", 10n ** 8n));
    expect(desk.swap("STX", "DIKO", 10n ** 8n, twoHops)).toEqual(refused(errors.ERR_PAID_TOO_LITTLE));
  });

  it("a venue that takes more than it was offered, on one hop and on two", () => {
    for (const symbol of ["STX", "ALEX"]) desk.give(symbol, 10n ** 9n, desk.adapter);
    act(simnet, venues.POOL, "cheat-for-test", [Cl.uint(100), Cl.uint(0)]);

    expect(desk.swap("STX", "ALEX", 10n ** 8n)).toEqual(refused(errors.ERR_TOOK_TOO_MUCH));
    expect(desk.swap("STX", "DIKO", 10n ** 8n)).toEqual(refused(errors.ERR_TOOK_TOO_MUCH));
    desk.give("DIKO", 10n ** 9n, desk.adapter);
    expect(desk.swap("DIKO", "STX", 10n ** 8n)).toEqual(refused(errors.ERR_TOOK_TOO_MUCH));
    for (const symbol of ["STX", "ALEX", "DIKO"]) expect(desk.holds(symbol, desk.adapter)).toBe(10n ** 9n);
  });

  it("a contract that trades in its caller's name", () => {
    expectMiddlemanRefused(desk, "STX", "ALEX", refused(errors.ERR_NOT_OWNER));
  });
});
