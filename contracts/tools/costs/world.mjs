// What the costs are measured in: one pool of n assets, owned, invested in everything it wants, prices fresh.
//
// `mock` worlds trade plain tokens at a fair venue of the tests; `real` ones trade ALEX, WELSH, DIKO, stSTX and sBTC
// through our adapters at the doubles of the venues, with prices as those venues quote, and fill up with test tokens.

import { Cl } from "@stacks/transactions";

import * as lazer from "../../tests/samples/lazer.mjs";
import * as venues from "../../tests/samples/venues.mjs";
import { list, p, person, text, tuple, u } from "./chain.mjs";

export const STX = 1_000_000n;
export const DAY = 86_400n;
export const E12 = 10n ** 12n;
// Small where venues are real, so that building the pool does not move their prices.
const DEPOSIT = { mock: 20_000n * STX, real: 2_000n * STX };
const CONFIG = { "min-sources": u(1), "max-age-secs": u(DAY), "max-spread-bps": u(1_000), "max-jump-bps": u(1_000) };
const LIMITS = { "turnover-bps": u(20_000), "slippage-bps": u(200), "loss-bps": u(200) };
const PROBE_USTX = 100n * STX;
export const PLAN = Cl.buffer(new Uint8Array(32).fill(7));

export const people = {
  alice: person(1), bob: person(2), carol: person(3), keeper: person(4), guardian: person(5), creator: person(6),
  mover: person(7), reporter: person(8), stranger: person(9), fees: person(10),
};
const { alice, bob, keeper, guardian, creator, mover, reporter } = people;

/** The real assets, with the venue each price is taken from. */
const REAL = [["ALEX", "alex-adapter"], ["WELSH", "alex-adapter"], ["DIKO", "alex-adapter"], ["STSTX", "alex-adapter"], ["SBTC", "bitflow-xyk-adapter"]];
export const ADAPTERS = ["alex-adapter", "velar-adapter", "velar-pool-adapter", "bitflow-xyk-adapter", "bitflow-stable-adapter"];

export class World {
  #ready;

  /** @param {"mock" | "real"} kind */
  constructor(chain, size, kind = "mock") {
    this.chain = chain;
    this.size = size;
    this.kind = kind;
    this.stx = chain.at("stx-token");
    this.share = chain.ours("pool-share-1");
    this.prices = new Map([[this.stx, (3n * E12) / 10n]]);
    this.decimals = new Map([[this.stx, 6n]]);
    this.assets = [this.stx];
  }

  get deployer() {
    return this.chain.deployer;
  }

  must(...call) {
    return this.chain.must(...call);
  }

  /** Ends with the moment "ready". */
  build() {
    this.#fund();
    this.#roles();
    if (this.kind === "real") this.#openVenues();
    this.#tokens();
    this.#oracle();
    this.#pool();
    this.chain.wait(DAY);
    this.postPrices();
    this.chain.keep("ready");
    this.#ready = new Map(this.prices);
    return this;
  }

  /** Back to the end of `build`. */
  restart() {
    this.chain.restore("ready");
    this.prices = new Map(this.#ready);
  }

  #fund() {
    for (const who of Object.values(people)) this.chain.sdk.mintSTX(who, 1_000_000n * STX);
  }

  #roles() {
    const roles = [[keeper, "keeper"], [reporter, "reporter"], [guardian, "emergency"], [guardian, "guardian"], [creator, "creator"],
      [mover, "rebalancer"], [this.chain.at("pool-rebalancer"), "rebalancer"]];
    for (const [who, role] of roles) this.must(this.deployer, "pool-access", "grant-role", p(who), text(role));
    this.must(this.deployer, "whale-pool-vault", "set-fee-account", this.chain.ours("fee-treasury"));
    this.must(this.deployer, "whale-pool-vault", "set-insurance-account", this.chain.ours("insurance-fund"));
  }

  #openVenues() {
    venues.openLaunchPools(this.chain.sdk);
    venues.openDeepPools(this.chain.sdk);
    for (const [symbol, adapter] of REAL.slice(0, this.size - 1)) {
      const id = venues.TOKEN[symbol];
      const decimals = BigInt(venues.plain(this.chain.read(id, "get-decimals")));
      const out = BigInt(venues.plain(this.chain.read(adapter, "get-quote", p(this.stx), p(id), u(PROBE_USTX))));
      this.#admit(id, decimals, (PROBE_USTX * 10n ** (decimals + 6n)) / out);
    }
    for (const adapter of ADAPTERS) this.must(this.deployer, "whale-pool-vault", "admit-adapter", this.chain.ours(adapter));
  }

  #tokens() {
    this.chain.deployMock("fair-adapter");
    this.must(this.deployer, "whale-pool-vault", "admit-adapter", this.chain.ours("fair-adapter"));
    this.must(this.deployer, "stx-token", "transfer", u(1_000_000n * STX), p(this.deployer), this.chain.ours("fair-adapter"), Cl.none());
    for (let n = this.assets.length; n < this.size; n += 1) {
      this.chain.deployMock("plain-token", `token-${n}`);
      this.#admit(this.chain.at(`token-${n}`), 6n, E12);
      this.must(this.deployer, `token-${n}`, "faucet", u(10n ** 15n), this.chain.ours("fair-adapter"));
    }
    // STX at one for one against every test token, and every test token against every other.
    const tested = this.assets.filter((id) => id === this.stx || id.includes(".token-"));
    for (const from of tested) {
      for (const to of tested) if (from !== to) this.must(this.deployer, "fair-adapter", "set-rate", p(from), p(to), u(1), u(1));
    }
  }

  #admit(id, decimals, price) {
    this.must(this.deployer, "whale-pool-vault", "register-asset", p(id), u(decimals));
    this.assets.push(id);
    this.decimals.set(id, decimals);
    this.prices.set(id, price);
  }

  #oracle() {
    for (const id of this.assets) this.must(this.deployer, "pool-oracle", "set-asset", p(id), tuple(CONFIG));
    if (this.kind === "real") this.#sources();
    this.postPrices();
  }

  #sources() {
    const { ALEX, WELSH, DIKO, STSTX } = venues.TOKEN;
    const set = (fn, ...args) => this.must(this.deployer, "pool-oracle", fn, ...args);
    set("set-alex-source", p(ALEX), list([this.hop("STX", "ALEX")]));
    set("set-alex-source", p(WELSH), list([this.hop("STX", "WELSH")]));
    set("set-alex-source", p(DIKO), list([this.hop("STX", "ALEX"), this.hop("ALEX", "DIKO")]));
    set("set-alex-source", p(STSTX), list([this.hop("STX", "STSTX")]));
    set("set-velar-source", p(WELSH), u(1), Cl.bool(false));
    set("set-ratio-source", p(STSTX));
    set("set-dia-source", p(this.stx), text("STX/USD"));
  }

  hop(x, y) {
    const [from, to] = [venues.WRAPPED[x], venues.WRAPPED[y]];
    return tuple({ x: p(from), y: p(to), factor: u(venues.FACTOR.product), invert: Cl.bool(true) });
  }

  trustLazer() {
    lazer.trust(lazer.SIGNER);
  }

  /** USD per STX as Pyth Lazer signs it, and its decoder. */
  lazerUpdate() {
    const usd = this.prices.get(this.stx) / 10_000n;
    return [lazer.update(this.chain.now - 10n, [{ id: 45, price: usd, confidence: usd / 1_000n }]), lazer.decoder()];
  }

  /** FLOW with a price and a venue that sells it, and STX in the treasury. */
  listFlow() {
    const flow = this.chain.at("flow-token");
    this.#admit(flow, 6n, E12);
    this.assets.pop();
    this.must(this.deployer, "pool-oracle", "set-asset", p(flow), tuple(CONFIG));
    this.must(reporter, "pool-oracle", "post-prices", list([tuple({ asset: p(flow), price: u(E12), at: u(this.chain.now - 10n) })]));
    this.must(this.deployer, "fair-adapter", "set-rate", p(this.stx), p(flow), u(1), u(1));
    this.must(this.deployer, "flow-token", "transfer", u(100n * STX), p(this.deployer), this.chain.ours("fair-adapter"), Cl.none());
    this.must(alice, "stx-token", "transfer", u(10n * STX), p(alice), this.chain.ours("fee-treasury"), Cl.none());
    this.prices.delete(flow);
    this.decimals.delete(flow);
  }

  priceRows(at = this.chain.now - 10n) {
    return list([...this.prices].map(([id, price]) => tuple({ asset: p(id), price: u(price), at: u(at) })));
  }

  postPrices() {
    this.must(reporter, "pool-oracle", "post-prices", this.priceRows());
  }

  #pool() {
    const args = [text("Index"), text("IDX"), this.share, this.targets(), u(25_000)];
    this.must(creator, "whale-pool-vault", "create-pool", ...args);
    this.deposit(alice, DEPOSIT[this.kind]);
    this.deposit(bob, DEPOSIT[this.kind] / 20n);
    // Half of what each asset should be, so that a rebalance has all of them to move and all of them to count.
    for (const id of this.assets.slice(1)) this.leg(id, DEPOSIT[this.kind] / BigInt(2 * this.size));
  }

  deposit(who, ustx) {
    return this.must(who, "whale-pool-vault", "deposit", u(1), this.share, u(ustx), u(0));
  }

  leg(to, ustx) {
    return this.must(mover, "whale-pool-vault", "execute-leg", u(1), p(this.stx), p(to), u(ustx), u(0), u(200), this.chain.ours(this.venueOf(to)));
  }

  venueOf(id) {
    const symbol = Object.keys(venues.TOKEN).find((each) => venues.TOKEN[each] === id);
    return REAL.find(([each]) => each === symbol)?.[1] ?? "fair-adapter";
  }

  /** Equal parts; `tilt` takes that much from STX and gives it to the last asset. */
  targets(tilt = 0) {
    const part = Math.floor(10_000 / this.size);
    return list(this.assets.map((id, n) => {
      const rest = n === 0 ? 10_000 - part * this.size - tilt : 0;
      return tuple({ asset: p(id), bps: u(part + rest + (n === this.size - 1 ? tilt : 0)) });
    }));
  }

  tokens() {
    return list(this.assets.map(p));
  }

  shares(who) {
    return BigInt(this.chain.read("pool-share-1", "get-balance", p(who)).value.value);
  }

  supply() {
    return BigInt(this.chain.read("pool-share-1", "get-total-supply").value.value);
  }

  value() {
    return BigInt(this.chain.read("whale-pool-vault", "get-pool-total-value", u(1)).value.value);
  }

  // --- votes ---

  /** FLOW staked by alice and bob, and the votes in office. */
  handOver() {
    for (const [who, amount] of [[alice, 60n], [bob, 40n]]) {
      this.must(this.deployer, "flow-token", "transfer", u(amount * STX), p(this.deployer), p(who), Cl.none());
      this.must(who, "flow-staking", "stake", u(amount * STX));
    }
    this.must(this.deployer, "pool-access", "hand-over", this.chain.ours("pool-governance"));
  }

  proposeMandate() {
    return this.must(keeper, "pool-governance", "propose-mandate", u(1), this.targets(), tuple(LIMITS), u(7n * DAY), PLAN).value;
  }

  mandateArgs() {
    return [u(1), this.targets(), tuple(LIMITS), u(7n * DAY), PLAN];
  }

  waitUntilDue(id) {
    this.chain.waitUntil(this.chain.read("ballot-box", "get-ballot", u(id)).value.value["due-at"].value);
    this.postPrices();
  }

  passMandate() {
    const id = this.proposeMandate();
    this.must(alice, "pool-governance", "vote", u(id), Cl.bool(true));
    this.waitUntilDue(id);
    this.must(people.stranger, "pool-governance", "conclude", u(id));
    return id;
  }

  /** As many legs as asked, every one of them toward the target. */
  legs(count) {
    const rows = this.kind === "real" ? this.#realLegs() : this.#mockLegs();
    return list(rows.slice(0, count).map(([from, to, amount, dex]) =>
      tuple({ from: p(from), to: p(to), amount: u(amount), "min-out": u(1), dex: this.chain.ours(dex), fallback: Cl.none() })));
  }

  #mockLegs() {
    const amount = DEPOSIT.mock / BigInt(8 * this.size);
    const bought = this.assets.slice(1);
    return Array.from({ length: 10 }, (_, n) => [this.stx, bought[n % bought.length], amount, "fair-adapter"]);
  }

  #realLegs() {
    const { ALEX, WELSH, DIKO, STSTX, SBTC } = venues.TOKEN;
    const amount = 40n * STX;
    return [
      [this.stx, ALEX, amount, "alex-adapter"],
      [this.stx, DIKO, amount, "alex-adapter"],
      [this.stx, STSTX, amount, "alex-adapter"],
      [this.stx, WELSH, amount, "alex-adapter"],
      [this.stx, WELSH, amount, "velar-adapter"],
      [this.stx, SBTC, amount, "velar-pool-adapter"],
      [this.stx, SBTC, amount, "bitflow-xyk-adapter"],
      [this.stx, WELSH, amount, "bitflow-xyk-adapter"],
      [this.stx, STSTX, amount, "bitflow-stable-adapter"],
      [this.stx, DIKO, amount, "alex-adapter"],
    ];
  }
}
