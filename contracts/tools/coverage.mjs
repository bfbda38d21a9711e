// How much of our contracts the tests execute, by line and by branch; fails below 98 %.
//
//   node tools/coverage.mjs            runs the suite (every argument goes to vitest), then counts
//   node tools/coverage.mjs --counted  counts what the last run with coverage left in coverage/
//
// What the virtual machine counts, as measured with it:
// - a line: one on which an expression inside a function begins. Constants, maps, comments and a closing
//   parenthesis are none; a `let`'s bindings are.
// - a branch: the two arms of `if` and `match`; for `asserts!` its condition and what it throws; each operand of
//   `and` and `or`. A guard whose condition is reached has that branch, whether it then holds or not: that it held
//   is seen by the lines behind it. `unwrap!`, `try!` and `default-to` have no branches: that they throw is held by
//   the tests of the errors by name, and by mutation.
// Every source in src/ counts; one that no session ever deployed counts with 0 %. Instances of one source
// (pool-share-1, pool-share-2) count as that source. Not counted: what runs in another process (the local chain)
// or on a machine of its own (the random sequences).

import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { Records, percent, ranges, recordsOf, sum } from "./lcov.mjs";

const CONTRACTS_DIR = resolve(dirname(fileURLToPath(import.meta.url)), "..");
export const VITEST = join(CONTRACTS_DIR, "node_modules/.bin/vitest");
const PARTS_DIR = join(CONTRACTS_DIR, "coverage");
const LEAST = 98;
const FUNCTION = /^\(define-(public|private|read-only)/m;

export const clear = () => rmSync(PARTS_DIR, { recursive: true, force: true });

function recorded() {
  const records = new Records();
  for (const file of readdirSync(PARTS_DIR)) records.add(recordsOf(readFileSync(join(PARTS_DIR, file), "utf8")));
  return records;
}

/** One tally for each source with a function in it. */
function tallies(records) {
  return readdirSync(join(CONTRACTS_DIR, "src"))
    .filter((file) => file.endsWith(".clar"))
    .map((file) => ({ path: `src/${file}`, source: readFileSync(join(CONTRACTS_DIR, "src", file), "utf8") }))
    .filter(({ source }) => FUNCTION.test(source))
    .map(({ path, source }) => records.tally(path) ?? untouched(path, source));
}

// Without a record nobody knows which lines begin an expression: all but blanks, comments and definitions of state.
function untouched(path, source) {
  const lines = source.split("\n").flatMap((line, n) => (/^\s*(;;.*)?$|^\(define-(constant|map|data-var)/.test(line) ? [] : [n + 1]));
  return { path, lines: { found: lines.length, hit: 0, missed: lines }, branches: { found: 0, hit: 0, missed: [] }, unknown: true };
}

/** Prints the table; whether both totals are high enough and every contract has a record. */
export function check() {
  const all = tallies(recorded());
  const width = Math.max(...all.map(({ path }) => path.length));
  const row = (name, lines, branches, missed = "") =>
    console.log(`${name.padEnd(width)}  ${lines.padStart(7)}  ${branches.padStart(8)}  ${missed}`.trimEnd());
  const shown = (tally) => percent(tally).toFixed(2);
  row("contract", "lines %", "branch %", "not reached: lines; branches");
  for (const { path, lines, branches, unknown } of all) {
    const elsewhere = branches.missed.filter((line) => !lines.missed.includes(line));
    const missed = unknown ? "never deployed" : [ranges(lines.missed), ranges(elsewhere)].filter(Boolean).join("; ");
    row(path, shown(lines), unknown ? "-" : shown(branches), missed && lines.missed.length === 0 ? `; ${missed}` : missed);
  }
  const total = { lines: sum(all.map(({ lines }) => lines)), branches: sum(all.map(({ branches }) => branches)) };
  row("all", shown(total.lines), shown(total.branches), `${total.lines.hit}/${total.lines.found} lines, ${total.branches.hit}/${total.branches.found} branches`);
  const never = all.filter(({ unknown }) => unknown).map(({ path }) => path);
  if (never.length > 0) console.log(`\nnever deployed by a test: ${never.join(", ")}`);
  const enough = percent(total.lines) >= LEAST && percent(total.branches) >= LEAST;
  if (!enough) console.log(`\nless than ${LEAST} % of lines or of branches`);
  return enough && never.length === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  let status = 0;
  if (!args.includes("--counted")) {
    clear();
    status = spawnSync(VITEST, ["run", ...args, "--", "--coverage"], { cwd: CONTRACTS_DIR, stdio: "inherit" }).status ?? 1;
  }
  process.exitCode = check() && status === 0 ? 0 : 1;
}
