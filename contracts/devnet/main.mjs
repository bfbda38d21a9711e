// Starts the local chain: `node main.mjs --port 20443`. Prints one line of JSON when it is ready.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { ACTORS, addressOf } from "./actors.mjs";
import { openChain } from "./chain.mjs";
import { Devnet } from "./devnet.mjs";
import { Faults } from "./faults.mjs";
import { makeProject } from "./project.mjs";
import { buildServer } from "./server.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const BARE_FUNDS_USTX = 1_000_000_000_000n;
const USAGE = `usage: node main.mjs [--port 20443] [--scenario FILE] [--block-ms 1000] [--timeline SECONDS]
                    [--exit-with-parent] [--bare] [--costs]`;

const OPTIONS = {
  port: { type: "string", default: "20443" },
  host: { type: "string", default: "127.0.0.1" },
  scenario: { type: "string", default: join(HERE, "scenarios", "launch.json") },
  "block-ms": { type: "string", default: "1000" },
  timeline: { type: "string" },
  "exit-with-parent": { type: "boolean", default: false },
  bare: { type: "boolean", default: false },
  costs: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
};

function wholeNumber(values, name, least, most) {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Error(`--${name} must be a whole number from ${least} to ${most}, not ${values[name]}`);
  }
  return value;
}

function readOptions() {
  const { values } = parseArgs({ options: OPTIONS, strict: true });
  return {
    ...values,
    port: wholeNumber(values, "port", 0, 65_535),
    blockMs: wholeNumber(values, "block-ms", 20, 3_600_000),
    timeline: values.timeline === undefined ? null : wholeNumber(values, "timeline", 0, 86_400),
  };
}

async function openBare(project, { costs: trackCosts }) {
  const genesisTime = Math.floor(Date.now() / 1000);
  const chain = await openChain({ manifestPath: project.manifestPath, genesisTime, trackCosts });
  for (const name of ACTORS) chain.mint(addressOf(name), BARE_FUNDS_USTX);
  return { devnet: new Devnet(chain), scenario: null, pauseVenue: () => {} };
}

async function openScenario(project, options) {
  const { bootScenario } = await import("./boot.mjs");
  const { scenario: scenarioPath, timeline, costs: trackCosts } = options;
  return bootScenario({ manifestPath: project.manifestPath, scenarioPath, timeline, trackCosts });
}

async function main() {
  console.log = console.error; // standard output carries the one line that says "ready"
  const options = readOptions();
  if (options.help) return console.error(USAGE);
  const started = performance.now();
  const project = makeProject({ bare: options.bare });
  process.once("exit", project.remove);
  const running = stopOnRequest(options["exit-with-parent"]);
  const { devnet, scenario, pauseVenue } = await (options.bare ? openBare(project, options) : openScenario(project, options));
  const faults = new Faults({
    reorg: (depth, lost) => devnet.reorganise(depth, lost),
    forget: (txid) => devnet.forget(txid),
    clockJump: (seconds) => devnet.advanceSeconds(seconds),
    pauseVenue,
  });
  const name = options.bare ? "bare" : scenario.data.name;
  const app = buildServer(devnet, { scenario, faults, name });
  await app.listen({ port: options.port, host: options.host });
  Object.assign(running, { app, devnet });
  devnet.start(options.blockMs);
  const ready = { ready: true, port: app.server.address().port, boot_ms: Math.round(performance.now() - started) };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  return undefined;
}

/** Stops cleanly, also while still booting. Returns an object to be given {app, devnet} once they run. */
function stopOnRequest(exitWithParent) {
  const running = {};
  const stop = async () => {
    running.devnet?.stop();
    await running.app?.close();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  if (exitWithParent) process.stdin.resume().once("end", stop).once("error", stop);
  return running;
}

main().catch((error) => {
  console.error(`the local chain could not start: ${error?.stack ?? error}`); // the SDK throws plain text
  process.exit(1);
});
