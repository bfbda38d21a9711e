// One sequence of random steps on a fresh chain, checked after each; and the way from a violation to few steps.

import { ACTIONS } from "./actions.mjs";
import { list, principal, uint } from "./codec.mjs";
import { Ghost } from "./ghost.mjs";
import { INVARIANTS, Violation, isDust, valuesAgree } from "./invariants.mjs";
import { agreedAt } from "./oracle.mjs";
import { Random, mix } from "./random.mjs";
import { Reader } from "./state.mjs";
import { POOLS } from "./world.mjs";

const VIEWS_EVERY = 300; // steps between two looks at the contracts' own views, which are slow

export class Sequence {
  #world;
  #reader;
  #tally;
  #log;
  #count = 0;

  /** @param {World} world @param {Tally} tally counts what happens @param {(line: string) => void} log hears every step */
  constructor(world, tally, log = () => {}) {
    this.#world = world;
    this.#reader = new Reader(world);
    this.#tally = tally;
    this.#log = log;
  }

  get tally() {
    return this.#tally;
  }

  /** Runs `count` steps; returns null, or the violation with the steps that led to it. */
  run(seed, count) {
    const rng = new Random(seed);
    const weights = Object.entries(ACTIONS[this.#world.kind]).map(([name, { weight }]) => [name, weight]);
    const plan = Array.from({ length: count }, (_, n) => ({ name: rng.weighted(weights), seed: mix(seed, n) }));
    return this.replay(plan);
  }

  /** Runs the steps of a plan, then lets everybody leave. */
  replay(plan) {
    this.#world.reset();
    this.#tally.begun(this.#world.kind);
    let state = this.#reader.read();
    const ghost = new Ghost(this.#world, state, this.#world.launch);
    const lines = [];
    let done = 0;
    try {
      for (const entry of plan) {
        done += 1;
        state = this.#step(entry, state, ghost, lines);
      }
      this.#everybodyLeaves(ghost, lines);
      return null;
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return { violation: error, plan: plan.slice(0, done), lines };
    }
  }

  #step({ name, seed }, before, ghost, lines) {
    const step = ACTIONS[this.#world.kind][name].act({ world: this.#world, rng: new Random(seed), state: before, ghost });
    return this.#check(step, before, ghost, lines);
  }

  #check(step, before, ghost, lines) {
    const after = step.elsewhere ? { ...before, time: this.#world.machine.time } : this.#reader.read();
    ghost.now = after.time;
    if (ghost.oracle) ghost.hear(step, agreedAt(this.#world, after.time));
    const line = describe(step);
    lines.push(line);
    this.#log(line);
    ghost.note(step, before);
    const view = { world: this.#world, before, after, ghost, step };
    for (const [n, invariant] of INVARIANTS.entries()) {
      invariant(view);
      this.#tally.checked(n + 1);
    }
    this.#count += 1;
    if (this.#count % VIEWS_EVERY === 0) valuesAgree(view);
    this.#tally.step(step);
    return after;
  }

  /** Invariant 7, by doing it: every door shut, every price dead, no keeper; and everybody takes their part. */
  #everybodyLeaves(ghost, lines) {
    const world = this.#world;
    world.shutEverything(ghost);
    let now = this.#reader.read();
    for (const id of POOLS) {
      for (const { user } of now.pools[id].queue) {
        const step = { name: "cancel", by: user, pool: id, kind: "user", subject: user };
        now = this.#leave(step, "cancel-withdrawal", [], now, ghost, lines);
      }
      for (const [who, shares] of now.shares[id]) {
        if (shares === 0n || who === world.vault) continue;
        const tokens = list(now.pools[id].rows.map(({ asset }) => principal(asset)));
        const step = { name: "redeem", by: who, pool: id, kind: "user", subject: who, wrong: isDust(now.pools[id], shares) };
        now = this.#leave(step, "redeem-in-kind", [uint(shares), tokens], now, ghost, lines);
      }
    }
  }

  #leave(step, fn, args, before, ghost, lines) {
    const { pool, by } = step;
    step.answer = this.#world.call(by, "whale-pool-vault", fn, uint(pool), principal(this.#world.share(pool)), ...args);
    if (!step.answer.ok && step.name === "cancel") throw new Violation(7, `${by} could not take a request back`);
    this.#tally.left();
    return this.#check({ ...step, atEnd: true }, before, ghost, lines);
  }
}

export function describe({ name, by, pool, fn, args, answer }) {
  const outcome = answer === undefined ? "" : answer.ok ? "ok" : `refused ${answer.aborted ?? `u${answer.code}`}`;
  return [name, fn, args, pool && `pool ${pool}`, by && `by ${by.slice(0, 8)}`, outcome].filter(Boolean).join(" ");
}

/** Fewer steps that still break the same invariant. */
export function shrink(sequence, failure, budgetMs) {
  const until = Date.now() + budgetMs;
  let best = failure;
  for (let size = Math.ceil(best.plan.length / 2); size >= 1 && Date.now() < until; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < best.plan.length && Date.now() < until; ) {
      const again = sequence.replay([...best.plan.slice(0, start), ...best.plan.slice(start + size)]);
      if (again?.violation.invariant === best.violation.invariant) best = again;
      else start += size;
    }
  }
  return best;
}

/** What was done and checked. */
export class Tally {
  constructor() {
    this.steps = 0;
    this.sequences = 0;
    this.leavings = 0;
    this.worlds = {};
    this.actions = {};
    this.checks = {};
  }

  begun(kind) {
    this.sequences += 1;
    this.worlds[kind] = (this.worlds[kind] ?? 0) + 1;
  }

  step({ name, atEnd, answer }) {
    if (atEnd) return; // the end of a sequence is counted by itself
    this.steps += 1;
    const row = (this.actions[name] ??= { accepted: 0, refused: 0, codes: {} });
    if (answer === undefined || answer.ok) row.accepted += 1;
    else {
      row.refused += 1;
      row.codes[`u${answer.code}`] = (row.codes[`u${answer.code}`] ?? 0) + 1;
    }
  }

  checked(n) {
    this.checks[n] = (this.checks[n] ?? 0) + 1;
  }

  left() {
    this.leavings += 1;
  }
}
