// The chain that sequences run on: our contracts as they are, two tokens, a venue, two pools, people.
//
// A world is booted once; every sequence begins from a copy of its memory. What differs between worlds: whether the
// test dictates the prices, and whether stakers govern.

import { readFileSync, readdirSync } from "node:fs";

import { GOVERNMENT, SHARES, TOKENS, TRAITS_AND_ROLES, VAULT_PARTS, namedSource } from "../chain-order.mjs";
import * as codec from "./codec.mjs";
import { Machine } from "./machine.mjs";
import { setUpOracle } from "./oracle.mjs";
import { Random } from "./random.mjs";

const { ascii, list, none, principal, tuple, uint } = codec;
const SRC = new URL("../../src/", import.meta.url);
const DOUBLES = new URL("../../doubles/", import.meta.url);
const MOCKS = new URL("../mocks/", import.meta.url);

export const STX = 1_000_000n;
export const PRICE_ONE = 1_000_000_000_000n;
export const DAY = 86_400n;
export const YEAR = 365n * DAY;
export const DEAD_SHARES = 1_000_000n;
export const POOLS = [1, 2];
/** What differs between worlds, with weights. */
export const KINDS = [["dictated", 55], ["voted", 30], ["real", 15]];
const GENESIS = 1_780_000_000;

const CONTRACTS = [...TRAITS_AND_ROLES, "pool-oracle", ...SHARES, ...VAULT_PARTS, ...TOKENS, "mock:market-adapter"];

const DICTATED = { "pool-oracle": ["mock:dictated-oracle"] };
const REAL = { "pool-oracle": ["venue-prices", "price-averages", "price-sources", "price-observations", "pool-oracle"] };

function sourceOf(name) {
  return readFileSync(name.startsWith("mock:") ? new URL(`${name.slice(5)}.clar`, MOCKS) : new URL(`${name}.clar`, SRC), "utf8");
}

export const kindFor = (seed) => new Random(seed).weighted(KINDS);

/** The machine and its worlds, each booted when it is first asked for. */
export class Playground {
  #machine;
  #empty;
  #worlds = new Map();

  static async open() {
    return new Playground(await Machine.open(GENESIS));
  }

  constructor(machine) {
    this.#machine = machine;
    this.#empty = machine.image();
  }

  /** The world a seed plays in. */
  worldFor(seed) {
    return this.world(kindFor(seed));
  }

  /** With `mutants` (contract name to a function from its source to a broken one) it is booted anew. */
  world(kind, mutants) {
    if (mutants) return this.#boot(kind, mutants);
    if (!this.#worlds.has(kind)) this.#worlds.set(kind, this.#boot(kind));
    return this.#worlds.get(kind);
  }

  #boot(kind, mutants) {
    this.#machine.restore(this.#empty);
    return new World(this.#machine, kind, mutants);
  }
}

export class World {
  /**
   * @param {Machine} machine an empty chain
   * @param {string} kind one of KINDS
   * @param {object} mutants contract name to a function from its source to a broken one
   */
  constructor(machine, kind, mutants = {}) {
    this.machine = machine;
    this.kind = kind;
    this.stx = this.at("stx-token");
    this.a = this.at("token-a");
    this.b = this.at("token-b");
    this.vault = this.at("whale-pool-vault");
    this.venue = this.at("market-adapter");
    this.stakes = new Map();
    this.admitted = new Set([this.venue]);
    this.assets = [this.stx, this.a, this.b];
    this.decimals = { [this.stx]: 6n, [this.a]: 6n, [this.b]: 8n };
    this.users = [1, 2, 3, 4, 5].map(codec.address);
    [this.keeper, this.guardian, this.creator, this.mover, this.stranger, this.fees, this.insurance] =
      [11, 12, 13, 14, 15, 16, 17].map(codec.address);
    this.people = [...this.users, this.keeper, this.stranger, this.fees, this.insurance];
    this.#deploy(mutants);
    this.#setUp();
    this.image = machine.image();
  }

  at(name) {
    return `${this.machine.deployer}.${name}`;
  }

  share(pool) {
    return this.at(`pool-share-${pool}`);
  }

  call(by, contract, fn, ...args) {
    return this.machine.call(contract.includes(".") ? contract : this.at(contract), fn, args, by);
  }

  read(contract, fn, ...args) {
    return this.machine.read(contract.includes(".") ? contract : this.at(contract), fn, args);
  }

  /** Goes back to the first second. */
  reset() {
    this.machine.restore(this.image);
  }

  #must(by, contract, fn, ...args) {
    const answer = this.call(by, contract, fn, ...args);
    if (!answer.ok) throw new Error(`${contract} ${fn} answered ${answer.aborted ?? answer.code}`);
    return answer.value;
  }

  #deploy(mutants) {
    if (this.kind === "real") this.#deployDoubles();
    const oracle = this.kind === "real" ? REAL : DICTATED;
    for (const entry of this.kind === "voted" ? [...CONTRACTS, ...GOVERNMENT] : CONTRACTS) {
      const [name, file] = namedSource(entry);
      for (const source of oracle[name] ?? [file]) {
        const as = source.startsWith("mock:") || source === file ? name : source;
        const text = sourceOf(source);
        const broken = mutants[as] ? mutants[as](text) : text;
        if (mutants[as] && broken === text) throw new Error(`the mutant of ${as} is no mutant`);
        this.machine.deploy(as, broken);
      }
    }
  }

  /** The outside contracts at their own principals; those that need others come again later. */
  #deployDoubles() {
    let waiting = readdirSync(DOUBLES).filter((file) => file.endsWith(".clar"));
    while (waiting.length > 0) {
      const failed = waiting.filter((file) => !this.#deployDouble(file));
      if (failed.length === waiting.length) throw new Error(`cannot deploy ${failed.join(", ")}`);
      waiting = failed;
    }
  }

  #deployDouble(file) {
    const [by, name] = file.split(".");
    const source = readFileSync(new URL(file, DOUBLES), "utf8");
    try {
      this.machine.deploy(name, source, { by, clarityVersion: /Deployed as Clarity 4\./.test(source) ? 4 : 2 });
      return true;
    } catch {
      return false;
    }
  }

  #setUp() {
    const { deployer } = this.machine;
    const must = (contract, fn, ...args) => this.#must(deployer, contract, fn, ...args);
    for (const who of [...this.users, this.keeper, this.guardian, this.creator, this.mover, this.stranger]) {
      this.machine.mint(who, 100_000n * STX);
    }
    const role = (who, name) => must("pool-access", "grant-role", principal(who), ascii(name));
    role(this.keeper, "keeper");
    role(this.keeper, "reporter");
    role(this.guardian, "emergency");
    role(this.creator, "creator");
    role(this.mover, "rebalancer");
    role(this.at("pool-rebalancer"), "rebalancer");
    role(this.guardian, "guardian");
    must("whale-pool-vault", "register-asset", principal(this.a), uint(6));
    must("whale-pool-vault", "register-asset", principal(this.b), uint(8));
    must("whale-pool-vault", "set-fee-account", principal(this.fees));
    must("whale-pool-vault", "set-insurance-account", principal(this.insurance));
    must("whale-pool-vault", "admit-adapter", principal(this.venue));
    must("stx-token", "transfer", uint(50_000_000n * STX), principal(deployer), principal(this.venue), none());
    must("token-a", "faucet", uint(10n ** 15n), principal(this.venue));
    must("token-b", "faucet", uint(10n ** 17n), principal(this.venue));
    for (const who of this.users) {
      must("token-a", "faucet", uint(10n ** 9n), principal(who));
      must("token-b", "faucet", uint(10n ** 11n), principal(who));
      must("flow-token", "transfer", uint(1_000_000n), principal(deployer), principal(who), none());
    }
    this.launch = { [this.stx]: (3n * PRICE_ONE) / 10n, [this.a]: 2n * PRICE_ONE, [this.b]: PRICE_ONE / 2n };
    for (const [asset, price] of Object.entries(this.launch)) {
      if (this.kind !== "real") must("pool-oracle", "dictate", principal(asset), uint(price));
      this.tellVenue(asset, asset === this.stx ? PRICE_ONE : price);
    }
    if (this.kind === "real") setUpOracle(this, (...call) => this.#must(...call), this.keeper);
    const targets = [{ [this.stx]: 6_000, [this.a]: 3_000, [this.b]: 1_000 }, { [this.stx]: 5_000, [this.a]: 5_000 }];
    for (const id of POOLS) {
      this.#must(this.creator, "whale-pool-vault", "create-pool", ascii(`Index ${id}`), ascii(`IDX${id}`),
        principal(this.share(id)), this.targets(targets[id - 1]), uint(25_000));
    }
    if (this.kind !== "voted") return;
    for (const [n, who] of this.users.entries()) {
      this.stakes.set(who, 1_000n * BigInt(n + 1));
      this.#must(who, "flow-staking", "stake", uint(this.stakes.get(who)));
    }
    must("pool-access", "hand-over", principal(this.at("pool-governance")));
  }

  legArgs({ id, from, to, amount, min = 0n, slippage }) {
    return [uint(id), principal(from), principal(to), uint(amount), uint(min), uint(slippage), principal(this.venue)];
  }

  /** A swap of a slice. */
  leg({ from, to, amount }) {
    return tuple({
      from: principal(from), to: principal(to), amount: uint(amount), "min-out": uint(0), dex: principal(this.venue), fallback: none(),
    });
  }

  /** How much of an asset so many micro-STX buy. */
  amountWorth(asset, ustx, price) {
    return (ustx * 10n ** (this.decimals[asset] + 6n)) / price;
  }

  /** Stops all that can be stopped, and every price. */
  shutEverything(ghost) {
    this.#must(this.guardian, "whale-pool-vault", "emergency-pause", uint(0));
    if (this.kind === "real") this.machine.advance(2n * DAY); // all that was said is stale
    for (const asset of this.assets) {
      if (this.kind !== "real") this.call(this.machine.deployer, "pool-oracle", "silence", principal(asset));
      ghost.say(asset, null);
    }
  }

  targets(shares) {
    return list(Object.entries(shares).map(([asset, bps]) => tuple({ asset: principal(asset), bps: uint(bps) })));
  }

  tellVenue(asset, price) {
    return this.call(this.machine.deployer, this.venue, "set-price", principal(asset), uint(price), uint(10n ** (this.decimals[asset] + 6n)));
  }

  /** STX per whole token under the asset, as a whole number of 10^-18 micro-STX for an amount. */
  worth(asset, amount, price) {
    return amount * price * 10n ** (12n - this.decimals[asset]);
  }
}
