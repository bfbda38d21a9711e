// The simulated chain the tests run against, with two liberties: the source of one contract can be swapped for a
// mutant wherever it is deployed, and the chain can be put back to an earlier moment by restoring the memory of
// its virtual machine, which is many times quicker than deploying everything again for each test.

import { renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { loadSdk } from "../simnet/sdk.mjs";

// What the machine has free at the first moment, and what has to be left of it at any later one.
const ROOM_FIRST = 2 ** 30;
const ROOM_LATER = 512 << 20;

export class Machine {
  #sdk;
  #moments;
  #room = ROOM_FIRST;
  #swap = null;
  #manifest;
  #mutantFolder;
  // Whether anybody looked at the manifest's session since it was opened, or opened another instead.
  #looked = false;
  #replaced = false;

  /** `manifest` is the project of the tests; `mutantFolder` is one like it whose sources may change. */
  static async open({ manifest, mutantFolder }) {
    const { initSimnet, newMoments } = await loadSdk();
    const machine = new Machine();
    machine.#manifest = manifest;
    machine.#mutantFolder = mutantFolder;
    machine.#sdk = await initSimnet(manifest, true);
    machine.#moments = newMoments();
    machine.simnet = new Proxy(machine.#sdk, { get: (sdk, name) => machine.#answer(sdk, name) });
    return machine;
  }

  /** From now on `mutated` is deployed wherever `real`, which stands at `path`, would be. */
  swap({ path, real, mutated }) {
    this.#unswap();
    if (mutated === real) return;
    this.#swap = { path, real, mutated };
    this.#place(mutated);
  }

  #unswap() {
    if (this.#swap) this.#place(this.#swap.real);
    this.#swap = null;
  }

  #place(source) {
    const file = join(this.#mutantFolder, this.#swap.path);
    writeFileSync(`${file}.new`, source);
    renameSync(`${file}.new`, file);
  }

  #answer(sdk, name) {
    if (name === "initSession") return (cwd, manifest) => this.openSession(manifest, cwd);
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

  /** The manifest's session stands open, and nobody has looked at it yet. */
  begin() {
    this.#looked = false;
    this.#replaced = false;
  }

  /** Opens a session; the one of the tests' own manifest has the mutant in it. */
  async openSession(manifest = this.#manifest, cwd = dirname(manifest)) {
    const own = manifest === this.#manifest;
    this.#replaced = !own;
    const folder = own && this.#swap ? this.#mutantFolder : undefined;
    if (folder) await this.#sdk.initSession(folder, join(folder, "Clarinet.toml"));
    else await this.#sdk.initSession(cwd, manifest);
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
