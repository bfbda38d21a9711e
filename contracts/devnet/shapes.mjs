// Transactions, events and blocks in the shapes of the indexer: v3, and v1 which is on its way out.

import { Cl, cvToString } from "@stacks/transactions";

const ZERO_COST = { read_count: 0, read_length: 0, runtime: 0, write_count: 0, write_length: 0 };
const ZERO_HASH = `0x${"00".repeat(32)}`;
const MINED = new Set(["success", "abort_by_response", "abort_by_post_condition"]);
const MODES = { 1: "allow", 2: "deny", 3: "originator" };

export const isMined = (record) => MINED.has(record.status);
export const iso = (seconds) => new Date(seconds * 1000).toISOString();

export function hexAndRepr(hex) {
  return { hex, repr: cvToString(Cl.deserialize(hex)) };
}

function argument(value) {
  return { hex: `0x${Cl.serialize(value)}`, repr: cvToString(value) };
}

/** v3 shape; `include` is the set of optional parts the caller asked for. */
export function transactionV3(record, include) {
  const { decoded } = record;
  const common = {
    tx_id: record.txid,
    sender: { address: decoded.sender, nonce: decoded.nonce },
    sponsor: decoded.sponsor === null ? null : { address: decoded.sponsor, nonce: decoded.sponsorNonce },
    fee_rate: String(decoded.fee),
    status: record.status,
    ...(isMined(record) ? minedV3(record, include) : waitingV3(record)),
    ...payloadV3(decoded, include),
  };
  if (include.has("post_conditions")) common.post_condition_mode = MODES[decoded.wire.postConditionMode];
  return common;
}

function minedV3({ block, index, vmError, events, cost, result }, include) {
  const mined = {
    block: { height: block.height, hash: block.hash, index_hash: block.indexHash, time: block.time, tx_index: index },
    bitcoin_block: { height: block.burnHeight, time: block.time },
    parent_block: { hash: block.parentHash, index_hash: block.parentIndexHash },
    vm_error: vmError,
    event_count: events.length,
    execution_cost: cost ?? ZERO_COST,
  };
  if (include.has("result")) mined.result = hexAndRepr(result);
  return mined;
}

function waitingV3({ receivedAt, receivedHeight, replacedBy }) {
  return { receipt_time: receivedAt, receipt_block_height: receivedHeight, replaced_by_tx_id: replacedBy };
}

function payloadV3({ payload, sender }, include) {
  switch (payload.kind) {
    case "token_transfer":
      return { type: payload.kind, token_transfer: transferOf(payload) };
    case "contract_call": {
      const call = { contract_id: payload.contract, function_name: payload.fn };
      if (include.has("function_args")) call.function_args = payload.args.map(argument);
      return { type: payload.kind, contract_call: call };
    }
    default: {
      const contract = { clarity_version: payload.clarityVersion, contract_id: `${sender}.${payload.name}` };
      if (include.has("source_code")) contract.source_code = payload.source;
      return { type: payload.kind, smart_contract: contract };
    }
  }
}

function transferOf({ recipient, amount, memo }) {
  return { recipient_address: recipient, amount: String(amount), memo: `0x${memo.toString("hex")}` };
}

/** v1 shape, flat keys. */
export function transactionV1(record, face) {
  const { decoded } = record;
  return {
    tx_id: record.txid,
    nonce: decoded.nonce,
    fee_rate: String(decoded.fee),
    sender_address: decoded.sender,
    ...(decoded.sponsor === null ? {} : { sponsor_address: decoded.sponsor, sponsor_nonce: decoded.sponsorNonce }),
    sponsored: decoded.sponsor !== null,
    post_condition_mode: MODES[decoded.wire.postConditionMode],
    anchor_mode: "any",
    tx_status: record.status,
    ...payloadV1(decoded, face),
    ...(isMined(record) ? minedV1(record) : waitingV1(record)),
  };
}

function payloadV1({ payload, sender }, face) {
  switch (payload.kind) {
    case "token_transfer":
      return { tx_type: payload.kind, token_transfer: transferOf(payload) };
    case "contract_call": {
      const declared = face?.functions.find(({ name }) => name === payload.fn);
      const args = payload.args.map((value, index) => ({ ...argument(value), name: declared?.args[index]?.name }));
      const call = { contract_id: payload.contract, function_name: payload.fn, function_args: args };
      return { tx_type: payload.kind, contract_call: call };
    }
    default:
      return {
        tx_type: payload.kind,
        smart_contract: { contract_id: `${sender}.${payload.name}`, source_code: payload.source },
      };
  }
}

function minedV1({ block, index, result, events, cost, vmError, txid }) {
  const spent = Object.entries(cost ?? ZERO_COST).map(([name, value]) => [`execution_cost_${name}`, value]);
  return {
    block_hash: block.hash,
    block_height: block.height,
    block_time: block.time,
    block_time_iso: iso(block.time),
    burn_block_height: block.burnHeight,
    burn_block_time: block.time,
    burn_block_time_iso: iso(block.time),
    parent_block_hash: block.parentHash,
    canonical: true,
    tx_index: index,
    tx_result: hexAndRepr(result),
    vm_error: vmError,
    event_count: events.length,
    events: events.map((event, at) => eventV1(event, at, txid)),
    ...Object.fromEntries(spent),
  };
}

function waitingV1({ receivedAt, replacedBy }) {
  return { receipt_time: receivedAt, receipt_time_iso: iso(receivedAt), replaced_by_tx_id: replacedBy };
}

// The machine says print_event, ft_transfer_event, …; the indexer says what moved and how.
function anatomy({ event, data }) {
  if (event === "print_event") {
    const value = hexAndRepr(data.raw_value);
    return { kind: "log", log: { contract_id: data.contract_identifier, topic: data.topic, value } };
  }
  const [, asset, move] = /^(stx|ft|nft)_(\w+)_event$/u.exec(event) ?? [null, event, ""];
  return { kind: asset, move, data };
}

export function eventV3(raw, index) {
  const { kind, log, move, data } = anatomy(raw);
  if (kind === "log") return { event_index: index, type: "contract_log", contract_log: log };
  const parties = { ...only(data, "sender"), ...only(data, "recipient") };
  if (kind === "stx") {
    const memo = move === "transfer" ? { memo: null } : {};
    return { event_index: index, type: "stx_asset", stx_asset: { type: move, ...parties, amount: data.amount, ...memo } };
  }
  const asset = { type: move, asset_identifier: data.asset_identifier, ...parties };
  if (kind === "ft") return { event_index: index, type: "ft_asset", ft_asset: { ...asset, amount: data.amount } };
  return { event_index: index, type: "nft_asset", nft_asset: { ...asset, value: hexAndRepr(data.raw_value) } };
}

export function eventV1(raw, index, txid) {
  const { kind, log, move, data } = anatomy(raw);
  const head = { event_index: index, tx_id: txid };
  if (kind === "log") return { ...head, event_type: "smart_contract_log", contract_log: log };
  const asset = { asset_event_type: move, sender: data.sender ?? "", recipient: data.recipient ?? "" };
  if (kind === "stx") return { ...head, event_type: "stx_asset", asset: { ...asset, amount: data.amount } };
  asset.asset_id = data.asset_identifier;
  if (kind === "ft") return { ...head, event_type: "fungible_token_asset", asset: { ...asset, amount: data.amount } };
  return { ...head, event_type: "non_fungible_token_asset", asset: { ...asset, value: hexAndRepr(data.raw_value) } };
}

function only(data, key) {
  return data[key] === undefined ? {} : { [key]: data[key] };
}

export function blockV2(block, recordsOf) {
  const costs = recordsOf(block).map(({ cost }) => cost ?? ZERO_COST);
  const sum = (dimension) => costs.reduce((total, cost) => total + cost[dimension], 0);
  const spent = Object.keys(ZERO_COST).map((dimension) => [`execution_cost_${dimension}`, sum(dimension)]);
  return {
    canonical: true,
    height: block.height,
    hash: block.hash,
    block_time: block.time,
    block_time_iso: iso(block.time),
    tenure_height: block.burnHeight,
    index_block_hash: block.indexHash,
    parent_block_hash: block.parentHash,
    parent_index_block_hash: block.parentIndexHash,
    burn_block_time: block.time,
    burn_block_time_iso: iso(block.time),
    burn_block_hash: block.burnHash,
    burn_block_height: block.burnHeight,
    miner_txid: ZERO_HASH,
    tx_count: block.txids.length,
    ...Object.fromEntries(spent),
  };
}
