// The simulated chain: the real Clarity virtual machine, one block at a time, with a way back.
//
// The clarinet SDK knows neither fees nor nonces nor post-conditions; mine.mjs accounts for those.
// Arguments and results stay serialised here, because the SDK's helpers re-order tuple keys.

import { Cl } from "@stacks/transactions";

import { MemoryImage } from "./memory.mjs";
import { openSdk } from "./sdk.mjs";
import { serializedArgs } from "./wire.mjs";

const EPOCH = "3.4";
const PROBE_OWNER = "ST000000000000000000002AMW42H";
const PROBE = `${PROBE_OWNER}.devnet-probe`;
const PROBE_SOURCE = "(define-read-only (account (who principal)) (stx-account who))";
const NONE = "0x09";
const SDK_USED_WRONGLY = "Failed to parse js txs";
export const STACKS_BLOCK_SECS = 10;
export const BURN_BLOCK_SECS = 600;

/** Thrown when the virtual machine stops without a Clarity result. */
export class VmError extends Error {}

async function withClockAt(seconds, action) {
  const RealDate = globalThis.Date;
  const shift = seconds * 1000 - RealDate.now();
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length === 0 ? [RealDate.now() + shift] : args));
    }
  };
  try {
    return await action();
  } finally {
    globalThis.Date = RealDate;
  }
}

/**
 * Starts a chain from a Clarinet manifest, its first block near `genesisTime` (seconds since 1970).
 * With `trackCosts` every call knows its cost, and takes two to four times as long.
 */
export async function openChain({ manifestPath, genesisTime, trackCosts = false }) {
  const { wasm, exports, sdkUrl } = openSdk();
  const { initSimnet } = await import(sdkUrl);
  const sdk = await withClockAt(genesisTime, () => initSimnet(manifestPath, true, { trackCosts }));
  if (sdk.currentEpoch !== EPOCH) sdk.setEpoch(EPOCH);
  sdk.deployContract("devnet-probe", PROBE_SOURCE, { clarityVersion: 4 }, PROBE_OWNER);
  return new Chain(sdk, wasm, exports.memory);
}

export class Chain {
  #sdk;
  #wasm;
  #raw;
  #image;
  #memory;
  #interfaces = null;
  #deployedSinceCommit = false;

  constructor(sdk, wasm, memory) {
    this.#sdk = sdk;
    this.#wasm = wasm;
    this.#raw = Object.getPrototypeOf(sdk);
    this.#memory = memory;
    this.#image = null;
  }

  get deployer() {
    return this.#sdk.deployer;
  }

  get height() {
    return this.#sdk.stacksBlockHeight;
  }

  get burnHeight() {
    return this.#sdk.burnBlockHeight;
  }

  get time() {
    return Number(this.#sdk.getBlockTime());
  }

  /** Runs a read-only function. `args` are serialised values; returns {result: 0x… text, cost}. */
  readHex(contract, fn, args, sender = this.deployer) {
    const call = new this.#wasm.CallFnArgs(contract, fn, args, sender);
    let response;
    try {
      response = this.#raw.callReadOnlyFn.call(this.#sdk, call);
    } catch (error) {
      throw new VmError(String(error?.message ?? error));
    }
    const { result, costs } = response;
    response.free();
    return { result, cost: totalCost(costs) };
  }

  /** Runs a read-only function with Clarity values and returns a Clarity value. */
  read(contract, fn, args = [], sender = this.deployer) {
    return Cl.deserialize(this.readHex(contract, fn, serializedArgs(args), sender).result);
  }

  /** Mines one block of steps. Returns one {result, events, cost} a step; throws VmError when one of them panics. */
  mineSteps(steps) {
    let responses;
    try {
      responses = this.#raw.mineBlock.call(this.#sdk, steps.map(toSdkStep));
    } catch (error) {
      const message = String(error?.message ?? error);
      if (message.startsWith(SDK_USED_WRONGLY)) throw new Error(message);
      throw new VmError(message);
    } finally {
      if (steps.some((step) => step.kind === "deploy")) this.#forgetInterfaces();
    }
    return responses.map(({ result, events, costs }) => ({
      result,
      events: JSON.parse(events).map((text) => JSON.parse(text)),
      cost: totalCost(costs),
    }));
  }

  /** Calls a public function outside of any mempool, for setting up; throws unless it answers (ok …). */
  call(contract, fn, args, sender = this.deployer) {
    const [{ result }] = this.mineSteps([{ kind: "call", contract, fn, args: serializedArgs(args), sender }]);
    const value = Cl.deserialize(result);
    if (value.type !== "ok") throw new VmError(`${contract} ${fn} answered ${Cl.prettyPrint(value)}`);
    return value.value;
  }

  mineEmpty(count = 1) {
    this.#sdk.mineEmptyStacksBlocks(count);
  }

  mineEmptyBurn(count = 1) {
    this.#sdk.mineEmptyBurnBlocks(count);
  }

  /** Moves block time on by at least `seconds`: burn blocks of 600 s, the rest in stacks blocks of 10 s. */
  advance(seconds) {
    const target = this.time + seconds;
    const burns = Math.floor(seconds / BURN_BLOCK_SECS);
    if (burns > 0) this.mineEmptyBurn(burns);
    const rest = Math.ceil((target - this.time) / STACKS_BLOCK_SECS);
    if (rest > 0) this.mineEmpty(rest);
  }

  /** Adds STX out of nothing; for funding at boot. */
  mint(recipient, ustx) {
    this.#sdk.mintSTX(recipient, BigInt(ustx));
  }

  /** Returns {balance, locked, unlockHeight} in µSTX; `balance` is what can be spent. */
  account(principal) {
    const { value } = this.read(PROBE, "account", [Cl.principal(principal)]);
    return {
      balance: BigInt(value.unlocked.value),
      locked: BigInt(value.locked.value),
      unlockHeight: Number(value["unlock-height"].value),
    };
  }

  // Asking for them takes long; they change only with a deployment, made or taken back.
  #forgetInterfaces() {
    this.#interfaces = null;
    this.#deployedSinceCommit = true;
  }

  #interfaceMap() {
    this.#interfaces ??= this.#sdk.getContractsInterfaces();
    return this.#interfaces;
  }

  contracts() {
    return [...this.#interfaceMap().keys()];
  }

  interface(contract) {
    return this.#interfaceMap().get(contract);
  }

  source(contract) {
    return this.#sdk.getContractSource(contract);
  }

  /** [[asset identifier, amount]] of the fungible tokens that a principal holds. */
  tokensOf(principal) {
    const held = [];
    for (const [key, holders] of this.#sdk.getAssetsMap()) {
      const amount = holders.get(principal);
      if (key === "STX" || !amount) continue;
      held.push([this.#assetIdentifier(key), amount]);
    }
    return held;
  }

  // The SDK writes ".contract.asset", whoever deployed it.
  #assetIdentifier(key) {
    const [, contract, asset] = key.split(".");
    const owners = [...this.#interfaceMap()].filter(
      ([id, face]) => id.endsWith(`.${contract}`) && face.fungible_tokens.some(({ name }) => name === asset),
    );
    return `${owners[0][0]}::${asset}`;
  }

  /** The entry as a serialised optional, or null when there is no such map. */
  mapEntryHex(contract, map, key) {
    if (!this.interface(contract)?.maps.some(({ name }) => name === map)) return null;
    try {
      return this.#raw.getMapEntry.call(this.#sdk, contract, map, key);
    } catch {
      return NONE; // the SDK throws where a node answers none
    }
  }

  dataVarHex(contract, name) {
    const known = this.interface(contract)?.variables.some((each) => each.name === name && each.access === "variable");
    return known ? this.#raw.getDataVar.call(this.#sdk, contract, name) : null;
  }

  /** Makes the present state the one that `restore` returns to. Returns an undo record for `stepBack`. */
  commit() {
    this.#deployedSinceCommit = false;
    if (this.#image === null) {
      this.#image = new MemoryImage(this.#memory);
      return { length: this.#image.bytes, pages: [] };
    }
    return this.#image.commit();
  }

  restore() {
    this.#image.restore();
    if (this.#deployedSinceCommit) this.#interfaces = null;
  }

  stepBack(undos) {
    for (const undo of undos) this.#image.stepBack(undo);
    this.#forgetInterfaces();
    this.restore();
  }
}

// {read_count, read_length, runtime, write_count, write_length}; null when costs are not tracked, and for a transfer.
function totalCost(costs) {
  return JSON.parse(costs)?.total ?? null;
}

function toSdkStep(step) {
  switch (step.kind) {
    case "transfer":
      return { transferSTX: { amount: Number(step.amount), recipient: step.recipient, sender: step.sender } };
    case "call":
      return {
        callPublicFn: { contract: step.contract, method: step.fn, args: [], args_maps: step.args, sender: step.sender },
      };
    case "deploy":
      return {
        deployContract: {
          name: step.name,
          content: step.source,
          options: { clarityVersion: step.clarityVersion },
          sender: step.sender,
        },
      };
    default:
      throw new Error(`unknown step ${step.kind}`);
  }
}
