// What every public function costs, as shares of a block; writes COSTS.md.
//
//   node tools/costs.mjs            measures everything; exit 1 when a goal is missed or a function has no cost
//   node tools/costs.mjs text …     only functions whose contract or name contains a text; writes nothing
//
// The virtual machine's own accounting, on chains of one pool with 1, 5 and 10 assets. Everything of ours is real;
// see costs/world.mjs for what trades with it, costs/cases.mjs for the calls, costs/chain.mjs for how functions are
// measured that answer only one of our contracts.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { CASES, REAL_CASES } from "./costs/cases.mjs";
import { Machine, costThrough, withDoors } from "./costs/chain.mjs";
import { goalsOf, pageOf, rowText } from "./costs/page.mjs";
import { World } from "./costs/world.mjs";
import { clarityOf } from "./simnet/clarity.mjs";
import { CONTRACTS_DIR } from "./simnet/project.mjs";

const SIZES = [1, 5, 10];
const only = process.argv.slice(2);
const wanted = ({ contract, fn }) => only.length === 0 || only.some((words) => `${contract} ${fn}`.includes(words));

/** Whether a case has anything to say in a world of that size; what the pool has no part in is measured in the largest. */
const fits = (one, size) => size >= (one.least ?? 1) && (!one.once || size === SIZES.at(-1));

/** Measures cases in one world, each from the same moment. */
function measure(world, cases, kind) {
  const found = [];
  for (const one of cases) {
    const { contract, fn, note, instance, through } = one;
    const row = { contract, fn, note, size: one.once ? null : world.size, kind };
    try {
      world.restart();
      one.prepare?.(world);
      const args = one.args(world);
      const by = typeof one.by === "function" ? one.by(world) : one.by;
      const measured = through
        ? costThrough(world.chain, by, through, instance ?? contract, fn, args)
        : world.chain.cost(by, instance ?? contract, fn, ...args);
      found.push({ ...row, ...measured });
    } catch (error) {
      found.push({ ...row, failed: String(error?.message ?? error) });
    }
    console.error(rowText(found.at(-1)));
  }
  return found;
}

async function main() {
  const machine = await Machine.open();
  const rows = [];
  try {
    const faces = (contract) => machine.interface(contract);
    const doors = [...new Map([...CASES, ...REAL_CASES].filter(({ through }) => through)
      .map(({ through, contract, instance, fn }) => [`${instance ?? contract} ${fn}`, [through, instance ?? contract, fn]])).values()];
    const open = withDoors(doors, faces);
    const worlds = [...SIZES.map((size) => [size, "mock", CASES]), [SIZES.at(-1), "real", REAL_CASES]];
    for (const [size, kind, all] of worlds) {
      const cases = all.filter((one) => wanted(one) && fits(one, size));
      for (const sources of [undefined, open]) {
        const some = cases.filter(({ through }) => (through !== undefined) === (sources !== undefined));
        if (some.length > 0) rows.push(...measure(new World(await machine.chain(sources), size, kind).build(), some, kind));
      }
    }
  } finally {
    machine.close();
  }

  const failed = rows.filter(({ failed: why }) => why);
  const missing = only.length > 0 ? [] : publicFunctions().filter(([contract, fn]) => !rows.some((row) => row.contract === contract && row.fn === fn));
  const goals = only.length > 0 ? [] : goalsOf(rows);
  for (const row of failed) console.log(`failed: ${rowText(row)}`);
  for (const [contract, fn] of missing) console.log(`no case for ${contract} ${fn}`);
  for (const { text, met } of goals) console.log(`${met ? "met" : "MISSED"}: ${text}`);
  if (only.length === 0) {
    writeFileSync(join(CONTRACTS_DIR, "COSTS.md"), pageOf(rows.filter(({ failed: why }) => !why), goals, clarityOf()));
    console.log("COSTS.md is written");
  }
  return failed.length + missing.length === 0 && goals.every(({ met }) => met);
}

/** [contract, function] of all sources. */
function publicFunctions() {
  return readdirSync(join(CONTRACTS_DIR, "src"))
    .filter((file) => file.endsWith(".clar"))
    .flatMap((file) => {
      const source = readFileSync(join(CONTRACTS_DIR, "src", file), "utf8");
      return [...source.matchAll(/^\(define-public \(([^\s)]+)/gm)].map(([, fn]) => [file.slice(0, -".clar".length), fn]);
    });
}

process.exit((await main()) ? 0 : 1);
