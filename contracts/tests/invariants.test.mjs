// What must hold after every step, whatever the steps are: tests/invariants says what, tools/fuzz.mjs tries it. Then
// the same vault with the real oracle, step by step.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, B, DAY, DEPLOYER, PRICE_ONE, STX, STX_TOKEN, boot, call, deposit, drift, leg, must, p, plain, poolTokens, read, redeem, rest, u, value,
  wait, who, withdraw,
} from "./kit.mjs";
import { ACTIONS } from "./invariants/actions.mjs";
import { INVARIANTS } from "./invariants/invariants.mjs";
import { MUTANTS } from "./invariants/mutants.mjs";

const ASSETS = [STX_TOKEN, A, B];
const STEPS = 20_000;
const FUZZ = fileURLToPath(new URL("../tools/fuzz.mjs", import.meta.url));
const MINUTES = 60_000;
// A request that is a week old and worth less than its minimum comes about once in thirty thousand steps.
const RARE = ["evict"];

/** What a run says, whether it found something or not. */
async function fuzz(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [FUZZ, "--json", ...args], { maxBuffer: 1e9 }).catch((error) => error);
  return JSON.parse(stdout.slice(stdout.indexOf("{")));
}

describe("after any steps", () => {
  it("the twelve invariants hold", async () => {
    const { tally, failures } = await fuzz("--steps", String(STEPS), "--seed", "20261121");
    expect(failures).toEqual([]);
    expect(tally.steps).toBe(STEPS);
    for (const [n] of INVARIANTS.entries()) expect(tally.checks[n + 1]).toBeGreaterThanOrEqual(STEPS);
    // A run in which something never went through would prove nothing about it.
    for (const name of new Set(Object.values(ACTIONS).flatMap(Object.keys))) {
      const { accepted, refused } = tally.actions[name];
      if (RARE.includes(name)) expect(accepted + refused, name).toBeGreaterThan(0);
      else expect(name === "stranger" ? refused : accepted, name).toBeGreaterThan(0);
    }
    expect(tally.actions.stranger.accepted).toBe(0);
    expect(tally.leavings).toBeGreaterThan(0);
  }, 15 * MINUTES);

  it("and every contract that is broken on purpose is found out", async () => {
    const { results } = await fuzz("--mutants", "--steps", "8000");
    expect(results.map(({ name }) => name)).toEqual(MUTANTS.map(({ name }) => name));
    for (const { name, breaks, found } of results) expect(breaks, name).toContain(found);
  }, 15 * MINUTES);
});

describe("with the real oracle", () => {
  const post = (prices, by = who.keeper) =>
    call(by, "pool-oracle", "post-prices", Cl.list(prices.map(([asset, e12]) =>
      Cl.tuple({ asset: p(asset), price: u(e12), at: u(simnet.getBlockTime()) }))));
  const bounds = Cl.tuple({ "min-sources": u(1), "max-age-secs": u(3_600), "max-spread-bps": u(1_000), "max-jump-bps": u(1_000) });

  beforeEach(async () => {
    await boot({ realOracle: true });
    for (const asset of ASSETS) must(DEPLOYER, "pool-oracle", "set-asset", p(asset), bounds);
    must(DEPLOYER, "pool-access", "grant-role", p(who.keeper), Cl.stringAscii("reporter"));
    expect(plain(post([[STX_TOKEN, (3n * PRICE_ONE) / 10n], [A, 2n * PRICE_ONE], [B, PRICE_ONE / 2n]]).result)).toEqual({
      posted: 3n, tripped: 0n,
    });
  });

  it("people come in, swaps are valued, people leave", () => {
    expect(deposit(who.alice, 100n * STX).topics).toEqual(["deposit-made"]);
    leg(STX_TOKEN, A, 30n * STX);
    leg(STX_TOKEN, B, 10n * STX);
    expect([value(), drift()["drift-bps"]]).toEqual([100n * STX, 0n]);
    rest();
    expect(withdraw(who.alice, 10n * STX).topics).toContain("withdrawal-paid");
  });

  it("stale prices stop deposits and queue withdrawals, and never stop redeeming in kind", () => {
    deposit(who.alice, 100n * STX);
    leg(STX_TOKEN, A, 30n * STX);
    wait(2n * DAY);
    expect(deposit(who.bob, 10n * STX).result.type).toBe("err");
    expect(withdraw(who.alice, 10n * STX).topics.at(-1)).toBe("withdrawal-queued");
    expect(redeem(who.alice, 50n * STX, poolTokens()).topics).toContain("shares-redeemed");
  });

  it("a tripped breaker stops deposits and rebalances' valuation until it is reset", () => {
    deposit(who.alice, 100n * STX);
    leg(STX_TOKEN, A, 30n * STX);
    expect(plain(post([[A, 3n * PRICE_ONE]]).result).tripped).toBe(1n);
    expect(deposit(who.bob, 10n * STX).result.type).toBe("err");
    expect(read("whale-pool-vault", "get-drift", u(1))).toHaveProperty("err");
    expect(redeem(who.alice, 50n * STX, poolTokens()).topics).toContain("shares-redeemed");
  });
});
