// The books as an outsider would keep them: from what was asked and what was announced, never from the vault's own
// maps. Who brought what, who took what, what venues took and paid, what was charged: by person, pool and asset.

import { OracleGhost } from "./oracle.mjs";
import { DAY, DEAD_SHARES, POOLS, YEAR } from "./world.mjs";

const PARTS = 10n ** 18n;
const LAUNCH_CAP_USD = 25_000n;
const ANNOUNCED = 3n * DAY; // ahead

export class Ghost {
  constructor(world, state, prices) {
    this.world = world;
    this.prices = { ...prices }; // what the oracle says now; null when it is silent
    this.known = { ...prices }; // the last price that was said
    this.outside = new Map(world.assets.map((asset) => [asset, new Map(state.tokens[asset])]));
    this.uninvited = new Map(world.assets.map((asset) => [asset, 0n]));
    this.pools = Object.fromEntries(POOLS.map((id) => [id, new PoolGhost(state.pools[id], state.time)]));
    this.now = state.time;
    this.oracle = world.kind === "real" ? new OracleGhost(world, state.time) : null;
    this.votes = new VoteGhost();
    for (const [who, amount] of world.stakes) this.votes.change(0n, who, amount);
    for (const asset of world.assets) this.outside.get(asset).delete(world.vault);
  }

  /** Enters what one step announced. */
  note(step, before) {
    step.moved?.(this);
    for (const print of step.answer?.prints ?? []) {
      if (ENTRIES[print.topic]) ENTRIES[print.topic](this, this.pools[print["pool-id"]], print, { step, before });
    }
  }

  /** What the oracle says from now on; null when it falls silent. */
  say(asset, price) {
    this.prices[asset] = price;
    if (price !== null) this.known[asset] = price;
  }

  /** Where the oracle is real: what it says at the time of this step, and what its sources said in it. */
  hear(step, agreed) {
    const { world, oracle } = this;
    for (const [asset, price, at] of step.reported ?? []) oracle.report(asset, price, at);
    for (const asset of step.judged ?? []) oracle.looked(world, asset, agreed[world.stx]); // STX is judged first
    for (const asset of world.assets) this.say(asset, agreed[asset]);
  }

  /** Moves an asset between two principals outside of the vault. */
  move(asset, from, to, amount) {
    this.#add(asset, from, -amount);
    if (to === this.world.vault) this.uninvited.set(asset, this.uninvited.get(asset) + amount);
    else this.#add(asset, to, amount);
  }

  /** What came into a pool from `who`; negative for what went out. */
  bring(pool, asset, who, amount) {
    this.#add(asset, who, -amount);
    pool.holdings.set(asset, (pool.holdings.get(asset) ?? 0n) + amount);
    const key = `${who} ${asset}`;
    pool.brought.set(key, (pool.brought.get(key) ?? 0n) + amount);
  }

  #add(asset, who, amount) {
    const held = this.outside.get(asset);
    held.set(who, (held.get(who) ?? 0n) + amount);
  }
}

class PoolGhost {
  constructor({ holdings }, now) {
    this.holdings = new Map(Object.entries(holdings));
    this.brought = new Map(); // "who asset" to what came in less what went out
    this.shares = new Map();
    this.waiting = new Map(); // who to shares in escrow
    this.total = 0n;
    this.charges = []; // every fee ever charged: when, and what part of the pool
    this.management = 0n; // parts charged for it, ever
    this.days = new Map(); // day to what swaps lost, keepers got and leavers took
    this.calls = new Map(); // who to when they last came or went
    this.caps = [{ at: 0n, usd: LAUNCH_CAP_USD }];
    this.rates = { management: 50n, performance: 1_000n };
    this.announced = null;
    this.allowed = { since: now, sum: 0n }; // basis points times seconds until then
  }

  give(who, shares) {
    this.shares.set(who, (this.shares.get(who) ?? 0n) + shares);
  }

  wait(who, shares) {
    const after = (this.waiting.get(who) ?? 0n) + shares;
    if (after === 0n) this.waiting.delete(who);
    else this.waiting.set(who, after);
  }

  charge(at, management, performance) {
    this.charges.push({ at, management, performance, rate: this.rates.performance });
    this.management += management;
  }

  /** Parts of the pool charged in the 365 days before `now`, in 10^-18. */
  chargedIn(now) {
    let sum = 0n;
    for (const { at, management, performance } of this.charges) if (at + YEAR > now) sum += management + performance;
    return sum;
  }

  /** Basis points times seconds that may have been charged for management until `now`. */
  allowance(now) {
    return this.allowed.sum + (now - this.allowed.since) * this.rates.management;
  }

  applyRates(now) {
    this.allowed = { since: now, sum: this.allowance(now) };
    this.rates = this.announced;
    this.announced = null;
  }

  announceCap(at, usd) {
    this.caps = [{ at: 0n, usd: this.capAt(at - ANNOUNCED) }, { at, usd }];
  }

  capAt(now) {
    return this.caps.findLast(({ at }) => at <= now).usd;
  }

  /** When `who` came or went before; from then on, now. */
  lastCall(who, now) {
    const last = this.calls.get(who) ?? 0n;
    this.calls.set(who, now);
    return last;
  }

  day(now) {
    const day = now / DAY;
    if (!this.days.has(day)) this.days.set(day, { loss: 0n, pay: 0n, paidOut: 0n });
    return this.days.get(day);
  }
}

class VoteGhost {
  constructor() {
    this.stakes = new Map(); // who to every change of the stake
    this.totals = [{ at: 0n, amount: 0n }];
    this.proposals = new Map();
    this.mandates = new Map();
    this.latest = new Map(); // pool to the mandate that counts
  }

  stakeOf(who) {
    return this.stakes.get(who)?.at(-1).amount ?? 0n;
  }

  stakeAt(who, second) {
    return this.stakes.get(who)?.findLast(({ at }) => at <= second)?.amount ?? 0n;
  }

  totalAt(second) {
    return this.totals.findLast(({ at }) => at <= second).amount;
  }

  change(at, who, stake) {
    const total = this.totals.at(-1).amount + stake - this.stakeOf(who);
    this.stakes.set(who, [...(this.stakes.get(who) ?? []), { at, amount: stake }]);
    this.totals.push({ at, amount: total });
  }

  isInVote(pool) {
    return [...this.proposals.values()].some((proposal) => proposal.pool === pool && !proposal.over);
  }

  running(now) {
    return [...this.proposals].filter(([, { over, createdAt }]) => !over && createdAt + DAY > now).map(([id]) => id);
  }

  unconcluded() {
    return [...this.proposals].filter(([, { over }]) => !over).map(([id]) => id);
  }

  openMandate(pool, now) {
    const id = this.latest.get(pool);
    return id !== undefined && this.mandates.get(id).expiresAt > now ? id : null;
  }
}

const ENTRIES = {
  "deposit-made"(ghost, pool, { user, ustx, shares }) {
    ghost.bring(pool, ghost.world.stx, user, ustx);
    if (pool.total === 0n) {
      pool.give(ghost.world.vault, DEAD_SHARES);
      pool.total += DEAD_SHARES;
    }
    pool.give(user, shares);
    pool.total += shares;
  },
  "withdrawal-paid"(ghost, pool, { user, shares, ustx }, { step }) {
    ghost.bring(pool, ghost.world.stx, user, -ustx);
    if (step.name === "withdraw") pool.give(user, -shares);
    else {
      pool.wait(user, -shares);
      pool.give(ghost.world.vault, -shares);
    }
    pool.total -= shares;
    pool.day(ghost.now).paidOut += ustx;
  },
  "withdrawal-queued"(ghost, pool, { user, shares }) {
    pool.give(user, -shares);
    pool.give(ghost.world.vault, shares);
    pool.wait(user, shares);
  },
  "withdrawal-cancelled": giveBack,
  "withdrawal-evicted": giveBack,
  "shares-redeemed"(ghost, pool, { user, shares, amounts, "pool-id": id }, { before }) {
    pool.give(user, -shares);
    pool.total -= shares;
    before.pools[id].rows.forEach(({ asset }, n) => ghost.bring(pool, asset, user, -amounts[n]));
  },
  "fees-collected"(ghost, pool, { management, performance, insured }) {
    pool.total += management + performance;
    pool.charge(ghost.now, (management * PARTS) / pool.total, (performance * PARTS) / pool.total);
    pool.give(ghost.world.insurance, insured);
    pool.give(ghost.world.fees, management + performance - insured);
  },
  "cap-announced"(ghost, pool, { after }) {
    pool.announceCap(ghost.now + ANNOUNCED, after);
  },
  "fees-announced"(ghost, pool, { after }) {
    pool.announced = { management: after["management-bps"], performance: after["performance-bps"], at: ghost.now + ANNOUNCED };
  },
  "fees-applied"(ghost, pool) {
    pool.applyRates(ghost.now);
  },
  "flow-staked"(ghost, _pool, { who, stake }) {
    ghost.votes.change(ghost.now, who, stake);
  },
  "flow-unstaked"(ghost, _pool, { who, stake }) {
    ghost.votes.change(ghost.now, who, stake);
  },
  "mandate-proposed"(ghost, _pool, { "proposal-id": id, "pool-id": pool, limits, "open-secs": openSecs }) {
    const stakeTotal = ghost.votes.totalAt(ghost.now - 1n);
    const common = { createdAt: ghost.now, votes: new Map(), vetoed: false, over: false };
    ghost.votes.proposals.set(Number(id), { pool: Number(pool), limits, openSecs, stakeTotal, ...common });
  },
  "vote-cast"(ghost, _pool, { "proposal-id": id, voter, support, weight }) {
    ghost.votes.proposals.get(Number(id))?.votes.set(voter, { support, weight });
  },
  "proposal-vetoed"(ghost, _pool, { "proposal-id": id, final }) {
    const proposal = ghost.votes.proposals.get(Number(id));
    proposal.vetoed = true;
    proposal.over ||= final;
  },
  "proposal-concluded"(ghost, _pool, { "proposal-id": id }) {
    ghost.votes.proposals.get(Number(id)).over = true;
  },
  "mandate-opened"(ghost, _pool, { "mandate-id": id, "pool-id": pool, "expires-at": expiresAt, "base-value-ustx": base }) {
    const { limits } = ghost.votes.proposals.get(Number(id));
    ghost.votes.mandates.set(Number(id), { pool: Number(pool), openedAt: ghost.now, expiresAt, limits, base, slices: 0n, sold: 0n, loss: 0n });
    ghost.votes.latest.set(Number(pool), Number(id));
  },
  "leg-executed"(ghost, pool, { from, to, spent, received, dex }) {
    ghost.bring(pool, from, dex, -spent);
    ghost.bring(pool, to, dex, received);
  },
  "keeper-paid"(ghost, pool, { keeper, ustx }) {
    ghost.bring(pool, ghost.world.stx, keeper, -ustx);
  },
};

function giveBack(ghost, pool, { user, shares }) {
  pool.wait(user, -shares);
  pool.give(ghost.world.vault, -shares);
  pool.give(user, shares);
}
