// The twelve things that must always hold (docs: README, "What always holds"), each a function that looks at one step:
// the state before and after, what was done, and the ghost's books. It throws with what it saw.

import { principal, uint } from "./codec.mjs";
import { DAY, DEAD_SHARES, POOLS, PRICE_ONE, STX, YEAR } from "./world.mjs";

const BPS = 10_000n;
const PARTS = 10n ** 18n;
const MAX_SLIPPAGE_BPS = 200n;
const DAY_LOSS_BPS = 200n;
const DAY_PAY_BPS = 50n;
const MAX_PAY_USTX = 1_100_000n;
const FEE_CEILING_BPS = 100n; // in any 365 days
const HOUR = 3_600n;
const QUORUM_BPS = 5_100n;
const CALL_GAP_SECS = 100n;
const MIN_OUTFLOW = 1_000n * STX;

export class Violation extends Error {
  constructor(invariant, message) {
    super(`invariant ${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

function holds(invariant, fact, message) {
  if (!fact) throw new Violation(invariant, typeof message === "function" ? message() : message);
}

function same(invariant, seen, expected, what) {
  holds(invariant, seen === expected, () => `${what} is ${seen}, not ${expected}`);
}

// --- what several of them ask ---

/** What a pool is worth in 10^-18 micro-STX, to the last digit; null when something held never had a price. */
export function exactValue(world, holdings, prices) {
  let sum = 0n;
  for (const asset of world.assets) {
    if (holdings[asset] === 0n) continue;
    const price = asset === world.stx ? PRICE_ONE : prices[asset];
    if (price == null) return null;
    sum += world.worth(asset, holdings[asset], price);
  }
  return sum;
}

/** As the vault values: each asset rounded down (or up) to a micro-STX. */
export function roundedValue(world, holdings, prices, up = false) {
  let sum = 0n;
  for (const asset of world.assets) {
    if (holdings[asset] === 0n) continue;
    const price = asset === world.stx ? PRICE_ONE : prices[asset];
    if (price == null) return null;
    const exact = world.worth(asset, holdings[asset], price);
    sum += exact / PARTS + (up && exact % PARTS > 0n ? 1n : 0n);
  }
  return sum;
}

const sumOf = (map) => [...map.values()].reduce((sum, n) => sum + n, 0n);
const printsOf = (step, topic) => (step.answer?.prints ?? []).filter((print) => print.topic === topic);

/** Shares of a person in a pool, in the hand and in the queue. */
function sharesOf(state, id, who) {
  const waiting = state.pools[id].queue.find(({ user }) => user === who)?.shares ?? 0n;
  return (state.shares[id].get(who) ?? 0n) + waiting;
}

// Gains are compared without a division: each is multiplied by the pool's total of shares before and after the step.
const totalsOf = ({ before, after, step: { pool } }) =>
  [before, after].map(({ pools }) => (pools[pool].total === 0n ? 1n : pools[pool].total));

/** What the holder of so many shares now, and so many before, gained by them in the step. */
function gainOfShares(view, now, then) {
  const { world, before, after, ghost, step } = view;
  const [was, is] = totalsOf(view);
  const [worth, worthNow] = [before, after].map(({ pools }) => exactValue(world, pools[step.pool].holdings, ghost.known));
  return now * worthNow * was - then * worth * is;
}

/** How much richer a person is after the step, at the last known prices. */
function gainTimesTotals(view, who) {
  const { world, before, after, ghost, step } = view;
  const [was, is] = totalsOf(view);
  const tokens = ({ tokens: held }) =>
    world.assets.reduce((sum, asset) => {
      const price = asset === world.stx ? PRICE_ONE : ghost.known[asset];
      return sum + world.worth(asset, held[asset].get(who) ?? 0n, price);
    }, 0n);
  const shares = gainOfShares(view, sharesOf(after, step.pool, who), sharesOf(before, step.pool, who));
  return (tokens(after) - tokens(before)) * was * is + shares;
}

// --- the twelve ---

/** Shares are what the books say, and the price of a share never falls because somebody came or went. */
export function invariant1SharesTimesPriceIsValue(view) {
  const { world, before, after, ghost, step } = view;
  for (const id of POOLS) {
    const pool = after.pools[id];
    const held = after.shares[id];
    same(1, pool.total, ghost.pools[id].total, `pool ${id}'s total of shares`);
    same(1, sumOf(held), pool.total, `the sum of pool ${id}'s shares`);
    for (const [who, shares] of held) same(1, shares, ghost.pools[id].shares.get(who) ?? 0n, `pool ${id}'s shares of ${who}`);
    const escrow = pool.queue.reduce((sum, { shares }) => sum + shares, 0n);
    same(1, escrow, pool.pending, `pool ${id}'s shares in the queue`);
    const dead = pool.total === 0n ? 0n : DEAD_SHARES;
    same(1, held.get(world.vault) ?? 0n, dead + pool.pending, `the vault's own shares of pool ${id}`);
    same(1, pool.queue.length, ghost.pools[id].waiting.size, `the length of pool ${id}'s queue`);
    for (const { user, shares } of pool.queue) same(1, shares, ghost.pools[id].waiting.get(user), `what ${user} has in the queue`);
  }
  if (!step.answer?.ok || step.kind !== "user") return;
  // The shares that fees added are not the doing of who came or went.
  const [was, is] = [before.pools[step.pool], after.pools[step.pool]];
  if (was.total === 0n) return;
  const fees = printsOf(step, "fees-collected").reduce((sum, print) => sum + print.management + print.performance, 0n);
  const [worth, now] = [was, is].map(({ holdings }) => exactValue(world, holdings, ghost.known));
  holds(1, now * (was.total + fees) >= worth * is.total, () => `${step.name} made a share of pool ${step.pool} worth less`);
}

/** Nobody gains by coming, going, waiting, handing on or splitting, at an unchanged price. */
export function invariant2NobodyGainsByComingAndGoing(view) {
  const { world, before, step } = view;
  if (!step.answer?.ok || step.kind !== "user") return;
  let all = gainOfShares(view, DEAD_SHARES, before.pools[step.pool].total === 0n ? 0n : DEAD_SHARES);
  for (const who of world.people) {
    const gain = gainTimesTotals(view, who);
    all += gain;
    if (who === step.subject && world.users.includes(who)) holds(2, gain <= 0n, () => `${who} gained by ${step.name}`);
  }
  holds(2, all <= 0n, () => `people together gained by ${step.name}`);
}

/** What is sent to the vault uninvited belongs to nobody; every balance is the books plus that. */
export function invariant3GiftsChangeNoPrice(view) {
  const { world, before, after, ghost, step } = view;
  for (const asset of world.assets) {
    const books = POOLS.reduce((sum, id) => sum + after.pools[id].holdings[asset], 0n);
    const vault = after.tokens[asset].get(world.vault) ?? 0n;
    same(3, vault, books + ghost.uninvited.get(asset), `the vault's balance of ${asset}`);
    for (const id of POOLS) {
      same(3, after.pools[id].holdings[asset], ghost.pools[id].holdings.get(asset), `pool ${id}'s ${asset}`);
    }
    for (const [who, amount] of ghost.outside.get(asset)) {
      same(3, after.tokens[asset].get(who) ?? 0n, amount, `the ${asset} of ${who}`);
    }
  }
  if (step.name === "gift") {
    for (const id of POOLS) holds(3, alike(before.pools[id], after.pools[id]), `a gift changed pool ${id}`);
  }
}

/** A swap moves value only within its pool, at an admitted venue, within the bounds of leg, mandate and day. */
export function invariant4SwapsStayInBounds(view) {
  const { world, before, after, ghost, step } = view;
  const legs = printsOf(step, "leg-executed");
  if (!step.answer?.ok || legs.length === 0) return;
  const id = step.pool;
  let loss = 0n;
  for (const { from, to, spent, received, dex, "pool-id": pool } of legs) {
    same(4, Number(pool), id, "the pool of a swap");
    holds(4, world.admitted.has(dex), `${dex} is no admitted venue`);
    holds(4, before.pools[id].rows.some(({ asset }) => asset === to), `${to} is none of pool ${id}'s assets`);
    const sold = valueUp(world, from, spent, ghost.prices);
    const bought = valueDown(world, to, received, ghost.prices);
    holds(4, bought * BPS >= sold * (BPS - step.slippageBps), () => `a swap of ${sold} brought ${bought}`);
    if (sold > bought) loss += sold - bought;
  }
  const value = roundedValue(world, before.pools[id].holdings, ghost.prices);
  // The day's bound is the rebalancer's; whoever else holds the role is bound by the leg alone.
  const day = ghost.pools[id].day(ghost.now);
  if (step.bounded) day.loss += loss;
  if (step.bounded) holds(4, day.loss * BPS <= value * DAY_LOSS_BPS, () => `pool ${id} lost ${day.loss} of ${value} in a day`);
  same(4, after.pools[id].total, before.pools[id].total, `the shares of pool ${id} in a rebalance`);
  if (step.bounded) {
    const { "drift-before": was, "drift-after": is } = step.answer.value;
    holds(4, is < was, `drift went from ${was} to ${is}`);
  }
}

/** A mandate opens only by a vote that was won; a slice runs under an open one of its pool, once, within its limits. */
export function invariant5MandatesAreVotedAndRunOnce({ ghost, step }) {
  const { votes, now } = ghost;
  for (const { "proposal-id": id, voter, weight } of printsOf(step, "vote-cast")) {
    const { createdAt } = votes.proposals.get(Number(id));
    const [then, present] = [votes.stakeAt(voter, createdAt - 1n), votes.stakeOf(voter)];
    same(5, weight, then < present ? then : present, `the weight of ${voter}`);
  }
  for (const { "mandate-id": id } of printsOf(step, "mandate-opened")) wasWon(votes.proposals.get(Number(id)), Number(id), now);
  if (!step.answer?.ok || step.name !== "rebalance") return;
  const mandate = votes.mandates.get(step.mandate);
  holds(5, mandate, `mandate ${step.mandate} was never voted`);
  same(5, mandate.pool, step.pool, "the pool of the mandate");
  same(5, votes.latest.get(step.pool), step.mandate, "the mandate that counts");
  holds(5, now < mandate.expiresAt, "the mandate has expired");
  same(5, step.slice, mandate.slices + 1n, "the slice");
  const { "sold-ustx": sold, "bought-ustx": bought } = step.answer.value;
  mandate.slices += 1n;
  mandate.sold += sold;
  mandate.loss += sold > bought ? sold - bought : 0n;
  holds(5, mandate.sold * BPS <= mandate.limits["turnover-bps"] * mandate.base, "the mandate's turnover was exceeded");
  holds(5, mandate.loss * BPS <= mandate.limits["loss-bps"] * mandate.base, "the mandate's loss was exceeded");
}

function wasWon({ createdAt, votes, vetoed, stakeTotal }, id, now) {
  const sum = (side) => [...votes.values()].filter(({ support }) => support === side).reduce((all, { weight }) => all + weight, 0n);
  const [won, lost] = [sum(true), sum(false)];
  holds(5, won > lost && (won + lost) * BPS >= stakeTotal * QUORUM_BPS, () => `mandate ${id} opened with ${won} against ${lost} of ${stakeTotal}`);
  holds(5, !vetoed || won * 3n >= stakeTotal * 2n, `mandate ${id} opened against a veto`);
  holds(5, now >= createdAt + DAY + HOUR, `mandate ${id} opened ${now - createdAt} s after it was proposed`);
  holds(5, now < createdAt + 8n * DAY + 4n * HOUR, `mandate ${id} opened ${now - createdAt} s after it was proposed`);
}

/** Nothing that needs a price happens without one, and nothing that is paused happens at all. */
export function invariant6NoPriceNoTrade({ world, before, ghost, step }) {
  if (!step.answer?.ok) return;
  const paid = printsOf(step, "withdrawal-paid").length > 0;
  const door = step.name === "deposit" ? "deposits" : step.legs ? "rebalances" : paid ? "withdrawals" : null;
  if (door) holds(6, !before.pools[step.pool].pauses[door], `${step.name} went through with ${door} paused`);
  const priced = step.legs ?? (paid || step.needsPrice ? world.assets.filter((asset) => before.pools[step.pool].holdings[asset] > 0n) : []);
  for (const asset of ghost.oracle ? [...priced, ...(step.name === "deposit" ? [world.stx] : [])] : []) {
    if (asset === world.stx && step.name !== "deposit") continue;
    const objection = ghost.prices[asset] == null ? "there is none" : ghost.oracle.objection(asset, ghost.prices[asset], ghost.now);
    holds(6, objection === null, () => `${step.name} used a price of ${asset}: ${objection}`);
  }
  for (const asset of priced) {
    if (asset !== world.stx) holds(6, ghost.prices[asset] != null, `${step.name} went through without a price of ${asset}`);
  }
  if (step.name === "deposit") holds(6, ghost.prices[world.stx] != null, "a deposit went through without a price of STX");
}

/** Leaving in kind was refused only for what the person got wrong. The end of each sequence makes everybody leave. */
export function invariant7LeavingIsNeverBlocked({ step }) {
  if (step.name !== "redeem" || step.answer.ok || step.wrong) return;
  holds(7, false, () => `${step.by} could not leave pool ${step.pool}: ${step.answer.aborted ?? `u${step.answer.code}`}`);
}

/**
 * Fees: at most one percent of the pool in any 365 days; for management no more than the rates in force allow for the
 * time that passed; of gains no more than the rate, and only above a mark that never falls.
 */
export function invariant8FeesAreCapped({ world, before, after, ghost, step }) {
  for (const { "pool-id": id, performance } of printsOf(step, "fees-collected")) {
    const pool = ghost.pools[id];
    const charged = pool.chargedIn(ghost.now);
    holds(8, charged * BPS <= FEE_CEILING_BPS * PARTS, () => `pool ${id} paid ${charged} of 10^18 in 365 days`);
    const allowed = pool.allowance(ghost.now);
    holds(8, pool.management * BPS * YEAR <= allowed * PARTS, () => `pool ${id} paid ${pool.management} of 10^18 for management`);
    if (performance === 0n) continue;
    const was = before.pools[id];
    const value = roundedValue(world, was.holdings, ghost.prices);
    const gain = value - (was.mark * was.total) / PRICE_ONE;
    const last = pool.charges.at(-1);
    const unit = PARTS / after.pools[id].total; // a fee is right to the unit of a share
    holds(8, (last.performance - unit) * value * BPS <= last.rate * gain * PARTS, () => `pool ${id} paid too much for a gain of ${gain} on ${value}`);
  }
  for (const id of POOLS) holds(8, after.pools[id].mark >= before.pools[id].mark, `pool ${id}'s mark fell`);
}

/** A keeper gets no more than the gas limit and a tenth, only for a slice, at most 0.5 % of a pool a day. */
export function invariant9KeepersArePaidOnce({ world, before, ghost, step }) {
  const paid = printsOf(step, "keeper-paid");
  if (paid.length === 0) return;
  same(9, paid.length, 1, "the number of payments in a step");
  holds(9, ["rebalance", "payKeeper"].includes(step.name), `a keeper was paid for ${step.name}`);
  const { ustx, keeper } = paid[0];
  holds(9, ustx <= MAX_PAY_USTX, `a keeper was paid ${ustx}`);
  if (step.name !== "rebalance") return;
  same(9, keeper, step.by, "the keeper who was paid");
  holds(9, ustx * 10n <= step.fee * 11n, `a fee of ${step.fee} was paid with ${ustx}`);
  const value = roundedValue(world, before.pools[step.pool].holdings, ghost.prices);
  const day = ghost.pools[step.pool].day(ghost.now);
  day.pay += ustx;
  holds(9, day.pay * BPS <= value * DAY_PAY_BPS, () => `pool ${step.pool} paid keepers ${day.pay} of ${value} in a day`);
}

/** A step on one pool leaves all others as they were; a step on none leaves all. */
export function invariant10PoolsAreApart({ before, after, step }) {
  for (const id of POOLS) {
    if (id === step.pool || step.everyPool) continue;
    holds(10, alike(before.pools[id], after.pools[id]), () => `${step.name} on pool ${step.pool ?? "none"} changed pool ${id}`);
    for (const [who, shares] of after.shares[id]) same(10, shares, before.shares[id].get(who) ?? 0n, `pool ${id}'s shares of ${who}`);
  }
}

/** What only some may do is refused to everybody else, and a refusal changes nothing. */
export function invariant11StrangersAreRefused({ before, after, step }) {
  if (step.kind === "stranger") holds(11, !step.answer.ok, () => `${step.by} may ${step.fn}`);
  holds(11, !step.answer?.aborted, () => `${step.name} was aborted without a code: ${step.answer.aborted.slice(-300)}`);
  if (step.answer && !step.answer.ok) {
    for (const id of POOLS) holds(11, alike(before.pools[id], after.pools[id]), `a refused ${step.name} changed pool ${id}`);
    holds(11, before.control === after.control, `a refused ${step.name} changed who may do what`);
  }
  if (step.kind !== "role") holds(11, before.control === after.control, `${step.name} changed who may do what`);
}

/**
 * After a deposit a pool is worth no more than its cap, which only an announcement three days old can raise; no more
 * than a quarter of a pool leaves in STX on one day; and nobody comes or goes twice within a hundred seconds.
 */
export function invariant12CapsHold({ world, before, after, ghost, step }) {
  if (!step.answer?.ok || !POOLS.includes(step.pool)) return;
  const pool = ghost.pools[step.pool];
  if (step.name === "deposit") {
    const value = roundedValue(world, after.pools[step.pool].holdings, ghost.prices, true);
    const cap = pool.capAt(ghost.now);
    holds(12, value * ghost.prices[world.stx] <= cap * STX * PRICE_ONE, () => `pool ${step.pool} is worth ${value} with a cap of ${cap} USD`);
  }
  if (["deposit", "withdraw"].includes(step.name)) {
    const last = pool.lastCall(step.by, ghost.now);
    holds(12, ghost.now >= last + CALL_GAP_SECS, () => `${step.by} came or went twice within ${ghost.now - last} s`);
  }
  const paid = printsOf(step, "withdrawal-paid").reduce((sum, { ustx }) => sum + ustx, 0n);
  if (paid === 0n) return;
  const value = roundedValue(world, before.pools[step.pool].holdings, ghost.prices);
  const { paidOut } = pool.day(ghost.now); // with what this step paid
  const most = (value + paidOut - paid) / 4n;
  holds(12, paidOut <= (most > MIN_OUTFLOW ? most : MIN_OUTFLOW), () => `${paidOut} of ${value} left pool ${step.pool} in a day`);
}

export const INVARIANTS = [
  invariant1SharesTimesPriceIsValue,
  invariant2NobodyGainsByComingAndGoing,
  invariant3GiftsChangeNoPrice,
  invariant4SwapsStayInBounds,
  invariant5MandatesAreVotedAndRunOnce,
  invariant6NoPriceNoTrade,
  invariant7LeavingIsNeverBlocked,
  invariant8FeesAreCapped,
  invariant9KeepersArePaidOnce,
  invariant10PoolsAreApart,
  invariant11StrangersAreRefused,
  invariant12CapsHold,
];

/** The contracts' own views say what the books say; looked at now and then, because they are slow. */
export function valuesAgree({ world, after, ghost }) {
  for (const asset of world.assets) {
    same(3, world.read(asset, "get-balance", principal(world.vault)), after.tokens[asset].get(world.vault) ?? 0n, `the vault's balance of ${asset}`);
  }
  for (const id of POOLS) {
    const { total, holdings } = after.pools[id];
    same(1, world.read(world.share(id), "get-total-supply"), total, `the supply of pool ${id}'s shares`);
    const value = roundedValue(world, holdings, ghost.prices);
    const [seen, price] = ["get-pool-total-value", "get-share-price"].map((view) => world.read("whale-pool-vault", view, uint(id)));
    if (value === null) {
      holds(6, seen.err !== undefined, `pool ${id} has a value without prices`);
      continue;
    }
    same(1, seen, value, `pool ${id}'s value`);
    const drift = world.read("whale-pool-vault", "get-drift", uint(id));
    same(4, drift["drift-bps"], driftOf(world, after.pools[id], ghost.prices).bps, `pool ${id}'s drift`);
    same(1, price, total === 0n ? PRICE_ONE : (value * PRICE_ONE) / total, `pool ${id}'s share price`);
    holds(1, total * price <= value * PRICE_ONE || total === 0n, `pool ${id}'s shares are worth more than the pool`);
    holds(1, value * PRICE_ONE - total * price < total || total === 0n, `pool ${id}'s shares are worth less than the pool`);
  }
}

/** What a pool has too much and too little of, in micro-STX by asset, and its drift; null without prices. */
export function driftOf(world, { rows, queue, total }, prices) {
  const values = new Map();
  for (const { asset, amount } of rows) {
    const price = asset === world.stx ? PRICE_ONE : prices[asset];
    if (amount > 0n && price == null) return null;
    values.set(asset, amount === 0n ? 0n : world.worth(asset, amount, price) / PARTS);
  }
  const value = [...values.values()].reduce((sum, n) => sum + n, 0n);
  const claims = queue.map(({ shares, minOut }) => [(shares * value) / total, minOut]);
  const owed = claims.reduce((sum, [claim, least]) => (claim < least ? sum : sum + claim), 0n);
  const free = value - (owed < value ? owed : value);
  const gaps = new Map();
  for (const { asset, bps } of rows) {
    gaps.set(asset, values.get(asset) - (bps * free) / BPS - (asset === world.stx ? owed : 0n));
  }
  const sum = [...gaps.values()].reduce((all, gap) => all + (gap < 0n ? -gap : gap), 0n);
  return { gaps, value, free, bps: free === 0n ? 0n : (sum * BPS) / (2n * free) };
}

/** Too little for a single base unit of anything, once the fees of a year are charged. */
export function isDust({ rows, total }, shares) {
  return total === 0n || rows.every(({ amount }) => (amount * shares * 98n) / (total * 100n) === 0n);
}

function valueDown(world, asset, amount, prices) {
  return world.worth(asset, amount, asset === world.stx ? PRICE_ONE : prices[asset]) / PARTS;
}

function valueUp(world, asset, amount, prices) {
  return (world.worth(asset, amount, asset === world.stx ? PRICE_ONE : prices[asset]) + PARTS - 1n) / PARTS;
}

function alike(a, b) {
  return a === b || a.print === b.print;
}
