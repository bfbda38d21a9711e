// Runs inside vitest, for `expect` and the loading of the test files; everything else is ours: which tests run
// against which mutant, in what order, and from which saved moment of the chain.
//
// Reads a job (file named by MUTATE_JOB), appends one line of JSON per step to the job's `out`.

import { appendFileSync, readFileSync } from "node:fs";
import { it } from "vitest";

import { collect } from "./collector.mjs";
import { Machine } from "./machine.mjs";
import { ACCOUNT, ALL_OFF, REST_ACCOUNT, SUPPLY, withSwitches } from "./switches.mjs";

const job = JSON.parse(readFileSync(process.env.MUTATE_JOB, "utf8"));
let lastWord = 0;
const say = (line) => {
  lastWord = performance.now();
  appendFileSync(job.out, `${JSON.stringify(line)}\n`);
};
const PRISTINE = "pristine";
const OPENED = "opened";
const MOMENTS_KEPT = 4;
// So many tests run in the order of their promise; the rest run by where they start from, which is quicker.
const FAVOURITES = 12;
const ALIVE_MS = 10_000;
// So many contracts are deployed beside each other, to see whether they are any, before the chain is put back.
const ASKED_BETWEEN = 50;
const TEST_MS = 120_000;
// After so many a new machine takes over, whatever the old one has piled up.
const MUTANTS_EACH = 100;

let machine;
let group; // what is being tried: { name, switched, files, mutants }
let on = ALL_OFF; // number of the mutant that is switched on, where they are switched
let opened = false; // whether OPENED is kept: the manifest's session, with the mutant in it
let moments = new Map(); // suite -> name of the moment after its preparations
// Suites that open a session of their own first thing: for them the manifest's need not be opened.
const ownWorld = new Set();

/** The suites around a test, outermost first. */
function around(suite) {
  const suites = [];
  for (let each = suite; each; each = each.parent) suites.unshift(each);
  return suites;
}

/** Tests with the same key start from the same moment: the innermost suite that prepares anything. */
const keyOf = (test) => around(test.suite).findLast((suite) => suite.beforeEach.length > 0) ?? around(test.suite)[0];
const isSerial = (test) => around(test.suite).some((suite) => suite.beforeAll.length + suite.afterAll.length > 0);

async function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took more than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function prepare(test) {
  const key = keyOf(test);
  if (moments.has(key)) {
    const slot = moments.get(key);
    machine.restore(slot);
    moments.delete(key); // and back in as the youngest
    moments.set(key, slot);
    return;
  }
  if (ownWorld.has(key)) {
    machine.restore(PRISTINE);
  } else if (opened) {
    machine.restore(OPENED);
  } else {
    machine.restore(PRISTINE);
    await machine.openSession();
    machine.keep(OPENED);
    opened = true;
  }
  machine.begin();
  for (const suite of around(test.suite)) for (const hook of suite.beforeEach) await hook();
  if (!machine.needsOwnSession) ownWorld.add(key);
  const [oldest] = moments;
  const slot = moments.size < MOMENTS_KEPT ? `slot ${moments.size}` : oldest[1];
  if (moments.size === MOMENTS_KEPT) moments.delete(oldest[0]);
  moments.set(key, slot);
  machine.keep(slot);
}

/** Forgets what was prepared with the contract as it was. */
function forget() {
  moments = new Map();
  opened = false;
}

function turnOn() {
  machine.simnet.mintSTX(ACCOUNT, BigInt(on));
  machine.simnet.mintSTX(REST_ACCOUNT, BigInt(SUPPLY - on));
}

/** Null when the test passes, else the error. */
async function failureOf(test) {
  try {
    await within(TEST_MS, (async () => {
      machine.opened = () => {};
      await prepare(test);
      // Also in a session that the test itself opens.
      if (group.switched) machine.opened = turnOn;
      if (group.switched) turnOn();
      await test.run({});
      for (const suite of around(test.suite).reverse()) for (const hook of suite.afterEach) await hook();
    })());
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The tests of a file that prepares once for all of them, in their order. */
async function firstFailureOf(tests) {
  const begun = [];
  try {
    machine.restore(PRISTINE);
    await machine.openSession();
    if (group.switched) turnOn();
    machine.opened = group.switched ? turnOn : () => {};
    for (const test of tests) {
      for (const suite of around(test.suite)) {
        if (begun.includes(suite)) continue;
        begun.push(suite);
        for (const hook of suite.beforeAll) await hook();
      }
      for (const suite of around(test.suite)) for (const hook of suite.beforeEach) await hook();
      await within(TEST_MS, test.run({}));
      for (const suite of around(test.suite).reverse()) for (const hook of suite.afterEach) await hook();
    }
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    for (const suite of begun.reverse()) for (const hook of suite.afterAll) await Promise.resolve(hook()).catch(() => {});
  }
}

const loaded = new Map();

/** What can be run of the group's files: single tests, or a file as a whole. */
async function loadUnits() {
  const units = [];
  for (const file of group.files) {
    if (!loaded.has(file)) loaded.set(file, await collect(() => import(/* @vite-ignore */ `${job.root}/tests/${file}`)));
    const tests = loaded.get(file);
    if (tests.some(isSerial)) {
      units.push({ file, title: "(all of the file)", text: tests.map(({ text }) => text).join("\n"), run: () => firstFailureOf(tests) });
    } else {
      for (const test of tests) units.push({ file, title: test.title, text: test.text, run: () => failureOf(test), test });
    }
  }
  return units;
}

/** Whether a test passes on the contracts as they are; one that does not can notice nothing. Asks all its neighbours, too. */
async function isSound(unit, units, mutant) {
  if (unit.sound === undefined) {
    const was = on;
    on = ALL_OFF;
    if (!group.switched) forget();
    if (!group.switched) machine.swap({ ...mutant, mutated: mutant.real });
    for (const neighbour of units.filter((each) => startOf(each) === startOf(unit))) {
      const failure = await neighbour.run();
      if (failure?.name === "RuntimeError") throw failure;
      neighbour.sound = failure === null;
      if (performance.now() - lastWord > ALIVE_MS) say({ type: "alive" });
      if (failure) say({ type: "red", file: neighbour.file, title: neighbour.title, error: String(failure.message).slice(0, 300) });
    }
    on = was;
    if (!group.switched) forget();
    if (!group.switched) machine.swap({ ...mutant, mutated: mutant.source });
  }
  return unit.sound;
}

const kills = new Map();

function inOrder(units, mutant) {
  const names = mutant.errors.map((name) => new RegExp(`\\b${name}\\b`));
  const points = (unit) => {
    const own = unit.file.startsWith(`${mutant.contract}.`) || unit.file.startsWith(`${mutant.contract}-`) ? 100 : 0;
    const named = names.some((name) => name.test(unit.text)) ? 80 : 0;
    const called = unit.text.includes(mutant.fn) ? 20 : 0;
    const did = kills.get(unit) ?? {};
    const same = Math.min(did[`${mutant.contract} ${mutant.fn}`] ?? 0, 5) * 15;
    const any = Math.min(did[mutant.contract] ?? 0, 20);
    const talks = unit.text.includes(mutant.contract) ? 10 : 0;
    return own + named + called + same + any + talks - (unit.ms ?? 0) / 50;
  };
  const sorted = units.map((unit) => [points(unit), unit]).sort(([a], [b]) => b - a).map(([, unit]) => unit);
  const groups = groupBy(sorted.slice(FAVOURITES), startOf);
  return [...sorted.slice(0, FAVOURITES), ...[...groups.values()].flat()];
}

const startOf = (unit) => (unit.test ? keyOf(unit.test) : unit);

function groupBy(units, keyOfUnit) {
  const groups = new Map();
  for (const unit of units) groups.set(keyOfUnit(unit), [...(groups.get(keyOfUnit(unit)) ?? []), unit]);
  return groups;
}

async function tryMutant(units, mutant) {
  for (const unit of inOrder(units, mutant)) {
    if (unit.sound === false) continue;
    const start = performance.now();
    const failure = await unit.run();
    unit.ms = performance.now() - start;
    if (performance.now() - lastWord > ALIVE_MS) say({ type: "alive" });
    if (failure?.name === "RuntimeError") return { broke: true };
    if (failure === null || !(await isSound(unit, units, mutant))) continue;
    const did = kills.get(unit) ?? kills.set(unit, {}).get(unit);
    for (const key of [`${mutant.contract} ${mutant.fn}`, mutant.contract]) did[key] = (did[key] ?? 0) + 1;
    const [error] = String(failure.message).split("\n");
    return { state: "killed", file: unit.file, title: unit.title, error: error.slice(0, 200) };
  }
  return { state: "survived" };
}

let asked = 0;

/** Index of the first source that compiles, or -1. */
function firstViable(sources) {
  for (const [index, source] of sources.entries()) {
    if (asked % ASKED_BETWEEN === 0) machine.restore(PRISTINE);
    asked += 1;
    if (performance.now() - lastWord > ALIVE_MS) say({ type: "alive" });
    reason = machine.refuses(`mutant-${asked}`, source);
    if (reason === null) return index;
  }
  return -1;
}
let reason;

/** The mutants that are contracts, each with its own source. */
function apart() {
  return group.mutants.flatMap((mutant) => {
    const index = firstViable(mutant.sources);
    if (index === -1) say({ type: "end", id: mutant.id, state: "not viable", error: reason.slice(0, 300) });
    return index === -1 ? [] : [{ ...mutant, index, source: mutant.sources[index] }];
  });
}

/** The mutants that can be switched, all in one source. */
function together() {
  const { real } = group.mutants[0];
  const wraps = [];
  const switched = group.mutants.flatMap((mutant, n) => {
    const number = n + 1;
    const index = firstViable(mutant.wraps.map((wrap) => withSwitches(real, [{ ...wrap, number }])));
    if (index === -1) say({ type: "end", id: mutant.id, state: "apart" });
    else wraps.push({ ...mutant.wraps[index], number });
    return index === -1 ? [] : [{ ...mutant, index, number }];
  });
  const source = withSwitches(real, wraps);
  if (firstViable([source]) === 0) return switched.map((mutant) => ({ ...mutant, source }));
  say({ type: "trouble", name: group.name, error: reason });
  for (const { id } of switched) say({ type: "end", id, state: "apart" });
  return [];
}

/** Whether the machine can go on after that. */
async function tryGroup() {
  forget();
  machine.restore(PRISTINE);
  asked = 0;
  const mutants = group.switched ? together() : apart();
  machine.restore(PRISTINE);
  if (mutants.length === 0) return true;
  const units = await loadUnits();
  say({ type: "ready", name: group.name, mutants: mutants.length, switched: group.switched, tests: units.length });

  for (const [tried, mutant] of mutants.entries()) {
    say({ type: "begin", id: mutant.id });
    const start = performance.now();
    if (group.switched) {
      on = mutant.number;
      if (tried === 0) machine.swap({ ...mutant, mutated: mutant.source });
    } else {
      forget();
      machine.restore(PRISTINE);
      machine.swap({ ...mutant, mutated: mutant.source });
    }
    const result = await tryMutant(units, mutant);
    if (result.broke) {
      say({ type: "broke", id: mutant.id });
      return false;
    }
    say({ type: "end", id: mutant.id, index: mutant.index, ...result, ms: Math.round(performance.now() - start) });
    if (!group.switched && tried >= MUTANTS_EACH) return false;
  }
  return true;
}

it("tries the mutants", async () => {
  machine = await Machine.open({ manifest: `${job.root}/Clarinet.toml`, mutantFolder: job.mutantFolder });
  globalThis.simnet = machine.simnet;
  globalThis.options = { clarinet: { manifestPath: `${job.root}/Clarinet.toml` } };
  await machine.openSession();
  machine.keep(PRISTINE);
  for (const each of job.groups) {
    group = each;
    if (!(await tryGroup())) return;
  }
}, 0);
