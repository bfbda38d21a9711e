// Everything there is to know about the pools, read after every step straight from the maps.

import { decode, uint } from "./codec.mjs";
import { POOLS } from "./world.mjs";

export class Reader {
  #world;
  #seen = new Map(); // bytes to value: most entries are as they were a step ago
  #print = []; // the bytes of what was read of a pool
  #pools = Object.fromEntries(POOLS.map((id) => [id, uint(id)]));

  constructor(world) {
    this.#world = world;
  }

  read() {
    const { machine, assets, stx } = this.#world;
    const held = machine.balances;
    const of = (asset) => held.get(asset === stx ? "STX" : `.${asset.split(".")[1]}.token`) ?? new Map();
    const all = this.#decoded(machine.variable(this.#world.at("pool-portfolios"), "pauses-of-all"));
    return {
      time: machine.time,
      pools: Object.fromEntries(POOLS.map((id) => [id, this.#pool(id, all)])),
      tokens: Object.fromEntries(assets.map((asset) => [asset, of(asset)])),
      shares: Object.fromEntries(POOLS.map((id) => [id, held.get(`.pool-share-${id}.pool-share`) ?? new Map()])),
    };
  }

  #pool(id, all) {
    this.#print = [];
    const of = (contract, map) => this.#entry(contract, map, this.#pools[id]);
    const record = of("pool-books", "pools");
    const { rows, pauses: own } = of("pool-portfolios", "portfolios");
    const meter = of("pool-terms", "meters");
    const shut = (door) => own[door] || all[door];
    return {
      total: record["total-shares"],
      pending: record["pending-shares"],
      mark: meter["high-water-mark"],
      rows,
      holdings: this.#holdings(rows),
      pauses: { deposits: shut("deposits"), withdrawals: shut("withdrawals"), rebalances: shut("rebalances") },
      cap: of("pool-terms", "caps"),
      rates: of("pool-terms", "rates"),
      queue: (of("withdrawal-queue", "queues") ?? []).map((row) => ({ user: row.user, shares: row.shares, minOut: row["min-out"], askedAt: row["asked-at"] })),
      outflow: of("withdrawal-queue", "outflows"),
      print: this.#print.join(),
    };
  }

  #holdings(rows) {
    const held = Object.fromEntries(this.#world.assets.map((asset) => [asset, 0n]));
    for (const { asset, amount } of rows) held[asset] = amount;
    return held;
  }

  #entry(contract, map, key) {
    const hex = this.#world.machine.entry(this.#world.at(contract), map, key);
    this.#print.push(hex);
    return this.#decoded(hex);
  }

  #decoded(hex) {
    if (!this.#seen.has(hex)) {
      if (this.#seen.size > 20_000) this.#seen.clear();
      this.#seen.set(hex, decode(hex));
    }
    return this.#seen.get(hex);
  }
}
