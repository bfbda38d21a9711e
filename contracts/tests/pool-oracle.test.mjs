import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { errorsOf } from "./samples/adapters.mjs";
import {
  BOUNDS, E12, MAX_UINT, ON_CHAIN, STX_USD, ahead, alexSource, asset, call, configure, consensus, dia, diaSource,
  event, guardian, hop, manual, now, observe, openOracle, oracle, post, read, refused, remove, reporter, rows,
  sources, stranger, topics, velarSource, watch,
} from "./samples/oracle.mjs";

const errors = errorsOf("pool-oracle");

beforeEach(() => {
  openOracle();
  watch();
});

describe("post-prices", () => {
  it("stores the report and reads every on-chain source of those assets, and no other's", () => {
    dia("STX/USD", 47_000_000n, now());
    const [at, before] = [now(), sources("STSTX")];

    const posted = post(["STX", STX_USD, at], ["ALEX", 44_000_000_000n, at], ["WELSH", 1_700_000_000n, at], ["DIKO", 18_000_000_000n, at]);

    expect(posted).toEqual({ posted: "4", tripped: "0" });
    expect(topics()).toEqual(["prices-posted"]);
    expect(sources("ALEX").reported).toEqual({ price: 44_000_000_000n, at });
    expect(sources("ALEX").alex.price).toBe(ON_CHAIN.ALEX);
    expect(sources("ALEX").alex.at).toBeGreaterThanOrEqual(at);
    expect(sources("DIKO").alex.price).toBe(ON_CHAIN.DIKO);
    expect(sources("STX").dia).toEqual({ price: 470_000_000_000n, at: at - 10n });
    expect(Object.keys(sources("WELSH"))).toEqual(["reported", "alex", "velar"]);
    expect(sources("WELSH").velar.price).toBe(ON_CHAIN.WELSH);
    expect(sources("STSTX")).toEqual(before);
  });

  it("refuses whoever is no reporter, governance included", () => {
    for (const sender of [stranger(), guardian(), simnet.deployer]) {
      expect(call("post-prices", rows(["ALEX", ON_CHAIN.ALEX]), sender)).toEqual(refused(errors.ERR_NOT_REPORTER));
    }
  });

  it("refuses an asset without bounds and prices no arithmetic can hold, and then stores nothing of the call", () => {
    const before = sources("ALEX");
    expect(post([`${simnet.deployer}.flow-token`, 0n])).toEqual(refused(errors.ERR_UNKNOWN_ASSET));
    expect(post(["ALEX", ON_CHAIN.ALEX], [`${simnet.deployer}.flow-token`, E12])).toEqual(refused(errors.ERR_UNKNOWN_ASSET));
    for (const price of [0n, 10n ** 18n + 1n, MAX_UINT]) {
      expect(post(["ALEX", price])).toEqual(refused(errors.ERR_PRICE_OUT_OF_RANGE));
    }
    expect(sources("ALEX")).toEqual(before);
    for (const price of [1n, 10n ** 18n]) expect(post(["ALEX", price])).toMatchObject({ posted: "1" });
  });

  it("takes a stamp 120 s ahead and refuses 121, however far", () => {
    const step = ahead();

    expect(post(["ALEX", ON_CHAIN.ALEX, now() + step + 121n])).toEqual(refused(errors.ERR_FROM_FUTURE));
    expect(post(["ALEX", ON_CHAIN.ALEX, MAX_UINT])).toEqual(refused(errors.ERR_FROM_FUTURE));
    expect(post(["ALEX", ON_CHAIN.ALEX, now() + step + 120n])).toEqual({ posted: "1", tripped: "0" });
  });

  it("takes a stamp as old as the bound and refuses one second more", () => {
    const step = ahead();

    expect(post(["ALEX", ON_CHAIN.ALEX, now() + step - BOUNDS.age - 1n])).toEqual(refused(errors.ERR_TOO_OLD));
    expect(post(["ALEX", ON_CHAIN.ALEX, 0n])).toEqual(refused(errors.ERR_TOO_OLD));
    expect(post(["ALEX", ON_CHAIN.ALEX, now() + step - BOUNDS.age])).toEqual({ posted: "1", tripped: "0" });
  });

  it("refuses a stamp older than the stored one, and takes the same again", () => {
    const at = now();
    post(["ALEX", ON_CHAIN.ALEX, at]);

    expect(post(["ALEX", ON_CHAIN.ALEX, at - 1n])).toEqual(refused(errors.ERR_OLDER_THAN_STORED));
    expect(post(["ALEX", ON_CHAIN.ALEX, at])).toEqual({ posted: "1", tripped: "0" });
  });
});

describe("get-consensus-price", () => {
  it("is the median: the middle one, or the mean of the middle two rounded down", () => {
    post(["ALEX", 44_444_444_441n], ["WELSH", 1_700_000_000n]);

    expect(consensus("ALEX")).toMatchObject({ price: "44444444442", sources: "2" });
    expect(consensus("WELSH")).toMatchObject({ price: String(ON_CHAIN.WELSH), sources: "3" });
    post(["WELSH", 1_600_000_000n]);
    expect(consensus("WELSH")).toMatchObject({ price: String(ON_CHAIN.WELSH), sources: "3" });
  });

  it("orders four and five sources, wherever the odd one stands", () => {
    call("set-ratio-source", [asset("STSTX")]);
    dia("STX/USD", 47_240_000n, now());
    dia("WELSH/USD", 80_000n, now());
    diaSource("WELSH", "WELSH/USD");

    post(["STX", STX_USD], ["WELSH", 1_600_000_000n]);

    // 0.0008 USD / 0.4724 = 0.001693480 STX; the others 0.0016, 0.001666666 twice.
    expect(sources("WELSH").dia.price).toBe(1_693_480_101n);
    expect(consensus("WELSH")).toMatchObject({ price: String(ON_CHAIN.WELSH), sources: "4" });
    post(["STX", STX_USD], ["WELSH", 1_760_000_000n]);
    expect(consensus("WELSH")).toMatchObject({ price: String((1_666_666_666n + 1_693_480_101n) / 2n), sources: "4" });
  });

  it("tells how old its oldest source is", () => {
    const at = now() - 300n;
    post(["ALEX", ON_CHAIN.ALEX, at]);

    expect(consensus("ALEX")["oldest-at"]).toBe(String(at));
  });

  it("STX is always worth one STX, with no source at all", () => {
    expect(consensus("STX")).toMatchObject({ price: String(E12), sources: "1" });
  });

  it("needs the least number of sources", () => {
    remove("ALEX", "alex");
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TOO_FEW_SOURCES));
    post(["ALEX", ON_CHAIN.ALEX]);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TOO_FEW_SOURCES));
    configure("ALEX", { ...BOUNDS, least: 1n });
    expect(consensus("ALEX")).toMatchObject({ price: String(ON_CHAIN.ALEX), sources: "1" });
    expect(consensus(`${simnet.deployer}.flow-token`)).toEqual(refused(errors.ERR_UNKNOWN_ASSET));
  });

  it("uses a price to the last second of its bound and not one second longer", () => {
    const at = now();
    post(["ALEX", ON_CHAIN.ALEX, at]);
    const reported = sources("ALEX").reported.at;
    const setAge = (extra) => {
      const step = ahead();
      configure("ALEX", { ...BOUNDS, age: now() + step - reported + extra });
      return now() - reported;
    };

    expect(setAge(0n)).toBe(BigInt(read("get-config", asset("ALEX"))["max-age-secs"]));
    expect(consensus("ALEX")).toMatchObject({ sources: "2" });
    expect(setAge(-1n)).toBe(BigInt(read("get-config", asset("ALEX"))["max-age-secs"]) + 1n);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_STALE_PRICE));
  });

  it("goes stale by itself when nobody posts", () => {
    post(["ALEX", ON_CHAIN.ALEX]);
    expect(consensus("ALEX")).toMatchObject({ sources: "2" });

    simnet.mineEmptyBurnBlocks(3);

    expect(consensus("ALEX")).toEqual(refused(errors.ERR_STALE_PRICE));
    expect(sources("ALEX").reported.price).toBe(ON_CHAIN.ALEX);
  });

  it("refuses sources that a tighter bound finds apart", () => {
    post(["ALEX", 44_000_000_000n]);
    configure("ALEX", { ...BOUNDS, spread: 100n });

    expect(consensus("ALEX")).toEqual(refused(errors.ERR_SOURCES_APART));
  });
});

describe("get-prices", () => {
  it("answers each asset in order, STX with one, and none for what is not agreed", () => {
    remove("STSTX", "ratio");
    post(["ALEX", ON_CHAIN.ALEX], ["WELSH", 2n * ON_CHAIN.WELSH]);
    const asked = ["WELSH", "STX", "ALEX", "STSTX", `${simnet.deployer}.flow-token`];

    expect(read("get-prices", Cl.list(asked.map(asset)))).toEqual([null, String(E12), String(ON_CHAIN.ALEX), null, null]);
    expect(read("get-prices", Cl.list([]))).toEqual([]);
  });

  it("takes ten assets at once", () => {
    const ten = [...Object.keys(ON_CHAIN), ...Object.keys(ON_CHAIN), "ALEX", "WELSH"];
    post(...Object.entries(ON_CHAIN));

    expect(read("get-prices", Cl.list(ten.map(asset)))).toEqual(ten.map((symbol) => String(ON_CHAIN[symbol])));
  });
});

describe("observe", () => {
  it("lets anyone have the on-chain sources looked at and judged again, without a report", () => {
    const before = sources("STSTX");

    expect(observe("STSTX", "ALEX")).toEqual({ posted: "2", tripped: "0" });

    expect(topics()).toEqual(["prices-observed"]);
    expect(event("prices-observed")).toMatchObject({ by: stranger(), observed: "2", tripped: "0" });
    expect(sources("STSTX").alex.at).toBe(before.alex.at + 10n);
    expect(consensus("STSTX")).toMatchObject({ sources: "2" });
  });

  it("keeps prices alive that need no reporter, and no other's", () => {
    post(["ALEX", ON_CHAIN.ALEX], ["STSTX", ON_CHAIN.STSTX]);
    watch("ALEX", "STSTX");

    expect(consensus("STSTX")).toMatchObject({ sources: "2" });
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_STALE_PRICE));
  });

  it("refuses an asset without bounds, and takes none at all", () => {
    expect(observe("ALEX", `${simnet.deployer}.flow-token`)).toEqual(refused(errors.ERR_UNKNOWN_ASSET));
    expect(observe()).toEqual({ posted: "0", tripped: "0" });
  });

  it("neither trips nor accepts where nobody has spoken lately", () => {
    configure("STX");

    expect(observe("STX")).toEqual({ posted: "1", tripped: "0" });
    expect(read("get-stx-usd")).toEqual(refused(errors.ERR_TOO_FEW_SOURCES));
  });
});

describe("governance", () => {
  it("alone sets bounds and sources", () => {
    const no = refused(errors.ERR_NOT_GOVERNANCE);
    for (const sender of [stranger(), reporter(), guardian()]) {
      expect(configure("ALEX", BOUNDS, sender)).toEqual(no);
      expect(call("set-alex-source", [asset("ALEX"), Cl.list([hop("STX", "ALEX")])], sender)).toEqual(no);
      expect(call("set-velar-source", [asset("WELSH"), Cl.uint(1), Cl.bool(false)], sender)).toEqual(no);
      expect(call("set-ratio-source", [asset("STSTX")], sender)).toEqual(no);
      expect(call("set-dia-source", [asset("STX"), Cl.stringAscii("STX/USD")], sender)).toEqual(no);
      expect(call("remove-source", [asset("ALEX"), Cl.stringAscii("alex")], sender)).toEqual(no);
      expect(call("set-lazer-source", [asset("STX"), Cl.uint(45), Cl.uint(100)], sender)).toEqual(no);
      expect(manual("ALEX", E12, 60n, sender)).toEqual(no);
      expect(call("clear-manual-price", [asset("ALEX")], sender)).toEqual(no);
    }
  });

  it("cannot set bounds of zero or beyond what the design allows", () => {
    const worst = { least: 6n, age: 86_401n, spread: 1_001n, jump: 1_001n };
    for (const name of Object.keys(BOUNDS)) {
      for (const value of [0n, worst[name], MAX_UINT]) {
        expect(configure("ALEX", { ...BOUNDS, [name]: value })).toEqual(refused(errors.ERR_BAD_CONFIG));
      }
      for (const value of [1n, worst[name] - 1n]) expect(configure("ALEX", { ...BOUNDS, [name]: value })).toBe(true);
    }
    expect(topics()).toEqual(["asset-configured"]);
    expect(alexSource("ALEX", hop("STX", "ALEX"))).toBe(true);
    expect(topics()).toEqual(["source-set"]);
  });

  it("shows what it allows: a single source, if one is enough for it", () => {
    configure("ALEX", { ...BOUNDS, least: 1n });

    expect(read("get-config", asset("ALEX"))["min-sources"]).toBe("1");
    expect(event("asset-configured")).toMatchObject({ before: { "min-sources": "2" }, after: { "min-sources": "1" } });
  });
});

describe("the errors of the other files", () => {
  it("trip and reset by name", () => {
    expect(call("reset-breaker", [asset("ALEX")], stranger())).toEqual(refused(errors.ERR_NOT_GUARDIAN));
    expect(call("reset-breaker", [asset("ALEX")], guardian())).toEqual(refused(errors.ERR_NOT_TRIPPED));
    expect(post(["ALEX", 2n * ON_CHAIN.ALEX])).toEqual({ posted: "1", tripped: "1" });
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TRIPPED));
    expect(velarSource("ALEX", 1)).toEqual(refused(errors.ERR_BAD_SOURCE));
  });
});
