// The whole contract suite: as Clarity 4 with coverage, and beside it as Clarity 5 and then 6; then what the
// coverage was. Fails when any of them fails. A single file under another version: CLARITY=6 npx vitest run tests/x.
//
// Two at a time, because a run is one process with one virtual machine. vitest.config.mjs says which files say
// nothing about a version and run as Clarity 4 only.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { VITEST, check, clear } from "./coverage.mjs";

const CONTRACTS_DIR = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Runs the suite as one version; resolves to its exit code and what it said, which only `shown` shows at once. */
async function run(version, { shown = false, args = [] } = {}) {
  const started = Date.now();
  const child = spawn(VITEST, ["run", "--", ...args], {
    cwd: CONTRACTS_DIR,
    env: { ...process.env, CLARITY: String(version) },
    stdio: ["ignore", shown ? "inherit" : "pipe", shown ? "inherit" : "pipe"],
  });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => said.push(chunk));
  const [code] = await once(child, "close");
  return { version, code, said: Buffer.concat(said).toString(), secs: Math.round((Date.now() - started) / 1000) };
}

async function inTurn(...versions) {
  const results = [];
  for (const version of versions) results.push(await run(version));
  return results;
}

clear();
const results = (await Promise.all([run(4, { shown: true, args: ["--coverage"] }).then((result) => [result]), inTurn(5, 6)])).flat();
for (const { version, code, said } of results) {
  if (code !== 0 && said) console.log(`\n--- as Clarity ${version} ---\n${said}`);
}
const enough = check();
console.log("");
for (const { version, code, secs } of results) console.log(`Clarity ${version}: ${code === 0 ? "passed" : "FAILED"} in ${secs} s`);
process.exitCode = enough && results.every(({ code }) => code === 0) ? 0 : 1;
