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
  expectVaultGetsQuote,
  refused,
} from "./adapter-kit.mjs";
import { Desk, errorsOf } from "./samples/adapters.mjs";
import { stableOut } from "./samples/stableswap.mjs";
import * as venues from "./samples/venues.mjs";

const { BITFLOW_STX, RATIO, STABLE, STABLE_POOL, TOKEN, act, principal } = venues;
const errors = errorsOf("bitflow-stable-adapter");
const M = 10n ** 6n;
const LAUNCH_RATIO = 1_090_000n;
const BALANCES = { ustx: 3_000_000n * M, ststx: 2_700_000n * M };
const ROUTES = [
  ["STX", "STSTX"],
  ["STSTX", "STX"],
];
// From above dust to a tenth of the pool.
const amounts = fc.bigInt({ min: 1_000n, max: 300_000n * M });
const cheat = (tooMuch, tooLittle, left) => act(simnet, STABLE, "cheat-for-test", [tooMuch, tooLittle, left].map((n) => Cl.uint(n)));
const setRatio = (ratio) => act(simnet, RATIO, "set-ratio-for-test", [Cl.uint(ratio)]);
const setBalances = (x, y) => act(simnet, STABLE, "set-balances-for-test", [principal(STABLE_POOL), Cl.uint(x), Cl.uint(y)]);

let desk;
let poolId;

beforeEach(() => {
  desk = new Desk("bitflow-stable-adapter");
  venues.mint(simnet, TOKEN.STSTX, 10n ** 16n, simnet.deployer);
  setRatio(LAUNCH_RATIO);
  poolId = venues.openStablePool(simnet, BALANCES.ustx, BALANCES.ststx, LAUNCH_RATIO);
});

describe("quote and swap", () => {
  it.each(ROUTES)("%s to %s: the quote is what arrives, to the unit, and exactly the amount leaves", (from, to) => {
    // What the trades before one have done to the pool may put its price too far from the ratio.
    expectQuotesPaid(desk, from, to, amounts, { topic: "bitflow-stable-swapped", unless: errors.ERR_OFF_RATIO });
  });

  it.each(ROUTES)("%s to %s: the quote is the curve's own, reckoned apart", (from, to) => {
    const states = fc.record({
      x: fc.bigInt({ min: 10n ** 9n, max: 10n ** 14n }),
      skew: fc.bigInt({ min: 60n, max: 160n }),
      den: fc.bigInt({ min: 1_000_000n, max: 1_300_000n }),
      amp: fc.bigInt({ min: 10n, max: 1_000n }),
      protocol: fc.bigInt({ min: 0n, max: 20n }),
      provider: fc.bigInt({ min: 0n, max: 40n }),
      share: fc.bigInt({ min: 1n, max: 900n }),
    });
    fc.assert(
      fc.property(states, ({ x, skew, den, amp, protocol, provider, share }) => {
        const y = (((x * M) / den) * skew) / 100n;
        const fees = [principal(STABLE_POOL), Cl.uint(protocol), Cl.uint(provider)];
        setBalances(x, y);
        setRatio(den);
        act(simnet, STABLE, "set-midpoint", [principal(STABLE_POOL), ...[M, den, M, M].map((n) => Cl.uint(n))]);
        act(simnet, STABLE, "set-amplification-coefficient", [principal(STABLE_POOL), Cl.uint(amp)]);
        for (const side of ["x", "y"]) act(simnet, STABLE, `set-${side}-fees`, fees);
        const sellsStx = from === "STX";
        const amount = ((sellsStx ? x : y) * share) / 1_000n;
        const out = stableOut({ x, y, num: M, den, amp, threshold: 2n, protocol, provider }, sellsStx, amount);
        const fair = sellsStx ? out * den * 10_000n >= amount * M * 9_700n : out * M * 10_000n >= amount * den * 9_700n;

        expect(desk.quote(from, to, amount)).toEqual(fair ? String(out) : refused(errors.ERR_OFF_RATIO));
      }),
      { numRuns: 60, seed: 20261121 },
    );
  });

  it("a small trade in a pool at its midpoint pays the ratio less the fees of 0.05 %", () => {
    setBalances(3_270_000n * M, 3_000_000n * M);

    expect(Number(desk.quote("STSTX", "STX", 1_000n * M)) / 1e9).toBeCloseTo(1.09 * 0.9995, 5);
    expect(Number(desk.quote("STX", "STSTX", 1_000n * M)) / 1e9).toBeCloseTo(0.9995 / 1.09, 5);
  });

  it("pays the venue's fee out of the amount, in a transfer of its own", () => {
    const receiver = simnet.getAccounts().get("faucet");
    const before = [desk.holds("STSTX"), desk.holds("STSTX", receiver), desk.holds("STSTX", STABLE_POOL)];

    desk.swap("STSTX", "STX", 10n ** 9n);

    expect(desk.holds("STSTX")).toBe(before[0] - 10n ** 9n);
    expect(desk.holds("STSTX", receiver)).toBe(before[1] + 200_000n);
    expect(desk.holds("STSTX", STABLE_POOL)).toBe(before[2] + 999_800_000n);
  });

  it.each(ROUTES)("%s to %s inside a vault's allowance of exactly the amount", (from, to) => {
    expectVaultGetsQuote(desk, from, to, { given: 10n ** 9n, amount: 3n * 10n ** 8n });
  });

  it("counts what arrived when the venue leaves part of the input", () => {
    const before = desk.holds("STSTX");
    const quote = desk.quote("STSTX", "STX", 10n ** 9n);
    cheat(0, 0, 400_000_000);

    expect(desk.swap("STSTX", "STX", 10n ** 9n, BigInt(quote))).toBe(quote);
    expect(desk.holds("STSTX")).toBe(before - 600_000_000n);
  });
});

describe("the ratio of stSTX", () => {
  const worthOf = (from, amount, ratio) => (from === "STX" ? (amount * M) / ratio : (amount * ratio) / M);

  it.each(ROUTES)("ERR_OFF_RATIO: %s to %s may lose three per cent against it and not a unit more", (from, to) => {
    const amount = 10_000n * M;
    const out = BigInt(desk.quote(from, to, amount));
    // The ratio at which exactly this much would be 97 % of what goes in.
    const limit = from === "STX" ? (amount * M * 97n) / (out * 100n) + 1n : (out * M * 100n) / (amount * 97n);
    const beyond = from === "STX" ? limit - 1n : limit + 1n;

    setRatio(limit);
    expect(desk.quote(from, to, amount)).toBe(String(out));
    expect(out * 100n).toBeGreaterThanOrEqual(worthOf(from, amount, limit) * 97n);
    setRatio(beyond);
    expectBoth(desk, from, to, amount, refused(errors.ERR_OFF_RATIO));
  });

  it("does not stand in the way of a better price than it says", () => {
    setRatio(1_200_000);
    expect(desk.swap("STX", "STSTX", 10_000n * M)).toMatch(/^\d+$/);
    setRatio(1_000_000);
    expect(desk.swap("STSTX", "STX", 10_000n * M)).toMatch(/^\d+$/);
  });

  it.each([0n, 999_999n, 10_000_001n, MAX_UINT])("ERR_NO_RATIO: a ratio of %s is no ratio", (ratio) => {
    setRatio(ratio);

    for (const [from, to] of ROUTES) expectBoth(desk, from, to, 10n ** 9n, refused(errors.ERR_NO_RATIO));
  });

  it("may be as high as ten, at which selling stSTX here would be far off", () => {
    setRatio(10_000_000);

    expect(desk.quote("STSTX", "STX", 10n ** 9n)).toEqual(refused(errors.ERR_OFF_RATIO));
    expect(desk.quote("STX", "STSTX", 10n ** 9n)).toMatch(/^\d+$/);
  });
});

describe("edges", () => {
  it.each([
    ["STX", "STSTX", 0n, "ERR_DUST"],
    ["STSTX", "STX", 0n, "ERR_DUST"],
    ["STX", "STSTX", 10n * BALANCES.ustx, "ERR_TOO_LARGE"],
    ["STX", "STSTX", 10n * BALANCES.ustx - 1n, "ERR_OFF_RATIO"],
    ["STSTX", "STX", 10n * BALANCES.ststx, "ERR_TOO_LARGE"],
    ["STX", "STSTX", MAX_UINT, "ERR_TOO_LARGE"],
    ["STSTX", "STX", MAX_UINT, "ERR_TOO_LARGE"],
  ])("%s to %s, amount %s: %s", (from, to, amount, error) => {
    expectBoth(desk, from, to, amount, refused(errors[error]));
  });

  it("one stSTX unit pays two, since the curve's steps end within two units of the truth", () => {
    expect(desk.quote("STSTX", "STX", 1n)).toBe("2");
    expect(desk.swap("STSTX", "STX", 1n)).toBe("2");
  });

  it("ERR_DUST: one unit of STX for which the curve leaves all the stSTX where it is", () => {
    setBalances(BALANCES.ustx, 3_302_752_293_577n);

    expectBoth(desk, "STX", "STSTX", 1n, refused(errors.ERR_DUST));
    // Two pay one, for which 1.09 would be too much to ask and two are too much to give.
    expect(desk.quote("STX", "STSTX", 2n)).toEqual(refused(errors.ERR_OFF_RATIO));
  });

  it("all that the sender has can be sold, and not one unit more", () => {
    expectAllCanBeSold(desk, "STSTX", "STX", 10n ** 9n, { paid: "1089658012", beyond: refused(errors.ERR_NO_FUNDS) });
  });

  it("a minimum of zero and of one are allowed, the quote is met, one more is ERR_SLIPPAGE", () => {
    expectMinimumsKept(desk, "STX", "STSTX", refused(errors.ERR_SLIPPAGE));
  });
});

describe("refusals", () => {
  it("ERR_UNKNOWN_PAIR: pairs without a route, in quote and swap", () => {
    for (const [from, to] of [["STX", "STX"], ["STSTX", "STSTX"], ["STX", "ALEX"], ["STSTX", "WELSH"], ["WELSH", "STX"]]) {
      expectBoth(desk, from, to, 10n ** 8n, refused(errors.ERR_UNKNOWN_PAIR));
    }
  });

  it("ERR_POOL_CLOSED: a pool that is switched off", () => {
    act(simnet, STABLE, "set-pool-status", [principal(STABLE_POOL), Cl.bool(false)]);

    for (const [from, to] of ROUTES) expectBoth(desk, from, to, 10n ** 8n, refused(errors.ERR_POOL_CLOSED));
  });

  it("ERR_NO_POOL: a pool that is not open yet, or of other tokens", async () => {
    for (const ends of [undefined, [BITFLOW_STX, TOKEN.WELSH], [TOKEN.WELSH, TOKEN.STSTX], [TOKEN.STSTX, BITFLOW_STX]]) {
      await simnet.initSession(process.cwd(), globalThis.options.clarinet.manifestPath);
      desk = new Desk("bitflow-stable-adapter");
      setRatio(LAUNCH_RATIO);
      if (ends) venues.openStablePool(simnet, 0n, 0n, LAUNCH_RATIO, ends);
      if (ends) setBalances(BALANCES.ustx, BALANCES.ststx); // so that emptiness is not what is refused

      expectBoth(desk, "STX", "STSTX", 10n ** 8n, refused(errors.ERR_NO_POOL));
    }
  });

  it.each([[0n, 10n ** 12n], [10n ** 12n, 0n]])("ERR_NO_POOL: a pool of %s STX and %s stSTX, on which the curve would abort", (x, y) => {
    setBalances(x, y);

    for (const [from, to] of ROUTES) expect(desk.quote(from, to, 10n ** 8n)).toEqual(refused(errors.ERR_NO_POOL));
  });

  it("ERR_NO_POOL: a pool the venue's core does not know", () => {
    act(simnet, STABLE, "forget-pool-for-test", [Cl.uint(poolId)]);

    for (const [from, to] of ROUTES) expect(desk.swap(from, to, 10n ** 8n)).toEqual(refused(errors.ERR_NO_POOL));
  });

  it("ERR_NO_FUNDS: a venue that is out of what it says it has", () => {
    setBalances(10n ** 15n, 10n ** 15n);

    expect(desk.swap("STX", "STSTX", 4_000_000n * M)).toEqual(refused(errors.ERR_NO_FUNDS));
  });

  it("ERR_VENUE_FAILED: a failure of the venue that means nothing to a trader", () => {
    const quote = BigInt(desk.quote("STX", "STSTX", 10n ** 8n));
    // The double now pays nothing at all, which its pool refuses to move.
    cheat(0, quote, 0);

    expect(desk.swap("STX", "STSTX", 10n ** 8n)).toEqual(refused(errors.ERR_VENUE_FAILED));
  });

  it("ERR_PAID_TOO_LITTLE: a venue that pays less than it says", () => {
    const quote = BigInt(desk.quote("STX", "STSTX", 10n ** 8n));
    cheat(0, 1, 0);

    expect(desk.swap("STX", "STSTX", 10n ** 8n, quote)).toEqual(refused(errors.ERR_PAID_TOO_LITTLE));
    expect(desk.swap("STX", "STSTX", 10n ** 8n, quote - 1n)).toBe(String(quote - 1n));
  });

  it("ERR_TOOK_TOO_MUCH: a venue that takes more than it was offered", () => {
    cheat(1, 0, 0);

    for (const [from, to] of ROUTES) expect(desk.swap(from, to, 10n ** 8n)).toEqual(refused(errors.ERR_TOOK_TOO_MUCH));
  });

  it("ERR_NOT_OWNER: a contract that trades in its caller's name", () => {
    expectMiddlemanRefused(desk, "STX", "STSTX", refused(errors.ERR_NOT_OWNER));
  });
});
