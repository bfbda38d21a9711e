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
import { expectXyk, playXykAdapter } from "./samples/pools.mjs";
import * as venues from "./samples/venues.mjs";

const { BITFLOW_STX, TOKEN, XYK, XYK_POOL, act, principal } = venues;
const errors = errorsOf("bitflow-xyk-adapter");
const ROUTES = [
  ["SBTC", "STX", fc.bigInt({ min: 2n, max: 9_000_000n })],
  ["STX", "SBTC", fc.bigInt({ min: 50_000n, max: 20_000_000_000n })],
  ["WELSH", "STX", fc.bigInt({ min: 5_000n, max: 10n ** 12n })],
  ["STX", "WELSH", fc.bigInt({ min: 5_000n, max: 20_000_000_000n })],
];
const cheat = (tooMuch, tooLittle, left) => act(simnet, XYK, "cheat-for-test", [tooMuch, tooLittle, left].map((n) => Cl.uint(n)));
const setFees = (side, symbol, protocol, provider) =>
  act(simnet, XYK, `set-${side}-fees`, [principal(XYK_POOL[symbol]), Cl.uint(protocol), Cl.uint(provider)]);

let desk;
let ids;

function open() {
  desk = new Desk("bitflow-xyk-adapter");
  for (const token of [TOKEN.SBTC, TOKEN.WELSH]) venues.mint(simnet, token, 10n ** 16n, simnet.deployer);
  ids = {
    SBTC: venues.openXykPool(simnet, "SBTC", 200_000_000n, 475_000_000_000n),
    WELSH: venues.openXykPool(simnet, "WELSH", 90_000_000n * 10n ** 6n, 150_000n * 10n ** 6n),
  };
}

beforeEach(open);

describe("quote and swap", () => {
  it.each(ROUTES)("%s to %s: the quote is what arrives, to the unit, and exactly the amount leaves", (from, to, amounts) => {
    expectQuotesPaid(desk, from, to, amounts, { topic: "bitflow-xyk-swapped" });
  });

  it("takes each side's own fees, where the venue's quote for the second token takes the first one's", () => {
    setFees("x", "WELSH", 0, 0);
    setFees("y", "WELSH", 100, 400);
    const ends = [XYK_POOL.WELSH, TOKEN.WELSH, BITFLOW_STX].map(principal);
    const theirs = act(simnet, XYK, "get-dx", [...ends, Cl.uint(10n ** 8n)]);
    const quote = desk.quote("STX", "WELSH", 10n ** 8n);

    expect(desk.swap("STX", "WELSH", 10n ** 8n, BigInt(quote))).toBe(quote);
    expect(BigInt(quote)).toBeLessThan(BigInt(theirs));
  });

  it("pays the venue's fee out of the amount, in a transfer of its own", () => {
    const receiver = simnet.getAccounts().get("faucet");
    const before = [desk.holds("WELSH"), desk.holds("WELSH", receiver), desk.holds("WELSH", XYK_POOL.WELSH)];

    desk.swap("WELSH", "STX", 10n ** 9n);

    expect(desk.holds("WELSH")).toBe(before[0] - 10n ** 9n);
    expect(desk.holds("WELSH", receiver)).toBe(before[1] + 10n ** 6n);
    expect(desk.holds("WELSH", XYK_POOL.WELSH)).toBe(before[2] + 999n * 10n ** 6n);
  });

  it.each(ROUTES)("%s to %s inside a vault's allowance of exactly the amount", (from, to) => {
    expectVaultGetsQuote(desk, from, to, { given: 10n ** 8n, amount: 3n * 10n ** 6n });
  });

  it("counts what arrived when the venue leaves part of the input", () => {
    const before = desk.holds("WELSH");
    const quote = desk.quote("WELSH", "STX", 10n ** 9n);
    cheat(0, 0, 400_000_000);

    expect(desk.swap("WELSH", "STX", 10n ** 9n, BigInt(quote))).toBe(quote);
    expect(desk.holds("WELSH")).toBe(before - 600_000_000n);
  });
});

describe("recorded swaps of the venue", () => {
  it("come out through the adapter to the unit, and its refusals under our names", () => {
    const columns = { amount: "amount", balances: ["x_balance", "y_balance"] };

    expectRecordedSwaps("bitflow_xyk.json", (row) => playXykAdapter(simnet, row), (row) => expectXyk(row, errors), columns);
  });
});

describe("edges", () => {
  it.each([
    ["STX", "SBTC", 0n, refused(errors.ERR_DUST)],
    ["STX", "SBTC", 1n, refused(errors.ERR_DUST)],
    ["WELSH", "STX", 1n, refused(errors.ERR_DUST)],
    ["SBTC", "STX", 0n, refused(errors.ERR_DUST)],
    ["SBTC", "STX", 1n, "2374"], // a fee of less than one unit is no fee here
    ["SBTC", "STX", 10n ** 16n + 1n, refused(errors.ERR_TOO_LARGE)],
    ["STX", "WELSH", MAX_UINT, refused(errors.ERR_TOO_LARGE)],
    ["SBTC", "STX", MAX_UINT, refused(errors.ERR_TOO_LARGE)],
  ])("%s to %s, amount %s: %s", (from, to, amount, answer) => {
    expectBoth(desk, from, to, amount, answer);
  });

  it("the largest amount is quoted without an abort, and never more than the pool has", () => {
    const most = BigInt(desk.quote("SBTC", "STX", 10n ** 16n));

    expect(most).toBeGreaterThan(474_000_000_000n);
    expect(most).toBeLessThan(475_000_000_000n);
  });

  it("all that the sender has can be sold, and not one unit more", () => {
    expectAllCanBeSold(desk, "WELSH", "STX", 10n ** 9n, { paid: "1661648", beyond: refused(errors.ERR_NO_FUNDS) });
  });

  it("a minimum of zero and of one are allowed, the quote is met, one more is ERR_SLIPPAGE", () => {
    expectMinimumsKept(desk, "STX", "WELSH", refused(errors.ERR_SLIPPAGE));
  });
});

describe("refusals", () => {
  it("ERR_UNKNOWN_PAIR: pairs without a route, in quote and swap", () => {
    for (const [from, to] of [["STX", "STX"], ["SBTC", "WELSH"], ["STX", "ALEX"], ["STSTX", "STX"], [`${simnet.deployer}.flow-token`, "STX"]]) {
      expectBoth(desk, from, to, 10n ** 8n, refused(errors.ERR_UNKNOWN_PAIR));
    }
  });

  it.each(ROUTES)("ERR_POOL_CLOSED: %s to %s at a pool that is switched off, while the other stays open", (from, to) => {
    const symbol = from === "STX" ? to : from;
    const other = symbol === "SBTC" ? "WELSH" : "SBTC";
    act(simnet, XYK, "set-pool-status", [principal(XYK_POOL[symbol]), Cl.bool(false)]);

    expectBoth(desk, from, to, 10n ** 6n, refused(errors.ERR_POOL_CLOSED));
    expect(desk.swap("STX", other, 10n ** 6n)).toMatch(/^\d+$/);
  });

  it("ERR_NO_POOL: a pool that is not open yet, or of other tokens", async () => {
    for (const ends of [undefined, [TOKEN.SBTC, TOKEN.WELSH], [TOKEN.WELSH, BITFLOW_STX], [BITFLOW_STX, TOKEN.SBTC]]) {
      await simnet.initSession(process.cwd(), globalThis.options.clarinet.manifestPath);
      desk = new Desk("bitflow-xyk-adapter");
      if (ends) venues.openXykPool(simnet, "SBTC", 0n, 0n, ends);

      expectBoth(desk, "SBTC", "STX", 10n ** 6n, refused(errors.ERR_NO_POOL));
    }
  });

  it("ERR_NO_POOL: a pool the venue's core does not know", () => {
    act(simnet, XYK, "forget-pool-for-test", [Cl.uint(ids.SBTC)]);

    expect(desk.swap("SBTC", "STX", 10n ** 6n)).toEqual(refused(errors.ERR_NO_POOL));
    expect(desk.swap("STX", "SBTC", 10n ** 6n)).toEqual(refused(errors.ERR_NO_POOL));
  });

  it("ERR_DUST: an empty pool pays nothing", () => {
    act(simnet, XYK, "set-balances-for-test", [principal(XYK_POOL.WELSH), Cl.uint(0), Cl.uint(0)]);

    expect(desk.quote("STX", "WELSH", 10n ** 8n)).toEqual(refused(errors.ERR_DUST));
    expect(desk.quote("STX", "WELSH", 0n)).toEqual(refused(errors.ERR_DUST));
  });

  it("ERR_NO_FUNDS: locked sBTC, and a venue that is out of what it says it has", () => {
    const holder = simnet.getAccounts().get("wallet_2");
    desk.give("SBTC", 50_000n, holder);
    venues.lockSbtc(simnet, 49_000n, holder);

    expect(desk.swap("SBTC", "STX", 2_000n, 0n, holder)).toEqual(refused(errors.ERR_NO_FUNDS));
    expect(desk.swap("SBTC", "STX", 1_000n, 0n, holder)).toMatch(/^\d+$/);
    act(simnet, XYK, "set-balances-for-test", [principal(XYK_POOL.WELSH), Cl.uint(10n ** 18n), Cl.uint(10n ** 12n)]);
    expect(desk.swap("STX", "WELSH", 10n ** 12n)).toEqual(refused(errors.ERR_NO_FUNDS));
  });

  it("ERR_VENUE_FAILED: a failure of the venue that means nothing to a trader", () => {
    const quote = BigInt(desk.quote("STX", "SBTC", 10n ** 8n));
    // The double now pays nothing at all, which its pool refuses to move.
    cheat(0, quote, 0);

    expect(desk.swap("STX", "SBTC", 10n ** 8n)).toEqual(refused(errors.ERR_VENUE_FAILED));
  });

  it("ERR_PAID_TOO_LITTLE: a venue that pays less than it says", () => {
    const quote = BigInt(desk.quote("STX", "WELSH", 10n ** 8n));
    cheat(0, 1, 0);

    expect(desk.swap("STX", "WELSH", 10n ** 8n, quote)).toEqual(refused(errors.ERR_PAID_TOO_LITTLE));
    expect(desk.swap("STX", "WELSH", 10n ** 8n, quote - 1n)).toBe(String(quote - 1n));
  });

  it("ERR_TOOK_TOO_MUCH: a venue that takes more than it was offered", () => {
    cheat(1, 0, 0);

    expect(desk.swap("STX", "WELSH", 10n ** 8n)).toEqual(refused(errors.ERR_TOOK_TOO_MUCH));
    expect(desk.swap("SBTC", "STX", 10n ** 5n)).toEqual(refused(errors.ERR_TOOK_TOO_MUCH));
  });

  it("ERR_NOT_OWNER: a contract that trades in its caller's name", () => {
    expectMiddlemanRefused(desk, "STX", "SBTC", refused(errors.ERR_NOT_OWNER));
  });
});
