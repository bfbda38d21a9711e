// What may happen where stakers govern: stakes, proposals, votes, vetoes, and slices of the mandates that came of it.

import { bool, buffer, list, tuple, uint } from "./codec.mjs";
import { instead } from "./actions.mjs";
import { driftOf } from "./invariants.mjs";
import { POOLS } from "./world.mjs";

const HOUR = 3_600n;
const DAY = 24n * HOUR;
const NO_LEG = ({ stx, a }) => ({ from: stx, to: a, amount: 1n });
const NO_HASH = buffer("00".repeat(32));

function governance(world, name, by, fn, args, more = {}) {
  return { name, kind: "governance", by, fn, ...more, answer: world.call(by, "pool-governance", fn, ...args) };
}

function stake({ world, rng }) {
  const by = rng.pick(world.users);
  const answer = world.call(by, "flow-staking", "stake", uint(rng.chance(90) ? rng.below(200_000) : 10n ** 15n));
  return { name: "stake", kind: "world", by, answer };
}

function unstake({ world, rng, ghost }) {
  const by = rng.pick(world.users);
  const all = ghost.votes.stakeOf(by);
  const answer = world.call(by, "flow-staking", "unstake", uint(rng.chance(90) ? rng.partOf(all) : all + 1n));
  return { name: "unstake", kind: "world", by, answer };
}

function propose(turn) {
  const { world, rng, ghost } = turn;
  const idle = POOLS.filter((each) => !ghost.votes.isInVote(each));
  const id = rng.pick(idle.length > 0 && rng.chance(90) ? idle : POOLS);
  if (ghost.votes.isInVote(id) && rng.chance(90)) return vote(turn);
  const by = rng.chance(90) ? world.keeper : rng.pick([...world.users, world.stranger]);
  const first = rng.below(10_001);
  const second = rng.below(10_001 - first);
  const limits = { "turnover-bps": rng.pick([1_000, 10_000, 20_000]), "slippage-bps": rng.chance(5) ? 201 : rng.pick([50, 200, 200]), "loss-bps": rng.pick([20, 200]) };
  const args = [
    uint(id),
    world.targets({ [world.stx]: first, [world.a]: second, [world.b]: 10_000 - first - second }),
    tuple(Object.fromEntries(Object.entries(limits).map(([name, bps]) => [name, uint(bps)]))),
    uint(rng.pick([3_600, 86_400, 604_800, 604_800])),
    NO_HASH,
  ];
  return governance(world, "propose", by, "propose-mandate", args, { proposedFor: id });
}

function vote(turn) {
  const { world, rng, ghost } = turn;
  const running = ghost.votes.running(ghost.now);
  if (running.length === 0 && rng.chance(90)) return ghost.votes.unconcluded().length > 0 ? conclude(turn) : propose(turn);
  const id = rng.pick(running) ?? rng.below(5);
  const by = rng.chance(95) ? rng.pick(world.users) : world.stranger;
  return governance(world, "vote", by, "vote", [uint(id), bool(rng.chance(75))]);
}

function veto(turn) {
  const { world, rng, ghost } = turn;
  const id = rng.pick(ghost.votes.unconcluded());
  if (id === undefined) return propose(turn);
  return governance(world, "veto", world.guardian, "veto", [uint(id)]);
}

function conclude(turn) {
  const { world, rng, ghost } = turn;
  const ids = ghost.votes.unconcluded();
  if (ids.length === 0 && rng.chance(90)) return propose(turn);
  const id = rng.pick(ids) ?? rng.below(5);
  const early = ids.length > 0 && ghost.votes.proposals.get(id).createdAt + DAY + HOUR > ghost.now;
  if (early && rng.chance(85)) return rng.chance(50) ? vote(turn) : waitForVote(turn);
  return governance(world, "conclude", world.stranger, "conclude", [uint(id)], { everyPool: true });
}

/** Lets a running vote end, and sometimes the time after it. */
function waitForVote({ world, rng, ghost }) {
  const [id] = ghost.votes.unconcluded();
  const due = id === undefined ? 0n : ghost.votes.proposals.get(id).createdAt + DAY + HOUR;
  const gap = due - ghost.now + 20n + BigInt(rng.pick([0, 0, 0, 3, 12])) * HOUR;
  world.machine.advance(gap > 20n ? gap - (gap % 10n) : 20n);
  return { name: "waitForVote", kind: "world", elsewhere: true };
}

/** A slice: what there is too much of for what there is too little of; now and then of the wrong mandate. */
function rebalance(turn) {
  const { world, rng, state, ghost } = turn;
  const open = POOLS.filter((each) => ghost.votes.openMandate(each, ghost.now) !== null);
  const id = rng.pick(open.length > 0 ? open : POOLS);
  if (open.length === 0 && rng.chance(90)) return conclude(turn);
  if (state.pools[id].pauses.rebalances && rng.chance(85)) return instead(turn, "rebalances", id);
  const right = ghost.votes.openMandate(id, ghost.now) ?? 1;
  const mandate = rng.chance(95) ? right : rng.below(4);
  const slices = ghost.votes.mandates.get(mandate)?.slices ?? 0n;
  const slice = rng.chance(95) ? slices + 1n : slices;
  const legs = legsFor(world, rng, state.pools[id], ghost);
  if (legs === null && rng.chance(90)) return instead(turn, "rebalances", id);
  const fee = BigInt(rng.pick([0, 30_000, 900_000, 5_000_000]));
  const by = rng.chance(95) ? world.keeper : world.stranger;
  const args = [uint(id), uint(mandate), uint(slice), uint(fee), list((legs ?? [NO_LEG(world)]).map((leg) => world.leg(leg)))];
  return {
    name: "rebalance", kind: "venue", by, pool: id, mandate, slice, fee, bounded: true,
    legs: (legs ?? []).flatMap(({ from, to }) => [from, to]),
    slippageBps: ghost.votes.mandates.get(mandate)?.limits["slippage-bps"] ?? 0n,
    answer: world.call(by, "pool-rebalancer", "rebalance-pool", ...args),
  };
}

function legsFor(world, rng, pool, ghost) {
  const gaps = driftOf(world, pool, ghost.prices)?.gaps ?? new Map();
  const over = [...gaps].filter(([, gap]) => gap > 0n).map(([asset]) => asset);
  const under = [...gaps].filter(([, gap]) => gap < 0n).map(([asset]) => asset);
  if (over.length === 0 || under.length === 0) return null;
  const from = rng.pick(over);
  return Array.from({ length: rng.pick([1, 1, 1, 2, 3]) }, () => {
    const to = rng.pick(under);
    const needed = -gaps.get(to) < gaps.get(from) ? -gaps.get(to) : gaps.get(from);
    const whole = from === world.stx ? needed : world.amountWorth(from, needed, ghost.prices[from]);
    return { from, to, amount: rng.partOf(whole) };
  });
}

export const VOTE_ACTIONS = {
  stake: { act: stake, weight: 4 },
  unstake: { act: unstake, weight: 2 },
  propose: { act: propose, weight: 5 },
  vote: { act: vote, weight: 10 },
  veto: { act: veto, weight: 1 },
  conclude: { act: conclude, weight: 5 },
  waitForVote: { act: waitForVote, weight: 5 },
  rebalance: { act: rebalance, weight: 8 },
};
