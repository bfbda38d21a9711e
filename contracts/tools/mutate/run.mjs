// Starts drivers for a list of mutants and listens to what they say; starts another when one wears out or hangs.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SILENCE_MS = 240_000;
const POLL_MS = 500;
const FAILURES_ALLOWED = 3;

/** Map of mutant id to { state: "killed" | "survived" | "not viable" | "timeout", … }. Fills `red` with tests that fail anyway. */
export async function runJob({ root, mutantFolder, name, mutants, files, red }) {
  const results = new Map();
  let failures = 0;
  while (results.size < mutants.length) {
    const left = mutants.filter(({ id }) => !results.has(id));
    const { begun, hung, output } = await drive({ root, mutantFolder, files, mutants: left, red, name, note: (id, result) => results.set(id, result) });
    if (hung && begun && !results.has(begun)) results.set(begun, { state: "timeout" });
    const progressed = left.some(({ id }) => results.has(id));
    if (!progressed) failures += 1;
    if (failures === FAILURES_ALLOWED) throw new Error(`the driver for ${name} gets nowhere:\n${output.slice(-4_000)}`);
  }
  return results;
}

async function drive({ root, mutantFolder, files, mutants, red, name, note }) {
  const folder = mkdtempSync(join(tmpdir(), "whale-mutants-job-"));
  const out = join(folder, "out.jsonl");
  const job = join(folder, "job.json");
  const slim = mutants.map(({ id, contract, fn, errors, path, real, sources }) => ({ id, contract, fn, errors, path, real, sources }));
  writeFileSync(out, "");
  writeFileSync(job, JSON.stringify({ root, mutantFolder, files, out, mutants: slim }));
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
  let done = 0;
  let heard = Date.now();
  const listen = () => {
    if (!existsSync(out)) return;
    const lines = readFileSync(out, "utf8").split("\n");
    for (const line of lines.slice(read, -1)) {
      read += 1;
      heard = Date.now();
      const { type, id, ...rest } = JSON.parse(line);
      if (type === "red") red.set(`${rest.file} ${rest.title}`, rest);
      if (type === "ready") console.log(`${name}: ${mutants.length} mutants against ${rest.tests} tests of ${files.length} files`);
      if (type === "begin") begun = id;
      if (type === "end") {
        note(id, rest);
        done += 1;
        if (done % 20 === 0) console.log(`${name}: ${done} of ${mutants.length}`);
      }
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
  return { begun, hung, output };
}
