// What a node remembers beside the contracts' state: blocks, nonces and transactions. Rolled back together with it.

import { sha512_256 } from "./wire.mjs";

const UNDO_DEPTH = 16;
const hex = (bytes) => `0x${bytes.toString("hex")}`;

export class Ledger {
  #nonces = new Map();
  #byHash = new Map();
  #fork = 0;
  blocks = [];
  transactions = new Map();

  get tip() {
    return this.blocks.at(-1);
  }

  nonce(principal) {
    return this.#nonces.get(principal) ?? 0;
  }

  /** Principals that ever sent anything, with their next nonce. */
  lastExecuted(principal) {
    return this.#nonces.has(principal) ? this.nonce(principal) - 1 : null;
  }

  /** Appends a block. `entries` are mined transaction records; `undo` is the chain's way back from it. */
  append({ height, time, burnHeight, entries, undo, changesState = entries.length > 0 }) {
    const parent = this.tip;
    const seed = `${height} ${time} ${burnHeight} ${this.#fork} ${entries.map((entry) => entry.txid).join(" ")}`;
    const hash = sha512_256("block ", parent?.hash ?? "genesis", seed);
    const block = {
      height,
      time,
      burnHeight,
      hash: hex(hash),
      indexHash: hex(sha512_256("index ", hash)),
      burnHash: hex(sha512_256(`burn ${burnHeight}`)),
      consensusHash: sha512_256(`consensus ${burnHeight} ${this.#fork}`).subarray(0, 20).toString("hex"),
      parentHash: parent?.hash ?? hex(Buffer.alloc(32)),
      parentIndexHash: parent?.indexHash ?? hex(Buffer.alloc(32)),
      stateVersion: (parent?.stateVersion ?? 0) + (changesState ? 1 : 0),
      txids: entries.map((entry) => entry.txid),
      noncesBefore: this.#spendNonces(entries),
      undo,
    };
    this.blocks.push(block);
    this.#byHash.set(block.indexHash, block).set(block.hash, block);
    const stale = this.blocks.at(-1 - UNDO_DEPTH);
    if (stale !== undefined) stale.undo = null;
    entries.forEach((entry, index) => Object.assign(entry, { block, index }));
    return block;
  }

  #spendNonces(entries) {
    const before = new Map();
    const spend = (principal, nonce) => {
      if (!before.has(principal)) before.set(principal, this.#nonces.get(principal));
      this.#nonces.set(principal, nonce + 1);
    };
    for (const { decoded } of entries) {
      spend(decoded.sender, decoded.nonce);
      if (decoded.sponsor !== null) spend(decoded.sponsor, decoded.sponsorNonce);
    }
    return before;
  }

  /** How many blocks can be taken back. */
  get reorgDepth() {
    const kept = this.blocks.slice(1);
    const firstKept = kept.findIndex((block) => block.undo !== null);
    return firstKept < 0 ? 0 : kept.length - firstKept;
  }

  /** Takes the newest `depth` blocks back; returns them newest first. */
  takeBack(depth) {
    this.#fork += 1;
    const gone = this.blocks.splice(this.blocks.length - depth, depth).reverse();
    for (const block of gone) {
      this.#byHash.delete(block.indexHash);
      this.#byHash.delete(block.hash);
      for (const [principal, nonce] of block.noncesBefore) {
        if (nonce === undefined) this.#nonces.delete(principal);
        else this.#nonces.set(principal, nonce);
      }
    }
    return gone;
  }

  findIndexHash(hash) {
    const block = this.#byHash.get(hash);
    return block?.indexHash === hash ? block : undefined;
  }

  find(hashOrHeight) {
    const text = String(hashOrHeight);
    if (text === "latest") return this.tip;
    if (/^\d+$/u.test(text)) return this.blocks.findLast((block) => block.height === Number(text));
    return this.#byHash.get(text.startsWith("0x") ? text : `0x${text}`);
  }
}
