// Where the real oracle speaks: what its sources said, kept from what they were told, and what may be used of it.

import { ascii, decode, list, principal, tuple, uint } from "./codec.mjs";
import { PRICE_ONE } from "./world.mjs";

const BPS = 10_000n;
const DIA = "SP1G48FZ4Y7JY8G2Z0N51QTCYGBQ6F4J43J77BQC0.dia-oracle";
const DIA_UNIT = 10_000n; // from its 8 decimals to ours
export const SPREAD_BPS = 1_000n;
export const MAX_AGE = 3_600n;

/** Bounds and DIA's keys: USD per STX and A have two sources, B has the reporter alone. */
export const feedsOf = ({ stx, a, b }) => ({
  [stx]: { key: "STX/USD", least: 1 },
  [a]: { key: "A/USD", least: 2 },
  [b]: { key: null, least: 1 },
});

/** What the oracle would say at `time`, read off its rows; null where nothing is agreed, fresh and untripped. */
export function agreedAt(world, time) {
  return Object.fromEntries(world.assets.map((asset) => {
    const { tripped, bounds, view } = decode(world.machine.entry(world.at("pool-oracle"), "states", principal(asset)));
    const agreed = !tripped && view.sources >= bounds["min-sources"] && time <= view.until && !view.apart;
    return [asset, agreed ? view.price : null];
  }));
}

export const isTripped = (world, asset) => decode(world.machine.entry(world.at("pool-oracle"), "states", principal(asset))).tripped;

export class OracleGhost {
  constructor(world, time) {
    this.feeds = feedsOf(world);
    this.truth = { ...world.launch };
    this.said = Object.fromEntries(world.assets.map((asset) => [asset, new Map()])); // source to { price, at }
    this.dia = new Map();
    for (const asset of world.assets) {
      this.tellDia(asset, this.usd(world, asset), time);
      this.report(asset, this.truth[asset], time);
      this.looked(world, asset, this.truth[world.stx]);
    }
  }

  usd(world, asset) {
    return (asset === world.stx ? this.truth[asset] : (this.truth[asset] * this.truth[world.stx]) / PRICE_ONE) / DIA_UNIT;
  }

  report(asset, price, at) {
    this.said[asset].set("reported", { price, at });
  }

  tellDia(asset, value, at) {
    const { key } = this.feeds[asset];
    if (key) this.dia.set(asset, { value, at });
  }

  /**
   * The oracle looked at DIA, which answers in USD. While nothing is agreed about STX, what it said of other assets
   * before stays and ages.
   */
  looked(world, asset, rate) {
    const told = this.dia.get(asset);
    if (!told || (asset !== world.stx && rate === null)) return;
    const price = asset === world.stx ? told.value * DIA_UNIT : (told.value * DIA_UNIT * PRICE_ONE) / rate;
    this.said[asset].set("dia", { price, at: told.at });
  }

  /** Why a price may not be used at `now`, or null. */
  objection(asset, price, now) {
    const fresh = [...this.said[asset].values()].filter(({ at, until }) => (until === undefined ? at + MAX_AGE >= now : until >= now));
    if (fresh.length < this.feeds[asset].least) return `only ${fresh.length} fresh sources`;
    const [low, high] = [fresh.map((row) => row.price).reduce(lesser), fresh.map((row) => row.price).reduce(greater)];
    if (price < low || price > high) return `${price} is outside of what was said, ${low} to ${high}`;
    if ((high - low) * BPS > high * SPREAD_BPS) return `${low} and ${high} are too far apart`;
    return null;
  }
}

const lesser = (a, b) => (a < b ? a : b);
const greater = (a, b) => (a > b ? a : b);

/** Bounds, sources and first prices. */
export function setUpOracle(world, must, keeper) {
  const { deployer } = world.machine;
  const bounds = (least) => tuple({
    "min-sources": uint(least), "max-age-secs": uint(MAX_AGE), "max-spread-bps": uint(SPREAD_BPS), "max-jump-bps": uint(1_000),
  });
  const ghost = new OracleGhost(world, world.machine.time);
  for (const [asset, { key, least }] of Object.entries(ghost.feeds)) {
    must(deployer, "pool-oracle", "set-asset", principal(asset), bounds(least));
    if (!key) continue;
    must(deployer, "pool-oracle", "set-dia-source", principal(asset), ascii(key));
    tellDia(world, key, ghost.usd(world, asset), world.machine.time);
  }
  const rows = world.assets.map((asset) => [asset, world.launch[asset], world.machine.time]);
  must(keeper, "pool-oracle", "post-prices", postRows(rows));
}

export const postRows = (rows) =>
  list(rows.map(([asset, price, at]) => tuple({ asset: principal(asset), price: uint(price), at: uint(at) })));

export function tellDia(world, key, value, at) {
  return world.call(world.machine.deployer, DIA, "set-value", ascii(key), uint(value), uint(at * 1_000n));
}
