import { beforeEach, describe, expect, it } from "vitest";

import { A, MAX_UINT, STX, STX_TOKEN, VAULT, booked, errorsOf, expectError, held, plain, read, silence, stxOf, u, who } from "./kit.mjs";
import { FULL, day, openMandate, rebalance } from "./slices.mjs";

const errors = errorsOf("pool-rebalancer");
const votes = errorsOf("pool-governance");
const { keeper } = who;
const estimate = (id = 1) => read("pool-rebalancer", "estimate-rebalance-cost", u(id));

beforeEach(() => openMandate());

describe("the keeper's pay", () => {
  const earned = (fee, rows, options) => {
    const before = stxOf(keeper);
    const { prints } = rebalance(rows, { fee, ...options });
    const paid = prints.at(-1)["paid-ustx"];
    expect(stxOf(keeper) - before).toBe(paid);
    expect(stxOf(VAULT)).toBe(booked(STX_TOKEN));
    return paid;
  };

  it("is the fee and a tenth, rounded down, once for each slice", () => {
    expect(earned(200_009n, [[STX_TOKEN, A, STX]])).toBe(220_009n);
    expect(earned(0n, [[STX_TOKEN, A, STX]], { slice: 2 })).toBe(0n);
    expectError(rebalance([[STX_TOKEN, A, STX]], { slice: 2, fee: STX }), votes.ERR_WRONG_SLICE);
    expect(day()["pay-ustx"]).toBe(220_009n);
  });

  it.each([STX, STX + 1n, MAX_UINT])("never exceeds the gas limit and a tenth, whatever is claimed: %s", (fee) => {
    expect(earned(fee, FULL)).toBe(1_100_000n);
  });

  it("ends at half a percent of value a day, however many slices", () => {
    for (let slice = 1; slice <= 4; slice += 1) expect(earned(STX, [[STX_TOKEN, A, STX]], { slice })).toBe(1_100_000n);
    const fifth = earned(STX, [[STX_TOKEN, A, STX]], { slice: 5 });
    expect(fifth).toBeGreaterThan(0n);
    expect(day()["pay-ustx"]).toBeLessThanOrEqual(5n * STX);
    expect(earned(STX, [[STX_TOKEN, A, STX]], { slice: 6 })).toBeLessThan(30_000n);
  });

  it("comes out of idle STX only", async () => {
    await openMandate({ shares: { [A]: 10_000 } });
    expect(earned(STX, [[STX_TOKEN, A, 1_000n * STX - 500n]])).toBe(500n);
    expect(held(STX_TOKEN)).toBe(0n);
  });
});

describe("estimate-rebalance-cost", () => {
  it("bounds what closing the drift would cost", () => {
    const bound = estimate();
    expect(bound).toEqual({
      "turnover-ustx": 400_100_000n, "slippage-ustx": 8_002_000n, "gas-ustx": 1_100_000n, "total-ustx": 9_102_000n,
    });
    const { "sold-ustx": sold } = plain(rebalance(FULL).result);
    expect(sold).toBeLessThanOrEqual(bound["turnover-ustx"]);
  });

  it("is nothing without drift, and unknown without a price or a pool", () => {
    rebalance(FULL);
    expect(estimate()).toEqual({ "turnover-ustx": 0n, "slippage-ustx": 0n, "gas-ustx": 0n, "total-ustx": 0n });
    silence(A);
    for (const id of [1, 2]) expect(estimate(id)).toEqual({ err: errors.ERR_NO_PRICE });
  });
});
