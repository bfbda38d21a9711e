// A simulated chain that knows what a call costs, in the virtual machine's five dimensions.
//
// Functions that answer only one of our contracts are measured through it: its source gets, at its end, one function
// for each of them that passes the arguments on, and one that does nothing. What the latter costs is taken off. Such
// a chain is used for nothing else, because a longer contract costs more to load.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { Cl, getAddressFromPrivateKey } from "@stacks/transactions";

import { clarityOf } from "../simnet/clarity.mjs";
import { CONTRACTS_DIR, makeProject, readManifest } from "../simnet/project.mjs";
import { loadSdk } from "../simnet/sdk.mjs";

const MOCKS = join(CONTRACTS_DIR, "tests/mocks");
const BLOCK_SECS = 10n;
const BURN_BLOCK_SECS = 600n;

export const DIMENSIONS = ["runtime", "readCount", "readLength", "writeCount", "writeLength"];
export const u = (n) => Cl.uint(n);
export const p = (id) => Cl.principal(id);
export const text = (words) => Cl.stringAscii(words);
export const list = (items) => Cl.list(items);
export const tuple = (fields) => Cl.tuple(fields);

/** The nth of as many people as are needed, none of them in the manifest. */
export const person = (n) => getAddressFromPrivateKey(`${(n + 1).toString(16).padStart(64, "0")}01`, "testnet");

/** Opens chains; the SDK, its machine and its saved moments are shared by all of them. */
export class Machine {
  #folder = mkdtempSync(join(tmpdir(), "whale-pool-costs-"));
  #sdk;
  #moments;
  #projects = 0;

  static async open() {
    const machine = new Machine();
    const { initSimnet, newMoments } = await loadSdk();
    machine.#sdk = await initSimnet(makeProject(join(machine.#folder, "first"), readManifest()), true, { trackCosts: true });
    machine.#moments = newMoments("first");
    return machine;
  }

  /** A fresh chain of our contracts; `sources` replaces some by file name. */
  async chain(sources) {
    this.#projects += 1;
    const path = makeProject(join(this.#folder, String(this.#projects)), readManifest(), sources);
    this.#moments.restoreFirst();
    await this.#sdk.initSession(dirname(path), path);
    globalThis.simnet = this.#sdk; // for the samples of the tests
    return new Chain(this.#sdk, this.#moments, this.#projects);
  }

  interface(contract) {
    return this.#sdk.getContractsInterfaces().get(`${this.#sdk.deployer}.${contract}`);
  }

  close() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export class Chain {
  #moments;
  #number;

  constructor(sdk, moments, number) {
    this.sdk = sdk;
    this.#moments = moments;
    this.#number = number;
  }

  get deployer() {
    return this.sdk.deployer;
  }

  at(name) {
    return name.includes(".") ? name : `${this.deployer}.${name}`;
  }

  ours(name) {
    return p(this.at(name));
  }

  call(sender, contract, fn, ...args) {
    return this.sdk.callPublicFn(this.at(contract), fn, args, sender);
  }

  /** The answer inside (ok …); anything else is a mistake of the case. */
  must(sender, contract, fn, ...args) {
    const { result } = this.call(sender, contract, fn, ...args);
    if (result.type !== "ok") throw new Error(`${contract} ${fn}: ${Cl.prettyPrint(result)}`);
    return result.value;
  }

  read(contract, fn, ...args) {
    return this.sdk.callReadOnlyFn(this.at(contract), fn, args, this.deployer).result;
  }

  /** Costs of one successful call. */
  cost(sender, contract, fn, ...args) {
    const { result, costs } = this.call(sender, contract, fn, ...args);
    if (result.type !== "ok") throw new Error(`${contract} ${fn}: ${Cl.prettyPrint(result)}`);
    return { total: costs.total, limit: costs.limit };
  }

  deployMock(name, as = name) {
    this.deploy(as, readFileSync(join(MOCKS, `${name}.clar`), "utf8"));
  }

  deployScript(name) {
    this.deploy(name, "(impl-trait .script-trait.script-trait)\n(define-public (execute) (ok true))");
  }

  deploy(as, source) {
    const { result } = this.sdk.deployContract(as, source, { clarityVersion: clarityOf().version }, this.deployer);
    if (result.type !== "true") throw new Error(`${as}: ${Cl.prettyPrint(result)}`);
  }

  /** The second in which the next call runs. */
  get now() {
    return BigInt(this.sdk.getBlockTime()) + BLOCK_SECS;
  }

  wait(seconds) {
    this.waitUntil(this.now + BigInt(seconds));
  }

  /** Until the next call runs in that second or just after it. A burn block may take less than its 600 seconds. */
  waitUntil(second) {
    for (let gap = BigInt(second) - this.now; gap > 0n; gap = BigInt(second) - this.now) {
      if (gap >= BURN_BLOCK_SECS) this.sdk.mineEmptyBurnBlocks(Number(gap / BURN_BLOCK_SECS));
      else this.sdk.mineEmptyStacksBlocks(Number((gap + BLOCK_SECS - 1n) / BLOCK_SECS));
    }
  }

  keep(name) {
    this.#moments.keep(`${this.#number} ${name}`);
  }

  restore(name) {
    this.#moments.restore(`${this.#number} ${name}`);
  }
}

// --- doors to functions that answer one of our contracts only ---

const NOTHING = "cost-of-nothing";
const doorName = (contract, fn) => `door-to-${contract}-${fn}`;

/** The type of an argument as it is written in a source. */
export function typeText(type) {
  if (typeof type === "string") return { uint128: "uint", int128: "int", none: "(optional bool)" }[type] ?? type;
  const [[kind, inner]] = Object.entries(type);
  switch (kind) {
    case "buffer":
      return `(buff ${inner.length})`;
    case "string-ascii":
    case "string-utf8":
      return `(${kind} ${inner.length})`;
    case "optional":
      return `(optional ${typeText(inner)})`;
    case "list":
      return `(list ${inner.length} ${typeText(inner.type)})`;
    case "tuple":
      return `{ ${inner.map(({ name, type: field }) => `${name}: ${typeText(field)}`).join(", ")} }`;
    default:
      throw new Error(`cannot write the type ${JSON.stringify(type)}`);
  }
}

/** Sources with doors: `doors` are [caller, contract, function], `faces` the interfaces by contract name. */
export function withDoors(doors, faces) {
  const sources = {};
  for (const caller of new Set(doors.map(([name]) => name))) {
    const added = doors
      .filter(([name]) => name === caller)
      .map(([, contract, fn]) => {
        const { args } = faces(contract).functions.find(({ name }) => name === fn);
        const names = args.map(({ name }) => name).join(" ");
        return `(define-public (${doorName(contract, fn)} ${args.map(({ name, type }) => `(${name} ${typeText(type)})`).join(" ")})
  (contract-call? .${contract} ${fn} ${names})
)`;
      });
    const source = readFileSync(join(CONTRACTS_DIR, `src/${caller}.clar`), "utf8");
    sources[`${caller}.clar`] = [source, `(define-public (${NOTHING}) (ok true))`, ...added, ""].join("\n");
  }
  return sources;
}

/** What the function costs without the door. */
export function costThrough(chain, sender, caller, contract, fn, args) {
  const nothing = chain.cost(sender, caller, NOTHING);
  const { total, limit } = chain.cost(sender, caller, doorName(contract, fn), ...args);
  return { total: Object.fromEntries(DIMENSIONS.map((each) => [each, total[each] - nothing.total[each]])), limit };
}
