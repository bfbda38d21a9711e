// What the tests of our own contracts share: a fresh chain with one pool, actors by name, errors by name.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Cl } from "@stacks/transactions";
import { expect } from "vitest";

import { FUNDS, GOVERNMENT, SHARES, TOKENS, TRAITS_AND_ROLES, VAULT_PARTS, namedSource } from "./chain-order.mjs";

const SRC = new URL("../src/", import.meta.url);
const MOCKS = new URL("./mocks/", import.meta.url);

export const DEPLOYER = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM";
export const who = {
  deployer: DEPLOYER,
  alice: "ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5",
  bob: "ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG",
  carol: "ST2JHG361ZXG51QTKY2NQCVBPPRRE2KZB1HR05NNC",
  keeper: "ST2NEB84ASENDXKYGJPQW86YXQCEFEX2ZQPG87ND",
  guardian: "ST2REHHS5J3CERCRBEPMGH7921Q6PYKAADT7JP2VB",
  creator: "ST3AM1A56AK2C1XAFJ4115ZSV26EB49BVQ10MGCS0",
  stranger: "ST3PF13W7Z0RRM42A8VZRVFQ75SV1K26RXEP8YGKJ",
  fees: "ST3NBRSFKX28FQ2ZJ1MAKX58HKHSDGNV5N7R21XCP",
  mover: "STNHKEPYEPJ8ET55ZZ0M5A34J0R3N5FM2CMMMAZ6", // holds the rebalancer role where a test gives it
};

/** What a test's chain has, in the order it is deployed; pool-oracle is dictated by the test. */
const CHAIN = [
  ...TRAITS_AND_ROLES,
  ["pool-oracle", "mock:dictated-oracle"],
  ...SHARES,
  ...VAULT_PARTS,
  ...FUNDS,
  ...GOVERNMENT,
  ...TOKENS,
  ["token-c", "mock:freezable-token"],
  "mock:fair-adapter",
  "mock:lying-adapter",
  "mock:stealing-adapter",
  "mock:double-dipping-adapter",
  "mock:half-taking-adapter",
  "mock:silent-adapter",
  "mock:failing-adapter",
  "mock:deposit-proxy",
  "mock:granting-script",
  "mock:failing-script",
  "mock:looting-script",
  "mock:handing-over-script",
];

export const OWN = [
  "stx-token",
  "flow-token",
  "pool-access",
  "pool-share",
  "flow-staking",
  ...VAULT_PARTS,
  ...FUNDS,
  ...GOVERNMENT,
  "price-averages",
  "price-sources",
  "price-observations",
  "pool-oracle",
];
export const ADAPTERS = ["fair", "lying", "stealing", "double-dipping", "half-taking", "silent", "failing"];

export const STX = 1_000_000n;
export const PRICE_ONE = 1_000_000_000_000n;
export const DAY = 86_400n;
export const YEAR = 365n * DAY;
export const MAX_UINT = (1n << 128n) - 1n;

export const at = (name) => `${DEPLOYER}.${name}`;
const idOf = (contract) => (contract.includes(".") ? contract : at(contract));
export const u = (n) => Cl.uint(n);
export const p = (id) => (id.includes(".") ? Cl.contractPrincipal(...id.split(".")) : Cl.standardPrincipal(id));
export const ours = (name) => p(at(name));
export const STX_TOKEN = at("stx-token");
export const A = at("token-a");
export const B = at("token-b");
export const C = at("token-c");
export const VAULT = at("whale-pool-vault");
export const targets = (shares) =>
  Cl.list(Object.entries(shares).map(([asset, bps]) => Cl.tuple({ asset: p(asset), bps: u(bps) })));

const sources = new Map();
export function sourceOf(name) {
  if (!sources.has(name)) {
    const url = name.startsWith("mock:") ? new URL(`${name.slice(5)}.clar`, MOCKS) : new URL(`${name}.clar`, SRC);
    sources.set(name, readFileSync(url, "utf8"));
  }
  return sources.get(name);
}

/** { ERR_NAME: code } of one of our contracts. */
export function errorsOf(contract) {
  const found = sourceOf(contract).matchAll(/^\(define-constant (ERR_[A-Z0-9_]+) \(err u(\d+)\)\)$/gm);
  return Object.fromEntries([...found].map(([, name, code]) => [name, BigInt(code)]));
}

/** The errors of the vault and of the two contracts that share its hundred. */
export const doorErrors = () => Object.assign({}, ...["whale-pool-vault", "pool-desk", "pool-office"].map(errorsOf));

export function sourceNames() {
  return readdirSync(SRC)
    .filter((file) => file.endsWith(".clar"))
    .map((file) => file.slice(0, -".clar".length));
}

/** Clarity values as plain ones: bigint, boolean, string, array, object; none as null. */
export function plain(cv) {
  if (cv.type === "uint" || cv.type === "int") return BigInt(cv.value);
  if (cv.type === "true" || cv.type === "false") return cv.type === "true";
  if (cv.type === "none") return null;
  if (["some", "ok"].includes(cv.type)) return plain(cv.value);
  if (cv.type === "err") return { err: plain(cv.value) };
  if (cv.type === "list") return cv.value.map(plain);
  if (cv.type === "tuple") return Object.fromEntries(Object.entries(cv.value).map(([key, value]) => [key, plain(value)]));
  return cv.value;
}

export function call(sender, contract, fn, ...args) {
  const { result, events } = simnet.callPublicFn(idOf(contract), fn, args, sender);
  const prints = events.filter(({ event }) => event === "print_event").map(({ data }) => plain(data.value));
  return { result, events, prints, topics: prints.map(({ topic }) => topic) };
}

/** Calls and returns the plain value of (ok …); anything else is a failed test. */
export function must(sender, contract, fn, ...args) {
  const { result } = call(sender, contract, fn, ...args);
  expect(result.type, `${contract} ${fn}: ${Cl.prettyPrint(result)}`).toBe("ok");
  return plain(result);
}

/** Plain value; an (err n) comes back as { err: n }. */
export function read(contract, fn, ...args) {
  return plain(simnet.callReadOnlyFn(idOf(contract), fn, args, DEPLOYER).result);
}

export function expectError({ result }, code) {
  expect(code, "the error has a name in the source").toBeTypeOf("bigint");
  expect(Cl.prettyPrint(result)).toBe(`(err u${code})`);
}

// --- time ---

const CLOCK = "(define-read-only (get-tip-time) stacks-block-time)";
const BLOCK_SECS = 10n;

/** The second in which the next call runs: every call mines a block. */
export const now = () => read("clock", "get-tip-time") + BLOCK_SECS;

/** Lets time pass until the next call runs at exactly `second`; blocks are ten seconds, burn blocks up to 600. */
export function warpTo(second) {
  let gap = BigInt(second) - now();
  expect(gap >= 0n && gap % 10n === 0n, `cannot go ${gap} s ahead`).toBe(true);
  while (gap > 0n) {
    if (gap >= 600n) simnet.mineEmptyBurnBlocks(Number(gap / 600n));
    else simnet.mineEmptyStacksBlocks(Number(gap / 10n));
    gap = BigInt(second) - now();
  }
  expect(gap).toBe(0n);
}
export const wait = (secs) => warpTo(now() + BigInt(secs));
/** As long as one person has to wait between two deposits or withdrawals. */
export const rest = () => wait(90n);

// --- the world ---

/** A project with the accounts and no contracts: opening it is quick, and the tests say what is deployed. */
const PROJECT = emptyProject();

function emptyProject() {
  const folder = mkdtempSync(join(tmpdir(), "whale-pool-tests-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  cpSync(fileURLToPath(new URL("../settings", import.meta.url)), join(folder, "settings"), { recursive: true });
  const manifest = '[project]\nname = "tests"\ntelemetry = false\n\n[repl]\nlog_print_events = "none"\n';
  writeFileSync(join(folder, "Clarinet.toml"), manifest);
  return folder;
}

export const price = (asset, e12) => must(DEPLOYER, "pool-oracle", "dictate", p(asset), u(e12));
export const silence = (asset) => must(DEPLOYER, "pool-oracle", "silence", p(asset));
const LAUNCH_PRICES = [
  [STX_TOKEN, (3n * PRICE_ONE) / 10n], // USD per STX
  [A, 2n * PRICE_ONE],
  [B, PRICE_ONE / 2n],
];
export const LAUNCH = { [STX_TOKEN]: 6_000, [A]: 3_000, [B]: 1_000 };

export function createPool(share, shares = LAUNCH, capUsd = 25_000, by = who.creator) {
  return call(
    by,
    "whale-pool-vault",
    "create-pool",
    Cl.stringAscii("Index"),
    Cl.stringAscii("IDX"),
    ours(share),
    targets(shares),
    u(capUsd),
  );
}

/**
 * A fresh chain: roles given, two tokens (A with 6 decimals at 2 STX, B with 8 at 0.5 STX), one pool.
 * With `realOracle` the chain is the manifest's, as opened before each test, and the test posts the prices.
 */
export function boot(options = {}) {
  // The second time the same is asked for, the chain is put back from memory where the environment can do that.
  return globalThis.moment ? moment(`boot ${JSON.stringify(options)}`, () => bootAfresh(options)) : bootAfresh(options);
}

async function bootAfresh({ realOracle = false }) {
  if (!realOracle) await simnet.initSession(PROJECT, join(PROJECT, "Clarinet.toml"));
  simnet.setEpoch("3.4");
  for (const entry of CHAIN) {
    const [name, source] = namedSource(entry);
    if (realOracle && (name === "pool-oracle" || !source.startsWith("mock:"))) continue;
    const { result } = simnet.deployContract(name, sourceOf(source), { clarityVersion: 4 }, DEPLOYER);
    expect(result.type, name).toBe("true");
  }
  simnet.deployContract("clock", CLOCK, { clarityVersion: 4 }, DEPLOYER);

  const text = (role) => Cl.stringAscii(role);
  setUp([
    ["pool-access", "grant-role", p(who.keeper), text("keeper")],
    ["pool-access", "grant-role", p(who.guardian), text("emergency")],
    ["pool-access", "grant-role", p(who.creator), text("creator")],
    ["pool-access", "grant-role", ours("pool-rebalancer"), text("rebalancer")],
    ["pool-access", "grant-role", p(who.mover), text("rebalancer")],
    ["whale-pool-vault", "register-asset", p(A), u(6)],
    ["whale-pool-vault", "register-asset", p(B), u(8)],
    ["whale-pool-vault", "set-fee-account", p(who.fees)],
    ...(realOracle ? [] : LAUNCH_PRICES.map(([asset, e12]) => ["pool-oracle", "dictate", p(asset), u(e12)])),
    ...ADAPTERS.flatMap((name) => venue(`${name}-adapter`)),
  ]);
  expect(createPool("pool-share-1").result).toEqual(Cl.ok(u(1)));
}

const STATE = ["sip-010-trait", "stx-token", "pool-portfolios", "pool-books", "pool-terms", "withdrawal-queue", ["pool-desk", "mock:open-desk"],
  ["pool-office", "mock:open-office"]];

/** A fresh chain with the state contracts alone, and somebody in the desk's place who writes what a test says. */
export function bootState() {
  return globalThis.moment ? moment("bootState", bootStateAfresh) : bootStateAfresh();
}

async function bootStateAfresh() {
  await simnet.initSession(PROJECT, join(PROJECT, "Clarinet.toml"));
  simnet.setEpoch("3.4");
  for (const entry of STATE) {
    const [name, source] = namedSource(entry);
    expect(simnet.deployContract(name, sourceOf(source), { clarityVersion: 4 }, DEPLOYER).result.type, name).toBe("true");
  }
  simnet.deployContract("clock", CLOCK, { clarityVersion: 4 }, DEPLOYER);
}

/** The share template under another deployer, obeying a vault of theirs. Returns the token's id. */
export function deployForeignShare(deployer) {
  for (const [name, source] of [
    ["sip-010-trait", "sip-010-trait"],
    ["pool-share-trait", "pool-share-trait"],
    ["pool-share", "pool-share"],
    ["whale-pool-vault", "mock:renaming-vault"],
  ]) {
    simnet.deployContract(name, sourceOf(source), { clarityVersion: 4 }, deployer);
  }
  return `${deployer}.pool-share`;
}

/** Calls of the deployer, in one block. */
function setUp(calls) {
  const steps = calls.map(([contract, method, ...args]) => ({
    callPublicFn: { contract: idOf(contract), method, args, sender: DEPLOYER },
  }));
  simnet.mineBlock(steps).forEach(({ result }, n) => expect(result.type, `${calls[n][0]} ${calls[n][1]}`).toBe("ok"));
}

/** A venue that is admitted, has deep pockets and deals at the launch prices. */
function venue(name) {
  const rates = [
    [STX_TOKEN, A, 1, 2],
    [A, STX_TOKEN, 2, 1],
    [STX_TOKEN, B, 200, 1],
    [B, STX_TOKEN, 1, 200],
    [A, B, 400, 1],
    [B, A, 1, 400],
  ];
  return [
    ...rates.map(([from, to, out, into]) => [name, "set-rate", p(from), p(to), u(out), u(into)]),
    ["stx-token", "transfer", u(1_000_000n * STX), p(DEPLOYER), ours(name), Cl.none()],
    ["token-a", "faucet", u(10n ** 15n), ours(name)],
    ["token-b", "faucet", u(10n ** 17n), ours(name)],
    ["whale-pool-vault", "admit-adapter", ours(name)],
  ];
}

// --- the vault, in few words ---

const share1 = () => ours("pool-share-1");
export const deposit = (person, ustx, min = 0n) => call(person, "whale-pool-vault", "deposit", u(1), share1(), u(ustx), u(min));
export const withdraw = (person, shares, min = 0n) =>
  call(person, "whale-pool-vault", "withdraw", u(1), share1(), u(shares), u(min));
export const cancel = (person) => call(person, "whale-pool-vault", "cancel-withdrawal", u(1), share1());
export const processFor = (person, by = who.stranger) =>
  call(by, "whale-pool-vault", "process-pending-withdrawal", p(person), u(1), share1());
export const processAll = (by = who.stranger) => call(by, "whale-pool-vault", "process-withdrawals", u(1), share1());
export const poolTokens = () => Cl.list(read("whale-pool-vault", "get-pool-assets", u(1)).map(({ asset }) => p(asset)));
export const redeem = (person, shares, tokens = poolTokens()) =>
  call(person, "whale-pool-vault", "redeem-in-kind", u(1), share1(), u(shares), tokens);
export const redeemWithout = (person, shares, givenUp, tokens = poolTokens()) =>
  call(person, "whale-pool-vault", "redeem-in-kind-without", u(1), share1(), u(shares), tokens, Cl.list(givenUp.map(p)));
export const collect = (by = who.stranger) => call(by, "whale-pool-vault", "collect-fees", u(1), share1());
export const leg = (from, to, amount, { min = 0n, slip = 200n, dex = "fair-adapter", by = who.mover, pool = 1 } = {}) =>
  call(by, "whale-pool-vault", "execute-leg", u(pool), p(from), p(to), u(amount), u(min), u(slip), ours(dex));
/** Buys A and B until the pool is at its launch target: 60 % STX, 30 % A, 10 % B of `total`. */
export function invest(total) {
  for (const [asset, amount] of [[A, (total * 3n) / 10n], [B, total / 10n]]) {
    expect(leg(STX_TOKEN, asset, amount).topics).toEqual(["leg-executed"]);
  }
}
export const setTargets = (shares, by = DEPLOYER, pool = 1) =>
  call(by, "whale-pool-vault", "set-target-allocation", u(pool), targets(shares));

export const pool = (id = 1) => read("whale-pool-vault", "get-pool", u(id));
export const value = () => read("whale-pool-vault", "get-pool-total-value", u(1));
export const sharePrice = () => read("whale-pool-vault", "get-share-price", u(1));
export const drift = (id = 1) => read("whale-pool-vault", "get-drift", u(id));
export const queue = () => read("whale-pool-vault", "get-queue", u(1));
export const held = (asset, id = 1) =>
  read("whale-pool-vault", "get-pool-assets", u(id)).find((row) => row.asset === asset)?.amount ?? 0n;
/** What all pools together own of an asset, by the books. */
export const booked = (asset) => {
  const ids = Array.from({ length: Number(read("whale-pool-vault", "get-pool-count")) }, (_, n) => u(n + 1));
  const rows = ids.flatMap((id) => read("pool-portfolios", "get-portfolio", id));
  return rows.reduce((sum, row) => (row.asset === asset ? sum + row.amount : sum), 0n);
};
export const sharesOf = (person, token = "pool-share-1") => read(token, "get-balance", p(person));
export const stxOf = (person) => read("stx-token", "get-balance", p(person));
export const tokensOf = (asset, person) => (asset === STX_TOKEN ? stxOf(person) : read(asset, "get-balance", p(person)));

// --- votes ---

/** Gives FLOW to a person, who stakes it. */
export function stake(person, amount) {
  must(DEPLOYER, "flow-token", "transfer", u(amount), p(DEPLOYER), p(person), Cl.none());
  must(person, "flow-staking", "stake", u(amount));
}
