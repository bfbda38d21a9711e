// What the local world does: prices over time, whales, market events. Read from a JSON file in which every
// number stands as {"value": …, "from": "where it was read, or that it was chosen"}.

import { readFileSync } from "node:fs";

/** Reads a scenario and takes the origins off its numbers. */
export function readScenario(path) {
  return withoutOrigins(JSON.parse(readFileSync(path, "utf8")));
}

function withoutOrigins(node) {
  if (Array.isArray(node)) return node.map(withoutOrigins);
  if (node === null || typeof node !== "object") return node;
  if ("value" in node && "from" in node) return node.value;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withoutOrigins(value)]));
}

/** A scenario being played. Time is the chain's own, in seconds. */
export class Scenario {
  #fired = []; // {event, at}
  #now;

  /** `now` returns the chain's time. */
  constructor(data, now) {
    this.data = data;
    this.#now = now;
  }

  get eventNames() {
    return Object.keys(this.data.events);
  }

  /** 1 at the start; one more with every event. */
  get round() {
    return 1 + this.#fired.length;
  }

  /** Starts a market event now; an event can be fired again. */
  fire(name) {
    this.#fired.push({ event: this.data.events[name], at: this.#now() });
    return { event: name, round: this.round, time: this.#now() };
  }

  /** USD per whole token now: the boot price, moved by the events so far (each reaches its end after `over_secs`). */
  usd(symbol) {
    const { of: base, ratio, usd } = this.data.prices[symbol];
    if (base !== undefined) return this.usd(base) * ratio;
    const now = this.#now();
    return this.#fired.reduce((price, { event, at }) => {
      const factor = event.moves[symbol] ?? 1;
      const done = Math.min(1, Math.max(0, (now - at) / event.over_secs));
      return price * (1 + (factor - 1) * done);
    }, usd);
  }

  /** STX per whole token now. */
  stx(symbol) {
    return symbol === "STX" ? 1 : this.usd(symbol) / this.usd("STX");
  }

  /** The whales' portfolios now, observed at this moment. */
  whales() {
    const latest = this.#fired.findLast(({ event }) => event.whales !== undefined);
    const changed = latest?.event.whales ?? {};
    return this.data.whales.map(({ address, category, ...rest }) => ({
      address,
      category,
      score: rest.score,
      win_rate_bps: rest.win_rate_bps ?? null,
      stacked_ustx: rest.stacked_ustx,
      allocation_bps: changed[address]?.allocation_bps ?? rest.allocation_bps,
      observed_at: this.#now(),
    }));
  }
}
