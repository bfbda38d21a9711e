// The waiting room: what a node checks before it takes a transaction, and which of them can go next.

import { argumentMismatch } from "./abi.mjs";
import { checkSignatures, decodeTransaction, SignatureError } from "./wire.mjs";

const TESTNET_VERSION = 0x80;
export const TESTNET_CHAIN_ID = 0x80000000;
const LAST_CONDITION_TYPE = 2; // STX, fungible, non-fungible; staking and PoX come with epoch 4.0
const MAX_CHAINING = 25;
const MIN_FEE_PER_BYTE = 1n;

/** A refusal in the node's own words; `body` is what POST /v2/transactions answers with status 400. */
export class Rejection extends Error {
  constructor(reason, reasonData, txid) {
    super(reason);
    this.body = { error: "transaction rejected", reason, txid: txid?.replace(/^0x/u, "") };
    if (reasonData !== null) this.body.reason_data = reasonData;
  }
}

const hexU128 = (value) => `0x${value.toString(16).padStart(32, "0")}`;

export class Mempool {
  #chain;
  #ledger;
  #waiting = new Map(); // "principal nonce" to record; a sponsored transaction stands under both of its keys

  constructor(chain, ledger) {
    this.#chain = chain;
    this.#ledger = ledger;
  }

  /** Checks and admits signed bytes; returns the record. Throws Rejection or DecodeError. */
  submit(bytes) {
    const decoded = decodeTransaction(bytes);
    const known = this.#ledger.transactions.get(decoded.txid);
    if (known?.status === "pending") return known; // a node answers 200 to what it already holds
    this.#check(decoded);
    const replaced = this.#conflicts(decoded);
    for (const old of replaced) this.drop(old, "dropped_replace_by_fee", decoded.txid);
    return this.admit({ txid: decoded.txid, decoded, heldUntil: 0 });
  }

  /** Puts a checked transaction in line; also used for the ones a reorganisation sets free. */
  admit(record) {
    const { tip, transactions } = this.#ledger;
    Object.assign(record, { status: "pending", receivedAt: tip.time, receivedHeight: tip.height, block: null });
    Object.assign(record, { result: null, vmError: null, events: [], cost: null, replacedBy: null });
    transactions.set(record.txid, record);
    for (const key of slots(record.decoded)) this.#waiting.set(key, record);
    return record;
  }

  drop(record, status, replacedBy = null) {
    this.remove(record);
    Object.assign(record, { status, replacedBy });
  }

  remove(record) {
    for (const key of slots(record.decoded)) {
      if (this.#waiting.get(key) === record) this.#waiting.delete(key);
    }
  }

  get records() {
    return [...new Set(this.#waiting.values())];
  }

  pendingNonces(principal) {
    return [...this.#waiting.keys()]
      .filter((key) => key.startsWith(`${principal} `))
      .map((key) => Number(key.split(" ")[1]))
      .sort((a, b) => a - b);
  }

  /** Transactions that can be mined now, dearest account first and in nonce order within each account. */
  includable(now) {
    const next = new Map();
    const nextNonce = (principal) => next.get(principal) ?? this.#ledger.nonce(principal);
    const open = this.records.filter((record) => record.heldUntil <= now).sort(byFeeThenNonce);
    const chosen = [];
    for (;;) {
      const index = open.findIndex(({ decoded }) => isNext(decoded, nextNonce));
      if (index < 0) return chosen;
      const [record] = open.splice(index, 1);
      const { sender, nonce, sponsor, sponsorNonce } = record.decoded;
      next.set(sender, nonce + 1);
      if (sponsor !== null) next.set(sponsor, sponsorNonce + 1);
      chosen.push(record);
    }
  }

  #check(decoded) {
    const refuse = (reason, data = null) => {
      throw new Rejection(reason, data, decoded.txid);
    };
    if (decoded.version !== TESTNET_VERSION) refuse("BadTransactionVersion");
    if (decoded.chainId !== TESTNET_CHAIN_ID) refuse("SignatureValidation", { message: "Invalid tx: wrong chain ID" });
    if (decoded.payload.kind === "other") refuse("NoCoinbaseViaMempool");
    if (decoded.wire.postConditions.values.some(({ conditionType }) => conditionType > LAST_CONDITION_TYPE)) {
      refuse("ServerFailureOther", { message: "post-conditions on staking are not supported in this epoch" });
    }
    try {
      checkSignatures(decoded);
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      refuse("SignatureValidation", { message: error.message });
    }
    const minimum = BigInt(decoded.raw.length) * MIN_FEE_PER_BYTE;
    if (decoded.fee < minimum) refuse("FeeTooLow", { expected: Number(minimum), actual: Number(decoded.fee) });
    this.#checkNonce(refuse, decoded.sender, decoded.nonce, true);
    if (decoded.sponsor !== null) this.#checkNonce(refuse, decoded.sponsor, decoded.sponsorNonce, false);
    const { balance } = this.#chain.account(decoded.payer);
    if (balance < decoded.fee) refuseFunds(refuse, decoded.fee, balance);
    this.#checkPayload(refuse, decoded);
  }

  #checkNonce(refuse, principal, actual, isOrigin) {
    const expected = this.#ledger.nonce(principal);
    const data = { expected, actual, principal, is_origin: isOrigin };
    if (actual < expected) refuse("BadNonce", data);
    const highest = expected + 1 + MAX_CHAINING;
    if (actual > highest) {
      const message = `Nonce would exceed chaining limit in mempool`;
      refuse("TooMuchChaining", { ...data, expected: highest, message });
    }
  }

  #checkPayload(refuse, { payload, sender, payer, fee }) {
    if (payload.kind === "token_transfer") {
      if (payload.recipient === sender) refuse("TransferRecipientCannotEqualSender", { recipient: payload.recipient });
      if (payload.amount === 0n) refuse("TransferAmountMustBePositive");
      if (!/^S[TN]/u.test(payload.recipient)) refuse("BadAddressVersionByte");
      const needed = payload.amount + (payer === sender ? fee : 0n);
      const { balance } = this.#chain.account(sender);
      if (balance < needed) refuseFunds(refuse, needed, balance);
    } else if (payload.kind === "contract_call") {
      this.#checkCall(refuse, payload);
    } else {
      const contract = `${sender}.${payload.name}`;
      if (this.#chain.interface(contract)) refuse("ContractAlreadyExists", { contract_identifier: contract });
    }
  }

  #checkCall(refuse, { contract, fn, args }) {
    const face = this.#chain.interface(contract);
    if (face === undefined) refuse("NoSuchContract");
    const declared = face.functions.find((entry) => entry.name === fn && entry.access !== "private");
    if (declared === undefined) refuse("NoSuchPublicFunction");
    const mismatch = argumentMismatch(declared.args, args);
    if (mismatch !== null) refuse("BadFunctionArgument", { message: mismatch });
  }

  #conflicts(decoded) {
    const old = new Set(slots(decoded).map((key) => this.#waiting.get(key)));
    old.delete(undefined);
    for (const record of old) {
      if (decoded.fee <= record.decoded.fee) throw new Rejection("ConflictingNonceInMempool", null, decoded.txid);
    }
    return old;
  }
}

function refuseFunds(refuse, expected, actual) {
  refuse("NotEnoughFunds", { expected: hexU128(expected), actual: hexU128(actual) });
}

function slots({ sender, nonce, sponsor, sponsorNonce }) {
  const keys = [`${sender} ${nonce}`];
  if (sponsor !== null) keys.push(`${sponsor} ${sponsorNonce}`);
  return keys;
}

function isNext({ sender, nonce, sponsor, sponsorNonce }, nextNonce) {
  return nonce === nextNonce(sender) && (sponsor === null || sponsorNonce === nextNonce(sponsor));
}

function byFeeThenNonce(a, b) {
  if (a.decoded.fee === b.decoded.fee) return a.decoded.nonce - b.decoded.nonce;
  return a.decoded.fee > b.decoded.fee ? -1 : 1;
}
