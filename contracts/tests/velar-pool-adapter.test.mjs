import fc from "fast-check";
import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  MAX_UINT,
  expectAllCanBeSold,
  expectBoth,
  expectMiddlemanRefused,
  expectMinimumsKept,
  expectQuotesPaid,
  expectRecordedSwaps,
  expectVaultGetsQuote,
  refused,
} from "./adapter-kit.mjs";
import { Desk, errorsOf } from "./samples/adapters.mjs";
import { expectPool70, playPool70Adapter } from "./samples/pools.mjs";
import * as venues from "./samples/venues.mjs";

const { POOL_70, TOKEN, WSTX, act } = venues;
const errors = errorsOf("velar-pool-adapter");
const RESERVES = { ustx: 388_177_625_562n, sats: 163_266_241n };
const ROUTES = [
  ["STX", "SBTC", fc.bigInt({ min: 50_000n, max: 20_000_000_000n })],
  ["SBTC", "STX", fc.bigInt({ min: 2n, max: 9_000_000n })],
];
const fresh = () => simnet.initSession(process.cwd(), globalThis.options.clarinet.manifestPath);

let desk;

beforeEach(() => {
  desk = new Desk("velar-pool-adapter");
  venues.mint(simnet, TOKEN.SBTC, 10n ** 12n, simnet.deployer);
});

describe("quote and swap", () => {
  beforeEach(() => venues.openPool70(simnet, RESERVES.ustx, RESERVES.sats));

  it.each(ROUTES)("%s to %s: the quote is what arrives, to the unit, and exactly the amount leaves", (from, to, amounts) => {
    expectQuotesPaid(desk, from, to, amounts, { topic: "velar-pool-swapped" });
  });

  it("pays what the real pool was measured to pay", () => {
    // 995 sats at these reserves, as measured of the deployed contracts with 0.3 % of fee.
    expect(desk.swap("SBTC", "STX", 995n)).toBe("2358539");
  });

  it.each(ROUTES)("%s to %s inside a vault's allowance", (from, to) => {
    expectVaultGetsQuote(desk, from, to, { given: 10n ** 8n, amount: 3n * 10n ** 6n });
  });

  it("counts what arrived when the venue leaves part of the input", () => {
    const before = desk.holds("STX");
    const quote = desk.quote("STX", "SBTC", 10n ** 8n);
    act(simnet, POOL_70, "cheat-for-test", [Cl.uint(0), Cl.uint(0), Cl.uint(40_000_000)]);

    expect(desk.swap("STX", "SBTC", 10n ** 8n, BigInt(quote))).toBe(quote);
    expect(desk.holds("STX")).toBe(before - 60_000_000n);
  });
});

describe("recorded swaps of the venue", () => {
  it("come out through the adapter to the unit, and its refusals under our names", () => {
    const columns = { amount: "amt_in", balances: ["reserve0", "reserve1"] };

    expectRecordedSwaps("velar_gen2.json", (row) => playPool70Adapter(simnet, row), (row) => expectPool70(row, errors), columns);
  });
});

describe("edges", () => {
  beforeEach(() => venues.openPool70(simnet, RESERVES.ustx, RESERVES.sats));

  it.each([
    ["STX", "SBTC", 0n, refused(errors.ERR_DUST)],
    ["STX", "SBTC", 1n, refused(errors.ERR_DUST)],
    ["SBTC", "STX", 0n, refused(errors.ERR_DUST)],
    ["SBTC", "STX", 1n, refused(errors.ERR_DUST)], // nothing is left of one satoshi after the fee
    ["SBTC", "STX", 2n, "2377"],
    ["SBTC", "STX", 10n ** 16n + 1n, refused(errors.ERR_TOO_LARGE)],
    ["STX", "SBTC", MAX_UINT, refused(errors.ERR_TOO_LARGE)],
    ["SBTC", "STX", MAX_UINT, refused(errors.ERR_TOO_LARGE)],
  ])("%s to %s, amount %s: %s", (from, to, amount, answer) => {
    expectBoth(desk, from, to, amount, answer);
  });

  it("the largest amount is quoted without an abort, and never more than the pool has", () => {
    const most = BigInt(desk.quote("SBTC", "STX", 10n ** 16n));

    expect(most).toBeGreaterThan(388_000_000_000n);
    expect(most).toBeLessThan(RESERVES.ustx);
  });

  it("all that the sender has can be sold, and not one unit more", () => {
    expectAllCanBeSold(desk, "SBTC", "STX", 50_000n, { paid: "118485903", beyond: refused(errors.ERR_NO_FUNDS) });
  });

  it("a minimum of zero and of one are allowed, the quote is met, one more is ERR_SLIPPAGE", () => {
    expectMinimumsKept(desk, "STX", "SBTC", refused(errors.ERR_SLIPPAGE));
  });
});

describe("refusals", () => {
  it("ERR_UNKNOWN_PAIR: pairs without a route, in quote and swap", () => {
    venues.openPool70(simnet, RESERVES.ustx, RESERVES.sats);
    for (const [from, to] of [["STX", "STX"], ["SBTC", "SBTC"], ["STX", "WELSH"], ["SBTC", "ALEX"], ["WELSH", "STX"]]) {
      expectBoth(desk, from, to, 10n ** 8n, refused(errors.ERR_UNKNOWN_PAIR));
    }
  });

  it("ERR_NO_POOL: a pool that is not open yet, of other tokens, in another order, or with another fees contract", async () => {
    for (const ends of [
      undefined,
      [WSTX, TOKEN.WELSH, venues.FEES_70],
      [TOKEN.WELSH, TOKEN.SBTC, venues.FEES_70],
      [TOKEN.SBTC, WSTX, venues.FEES_70],
      [WSTX, TOKEN.SBTC, venues.SHARE_FEE_TO],
    ]) {
      await fresh();
      desk = new Desk("velar-pool-adapter");
      if (ends) venues.openPool70(simnet, 0n, 0n, ends);

      expectBoth(desk, "STX", "SBTC", 10n ** 8n, refused(errors.ERR_NO_POOL));
    }
  });

  it("ERR_DUST: an empty pool pays nothing, also where there is no fee and nothing comes in", () => {
    venues.openPool70(simnet, 0n, 0n);
    const whole = Cl.tuple({ num: Cl.uint(10_000), den: Cl.uint(10_000) });

    expect(desk.quote("STX", "SBTC", 10n ** 8n)).toEqual(refused(errors.ERR_DUST));
    act(simnet, venues.FEES_70, "set-fees-for-test", [whole, whole]);
    expect(desk.quote("STX", "SBTC", 0n)).toEqual(refused(errors.ERR_DUST));
  });

  it("ERR_NO_FUNDS: sBTC that is locked counts as held and cannot be moved; a venue that is out of it", () => {
    venues.openPool70(simnet, RESERVES.ustx, RESERVES.sats);
    const holder = simnet.getAccounts().get("wallet_2");
    desk.give("SBTC", 50_000n, holder);
    venues.lockSbtc(simnet, 49_000n, holder);

    expect(desk.swap("SBTC", "STX", 2_000n, 0n, holder)).toEqual(refused(errors.ERR_NO_FUNDS));
    expect(desk.swap("SBTC", "STX", 1_000n, 0n, holder)).toMatch(/^\d+$/);
    act(simnet, POOL_70, "set-reserves-for-test", [Cl.uint(RESERVES.ustx), Cl.uint(10n ** 15n)]);
    expect(desk.swap("STX", "SBTC", 10n ** 9n)).toEqual(refused(errors.ERR_NO_FUNDS));
  });

  it("ERR_VENUE_FAILED: a failure of the venue that means nothing to a trader", () => {
    venues.openPool70(simnet, RESERVES.ustx, RESERVES.sats);
    const quote = BigInt(desk.quote("STX", "SBTC", 10n ** 8n));
    // The double now pays nothing at all, which the token refuses to move.
    act(simnet, POOL_70, "cheat-for-test", [Cl.uint(0), Cl.uint(quote), Cl.uint(0)]);

    expect(desk.swap("STX", "SBTC", 10n ** 8n)).toEqual(refused(errors.ERR_VENUE_FAILED));
  });

  it("ERR_PAID_TOO_LITTLE: a venue that pays less than it says", () => {
    venues.openPool70(simnet, RESERVES.ustx, RESERVES.sats);
    const quote = BigInt(desk.quote("STX", "SBTC", 10n ** 8n));
    act(simnet, POOL_70, "cheat-for-test", [Cl.uint(0), Cl.uint(1), Cl.uint(0)]);

    expect(desk.swap("STX", "SBTC", 10n ** 8n, quote)).toEqual(refused(errors.ERR_PAID_TOO_LITTLE));
    expect(desk.swap("STX", "SBTC", 10n ** 8n, quote - 1n)).toBe(String(quote - 1n));
  });

  it("ERR_TOOK_TOO_MUCH: a venue that takes more than it was offered", () => {
    venues.openPool70(simnet, RESERVES.ustx, RESERVES.sats);
    act(simnet, POOL_70, "cheat-for-test", [Cl.uint(1), Cl.uint(0), Cl.uint(0)]);

    expect(desk.swap("STX", "SBTC", 10n ** 8n)).toEqual(refused(errors.ERR_TOOK_TOO_MUCH));
    expect(desk.swap("SBTC", "STX", 10n ** 5n)).toEqual(refused(errors.ERR_TOOK_TOO_MUCH));
  });

  it("ERR_NOT_OWNER: a contract that trades in its caller's name", () => {
    venues.openPool70(simnet, RESERVES.ustx, RESERVES.sats);

    expectMiddlemanRefused(desk, "STX", "SBTC", refused(errors.ERR_NOT_OWNER));
  });
});
