// Makes blocks: charges fees, spends nonces, judges post-conditions, and takes back what must not stand.

import { MINER } from "./actors.mjs";
import { VmError } from "./chain.mjs";
import { brokenPostCondition } from "./postconditions.mjs";
import { serializedArgs } from "./wire.mjs";

const OK_TRUE = "0x0703";
const ERR_NONE = "0x0809"; // what a node records when the machine stopped without an answer
const UNPAID = Symbol("the fee could not be taken");
const isErr = (result) => result.startsWith("0x08");

function stepOf({ sender, payload }) {
  switch (payload.kind) {
    case "token_transfer":
      return { kind: "transfer", sender, recipient: payload.recipient, amount: payload.amount };
    case "contract_call":
      return { kind: "call", sender, contract: payload.contract, fn: payload.fn, args: serializedArgs(payload.args) };
    default:
      return { kind: "deploy", sender, name: payload.name, source: payload.source, clarityVersion: payload.clarityVersion };
  }
}

function stepsOf({ record, abort }) {
  const { decoded } = record;
  const fee = { kind: "transfer", sender: decoded.payer, recipient: MINER, amount: decoded.fee };
  return abort === undefined ? [fee, stepOf(decoded)] : [fee];
}

export class Miner {
  #chain;
  #ledger;
  #mempool;

  constructor(chain, ledger, mempool) {
    this.#chain = chain;
    this.#ledger = ledger;
    this.#mempool = mempool;
  }

  /** Mines one block of the given records; without any, an empty block. Returns the block. */
  mine(records) {
    const plan = this.#payable(records).map((record) => ({ record, abort: undefined }));
    const outcomes = plan.length === 0 ? [] : this.#orBack(() => this.#execute(plan));
    if (outcomes.length === 0) return this.close(() => this.#chain.mineEmpty());
    for (const { record, outcome } of outcomes) {
      this.#mempool.remove(record);
      Object.assign(record, outcome);
    }
    return this.#append(outcomes.map(({ record }) => record));
  }

  /** Runs `change` on the chain and closes it as one block without transactions. */
  close(change, { changesState = false } = {}) {
    this.#orBack(change);
    return this.#append([], changesState);
  }

  #orBack(action) {
    try {
      return action();
    } catch (error) {
      this.#chain.restore();
      throw error;
    }
  }

  /** Takes the newest blocks back; their transactions wait again, but for those of `lost`. Returns how many blocks went. */
  reorganise(depth, lost = null) {
    const steps = Math.min(depth, this.#ledger.reorgDepth);
    const gone = this.#ledger.takeBack(steps);
    this.#chain.stepBack(gone.map((block) => block.undo));
    const freed = gone.reverse().flatMap((block) => block.txids.map((txid) => this.#ledger.transactions.get(txid)));
    for (const record of freed) {
      this.#mempool.admit(record);
      if (record.decoded.sender === lost) this.#mempool.drop(record, "dropped_stale_garbage_collect");
    }
    return steps;
  }

  #append(entries, changesState) {
    const { height, time, burnHeight } = this.#chain;
    const undo = this.#chain.commit();
    return this.#ledger.append({ height, time, burnHeight, entries, undo, changesState });
  }

  // A node skips what cannot pay its fee; it may be able to later.
  #payable(records) {
    const spent = new Map();
    const unable = new Set();
    return records.filter(({ decoded: { payer, fee, sender } }) => {
      const due = (spent.get(payer) ?? 0n) + fee;
      if (unable.has(sender) || this.#chain.account(payer).balance < due) {
        unable.add(sender);
        return false;
      }
      spent.set(payer, due);
      return true;
    });
  }

  // All together first. When one must be taken back, from the start again, one more transaction at a time:
  // the machine is deterministic, so what stood before stands again.
  #execute(plan) {
    const together = this.#attempt(plan);
    if (together.every(({ undo }) => undo === undefined)) return together;
    const kept = [];
    for (const entry of plan) {
      const [{ undo }] = this.#again([...kept, entry]).slice(-1);
      if (undo === UNPAID) continue;
      kept.push({ ...entry, abort: undo });
    }
    return this.#again(kept);
  }

  #again(plan) {
    this.#chain.restore();
    return plan.length === 0 ? [] : this.#attempt(plan);
  }

  /** Runs the plan as one block. Each entry gets its `outcome`, or `undo`: the outcome once it is taken back. */
  #attempt(plan) {
    let responses;
    try {
      responses = this.#chain.mineSteps(plan.flatMap(stepsOf));
    } catch (error) {
      if (!(error instanceof VmError)) throw error;
      const undo = { status: "abort_by_response", result: ERR_NONE, vmError: error.message, events: [], cost: null };
      return plan.map(({ record }) => ({ record, undo }));
    }
    return plan.map(({ record, abort }) => {
      const [fee, response] = responses.splice(0, abort === undefined ? 2 : 1);
      if (isErr(fee.result)) return { record, undo: UNPAID };
      return { record, ...(abort === undefined ? judge(record.decoded, response) : { outcome: abort }) };
    });
  }
}

function judge(decoded, { result: answer, events, cost }) {
  const result = decoded.payload.kind === "smart_contract" ? OK_TRUE : answer;
  if (isErr(result)) return { outcome: { status: "abort_by_response", result, vmError: null, events: [], cost } };
  const broken = brokenPostCondition(decoded, events);
  if (broken === null) return { outcome: { status: "success", result, vmError: null, events, cost } };
  const vmError = `Transaction aborted by post-condition: ${broken}`;
  return { undo: { status: "abort_by_post_condition", result, vmError, events: [], cost } };
}
