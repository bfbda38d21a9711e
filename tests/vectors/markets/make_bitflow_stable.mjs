// Writes bitflow_stable.jsonl beside the other vectors: swaps at our double of Bitflow's stable core, quoted by our
// adapter contract as well, on the simulated chain. The double's arithmetic is written after the deployed contract's, but
// these rows were not paid by the deployed contract, unlike the others here.
// The virtual machine tells every abort on stderr at length, which the rows say too.
// node tests/vectors/markets/make_bitflow_stable.mjs rows.jsonl 2>/dev/null && gzip -9n rows.jsonl
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as venues from "../../../contracts/tests/samples/venues.mjs";
import { makeProject, readManifest } from "../../../contracts/tools/simnet/project.mjs";
import { loadSdk } from "../../../contracts/tools/simnet/sdk.mjs";

const { Cl } = createRequire(new URL("../../../contracts/package.json", import.meta.url))("@stacks/transactions");
const { act, mint, outcome, principal, read, STABLE, STABLE_POOL, BITFLOW_STX, TOKEN } = venues;

const ROWS = 420;
const M = 10n ** 6n;
const MOST_FUNDED = 10n ** 15n;

/** Numbers that are the same in every run. */
function* dice(seed) {
  for (let n = 0; ; n += 1) {
    yield BigInt(`0x${createHash("sha256").update(`${seed} ${n}`).digest("hex").slice(0, 30)}`);
  }
}
const thrown = dice("bitflow stable");
const below = (end) => thrown.next().value % end;
const between = (low, high) => low + below(high - low + 1n);
const oneOf = (...choices) => choices[Number(below(BigInt(choices.length)))];
/** Mostly every order of magnitude alike. */
const wide = (low, high) => between(1n, 9n) * 10n ** between(BigInt(low), BigInt(high)) + below(10n ** BigInt(low));

function state(kind) {
  const num = oneOf(M, M, between(900_000n, 1_100_000n));
  const den = oneOf(M, 1_090_000n, between(900_000n, 1_300_000n));
  const x = kind === "huge" ? wide(17, 36) : wide(kind === "tiny" ? 0 : 5, kind === "tiny" ? 4 : 13);
  const y = ((x * num) / den) * (kind === "skewed" ? between(2n, 400n) : between(80n, 120n));
  return {
    x_balance: x,
    y_balance: y / 100n > 0n ? y / 100n : 1n,
    midpoint_num: num,
    midpoint_den: den,
    amplification: oneOf(100n, 100n, between(1n, 2_000n)),
    x_protocol_fee_bps: between(0n, 20n),
    x_provider_fee_bps: between(0n, 40n),
    y_protocol_fee_bps: between(0n, 20n),
    y_provider_fee_bps: oneOf(between(0n, 40n), between(0n, 40n), between(0n, 9_900n)),
    ratio: oneOf((den * M) / num, 1_090_000n, between(1_000_000n, 1_400_000n)),
  };
}

function amountFor({ x_balance: x, y_balance: y }, forward) {
  const balance = forward ? x : y;
  return oneOf(below(200n), (balance * between(1n, 500n)) / 1_000n, (balance * between(1n, 100n)) / 100_000n, balance * between(1n, 11n));
}

function set(simnet, pool) {
  const uints = (...names) => names.map((name) => Cl.uint(pool[name]));
  const at = principal(STABLE_POOL);
  act(simnet, STABLE, "set-balances-for-test", [at, ...uints("x_balance", "y_balance")]);
  act(simnet, STABLE, "set-midpoint", [at, ...uints("midpoint_num", "midpoint_den"), Cl.uint(M), Cl.uint(M)]);
  act(simnet, STABLE, "set-amplification-coefficient", [at, ...uints("amplification")]);
  for (const side of ["x", "y"]) {
    act(simnet, STABLE, `set-${side}-fees`, [at, ...uints(`${side}_protocol_fee_bps`, `${side}_provider_fee_bps`)]);
  }
  act(simnet, venues.RATIO, "set-ratio-for-test", uints("ratio"));
}

function play(simnet, pool, forward, amount, minimum) {
  set(simnet, pool);
  const [trader, stx] = [simnet.getAccounts().get("wallet_1"), `${simnet.deployer}.stx-token`];
  const ends = [STABLE_POOL, BITFLOW_STX, TOKEN.STSTX].map(principal);
  const call = (fn, ...more) => simnet.callPublicFn(STABLE, fn, [...ends, Cl.uint(amount), ...more], trader);
  const pair = (forward ? [stx, TOKEN.STSTX] : [TOKEN.STSTX, stx]).map(principal);
  const quote = outcome(() => call(forward ? "get-dy" : "get-dx"));
  const min = minimum(quote);
  const row = {
    quote,
    adapter_quote: outcome(() => simnet.callReadOnlyFn(`${simnet.deployer}.bitflow-stable-adapter`, "quote-between", [...pair, Cl.uint(amount)], trader)),
    min_out: String(min),
    swap_out: outcome(() => call(forward ? "swap-x-for-y" : "swap-y-for-x", Cl.uint(min))),
  };
  const after = read(simnet, STABLE_POOL, "get-pool", []);
  return { ...row, x_balance_after: after["x-balance"], y_balance_after: after["y-balance"], threshold: after["convergence-threshold"] };
}

function rowFrom(simnet, n) {
  const pool = state(["usual", "usual", "usual", "skewed", "tiny", "huge"][n % 6]);
  const forward = below(2n) === 1n;
  const amount = amountFor(pool, forward);
  const shift = oneOf(null, null, null, 0n, 1n, -1n);
  const minimum = (quote) => (shift === null || typeof quote !== "string" ? 1n : shift === 0n ? 0n : BigInt(quote) + shift);
  const played = play(simnet, pool, forward, amount, (quote) => (minimum(quote) < 0n ? 0n : minimum(quote)));
  const written = Object.fromEntries(Object.entries(pool).map(([name, value]) => [name, String(value)]));
  const row = {
    venue: "bitflow_stable",
    ...{ x_token: "token-stx-v-1-2", y_token: "ststx-token", x_scale: "1", y_scale: "1" },
    ...written,
    direction: forward ? "x_for_y" : "y_for_x",
    amount: String(amount),
    ...played,
  };
  const id = createHash("sha256").update(JSON.stringify(row)).digest("hex").slice(0, 16);
  return { id, ...row };
}

if (!process.argv[2]) throw new Error("say where the rows shall go");
const folder = mkdtempSync(join(tmpdir(), "stable-vectors-"));
try {
  const { initSimnet } = await loadSdk();
  const simnet = await initSimnet(makeProject(join(folder, "project"), readManifest()), true);
  const [trader, faucet] = ["wallet_1", "faucet"].map((name) => simnet.getAccounts().get(name));
  mint(simnet, TOKEN.STSTX, 100n * MOST_FUNDED, simnet.deployer);
  venues.openStablePool(simnet, M, M);
  for (const who of [trader, STABLE_POOL]) {
    mint(simnet, TOKEN.STSTX, 1000n * MOST_FUNDED, who);
    simnet.mintSTX(faucet, 1000n * MOST_FUNDED);
    simnet.transferSTX(1000n * MOST_FUNDED, who, faucet);
  }
  const rows = Array.from({ length: ROWS }, (_, n) => rowFrom(simnet, n));
  // "1" is a token's own code: somebody here ran out of it, which says nothing about the venue.
  const kept = rows.filter(({ swap_out: out }) => out.err !== "1").sort((a, b) => (a.id < b.id ? -1 : 1));
  writeFileSync(process.argv[2], kept.map((row) => `${JSON.stringify(row)}\n`).join(""));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
