// The local chain over real HTTP: what a node, an indexer and the markets would answer.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import {
  broadcastTransaction,
  Cl,
  makeContractCall,
  makeContractDeploy,
  makeSTXTokenTransfer,
  Pc,
} from "@stacks/transactions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { addressOf, keyOf, MINER } from "../devnet/actors.mjs";

const MAIN = new URL("../devnet/main.mjs", import.meta.url).pathname;
const KEEPER = addressOf("keeper");
const FEES = addressOf("fees");
const FEE = 3_000n;
const TOY = `(define-data-var n uint u0)
(define-map seen uint uint)
(define-fungible-token toy)
(ft-mint? toy u1000 tx-sender)
(define-read-only (get-n) (var-get n))
(define-public (peek) (ok (var-get n)))
(define-public (add (x uint)) (begin
  (print { topic: "added", x: x })
  (map-set seen x x)
  (var-set n (+ (var-get n) x))
  (if (is-eq x u7) (err u7) (ok (var-get n)))))
(define-public (pay (x uint)) (stx-transfer? x tx-sender '${FEES}))
(define-public (give (x uint)) (ft-transfer? toy x tx-sender '${FEES}))
(define-public (boom) (ok (/ u1 (- (var-get n) (var-get n)))))`;

/** Starts the local chain as a child process; resolves when it says that it is ready. */
async function startChain(...args) {
  return startChainIn(tmpdir(), ...args);
}

async function startChainIn(folder, ...args) {
  const options = { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, TMPDIR: folder } };
  const child = spawn(process.execPath, [MAIN, "--port", "0", ...args], options);
  const errors = [];
  child.stderr.on("data", (chunk) => errors.push(chunk));
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    once(child, "exit").then(() => Promise.reject(new Error(Buffer.concat(errors).toString()))),
  ]);
  const ready = JSON.parse(line);
  return new Client(child, ready);
}

class Client {
  constructor(child, ready) {
    this.child = child;
    this.ready = ready;
    this.url = `http://127.0.0.1:${ready.port}`;
  }

  async get(path, options) {
    const answer = await fetch(this.url + path, options);
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, body: parsed(text) };
  }

  post(path, body, method = "POST") {
    const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    return this.get(path, { method, ...json });
  }

  send(transaction) {
    const headers = { "content-type": "application/octet-stream" };
    return this.get("/v2/transactions", { method: "POST", body: transaction.serializeBytes(), headers });
  }

  /** Sends, mines a block, and returns the transaction as the indexer shows it. */
  async mined(transaction) {
    const sent = await this.send(transaction);
    expect(sent.status, sent.text).toBe(200);
    await this.post("/devnet/mine");
    return this.transaction(sent.body);
  }

  async transaction(txid) {
    return (await this.get(`/extended/v3/transactions/0x${txid}?include=result,function_args`)).body;
  }

  async nonce(principal = KEEPER) {
    return (await this.get(`/v2/accounts/${principal}?proof=0`)).body.nonce;
  }

  async balance(principal) {
    return BigInt((await this.get(`/v2/accounts/${principal}?proof=0`)).body.balance);
  }

  async read(contract, fn, args = [], tip = "") {
    const path = `/v2/contracts/call-read/${contract.replace(".", "/")}/${fn}${tip && `?tip=${tip}`}`;
    return this.post(path, { sender: KEEPER, arguments: args.map((arg) => `0x${Cl.serialize(arg)}`) });
  }

  async stop() {
    this.child.kill("SIGTERM");
    const [code] = await once(this.child, "exit");
    return code;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const signed = (nonce, extra = {}) => ({ senderKey: keyOf("keeper"), network: "testnet", fee: FEE, nonce, ...extra });

function call(fn, args, nonce, extra) {
  const target = { contractAddress: KEEPER, contractName: "toy", functionName: fn, functionArgs: args };
  return makeContractCall({ ...target, validateWithAbi: false, ...signed(nonce, extra) });
}

describe("a bare chain", () => {
  let chain;
  beforeAll(async () => {
    // One block an hour: the tests decide when a block is mined.
    chain = await startChain("--bare", "--costs", "--block-ms", "3600000", "--exit-with-parent");
    await chain.mined(await makeContractDeploy({ contractName: "toy", codeBody: TOY, ...signed(0) }));
  });
  afterAll(() => chain.stop());

  it("takes the txid that the reference library computes", async () => {
    const transaction = await call("add", [Cl.uint(1)], await chain.nonce());
    const { body } = await chain.send(transaction);
    expect(body).toBe(transaction.txid());
    await chain.post("/devnet/mine");
  });

  it("is what the reference library's own broadcast expects", async () => {
    const transaction = await call("add", [Cl.uint(1)], await chain.nonce());
    const answer = await broadcastTransaction({ transaction, client: { baseUrl: chain.url } });
    expect(answer).toEqual({ txid: transaction.txid() });
    await chain.post("/devnet/mine");
  });

  it("charges the fee and spends the nonce of a success", async () => {
    const [nonce, before, minedBefore] = [await chain.nonce(), await chain.balance(KEEPER), await chain.balance(MINER)];
    const transaction = await chain.mined(await call("add", [Cl.uint(2)], nonce));
    expect(transaction).toMatchObject({ status: "success", event_count: 1, vm_error: null, fee_rate: "3000" });
    expect(transaction.contract_call.function_args).toEqual([{ hex: "0x0100000000000000000000000000000002", repr: "u2" }]);
    expect(transaction.execution_cost.write_count).toBeGreaterThan(0);
    expect(await chain.nonce()).toBe(nonce + 1);
    expect(await chain.balance(KEEPER)).toBe(before - FEE);
    expect(await chain.balance(MINER)).toBe(minedBefore + FEE);
  });

  it("keeps fee and nonce of a call that answers err, and none of its effects", async () => {
    const [nonce, before] = [await chain.nonce(), await chain.balance(KEEPER)];
    const n = (await chain.read(`${KEEPER}.toy`, "get-n")).body.result;
    const transaction = await chain.mined(await call("add", [Cl.uint(7)], nonce));
    expect(transaction).toMatchObject({ status: "abort_by_response", result: { repr: "(err u7)" }, event_count: 0 });
    expect((await chain.read(`${KEEPER}.toy`, "get-n")).body.result).toBe(n);
    expect([await chain.nonce(), await chain.balance(KEEPER)]).toEqual([nonce + 1, before - FEE]);
  });

  it("records a panic as an abort with the machine's reason", async () => {
    const transaction = await chain.mined(await call("boom", [], await chain.nonce()));
    expect(transaction).toMatchObject({ status: "abort_by_response", result: { repr: "(err none)" } });
    expect(transaction.vm_error).toContain("DivisionByZero");
  });

  describe("post-conditions", () => {
    const mine = (amount) => Pc.principal(KEEPER).willSendLte(amount).ustx();
    const toys = (amount) => Pc.principal(KEEPER).willSendEq(amount).ft(`${KEEPER}.toy`, "toy");
    it.each([
      ["deny, nothing stated", "pay", "deny", [], "abort_by_post_condition"],
      ["deny, stated", "pay", "deny", [mine(5)], "success"],
      ["deny, stated too low", "pay", "deny", [mine(4)], "abort_by_post_condition"],
      ["allow, nothing stated", "pay", "allow", [], "success"],
      ["allow, broken", "pay", "allow", [mine(4)], "abort_by_post_condition"],
      ["originator, own asset not stated", "give", "originator", [], "abort_by_post_condition"],
      ["originator, own asset stated", "give", "originator", [toys(5)], "success"],
      ["deny, another asset stated", "give", "deny", [mine(5)], "abort_by_post_condition"],
    ])("%s", async (_, fn, postConditionMode, postConditions, status) => {
      const [nonce, before] = [await chain.nonce(), await chain.balance(FEES)];
      const transaction = await call(fn, [Cl.uint(5)], nonce, { postConditionMode, postConditions });
      expect((await chain.mined(transaction)).status).toBe(status);
      expect(await chain.nonce()).toBe(nonce + 1);
      const paid = status === "success" && fn === "pay" ? 5n : 0n;
      expect(await chain.balance(FEES)).toBe(before + paid);
    });
  });

  it("takes back only the one that must not stand among several of a block", async () => {
    const nonce = await chain.nonce();
    const calls = [["add", [Cl.uint(1)]], ["boom", []], ["pay", [Cl.uint(5)]], ["add", [Cl.uint(7)]], ["add", [Cl.uint(3)]]];
    const txids = [];
    for (const [index, [fn, args]] of calls.entries()) {
      txids.push((await chain.send(await call(fn, args, nonce + index))).body);
    }
    const { body } = await chain.post("/devnet/mine");
    expect(body.txids).toEqual(txids.map((txid) => `0x${txid}`));
    const found = await Promise.all(txids.map((txid) => chain.transaction(txid)));
    expect(found.map(({ status }) => status)).toEqual([
      "success",
      "abort_by_response",
      "abort_by_post_condition",
      "abort_by_response",
      "success",
    ]);
    expect(new Set(found.map(({ block }) => block.height)).size).toBe(1);
  });

  describe("admission", () => {
    const reasonOf = async (transaction) => (await chain.send(transaction)).body;

    it("refuses a nonce that is spent", async () => {
      const expected = await chain.nonce();
      const body = await reasonOf(await call("add", [Cl.uint(1)], 0));
      expect(body).toMatchObject({ error: "transaction rejected", reason: "BadNonce" });
      expect(body.reason_data).toEqual({ expected, actual: 0, principal: KEEPER, is_origin: true });
    });

    it("refuses the 27th nonce ahead and takes the 26th", async () => {
      const nonce = await chain.nonce();
      expect((await reasonOf(await call("add", [Cl.uint(1)], nonce + 27))).reason).toBe("TooMuchChaining");
      expect((await chain.send(await call("add", [Cl.uint(1)], nonce + 26))).status).toBe(200);
      const { mempool } = (await chain.get(`/extended/v3/principals/${KEEPER}/nonces`)).body;
      expect(mempool.missing_nonces).toHaveLength(26);
      await chain.post("/devnet/mine");
      expect(await chain.nonce()).toBe(nonce); // a gap blocks what is behind it
    });

    it.each([
      ["a fee below one micro-STX a byte", "add", [Cl.uint(1)], { fee: 10n }, "FeeTooLow"],
      ["an unknown function", "nothing", [], {}, "NoSuchPublicFunction"],
      ["a wrong argument", "add", [Cl.int(1)], {}, "BadFunctionArgument"],
      ["an unknown contract", "add", [Cl.uint(1)], { contractName: "nowhere" }, "NoSuchContract"],
      ["a transaction for mainnet", "add", [Cl.uint(1)], { network: "mainnet" }, "BadTransactionVersion"],
    ])("refuses %s", async (_, fn, args, extra, reason) => {
      expect((await reasonOf(await call(fn, args, await chain.nonce(), extra))).reason).toBe(reason);
    });

    it("refuses a signature that was tampered with", async () => {
      const transaction = await call("add", [Cl.uint(1)], await chain.nonce());
      transaction.auth.spendingCondition.fee = 4_000n;
      expect((await reasonOf(transaction)).reason).toBe("SignatureValidation");
    });

    it("refuses a post-condition of a later epoch", async () => {
      const postConditions = [{ type: "staking-postcondition", address: "origin", condition: "lte", amount: 1 }];
      const transaction = await call("add", [Cl.uint(1)], await chain.nonce(), { postConditions });
      expect((await reasonOf(transaction)).reason).toBe("ServerFailureOther");
    });

    it("refuses a transfer of more than there is", async () => {
      const transfer = { recipient: FEES, amount: 10n ** 18n, ...signed(await chain.nonce()) };
      expect((await reasonOf(await makeSTXTokenTransfer(transfer))).reason).toBe("NotEnoughFunds");
    });

    it("refuses bytes that are no transaction", async () => {
      expect((await chain.post("/v2/transactions", { tx: "00ff" })).status).toBe(400);
    });

    it("replaces under the same nonce only for a higher fee", async () => {
      const nonce = await chain.nonce();
      const first = await call("add", [Cl.uint(11)], nonce);
      const second = await call("add", [Cl.uint(12)], nonce);
      const dearer = await call("add", [Cl.uint(12)], nonce, { fee: FEE + 1n });
      expect((await chain.send(first)).status).toBe(200);
      expect((await chain.send(first)).status).toBe(200); // the same bytes again are no conflict
      expect((await reasonOf(second)).reason).toBe("ConflictingNonceInMempool");
      const replaced = await chain.mined(dearer);
      expect(replaced.status).toBe("success");
      const old = await chain.transaction(first.txid());
      expect(old).toMatchObject({ status: "dropped_replace_by_fee", replaced_by_tx_id: `0x${dearer.txid()}` });
    });
  });

  describe("reads", () => {
    it("answers at the tip, and at an older tip until the state changes", async () => {
      const tip = (await chain.get("/v3/tenures/info")).body.tip_block_id;
      await chain.post("/devnet/advance", { blocks: 1 });
      const empty = await chain.read(`${KEEPER}.toy`, "get-n", [], tip);
      expect(empty.body.okay).toBe(true);
      await chain.mined(await call("add", [Cl.uint(1)], await chain.nonce()));
      const stale = await chain.read(`${KEEPER}.toy`, "get-n", [], tip);
      expect([stale.status, stale.text]).toEqual([404, "No such chain tip"]);
    });

    it("runs a public function that writes nothing and refuses one that does", async () => {
      expect((await chain.read(`${KEEPER}.toy`, "peek")).body.okay).toBe(true);
      expect((await chain.read(`${KEEPER}.toy`, "add", [Cl.uint(1)])).body).toEqual({ okay: false, cause: "NotReadOnly" });
    });

    it("says what is not there", async () => {
      expect((await chain.read(`${KEEPER}.nowhere`, "get-n")).body.cause).toContain("NoSuchContract");
      expect((await chain.read(`${KEEPER}.toy`, "get-m")).body.cause).toContain("UndefinedFunction");
    });

    it("reads a variable, a map entry and an interface", async () => {
      const path = `${KEEPER}/toy`;
      expect((await chain.get(`/v2/data_var/${path}/n?proof=0`)).body.data).toMatch(/^0x01/u);
      const entry = (key) => chain.post(`/v2/map_entry/${path}/seen?proof=0`, `0x${Cl.serialize(Cl.uint(key))}`);
      expect((await entry(1)).body.data).toBe("0x0a0100000000000000000000000000000001");
      expect((await entry(999)).body.data).toBe("0x09");
      const { functions } = (await chain.get(`/v2/contracts/interface/${path}`)).body;
      expect(functions.map(({ name }) => name)).toContain("boom");
    });

    it("estimates a fee for a payload", async () => {
      const transaction = await call("add", [Cl.uint(1)], 0);
      const bytes = transaction.serializeBytes();
      const payload = Buffer.from(bytes.subarray(6 + 103 + 2 + 4)).toString("hex");
      const { body } = await chain.post("/v2/fees/transaction", { transaction_payload: payload, estimated_len: bytes.length });
      expect(body.estimations.map(({ fee }) => fee)).toEqual([3_000, 10_000, 50_000]);
      expect(body.estimated_cost.write_count).toBeGreaterThan(0);
    });
  });

  it("shows the same transaction in the old shape, marked as deprecated", async () => {
    const { tx_id: txid } = await chain.mined(await call("add", [Cl.uint(4)], await chain.nonce()));
    const { body, headers } = await chain.get(`/extended/v1/tx/${txid}`);
    expect(body).toMatchObject({ tx_status: "success", tx_type: "contract_call", canonical: true });
    expect(body.events[0]).toMatchObject({ event_type: "smart_contract_log", contract_log: { topic: "print" } });
    expect(headers.get("warning")).toContain("299");
    const { results } = (await chain.get(`/extended/v3/transactions/${txid}/events`)).body;
    expect(results[0]).toMatchObject({ type: "contract_log", contract_log: { contract_id: `${KEEPER}.toy` } });
    expect(results[0].contract_log.value.repr).toBe('(tuple (topic "added") (x u4))');
    expect((await chain.get(`/extended/v3/transactions/0x${"00".repeat(32)}`)).status).toBe(404);
  });

  it("moves time and height", async () => {
    const before = (await chain.get("/extended/v2/blocks/latest")).body;
    await chain.post("/devnet/advance", { seconds: 86_405 });
    const after = (await chain.get("/extended/v2/blocks/latest")).body;
    expect(after.block_time - before.block_time).toBeGreaterThanOrEqual(86_405);
    expect(after.block_time - before.block_time).toBeLessThan(86_405 + 600);
    expect(after.burn_block_height).toBe(before.burn_block_height + 144);
    expect((await chain.get("/v2/info")).body.stacks_tip_height).toBe(after.height);
    expect((await chain.post("/devnet/advance", { seconds: -5 })).status).toBe(400);
  });

  it("takes blocks back in a reorganisation and mines their transactions again", async () => {
    const nonce = await chain.nonce();
    const transaction = await chain.mined(await call("add", [Cl.uint(5)], nonce));
    const { body } = await chain.post("/devnet/faults", { kind: "reorg", depth: 1 });
    expect(body.blocks).toBe(1);
    const again = (await chain.get(`/extended/v3/transactions/${transaction.tx_id}`)).body;
    expect(again.status).toBe("success");
    expect(again.block.index_hash).not.toBe(transaction.block.index_hash);
    expect(await chain.nonce()).toBe(nonce + 1);
  });

  describe("faults", () => {
    it("answers wrongly as often as it was asked to, then rightly", async () => {
      await chain.post("/devnet/faults", { match: "/v2/info", kind: "status", value: 503, times: 1 });
      await chain.post("/devnet/faults", { match: "/v2/info", kind: "malformed", times: 1 });
      await chain.post("/devnet/faults", { match: "/v2/info", kind: "cut", times: 1 });
      expect((await chain.get("/v2/info")).status).toBe(503);
      expect((await chain.get("/v2/info")).body).toBeUndefined();
      await expect(chain.get("/v2/info")).rejects.toThrow();
      expect((await chain.get("/v2/info")).status).toBe(200);
      expect((await chain.post("/devnet/faults", { kind: "nonsense" })).status).toBe(400);
      await chain.post("/devnet/faults", undefined, "DELETE");
    });

    it("lies about a transaction that it never took", async () => {
      await chain.post("/devnet/faults", { match: "/v2/transactions", kind: "lying-200", times: 1 });
      const transaction = await call("add", [Cl.uint(6)], await chain.nonce());
      expect((await chain.send(transaction)).body).toBe(transaction.txid());
      await chain.post("/devnet/mine");
      expect((await chain.get(`/extended/v3/transactions/0x${transaction.txid()}`)).status).toBe(404);
      expect((await chain.mined(transaction)).status).toBe("success");
    });

    it("takes a transaction and answers as if it had not", async () => {
      await chain.post("/devnet/faults", { match: "/v2/transactions", kind: "taken-status", value: 502, times: 1 });
      const transaction = await call("add", [Cl.uint(6)], await chain.nonce());
      expect((await chain.send(transaction)).status).toBe(502);
      await chain.post("/devnet/mine");
      expect((await chain.transaction(transaction.txid())).status).toBe("success");
    });

    it("lets a transaction come late", async () => {
      await chain.post("/devnet/faults", { match: "/v2/transactions", kind: "delay-tx", value: 1, times: 1 });
      const late = await chain.mined(await call("add", [Cl.uint(6)], await chain.nonce()));
      expect(late.status).toBe("pending");
      await new Promise((resolve) => setTimeout(resolve, 1_050));
      await chain.post("/devnet/mine");
      expect((await chain.get(`/extended/v3/transactions/${late.tx_id}`)).body.status).toBe("success");
    });

    it("refuses a transaction for a reason it is given, as often as asked", async () => {
      await chain.post("/devnet/faults", { match: "/v2/transactions", kind: "reject", value: "NotEnoughFunds", times: 1 });
      const transaction = await call("add", [Cl.uint(6)], await chain.nonce());
      const { status, body } = await chain.send(transaction);
      expect([status, body.reason, body.txid]).toEqual([400, "NotEnoughFunds", transaction.txid()]);
      expect((await chain.mined(transaction)).status).toBe("success");
    });

    it("forgets a transaction that waits, and says so of one that does not", async () => {
      const txid = (await chain.send(await call("add", [Cl.uint(6)], await chain.nonce()))).body;
      expect((await chain.post("/devnet/faults", { kind: "forget", txid })).body.forgotten).toBe(true);
      await chain.post("/devnet/mine");
      expect((await chain.transaction(txid)).status).toBe("dropped_stale_garbage_collect");
      expect((await chain.post("/devnet/faults", { kind: "forget", txid })).body.forgotten).toBe(false);
    });

    it("loses in a reorganisation what one principal had in the blocks, and takes it again when it is offered again", async () => {
      const nonce = await chain.nonce();
      const transaction = await call("add", [Cl.uint(5)], nonce);
      await chain.mined(transaction);
      await chain.post("/devnet/faults", { kind: "reorg", depth: 1, lose: KEEPER });
      expect((await chain.transaction(transaction.txid())).status).toBe("dropped_stale_garbage_collect");
      expect(await chain.nonce()).toBe(nonce);
      const { transactions } = (await chain.get(`/devnet/transactions?sender=${KEEPER}`)).body;
      expect(transactions.find(({ txid }) => txid === `0x${transaction.txid()}`)).toMatchObject({ nonce, block_height: null });
      expect((await chain.mined(transaction)).status).toBe("success");
    });
  });

  it("keeps what the webhooks are sent", async () => {
    expect((await chain.post("/slack/T/B/x", { text: "hello" })).text).toBe("ok");
    expect((await chain.post("/discord/1/x", { content: "hello" })).status).toBe(204);
    const { webhooks } = (await chain.get("/devnet/webhooks")).body;
    expect(webhooks.map(({ service, body }) => [service, body])).toEqual([
      ["slack", { text: "hello" }],
      ["discord", { content: "hello" }],
    ]);
  });

  it("gives away the keeper's key and nobody else's", async () => {
    const { body } = await chain.get("/devnet/actors/keeper/key");
    expect(body).toEqual({ name: "keeper", address: KEEPER, key: keyOf("keeper") });
    expect((await chain.get("/devnet/actors/guardian/key")).status).toBe(403);
  });
});

describe("the launch scenario", () => {
  const POOLS = [1, 2, 3];
  const HERMES = "/hermes/v2/updates/price/latest?ids[]=ec7a775f46379b5e943c3526b1c8d54cd49749176b0b98e02dde68d1bd335c17";
  let chain;
  let ours;
  beforeAll(async () => {
    chain = await startChain("--block-ms", "100", "--exit-with-parent");
    const { deployer } = (await chain.get("/devnet/state")).body;
    ours = (name) => `${deployer}.${name}`;
    console.info(`the launch scenario was ready after ${chain.ready.boot_ms} ms`);
  });
  afterAll(() => chain.stop());

  /** A read-only answer as plain JavaScript values. */
  const ask = async (contract, fn, ...args) => {
    const { body } = await chain.read(ours(contract), fn, args);
    expect(body, `${contract} ${fn}`).toMatchObject({ okay: true });
    return cvToPlain(Cl.deserialize(body.result));
  };
  const act = async (contract, fn, functionArgs) => {
    const [contractAddress, contractName] = ours(contract).split(".");
    const target = { contractAddress, contractName, functionName: fn, functionArgs, validateWithAbi: false };
    const sent = await chain.send(await makeContractCall({ ...target, ...signed(await chain.nonce()) }));
    expect(sent.status, sent.text).toBe(200);
    return until(`${fn} is mined`, async () => {
      const found = await chain.transaction(sent.body);
      return found.status !== "pending" && found;
    });
  };
  const usd = async () => (await chain.get("/coingecko/api/v3/simple/price?ids=blockstack,alexgo,arkadiko-protocol,welsh-corgi-coin,stacking-dao&vs_currencies=usd&include_last_updated_at=true")).body;
  const report = async () => {
    const said = await usd();
    const { time } = (await chain.get("/devnet/state")).body;
    const stx = said.blockstack.usd;
    const rows = [
      [ours("stx-token"), stx],
      ["SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-alex", said.alexgo.usd / stx],
      ["SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.arkadiko-token", said["arkadiko-protocol"].usd / stx],
      ["SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token", said["welsh-corgi-coin"].usd / stx],
      ["SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token", said["stacking-dao"].usd / stx],
    ].map(([asset, price]) => Cl.tuple({ asset: Cl.principal(asset), price: Cl.uint(Math.round(price * 1e12)), at: Cl.uint(time) }));
    return act("pool-oracle", "post-prices", [Cl.list(rows)]);
  };

  it("says where every number of its scenario file is from", () => {
    const loose = [];
    const visit = (node, path) => {
      if (typeof node === "number") loose.push(path);
      else if (node !== null && typeof node === "object") {
        if ("value" in node && typeof node.from === "string" && node.from.length > 0) return;
        for (const [key, value] of Object.entries(node)) visit(value, `${path}.${key}`);
      }
    };
    visit(JSON.parse(readFileSync(new URL("../devnet/scenarios/launch.json", import.meta.url), "utf8")), "launch");
    expect(loose).toEqual([]);
  });

  it("opens on the morning after a real vote and a real rebalance", async () => {
    expect(await ask("pool-access", "get-governance")).toBe(ours("pool-governance"));
    expect(await ask("whale-pool-vault", "get-pool-count")).toBe(3n);
    for (const id of POOLS) {
      const pool = await ask("whale-pool-vault", "get-pool", Cl.uint(id));
      expect(pool.pauses).toEqual({ deposits: false, withdrawals: false, rebalances: false });
      expect(pool).toMatchObject({ paused: false, "management-bps": 50n, "performance-bps": 1_000n });
      const mandate = await ask("pool-governance", "get-mandate", await latest(id));
      expect(mandate.slices).toBe(1n);
      const { time } = (await chain.get("/devnet/state")).body;
      expect(time - Number(mandate["opened-at"])).toBeGreaterThan(20 * 3600);
    }
    expect(await ask("pool-terms", "get-accounts")).toEqual({ "fee-account": ours("fee-treasury"), "insurance-account": ours("insurance-fund") });
    const guardian = [Cl.principal(addressOf("guardian")), Cl.stringAscii("guardian")];
    expect(await ask("pool-access", "has-role", ...guardian)).toBe(true);
    const [queued, ...others] = await ask("whale-pool-vault", "get-queue", Cl.uint(3));
    expect(queued.user).toBe(addressOf("depositor-3"));
    expect(others).toEqual([]);
  });

  const latest = async (id) => Cl.uint(await ask("pool-governance", "get-latest-proposal", Cl.uint(id)));

  it("keeps clock, chain and price sources together", async () => {
    const { time } = (await chain.get("/devnet/state")).body;
    expect(Math.abs(time - Date.now() / 1000)).toBeLessThan(3_600);
    const said = await usd();
    const { data } = (await chain.get("/alex/v2/public/token-prices")).body;
    const alex = data.find(({ contract_id: id }) => id.endsWith(".token-alex")).last_price_usd;
    expect(alex / said.alexgo.usd).toBeCloseTo(1, 2);
    expect(said.blockstack.last_updated_at).toBeGreaterThanOrEqual(time);
    expect((await chain.get(HERMES)).status).toBe(401);
    const { parsed: [feed] } = (await chain.get(HERMES, { headers: { authorization: "Bearer any" } })).body;
    expect(feed.id).toMatch(/^ec7a/u);
    expect(feed.price).toMatchObject({ price: "47240000", expo: -8 });
    const { data: [pool] } = (await chain.get("/velar/pools")).body;
    expect(pool).toMatchObject({ token0Symbol: "STX", token1Symbol: "WELSH" });
  });

  it("tells a wrong price on request, from one source only", async () => {
    const right = (await usd()).alexgo.usd;
    await chain.post("/devnet/faults", { kind: "price", source: "coingecko", asset: "ALEX", factor: 1.2 });
    expect((await usd()).alexgo.usd / right).toBeCloseTo(1.2);
    await chain.post("/devnet/faults", undefined, "DELETE");
    expect((await usd()).alexgo.usd).toBe(right);
  });

  it("closes a venue on the chain and opens it again", async () => {
    const quote = () =>
      ask("alex-adapter", "quote-between", Cl.principal(ours("stx-token")), Cl.principal("SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-alex"), Cl.uint(1_000_000));
    expect((await quote()).ok).toBeGreaterThan(0n);
    await chain.post("/devnet/faults", { kind: "venue-pause", venue: "alex" });
    expect(await quote()).toEqual({ err: 1804n });
    await chain.post("/devnet/faults", undefined, "DELETE");
    expect((await quote()).ok).toBeGreaterThan(0n);
  });

  it("has voters that pass a proposal, and time that moves past the vote", async () => {
    expect((await report()).status).toBe("success");
    const pool = await ask("whale-pool-vault", "get-pool-assets", Cl.uint(2));
    const targets = pool.map(({ asset }) => Cl.tuple({ asset: Cl.principal(asset), bps: Cl.uint(5_000) }));
    const limits = { "turnover-bps": Cl.uint(6_000), "slippage-bps": Cl.uint(180), "loss-bps": Cl.uint(150) };
    const args = [Cl.uint(2), Cl.list(targets), Cl.tuple(limits), Cl.uint(21_600), Cl.buffer(new Uint8Array(32))];
    expect((await act("pool-governance", "propose-mandate", args)).status).toBe("success");
    const id = await latest(2);
    const { "due-at": due } = await ask("pool-governance", "get-proposal", id);
    await until("the vote and its wait are over", async () => (await chain.get("/devnet/state")).body.time >= Number(due));
    const { "votes-for": yes, "stake-total": all } = await ask("pool-governance", "get-proposal", id);
    expect(yes).toBe(all);
    expect((await report()).status).toBe("success");
    expect((await act("pool-governance", "conclude", [id])).status).toBe("success");
    expect(await ask("pool-governance", "get-open-mandate", Cl.uint(2))).toBe(BigInt(id.value));
  });

  it("lets the whales rotate, prices move and venues follow", async () => {
    const before = await usd();
    const whales = async () => (await chain.get("/devnet/whales")).body.whales;
    const portfolios = (await whales()).map(({ allocation_bps: bps }) => bps);
    const { body } = await chain.post("/devnet/market", { event: "whales-rotate" });
    expect(body).toMatchObject({ event: "whales-rotate", round: 2 });
    await chain.post("/devnet/advance", { seconds: 600 });
    const after = await usd();
    for (const id of Object.keys(before)) expect(Math.abs(after[id].usd / before[id].usd - 1)).toBeLessThan(0.08);
    expect(after.alexgo.usd).toBeGreaterThan(before.alexgo.usd * 1.05);
    const rotated = (await whales()).filter(({ allocation_bps: bps }, index) => JSON.stringify(bps) !== JSON.stringify(portfolios[index]));
    expect(rotated).toHaveLength(9);
    await until("ALEX follows", async () => {
      const { data } = (await chain.get("/alex/v2/public/token-prices")).body;
      const price = data.find(({ contract_id: id }) => id.endsWith(".token-alex")).last_price_usd;
      return Math.abs(price / after.alexgo.usd - 1) < 0.005;
    });
    expect((await chain.post("/devnet/market", { event: "nothing" })).status).toBe(400);
  });
});

async function until(what, condition, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`it did not happen within ${seconds} s that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// Optionals become their value or null, responses {ok} or {err}.
function cvToPlain(value) {
  switch (value.type) {
    case "some":
      return cvToPlain(value.value);
    case "none":
      return null;
    case "ok":
    case "err":
      return { [value.type]: cvToPlain(value.value) };
    case "true":
    case "false":
      return value.type === "true";
    case "uint":
    case "int":
      return BigInt(value.value);
    case "list":
      return value.value.map(cvToPlain);
    case "tuple":
      return Object.fromEntries(Object.entries(value.value).map(([key, inner]) => [key, cvToPlain(inner)]));
    default:
      return value.value;
  }
}

describe("stopping", () => {
  it("ends when its parent's pipe closes, leaving neither port nor folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "devnet-test-"));
    const chain = await startChainIn(folder, "--bare", "--exit-with-parent");
    expect(readdirSync(folder)).toHaveLength(1);
    chain.child.stdin.end();
    const [code] = await once(chain.child, "exit");
    expect(code).toBe(0);
    await expect(fetch(`${chain.url}/v2/info`)).rejects.toThrow();
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it("says what is wrong with an option", async () => {
    await expect(startChain("--block-ms", "soon")).rejects.toThrow("--block-ms must be a whole number");
  });
});
