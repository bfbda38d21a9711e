import { beforeEach, describe, expect, it } from "vitest";

import { errorsOf } from "./samples/adapters.mjs";
import {
  BOUNDS, E12, ON_CHAIN, accepted, ahead, asset, call, configure, consensus, event, guardian, now, observe, openOracle, post,
  read, refused, remove, reporter, setReserves, setVelar, silence, sources, stranger, topics, waitUntil, watch,
} from "./samples/oracle.mjs";

const errors = errorsOf("pool-oracle");

beforeEach(() => {
  openOracle();
  watch();
});

describe("the breaker", () => {
  it("stays in at a gap of exactly the bound and trips one unit beyond", () => {
    setReserves("STX", "ALEX", 10n ** 14n, 10n ** 14n); // 1 STX; with 21/19 the mean is 20/19 and the gap a tenth of it
    watch("ALEX");
    configure("ALEX", { ...BOUNDS, jump: 1_000n });
    const [edge, beyond] = [1_105_263_157_894n, 1_105_263_157_896n];

    expect(post(["ALEX", edge])).toEqual({ posted: "1", tripped: "0" });
    expect(consensus("ALEX")).toMatchObject({ sources: "2" });
    expect(post(["ALEX", beyond])).toEqual({ posted: "1", tripped: "1" });
    expect(topics()).toEqual(["breaker-tripped", "prices-posted"]);
  });

  it("keeps what tripped it for inspection, and the rest of the call", () => {
    const at = now();

    const posted = post(["ALEX", 2n * ON_CHAIN.ALEX, at], ["DIKO", ON_CHAIN.DIKO, at]);

    expect(posted).toEqual({ posted: "2", tripped: "1" });
    expect(sources("ALEX").reported.price).toBe(2n * ON_CHAIN.ALEX);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TRIPPED));
    expect(consensus("DIKO")).toMatchObject({ price: String(ON_CHAIN.DIKO) });
  });

  const at = (x) => (10n ** 12n * x) / 1_000n;
  // Venue and report together say x thousandths of an STX for one ALEX.
  const world = (x) => {
    setReserves("STX", "ALEX", 10n ** 11n * x, 10n ** 14n);
    silence(); // long enough for the average to start again from there
    return post(["ALEX", at(x)]);
  };

  it("trips when all sources jump together by more than the bound within a day, and not at the bound", () => {
    expect(world(1_000n)).toEqual({ posted: "1", tripped: "0" });
    expect(accepted("ALEX").price).toBe(String(E12));
    expect(world(1_100n)).toEqual({ posted: "1", tripped: "0" });
    expect(world(1_101n)).toEqual({ posted: "1", tripped: "1" });
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TRIPPED));
    expect(accepted("ALEX").price).toBe(String(E12));
  });

  it("cannot be walked past the bound in small steps within an hour", () => {
    expect(world(1_000n)).toEqual({ posted: "1", tripped: "0" });
    expect(world(1_090n)).toEqual({ posted: "1", tripped: "0" });
    expect(world(1_188n)).toEqual({ posted: "1", tripped: "1" });
  });

  it("keeps the ground for an hour, to the second", () => {
    world(1_000n);
    const due = BigInt(accepted("ALEX").at) + 3_600n;
    const step = ahead();
    setReserves("STX", "ALEX", 10n ** 11n * 1_090n, 10n ** 14n);
    waitUntil(due - 10n);

    expect(now() + step).toBe(due - 10n);
    post(["ALEX", at(1_090n)]);
    expect(accepted("ALEX").price).toBe(String(E12));
    expect(now() + step).toBe(due);
    post(["ALEX", at(1_090n)]);
    expect(accepted("ALEX")).toEqual({ price: String(at(1_090n)), at: String(due) });
  });

  it("follows a move of nine percent an hour", () => {
    for (const x of [1_000n, 1_090n, 1_188n, 1_294n]) {
      expect(world(x)).toEqual({ posted: "1", tripped: "0" });
      expect(accepted("ALEX").price).toBe(String(at(x)));
      simnet.mineEmptyBurnBlocks(7); // an hour and a little
    }
  });

  it("forgets the ground after a day, to the second", () => {
    const doubledAfter = (secs) => {
      expect(call("reset-breaker", [asset("ALEX")])).toBe(true);
      setReserves("STX", "ALEX", 10n ** 14n, 10n ** 14n);
      silence();
      expect(post(["ALEX", E12])).toEqual({ posted: "1", tripped: "0" });
      const ground = BigInt(accepted("ALEX").at);
      setReserves("STX", "ALEX", 2n * 10n ** 14n, 10n ** 14n);
      waitUntil(ground + secs);
      expect(now() + 10n).toBe(ground + secs);
    };
    post(["ALEX", 2n * ON_CHAIN.ALEX]);
    doubledAfter(86_400n);
    expect(post(["ALEX", 2n * E12])).toEqual({ posted: "1", tripped: "1" });

    doubledAfter(86_410n);
    expect(post(["ALEX", 2n * E12])).toEqual({ posted: "1", tripped: "0" });
  });

  it("trips on a reported jump alone, while the median stands", () => {
    post(["WELSH", ON_CHAIN.WELSH]);
    configure("WELSH", { ...BOUNDS, jump: 100n });

    expect(post(["WELSH", (ON_CHAIN.WELSH * 102n) / 100n])).toEqual({ posted: "1", tripped: "1" });
  });

  it("trips on a jump of the median alone, whoever has it looked at", () => {
    post(["WELSH", ON_CHAIN.WELSH]);
    setReserves("STX", "WELSH", 1_105n * 10n ** 11n, 60_000n * 10n ** 12n);
    setVelar(1_105n * 10n ** 8n, 60_000n * 10n ** 9n);

    watch("WELSH");

    expect(event("breaker-tripped")).toMatchObject({ jumped: true, apart: false, price: "1841666666" });
    expect(sources("WELSH").reported.price).toBe(ON_CHAIN.WELSH);
    expect(consensus("WELSH")).toEqual(refused(errors.ERR_TRIPPED));
  });

  it("stays out until it is reset, counts in every later call, and speaks once", () => {
    post(["ALEX", 2n * ON_CHAIN.ALEX]);

    expect(post(["ALEX", ON_CHAIN.ALEX])).toEqual({ posted: "1", tripped: "1" });

    expect(topics()).toEqual(["prices-posted"]);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TRIPPED));
    expect(accepted("ALEX")).toBe(null);
  });

  it("with too few sources neither trips nor accepts", () => {
    remove("ALEX", "alex");

    expect(post(["ALEX", ON_CHAIN.ALEX])).toEqual({ posted: "1", tripped: "0" });
    expect(post(["ALEX", 5n * ON_CHAIN.ALEX])).toEqual({ posted: "1", tripped: "0" });
    expect(accepted("ALEX")).toBe(null);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TOO_FEW_SOURCES));
  });

  it("gives a young average no say of its own: it neither trips nor moves the price, and counts where it agrees", () => {
    silence();
    setReserves("STX", "ALEX", 2n * 4n * 10n ** 13n, 9n * 10n ** 14n); // twice the price, for a block
    expect(observe("ALEX")).toEqual({ posted: "1", tripped: "0" });
    expect(post(["ALEX", ON_CHAIN.ALEX])).toEqual({ posted: "1", tripped: "0" });
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_SOURCES_APART));

    silence();
    setReserves("STX", "ALEX", 44n * 10n ** 12n, 9n * 10n ** 14n); // a tenth dearer
    post(["ALEX", ON_CHAIN.ALEX]);
    expect(sources("ALEX").alex.price).toBe(48_888_888_888n);
    expect(consensus("ALEX")).toMatchObject({ price: String(ON_CHAIN.ALEX), sources: "2" });
  });
});

describe("reset-breaker", () => {
  it.each([
    ["the emergency role", guardian],
    ["governance", () => simnet.deployer],
  ])("%s lets the asset be priced again, from new ground", (_, who) => {
    post(["ALEX", ON_CHAIN.ALEX]);
    setReserves("STX", "ALEX", 2n * 10n ** 14n, 10n ** 14n);
    post(["ALEX", 2n * E12]);
    expect(consensus("ALEX")).toEqual(refused(errors.ERR_TRIPPED));

    expect(call("reset-breaker", [asset("ALEX")], who())).toBe(true);

    expect(topics()).toEqual(["breaker-reset"]);
    expect(consensus("ALEX")).toMatchObject({ price: String(2n * E12) });
    expect(post(["ALEX", 2n * E12])).toEqual({ posted: "1", tripped: "0" });
  });

  it("refuses strangers and reporters, and a breaker that is in", () => {
    post(["ALEX", 2n * ON_CHAIN.ALEX]);

    for (const sender of [stranger(), reporter()]) {
      expect(call("reset-breaker", [asset("ALEX")], sender)).toEqual(refused(errors.ERR_NOT_GUARDIAN));
    }
    expect(call("reset-breaker", [asset("DIKO")])).toEqual(refused(errors.ERR_NOT_TRIPPED));
    expect(read("is-tripped", asset("ALEX"))).toBe(true);
  });

  it("judges again from where the venues stand now", () => {
    post(["ALEX", ON_CHAIN.ALEX]);
    setReserves("STX", "ALEX", 2n * 10n ** 14n, 10n ** 14n);
    post(["ALEX", 2n * E12]);

    call("reset-breaker", [asset("ALEX")]);

    expect(sources("ALEX").alex.price).toBe(2n * E12);
    expect(accepted("ALEX")).toBe(null);
  });
});
