// What may happen in a step. Each action looks at the state, chooses who and how much, makes one call, and says what it
// did. Refusals are part of the game; what must be refused says so.

import { PRICE_ACTIONS, post, resetBreaker } from "./actions-prices.mjs";
import { VOTE_ACTIONS } from "./actions-votes.mjs";
import { ascii, bool, list, none, principal, tuple, uint } from "./codec.mjs";
import { isDust, roundedValue } from "./invariants.mjs";
import { POOLS, PRICE_ONE, STX } from "./world.mjs";

const MAX_UINT = (1n << 128n) - 1n;
const HOUR = 3_600n;
const DAY = 24n * HOUR;

/** Now and then an amount from the edges: nothing, one, all and one more, more than could exist. */
function amountOf(rng, all, usual) {
  if (rng.chance(94)) return usual();
  return rng.pick([0n, 1n, all, all + 1n, MAX_UINT]);
}

const holdersAmong = (people, state, id) => people.filter((who) => (state.shares[id].get(who) ?? 0n) > 0n);
const queuedIn = (state) => POOLS.filter((id) => state.pools[id].queue.length > 0);

/** A pool in which somebody has shares, and one of them; null when there is none. */
function holder(rng, { users }, state) {
  const owned = POOLS.filter((id) => holdersAmong(users, state, id).length > 0);
  if (owned.length === 0) return null;
  const id = rng.pick(owned);
  return { id, by: rng.pick(rng.chance(98) ? holdersAmong(users, state, id) : users) };
}

/** A part of what a person has, often all of it. */
function someShares(rng, state, id, who) {
  const all = state.shares[id].get(who) ?? 0n;
  return amountOf(rng, all, () => (rng.chance(25) ? all : rng.chance(10) ? BigInt(rng.below(2_000)) : rng.partOf(all)));
}

const poolTokens = (state, id) => list(state.pools[id].rows.map(({ asset }) => principal(asset)));

/** Calls the vault for a person, the pool's share among the arguments. */
function vault(world, name, by, id, fn, args, more) {
  return { name, by, pool: id, fn, ...more, answer: world.call(by, "whale-pool-vault", fn, ...args) };
}

function ask(world, name, by, id, fn, args = [], more = {}) {
  return vault(world, name, by, id, fn, [uint(id), principal(world.share(id)), ...args], { kind: "user", subject: by, ...more });
}

// A step is `elsewhere` when it calls none of our contracts: time, the market, the oracle that is dictated.

/** What is done instead of something that would be refused for sure: most often what opens the way to it. */
export function instead(turn, door, id) {
  const { world, rng, state, ghost } = turn;
  if (door && state.pools[id].pauses[door]) return pause(turn);
  const silent = world.assets.filter((asset) => ghost.prices[asset] === null);
  if (silent.length > 0 && ghost.oracle) return resetBreaker(turn);
  if (silent.length > 0) return restorePrice({ world, ghost, asset: rng.pick(silent) });
  return rng.pick([ghost.oracle ? post : price, handOn, wait])(turn);
}

const isPriced = ({ world, state, ghost }, id) =>
  world.assets.every((asset) => asset === world.stx || state.pools[id].holdings[asset] === 0n || ghost.prices[asset] !== null);

// --- people ---

function deposit(turn) {
  const { world, rng, state, ghost } = turn;
  const id = rng.pick(POOLS);
  const blocked = state.pools[id].pauses.deposits || !isPriced(turn, id) || ghost.prices[world.stx] === null;
  if (blocked && rng.chance(85)) return instead(turn, "deposits", id);
  const rested = world.users.filter((who) => (ghost.pools[id].calls.get(who) ?? 0n) + 100n < ghost.now);
  const by = rng.pick(rested.length > 0 && rng.chance(90) ? rested : world.users);
  const room = blocked ? 0n : roomUnderCap(turn, id);
  const amount = amountOf(rng, state.tokens[world.stx].get(by) ?? 0n, () =>
    rng.chance(4) && room > 0n ? room + BigInt(rng.below(3)) * STX : BigInt(rng.chance(10) ? rng.below(3_000) : rng.chance(5) ? rng.below(200_000) * 1_000_000 : rng.between(10_000, 2_000_000_000)));
  return ask(world, "deposit", by, id, "deposit", [uint(amount), uint(rng.chance(5) ? amount : 0n)]);
}

/** What may still come into a pool before its cap is reached. */
function roomUnderCap({ world, state, ghost }, id) {
  const most = (ghost.pools[id].capAt(ghost.now) * STX * PRICE_ONE) / ghost.prices[world.stx];
  return most - roundedValue(world, state.pools[id].holdings, ghost.prices, true);
}

function withdraw(turn) {
  const { world, rng, state, ghost } = turn;
  const found = holder(rng, world, state);
  if (found === null) return deposit(turn);
  const { id, by } = found;
  if ((ghost.pools[id].calls.get(by) ?? 0n) + 100n > ghost.now && rng.chance(80)) return wait(turn);
  const shares = someShares(rng, state, id, by);
  const worth = shares >= 10n ** 18n ? 0n : !isPriced(turn, id) ? shares : (shares * roundedValue(world, state.pools[id].holdings, ghost.prices)) / (state.pools[id].total + 1n);
  const least = rng.chance(60) ? 0n : (worth * BigInt(rng.pick([500, 980, 990, 999, 1_001]))) / 1_000n;
  return ask(world, "withdraw", by, id, "withdraw", [uint(shares), uint(least)]);
}

function queued(turn) {
  const { rng, state } = turn;
  const pools = queuedIn(state);
  if (pools.length === 0) return null;
  const id = rng.pick(pools);
  return { id, user: rng.pick(state.pools[id].queue).user };
}

function cancel(turn) {
  const { world, rng } = turn;
  const found = queued(turn);
  if (found === null && rng.chance(90)) return withdraw(turn);
  const { id, user } = found ?? { id: rng.pick(POOLS), user: rng.pick(world.users) };
  return ask(world, "cancel", user, id, "cancel-withdrawal");
}

/** Somebody, not always the owner, asks for one request to be paid. */
function process(turn) {
  const { world, rng, state } = turn;
  const found = queued(turn);
  if (found === null && rng.chance(90)) return withdraw(turn);
  const { id, user } = found ?? { id: rng.pick(POOLS), user: rng.pick(world.users) };
  if ((state.pools[id].pauses.withdrawals || !isPriced(turn, id)) && rng.chance(85)) return instead(turn, "withdrawals", id);
  const by = rng.pick([world.stranger, ...world.users]);
  return vault(world, "process", by, id, "process-pending-withdrawal", [principal(user), uint(id), principal(world.share(id))], {
    kind: "user", subject: user,
  });
}

function processAll(turn) {
  const { world, rng, state } = turn;
  const found = queued(turn);
  if (found === null && rng.chance(90)) return withdraw(turn);
  const { id } = found ?? { id: rng.pick(POOLS) };
  if ((state.pools[id].pauses.withdrawals || !isPriced(turn, id)) && rng.chance(85)) return instead(turn, "withdrawals", id);
  return ask(world, "processAll", rng.pick([world.stranger, ...world.users]), id, "process-withdrawals", [], { subject: null });
}

function evict(turn) {
  const { world, rng, state } = turn;
  const found = queued(turn);
  if (found === null) return withdraw(turn);
  const { id, user } = found;
  if (state.pools[id].pauses.withdrawals && rng.chance(85)) return instead(turn, "withdrawals", id);
  const { askedAt } = state.pools[id].queue.find((row) => row.user === user);
  if (askedAt + 7n * DAY > state.time && rng.chance(85)) return waitFor(world, askedAt + 7n * DAY - state.time);
  return vault(world, "evict", world.stranger, id, "evict-withdrawal", [principal(user), uint(id), principal(world.share(id))], {
    kind: "user", subject: user, needsPrice: true,
  });
}

function redeem(turn) {
  const { world, rng, state } = turn;
  const found = holder(rng, world, state);
  if (found === null) return deposit(turn);
  const { id, by } = found;
  const shares = someShares(rng, state, id, by);
  const all = state.shares[id].get(by) ?? 0n;
  const wrongTokens = rng.chance(3);
  const tokens = wrongTokens ? list([principal(world.b)]) : poolTokens(state, id);
  return ask(world, "redeem", by, id, "redeem-in-kind", [uint(shares), tokens], {
    wrong: shares === 0n || shares > all || wrongTokens || isDust(state.pools[id], shares),
  });
}

function redeemWithout(turn) {
  const { world, rng, state } = turn;
  const found = holder(rng, world, state);
  if (found === null) return deposit(turn);
  const { id, by } = found;
  const givenUp = world.assets.filter(() => rng.chance(30));
  const args = [uint(someShares(rng, state, id, by)), poolTokens(state, id), list(givenUp.map(principal))];
  return ask(world, "redeemWithout", by, id, "redeem-in-kind-without", args);
}

/** Shares change hands outside of the vault. */
function handOn(turn) {
  const { world, rng, state } = turn;
  const found = holder(rng, world, state);
  if (found === null) return gift(turn);
  const { id, by } = found;
  const to = rng.pick(rng.chance(95) ? world.users.filter((who) => who !== by) : world.users);
  const shares = someShares(rng, state, id, by);
  const answer = world.call(by, world.share(id), "transfer", uint(shares), principal(by), principal(to), none());
  const moved = (ghost) => {
    ghost.pools[id].give(by, -shares);
    ghost.pools[id].give(to, shares);
  };
  return { name: "handOn", kind: "user", by, subject: by, pool: id, answer, moved: answer.ok ? moved : undefined };
}

/** STX or tokens sent to the vault by somebody who only wants to disturb. */
function gift({ world, rng }) {
  const by = rng.pick(world.users);
  const asset = rng.pick(world.assets);
  const amount = BigInt(rng.chance(50) ? rng.below(10) : rng.below(5_000_000));
  const answer = world.call(by, asset, "transfer", uint(amount), principal(by), principal(world.vault), none());
  return { name: "gift", kind: "world", by, answer, moved: answer.ok ? (ghost) => ghost.move(asset, by, world.vault, amount) : undefined };
}

// --- anyone ---

function collect(turn) {
  const { world, rng } = turn;
  const id = rng.pick(POOLS);
  if (!isPriced(turn, id) && rng.chance(85)) return instead(turn);
  return ask(world, "collect", world.stranger, id, "collect-fees", [], { kind: "anyone", needsPrice: true });
}

// --- the market, the clock ---

function price({ world, rng, ghost }) {
  const asset = rng.pick(world.assets);
  const before = ghost.known[asset];
  const factor = BigInt(rng.chance(80) ? rng.between(970, 1_030) : rng.between(500, 2_000));
  const bounded = (n) => (n < PRICE_ONE / 1_000n ? PRICE_ONE / 1_000n : n > PRICE_ONE * 1_000n ? PRICE_ONE * 1_000n : n);
  const after = bounded((before * factor) / 1_000n + BigInt(rng.below(1_000)));
  const answer = world.call(world.machine.deployer, "pool-oracle", "dictate", principal(asset), uint(after));
  if (asset !== world.stx) world.tellVenue(asset, after);
  return { name: "price", kind: "world", elsewhere: true, answer, moved: (books) => books.say(asset, after) };
}

function silence({ world, rng, ghost }) {
  const asset = rng.pick(world.assets);
  if (ghost.prices[asset] === null) return restorePrice({ world, asset, ghost });
  const answer = world.call(world.machine.deployer, "pool-oracle", "silence", principal(asset));
  return { name: "silence", kind: "world", answer, moved: (books) => books.say(asset, null) };
}

function restorePrice({ world, asset, ghost }) {
  const answer = world.call(world.machine.deployer, "pool-oracle", "dictate", principal(asset), uint(ghost.known[asset]));
  return { name: "price", kind: "world", answer, moved: (books) => books.say(asset, books.known[asset]) };
}

/** The venue's terms: mostly within a percent of fair, sometimes robbery, sometimes half an order. */
function venueTerms({ world, rng }) {
  const pays = rng.chance(80) ? rng.between(9_900, 10_050) : rng.between(9_000, 10_500);
  const takes = rng.chance(85) ? 10_000 : rng.between(0, 10_000);
  const extra = rng.chance(93) ? 0 : 1;
  const answer = world.call(world.machine.deployer, world.venue, "set-terms", uint(pays), uint(takes), uint(extra));
  return { name: "venueTerms", kind: "world", elsewhere: true, answer };
}

function wait({ world, rng }) {
  return waitFor(world, rng.weighted([
    [10n * BigInt(rng.between(1, 360)), 70],
    [HOUR * BigInt(rng.between(1, 36)), 27],
    [DAY * BigInt(rng.between(2, 60)), 3],
  ]));
}

function waitFor(world, secs) {
  world.machine.advance(secs);
  return { name: "wait", kind: "world", elsewhere: true };
}

// --- roles ---

function leg(turn) {
  const { world, rng, state, ghost } = turn;
  const id = rng.pick(POOLS);
  const rows = state.pools[id].rows;
  if (state.pools[id].pauses.rebalances && rng.chance(85)) return instead(turn, "rebalances", id);
  const held = rows.filter(({ amount }) => amount > 0n);
  if (held.length === 0) return deposit(turn);
  const { asset: from, amount: all } = rng.pick(held);
  const to = rng.pick(rng.chance(97) ? rows.map(({ asset }) => asset).filter((asset) => asset !== from) : world.assets) ?? world.b;
  const unpriced = [from, to].some((asset) => asset !== world.stx && ghost.prices[asset] === null);
  if (unpriced && rng.chance(85)) return instead(turn);
  const amount = amountOf(rng, all, () => rng.partOf(all));
  const slippage = rng.pick([0, 50, 100, 200, 200, 200, 10_000]);
  return vault(world, "leg", world.mover, id, "execute-leg", world.legArgs({ id, from, to, amount, slippage }), {
    kind: "venue", legs: [from, to], slippageBps: BigInt(Math.min(slippage, 200)),
  });
}

function payKeeper({ world, rng }) {
  const id = rng.pick(POOLS);
  const amount = rng.chance(80) ? BigInt(rng.below(1_100_001)) : rng.pick([0n, 1_100_001n, MAX_UINT]);
  return vault(world, "payKeeper", world.mover, id, "pay-keeper", [uint(id), principal(world.keeper), uint(amount)], { kind: "venue" });
}

function pause({ world, rng, state }) {
  const id = rng.weighted([[0, 1], [1, 2], [2, 2]]);
  const anything = POOLS.some((each) => Object.values(state.pools[each].pauses).some(Boolean));
  const fn = anything && rng.chance(80) ? "emergency-resume" : "emergency-pause";
  return {
    name: "pause", kind: "role", by: world.guardian, fn, pool: id, everyPool: true,
    answer: world.call(world.guardian, "whale-pool-vault", fn, uint(id)),
  };
}

function setPauses({ world, rng }) {
  const id = rng.weighted([[0, 1], [1, 2], [2, 2]]);
  const flags = Object.fromEntries(["deposits", "withdrawals", "rebalances"].map((door) => [door, bool(rng.chance(10))]));
  return {
    name: "setPauses", kind: "role", by: world.guardian, fn: "set-pauses", pool: id, everyPool: true,
    answer: world.call(world.guardian, "whale-pool-vault", "set-pauses", uint(id), tuple(flags)),
  };
}

// --- governance ---

function govern(world, name, id, fn, args, more = {}) {
  return vault(world, name, world.machine.deployer, id, fn, [uint(id), ...args], { kind: "governance", ...more });
}

function announceCap({ world, rng }) {
  const id = rng.pick(POOLS);
  return govern(world, "announceCap", id, "announce-cap", [uint(rng.pick([1, 5_000, 25_000, 25_000, 100_000, 1_000_000]))]);
}

function announceFees({ world, rng }) {
  const [management, performance] = [rng.pick([0, 10, 50, 51]), rng.pick([0, 500, 1_000, 1_001])];
  return govern(world, "announceFees", rng.pick(POOLS), "announce-fees", [uint(management), uint(performance)], {
    rates: { management, performance },
  });
}

function applyFees(turn) {
  const { world, rng, ghost, state } = turn;
  const id = rng.pick(POOLS);
  const { announced } = ghost.pools[id];
  if (announced === null && rng.chance(90)) return announceFees(turn);
  if (announced && announced.at > state.time && rng.chance(80)) return waitFor(world, announced.at - state.time);
  return ask(world, "applyFees", world.stranger, id, "apply-fees", [], { kind: "anyone", needsPrice: true });
}

/** Another target, now and then without STX or without something that is held. */
function retarget({ world, rng }) {
  const id = rng.pick(POOLS);
  const wanted = world.assets.filter(() => rng.chance(60));
  const cut = rng.below(10_001);
  const shares = wanted.length === 0 ? { [world.stx]: 10_000 } : wanted.length === 1 ? { [wanted[0]]: 10_000 } : { [wanted[0]]: cut, [wanted.at(-1)]: 10_000 - cut };
  return govern(world, "retarget", id, "set-target-allocation", [world.targets(shares)]);
}

// --- strangers ---

/** What only some may do: [contract, function, arguments]. */
function privileged(world) {
  const { stranger, a, venue } = world;
  const who = principal(stranger);
  const id = uint(1);
  return [
    ["pool-access", "hand-over", [who]],
    ["pool-access", "grant-role", [who, ascii("rebalancer")]],
    ["pool-access", "revoke-role", [principal(world.keeper), ascii("keeper")]],
    ["pool-access", "open-script", [who]],
    ["pool-access", "close-script", []],
    ["pool-share-1", "mint", [uint(1), who]],
    ["pool-share-1", "burn", [uint(1), principal(world.users[0])]],
    ["pool-share-1", "initialize", [ascii("Mine"), ascii("MINE")]],
    ["pool-share-1", "transfer", [uint(1), principal(world.users[0]), who, none()]],
    ["flow-staking", "lock", [principal(world.users[0]), uint(MAX_UINT)]],
    ["whale-pool-vault", "execute-leg", world.legArgs({ id: 1, from: world.stx, to: a, amount: 1n, slippage: 200 })],
    ["whale-pool-vault", "pay-keeper", [id, who, uint(1)]],
    ["whale-pool-vault", "emergency-pause", [uint(0)]],
    ["whale-pool-vault", "emergency-resume", [uint(0)]],
    ["whale-pool-vault", "register-asset", [principal(venue), uint(6)]],
    ["whale-pool-vault", "admit-adapter", [principal(a)]],
    ["whale-pool-vault", "remove-adapter", [principal(venue)]],
    ["whale-pool-vault", "set-target-allocation", [id, world.targets({ [a]: 10_000 })]],
    ["whale-pool-vault", "set-fee-account", [who]],
    ["whale-pool-vault", "set-insurance-account", [who]],
    ["whale-pool-vault", "announce-cap", [id, uint(1_000_000)]],
    ["whale-pool-vault", "announce-fees", [id, uint(50), uint(1_000)]],
    ["whale-pool-vault", "set-pauses", [uint(0), tuple({ deposits: bool(true), withdrawals: bool(true), rebalances: bool(true) })]],
    ["pool-books", "note-deposit", [id, uint(1), uint(1)]],
    ["pool-books", "note-fees", [id, uint(1)]],
    ["pool-portfolios", "note-swap", [id, principal(world.stx), principal(a), uint(1), uint(1)]],
    ["pool-portfolios", "note-expense", [id, uint(1)]],
    ["pool-portfolios", "set-adapter", [principal(a), none()]],
    ["pool-portfolios", "set-targets", [id, world.targets({ [a]: 10_000 })]],
    ["pool-terms", "announce-cap", [id, uint(1_000_000)]],
    ["pool-terms", "apply-rates", [id]],
    ["pool-terms", "set-accounts", [who, who]],
    ["withdrawal-queue", "add-request", [id, who, uint(1), uint(0)]],
    ["withdrawal-queue", "remove-request", [id, principal(world.users[0])]],
    ["withdrawal-queue", "note-outflow", [id, uint(1)]],
  ];
}

function stranger({ world, rng }) {
  const [contract, fn, args] = rng.pick((world.privileged ??= privileged(world)));
  return { name: "stranger", kind: "stranger", by: world.stranger, fn: `${contract} ${fn}`, answer: world.call(world.stranger, contract, fn, ...args) };
}

const dictation = {
  price: { act: price, weight: 18 },
  silence: { act: silence, weight: 2 },
};
const anywhere = {
  deposit: { act: deposit, weight: 6 },
  withdraw: { act: withdraw, weight: 4 },
  cancel: { act: cancel, weight: 2 },
  process: { act: process, weight: 3 },
  processAll: { act: processAll, weight: 2 },
  evict: { act: evict, weight: 1 },
  redeem: { act: redeem, weight: 3 },
  redeemWithout: { act: redeemWithout, weight: 1 },
  handOn: { act: handOn, weight: 14 },
  gift: { act: gift, weight: 9 },
  collect: { act: collect, weight: 1 },
  venueTerms: { act: venueTerms, weight: 7 },
  wait: { act: wait, weight: 16 },
  leg: { act: leg, weight: 4 },
  payKeeper: { act: payKeeper, weight: 1 },
  pause: { act: pause, weight: 1 },
  setPauses: { act: setPauses, weight: 1 },
  stranger: { act: stranger, weight: 4 },
};
const byDeployer = {
  announceCap: { act: announceCap, weight: 1 },
  announceFees: { act: announceFees, weight: 1 },
  applyFees: { act: applyFees, weight: 1 },
  retarget: { act: retarget, weight: 1 },
};

/** By world: every action and how often it is tried. */
export const ACTIONS = {
  dictated: { ...anywhere, ...dictation, ...byDeployer },
  voted: { ...anywhere, ...dictation, ...VOTE_ACTIONS },
  real: { ...anywhere, ...PRICE_ACTIONS, ...byDeployer },
};
