// Brings our own contracts to "yesterday": three pools, funded, rebalanced once by a real vote and mandate, governed
// by the stakers, with one withdrawal waiting.

import { Cl } from "@stacks/transactions";

import { addressOf, VOTERS } from "./actors.mjs";
import { ASSETS, SYMBOLS } from "./assets.mjs";

const E12 = 10 ** 12;
const MICRO = 1_000_000;
const BPS = 10_000;
const KEEPER = addressOf("keeper");
const ACTOR_FUNDS_USTX = 100_000n * 1_000_000n;
const UNDER_QUOTE_BPS = 10; // the quote is exact; a little less is asked for
const NO_PLAN = Cl.buffer(new Uint8Array(32));

/** Sets everything up. Returns when the chain stands at "this morning". */
export function openPools(chain, scenario) {
  const pools = new PoolBoot(chain, scenario);
  pools.fundActors();
  pools.assignRoles();
  pools.configureOracle();
  pools.stakeFlow();
  pools.reportPrices();
  for (const pool of scenario.data.pools) pools.createPool(pool);
  pools.handOver();
  const proposals = scenario.data.pools.map((pool) => [pool, pools.propose(pool)]);
  for (const [, id] of proposals) pools.voteYes(id);
  pools.waitUntilDue(proposals.map(([, id]) => id));
  pools.reportPrices();
  for (const [pool, id] of proposals) pools.rebalance(pool, id);
  for (const pool of scenario.data.pools) pools.queueWithdrawal(pool);
}

class PoolBoot {
  #chain;
  #scenario;

  constructor(chain, scenario) {
    this.#chain = chain;
    this.#scenario = scenario;
  }

  #ours(name) {
    return `${this.#chain.deployer}.${name}`;
  }

  #principal(symbol) {
    return Cl.principal(ASSETS[symbol].contract ?? this.#ours("stx-token"));
  }

  #call(contract, fn, args, sender) {
    return this.#chain.call(this.#ours(contract), fn, args, sender);
  }

  #read(contract, fn, args) {
    return this.#chain.read(this.#ours(contract), fn, args);
  }

  fundActors() {
    const { votes } = this.#scenario.data;
    for (const name of ["keeper", "guardian", "depositor-1", "depositor-2", "depositor-3", ...VOTERS]) {
      this.#chain.mint(addressOf(name), ACTOR_FUNDS_USTX);
    }
    for (const [name, whole] of Object.entries(votes.stakes_flow)) {
      const args = [Cl.uint(whole * MICRO), Cl.principal(this.#chain.deployer), Cl.principal(addressOf(name)), Cl.none()];
      this.#call("flow-token", "transfer", args);
    }
  }

  assignRoles() {
    const roles = [
      [KEEPER, "keeper"],
      [KEEPER, "reporter"],
      [addressOf("guardian"), "emergency"],
      [addressOf("guardian"), "guardian"],
      [this.#chain.deployer, "creator"],
      [this.#ours("pool-rebalancer"), "rebalancer"],
    ];
    for (const [who, role] of roles) this.#call("pool-access", "grant-role", [Cl.principal(who), Cl.stringAscii(role)]);
    for (const symbol of SYMBOLS) {
      this.#call("whale-pool-vault", "register-asset", [this.#principal(symbol), Cl.uint(ASSETS[symbol].decimals)]);
    }
    for (const adapter of ["alex-adapter", "velar-adapter"]) {
      this.#call("whale-pool-vault", "admit-adapter", [Cl.principal(this.#ours(adapter))]);
    }
  }

  configureOracle() {
    const { min_sources: least, max_age_secs: age, max_spread_bps: spread, max_jump_bps: jump } = this.#scenario.data.oracle;
    const config = Cl.tuple({
      "min-sources": Cl.uint(least),
      "max-age-secs": Cl.uint(age),
      "max-spread-bps": Cl.uint(spread),
      "max-jump-bps": Cl.uint(jump),
    });
    for (const symbol of SYMBOLS) this.#call("pool-oracle", "set-asset", [this.#principal(symbol), config]);
    for (const [symbol, hops] of Object.entries(ALEX_HOPS)) {
      this.#call("pool-oracle", "set-alex-source", [this.#principal(symbol), Cl.list(hops.map(hopTuple))]);
    }
    this.#call("pool-oracle", "set-velar-source", [this.#principal("WELSH"), Cl.uint(1), Cl.bool(false)]);
    this.#call("pool-oracle", "set-ratio-source", [this.#principal("stSTX")]);
    this.#call("pool-oracle", "set-dia-source", [this.#principal("STX"), Cl.stringAscii("STX/USD")]);
  }

  stakeFlow() {
    for (const [name, whole] of Object.entries(this.#scenario.data.votes.stakes_flow)) {
      this.#call("flow-staking", "stake", [Cl.uint(whole * MICRO)], addressOf(name));
    }
  }

  /** The keeper's report: USD per STX under the STX face, STX per whole token for the others; all with 12 decimals. */
  reportPrices() {
    const at = Cl.uint(this.#chain.time);
    const rows = SYMBOLS.map((symbol) => {
      const price = symbol === "STX" ? this.#scenario.usd("STX") : this.#scenario.stx(symbol);
      return Cl.tuple({ asset: this.#principal(symbol), price: Cl.uint(Math.round(price * E12)), at });
    });
    this.#call("pool-oracle", "post-prices", [Cl.list(rows)], KEEPER);
  }

  createPool({ name, symbol, share, cap_usd: cap, deposits_stx: deposits, yesterday_bps: targets, id }) {
    const token = Cl.principal(this.#ours(share));
    const args = [Cl.stringAscii(name), Cl.stringAscii(symbol), token, this.#targets(targets), Cl.uint(cap)];
    const created = this.#call("whale-pool-vault", "create-pool", args);
    if (Number(created.value) !== id) throw new Error(`${name} became pool ${created.value}, the scenario says ${id}`);
    for (const [who, stx] of Object.entries(deposits)) {
      const deposit = [Cl.uint(id), token, Cl.uint(stx * MICRO), Cl.uint(0)];
      this.#call("whale-pool-vault", "deposit", deposit, addressOf(who));
    }
  }

  #targets(bps) {
    const rows = Object.entries(bps).map(([symbol, part]) => Cl.tuple({ asset: this.#principal(symbol), bps: Cl.uint(part) }));
    return Cl.list(rows);
  }

  handOver() {
    this.#call("pool-access", "revoke-role", [Cl.principal(this.#chain.deployer), Cl.stringAscii("creator")]);
    this.#call("pool-access", "hand-over", [Cl.principal(this.#ours("pool-governance"))]);
  }

  propose({ id, yesterday_bps: targets }) {
    const { turnover_bps: turnover, slippage_bps: slippage, loss_bps: loss, open_secs: openSecs } = this.#scenario.data.mandate;
    const limits = { "turnover-bps": Cl.uint(turnover), "slippage-bps": Cl.uint(slippage), "loss-bps": Cl.uint(loss) };
    const args = [Cl.uint(id), this.#targets(targets), Cl.tuple(limits), Cl.uint(openSecs), NO_PLAN];
    return this.#call("pool-governance", "propose-mandate", args, KEEPER).value;
  }

  voteYes(id) {
    for (const name of Object.keys(this.#scenario.data.votes.stakes_flow)) {
      this.#call("pool-governance", "vote", [Cl.uint(id), Cl.bool(true)], addressOf(name));
    }
  }

  /** Lets the votes end and the wait after them pass. */
  waitUntilDue(ids) {
    const due = ids.map((id) => this.#read("pool-governance", "get-proposal", [Cl.uint(id)]).value.value["due-at"]);
    this.#chain.advance(Math.max(...due.map(({ value }) => Number(value))) - this.#chain.time);
  }

  /** Concludes the vote and buys the first allocation in one slice, from STX only. */
  rebalance({ id, name, yesterday_bps: targets }, mandate) {
    const passed = this.#call("pool-governance", "conclude", [Cl.uint(mandate)], KEEPER);
    if (passed.type !== "true") throw new Error(`yesterday's vote on ${name} did not pass`);
    const value = Number(this.#read("whale-pool-vault", "get-pool-total-value", [Cl.uint(id)]).value.value);
    const legs = this.#firstPurchases(targets, value);
    const args = [Cl.uint(id), Cl.uint(mandate), Cl.uint(1), Cl.uint(0), Cl.list(legs)];
    this.#call("pool-rebalancer", "rebalance-pool", args, KEEPER);
  }

  // DIKO trades only against ALEX, so its part is bought as ALEX first.
  #firstPurchases(targets, value) {
    const part = (symbol) => Math.floor((value * (targets[symbol] ?? 0)) / BPS);
    const legs = [];
    const alex = this.#leg("STX", "ALEX", part("ALEX") + part("DIKO"), "alex-adapter");
    if (part("ALEX") > 0) legs.push(alex.leg);
    if (part("DIKO") > 0) {
      const forDiko = Math.floor((alex.least * part("DIKO")) / (part("ALEX") + part("DIKO")));
      legs.push(this.#leg("ALEX", "DIKO", forDiko, "alex-adapter").leg);
    }
    if (part("WELSH") > 0) {
      const half = Math.floor(part("WELSH") / 2);
      for (const adapter of ["alex-adapter", "velar-adapter"]) legs.push(this.#leg("STX", "WELSH", half, adapter).leg);
    }
    if (part("stSTX") > 0) legs.push(this.#leg("STX", "stSTX", part("stSTX"), "alex-adapter").leg);
    return legs;
  }

  #leg(sold, bought, amount, adapter) {
    if (amount === 0) return { leg: null, least: 0 };
    const [from, to] = [this.#principal(sold), this.#principal(bought)];
    const quote = Number(this.#read(adapter, "quote-between", [from, to, Cl.uint(amount)]).value.value);
    const least = Math.floor((quote * (BPS - UNDER_QUOTE_BPS)) / BPS);
    const leg = { from, to, amount: Cl.uint(amount), "min-out": Cl.uint(least), dex: Cl.principal(this.#ours(adapter)), fallback: Cl.none() };
    return { leg: Cl.tuple(leg), least };
  }

  queueWithdrawal({ id, share, queued_withdrawal: wish }) {
    if (wish === undefined) return;
    const who = addressOf(wish.who);
    const token = Cl.principal(this.#ours(share));
    const supply = Number(this.#read(share, "get-total-supply", []).value.value);
    const shares = Math.floor((supply * wish.share_of_pool_bps) / BPS);
    const answer = this.#call("whale-pool-vault", "withdraw", [Cl.uint(id), token, Cl.uint(shares), Cl.uint(0)], who);
    if (Number(answer.value["queued-shares"].value) !== shares) throw new Error("the withdrawal was paid instead of queued");
  }
}

// Prices of ALEX's own pools, from STX outward.
const CONSTANT_PRODUCT = 100_000_000;
const ALEX_HOPS = {
  ALEX: [["STX", "ALEX", CONSTANT_PRODUCT]],
  WELSH: [["STX", "WELSH", CONSTANT_PRODUCT]],
  DIKO: [
    ["STX", "ALEX", CONSTANT_PRODUCT],
    ["ALEX", "DIKO", CONSTANT_PRODUCT],
  ],
  stSTX: [["STX", "stSTX", CONSTANT_PRODUCT]],
};

// The venue says y per x, and the price wanted is x per y: inverted.
function hopTuple([x, y, factor]) {
  return Cl.tuple({
    x: Cl.principal(ASSETS[x].alex),
    y: Cl.principal(ASSETS[y].alex),
    factor: Cl.uint(factor),
    invert: Cl.bool(true),
  });
}
