// The doubles against recorded swaps of the contracts they stand for, and the rules the rows do not show.

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { Cl } from "@stacks/transactions";
import { describe, expect, it } from "vitest";

import { playPool70, playXyk } from "./samples/pools.mjs";
import { playAlex, playHops, playVelar } from "./samples/rows.mjs";
import { invariant } from "./samples/stableswap.mjs";
import * as venues from "./samples/venues.mjs";

const { FACTOR, TOKEN, WRAPPED, act, outcome, principal, read } = venues;
const rowsOf = (name) => JSON.parse(readFileSync(new URL(`./samples/${name}.json`, import.meta.url), "utf8"));
const offset = (num, den) => num - (num * num) / den;
const isPaid = (row) => typeof row.swap_out === "string";
const pools = (row) => (row.pool1 === undefined ? [row] : [row.pool1, row.pool2]);

function mismatches(rows, play) {
  return rows.flatMap((row) => {
    const got = play(simnet, row);
    const wrong = Object.keys(got).filter((field) => !isDeepStrictEqual(got[field], row[field]));
    return wrong.map((field) => ({ id: row.id, field, got: got[field], want: row[field] }));
  });
}

describe("recorded swaps", () => {
  it.each([
    ["alex", playAlex],
    ["alex_hop2", playHops],
    ["velar", playVelar],
    ["velar_gen2", playPool70],
    ["bitflow_xyk", playXyk],
  ])("%s rows are quoted, paid, refused and booked alike", (name, play) => {
    const rows = rowsOf(name);

    expect(mismatches(rows, play)).toEqual([]);

    expect(rows.length).toBeGreaterThanOrEqual(60);
    expect(rows.filter(isPaid).length).toBeGreaterThanOrEqual(15);
    expect(rows.filter((row) => row.swap_out.err).length).toBeGreaterThanOrEqual(15);
  });

  it("the ALEX rows cover both curves, the mixed factors and the abort", () => {
    const rows = [...rowsOf("alex"), ...rowsOf("alex_hop2")];
    const factors = new Set(rows.flatMap((row) => pools(row).map(({ factor }) => factor)));

    expect(factors).toContain("100000000");
    expect(factors).toContain("5000000");
    expect([...factors].some((factor) => Number(factor) > 80_000_000 && Number(factor) < 100_000_000)).toBe(true);
    expect(rows.some((row) => row.swap_out.panic)).toBe(true);
  });

  it("a wrong row is noticed", () => {
    const [row] = rowsOf("alex").filter(isPaid);
    const spoiled = { ...row, swap_out: String(BigInt(row.swap_out) + 1n) };

    expect(mismatches([spoiled], playAlex)).toHaveLength(1);
  });
});

describe("ALEX beyond the rows", () => {
  const pair = [principal(WRAPPED.STX), principal(WRAPPED.ALEX), Cl.uint(FACTOR.product)];
  const trader = () => simnet.getAccounts().get("wallet_1");
  const swap = (dx, min = Cl.none()) => outcome(() => simnet.callPublicFn(venues.POOL, "swap-helper", [...pair, Cl.uint(dx), min], trader()));

  it("a quote leaves the fee out, and the quote of the amount less the fee is what the swap pays", () => {
    venues.mint(simnet, TOKEN.ALEX, 10n ** 14n, simnet.deployer);
    venues.openAlexPool(simnet, WRAPPED.STX, WRAPPED.ALEX, FACTOR.product, 100_000n * 10n ** 8n, 1_000_000n * 10n ** 8n);
    const whole = read(simnet, venues.POOL, "get-helper", [...pair, Cl.uint(1_000n * 10n ** 8n)]);
    const net = read(simnet, venues.POOL, "get-helper", [...pair, Cl.uint(995n * 10n ** 8n)]);

    const paid = swap(1_000n * 10n ** 8n);

    // What alex.md reports of the real contract in this very pool.
    expect(whole).toBe("990099009900");
    expect(net).toBe("985197286994");
    expect(paid).toBe(net);
  });

  it("a new pool refuses every swap until its owner has set it up", () => {
    venues.mint(simnet, TOKEN.ALEX, 10n ** 14n, simnet.deployer);
    act(simnet, venues.POOL, "create-pool", [...pair, principal(simnet.deployer), Cl.uint(10n ** 12n), Cl.uint(10n ** 13n)]);

    const closed = swap(10n ** 8n);
    act(simnet, venues.POOL, "set-start-block", [...pair, Cl.uint(0)]);
    const noRatio = swap(10n ** 8n);
    for (const name of ["set-max-in-ratio", "set-max-out-ratio"]) act(simnet, venues.POOL, name, [...pair, Cl.uint(60_000_000)]);

    expect(closed).toEqual({ err: "1000" });
    expect(noRatio).toEqual({ err: "2011" });
    expect(swap(10n ** 8n)).toBe("999900009");
    expect(outcome(() => simnet.callPublicFn(venues.POOL, "set-fee-rate-x", [...pair, Cl.uint(1)], trader()))).toEqual({ err: "1000" });
    expect(outcome(() => simnet.callPublicFn(venues.POOL, "create-pool", [...pair, principal(trader()), Cl.uint(1), Cl.uint(1)], trader()))).toEqual({ err: "2000" });
  });

  it("pause, the block list and an unknown pool have their own codes", () => {
    venues.openLaunchPools(simnet);
    act(simnet, venues.POOL, "pause", [Cl.bool(true)]);
    expect(swap(10n ** 8n)).toEqual({ err: "2008" });
    act(simnet, venues.POOL, "pause", [Cl.bool(false)]);
    act(simnet, venues.REGISTRY, "set-blocklisted", [principal(trader()), Cl.bool(true)]);
    expect(swap(10n ** 8n)).toEqual({ err: "2002" });
    act(simnet, venues.REGISTRY, "set-blocklisted", [principal(trader()), Cl.bool(false)]);

    const unknown = [principal(WRAPPED.WELSH), principal(WRAPPED.DIKO), Cl.uint(FACTOR.product)];

    expect(read(simnet, venues.POOL, "get-helper", [...unknown, Cl.uint(1)])).toEqual({ err: "2001" });
    expect(read(simnet, venues.POOL, "get-price", [pair[1], pair[0], pair[2]])).toEqual({ err: "2001" });
    expect(read(simnet, venues.POOL, "get-price", pair)).toBe("2250000000");
    expect(read(simnet, venues.POOL, "get-oracle-instant", pair)).toBe("2250000000");
    expect(read(simnet, venues.POOL, "get-oracle-instant", [pair[1], pair[0], pair[2]])).toBe("4444444");
    expect(read(simnet, venues.POOL, "get-oracle-resilient", pair)).toBe("2250000000");
    expect(read(simnet, venues.POOL, "get-pool-details-by-id", [Cl.uint(1)])["factor"]).toBe("100000000");
  });

  it("only the pool contract moves what the vault holds", () => {
    venues.openLaunchPools(simnet);

    const taken = outcome(() => simnet.callPublicFn(venues.VAULT, "transfer-ft", [pair[0], Cl.uint(10n ** 8n), principal(trader())], trader()));

    expect(taken).toEqual({ err: "1000" });
  });

  it.each(Object.entries(TOKEN))("%s is moved by its owner alone", (_, token) => {
    venues.mint(simnet, token, 5n, trader());
    const send = (sender) => outcome(() => simnet.callPublicFn(token, "transfer", [Cl.uint(2), principal(trader()), principal(simnet.deployer), Cl.none()], sender));

    expect(send(simnet.deployer).err).toBeDefined();
    expect(send(trader())).toBe(true);
    expect(venues.balance(simnet, token, trader())).toBe(3n);
  });
});

describe("Velar, DIA and the ratio beyond the rows", () => {
  it("a swap shares its fee and takes what it said", () => {
    const { velarPoolId } = venues.openLaunchPools(simnet);
    const trader = simnet.getAccounts().get("wallet_1");
    const before = venues.balance(simnet, "STX", trader);
    const tokens = [principal(venues.WSTX), principal(TOKEN.WELSH)];

    const event = act(simnet, venues.ROUTER, "swap-exact-tokens-for-tokens",
      [Cl.uint(velarPoolId), ...tokens, ...tokens, principal(venues.SHARE_FEE_TO), Cl.uint(10n ** 9n), Cl.uint(1)], trader);

    expect(before - venues.balance(simnet, "STX", trader)).toBe(10n ** 9n);
    expect(venues.balance(simnet, TOKEN.WELSH, trader)).toBe(BigInt(event["amt-out"]));
    expect(venues.balance(simnet, "STX", venues.SHARE_FEE_TO)).toBe(BigInt(event["amt-fee-share"]));
    expect(event["amt-fee-share"]).toBe("37500");
  });

  it("DIA answers zeros for a key nobody has written", () => {
    act(simnet, venues.DIA, "set-value", [Cl.stringAscii("STX/USD"), Cl.uint(47_240_000), Cl.uint(1_795_000_000_000n)]);

    expect(read(simnet, venues.DIA, "get-value", [Cl.stringAscii("STX/USD")])).toEqual({ value: "47240000", timestamp: "1795000000000" });
    expect(read(simnet, venues.DIA, "get-value", [Cl.stringAscii("DIKO/USD")])).toEqual({ value: "0", timestamp: "0" });
  });

  it("the ratio can be set, and be unknown", () => {
    act(simnet, venues.RATIO, "set-ratio-for-test", [Cl.uint(1_123_456)]);
    expect(read(simnet, venues.RATIO, "get-ststx-ratio", [])).toBe("1123456");
    act(simnet, venues.RATIO, "set-ratio-for-test", [Cl.uint(0)]);
    expect(read(simnet, venues.RATIO, "get-ststx-ratio", [])).toEqual({ err: "1" });
  });
});

describe("Velar's pool 70 and Bitflow beyond the rows", () => {
  const trader = () => simnet.getAccounts().get("wallet_1");
  const call = (contract, fn, ...args) => outcome(() => simnet.callPublicFn(contract, fn, args, trader()));
  const u = (n) => Cl.uint(n);

  it("Velar's pool takes its own two tokens and its own fees contract, and a minimum above zero", () => {
    venues.openDeepPools(simnet);
    const [stx, sbtc, welsh, fees] = [venues.WSTX, TOKEN.SBTC, TOKEN.WELSH, venues.FEES_70].map(principal);
    const swap = (tokenIn, tokenOut, amount, minimum) => call(venues.POOL_70, "swap", tokenIn, tokenOut, fees, u(amount), u(minimum));

    expect(swap(stx, sbtc, 10n ** 8n, 1)["amt-out"]).toBe("41922");
    for (const [from, to] of [[stx, stx], [welsh, sbtc], [stx, welsh]]) expect(swap(from, to, 10n ** 8n, 1)).toEqual({ err: "107" });
    expect(swap(stx, sbtc, 10n ** 8n, 0)).toEqual({ err: "107" });
    expect(swap(stx, sbtc, 0, 1)).toEqual({ err: "997" });
    expect(read(simnet, venues.FEES_70, "get-revenue", [])).toEqual({ token0: "75000", token1: "0" });
    expect(venues.balance(simnet, "STX", venues.FEES_70)).toBe(75_000n);
    expect(call(venues.FEES_70, "receive", Cl.bool(true), u(1))).toEqual({ err: "999" });
  });

  it.each([
    ["constant product", () => venues.XYK, () => venues.XYK_POOL.SBTC, () => [TOKEN.SBTC, venues.BITFLOW_STX]],
    ["stableswap", () => venues.STABLE, () => venues.STABLE_POOL, () => [venues.BITFLOW_STX, TOKEN.STSTX]],
  ])("Bitflow's %s core wants the pool's order and minima above zero, and its quote is the swap", (_, core, pool, tokens) => {
    venues.openDeepPools(simnet);
    venues.mint(simnet, TOKEN.STSTX, 10n ** 12n, trader());
    venues.mint(simnet, TOKEN.SBTC, 10n ** 12n, trader());
    const [x, y, other] = [...tokens(), TOKEN.WELSH].map(principal);
    const at = (fn, a, b, ...numbers) => call(core(), fn, principal(pool()), a, b, ...numbers.map(u));

    expect(at("swap-x-for-y", y, x, 10n ** 6n, 1)).toEqual({ err: "1017" });
    expect(at("swap-y-for-x", x, other, 10n ** 6n, 1)).toEqual({ err: "1018" });
    expect(at("swap-x-for-y", x, y, 10n ** 6n, 0)).toEqual({ err: "1002" });
    expect(at("swap-y-for-x", x, y, 0, 1)).toEqual({ err: "1002" });
    const [dy, dx] = [at("get-dy", x, y, 10n ** 6n), at("get-dx", x, y, 10n ** 6n)];
    expect(at("swap-x-for-y", x, y, 10n ** 6n, BigInt(dy) + 1n)).toEqual({ err: "1020" });
    expect(at("swap-y-for-x", x, y, 10n ** 6n, BigInt(dx) + 1n)).toEqual({ err: "1019" });
    expect(at("swap-x-for-y", x, y, 10n ** 6n, BigInt(dy))).toBe(dy);
    expect(at("swap-y-for-x", x, y, 10n ** 6n, 1)).toMatch(/^\d+$/);
    for (const side of ["x", "y"]) expect(call(core(), `set-${side}-fees`, principal(pool()), u(5_000), u(5_000)).err).toMatch(/^102[24]$/);

    call(core(), "set-pool-status", principal(pool()), Cl.bool(false));
    for (const fn of ["get-dy", "get-dx"]) expect(at(fn, x, y, 10n ** 6n)).toEqual({ err: "1010" });
    call(core(), "forget-pool-for-test", u(read(simnet, pool(), "get-pool", [])["pool-id"]));
    for (const fn of ["get-dy", "get-dx"]) expect(at(fn, x, y, 10n ** 6n)).toEqual({ err: "1012" });
  });

  it("a Bitflow pool obeys its core alone, and its shares their owner", () => {
    venues.openDeepPools(simnet);
    const me = principal(trader());
    for (const pool of [venues.XYK_POOL.SBTC, venues.XYK_POOL.WELSH, venues.STABLE_POOL]) {
      expect(call(pool, "pool-transfer", principal(venues.BITFLOW_STX), u(1), me)).toEqual({ err: "3001" });
      expect(call(pool, "pool-mint", u(1), me)).toEqual({ err: "3001" });
      expect(call(pool, "set-x-fees", u(0), u(0))).toEqual({ err: "3001" });
      expect(call(pool, "transfer", u(1), principal(simnet.deployer), me, Cl.none())).toEqual({ err: "4" });
    }
    expect(call(venues.BITFLOW_STX, "transfer", u(1), principal(simnet.deployer), me, Cl.none())).toEqual({ err: "4" });
  });

  it("the stableswap takes less than ten times its balance and books the curve's constant", () => {
    venues.openStablePool(simnet, 10n ** 10n, 0n);
    const ends = [venues.STABLE_POOL, venues.BITFLOW_STX, TOKEN.STSTX].map(principal);
    act(simnet, venues.STABLE, "set-balances-for-test", [ends[0], u(10n ** 10n), u(9n * 10n ** 9n)]);
    venues.mint(simnet, TOKEN.STSTX, 10n ** 12n, trader());

    expect(call(venues.STABLE, "get-dx", ...ends, u(9n * 10n ** 10n))).toEqual({ err: "1002" });
    expect(call(venues.STABLE, "get-dy", ...ends, u(10n ** 11n))).toEqual({ err: "1002" });
    call(venues.STABLE, "swap-y-for-x", ...ends, u(10n ** 9n), u(1));

    const { d, ...pool } = read(simnet, venues.STABLE_POOL, "get-pool", []);
    // STX is the dearer side here: it counts for what it is worth at the midpoint of 1.09.
    const worth = BigInt(pool["x-balance"]) - (BigInt(pool["x-balance"]) * offset(1_000_000n, 1_090_000n)) / 1_000_000n;
    expect(BigInt(d)).toBe(invariant(worth, BigInt(pool["y-balance"]), 100n, 2n));
    expect(pool["y-balance"]).toBe(String(9n * 10n ** 9n + 10n ** 9n - 200_000n));
  });
});
