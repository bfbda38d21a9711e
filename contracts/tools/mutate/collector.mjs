// Stands in for vitest's describe, it and hooks while mutants are tried: it only collects, so that the driver can
// run any test of any file, in any order, as often as there are mutants. `expect` is vitest's own.

import { format } from "node:util";
import { expect } from "vitest-itself";

export { expect };

const newSuite = (name, parent) => ({ name, parent, beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] });
let suite = newSuite("");
let tests = [];

/** Runs `load`, which imports a test file, and returns what the file declares. */
export async function collect(load) {
  suite = newSuite("");
  tests = [];
  await load();
  return tests;
}

const label = (name, args, index) => format(String(name).replaceAll("%#", index).replaceAll("%$", index + 1), ...args);
const spread = (row) => (Array.isArray(row) ? row : [row]);

export function describe(name, ...rest) {
  const outer = suite;
  suite = newSuite(String(name), outer);
  rest.find((each) => typeof each === "function")();
  suite = outer;
}

export function it(name, ...rest) {
  const run = rest.find((each) => typeof each === "function");
  const names = [String(name)];
  for (let each = suite; each; each = each.parent) if (each.name) names.unshift(each.name);
  tests.push({ title: names.join(" > "), text: `${names.join(" ")} ${run}`, suite, run });
}

describe.each = (rows) => (name, run) =>
  rows.forEach((row, index) => describe(label(name, spread(row), index), () => run(...spread(row))));

it.each = (rows) => (name, run) =>
  rows.forEach((row, index) => {
    it(label(name, spread(row), index), () => run(...spread(row)));
    tests.at(-1).text += ` ${run} ${format(...spread(row))}`;
  });

for (const each of [describe, it]) {
  each.skip = () => {};
  each.todo = () => {};
  each.skipIf = (no) => (no ? each.skip : each);
  each.runIf = (yes) => (yes ? each : each.skip);
}

export const test = it;
export const beforeAll = (hook) => suite.beforeAll.push(hook);
export const afterAll = (hook) => suite.afterAll.push(hook);
export const beforeEach = (hook) => suite.beforeEach.push(hook);
export const afterEach = (hook) => suite.afterEach.push(hook);
