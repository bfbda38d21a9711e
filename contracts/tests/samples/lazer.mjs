// Signs Pyth Lazer updates in their binary format with a test key, for the double that checks them.

import { Cl, privateKeyToPublic, signWithKey } from "@stacks/transactions";

import { act } from "./venues.mjs";

const DEPLOYER = "SPMV5HDZ4EMB8XY7HAYT3XW0DF7DZ4E8XEG2J1T8";
export const LAZER = `${DEPLOYER}.pyth-lazer-oracle`;
export const DECODER = `${DEPLOYER}.pyth-lazer-decoder-v1`;
export const decoder = () => Cl.contractPrincipal(DEPLOYER, "pyth-lazer-decoder-v1");
export const SIGNER = "11".repeat(32) + "01";
export const OTHER_SIGNER = "22".repeat(32) + "01";
const NEVER = 2n ** 64n;

const bytes = (value, width) => BigInt.asUintN(width * 8, BigInt(value)).toString(16).padStart(width * 2, "0");
const property = (kind, value, width) => (value === undefined ? [] : [bytes(kind, 1) + bytes(value, width)]);
const optional = (kind, value) => (value === undefined ? [] : [bytes(kind, 1) + (value === null ? "00" : "01" + bytes(value, 8))]);

function feedBytes({ id, price, exponent = -8, confidence, publishers = 10, madeAt, bid, ask }) {
  const properties = [
    ...property(0, price, 8),
    ...property(1, bid, 8),
    ...property(2, ask, 8),
    ...property(3, publishers, 2),
    ...property(4, exponent ?? undefined, 2),
    ...property(5, confidence, 8),
    ...optional(12, madeAt),
  ];
  return bytes(id, 4) + bytes(properties.length, 1) + properties.join("");
}

/** The payload of an update: microseconds, channel, feeds. */
export const payload = (micros, feeds, channel = 3) => `93c7d375${bytes(micros, 8)}${bytes(channel, 1)}${bytes(feeds.length, 1)}${feeds.map(feedBytes).join("")}`;

/** A payload in its envelope: magic, r, s, recovery id, length, payload. */
export function signed(body, key = SIGNER) {
  const hash = simnet.execute(`(keccak256 0x${body})`).result.value;
  const vrs = signWithKey(key, hash);
  return Cl.bufferFromHex(`2a22999a${vrs.slice(2)}${vrs.slice(0, 2)}${bytes(body.length / 2, 2)}${body}`);
}
export const update = (seconds, feeds, key = SIGNER) => signed(payload(BigInt(seconds) * 1_000_000n, feeds), key);

export function trust(...keys) {
  const list = keys.map((key) => Cl.tuple({ pubkey: Cl.bufferFromHex(privateKeyToPublic(key)), "expires-at": Cl.uint(NEVER) }));
  act(simnet, LAZER, "set-trusted-signers", [Cl.list(list)]);
}
