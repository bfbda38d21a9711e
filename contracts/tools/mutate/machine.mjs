// The simulated chain the tests run against, with two liberties: the source of one contract can be swapped for a
// mutant wherever it is deployed, and the chain can be put back to an earlier moment by restoring the memory of
// its virtual machine, which is many times quicker than deploying everything again for each test.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { loadSdk } from "../simnet/sdk.mjs";

// What the machine has free at the first moment, and what has to be left of it at any later one.
const ROOM_FIRST = 2 ** 30;
const ROOM_LATER = 512 << 20;

const WITHOUT = "without the mutant and what depends on it";

/** The manifest without the contract at `path` and all that call it, and those, in order: { name, path, source }. */
function apart(folder, path) {
  const manifest = readFileSync(join(folder, "Clarinet.toml"), "utf8");
  const blocks = [...manifest.matchAll(/^\[contracts\.([^\]]+)\]\n(?:(?!\[).*\n?)*/gm)].map(([text, name]) => {
    const its = /^path = "([^"]+)"/m.exec(text)[1];
    return { text, name, path: its, source: readFileSync(join(folder, its), "utf8") };
  });
  const rest = [];
  for (const block of blocks) {
    const calls = rest.some(({ name }) => new RegExp(`[^\\w-]\\.${name}(?![\\w-])`).test(block.source));
    if (block.path === path || calls) rest.push(block);
  }
  return { without: rest.reduce((text, block) => text.replace(block.text, ""), manifest), rest };
}

export class Machine {
  #sdk;
  #moments;
  #room = ROOM_FIRST;
  #swap = null;
  #manifest;
  #mutantFolder;
  #epoch;
  // What the session with the mutant deploys on top of WITHOUT, once that is kept.
  #rest = null;
  // Whether anybody looked at the manifest's session since it was opened, or opened another instead.
  #looked = false;
  #replaced = false;

  /** `manifest` is the project of the tests; `mutantFolder` is one like it, to make other manifests in. */
  static async open({ manifest, mutantFolder }) {
    const { initSimnet, newMoments } = await loadSdk();
    const machine = new Machine();
    machine.#manifest = manifest;
    machine.#mutantFolder = mutantFolder;
    machine.#sdk = await initSimnet(manifest, true);
    machine.#moments = newMoments();
    machine.#epoch = machine.#sdk.currentEpoch;
    machine.simnet = new Proxy(machine.#sdk, { get: (sdk, name) => machine.#answer(sdk, name) });
    return machine;
  }

  /** From now on `mutated` is deployed wherever `real`, which stands at `path`, would be. */
  swap({ path, real, mutated }) {
    if (this.#swap?.path !== path) this.#rest = null;
    this.#swap = { path, real, mutated };
  }

  #answer(sdk, name) {
    if (name === "initSession") return (cwd, manifest) => this.openSession(manifest, cwd).then(() => this.opened());
    if (!this.#replaced) this.#looked = true;
    if (name === "deployContract" && this.#swap) {
      const { real, mutated } = this.#swap;
      return (id, source, ...rest) => sdk.deployContract(id, source === real ? mutated : source, ...rest);
    }
    const value = sdk[name];
    return typeof value === "function" ? value.bind(sdk) : value;
  }

  /** Whether tests needed the manifest's session, as opened before each of them, since `begin`. */
  get needsOwnSession() {
    return this.#looked || !this.#replaced;
  }

  /** Called after a test has opened a session itself. */
  opened = () => {};

  /** The manifest's session stands open, and nobody has looked at it yet. */
  begin() {
    this.#looked = false;
    this.#replaced = false;
  }

  /** Opens a session; the one of the tests' own manifest has the mutant in it. */
  async openSession(manifest = this.#manifest, cwd = dirname(manifest)) {
    const own = manifest === this.#manifest;
    this.#replaced = !own;
    if (own && this.#swap) await this.#openWithMutant();
    else await this.#sdk.initSession(cwd, manifest);
  }

  /**
   * The manifest's session with the mutant: what does not depend on it comes from a manifest without it and from
   * memory, the mutant and what depends on it are deployed one by one.
   */
  async #openWithMutant() {
    const { path, mutated } = this.#swap;
    if (this.#rest) {
      this.restore(WITHOUT);
    } else {
      const { without, rest } = apart(this.#mutantFolder, path);
      const manifest = join(this.#mutantFolder, "Without.toml");
      writeFileSync(manifest, without);
      await this.#sdk.initSession(this.#mutantFolder, manifest);
      this.#sdk.setEpoch(this.#epoch);
      this.#rest = rest;
      this.keep(WITHOUT);
    }
    for (const { name, path: its, source } of this.#rest) {
      const reason = this.refuses(name, its === path ? mutated : source);
      if (reason !== null) throw new Error(`${name}: ${reason}`);
    }
  }

  /** Remembers the present under a name, in place of what had that name; the first has to be the one all go back to. */
  keep(name) {
    this.#moments.keep(name, this.#room);
    this.#room = ROOM_LATER;
  }

  restore(name) {
    this.#moments.restore(name);
  }

  /** Why a source is no contract, or null when it is one. The session of the manifest has to be open. */
  refuses(name, source) {
    try {
      const { result } = this.#sdk.deployContract(name, source, { clarityVersion: 4 }, this.#sdk.deployer);
      return result.type === "true" ? null : JSON.stringify(result);
    } catch (error) {
      return String(error);
    }
  }
}
