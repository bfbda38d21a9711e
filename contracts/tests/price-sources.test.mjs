import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { errorsOf } from "./samples/adapters.mjs";
import { SIGNER, decoder, trust, update } from "./samples/lazer.mjs";
import {
  alexSource, asset, call, callTo, dia, guardian, hop, now, openOracle, readOf, refused, reporter, stranger, velarSource,
} from "./samples/oracle.mjs";
import { WSTX, openVelarPool } from "./samples/venues.mjs";

const errors = errorsOf("price-sources");
const contract = () => `${simnet.deployer}.price-sources`;
const lazerSource = (symbol, feed, bps = 100n) => call("set-lazer-source", [asset(symbol), Cl.uint(feed), Cl.uint(bps)]);
const feed = (more = {}) => ({ id: 45, price: 47_240_000n, confidence: 40_000n, ...more });
const readLazer = (feeds, at = now()) => callTo(contract(), "read-lazer", [update(at, feeds), decoder()], stranger());

beforeEach(() => {
  openOracle();
  trust(SIGNER);
});

describe("looking and setting", () => {
  it("are the oracle's alone", () => {
    for (const sender of [stranger(), reporter(), guardian(), simnet.deployer]) {
      const mayNot = (name, ...args) => expect(callTo(contract(), name, [asset("ALEX"), ...args], sender)).toEqual(refused(errors.ERR_NOT_ORACLE));
      mayNot("look");
      mayNot("forget-averages");
      mayNot("set-alex", Cl.list([hop("STX", "ALEX")]));
      mayNot("set-velar", Cl.uint(1), Cl.bool(false));
      mayNot("set-ratio");
      mayNot("set-dia", Cl.stringAscii("ALEX/USD"));
      mayNot("set-lazer", Cl.uint(45), Cl.uint(100));
      mayNot("remove", Cl.stringAscii("alex"));
    }
  });

  it("keep what an asset had when one source is refused, which the oracle calls ERR_BAD_SOURCE as well", () => {
    const before = readOf("price-sources", "get-sources", asset("WELSH"));

    expect(call("set-velar-source", [asset("WELSH"), Cl.uint(2), Cl.bool(false)])).toEqual(refused(errorsOf("pool-oracle").ERR_BAD_SOURCE));

    expect(readOf("price-sources", "get-sources", asset("WELSH"))).toEqual(before);
    expect(errors.ERR_BAD_SOURCE).toBe("3301");
  });

  it("give STX, which all prices are told in, no price of its own, even where a venue has one", () => {
    const id = openVelarPool(simnet, WSTX, `${simnet.deployer}.stx-token`, 10n ** 6n, 10n ** 6n);

    expect(velarSource("STX", id)).toEqual(refused(errorsOf("pool-oracle").ERR_BAD_SOURCE));
    expect(alexSource("STX", hop("STX", "ALEX"))).toEqual(refused(errorsOf("pool-oracle").ERR_BAD_SOURCE));
  });
});

describe("read-lazer", () => {
  beforeEach(() => lazerSource("STX", 45));

  it("gives what the feeds say in USD, USD per STX first, and changes nothing", () => {
    lazerSource("ALEX", 77);
    dia("STX/USD", 47_240_000n, now());
    const at = now();

    expect(readLazer([feed({ id: 77, price: 2_100_000n, confidence: 1n }), feed(), feed({ id: 3 })], at)).toEqual([
      { asset: `${simnet.deployer}.stx-token`, price: "472400000000", at: String(at) },
      { asset: asset("ALEX").value, price: "21000000000", at: String(at) },
    ]);
    expect(readOf("pool-oracle", "get-sources", asset("STX"))).toEqual([]);
  });

  it("has a name for everything that can be wrong with an update", () => {
    expect(readLazer([feed({ id: 3 })])).toEqual(refused(errors.ERR_NO_FEED));
    expect(readLazer([feed({ price: -1n })])).toEqual(refused(errors.ERR_NO_PRICE));
    expect(readLazer([feed({ confidence: undefined })])).toEqual(refused(errors.ERR_NO_CONFIDENCE));
    expect(readLazer([feed({ confidence: 472_401n })])).toEqual(refused(errors.ERR_UNSURE));
    expect(readLazer(Array.from({ length: 11 }, () => feed()))).toEqual(refused(errors.ERR_TOO_MANY_FEEDS));
    expect(readLazer(Array.from({ length: 10 }, () => feed()))).toHaveLength(10);
  });
});
