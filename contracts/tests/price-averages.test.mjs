import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { errorsOf } from "./samples/adapters.mjs";
import {
  E12, MAX_UINT, ON_CHAIN, asset, call, callTo, consensus, now, observe, openOracle, post, readOf, refused, reporter, setReserves, setVelar,
  sources, stranger, wait, waitUntil, watch,
} from "./samples/oracle.mjs";

const errors = errorsOf("price-averages");
const contract = () => `${simnet.deployer}.price-averages`;
const average = (symbol, venue = "alex") => {
  const seen = readOf("price-averages", "get-average", asset(symbol), Cl.stringAscii(venue));
  return seen && { price: BigInt(seen.price), at: BigInt(seen.at), secs: BigInt(seen["window-secs"]), firm: seen.firm };
};
// One ALEX for so many thousandths of an STX.
const pool = (thousandths) => setReserves("STX", "ALEX", 10n ** 11n * BigInt(thousandths), 10n ** 14n);
const thousandths = (x) => (10n ** 12n * BigInt(x)) / 1_000n;
const sum = () => BigInt(readOf("price-averages", "get-row", asset("ALEX"), Cl.stringAscii("alex")).sum);
const look = (every, times) => {
  for (let n = 0; n < times; n += 1) {
    wait(every);
    observe("ALEX");
  }
};

beforeEach(() => {
  openOracle();
  pool(1_000);
});

describe("observe", () => {
  it("starts with the moment's price, not firm, and says nothing before", () => {
    expect(average("ALEX")).toBe(null);
    observe("ALEX");

    expect(average("ALEX")).toEqual({ price: E12, at: now(), secs: 0n, firm: false });
  });

  it("is firm after fifteen minutes, to the second", () => {
    observe("ALEX");
    const start = now();
    waitUntil(start + 440n);
    observe("ALEX");
    waitUntil(start + 890n);
    observe("ALEX");
    expect(average("ALEX")).toMatchObject({ secs: 890n, firm: false });

    waitUntil(start + 900n);
    observe("ALEX");

    expect(average("ALEX")).toEqual({ price: E12, at: start + 900n, secs: 900n, firm: true });
  });

  it.each([2, 10, 1_000])("is not moved by a pool that is %i times dearer for one block, even if it is looked at just then", (times) => {
    look(300, 5);
    const before = average("ALEX").price;

    pool(1_000 * times);
    observe("ALEX");
    pool(1_000);
    observe("ALEX");
    expect(average("ALEX").price).toBe(before);
    look(300, 1);
    expect(average("ALEX").price).toBe(before);
  });

  it("is not moved by one that is dearer until shortly before the next look, or from shortly before the last", () => {
    look(300, 5);

    pool(2_000);
    wait(250);
    pool(1_000);
    look(50, 1);
    expect(average("ALEX").price).toBe(E12);
    pool(500);
    observe("ALEX");
    pool(1_000);
    look(300, 1);
    expect(average("ALEX").price).toBe(E12);
  });

  it("moves by the time a price stood, and by no more than five minutes between two looks", () => {
    look(300, 4);
    const { secs } = average("ALEX");
    pool(1_300);
    observe("ALEX"); // it counts from here

    look(90, 1);
    const span = average("ALEX").secs;
    const expected = (thousandths(1_300) * 100n + E12 * (span - 100n)) / span;
    expect(span).toBeGreaterThan(secs);
    expect(average("ALEX").price).toBeLessThan(E12 + (thousandths(300) * 101n) / 900n);
    expect(average("ALEX").price).toBeGreaterThanOrEqual(expected - 1n);

    const [mean, before] = [average("ALEX").price, sum()];
    look(880, 1);
    expect(sum() - before).toBe(thousandths(1_300) * 300n + mean * 590n);
  });

  it("is where the venue is once it stood there for two windows", () => {
    look(300, 4);
    pool(1_050);
    look(290, 8);

    expect(average("ALEX").price).toBe(thousandths(1_050));
    expect(average("ALEX").secs).toBeGreaterThanOrEqual(900n);
    expect(average("ALEX").secs).toBeLessThanOrEqual(2_100n);
  });

  it("goes on after 900 seconds without a look, and starts again after one block more", () => {
    look(300, 5);
    const start = now();
    waitUntil(start + 900n);
    observe("ALEX");
    expect(now()).toBe(start + 900n);
    expect(average("ALEX").firm).toBe(true);
    pool(2_000);
    waitUntil(start + 1_810n);
    observe("ALEX");

    expect(average("ALEX")).toEqual({ price: 2n * E12, at: start + 1_810n, secs: 0n, firm: false });
  });

  it("keeps what it knew while the venue says nothing", () => {
    look(300, 5);
    const before = average("ALEX");
    setReserves("STX", "ALEX", 0n, 0n);
    look(100, 1);

    expect(average("ALEX")).toEqual(before);
    expect(sources("ALEX").alex.at).toBe(before.at);
  });

  it("watches each venue of an asset apart", () => {
    watch("WELSH");
    setVelar(500_000n * 10n ** 6n, 150_000_000n * 10n ** 6n);
    watch("WELSH");

    expect(average("WELSH", "velar").price).toBe(3_333_333_333n);
    expect(average("WELSH").price).toBe(ON_CHAIN.WELSH);
  });

  it("after a day without a look, lets the first report be agreed on", () => {
    watch("ALEX");
    wait(86_400);
    pool(3_000);

    expect(post(["ALEX", 3n * E12])).toEqual({ posted: "1", tripped: "0" });

    expect(consensus("ALEX")).toMatchObject({ price: String(3n * E12), sources: "2" });
  });

  it("refuses whoever is not the oracle's reader, and prices it could not add up", () => {
    for (const sender of [stranger(), reporter(), simnet.deployer]) {
      const args = [asset("ALEX"), Cl.stringAscii("alex"), Cl.uint(E12)];
      expect(callTo(contract(), "observe", args, sender)).toEqual(refused(errors.ERR_NOT_ORACLE));
      expect(callTo(contract(), "forget", [asset("ALEX")], sender)).toEqual(refused(errors.ERR_NOT_ORACLE));
    }
  });
});

describe("forget", () => {
  it("comes with a reset of the breaker, and starts again", () => {
    look(300, 4);
    post(["ALEX", 2n * E12]);
    pool(2_000);

    call("reset-breaker", [asset("ALEX")]);

    expect(average("ALEX")).toEqual({ price: 2n * E12, at: now(), secs: 0n, firm: false });
  });
});

describe("the edges of a price", () => {
  // The same source under another deployer obeys a reader of theirs: one that passes any price on.
  const READER = `(define-public (pass (price uint)) (contract-call? .price-averages observe tx-sender "alex" price))`;
  const pass = (price) => callTo(`${stranger()}.price-sources`, "pass", [Cl.uint(price)], stranger());

  beforeEach(() => {
    const source = simnet.getContractSource(contract());
    simnet.deployContract("price-averages", source, { clarityVersion: 4 }, stranger());
    simnet.deployContract("price-sources", READER, { clarityVersion: 4 }, stranger());
  });

  it("are one and a million STX with twelve decimals", () => {
    for (const price of [0n, 10n ** 18n + 1n, MAX_UINT]) expect(pass(price)).toEqual(refused(errors.ERR_PRICE_OUT_OF_RANGE));
    for (const price of [1n, 10n ** 18n]) expect(pass(price)).toMatchObject({ price: "1" });
  });

  it("the largest price can stand for years", () => {
    for (let n = 0; n < 20; n += 1) {
      wait(890);
      expect(pass(10n ** 18n)).toMatchObject({ price: String(10n ** 18n) });
    }
  });
});
