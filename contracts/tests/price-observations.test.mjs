import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { errorsOf } from "./samples/adapters.mjs";
import {
  BOUNDS, E12, MAX_UINT, ON_CHAIN, asset, boundsOf, call, callTo, guardian, manual, now, observe, openOracle, post, readOf, refused, remove, reporter,
  setReserves, silence, stranger, topics, wait, watch,
} from "./samples/oracle.mjs";

const errors = errorsOf("price-observations");
const contract = () => `${simnet.deployer}.price-observations`;
const weigh = (symbol, bounds = BOUNDS) => readOf("price-observations", "weigh", asset(symbol), boundsOf(bounds));
const clear = (symbol) => call("clear-manual-price", [asset(symbol)]);

beforeEach(() => openOracle());

describe("note, forget, set-manual and clear-manual", () => {
  it("are the oracle's alone: nobody else tells what a source said", () => {
    const none = Object.fromEntries(["reported", "alex", "velar", "ratio", "dia", "lazer"].map((source) => [source, Cl.none()]));
    manual("ALEX", E12, 60n);
    for (const sender of [stranger(), reporter(), guardian(), simnet.deployer]) {
      const mayNot = (name, ...args) => expect(callTo(contract(), name, [asset("ALEX"), ...args], sender)).toEqual(refused(errors.ERR_NOT_ORACLE));
      mayNot("note", Cl.tuple(none), boundsOf(BOUNDS), Cl.none());
      mayNot("forget", Cl.stringAscii("alex"));
      mayNot("set-manual", Cl.uint(1), Cl.uint(1));
      mayNot("clear-manual");
    }
  });

  it("a price by hand is above zero, within the arithmetic, and holds a week at most", () => {
    for (const price of [0n, 10n ** 18n + 1n, MAX_UINT]) expect(manual("ALEX", price, 60n)).toEqual(refused(errors.ERR_PRICE_OUT_OF_RANGE));
    for (const secs of [0n, 604_801n, MAX_UINT]) expect(manual("ALEX", E12, secs)).toEqual(refused(errors.ERR_BAD_DURATION));
    expect(clear("ALEX")).toEqual(refused(errors.ERR_NO_MANUAL_PRICE));
    expect(manual("ALEX", E12, 604_800n)).toBe(true);
    expect(clear("ALEX")).toBe(true);
    expect(topics()).toEqual(["manual-price-cleared"]);
  });
});

describe("weigh", () => {
  it("of nothing at all is no price, and no number that could pass for one", () => {
    expect(weigh("ALEX")).toMatchObject({ price: "0", sources: "0", stored: "0", apart: false, odd: false, "oldest-at": null });
  });

  it("lets the first source to grow old end the whole judgement", () => {
    watch("ALEX");
    const at = now() - 700n;
    post(["ALEX", ON_CHAIN.ALEX, at]);

    expect(weigh("ALEX")).toMatchObject({ sources: "2", "oldest-at": String(at), until: String(at + BOUNDS.age) });
    expect(weigh("ALEX", { ...BOUNDS, age: 60n })).toMatchObject({ sources: "1", stored: "2", until: String(now() + 60n) });
  });

  it("finds firm sources apart beyond the bound, and not at it", () => {
    setReserves("STX", "ALEX", 10n ** 14n, 10n ** 14n);
    watch("ALEX");
    post(["ALEX", 1_105_263_157_894n]);

    expect(weigh("ALEX")).toMatchObject({ apart: false });
    expect(weigh("ALEX", { ...BOUNDS, spread: 999n })).toMatchObject({ apart: true });
  });

  it.each([
    [99, 2, false],
    [90, 2, false],
    [89, 1, true],
    [110, 2, false],
    [111, 1, true],
  ])("counts an average that is not firm at %i hundredths of the rest as %i sources together, and odd is %s", (percent, count, odd) => {
    remove("WELSH", "velar");
    setReserves("STX", "ALEX", BigInt(percent) * 10n ** 12n, 10n ** 14n);
    silence();
    post(["ALEX", E12]);

    expect(weigh("ALEX")).toMatchObject({ price: String(E12), sources: String(count), odd, apart: false, stored: "2" });
  });

  it("takes averages that are not firm for nothing where nobody else has spoken", () => {
    call("observe", [Cl.list([asset("WELSH")])]);

    expect(weigh("WELSH")).toMatchObject({ price: "0", sources: "0", stored: "2", odd: false });
  });

  it("takes an average that is not firm for nothing once it has grown old, near the rest or far from it", () => {
    remove("WELSH", "velar");
    for (const percent of [99n, 50n]) {
      setReserves("STX", "ALEX", percent * 10n ** 12n, 10n ** 14n);
      silence();
      observe("ALEX");
      wait(500);
      manual("ALEX", E12, 3_600n);

      expect(weigh("ALEX", { ...BOUNDS, age: 300n })).toMatchObject({ price: String(E12), sources: "1", odd: false });
    }
  });
});
