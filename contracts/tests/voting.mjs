// What the tests of votes share: proposals, votes and what follows from them, in few words.

import { Cl } from "@stacks/transactions";
import { expect } from "vitest";

import {
  DAY, DEPLOYER, LAUNCH, STX, boot, call, deposit, must, ours, p, plain, read, sourceOf, stake, targets, u, warpTo, who,
} from "./kit.mjs";

export const HOUR = 3_600n;
export const HASH = "ab".repeat(32);
export const LIMITS = { "turnover-bps": 10_000, "slippage-bps": 100, "loss-bps": 100 };

export const limitsOf = (changes = {}) =>
  Cl.tuple(Object.fromEntries(Object.entries({ ...LIMITS, ...changes }).map(([key, bps]) => [key, u(bps)])));
export const propose = (by = who.keeper, { id = 1, shares = LAUNCH, limits, open = DAY, list = targets(shares) } = {}) =>
  call(by, "pool-governance", "propose-mandate", u(id), list, limitsOf(limits), u(open), Cl.bufferFromHex(HASH));
export const proposeScript = (name, by = who.keeper) => call(by, "pool-governance", "propose-script", ours(name));
export const whaleList = (rows) => Cl.list(rows.map(([whale, bps]) => Cl.tuple({ whale: p(whale), "weight-bps": u(bps) })));
export const proposeWhales = (rows, { by = who.keeper, id = 1 } = {}) =>
  call(by, "pool-governance", "propose-whales", u(id), whaleList(rows), Cl.bufferFromHex(HASH));
export const vote = (person, id, support = true) => call(person, "pool-governance", "vote", u(id), Cl.bool(support));
export const veto = (id, by = who.guardian) => call(by, "pool-governance", "veto", u(id));
export const conclude = (id, by = who.stranger) => call(by, "pool-governance", "conclude", u(id));
export const run = (name, by = who.stranger) => call(by, "pool-governance", "run-script", ours(name));
export const unstake = (person, amount) => call(person, "flow-staking", "unstake", u(amount));
export const giveFlow = (from, to, amount) =>
  must(from, "flow-token", "transfer", u(amount), p(from), p(to), Cl.none());

export const ballot = (id = 1) => read("ballot-box", "get-ballot", u(id));
export const proposal = (id = 1) => read("pool-governance", "get-proposal", u(id));
export const mandate = (id = 1) => read("pool-governance", "get-mandate", u(id));
export const openMandate = (id = 1) => read("pool-governance", "get-open-mandate", u(id));
export const lockOf = (person) => read("flow-staking", "get-lock", p(person));
export const hasRole = (person, role) => read("pool-access", "has-role", p(person), Cl.stringAscii(role));

/** Stakes of 60, 39 and 1 out of 100 FLOW; a guardian; the vote contract in office; 100 STX in the pool. */
export async function openHouse(stakes = { [who.alice]: 60n, [who.bob]: 39n, [who.carol]: 1n }) {
  await boot();
  for (const [person, amount] of Object.entries(stakes)) stake(person, amount);
  deposit(who.alice, 100n * STX);
  must(DEPLOYER, "pool-access", "grant-role", p(who.guardian), Cl.stringAscii("guardian"));
  must(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));
}

/** A contract of the mocks that the common chain does not have. */
export const deployMock = (name) => simnet.deployContract(name, sourceOf(`mock:${name}`), { clarityVersion: 4 }, DEPLOYER);

/** Lets the vote and the wait after it end: the next call runs when the proposal may be concluded. */
export const toDue = (id = 1) => warpTo(ballot(id)["due-at"]);

/** Proposes and passes a mandate. */
export function pass(options) {
  const id = plain(propose(who.keeper, options).result);
  vote(who.alice, id);
  toDue(id);
  expect(conclude(id).result).toBeOk(Cl.bool(true));
  return id;
}

/** Proposes and passes a script; its wait begins. */
export function passScript(name) {
  const id = plain(proposeScript(name).result);
  vote(who.alice, id);
  toDue(id);
  expect(conclude(id).result).toBeOk(Cl.bool(true));
  return id;
}
