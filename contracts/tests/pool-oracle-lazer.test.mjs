import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { errorsOf } from "./samples/adapters.mjs";
import { LAZER, OTHER_SIGNER, SIGNER, decoder, payload, signed, trust, update } from "./samples/lazer.mjs";
import {
  BOUNDS, silence, setReserves, consensus, E12, MAX_UINT, ON_CHAIN, STX_USD, ahead, asset, call, configure, dia, event, now, openOracle, post, read, readOf, refused,
  remove, sources, stranger, topics, wait,
} from "./samples/oracle.mjs";
import { act, principal } from "./samples/venues.mjs";

const errors = errorsOf("pool-oracle");
const codes = errorsOf("price-sources");
const [STX_FEED, ALEX_FEED] = [45, 9_001];
const stx = (more = {}) => ({ id: STX_FEED, price: 47_240_000n, confidence: 40_000n, ...more });
const alex = (more = {}) => ({ id: ALEX_FEED, price: 2_100_000n, confidence: 2_000n, ...more });
const lazerSource = (symbol, feed, bps = 100n) => call("set-lazer-source", [asset(symbol), Cl.uint(feed), Cl.uint(bps)]);
const send = (buffer) => call("post-lazer", [buffer, decoder()], stranger());
const postLazer = (feeds, at = now()) => send(update(at, feeds));

beforeEach(() => {
  openOracle();
  trust(SIGNER);
  lazerSource("STX", STX_FEED);
});

describe("post-lazer", () => {
  it("lets anyone bring USD per STX, signed, and judges it with the others", () => {
    const at = now();
    dia("STX/USD", 47_000_000n, at);

    expect(postLazer([stx()], at)).toEqual({ posted: "1", tripped: "0" });

    expect(topics()).toEqual(["lazer-posted"]);
    expect(event("lazer-posted")).toMatchObject({ by: stranger(), posted: "1" });
    expect(sources("STX").lazer).toEqual({ price: STX_USD, at });
    expect(read("get-stx-usd")).toMatchObject({ price: "471200000000", sources: "2" });
  });

  it("turns other prices into STX by the agreed USD per STX, that of the same update first, and lends its age", () => {
    lazerSource("ALEX", ALEX_FEED);
    const at = now();
    dia("STX/USD", 47_240_000n, at - 60n);

    expect(postLazer([alex(), stx()], at)).toEqual({ posted: "2", tripped: "0" });

    expect(sources("ALEX").lazer).toEqual({ price: (21_000_000_000n * E12) / STX_USD, at: at - 60n });
    expect(postLazer([alex({ price: 2_200_000n }), stx()], at + 1n)).toEqual({ posted: "2", tripped: "0" });
    expect(sources("ALEX").lazer.price).toBe((22_000_000_000n * E12) / STX_USD);
  });

  it("passes over what it cannot turn into STX, and keeps the rest", () => {
    lazerSource("ALEX", ALEX_FEED);

    expect(postLazer([alex(), stx()])).toEqual({ posted: "1", tripped: "0" });

    expect(sources("ALEX").lazer).toBe(undefined);
    expect(sources("STX").lazer.price).toBe(STX_USD);
  });

  it.each([
    [-8, 47_240_000n],
    [-5, 47_240n],
    [-10, 4_724_000_000n],
    [-12, 472_400_000_000n],
    [-18, 472_400_000_000_000_999n],
    [-3, 472n],
    [0, 1n],
    [6, 1n],
  ])("reads the exponent %i", (exponent, price) => {
    postLazer([stx({ exponent, price, confidence: exponent > -8 ? 1n : 1_000n })]);
    const usd = exponent >= -12 ? price * 10n ** BigInt(12 + exponent) : price / 10n ** BigInt(-12 - exponent);

    // A price of one unit is sure to one unit only: as unsure as it is large.
    if (price < 100n) expect(sources("STX").lazer).toBe(undefined);
    else expect(sources("STX").lazer.price).toBe(usd);
  });

  it("keeps nothing of a price that STX cannot express", () => {
    lazerSource("ALEX", ALEX_FEED);
    dia("STX/USD", 47_240_000n, now());

    expect(postLazer([stx(), alex({ price: 10n ** 14n, confidence: 1n })])).toEqual({ posted: "1", tripped: "0" });

    expect(sources("ALEX").lazer).toBe(undefined);
  });

  it("lends no price more time than its own", () => {
    lazerSource("ALEX", ALEX_FEED);
    const at = now();
    dia("STX/USD", 47_240_000n, at);

    postLazer([stx(), alex({ madeAt: (at - 30n) * 1_000_000n })], at);

    expect(sources("ALEX").lazer.at).toBe(at - 30n);
  });

  it("goes by enough sure sources, whatever an average too young to be sure says", () => {
    lazerSource("ALEX", ALEX_FEED);
    setReserves("STX", "ALEX", 10n ** 14n, 10n ** 14n);
    silence();
    dia("STX/USD", 47_240_000n, now());

    postLazer([stx(), alex()]);
    post(["ALEX", ON_CHAIN.ALEX]);

    expect(consensus("ALEX")).toMatchObject({ sources: "2" });
  });

  it("takes the time a feed was made when it is older than the update", () => {
    const at = now();

    postLazer([stx({ madeAt: (at - 30n) * 1_000_000n })], at);
    expect(sources("STX").lazer.at).toBe(at - 30n);
    postLazer([stx({ madeAt: (at + 90n) * 1_000_000n })], at + 1n);
    expect(sources("STX").lazer.at).toBe(at + 1n);
  });

  it("needs a price, an exponent and a confidence, each above zero where it can be", () => {
    expect(postLazer([stx({ confidence: undefined })])).toEqual(refused(codes.ERR_NO_CONFIDENCE));
    expect(postLazer([stx({ confidence: 0n })])).toEqual(refused(codes.ERR_NO_CONFIDENCE));
    expect(postLazer([stx({ price: -47_240_000n })])).toEqual(refused(codes.ERR_NO_PRICE));
    // What the decoder does not pass on is not there.
    for (const hole of [{ price: undefined }, { price: 0n }, { exponent: null }, { publishers: 0 }]) {
      expect(postLazer([stx(hole)])).toEqual(refused(codes.ERR_NO_FEED));
    }
  });

  it("refuses prices no arithmetic can hold, and none that it can", () => {
    const largest = 2n ** 63n - 1n;
    for (const [price, exponent] of [[largest, 6], [largest, 7], [largest, -31], [1_000_001n, 0], [largest, -12], [10n ** 17n, -30], [1n, 60], [largest, -90]]) {
      expect(postLazer([stx({ price, exponent, confidence: 1n })])).toEqual(refused(codes.ERR_NO_PRICE));
    }
    expect(postLazer([stx({ price: largest, exponent: -30, confidence: 1n })])).toEqual({ posted: "1", tripped: "0" });
    expect(sources("STX").lazer.price).toBe(9n);
    wait(10);
    expect(postLazer([stx({ price: 1_000_000n, exponent: 0, confidence: 1n })])).toEqual({ posted: "1", tripped: "0" });
  });

  it("takes a confidence of exactly the bound and refuses one unit more, however much", () => {
    for (const confidence of [472_401n, 47_240_000n, 47_240_001n, 2n ** 64n - 1n]) {
      expect(postLazer([stx({ confidence })])).toEqual(refused(codes.ERR_UNSURE));
    }
    expect(postLazer([stx({ confidence: 472_400n })])).toEqual({ posted: "1", tripped: "0" });
  });

  it("takes a stamp once, newer ones after it and no older one", () => {
    const at = now();
    expect(postLazer([stx()], at)).toEqual({ posted: "1", tripped: "0" });

    for (const again of [at, at - 1n]) expect(postLazer([stx()], again)).toEqual(refused(errors.ERR_OLDER_THAN_STORED));
    expect(postLazer([stx()], at + 1n)).toEqual({ posted: "1", tripped: "0" });
  });

  it("takes a stamp 120 s ahead and refuses 121", () => {
    const step = ahead();

    expect(postLazer([stx()], now() + step + 121n)).toEqual(refused(errors.ERR_FROM_FUTURE));
    expect(postLazer([stx()], now() + step + 120n)).toEqual({ posted: "1", tripped: "0" });
  });

  it("takes an update 300 s old, or as old as the asset's bound where that is tighter, and no older", () => {
    const step = ahead();

    expect(postLazer([stx()], now() + step - 301n)).toEqual(refused("1002"));
    expect(postLazer([stx()], now() + step - 300n)).toEqual({ posted: "1", tripped: "0" });
    configure("STX", { ...BOUNDS, age: 60n });
    expect(postLazer([stx()], now() + step - 61n)).toEqual(refused(errors.ERR_TOO_OLD));
    expect(postLazer([stx()], now() + step - 60n)).toEqual({ posted: "1", tripped: "0" });
  });

  it("takes only feeds that governance gave to an asset with bounds, and passes over all others", () => {
    expect(postLazer([stx({ id: 2 })])).toEqual(refused(codes.ERR_NO_FEED));
    expect(postLazer([])).toEqual(refused(codes.ERR_NO_FEED));
    expect(postLazer([stx({ id: 1, confidence: undefined }), stx()])).toEqual({ posted: "1", tripped: "0" });
    lazerSource(`${simnet.deployer}.flow-token`, 77);
    expect(postLazer([stx({ id: 77 })])).toEqual(refused(errors.ERR_UNKNOWN_ASSET));
  });

  it("takes ten feeds of ours in one update and no more", () => {
    const step = (n) => stx({ madeAt: (now() - 100n + BigInt(n)) * 1_000_000n });
    const feeds = Array.from({ length: 10 }, (_, n) => step(n));

    expect(postLazer([...feeds, step(10)])).toEqual(refused(codes.ERR_TOO_MANY_FEEDS));
  });

  it("believes no other signer, no other decoder, no broken update and no paused Lazer", () => {
    const at = now();
    const whole = signed(payload(BigInt(at) * 1_000_000n, [stx()]));
    const longer = Cl.bufferFromHex(`${whole.value}00`);
    const other = whole.value.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));

    expect(send(update(at, [stx()], OTHER_SIGNER))).toEqual(refused("2105"));
    expect(send(longer)).toEqual(refused("2103"));
    expect(send(Cl.bufferFromHex(other)).err).toMatch(/^210[45]$/);
    expect(send(Cl.bufferFromHex("00"))).toEqual(refused("2101"));
    simnet.deployContract("open-decoder", OPEN_DECODER, { clarityVersion: 4 }, simnet.deployer);
    expect(call("post-lazer", [whole, principal(`${simnet.deployer}.open-decoder`)], stranger())).toEqual(refused("1001"));
    act(simnet, LAZER, "pause", []);
    expect(send(whole)).toEqual(refused("4004"));
    act(simnet, LAZER, "unpause", []);
    expect(send(whole)).toEqual({ posted: "1", tripped: "0" });
  });

  it("leaves Lazer's fee to whoever posts", () => {
    const purse = () => simnet.getAssetsMap().get("STX").get(stranger());
    act(simnet, LAZER, "set-fee", [Cl.uint(5)]);
    const before = purse();

    postLazer([stx()]);

    expect(before - purse()).toBe(5n);
  });

  it("trips the breaker where it does not fit the others", () => {
    post(["STX", STX_USD]);

    expect(postLazer([stx({ price: 94_480_000n })])).toEqual({ posted: "1", tripped: "1" });
    expect(topics()).toEqual(["breaker-tripped", "lazer-posted"]);
    expect(read("get-stx-usd")).toEqual(refused(errors.ERR_TRIPPED));
  });
});

describe("set-lazer-source", () => {
  it("gives a feed to one asset, and frees it with the source", () => {
    expect(lazerSource("STX", STX_FEED)).toBe(true);
    expect(topics()).toEqual(["source-set"]);
    expect(lazerSource("ALEX", STX_FEED)).toEqual(refused(errors.ERR_BAD_SOURCE));
    expect(lazerSource("STX", STX_FEED, 50n)).toBe(true);
    expect(readOf("price-sources", "get-feed", Cl.uint(STX_FEED))).toEqual({ asset: `${simnet.deployer}.stx-token`, "max-conf-bps": "50" });
    expect(lazerSource("STX", 46)).toBe(true);
    expect(lazerSource("ALEX", STX_FEED)).toBe(true);

    expect(remove("ALEX", "alex")).toBe(true);
    expect(readOf("price-sources", "get-feed", Cl.uint(STX_FEED))).not.toBe(null);
    expect(readOf("price-sources", "get-sources", asset("ALEX")).lazer).not.toBe(null);
    expect(remove("ALEX", "lazer")).toBe(true);
    expect(readOf("price-sources", "get-sources", asset("ALEX")).lazer).toBe(null);

    expect(readOf("price-sources", "get-feed", Cl.uint(STX_FEED))).toBe(null);
    expect(postLazer([stx()])).toEqual(refused(codes.ERR_NO_FEED));
  });

  it("takes a bound of 1 to 1,000 basis points and any feed but the zeroth", () => {
    for (const bps of [0n, 1_001n, MAX_UINT]) expect(lazerSource("STX", 46, bps)).toEqual(refused(errors.ERR_BAD_SOURCE));
    expect(lazerSource("STX", 0)).toEqual(refused(errors.ERR_BAD_SOURCE));
    for (const bps of [1n, 1_000n]) expect(lazerSource("STX", 46, bps)).toBe(true);
    for (const feed of [1n, MAX_UINT]) expect(lazerSource("STX", feed)).toBe(true);
  });

  it("forgets what the feed said when it is removed", () => {
    postLazer([stx()]);
    post(["ALEX", ON_CHAIN.ALEX]);
    remove("STX", "lazer");

    expect(sources("STX").lazer).toBe(undefined);
  });
});

const OPEN_DECODER = `
(impl-trait '${LAZER.split(".")[0]}.pyth-lazer-traits.decoder-trait)
(define-public (decode-and-verify-price-feeds (update (buff 8192)))
  (ok { timestamp: u0, channel: u0, price-feeds: (list) }))`;
