// Places the test doubles where Clarinet looks for requirements before it asks a network.
//
// A requirement is read from <cache_dir>/requirements/<principal>.<name>.clar with its epoch in a
// .json beside it. With all of them in place the project opens without a connection, and the
// adapters run here byte for byte as they are deployed.

import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
export const CONTRACTS_DIR = resolve(HERE, "..");
export const MANIFEST_PATH = join(CONTRACTS_DIR, "Clarinet.toml");
// The oldest version the venues themselves were written for, unless a double says that it needs a younger one.
const DEPLOYED_AS = JSON.stringify({ epoch: "Epoch21", clarity_version: "Clarity2" });
const DEPLOYED_YOUNGER = JSON.stringify({ epoch: "Epoch33", clarity_version: "Clarity4" });
export const NEEDS_YOUNGER = /^;;.* Deployed as Clarity 4\.$/m;

/** Contract ids the manifest requires, in its order. */
export function requiredIds(manifest) {
  return [...manifest.matchAll(/^contract_id\s*=\s*"([^"]+)"/gm)].map((match) => match[1]);
}

/** Fills the cache; fails when a required double is missing or a double is not required. */
export function prepare({ contractsDir = CONTRACTS_DIR, cacheDir = join(contractsDir, ".cache") } = {}) {
  const doublesDir = join(contractsDir, "doubles");
  const required = requiredIds(readFileSync(join(contractsDir, "Clarinet.toml"), "utf8"));
  const kept = readdirSync(doublesDir)
    .filter((file) => file.endsWith(".clar"))
    .map((file) => file.slice(0, -".clar".length));
  const missing = required.filter((id) => !kept.includes(id));
  const stray = kept.filter((id) => !required.includes(id));
  if (missing.length > 0) throw new Error(`no double for required contracts: ${missing.join(", ")}`);
  if (stray.length > 0) throw new Error(`doubles the manifest does not require: ${stray.join(", ")}`);

  const target = join(cacheDir, "requirements");
  mkdirSync(target, { recursive: true });
  const wanted = new Map();
  for (const id of required) {
    const source = readFileSync(join(doublesDir, `${id}.clar`), "utf8");
    wanted.set(`${id}.clar`, source);
    wanted.set(`${id}.json`, NEEDS_YOUNGER.test(source) ? DEPLOYED_YOUNGER : DEPLOYED_AS);
  }
  const old = readdirSync(target).filter((file) => /\.(clar|json)$/.test(file) && !wanted.has(file));
  for (const file of old) rmSync(join(target, file), { force: true });
  for (const [file, text] of wanted) place(join(target, file), text);
  return required;
}

// Another chain may be opening from the same cache: what is right stays, what is not is swapped in one step.
function place(path, text) {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

/** vitest globalSetup */
export function setup() {
  prepare();
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(`${prepare().length} doubles in place`);
}
