import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, B, C, DAY, DEPLOYER, MAX_UINT, PRICE_ONE, STX, STX_TOKEN, VAULT, booked, call, createPool, drift, doorErrors, errorsOf,
  expectError, held, must, now, ours, p, plain, price, processFor, read, redeem, silence, tokensOf, u, value, wait, warpTo, who,
  withdraw,
} from "./kit.mjs";
import { FULL, day, mandate, openMandate, pass, rate, rebalance } from "./slices.mjs";

const errors = errorsOf("pool-rebalancer");
const vault = doorErrors();
const votes = errorsOf("pool-governance");
const { alice, keeper, stranger } = who;

beforeEach(() => openMandate());

describe("rebalance-pool", () => {
  it("brings the pool to its target and tells how", () => {
    const { result, topics, prints } = rebalance(FULL);

    expect(plain(result)).toEqual({
      "drift-before": 4_000n, "drift-after": 0n, "sold-ustx": 400n * STX, "bought-ustx": 400n * STX, outs: [150n * STX, 20_000n * STX],
    });
    expect(topics).toEqual(["leg-executed", "leg-executed", "slice-noted", "slice-executed"]);
    expect(prints.at(-1)).toEqual({
      topic: "slice-executed", "pool-id": 1n, "mandate-id": 1n, slice: 1n, keeper, "drift-before": 4_000n,
      "drift-after": 0n, "sold-ustx": 400n * STX, "bought-ustx": 400n * STX, fallbacks: 0n, "paid-ustx": 0n,
    });
    expect([held(STX_TOKEN), held(A), held(B), value()]).toEqual([600n * STX, 150n * STX, 20_000n * STX, 1_000n * STX]);
    for (const asset of [STX_TOKEN, A, B]) expect(tokensOf(asset, VAULT)).toBe(booked(asset));
    expect(mandate()).toMatchObject({ slices: 1n, "turnover-ustx": 400n * STX, "loss-ustx": 0n });
  });

  it("runs ten legs, and slice after slice", () => {
    const ten = Array.from({ length: 10 }, () => [STX_TOKEN, A, 10n * STX]);
    expect(plain(rebalance(ten).result).outs).toHaveLength(10);
    expect(plain(rebalance([[STX_TOKEN, B, 50n * STX]], { slice: 2 }).result)["drift-after"]).toBe(2_500n);
    expect(mandate()).toMatchObject({ slices: 2n, "turnover-ustx": 150n * STX });
  });

  it("is for keepers", () => {
    for (const by of [stranger, alice, who.guardian, who.creator, who.mover, DEPLOYER]) {
      expectError(rebalance(FULL, { by }), errors.ERR_NOT_KEEPER);
    }
  });

  it("needs swaps, a pool, a mandate and no pause", () => {
    expectError(rebalance([]), errors.ERR_NO_LEGS);
    for (const pool of [0, 2]) expectError(rebalance(FULL, { pool }), errors.ERR_NO_PRICE);
    for (const id of [0, 2]) expectError(rebalance(FULL, { mandate: id }), errors.ERR_NO_MANDATE);
    for (const id of [0, 1]) {
      must(who.guardian, "whale-pool-vault", "emergency-pause", u(id));
      expectError(rebalance(FULL), vault.ERR_PAUSED);
      must(who.guardian, "whale-pool-vault", "emergency-resume", u(id));
    }
    expect(rebalance(FULL).result.type).toBe("ok");
  });

  it("needs the price of all that is held, and of what is swapped, but not of what is only wanted", () => {
    silence(B);
    expect(rebalance([[STX_TOKEN, A, STX]]).result.type).toBe("ok");
    expectError(rebalance([[STX_TOKEN, B, STX]], { slice: 2 }), vault.ERR_NO_PRICE);
    price(B, PRICE_ONE / 2n);
    silence(A);
    expectError(rebalance([[STX_TOKEN, B, STX]], { slice: 2 }), errors.ERR_NO_PRICE);
  });

  it("may go on while only deposits and withdrawals are stopped", () => {
    const flags = (deposits, withdrawals, rebalances) =>
      Cl.tuple(Object.fromEntries(Object.entries({ deposits, withdrawals, rebalances }).map(([key, on]) => [key, Cl.bool(on)])));
    must(who.guardian, "whale-pool-vault", "set-pauses", u(1), flags(true, true, false));
    expect(rebalance([[STX_TOKEN, A, STX]]).result.type).toBe("ok");
    must(who.guardian, "whale-pool-vault", "set-pauses", u(1), flags(false, false, true));
    expectError(rebalance([[STX_TOKEN, A, STX]], { slice: 2 }), vault.ERR_PAUSED);
  });

  it("runs each slice once and in order", () => {
    expectError(rebalance(FULL, { slice: 0 }), votes.ERR_WRONG_SLICE);
    expectError(rebalance(FULL, { slice: 2 }), votes.ERR_WRONG_SLICE);
    rebalance([[STX_TOKEN, A, STX]]);
    expectError(rebalance([[STX_TOKEN, A, STX]]), votes.ERR_WRONG_SLICE);
    expect(held(A)).toBe(STX / 2n);
  });

  it("runs no mandate of another pool, none that expired, none that was replaced", async () => {
    await openMandate({ open: 3_600n });
    createPool("pool-share-2");
    must(alice, "whale-pool-vault", "deposit", u(2), ours("pool-share-2"), u(1_000n * STX), u(0));
    expectError(rebalance(FULL, { pool: 2 }), votes.ERR_WRONG_POOL);
    const end = mandate()["expires-at"];
    warpTo(end);
    expectError(rebalance(FULL), votes.ERR_EXPIRED);
    pass(2);
    expectError(rebalance(FULL), votes.ERR_REPLACED);
    expect(rebalance(FULL, { mandate: 2 }).result.type).toBe("ok");
  });

  it("keeps to the mandate's turnover over all slices", async () => {
    await openMandate({ limits: { "turnover-bps": 1_000 } }); // 100 of 1000 STX
    expectError(rebalance([[STX_TOKEN, A, 100n * STX + 1n]]), votes.ERR_OVER_TURNOVER);
    expect(rebalance([[STX_TOKEN, A, 60n * STX]]).result.type).toBe("ok");
    expectError(rebalance([[STX_TOKEN, A, 40n * STX + 1n]], { slice: 2 }), votes.ERR_OVER_TURNOVER);
    expect(rebalance([[STX_TOKEN, A, 40n * STX]], { slice: 2 }).result.type).toBe("ok");
  });

  it("measures each leg against the consensus price less the mandate's slippage, to the unit", async () => {
    await openMandate({ limits: { "slippage-bps": 100 } });
    rate(STX_TOKEN, A, 4_949_999n, 10_000_000n); // a fraction below 0.495 A for an STX
    expectError(rebalance([[STX_TOKEN, A, 10n * STX]]), vault.ERR_BELOW_CONSENSUS);
    rate(STX_TOKEN, A, 495n, 1_000n);
    const { result } = rebalance([[STX_TOKEN, A, 10n * STX]]);
    expect(plain(result)).toMatchObject({ "sold-ustx": 10n * STX, "bought-ustx": 9_900_000n });
    expect(mandate()["loss-ustx"]).toBe(100_000n);
  });

  it("values what is sold up and what is bought down", () => {
    rebalance(FULL);
    // 201 units of B are worth 1.005 micro-STX: 2 when sold. The venue pays 1.
    expectError(rebalance([[B, STX_TOKEN, 201n]], { slice: 2 }), vault.ERR_BELOW_CONSENSUS);
    expectError(rebalance([[B, STX_TOKEN, 200n]], { slice: 2 }), errors.ERR_DRIFT_NOT_LOWER); // worth 1, pays 1
  });

  it("lets no leg make up for another", () => {
    rate(STX_TOKEN, A, 48n, 100n); // four percent below
    rate(STX_TOKEN, B, 220n, 1n); // ten percent above
    expectError(rebalance(FULL.map(([from, to, amount]) => [from, to, amount])), vault.ERR_BELOW_CONSENSUS);
  });

  it("keeps to the mandate's own loss", async () => {
    await openMandate({ limits: { "loss-bps": 10 } }); // 1 of 1000 STX
    rate(STX_TOKEN, A, 495n, 1_000n);
    expectError(rebalance([[STX_TOKEN, A, 101n * STX]]), votes.ERR_OVER_LOSS);
    expect(rebalance([[STX_TOKEN, A, 100n * STX]]).result.type).toBe("ok");
  });

  it("loses at most two percent of value a day over all slices, and starts afresh the next day", () => {
    // A pool that shrank since its mandate opened: the mandate's two percent are of 1000, the day's of 200 STX.
    expect(redeem(alice, 800n * STX).result.type).toBe("ok");
    rate(STX_TOKEN, A, 49n, 100n);
    rate(A, STX_TOKEN, 196n, 100n);
    rate(STX_TOKEN, B, 196n, 1n);
    rate(B, STX_TOKEN, 98n, 20_000n);
    const left = DAY - (now() % DAY); // a day of block time starts at midnight
    wait(left - (left % 10n) + 10n);
    const there = [STX_TOKEN, A, 100n * STX];
    const back = [A, STX_TOKEN, 20n * STX];
    expectError(rebalance([there, [A, STX_TOKEN, 49n * STX], there]), errors.ERR_DAY_LOSS);
    expect(rebalance([there, back]).result.type).toBe("ok"); // 2 + 0.8 of 4 STX
    expect(day()).toEqual({ "loss-ustx": 2_800_000n, "pay-ustx": 0n });

    expectError(rebalance([[STX_TOKEN, B, 60n * STX], [B, STX_TOKEN, 8_000n * STX]], { slice: 2 }), errors.ERR_DAY_LOSS);
    expect(rebalance([[STX_TOKEN, B, 20n * STX]], { slice: 2 }).result.type).toBe("ok");
    expect(day()["loss-ustx"]).toBe(3_200_000n);
    wait(DAY);
    expect(day()["loss-ustx"]).toBe(0n);
  });

  it("ends nearer to the target than it began, or not at all", () => {
    expectError(rebalance([[STX_TOKEN, A, STX], [A, STX_TOKEN, STX / 2n]]), errors.ERR_DRIFT_NOT_LOWER);
    rebalance(FULL);
    expectError(rebalance([[STX_TOKEN, A, STX]], { slice: 2 }), errors.ERR_DRIFT_NOT_LOWER);
    expect(mandate().slices).toBe(1n);
  });

  it.each([
    ["lying-adapter", "ERR_BELOW_CONSENSUS"],
    ["stealing-adapter", "ERR_VENUE_OVERREACHED"],
    ["double-dipping-adapter", "ERR_VENUE_OVERREACHED"],
    ["silent-adapter", "ERR_SLIPPAGE"],
    ["failing-adapter", "ERR_VENUE_FAILED"],
  ])("stops the %s with our own code, and undoes the leg before it", (dex, name) => {
    const { result } = rebalance([[STX_TOKEN, B, 100n * STX], [STX_TOKEN, A, 300n * STX, 0n, dex]]);
    expectError({ result }, vault[name]);
    expect([held(STX_TOKEN), held(B), mandate().slices]).toEqual([1_000n * STX, 0n, 0n]);
  });

  it("knows only admitted venues and the pool's own assets", () => {
    simnet.deployContract("new-adapter", "(define-public (swap (a <ft>) (b <ft>) (c uint) (d uint)) (ok c))" .replace(/^/, "(use-trait ft .sip-010-trait.sip-010-trait)") +
      "(define-read-only (get-quote (a <ft>) (b <ft>) (c uint)) (ok c))", { clarityVersion: 4 }, DEPLOYER);
    expectError(rebalance([[STX_TOKEN, A, STX, 0n, "new-adapter"]]), vault.ERR_NOT_ADMITTED);
    expectError(rebalance([[STX_TOKEN, C, STX]]), vault.ERR_NOT_POOL_ASSET);
    expectError(rebalance([[STX_TOKEN, A, MAX_UINT]]), vault.ERR_NOT_ENOUGH_HELD);
    expectError(rebalance([[STX_TOKEN, A, 300n * STX, 150n * STX + 1n]]), vault.ERR_SLIPPAGE);
  });

  it("raises STX for queued withdrawals, because they count as gone", () => {
    rebalance(FULL);
    withdraw(alice, 700n * STX);
    expect(drift()["drift-bps"]).toBeGreaterThan(2_000n);
    const { result } = rebalance([[A, STX_TOKEN, 105n * STX], [B, STX_TOKEN, 14_000n * STX]], { slice: 2 });
    expect(plain(result)["drift-after"]).toBeLessThan(10n);
    expect(call(stranger, "whale-pool-vault", "process-pending-withdrawal", p(alice), u(1), ours("pool-share-1")).topics).toContain("withdrawal-paid");
    expect(drift()["drift-bps"]).toBeLessThan(10n);
  });
});
