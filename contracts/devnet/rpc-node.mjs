// The RPC of a Stacks node: what a wallet or a keeper asks of /v2 and /v3.

import { Cl, deserializePayload, serializePayloadBytes } from "@stacks/transactions";

import { VmError } from "./chain.mjs";
import { Rejection, TESTNET_CHAIN_ID } from "./mempool.mjs";
import { DecodeError, decodeTransaction } from "./wire.mjs";

const SERVER_VERSION = "local-chain 2026.11.0 (simulated Clarity VM)";
const REGTEST_PARENT = 3669344250;
// What a node allows one call-read by default.
const READ_BUDGET = { read_count: 100, read_length: 200_000, runtime: 1_000_000_000 };
const SIGNED_OVERHEAD_BYTES = 180; // a signed single-signature call without its payload

const bare = (hash) => hash.slice(2);
const hexU128 = (value) => `0x${value.toString(16).padStart(32, "0")}`;

/** Registers the routes of a node. `fees` is {low, mid, high} in µSTX. */
export function registerNodeRpc(app, devnet, { fees, faults }) {
  registerChainInfo(app, devnet);
  registerContracts(app, devnet);
  registerFees(app, devnet, fees);
  registerTransactions(app, devnet, faults);
}

function registerChainInfo(app, devnet) {
  app.get("/v2/info", () => {
    const tip = devnet.tip;
    return {
      peer_version: 4207599114,
      pox_consensus: tip.consensusHash,
      burn_block_height: tip.burnHeight,
      stable_pox_consensus: tip.consensusHash,
      stable_burn_block_height: tip.burnHeight - 1,
      server_version: SERVER_VERSION,
      network_id: TESTNET_CHAIN_ID,
      parent_network_id: REGTEST_PARENT,
      stacks_tip_height: tip.height,
      stacks_tip: bare(tip.hash),
      stacks_tip_consensus_hash: tip.consensusHash,
      genesis_chainstate_hash: bare(devnet.ledger.blocks[0].hash),
      unanchored_tip: null,
      unanchored_seq: null,
      tenure_height: tip.burnHeight,
      exit_at_block_height: null,
      is_fully_synced: true,
    };
  });

  app.get("/v3/tenures/info", () => {
    const { blocks } = devnet.ledger;
    const tip = devnet.tip;
    const start = blocks.find((block) => block.burnHeight === tip.burnHeight);
    const before = blocks.findLast((block) => block.burnHeight < tip.burnHeight) ?? start;
    const parentStart = blocks.find((block) => block.burnHeight === before.burnHeight);
    return {
      consensus_hash: tip.consensusHash,
      tenure_start_block_id: bare(start.indexHash),
      parent_consensus_hash: before.consensusHash,
      parent_tenure_start_block_id: bare(parentStart.indexHash),
      tip_block_id: bare(tip.indexHash),
      tip_height: tip.height,
      reward_cycle: Math.floor(tip.burnHeight / 2100),
    };
  });

  app.get("/v3/health", () => ({
    difference_from_max_peer: 0,
    max_stacks_height_of_neighbors: devnet.tip.height,
    max_stacks_neighbor_address: null,
    node_stacks_tip_height: devnet.tip.height,
  }));

  app.get("/v2/accounts/:principal", (request, reply) => {
    const { principal } = request.params;
    if (!pinned(devnet, request, reply)) return reply;
    try {
      const { balance, locked, unlockHeight } = devnet.chain.account(principal);
      const answer = { balance: hexU128(balance), locked: hexU128(locked), unlock_height: unlockHeight };
      answer.nonce = devnet.ledger.nonce(principal);
      if (request.query.proof !== "0") Object.assign(answer, { balance_proof: "", nonce_proof: "" });
      return answer;
    } catch (error) {
      return text(reply, 400, `Invalid Http request: bad principal: ${error.message}`);
    }
  });
}

function registerContracts(app, devnet) {
  app.post("/v2/contracts/call-read/:address/:name/:fn", (request, reply) => {
    if (!pinned(devnet, request, reply)) return reply;
    const { address, name, fn } = request.params;
    let call;
    try {
      call = parseCallBody(request.body);
    } catch (error) {
      return text(reply, 400, `Failed to parse call: ${error.message}`);
    }
    return callRead(devnet, `${address}.${name}`, fn, call);
  });

  app.post("/v2/map_entry/:address/:name/:map", (request, reply) => {
    if (!pinned(devnet, request, reply)) return reply;
    const { address, name, map } = request.params;
    const key = hexBytes(request.body);
    if (key === null) return text(reply, 400, "Failed to deserialize key");
    const data = devnet.chain.mapEntryHex(`${address}.${name}`, map, key);
    return data === null ? text(reply, 404, "No such contract or map") : withProof(request, { data });
  });

  app.get("/v2/data_var/:address/:name/:variable", (request, reply) => {
    if (!pinned(devnet, request, reply)) return reply;
    const { address, name, variable } = request.params;
    const data = devnet.chain.dataVarHex(`${address}.${name}`, variable);
    return data === null ? text(reply, 404, "Data var not found") : withProof(request, { data });
  });

  app.get("/v2/contracts/interface/:address/:name", (request, reply) => {
    const { address, name } = request.params;
    return devnet.chain.interface(`${address}.${name}`) ?? text(reply, 404, "No contract interface data found");
  });

  app.get("/v2/contracts/source/:address/:name", (request, reply) => {
    const { address, name } = request.params;
    const source = devnet.chain.source(`${address}.${name}`);
    if (source === undefined) return text(reply, 404, "No contract source data found");
    return withProof(request, { source, publish_height: 1 });
  });
}

function registerFees(app, devnet, fees) {
  app.post("/v2/fees/transaction", (request, reply) => {
    const { transaction_payload: payload, estimated_len: length } = request.body ?? {};
    try {
      const decoded = deserializePayload(String(payload).replace(/^0x/u, ""));
      const bytes = serializePayloadBytes(decoded).length + SIGNED_OVERHEAD_BYTES;
      return feeEstimate(fees, Math.max(Number(length ?? 0), bytes), lastCost(devnet, decoded));
    } catch (error) {
      return text(reply, 400, `Failed to parse transaction payload: ${error.message}`);
    }
  });

  app.get("/v2/fees/transfer", (request, reply) => reply.type("application/json").send("1"));
}

function registerTransactions(app, devnet, faults) {
  app.post("/v2/transactions", (request, reply) => {
    const bytes = Buffer.isBuffer(request.body) ? request.body : hexBytes(request.body?.tx);
    if (bytes === null) return text(reply, 400, "Failed to decode transaction hex");
    try {
      const fault = faults.takeTransactionFault(request.url);
      const { txid } = submit(devnet, bytes, fault);
      if (fault?.kind === "taken-status") return text(reply, fault.value, `local fault: status ${fault.value}, but taken`);
      return reply.type("application/json").send(JSON.stringify(bare(txid)));
    } catch (error) {
      if (error instanceof DecodeError) return text(reply, 400, `Failed to deserialize transaction: ${error.message}`);
      if (error instanceof Rejection) return reply.code(400).send(error.body);
      throw error;
    }
  });

  app.get("/v3/transaction/:txid", (request, reply) => {
    const record = devnet.ledger.transactions.get(`0x${request.params.txid.replace(/^0x/u, "")}`);
    if (record?.block == null) return text(reply, 404, "Transaction not found");
    return {
      index_block_hash: bare(record.block.indexHash),
      block_height: record.block.height,
      is_canonical: true,
      tx: record.decoded.raw.toString("hex"),
      result: Cl.prettyPrint(Cl.deserialize(record.result)),
    };
  });
}

// The usual way, unless a fault says that the transaction gets lost, comes late, or was never really taken.
function submit(devnet, bytes, fault) {
  if (fault?.kind === "lying-200") return decodeTransaction(bytes);
  if (fault?.kind === "reject") throw new Rejection(fault.value, null, decodeTransaction(bytes).txid);
  const record = devnet.mempool.submit(bytes);
  if (fault?.kind === "delay-tx") record.heldUntil = Date.now() + fault.value * 1000;
  if (fault?.kind === "drop-tx") devnet.loseSoon(record);
  return record;
}

// As a node does: what the same function cost when it was last mined; zeros when it never was.
function lastCost(devnet, { contractName, functionName }) {
  const zero = { write_length: 0, write_count: 0, read_length: 0, read_count: 0, runtime: 0 };
  if (functionName === undefined) return zero;
  const seen = [...devnet.ledger.transactions.values()].findLast(
    ({ cost, decoded: { payload } }) =>
      cost && payload.fn === functionName.content && payload.contract.endsWith(`.${contractName.content}`),
  );
  return seen?.cost ?? zero;
}

function callRead(devnet, contract, fn, { sender, args }) {
  const face = devnet.chain.interface(contract);
  if (face === undefined) return { okay: false, cause: `Unchecked(NoSuchContract("${contract}"))` };
  const declared = face.functions.find((entry) => entry.name === fn);
  if (declared === undefined) return { okay: false, cause: `Unchecked(UndefinedFunction("${fn}"))` };
  try {
    const { result, cost } =
      declared.access === "public"
        ? callPublic(devnet, contract, fn, sender, args)
        : devnet.chain.readHex(contract, fn, args, sender);
    if (exceedsBudget(cost)) {
      return { okay: false, cause: `Unchecked(CostBalanceExceeded(${JSON.stringify(cost)}, ${JSON.stringify(READ_BUDGET)}))` };
    }
    return result === null ? { okay: false, cause: "NotReadOnly" } : { okay: true, result };
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    return { okay: false, cause: error.message };
  }
}

// A node runs public functions too, as long as they write nothing. Here that shows in their cost; where costs are
// not tracked, a function that emits any event counts as writing.
function callPublic(devnet, contract, fn, sender, args) {
  const [{ result, events, cost }] = devnet.dryRun([{ kind: "call", contract, fn, args, sender }]);
  const writes = cost === null ? events.length > 0 : cost.write_count > 0;
  return { result: writes ? null : result, cost };
}

function exceedsBudget(cost) {
  return cost !== null && Object.entries(READ_BUDGET).some(([dimension, limit]) => cost[dimension] > limit);
}

function parseCallBody(body) {
  const { sender, arguments: hexArgs } = body ?? {};
  if (typeof sender !== "string" || !Array.isArray(hexArgs)) throw new Error("sender and arguments are needed");
  const args = hexArgs.map((hex) => {
    Cl.deserialize(hex); // refuses what is no Clarity value
    return new Uint8Array(hexBytes(hex));
  });
  Cl.principal(sender);
  return { sender, args };
}

/** Answers 404 and returns false when ?tip= names a block whose state can no longer be read. */
function pinned(devnet, request, reply) {
  const { tip } = request.query;
  if (tip === undefined || !/^[0-9a-f]{64}$/u.test(tip)) return true; // a malformed tip silently means the latest
  if (devnet.isCurrentState(devnet.ledger.findIndexHash(`0x${tip}`))) return true;
  text(reply, 404, "No such chain tip");
  return false;
}

function feeEstimate(fees, length, cost) {
  const estimations = [fees.low, fees.mid, fees.high].map((fee) => {
    const atLeast = Math.max(fee, length);
    return { fee_rate: atLeast / length, fee: atLeast };
  });
  return {
    estimated_cost: cost,
    estimated_cost_scalar: length,
    cost_scalar_change_by_byte: 0.00476837158203125,
    estimations,
  };
}

function withProof(request, answer) {
  return request.query.proof === "0" ? answer : { ...answer, proof: "0x" };
}

function hexBytes(value) {
  if (typeof value !== "string" || !/^(0x)?([0-9a-fA-F]{2})+$/u.test(value)) return null;
  return Buffer.from(value.replace(/^0x/u, ""), "hex");
}

function text(reply, code, message) {
  return reply.code(code).type("text/plain").send(message);
}
