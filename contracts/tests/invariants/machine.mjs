// The real Clarity virtual machine, as quick as it goes: arguments and answers stay bytes, maps are read without a
// contract being loaded, and a whole chain is put back by copying its memory.

import { makeProject } from "../../devnet/project.mjs";
import { openSdk } from "../../devnet/sdk.mjs";
import { decode } from "./codec.mjs";

const EPOCH = "3.4";
const NOTHING = "0x09";
const BURN_BLOCK_SECS = 600n;
const BLOCK_SECS = 10n;

// The first block takes its time from the clock, and the same seed must find the same second.
async function withClockAt(seconds, action) {
  const RealDate = globalThis.Date;
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length === 0 ? [seconds * 1000] : args));
    }
    static now() {
      return seconds * 1000;
    }
  };
  try {
    return await action();
  } finally {
    globalThis.Date = RealDate;
  }
}

export class Machine {
  #sdk;
  #raw;
  #wasm;
  #memory;

  /** A chain without contracts; one to a process. */
  static async open(genesisTime) {
    const project = makeProject({ bare: true });
    try {
      const { wasm, exports, sdkUrl } = openSdk();
      const { initSimnet } = await import(sdkUrl);
      const sdk = await withClockAt(genesisTime, () => initSimnet(project.manifestPath, true));
      if (sdk.currentEpoch !== EPOCH) sdk.setEpoch(EPOCH);
      return new Machine(sdk, wasm, exports.memory);
    } finally {
      project.remove();
    }
  }

  constructor(sdk, wasm, memory) {
    this.#sdk = sdk;
    this.#raw = Object.getPrototypeOf(sdk);
    this.#wasm = wasm;
    this.#memory = memory;
  }

  get deployer() {
    return this.#sdk.deployer;
  }

  get time() {
    return BigInt(this.#sdk.getBlockTime());
  }

  deploy(name, source, { by = this.deployer, clarityVersion = 4 } = {}) {
    const options = new this.#wasm.ContractOptions(clarityVersion);
    this.#raw.deployContract.call(this.#sdk, new this.#wasm.DeployContractArgs(name, source, options, by)).free();
  }

  mint(to, ustx) {
    this.#sdk.mintSTX(to, BigInt(ustx));
  }

  /** { ok, value, code, prints }; `aborted` says why when the machine stopped without a Clarity answer. */
  call(contract, fn, args, sender) {
    let response;
    try {
      response = this.#raw.callPublicFn.call(this.#sdk, new this.#wasm.CallFnArgs(contract, fn, args, sender));
    } catch (error) {
      return { ok: false, aborted: String(error?.message ?? error), prints: [] };
    }
    const { result, events } = response;
    response.free();
    const ok = result.startsWith("0x07");
    const value = decode(result);
    return { ok, value, code: ok ? null : value.err, prints: ok ? printsOf(events) : [] };
  }

  read(contract, fn, args = [], sender = this.deployer) {
    const response = this.#raw.callReadOnlyFn.call(this.#sdk, new this.#wasm.CallFnArgs(contract, fn, args, sender));
    const { result } = response;
    response.free();
    return decode(result);
  }

  /** The bytes of a map's entry, as text; `0x09` when there is none. */
  entry(contract, map, key) {
    try {
      return this.#raw.getMapEntry.call(this.#sdk, contract, map, key);
    } catch {
      return NOTHING; // the SDK throws where a node answers none
    }
  }

  variable(contract, name) {
    return this.#raw.getDataVar.call(this.#sdk, contract, name);
  }

  /** Asset to holder to amount; "STX", or ".contract.asset" whoever deployed it. */
  get balances() {
    return this.#raw.getAssetsMap.call(this.#sdk);
  }

  /** Moves block time on; whole tens of seconds. */
  advance(seconds) {
    const burns = BigInt(seconds) / BURN_BLOCK_SECS;
    const blocks = (BigInt(seconds) % BURN_BLOCK_SECS) / BLOCK_SECS;
    if (burns > 0n) this.#sdk.mineEmptyBurnBlocks(Number(burns));
    if (blocks > 0n) this.#sdk.mineEmptyStacksBlocks(Number(blocks));
  }

  /** A copy of everything, to go back to. */
  image() {
    return Buffer.from(new Uint8Array(this.#memory.buffer).slice().buffer);
  }

  /** Goes back to a copy. Memory that grew since stays grown and unused. */
  restore(image) {
    image.copy(Buffer.from(this.#memory.buffer));
  }
}

function printsOf(events) {
  const prints = [];
  for (const text of JSON.parse(events)) {
    if (!text.includes('"print_event"') && !text.includes("contract_event")) continue;
    const event = JSON.parse(text);
    const data = event.data ?? event.contract_event;
    if (data?.raw_value) prints.push({ by: data.contract_identifier, ...decode(data.raw_value) });
  }
  return prints;
}
