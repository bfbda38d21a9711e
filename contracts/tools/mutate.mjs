// Breaks our contracts one guard at a time and asks the tests whether they notice.
//
//   node tools/mutate.mjs                     every guard of every contract; writes MUTATION.md
//   node tools/mutate.mjs flow-staking …      these contracts only
//     --kind all | guards,boundaries,…        which kinds of mutants (default: guards)
//     --list                                  say what would be tried and stop
//     --only text                             only mutants whose function or form contains the text
//     --quick                                 only the contracts' own tests, which may leave more survivors
//     --fresh                                 believe no earlier result
//
// Exit 1 when a guard's mutant survives that accepted.json gives no reason for, when a reason there fits no
// mutant any more, or when a test is red before anything is broken.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { acceptance, reasonFor } from "./mutate/accepted.mjs";
import { Memory, hashOf } from "./mutate/memory.mjs";
import { KINDS, mutantsOf } from "./mutate/mutants.mjs";
import { isToldByHow, page, printTable } from "./mutate/page.mjs";
import { runGroups } from "./mutate/run.mjs";
import { CONTRACTS_DIR, makeWorkspace } from "./mutate/workspace.mjs";

// They look at files, at plans or at a chain in another process: a mutant in this one cannot reach them.
const BLIND = /^(devnet|plans|errors|invariants|tools-.*)\.test\.mjs$/;

/** Contracts that do something: those with a function of their own. */
export function contractNames(folder = CONTRACTS_DIR) {
  return readdirSync(join(folder, "src"))
    .filter((file) => file.endsWith(".clar"))
    .map((file) => file.slice(0, -".clar".length))
    .filter((name) => /^\(define-(public|private|read-only)/m.test(readFileSync(join(folder, "src", `${name}.clar`), "utf8")));
}

export function unitTests(folder = CONTRACTS_DIR) {
  return readdirSync(join(folder, "tests")).filter((file) => file.endsWith(".test.mjs") && !BLIND.test(file)).sort();
}

/** The files of a contract's own tests: x.test.mjs, x-guards.test.mjs, …, but not those of x-other, a contract itself. */
export function ownTests(contract, files, contracts) {
  const owner = (file) => contracts.filter((name) => file.startsWith(`${name}.`) || file.startsWith(`${name}-`)).sort((a, b) => b.length - a.length)[0];
  return files.filter((file) => owner(file) === contract);
}

/**
 * Test files in two parts: the contract's own, and those near it, which name it or belong to a contract that calls
 * it. Where there are none of its own, those near it come first.
 */
export function testsFor(contract, files, contracts, folder = CONTRACTS_DIR) {
  const textOf = (path) => readFileSync(join(folder, path), "utf8");
  const calls = new RegExp(`\\.${contract}(?![\\w-])`);
  const callers = contracts.filter((name) => name !== contract && calls.test(textOf(`src/${name}.clar`)));
  const own = ownTests(contract, files, contracts);
  const near = files.filter((file) => {
    if (own.includes(file)) return false;
    return textOf(`tests/${file}`).includes(`"${contract}"`) || callers.some((name) => ownTests(name, [file], contracts).length > 0);
  });
  // What a contract passes on is tried in the tests of those it passes it to, so theirs come first.
  const called = contracts.filter((name) => new RegExp(`\\.${name}(?![\\w-])`).test(textOf(`src/${contract}.clar`)));
  const isOfCalled = (file) => called.some((name) => ownTests(name, [file], contracts).length > 0);
  const ordered = [...near.filter(isOfCalled), ...near.filter((file) => !isOfCalled(file))];
  return own.length > 0 ? { first: own, others: ordered } : { first: ordered, others: [] };
}

function selectMutants(names, kinds, only) {
  return names.flatMap((contract) => {
    const path = `src/${contract}.clar`;
    const real = readFileSync(join(CONTRACTS_DIR, path), "utf8");
    const seen = new Map();
    return mutantsOf(contract, real)
      .filter(({ kind, fn, before }) => kinds.includes(kind) && (!only || fn.includes(only) || before.includes(only)))
      .map((mutant) => {
        const what = [contract, mutant.kind, mutant.how, mutant.fn, mutant.before, mutant.after].join("|");
        const nth = seen.get(what) ?? 0;
        seen.set(what, nth + 1);
        return { ...mutant, path, real, id: hashOf(what, String(nth)) };
      });
  });
}

/**
 * All mutants of a contract in one source is quick; what that lets pass, or cannot hold, is tried one by one. Each
 * first against the contract's own tests, then against those near it.
 */
async function tryAll(mutants, { quick, memory, space, files, names }) {
  const results = new Map();
  const red = new Map();
  const byId = new Map(mutants.map((mutant) => [mutant.id, mutant]));
  const last = new Map();
  const note = (id, result) => {
    last.set(id, result);
    // A survivor with a reason needs no further test.
    if (result.state === "apart" || (result.state === "survived" && !reasonFor(byId.get(id)))) return;
    results.set(id, result);
    memory.keep(byId.get(id), result);
    memory.save();
  };
  for (const mutant of mutants) {
    const known = memory.recall(mutant);
    if (known) results.set(mutant.id, known);
  }
  if (results.size > 0) console.log(`${results.size} results are known already`);

  const tests = new Map(names.map((name) => [name, testsFor(name, files, names)]));
  const left = (state) => mutants.filter(({ id }) => !results.has(id) && (!state || last.get(id)?.state === state));
  const pass = async (those, part, switched) => {
    const groups = names.map((name) => {
      return { name, switched, files: tests.get(name)[part], mutants: those.filter(({ contract }) => contract === name) };
    });
    await runGroups({ ...space, groups: groups.filter((group) => group.files.length > 0), red, note });
  };
  await pass(left(), "first", true);
  if (!quick) await pass(left("survived"), "others", true);
  const apart = left("apart");
  await pass(left(), "first", false);
  if (!quick) await pass(apart.filter(({ id }) => !results.has(id)), "others", false);
  for (const mutant of left()) {
    results.set(mutant.id, last.get(mutant.id) ?? { state: "survived" });
    if (!quick) memory.keep(mutant, results.get(mutant.id));
  }
  return { results, red: [...red.values()] };
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kind: { type: "string", default: "guards" },
      only: { type: "string" },
      list: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      fresh: { type: "boolean", default: false },
    },
  });
  const all = contractNames();
  const unknown = positionals.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`no such contract: ${unknown.join(", ")}`);
  const kinds = values.kind === "all" ? KINDS : values.kind.split(",");
  const wrong = kinds.filter((kind) => !KINDS.includes(kind));
  if (wrong.length > 0) throw new Error(`no such kind: ${wrong.join(", ")}; there are ${KINDS.join(", ")}`);
  const names = positionals.length > 0 ? positionals : all;
  const mutants = selectMutants(names, kinds, values.only);
  if (values.list) {
    for (const { contract, line, fn, kind, how, before, after } of mutants) {
      console.log(`${contract}:${line} ${fn} [${kind}: ${how}] ${before}  =>  ${after}`);
    }
    console.log(`${mutants.length} mutants`);
    return;
  }

  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1)); // ends the drivers too
  const files = unitTests();
  const memory = new Memory({ files, fresh: values.fresh });
  const space = makeWorkspace();
  let outcome;
  try {
    outcome = await tryAll(mutants, { quick: values.quick, memory, space, files, names: all });
  } finally {
    memory.save();
    space.remove();
  }

  const tried = mutants.map((mutant) => {
    const result = outcome.results.get(mutant.id);
    return { ...mutant, ...result, after: mutant.afters[result.index ?? 0] };
  });
  const { rows, unexplained, outdated } = acceptance(tried, { whole: !values.only && names, kinds });
  printTable(rows);
  for (const { contract, line, fn, how, before, after } of unexplained) {
    console.log(`\nsurvived: ${contract}:${line} ${fn}, ${how}\n  ${before}${isToldByHow(how) ? "" : `\n  => ${after}`}`);
  }
  for (const { contract, fn, form } of outdated) console.log(`\nno survivor fits this reason any more: ${contract} ${fn}: ${form}`);
  for (const { file, title, error } of outcome.red) console.log(`\nred before anything was broken: ${file}: ${title}: ${error}`);
  if (positionals.length === 0 && !values.only && !values.quick && values.kind === "guards") {
    writeFileSync(join(CONTRACTS_DIR, "MUTATION.md"), page(rows));
    console.log("\nMUTATION.md is written");
  }
  process.exitCode = unexplained.length + outdated.length + outcome.red.length > 0 ? 1 : 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
