// Starts drivers for a list of mutants and listens to what they say; starts another when one wears out or hangs.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SILENCE_MS = 240_000;
const POLL_MS = 500;
const FAILURES_ALLOWED = 3;

/**
 * Tries the mutants of groups { name, switched, files, mutants } one after the other. Map of mutant id to
 * { state: "killed" | "survived" | "not viable" | "timeout" | "apart", … }; "apart" is one that cannot be switched.
 * Fills `red` with tests that fail anyway; tells `note` of every result as it comes.
 */
export async function runGroups({ root, mutantFolder, groups, red, note = () => {} }) {
  const results = new Map();
  const breakdowns = new Set();
  let failures = 0;
  const keep = (id, result) => {
    results.set(id, result);
    note(id, result);
  };
  for (;;) {
    const left = groups.map((group) => ({ ...group, mutants: group.mutants.filter(({ id }) => !results.has(id)) })).filter(({ mutants }) => mutants.length > 0);
    if (left.length === 0) return results;
    const before = results.size;
    const { begun, hung, broke, output } = await drive({ root, mutantFolder, groups: left, red, note: keep });
    if (hung && begun && !results.has(begun)) keep(begun, { state: "timeout" });
    // The virtual machine may break down for what came before; twice on the same mutant is the mutant's doing.
    if (broke && breakdowns.has(broke)) keep(broke, { state: "killed", file: "", title: "", error: "the virtual machine breaks down" });
    if (broke) breakdowns.add(broke);
    if (results.size === before && !broke) failures += 1;
    if (failures === FAILURES_ALLOWED) throw new Error(`the driver gets nowhere:\n${output.slice(-4_000)}`);
  }
}

/** What a driver has to know of a mutant. */
const slim = ({ id, contract, fn, errors, path, real, sources, wraps = [] }, switched) => ({
  id, contract, fn, errors, path, real, ...(switched ? { wraps } : { sources }),
});

async function drive({ root, mutantFolder, groups, red, note }) {
  const folder = mkdtempSync(join(tmpdir(), "whale-mutants-job-"));
  const out = join(folder, "out.jsonl");
  const job = join(folder, "job.json");
  const slimmed = groups.map((group) => ({ ...group, mutants: group.mutants.map((mutant) => slim(mutant, group.switched)) }));
  writeFileSync(out, "");
  writeFileSync(job, JSON.stringify({ root, mutantFolder, out, groups: slimmed }));
  const vitest = [join(root, "node_modules", "vitest", "vitest.mjs"), "run", "--config", join(root, "tools", "mutate", "vitest.config.mjs")];
  const child = spawn(process.execPath, vitest, { cwd: root, env: { ...process.env, MUTATE_JOB: job }, detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
  const gone = new Promise((resolve) => child.on("close", resolve));
  const stop = () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGKILL");
  };
  process.prependListener("exit", stop);

  let read = 0;
  let begun;
  let broke;
  let heard = Date.now();
  const listen = () => {
    if (!existsSync(out)) return;
    const lines = readFileSync(out, "utf8").split("\n");
    for (const line of lines.slice(read, -1)) {
      read += 1;
      heard = Date.now();
      const { type, id, ...rest } = JSON.parse(line);
      if (type === "red") red.set(`${rest.file} ${rest.title}`, rest);
      if (type === "ready") console.log(`${rest.name}: ${rest.mutants} mutants ${rest.switched ? "in one source" : "one by one"} against ${rest.tests} tests`);
      if (type === "trouble") console.log(`${rest.name}: its mutants do not fit into one source: ${rest.error.slice(0, 300)}`);
      if (type === "begin") begun = id;
      if (type === "broke") broke = id;
      if (type === "end") note(id, rest);
    }
  };
  let running = true;
  let hung = false;
  void gone.then(() => (running = false));
  while (running) {
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, POLL_MS))]);
    listen();
    if (running && Date.now() - heard > SILENCE_MS) {
      hung = true;
      stop();
    }
  }
  listen();
  process.off("exit", stop);
  rmSync(folder, { recursive: true, force: true });
  return { begun, hung, broke, output };
}
