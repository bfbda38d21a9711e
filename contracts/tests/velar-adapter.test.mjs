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

const { TOKEN, act } = venues;
const errors = errorsOf("velar-adapter");
const ROUTES = [
  ["STX", "WELSH"],
  ["WELSH", "STX"],
];
const amounts = fc.bigInt({ min: 5_000n, max: 20_000_000_000n });

let desk;

beforeEach(() => {
  venues.openLaunchPools(simnet);
  desk = new Desk("velar-adapter");
});

describe("quote and swap", () => {
  it.each(ROUTES)("%s to %s: the quote is what arrives, to the unit, and exactly the amount leaves", (from, to) => {
    expectQuotesPaid(desk, from, to, amounts, { topic: "velar-swapped" });
  });

  it("a minimum of zero is allowed, though the venue refuses it", () => {
    expect(desk.swap("STX", "WELSH", 10n ** 8n, 0n)).toBe("59796153294");
  });

  it.each(ROUTES)("%s to %s inside a vault's allowance", (from, to) => {
    expectVaultGetsQuote(desk, from, to, { given: 10n ** 9n, amount: 3n * 10n ** 8n });
  });
});

describe("a venue that leaves part of the input", () => {
  it("what it left stays with the owner, and what arrived counts", () => {
    const before = desk.holds("WELSH");
    const quote = BigInt(desk.quote("WELSH", "STX", 10n ** 9n));
    act(simnet, venues.CORE, "leave-for-test", [Cl.uint(400_000_000)]);

    expect(desk.swap("WELSH", "STX", 10n ** 9n, quote)).toBe(String(quote));
    expect(desk.holds("WELSH")).toBe(before - 600_000_000n);
  });
});

describe("edges", () => {
  it.each([
    ["STX", "WELSH", 0n, "ERR_DUST"],
    ["STX", "WELSH", 1n, "ERR_DUST"],
    ["WELSH", "STX", 10n ** 16n + 1n, "ERR_TOO_LARGE"],
    ["STX", "WELSH", MAX_UINT, "ERR_TOO_LARGE"],
    ["WELSH", "STX", MAX_UINT, "ERR_TOO_LARGE"],
  ])("%s to %s, amount %s: %s", (from, to, amount, error) => {
    expectBoth(desk, from, to, amount, refused(errors[error]));
  });

  it("all that the sender has can be sold, and not one unit more", () => {
    const paid = desk.quote("WELSH", "STX", 10n ** 9n);

    expectAllCanBeSold(desk, "WELSH", "STX", 10n ** 9n, { paid, beyond: refused(errors.ERR_NO_FUNDS) });
  });
});

describe("refusals", () => {
  it("pairs without a route, in quote and swap", () => {
    for (const [from, to] of [["STX", "ALEX"], ["STX", "STX"], ["WELSH", "WELSH"], [`${simnet.deployer}.flow-token`, "STX"]]) {
      expectBoth(desk, from, to, 10n ** 8n, refused(errors.ERR_UNKNOWN_PAIR));
    }
  });

  it("amounts that would pay nothing", () => {
    for (const [from, to, amount] of [["STX", "WELSH", 0n], ["STX", "WELSH", 1n], ["WELSH", "STX", 600n]]) {
      expectBoth(desk, from, to, amount, refused(errors.ERR_DUST));
    }
    expect(desk.quote("STX", "WELSH", 2n)).toBe("599");
  });

  it("amounts that would burst the venue's arithmetic", () => {
    for (const amount of [10n ** 16n + 1n, 2n ** 128n - 1n]) {
      expectBoth(desk, "STX", "WELSH", amount, refused(errors.ERR_TOO_LARGE));
    }
    expect(BigInt(desk.quote("STX", "WELSH", 10n ** 16n))).toBeGreaterThan(0n);
  });

  it("one unit less than the minimum", () => {
    const quote = BigInt(desk.quote("WELSH", "STX", 10n ** 8n));

    expect(desk.swap("WELSH", "STX", 10n ** 8n, quote + 1n)).toEqual(refused(errors.ERR_SLIPPAGE));
    expect(desk.swap("WELSH", "STX", 10n ** 8n, 2n ** 128n - 1n)).toEqual(refused(errors.ERR_SLIPPAGE));
    expect(desk.swap("WELSH", "STX", 10n ** 8n, quote)).toBe(String(quote));
  });

  it("a sender without the funds", () => {
    const poor = simnet.getAccounts().get("wallet_2");

    expect(desk.swap("WELSH", "STX", 10n ** 9n, 0n, poor)).toEqual(refused(errors.ERR_NO_FUNDS));
  });

  it("a venue that is down", () => {
    act(simnet, venues.CORE, "pause-for-test", [Cl.bool(true)]);

    expect(desk.swap("STX", "WELSH", 10n ** 8n)).toEqual(refused(errors.ERR_VENUE_FAILED));
  });

  it("a venue that pays less than it says", () => {
    const quote = BigInt(desk.quote("STX", "WELSH", 10n ** 8n));
    act(simnet, venues.CORE, "cheat-for-test", [Cl.uint(0), Cl.uint(1)]);

    expect(desk.swap("STX", "WELSH", 10n ** 8n, quote)).toEqual(refused(errors.ERR_PAID_TOO_LITTLE));
    expect(desk.swap("STX", "WELSH", 10n ** 8n, quote - 1n)).toBe(String(quote - 1n));
  });

  it("a venue that takes more than it was offered", () => {
    act(simnet, venues.CORE, "cheat-for-test", [Cl.uint(1), Cl.uint(0)]);

    expect(desk.swap("STX", "WELSH", 10n ** 8n)).toEqual(refused(errors.ERR_TOOK_TOO_MUCH));
    expect(desk.swap("WELSH", "STX", 10n ** 8n)).toEqual(refused(errors.ERR_TOOK_TOO_MUCH));
  });

  it("a contract that trades in its caller's name", () => {
    expectMiddlemanRefused(desk, "STX", "WELSH", refused(errors.ERR_NOT_OWNER));
  });

  it("a pool the venue does not have, and one that is empty", async () => {
    await simnet.initSession(process.cwd(), globalThis.options.clarinet.manifestPath);
    desk = new Desk("velar-adapter");

    expectBoth(desk, "STX", "WELSH", 10n ** 8n, refused(errors.ERR_NO_POOL));
    venues.openVelarPool(simnet, venues.WSTX, TOKEN.WELSH, 0n, 0n);
    expect(desk.quote("STX", "WELSH", 10n ** 8n)).toEqual(refused(errors.ERR_DUST));
  });
});
