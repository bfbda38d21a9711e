// The hand on the local chain: time, market events, faults, and what was received by the webhooks.

import { addressBook, keyOf } from "./actors.mjs";
import { BadRule } from "./faults.mjs";

const MAX_ADVANCE_SECS = 400 * 24 * 3600;
const MAX_ADVANCE_BLOCKS = 100_000;

/** Registers /devnet/*. `scenario` is null on a bare chain. */
export function registerControl(app, devnet, { scenario, faults, webhooks, name }) {
  app.get("/devnet/state", () => ({
    deployer: devnet.chain.deployer,
    actors: addressBook(),
    height: devnet.tip.height,
    burn_height: devnet.tip.burnHeight,
    time: devnet.tip.time,
    index_block_hash: devnet.tip.indexHash,
    contracts: devnet.chain
      .contracts()
      .filter((contract) => contract.startsWith(`${devnet.chain.deployer}.`))
      .sort(),
    scenario: name,
    round: scenario?.round ?? 0,
    events: scenario?.eventNames ?? [],
    mempool: devnet.mempool.records.length,
    faults: faults.rules.map(({ left, ...rule }) => ({ ...rule, left: left === Infinity ? null : left })),
  }));

  registerTime(app, devnet);
  registerFaults(app, faults);

  app.get("/devnet/transactions", (request) => {
    const { sender } = request.query;
    const { blocks, transactions } = devnet.ledger;
    const depths = new Map(blocks.map((block, index) => [block, blocks.length - index]));
    const wanted = [...transactions.values()].filter(({ decoded }) => sender === undefined || decoded.sender === sender);
    return { transactions: wanted.map((record) => ({ ...brief(record), depth: depths.get(record.block) ?? null })) };
  });

  app.get("/devnet/whales", () => ({ observed_at: devnet.tip.time, whales: scenario?.whales() ?? [] }));

  app.get("/devnet/webhooks", () => ({ webhooks }));

  app.post("/devnet/market", (request, reply) => {
    const { event } = request.body ?? {};
    if (scenario === null || !scenario.eventNames.includes(event)) {
      return refuse(reply, `unknown event ${event}; known: ${scenario?.eventNames.join(", ") ?? "none"}`);
    }
    return scenario.fire(event);
  });

  app.get("/devnet/actors/:name/key", (request, reply) => {
    if (request.params.name !== "keeper") return refuse(reply, "only the keeper's key is given away", 403);
    return { name: "keeper", address: addressBook().keeper, key: keyOf("keeper") };
  });
}

function registerTime(app, devnet) {
  app.post("/devnet/advance", (request, reply) => {
    const { seconds, blocks } = request.body ?? {};
    if (isCount(seconds, MAX_ADVANCE_SECS)) devnet.advanceSeconds(seconds);
    else if (isCount(blocks, MAX_ADVANCE_BLOCKS)) devnet.advanceBlocks(blocks);
    else return refuse(reply, `give "seconds" (to ${MAX_ADVANCE_SECS}) or "blocks" (to ${MAX_ADVANCE_BLOCKS}), a whole number above 0`);
    return where(devnet.tip);
  });

  app.post("/devnet/mine", () => {
    const block = devnet.mine();
    return { ...where(block), txids: block.txids };
  });
}

function registerFaults(app, faults) {
  app.post("/devnet/faults", (request, reply) => {
    try {
      return faults.add(request.body);
    } catch (error) {
      if (error instanceof BadRule) return refuse(reply, error.message);
      throw error;
    }
  });

  app.delete("/devnet/faults", () => {
    faults.clear();
    return { rules: 0 };
  });
}

function where({ height, time, indexHash }) {
  return { height, time, index_block_hash: indexHash };
}

function brief({ txid, decoded, status, block }) {
  const { sender, nonce, fee, payload } = decoded;
  return { txid, sender, nonce, fee: String(fee), status, block_height: block?.height ?? null, call: payload.fn ?? null };
}

function isCount(value, most) {
  return Number.isInteger(value) && value > 0 && value <= most;
}

function refuse(reply, message, code = 400) {
  return reply.code(code).send({ error: message });
}
