// Reads signed bytes as a node does: decode, recover the signers, compute the txid from the bytes themselves.

import { createHash } from "node:crypto";

import {
  addressFromVersionHash,
  addressToString,
  AuthType,
  BytesReader,
  Cl,
  deserializeTransaction,
  PayloadType,
  PubKeyEncoding,
  publicKeyFromSignatureVrs,
} from "@stacks/transactions";

const P2PKH_VERSION = 26; // "ST…"
const P2SH_VERSION = 21; // "SN…"
const AUTH_START = 6; // after version, chain id and auth type
const CONDITION_BYTES = 1 + 20 + 8 + 8 + 1 + 65;
const CLEARED_FROM = 21; // nonce and fee follow the hash mode and the signer
const KEY_ENCODING_AT = 37;
const SIGNATURE_AT = 38;
const MEMO_BYTES = 34;
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
const SINGLE_SIG_MODES = new Set([0x00, 0x02]);

export class DecodeError extends Error {}
export class SignatureError extends Error {}

export function sha512_256(...parts) {
  const hash = createHash("sha512-256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function hash160(bytes) {
  return createHash("ripemd160").update(createHash("sha256").update(bytes).digest()).digest();
}

function u64(value) {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
}

/**
 * Decodes one transaction; bytes after it are left unread, as a node leaves them.
 * Throws DecodeError when the bytes are no transaction.
 */
export function decodeTransaction(bytes) {
  let wire;
  const reader = new BytesReader(bytes);
  try {
    wire = deserializeTransaction(reader);
  } catch (error) {
    throw new DecodeError(error.message);
  }
  const raw = Buffer.from(bytes.subarray(0, reader.consumed));
  const origin = wire.auth.spendingCondition;
  const sponsor = wire.auth.authType === AuthType.Sponsored ? wire.auth.sponsorSpendingCondition : null;
  return {
    raw,
    wire,
    txid: `0x${sha512_256(raw).toString("hex")}`,
    version: raw[0],
    chainId: raw.readUInt32BE(1),
    sender: conditionAddress(origin),
    nonce: Number(origin.nonce),
    sponsor: sponsor && conditionAddress(sponsor),
    sponsorNonce: sponsor && Number(sponsor.nonce),
    payer: conditionAddress(sponsor ?? origin),
    fee: BigInt((sponsor ?? origin).fee),
    payload: describePayload(wire.payload, raw),
  };
}

function conditionAddress({ hashMode, signer }) {
  const version = hashMode === 0 ? P2PKH_VERSION : P2SH_VERSION;
  return addressToString(addressFromVersionHash(version, signer));
}

function describePayload(payload, raw) {
  switch (payload.payloadType) {
    case PayloadType.TokenTransfer:
      return {
        kind: "token_transfer",
        recipient: payload.recipient.value,
        amount: BigInt(payload.amount),
        memo: raw.subarray(raw.length - MEMO_BYTES), // the library decodes it lossily
      };
    case PayloadType.ContractCall:
      return {
        kind: "contract_call",
        contract: `${addressToString(payload.contractAddress)}.${payload.contractName.content}`,
        fn: payload.functionName.content,
        args: payload.functionArgs,
      };
    case PayloadType.SmartContract:
    case PayloadType.VersionedSmartContract:
      return {
        kind: "smart_contract",
        name: payload.contractName.content,
        source: payload.codeBody.content,
        clarityVersion: payload.clarityVersion ?? 5,
      };
    default:
      return { kind: "other", payloadType: payload.payloadType };
  }
}

/** Throws SignatureError unless every signature was made by the address it spends for, low-S. */
export function checkSignatures({ raw, wire }) {
  const origin = wire.auth.spendingCondition;
  if (!SINGLE_SIG_MODES.has(origin.hashMode)) {
    throw new SignatureError("multi-signature accounts are not kept on this local chain");
  }
  const sponsored = wire.auth.authType === AuthType.Sponsored;
  const cleared = Buffer.from(raw);
  clearCondition(cleared, AUTH_START);
  if (sponsored) cleared.fill(0, AUTH_START + CONDITION_BYTES, AUTH_START + 2 * CONDITION_BYTES);
  const next = verifyCondition(sha512_256(cleared), raw, AUTH_START, 0x04);
  if (!sponsored) return;
  if (!SINGLE_SIG_MODES.has(wire.auth.sponsorSpendingCondition.hashMode)) {
    throw new SignatureError("multi-signature sponsors are not kept on this local chain");
  }
  verifyCondition(next, raw, AUTH_START + CONDITION_BYTES, 0x05);
}

function clearCondition(bytes, start) {
  bytes.fill(0, start + CLEARED_FROM, start + KEY_ENCODING_AT);
  bytes.fill(0, start + SIGNATURE_AT, start + CONDITION_BYTES);
}

function verifyCondition(initial, raw, start, authFlag) {
  const feeAt = start + CLEARED_FROM + 8;
  const nonce = raw.readBigUInt64BE(start + CLEARED_FROM);
  const presign = sha512_256(initial, Buffer.from([authFlag]), u64(raw.readBigUInt64BE(feeAt)), u64(nonce));
  const keyEncoding = raw[start + KEY_ENCODING_AT];
  const signature = raw.subarray(start + SIGNATURE_AT, start + CONDITION_BYTES);
  if (BigInt(`0x${signature.subarray(33).toString("hex")}`) > HALF_ORDER) {
    throw new SignatureError("signature has a high S");
  }
  const key = recoverKey(presign, signature, keyEncoding === 0);
  const hashMode = raw[start];
  const signer = hashMode === 0x02 ? hash160(Buffer.concat([Buffer.from([0, 20]), hash160(key)])) : hash160(key);
  if (!signer.equals(raw.subarray(start + 1, start + 21))) {
    throw new SignatureError("signer hash does not equal hash of public key(s)");
  }
  return sha512_256(presign, Buffer.from([keyEncoding]), signature);
}

function recoverKey(digest, signature, compressed) {
  try {
    const hex = publicKeyFromSignatureVrs(
      digest.toString("hex"),
      signature.toString("hex"),
      compressed ? PubKeyEncoding.Compressed : PubKeyEncoding.Uncompressed,
    );
    return Buffer.from(hex, "hex");
  } catch (error) {
    throw new SignatureError(`failed to recover public key: ${error.message}`);
  }
}

/** Serialised arguments of a call. Plain byte arrays: the SDK sends them through JSON, where a Buffer looks different. */
export function serializedArgs(args) {
  return args.map((arg) => new Uint8Array(Buffer.from(Cl.serialize(arg), "hex")));
}
