// The people of the local chain. Their keys are derived from their names: worth nothing anywhere else.

import { createHash } from "node:crypto";

import { getAddressFromPrivateKey } from "@stacks/transactions";

const KEY_PREFIX = "whale pools local chain/";
const COMPRESSED = "01";

export const VOTERS = ["voter-1", "voter-2", "voter-3"];
export const DEPOSITORS = ["depositor-1", "depositor-2", "depositor-3"];
export const ACTORS = ["keeper", ...VOTERS, ...DEPOSITORS, "guardian", "fees", "market-maker"];

/** The private key of an actor as 33 bytes of hex (the last byte says "compressed public key"). */
export function keyOf(name) {
  return createHash("sha256").update(KEY_PREFIX + name).digest("hex") + COMPRESSED;
}

export function addressOf(name) {
  return getAddressFromPrivateKey(keyOf(name), "testnet");
}

/** Takes the fees of every transaction; not funded, and known to nobody else. */
export const MINER = addressOf("miner");

export function addressBook() {
  return Object.fromEntries(ACTORS.map((name) => [name, addressOf(name)]));
}
