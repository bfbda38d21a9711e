import { beforeEach, describe, expect, it } from "vitest";

import {
  A, B, DAY, MAX_UINT, STX, STX_TOKEN, createPool, doorErrors, errorsOf, expectError, held, must, now, ours, plain, read, stxOf,
  tokensOf, at, u, wait, warpTo, who,
} from "./kit.mjs";
import { FULL, day, mandate, openMandate, pass, rate, rebalance } from "./slices.mjs";

const errors = errorsOf("pool-rebalancer");
const vault = doorErrors();
const votes = errorsOf("pool-governance");
const { alice, keeper, stranger, guardian } = who;
const SILENCE = 3n * DAY;
const ONE = [[STX_TOKEN, A, STX]];
const openToAllAt = (id = 1) => read("pool-rebalancer", "get-open-to-all-at", u(id));
const lastSliceAt = () => read("pool-rebalancer", "get-last-slice-at", u(1));

beforeEach(() => openMandate());

describe("a slice of anyone", () => {
  it("runs three days after the mandate opened, to the second, for the keeper's pay", () => {
    const open = mandate()["opened-at"] + SILENCE;
    expect([openToAllAt(), lastSliceAt()]).toEqual([open, null]);
    for (const by of [stranger, alice, guardian]) expectError(rebalance(ONE, { by }), errors.ERR_NOT_KEEPER);
    warpTo(open - 10n);
    expectError(rebalance(FULL, { by: stranger }), errors.ERR_NOT_KEEPER);
    expect(now()).toBe(open);
    const before = stxOf(stranger);
    const { result, prints } = rebalance(FULL, { by: stranger, fee: MAX_UINT });
    expect(plain(result)["drift-after"]).toBe(0n);
    expect(prints.at(-1)).toMatchObject({ topic: "slice-executed", keeper: stranger, "paid-ustx": 1_100_000n });
    expect(stxOf(stranger) - before).toBe(1_100_000n);
    expect(lastSliceAt()).toBe(open);
  });

  it("waits three days after every slice of the pool, also after one of a stranger", () => {
    wait(DAY);
    rebalance(ONE);
    const first = lastSliceAt();
    expect(first).toBe(now() - 10n);
    expect(openToAllAt()).toBe(first + SILENCE);
    warpTo(mandate()["opened-at"] + SILENCE);
    expectError(rebalance(ONE, { by: stranger, slice: 2 }), errors.ERR_NOT_KEEPER);
    warpTo(first + SILENCE);
    expect(rebalance(ONE, { by: stranger, slice: 2 }).result.type).toBe("ok");
    expectError(rebalance(ONE, { by: stranger, slice: 3 }), errors.ERR_NOT_KEEPER);
    expect(rebalance(ONE, { slice: 3 }).result.type).toBe("ok"); // the keeper need not wait
  });

  it("counts the silence of the pool, whatever mandate the last slice was of", () => {
    wait(SILENCE);
    pass(2); // a day later
    rebalance(ONE, { mandate: 2 });
    expect(openToAllAt(2)).toBe(lastSliceAt() + SILENCE);
    expectError(rebalance(ONE, { by: stranger, mandate: 2, slice: 2 }), errors.ERR_NOT_KEEPER);
  });

  it("is held to the same mandate, pool, order and bounds as a keeper's", () => {
    createPool("pool-share-2");
    must(alice, "whale-pool-vault", "deposit", u(2), ours("pool-share-2"), u(1_000n * STX), u(0));
    wait(SILENCE);
    const by = stranger;
    for (const id of [0n, 2n, MAX_UINT]) expectError(rebalance(ONE, { by, mandate: id }), errors.ERR_NOT_KEEPER);
    expectError(rebalance(ONE, { by, pool: 2 }), votes.ERR_WRONG_POOL);
    for (const slice of [0n, 2n, MAX_UINT]) expectError(rebalance(ONE, { by, slice }), votes.ERR_WRONG_SLICE);
    expectError(rebalance([], { by }), errors.ERR_NO_LEGS);
    expectError(rebalance([[STX_TOKEN, A, STX], [A, STX_TOKEN, STX / 2n]], { by }), errors.ERR_DRIFT_NOT_LOWER);
    expectError(rebalance([[STX_TOKEN, A, STX, 0n, "lying-adapter"]], { by }), vault.ERR_BELOW_CONSENSUS);
    must(guardian, "whale-pool-vault", "emergency-pause", u(1));
    expectError(rebalance(ONE, { by }), vault.ERR_PAUSED);
    must(guardian, "whale-pool-vault", "emergency-resume", u(1));
    pass(2, { open: 7n * DAY });
    expectError(rebalance(ONE, { by }), votes.ERR_REPLACED); // an older mandate is no way around the newer one's silence
    expectError(rebalance(ONE, { by, mandate: 2 }), errors.ERR_NOT_KEEPER);
  });

  it("does not outlive the mandate", () => {
    warpTo(mandate()["expires-at"]);
    expectError(rebalance(ONE, { by: stranger }), votes.ERR_EXPIRED);
    expect(openToAllAt(9)).toBe(null);
  });
});

describe("a fallback", () => {
  const swap = (dex, fallback, min = 0n) => [STX_TOKEN, A, 300n * STX, min, dex, fallback];

  it.each(["failing-adapter", "lying-adapter", "stealing-adapter", "double-dipping-adapter", "silent-adapter"])(
    "takes over from the %s, whose doings are undone", (dex) => {
      const before = [stxOf(at(dex)), tokensOf(A, at(dex))];
      const { result, prints, topics } = rebalance([swap(dex, "fair-adapter")]);
      expect(plain(result)).toMatchObject({ "sold-ustx": 300n * STX, "bought-ustx": 300n * STX, outs: [150n * STX] });
      expect(topics).toEqual(["leg-executed", "slice-noted", "slice-executed"]);
      expect(prints[0].dex).toBe(at("fair-adapter"));
      expect(prints.at(-1).fallbacks).toBe(1n);
      expect([stxOf(at(dex)), tokensOf(A, at(dex))]).toEqual(before);
      expect([held(STX_TOKEN), held(A)]).toEqual([700n * STX, 150n * STX]);
    },
  );

  it("is not asked where the first venue does", () => {
    const { prints } = rebalance([swap("fair-adapter", "failing-adapter")]);
    expect(prints.at(-1).fallbacks).toBe(0n);
  });

  it("is counted leg by leg", () => {
    const { prints, result } = rebalance([
      [STX_TOKEN, A, 100n * STX, 0n, "failing-adapter", "fair-adapter"],
      [STX_TOKEN, A, 100n * STX],
      [STX_TOKEN, B, 50n * STX, 0n, "silent-adapter", "fair-adapter"],
    ]);
    expect(plain(result).outs).toEqual([50n * STX, 50n * STX, 10_000n * STX]);
    expect(prints.at(-1).fallbacks).toBe(2n);
    expect(mandate()).toMatchObject({ slices: 1n, "turnover-ustx": 250n * STX });
  });

  it("is held to the same price, minimum and admission, and fails with its own code", () => {
    for (const [fallback, code, min] of [
      ["lying-adapter", vault.ERR_BELOW_CONSENSUS, 0n],
      ["silent-adapter", vault.ERR_SLIPPAGE, 0n],
      ["stealing-adapter", vault.ERR_VENUE_OVERREACHED, 0n],
      ["fair-adapter", vault.ERR_SLIPPAGE, 150n * STX + 1n],
      ["failing-adapter", vault.ERR_VENUE_FAILED, 0n],
    ]) {
      expectError(rebalance([[STX_TOKEN, B, STX], swap("failing-adapter", fallback, min)]), code);
    }
    expect([held(STX_TOKEN), held(A), held(B), mandate().slices]).toEqual([1_000n * STX, 0n, 0n, 0n]);
  });
});

describe("a swap that takes less than it was offered", () => {
  it("counts with what it took", () => {
    rate(STX_TOKEN, A, 1n, 4n, "half-taking-adapter"); // pays half, because it takes half
    const { result } = rebalance([[STX_TOKEN, A, 300n * STX, 0n, "half-taking-adapter"]]);
    expect(plain(result)).toMatchObject({ "sold-ustx": 150n * STX, "bought-ustx": 150n * STX, outs: [75n * STX] });
    expect(mandate()).toMatchObject({ "turnover-ustx": 150n * STX, "loss-ustx": 0n });
    expect(day()["loss-ustx"]).toBe(0n);
  });
});

describe("amounts at the edges", () => {
  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [1n, "ERR_VENUE_FAILED"], // worth half a unit of A: there is nothing to pay
    [300n * STX, null],
    [1_000n * STX + 1n, "ERR_NOT_ENOUGH_HELD"],
    [MAX_UINT, "ERR_NOT_ENOUGH_HELD"],
  ])("swap %s of 1000 STX", (amount, name) => {
    const run = rebalance([[STX_TOKEN, A, amount]]);
    if (name === null) expect(run.result.type).toBe("ok");
    else expectError(run, vault[name]);
  });

  it("swap all of it, where the target wants that", async () => {
    await openMandate({ shares: { [A]: 10_000 } });
    expect(plain(rebalance([[STX_TOKEN, A, 1_000n * STX]]).result)["drift-after"]).toBe(0n);
    expect(held(STX_TOKEN)).toBe(0n);
  });

  it.each([0n, 1n])("loses nothing to a claimed fee of %s", (fee) => {
    const before = stxOf(keeper);
    rebalance(ONE, { fee });
    expect(stxOf(keeper) - before).toBe(fee); // a tenth of one is nothing
  });

  it.each([0n, MAX_UINT])("ask for at least %s", (min) => {
    const run = rebalance([[STX_TOKEN, A, STX, min]]);
    if (min === 0n) expect(run.result.type).toBe("ok");
    else expectError(run, vault.ERR_SLIPPAGE);
  });
});
