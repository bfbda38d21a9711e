import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { errorsOf } from "./samples/adapters.mjs";
import {
  BOUNDS, E12, MAX_UINT, ON_CHAIN, STX_USD, ahead, alexSource, asset, call, configure, consensus, dia, diaSource,
  hop, manual, now, observe, openOracle, post, read, readOf, refused, remove, reporter, setReserves, setVelar,
  sources, topics, velarSource, waitUntil, watch,
} from "./samples/oracle.mjs";
import * as venues from "./samples/venues.mjs";

const { FACTOR, WRAPPED, act, principal } = venues;
const errors = errorsOf("pool-oracle");

beforeEach(() => {
  openOracle();
  watch();
});

describe("get-stx-usd", () => {
  it("agrees between the report and DIA, and is no price of anything else", () => {
    dia("STX/USD", 47_000_000n, now());
    post(["STX", STX_USD]);

    expect(read("get-stx-usd")).toMatchObject({ price: "471200000000", sources: "2" });
    expect(consensus("STX")).toMatchObject({ price: String(E12) });
  });

  it("does without a DIA that is silent, old or ahead of its time", () => {
    post(["STX", STX_USD]);
    expect(read("get-stx-usd")).toEqual(refused(errors.ERR_TOO_FEW_SOURCES));
    for (const at of [now() - BOUNDS.age - 600n, now() + 10_000n]) {
      dia("STX/USD", 47_000_000n, at);
      post(["STX", STX_USD]);
      expect(read("get-stx-usd")).toEqual(refused(errors.ERR_STALE_PRICE));
    }
  });

  it("lends its age to what DIA says of other assets", () => {
    const at = now() - 300n;
    dia("STX/USD", 47_240_000n, now());
    dia("ALEX/USD", 2_100_000n, now());
    diaSource("ALEX", "ALEX/USD");

    post(["STX", STX_USD, at], ["ALEX", ON_CHAIN.ALEX]);

    expect(sources("ALEX").dia).toEqual({ price: (21_000_000_000n * E12) / STX_USD, at });
  });

  it("without it, DIA says nothing about other assets", () => {
    dia("ALEX/USD", 2_100_000n, now());
    diaSource("ALEX", "ALEX/USD");

    post(["ALEX", ON_CHAIN.ALEX]);

    expect(Object.keys(sources("ALEX"))).toEqual(["reported", "alex"]);
  });
});

describe("on-chain sources", () => {
  it("stSTX has a pool and follows the ratio", () => {
    setReserves("STX", "STSTX", 500_000n * 10n ** 8n, 500_000n * 10n ** 8n);
    act(simnet, venues.RATIO, "set-ratio-for-test", [Cl.uint(1_020_000)]);

    watch("STSTX");
    post(["STSTX", 1_010_000_000_000n]);

    expect(sources("STSTX").ratio.price).toBe(1_020_000_000_000n);
    expect(sources("STSTX").alex.price).toBe(1_000_000_000_000n);
    expect(consensus("STSTX")).toMatchObject({ price: "1010000000000", sources: "3" });
  });

  it("a pool in the other order is read without inverting", () => {
    const key = [principal(WRAPPED.STX), principal(WRAPPED.ALEX), Cl.uint(FACTOR.product)];
    act(simnet, venues.REGISTRY, "remove-pool-for-test", key);
    venues.openAlexPool(simnet, WRAPPED.ALEX, WRAPPED.STX, FACTOR.product, 9n * 10n ** 14n, 4n * 10n ** 13n);

    expect(alexSource("ALEX", hop("ALEX", "STX", FACTOR.product, false))).toBe(true);
    post(["ALEX", ON_CHAIN.ALEX]);

    expect(sources("ALEX").alex.price).toBe(ON_CHAIN.ALEX);
    setReserves("ALEX", "STX", 10n ** 26n, 10n ** 27n);
    expect(post(["ALEX", ON_CHAIN.ALEX])).toEqual({ posted: "1", tripped: "0" });
  });

  it.each([
    ["an empty pool", () => setReserves("STX", "ALEX", 0n, 0n)],
    ["half a pool", () => setReserves("STX", "ALEX", 0n, 10n ** 14n)],
    ["a pool beyond all measure", () => setReserves("STX", "ALEX", 10n ** 27n, 10n ** 14n)],
    ["a pool that was closed", () => act(simnet, venues.REGISTRY, "remove-pool-for-test", [principal(WRAPPED.STX), principal(WRAPPED.ALEX), Cl.uint(FACTOR.product)])],
  ])("%s says nothing, keeps what it said before, and does not stop the others", (_, spoil) => {
    post(["ALEX", ON_CHAIN.ALEX]);
    const before = sources("ALEX").alex;
    spoil();

    expect(post(["ALEX", ON_CHAIN.ALEX], ["WELSH", ON_CHAIN.WELSH])).toEqual({ posted: "2", tripped: "0" });

    expect(sources("ALEX").alex).toEqual(before);
    expect(Object.keys(sources("WELSH"))).toEqual(["reported", "alex", "velar"]);
  });

  it("an emptied stable pool, an emptied Velar pool and an unknown ratio do not stop a post either", () => {
    setReserves("STX", "STSTX", 0n, 10n ** 14n);
    act(simnet, venues.RATIO, "set-ratio-for-test", [Cl.uint(0)]);
    setVelar(0n, 0n);
    const before = [sources("STSTX"), sources("WELSH")];

    expect(post(["STSTX", ON_CHAIN.STSTX], ["WELSH", ON_CHAIN.WELSH])).toEqual({ posted: "2", tripped: "0" });

    expect(sources("STSTX")).toMatchObject({ alex: before[0].alex, ratio: before[0].ratio });
    expect(sources("WELSH").velar).toEqual(before[1].velar);
    expect(sources("WELSH").alex.at).toBeGreaterThan(before[1].alex.at);
  });

  it("are refused when they do not answer or belong to another asset", () => {
    const bad = refused(errors.ERR_BAD_SOURCE);

    expect(alexSource("ALEX")).toEqual(bad);
    expect(alexSource("ALEX", hop("WELSH", "DIKO"))).toEqual(bad);
    expect(alexSource("STX", hop("STX", "ALEX"))).toEqual(bad);
    expect(velarSource("WELSH", 2)).toEqual(bad);
    expect(velarSource("WELSH", 1, true)).toEqual(bad);
    expect(velarSource("ALEX", 1)).toEqual(bad);
    expect(velarSource("STX", 1, true)).toEqual(bad);
    expect(call("set-ratio-source", [asset("ALEX")])).toEqual(bad);
    expect(diaSource("ALEX", "")).toEqual(bad);
    expect(remove("ALEX", "rumour")).toEqual(bad);
  });

  it.each(["alex", "velar", "reported"])("%s can be removed and is forgotten", (source) => {
    post(["WELSH", ON_CHAIN.WELSH]);

    expect(remove("WELSH", source)).toBe(true);

    expect(topics()).toEqual(["source-removed"]);
    expect(sources("WELSH")[source]).toBe(undefined);
    expect(consensus("WELSH")).toMatchObject({ sources: "2" });
    post(["WELSH", ON_CHAIN.WELSH]);
    expect(sources("WELSH")[source] === undefined).toBe(source !== "reported");
  });

  it("ratio and DIA can be removed as well", () => {
    dia("STX/USD", 47_240_000n, now());
    post(["STX", STX_USD], ["STSTX", ON_CHAIN.STSTX]);
    for (const [symbol, source] of [["STSTX", "ratio"], ["STX", "dia"]]) remove(symbol, source);
    post(["STX", STX_USD], ["STSTX", ON_CHAIN.STSTX]);

    expect(Object.keys(sources("STX"))).toEqual(["reported"]);
    expect(sources("STSTX").ratio).toBe(undefined);
  });
});

describe("get-source-list", () => {
  it("names every source an asset has beside the reporter", () => {
    call("set-lazer-source", [asset("STX"), Cl.uint(45), Cl.uint(100)]);

    expect(read("get-source-list", asset("STX"))).toEqual({
      alex: null, velar: null, ratio: false, dia: "STX/USD", lazer: { "feed-id": "45", "max-conf-bps": "100" },
    });
    expect(read("get-source-list", asset("WELSH"))).toMatchObject({ velar: { "pool-id": "1", invert: false }, dia: null });
    expect(read("get-source-list", asset("WELSH")).alex).toHaveLength(1);
    expect(read("get-source-list", asset("STSTX")).ratio).toBe(true);
    remove("STSTX", "ratio");
    expect(read("get-source-list", asset("STSTX")).ratio).toBe(false);
  });
});

describe("a price set by hand", () => {
  const byHand = (symbol) => readOf("price-observations", "get-manual", asset(symbol));
  const WEEK = 604_800n;
  const clear = (symbol) => call("clear-manual-price", [asset(symbol)]);

  it("counts as one source, does not age, and ends by itself to the second", () => {
    configure("ALEX", { ...BOUNDS, least: 1n, age: 60n });
    remove("ALEX", "alex");
    expect(manual("ALEX", 50_000_000_000n, 3_600n)).toBe(true);
    expect(topics()).toEqual(["manual-price-set"]);
    const { until } = byHand("ALEX");

    waitUntil(BigInt(until) - 100n);
    expect(consensus("ALEX")).toMatchObject({ price: "50000000000", sources: "1", "oldest-at": String(now()) });
    while (now() < BigInt(until)) simnet.mineEmptyStacksBlocks(1);
    expect(now()).toBe(BigInt(until));
    expect(consensus("ALEX")).toMatchObject({ price: "50000000000" });
    simnet.mineEmptyStacksBlocks(1);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_STALE_PRICE));
    expect(byHand("ALEX")).toBe(null);
    observe("ALEX");
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TOO_FEW_SOURCES));
  });

  it("alone is too few where two are needed, and stands in the median with the others", () => {
    remove("ALEX", "alex");
    manual("ALEX", 44_000_000_000n, 3_600n);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TOO_FEW_SOURCES));

    post(["ALEX", 45_000_000_000n]);

    expect(consensus("ALEX")).toMatchObject({ price: "44500000000", sources: "2" });
    expect(sources("ALEX").manual.price).toBe(44_000_000_000n);
  });

  it("trips the breaker like any other where it is too far off", () => {
    manual("ALEX", 2n * ON_CHAIN.ALEX, 3_600n);

    expect(consensus("ALEX")).toEqual(refused(errors.ERR_SOURCES_APART));
    expect(post(["ALEX", ON_CHAIN.ALEX])).toEqual({ posted: "1", tripped: "1" });
  });

  it("can be taken back, once", () => {
    const codes = errorsOf("price-observations");
    manual("ALEX", 44_000_000_000n, 60n);

    expect(clear("ALEX")).toBe(true);

    expect(topics()).toEqual(["manual-price-cleared"]);
    expect(sources("ALEX").manual).toBe(undefined);
    expect(clear("ALEX")).toEqual(refused(codes.ERR_NO_MANUAL_PRICE));
  });

  it("is within the bounds of any price, for one second to a week", () => {
    const codes = errorsOf("price-observations");
    for (const price of [0n, 10n ** 18n + 1n, MAX_UINT]) expect(manual("ALEX", price, 60n)).toEqual(refused(codes.ERR_PRICE_OUT_OF_RANGE));
    for (const secs of [0n, WEEK + 1n, MAX_UINT]) expect(manual("ALEX", E12, secs)).toEqual(refused(codes.ERR_BAD_DURATION));
    for (const price of [1n, 10n ** 18n]) expect(manual("ALEX", price, 60n)).toBe(true);
    for (const secs of [1n, WEEK]) expect(manual("ALEX", E12, secs)).toBe(true);
    expect(manual(`${simnet.deployer}.flow-token`, E12, 60n)).toEqual(refused(errors.ERR_UNKNOWN_ASSET));
  });
});
