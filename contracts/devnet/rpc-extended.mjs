// The indexer's API, /extended: v3 first, and the deprecated v1 routes that clients still fall back to.

import { blockV2, eventV3, isMined, transactionV1, transactionV3 } from "./shapes.mjs";

const SERVER_VERSION = "stacks-blockchain-api local-chain (simulated Clarity VM)";
const DEPRECATED = '299 - "Deprecated: use the v3 endpoints"';

export function registerExtendedApi(app, devnet) {
  const find = (txid) => devnet.ledger.transactions.get(`0x${txid.toLowerCase().replace(/^0x/u, "")}`);
  registerChain(app, devnet);
  registerTransactionsV3(app, find);
  registerPrincipalsV3(app, devnet);
  registerV1(app, devnet, find);
}

function registerChain(app, devnet) {
  app.get("/extended", () => {
    const tip = devnet.tip;
    return {
      server_version: SERVER_VERSION,
      status: "ready",
      chain_tip: {
        block_height: tip.height,
        block_hash: tip.hash,
        index_block_hash: tip.indexHash,
        burn_block_height: tip.burnHeight,
      },
    };
  });

  const recordsOf = (block) => block.txids.map((txid) => devnet.ledger.transactions.get(txid));
  app.get("/extended/v2/blocks/:which", (request, reply) => {
    const block = devnet.ledger.find(request.params.which);
    return block === undefined ? notFound(reply, "block not found") : blockV2(block, recordsOf);
  });
}

function registerTransactionsV3(app, find) {
  app.get("/extended/v3/transactions/:txid", (request, reply) => {
    const record = find(request.params.txid);
    if (record === undefined) return notFound(reply, "Transaction not found");
    const include = new Set([request.query.include ?? []].flat().flatMap((part) => part.split(",")));
    return transactionV3(record, include);
  });

  app.get("/extended/v3/transactions/:txid/events", (request, reply) => {
    const record = find(request.params.txid);
    if (record === undefined || !isMined(record)) return notFound(reply, "Transaction not found");
    return page(request, record.events.map(eventV3));
  });
}

function registerPrincipalsV3(app, devnet) {
  app.get("/extended/v3/principals/:principal/nonces", (request) => {
    const state = nonceState(devnet, request.params.principal);
    return {
      next_nonce: state.next,
      last_confirmed_nonce: state.confirmed,
      mempool: { last_nonce: state.lastPending, pending_nonces: state.between, missing_nonces: state.missing },
    };
  });

  app.get("/extended/v3/principals/:principal/balances/stx", (request) => {
    const { balance, locked } = devnet.chain.account(request.params.principal);
    const total = String(balance + locked);
    return { balance: total, available: String(balance), locked: null, mempool: null };
  });

  app.get("/extended/v3/principals/:principal/balances/ft", (request) => {
    const balances = tokenBalances(devnet, request.params.principal);
    return page(request, balances.map(([asset, balance]) => ({ asset_identifier: asset, balance: String(balance) })));
  });

  app.get("/extended/v3/principals/:principal/balances/ft/:asset", (request) => {
    const { principal, asset } = request.params;
    const held = tokenBalances(devnet, principal).find(([name]) => name === asset);
    return { asset_identifier: asset, balance: String(held?.[1] ?? 0n) };
  });

  app.get("/extended/v3/principals/:principal/mempool/transactions", (request) => {
    const { principal } = request.params;
    const own = devnet.mempool.records.filter(({ decoded }) => [decoded.sender, decoded.sponsor].includes(principal));
    return page(request, own.map((record) => transactionV3(record, new Set())));
  });
}

function registerV1(app, devnet, find) {
  app.get("/extended/v1/tx/:txid", (request, reply) => {
    reply.header("warning", DEPRECATED);
    const record = find(request.params.txid);
    if (record === undefined) return notFound(reply, `could not find transaction by ID ${request.params.txid}`);
    return transactionV1(record, devnet.chain.interface(record.decoded.payload.contract));
  });

  app.get("/extended/v1/address/:principal/nonces", (request, reply) => {
    reply.header("warning", DEPRECATED);
    const state = nonceState(devnet, request.params.principal);
    return {
      last_mempool_tx_nonce: state.lastPending,
      last_executed_tx_nonce: state.confirmed,
      possible_next_nonce: state.next,
      detected_missing_nonces: state.missing,
      detected_mempool_nonces: state.between,
    };
  });

  app.get("/extended/v1/address/:principal/balances", (request, reply) => {
    reply.header("warning", DEPRECATED);
    const { principal } = request.params;
    const { balance, locked } = devnet.chain.account(principal);
    const held = tokenBalances(devnet, principal);
    return {
      stx: { balance: String(balance + locked), locked: String(locked) },
      fungible_tokens: Object.fromEntries(held.map(([asset, amount]) => [asset, { balance: String(amount) }])),
      non_fungible_tokens: {},
    };
  });
}

function nonceState(devnet, principal) {
  const confirmed = devnet.ledger.lastExecuted(principal);
  const first = devnet.ledger.nonce(principal);
  const pending = devnet.mempool.pendingNonces(principal);
  const lastPending = pending.at(-1) ?? null;
  const span = lastPending === null ? 0 : Math.max(0, lastPending - first);
  const expected = Array.from({ length: span }, (_, index) => first + index);
  return {
    confirmed,
    lastPending,
    next: lastPending === null ? first : Math.max(first, lastPending + 1),
    between: expected.filter((nonce) => pending.includes(nonce)),
    missing: expected.filter((nonce) => !pending.includes(nonce)),
  };
}

/** [[asset identifier, amount]] of what a principal holds, largest first. */
function tokenBalances(devnet, principal) {
  return devnet.chain.tokensOf(principal).sort(([, a], [, b]) => (b > a ? 1 : -1));
}

function page(request, results) {
  const limit = Math.min(Number(request.query.limit ?? 20), 100);
  const start = Number(request.query.cursor ?? 0);
  const next = start + limit < results.length ? String(start + limit) : null;
  const previous = start > 0 ? String(Math.max(0, start - limit)) : null;
  return {
    total: results.length,
    limit,
    cursor: { next, previous, current: String(start) },
    results: results.slice(start, start + limit),
  };
}

function notFound(reply, message) {
  return reply.code(404).send({ error: "Not Found", message });
}
