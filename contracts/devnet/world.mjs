// The rest of the world, between blocks: a market maker, the DIA oracle, and the events of the timeline.

import { Cl } from "@stacks/transactions";

import { SYMBOLS } from "./assets.mjs";
import { SETTLED_DRIFT_BPS } from "./voters.mjs";
import { serializedArgs } from "./wire.mjs";

const DIA = "SP1G48FZ4Y7JY8G2Z0N51QTCYGBQ6F4J43J77BQC0.dia-oracle";
const DIA_KEY = "STX/USD";
const DIA_DECIMALS = 8;

export class World {
  #devnet;
  #scenario;
  #maker;
  #ticks = 0;
  #diaAt = 0;
  #calmAt = null; // the state and prices at which no pool strayed
  #timeline;
  #begunWith; // the pools' latest proposals when the round began

  /** `timeline` is the number of seconds between a settled round and the next event; null plays none. */
  constructor(devnet, scenario, maker, timeline) {
    this.#devnet = devnet;
    this.#scenario = scenario;
    this.#maker = maker;
    this.#timeline = timeline === null ? null : { delayMs: timeline * 1000, dueAt: null, left: [...scenario.data.timeline] };
    this.#begunWith = this.#latestProposals();
    devnet.afterLeap = () => {
      const steps = this.#diaSteps();
      if (steps.length > 0) devnet.chain.mineSteps(steps);
    };
  }

  /** Does what is due. Returns whether that made a block, so that a tick makes no more than one. */
  step() {
    this.#ticks += 1;
    if (this.#ticks % this.#scenario.data.market_maker.every_ticks !== 0) return false;
    this.#playTimeline();
    if (this.#devnet.mempool.records.length > 0) return false; // nobody trades in front of a waiting transaction
    const steps = [...this.#makerSteps(), ...this.#diaSteps()];
    if (steps.length === 0) return false;
    this.#devnet.act(() => this.#devnet.chain.mineSteps(steps));
    return true;
  }

  // Reading every pool takes a while, and nothing strays unless something moved.
  #makerSteps() {
    const seen = [this.#devnet.tip.stateVersion, ...SYMBOLS.map((symbol) => this.#scenario.usd(symbol))].join(" ");
    if (seen === this.#calmAt) return [];
    const steps = this.#maker.steps();
    this.#calmAt = steps.length === 0 ? seen : null;
    return steps;
  }

  /** The DIA oracle's next value, when the last one is due to be replaced. */
  #diaSteps() {
    const now = this.#devnet.chain.time;
    if (now - this.#diaAt < this.#scenario.data.dia.every_secs) return [];
    this.#diaAt = now;
    return [diaStep(this.#scenario.usd("STX"), now, this.#devnet.chain.deployer)];
  }

  #playTimeline() {
    const timeline = this.#timeline;
    if (timeline === null || timeline.left.length === 0) return;
    if (timeline.dueAt === null) {
      if (this.#settled()) timeline.dueAt = Date.now() + timeline.delayMs;
    } else if (Date.now() >= timeline.dueAt) {
      timeline.dueAt = null;
      this.#begunWith = this.#latestProposals();
      this.#scenario.fire(timeline.left.shift().event);
    }
  }

  // A round is settled when every pool carried out a mandate that is newer than the round and is near its target.
  #settled() {
    const { chain } = this.#devnet;
    return this.#scenario.data.pools.every(({ id }, index) => {
      const latest = this.#latestProposals()[index];
      if (latest === this.#begunWith[index]) return false;
      const mandate = chain.read(`${chain.deployer}.pool-governance`, "get-mandate", [Cl.uint(latest)]);
      if (mandate.type !== "some" || Number(mandate.value.value.slices.value) === 0) return false;
      const drift = chain.read(`${chain.deployer}.whale-pool-vault`, "get-drift", [Cl.uint(id)]);
      return drift.type === "ok" && Number(drift.value.value["drift-bps"].value) < SETTLED_DRIFT_BPS;
    });
  }

  #latestProposals() {
    const { chain } = this.#devnet;
    return this.#scenario.data.pools.map(({ id }) => {
      const latest = chain.read(`${chain.deployer}.pool-governance`, "get-latest-proposal", [Cl.uint(id)]);
      return latest.type === "some" ? Number(latest.value.value) : null;
    });
  }
}

/** A step that writes the oracle's STX/USD value as its updater would (milliseconds, eight decimals). */
export function diaStep(usd, now, sender) {
  const value = Math.round(usd * 10 ** DIA_DECIMALS);
  const args = [Cl.stringAscii(DIA_KEY), Cl.uint(value), Cl.uint(now * 1000)];
  return { kind: "call", contract: DIA, fn: "set-value", args: serializedArgs(args), sender };
}
