import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { E12, MAX_UINT, ON_CHAIN, asset, dia, hop, openOracle, readOf, setReserves, setVelar } from "./samples/oracle.mjs";
import { FACTOR, POOL, RATIO, TOKEN, WRAPPED, act, openAlexPool, openVelarPool, principal, read } from "./samples/venues.mjs";

const price = (name, ...args) => readOf("venue-prices", name, ...args);
const alex = (...hops) => price("get-alex-price", Cl.list(hops));
const velar = (symbol = "WELSH", id = 1, invert = false) => price("get-velar-price", asset(symbol), Cl.uint(id), Cl.bool(invert));
const LARGEST = 10n ** 26n; // the largest reserve that is a market

beforeEach(() => openOracle());

describe("get-alex-price", () => {
  it("is x per y of a pool, or y per x, and the product over two pools", () => {
    expect(alex(hop("STX", "ALEX"))).toBe(String(ON_CHAIN.ALEX));
    expect(alex(hop("STX", "ALEX", FACTOR.product, false))).toBe("22500000000000");
    expect(alex(hop("STX", "ALEX"), hop("ALEX", "DIKO"))).toBe(String(ON_CHAIN.DIKO));
  });

  it("says nothing of no pool, of one that is not there, of one asked the wrong way round", () => {
    expect(alex()).toBe(null);
    expect(alex(hop("WELSH", "DIKO"))).toBe(null);
    expect(alex(hop("ALEX", "STX"))).toBe(null);
    expect(alex(hop("STX", "ALEX"), hop("WELSH", "DIKO"))).toBe(null);
    expect(alex(hop("STX", "ALEX", MAX_UINT))).toBe(null);
  });

  it.each([
    [0n, 0n, null],
    [0n, 1n, null],
    [1n, 0n, null],
    [1n, 1n, E12],
    [LARGEST, LARGEST, E12],
    [LARGEST, LARGEST + 1n, null],
    [LARGEST + 1n, LARGEST, null],
    [MAX_UINT, MAX_UINT, null],
    [10n ** 6n, 1n, 10n ** 18n],
    [10n ** 6n + 1n, 1n, null],
    [1n, 10n ** 12n, 1n],
    [1n, 10n ** 12n + 1n, null],
  ])("of reserves %i and %i", (x, y, expected) => {
    setReserves("STX", "ALEX", x, y);

    expect(alex(hop("STX", "ALEX"))).toBe(expected === null ? null : String(expected));
  });

  it("is the venue's own price where the curve is another, and nothing of an empty pool, whose price the venue aborts on", () => {
    const stable = (invert) => alex(hop("STX", "STSTX", FACTOR.stable, invert));
    openAlexPool(simnet, WRAPPED.STX, WRAPPED.STSTX, FACTOR.stable, 1_100_000n * 10n ** 8n, 1_000_000n * 10n ** 8n);
    const pair = [principal(WRAPPED.STX), principal(WRAPPED.STSTX), Cl.uint(FACTOR.stable)];
    const own = BigInt(read(simnet, POOL, "get-price", pair));

    expect(stable(false)).toBe(String(own * 10n ** 4n));
    expect(stable(true)).toBe(String(10n ** 20n / own));
    for (const [x, y] of [[0n, 0n], [0n, 1n], [1n, 0n]]) {
      setReserves("STX", "STSTX", x, y, FACTOR.stable);
      expect(stable(true)).toBe(null);
    }
  });
});

describe("get-velar-price", () => {
  it("is STX per token, of the pool of exactly these two", () => {
    expect(velar()).toBe(String(ON_CHAIN.WELSH));
    expect(velar("ALEX")).toBe(null);
    expect(velar("WELSH", 1, true)).toBe(null);
    for (const id of [0n, 99n, MAX_UINT]) expect(velar("WELSH", id)).toBe(null);
  });

  it("is nothing where the other token is not STX", () => {
    const id = openVelarPool(simnet, TOKEN.ALEX, TOKEN.WELSH, 10n ** 12n, 10n ** 12n);

    expect(velar("WELSH", id)).toBe(null);
    expect(velar("ALEX", id, true)).toBe(null);
  });

  it.each([
    [0n, 1n, null],
    [1n, 0n, null],
    [1n, 1n, E12],
    [MAX_UINT, 1n, null],
    [LARGEST, LARGEST, E12],
  ])("of reserves %i and %i", (stx, welsh, expected) => {
    setVelar(stx, welsh);

    expect(velar()).toBe(expected === null ? null : String(expected));
  });
});

describe("get-ststx-price", () => {
  it.each([
    [0n, null],
    [1n, 10n ** 6n],
    [1_090_000n, 1_090_000_000_000n],
    [10n ** 12n, 10n ** 18n],
    [10n ** 12n + 1n, null],
    [MAX_UINT, null],
  ])("of a ratio of %i", (ratio, expected) => {
    act(simnet, RATIO, "set-ratio-for-test", [Cl.uint(ratio)]);

    expect(price("get-ststx-price")).toBe(expected === null ? null : String(expected));
  });
});

describe("get-dia-price", () => {
  it.each([
    [0n, null],
    [1n, 10n ** 4n],
    [47_240_000n, 472_400_000_000n],
    [10n ** 14n, 10n ** 18n],
    [10n ** 14n + 1n, null],
    [MAX_UINT, null],
  ])("of a value of %i", (value, expected) => {
    dia("STX/USD", value, 1_700_000_000n);

    const said = price("get-dia-price", Cl.stringAscii("STX/USD"));
    expect(said).toEqual(expected === null ? null : { price: String(expected), at: "1700000000" });
  });

  it("says nothing of a key that DIA does not know", () => {
    expect(price("get-dia-price", Cl.stringAscii("WELSH/USD"))).toBe(null);
  });
});
