// Random sequences against the contracts, each step checked against the twelve invariants.
//
//   node tools/fuzz.mjs [--seed S] [--steps N] [--workers W] [--length L] [--minutes M] [--world KIND] [--report FUZZ.md] [--json]
//   node tools/fuzz.mjs --seed S --steps N --replay     one sequence, told step by step
//   node tools/fuzz.mjs --mutants [--steps N] [--json]  the same against contracts that are broken on purpose
//
// With --minutes no sequence is begun after that time, and the report says how many steps there were.
// With --world only the sequences that play in it are run: dictated (prices), voted (mandates), real (oracle).
// A sequence has L steps and a seed of its own, which follows from S and its number: the same S gives the same
// sequences, however many workers share them. A violation is reported with the seed to replay it and its shortest form.

import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { mix } from "../tests/invariants/random.mjs";

const SRC = new URL("../src/", import.meta.url);
const REPORT_EVERY_MS = 30_000;
const SHRINK_MS = 60_000;
const MAX_FAILURES = 5;
// The virtual machine never gives memory back, and has four gigabytes: a process ends after so many sequences and
// another goes on.
const SEQUENCES_OF_A_PROCESS = 150;

const { values: options } = parseArgs({
  options: {
    seed: { type: "string", default: "20261121" },
    steps: { type: "string", default: "1000000" },
    workers: { type: "string", default: "2" },
    length: { type: "string", default: "500" },
    minutes: { type: "string" },
    world: { type: "string" },
    report: { type: "string" },
    json: { type: "boolean", default: false },
    replay: { type: "boolean", default: false },
    mutants: { type: "boolean", default: false },
    worker: { type: "string" },
    first: { type: "string" },
  },
});
const seed = Number(options.seed);
const steps = Number(options.steps);
const workers = Number(options.workers);
const length = Number(options.length);

// --- one worker ---

async function openPlayground() {
  const [{ Playground, kindFor }, { Sequence, Tally, shrink }] = await Promise.all([
    import("../tests/invariants/world.mjs"),
    import("../tests/invariants/sequence.mjs"),
  ]);
  return { playground: await Playground.open(), kindFor, Sequence, Tally, shrink };
}

async function work() {
  const { playground, kindFor, Sequence, Tally, shrink } = await openPlayground();
  const tally = new Tally();
  const failures = [];
  const count = Math.ceil(steps / length);
  const end = options.minutes ? Date.now() + Number(options.minutes) * 60_000 : Infinity;
  let told = Date.now();
  let n = Number(options.first);
  const last = Math.min(count, n + SEQUENCES_OF_A_PROCESS * workers);
  for (; n < last && failures.length < MAX_FAILURES && Date.now() < end; n += workers) {
    const own = mix(seed, n);
    if (options.world && kindFor(own) !== options.world) continue;
    const world = playground.worldFor(own);
    const failure = new Sequence(world, tally).run(own, Math.min(length, steps - n * length));
    if (failure) failures.push(describeFailure(shrink(new Sequence(world, new Tally()), failure, SHRINK_MS), own));
    if (Date.now() - told > REPORT_EVERY_MS) {
      told = Date.now();
      process.send({ tally, failures, done: false });
    }
  }
  const next = n < count && failures.length < MAX_FAILURES && Date.now() < end ? n : null;
  process.send({ tally, failures, done: true, next }, () => process.exit());
}

function describeFailure({ violation, lines }, own) {
  return { invariant: violation.invariant, message: violation.message, seed: own, steps: lines };
}

async function replay() {
  const { playground, Sequence, Tally } = await openPlayground();
  const failure = new Sequence(playground.worldFor(seed), new Tally(), (line) => console.log(line)).run(seed, steps);
  console.log(failure ? failure.violation.message : "every invariant held");
  process.exit(failure ? 1 : 0);
}

async function tryMutants() {
  const { playground, Sequence, Tally } = await openPlayground();
  const { MUTANTS } = await import("../tests/invariants/mutants.mjs");
  const results = [];
  for (const { name, contract, breaks, change, kind = "dictated" } of MUTANTS) {
    const broken = new Sequence(playground.world(kind, { [contract]: change }), new Tally());
    const tally = broken.tally;
    let failure = null;
    for (let n = 0; failure === null && tally.steps < steps; n += 1) failure = broken.run(mix(seed, n), length);
    results.push({ name, breaks, steps: tally.steps, found: failure?.violation.invariant ?? null, message: failure?.violation.message ?? null });
    if (!options.json) console.log(`${name}: ${failure ? `${failure.violation.message} (after ${tally.steps} steps)` : "NOT NOTICED"}`);
  }
  if (options.json) console.log(JSON.stringify({ results }));
  process.exit(results.some(({ found }) => found === null) ? 1 : 0);
}

// --- the one who counts ---

function runWorkers() {
  const begun = Date.now();
  const latest = new Map();
  const say = options.json ? () => {} : console.log;
  const self = fileURLToPath(import.meta.url);
  const run = (n, first) => new Promise((resolve, reject) => {
    const more = ["--worker", String(n), "--first", String(first)];
    if (options.minutes) more.push("--minutes", String(Number(options.minutes) - (Date.now() - begun) / 60_000));
    const child = fork(self, [...process.argv.slice(2), ...more], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    child.on("message", (message) => {
      if (message.error) return reject(new Error(message.error));
      for (const failure of message.failures.slice(latest.get(first)?.failures.length ?? 0)) say(tellFailure(failure));
      latest.set(first, message);
      if (!message.done) say(progress(latest, begun));
    });
    child.on("error", reject);
    child.on("exit", (code) => (latest.get(first)?.done ? resolve(latest.get(first).next) : reject(new Error(`worker ${n} ended with ${code}`))));
  });
  const share = async (n) => {
    for (let first = n; first !== null; ) first = await run(n, first);
  };
  return Promise.all(Array.from({ length: workers }, (_, n) => share(n))).then(() => ({ ...sumUp([...latest.values()]), secs: Math.round((Date.now() - begun) / 1000) }));
}

function tellFailure({ message, seed: own, steps: lines }) {
  return `${message}\n  ${lines.join("\n  ")}\n  node tools/fuzz.mjs --seed ${own} --steps ${length} --replay`;
}

function progress(latest, begun) {
  const { tally, failures } = sumUp([...latest.values()]);
  const secs = (Date.now() - begun) / 1000;
  return `${new Date().toISOString()} ${tally.steps} steps, ${Math.round(tally.steps / secs)} a second, ${failures.length} violations`;
}

function sumUp(messages) {
  const tally = {};
  for (const message of messages) add(tally, message.tally);
  return { tally, failures: messages.flatMap(({ failures }) => failures) };
}

function add(sum, more) {
  for (const [key, value] of Object.entries(more)) {
    if (typeof value === "number") sum[key] = (sum[key] ?? 0) + value;
    else add((sum[key] ??= {}), value);
  }
}

/** One number for all the sources that were run. */
function sourceHash() {
  const hash = createHash("sha256");
  for (const file of readdirSync(SRC).filter((name) => name.endsWith(".clar")).sort()) {
    hash.update(`${file}\0`).update(readFileSync(new URL(file, SRC))).update("\0");
  }
  return hash.digest("hex");
}

function table({ tally, failures, secs }, names) {
  const { steps: all, sequences, leavings, actions, checks, worlds } = tally;
  const rows = Object.entries(actions).sort(([a], [b]) => (a < b ? -1 : 1));
  const bad = (n) => failures.filter(({ invariant }) => invariant === n).length;
  return [
    `${all} steps in ${sequences} sequences, ${leavings} departures in kind at their ends, ${failures.length} violations.`,
    "",
    `Seed ${seed}, sequences of ${length} steps, ${workers} workers, ${secs} s (${((secs * workers * 1000) / all).toFixed(2)} ms of one worker a step).`,
    `Sequences by world: ${Object.entries(worlds).map(([world, count]) => `${world} ${count}`).join(", ")}.`,
    "",
    "| Action | Accepted | Refused |",
    "|---|---:|---:|",
    ...rows.map(([name, { accepted, refused }]) => `| ${name} | ${accepted} | ${refused} |`),
    "",
    "| | Invariant | Checks | Violations |",
    "|---|---|---:|---:|",
    ...names.map((name, index) => `| ${index + 1} | ${name} | ${checks[index + 1] ?? 0} | ${bad(index + 1)} |`),
  ].join("\n");
}

async function main() {
  const { INVARIANTS } = await import("../tests/invariants/invariants.mjs");
  const hash = sourceHash(); // of what the workers are about to read
  const result = await runWorkers();
  const text = table(result, INVARIANTS.map(({ name }) => `\`${name}\``));
  if (options.json) console.log(JSON.stringify({ ...result, hash }));
  else console.log(text);
  if (options.report) {
    const head = `# The last long run\n\nWritten by \`make fuzz\` on ${new Date().toISOString().slice(0, 10)}. SHA-256 of \`src/*.clar\`: \`${hash}\`.\n`;
    writeFileSync(options.report, `${head}\n${text}\n`);
  }
  process.exit(result.failures.length > 0 ? 1 : 0);
}

if (options.worker) await work().catch((error) => process.send({ error: error.stack }, () => process.exit(1)));
else if (options.replay) await replay();
else if (options.mutants) await tryMutants();
else await main();
