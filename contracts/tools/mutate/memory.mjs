// Remembers results between runs. A kill stands while the contract, the test file that noticed and what that imports
// are the same; that nobody noticed stands while all contracts and all tests are the same.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { CONTRACTS_DIR } from "./workspace.mjs";

const FILE = join(CONTRACTS_DIR, ".cache", "mutants.json");

export const hashOf = (...texts) => {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:${text}`);
  return hash.digest("hex").slice(0, 24);
};

function filesUnder(folder) {
  return readdirSync(folder).sort().flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesUnder(path) : [path];
  });
}

const contents = (paths) => hashOf(...paths.flatMap((path) => [path.slice(CONTRACTS_DIR.length), readFileSync(path, "utf8")]));

/** A file of the tests and what it imports from beside it, and so on. */
function withImports(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, name] of readFileSync(path, "utf8").matchAll(/ from "(\.[^"]+)"/g)) withImports(join(dirname(path), name), found);
  return found;
}

export class Memory {
  #known;
  #tests;
  #everything;

  constructor({ files, fresh }) {
    this.#known = fresh ? {} : load();
    this.#tests = new Map(files.map((file) => [file, contents([...withImports(join(CONTRACTS_DIR, "tests", file))])]));
    this.#everything = contents(["src", "doubles", "tests"].flatMap((folder) => filesUnder(join(CONTRACTS_DIR, folder))));
  }

  #groundOf(mutant, { state, file }) {
    if (state === "killed") return hashOf(mutant.real, this.#tests.get(file) ?? "");
    if (state === "not viable") return hashOf(mutant.real);
    return hashOf(mutant.real, this.#everything);
  }

  recall(mutant) {
    const known = this.#known[this.#keyOf(mutant)];
    return known && known.ground === this.#groundOf(mutant, known) ? known : undefined;
  }

  keep(mutant, result) {
    this.#known[this.#keyOf(mutant)] = { ...result, ground: this.#groundOf(mutant, result) };
  }

  #keyOf(mutant) {
    return `${mutant.contract} ${mutant.id}`;
  }

  save() {
    mkdirSync(join(CONTRACTS_DIR, ".cache"), { recursive: true });
    writeFileSync(`${FILE}.${process.pid}`, JSON.stringify(this.#known, null, 1));
    renameSync(`${FILE}.${process.pid}`, FILE);
  }
}

function load() {
  try {
    return JSON.parse(readFileSync(FILE, "utf8"));
  } catch {
    return {};
  }
}
