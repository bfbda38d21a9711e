// Clarity values as bytes and back, fast: a million steps write and read some tens of millions of them.
//
// Read values are plain: bigint, boolean, string (principals and texts), array, object; none is null, (ok x) and
// (some x) are x, and (err x) is { err: x }.

import { addressFromVersionHash, addressToString, Cl } from "@stacks/transactions";

const UINT = 1;
const BUFFER = 2;
const STANDARD = 5;
const CONTRACT = 6;

const principals = new Map(); // id to bytes
const ids = new Map(); // hex to id

export function uint(n) {
  const out = Buffer.alloc(17);
  out[0] = UINT;
  out.writeBigUInt64BE(BigInt(n) >> 64n, 1);
  out.writeBigUInt64BE(BigInt(n) & 0xffff_ffff_ffff_ffffn, 9);
  return out;
}

export function principal(id) {
  if (!principals.has(id)) principals.set(id, Buffer.from(Cl.serialize(Cl.principal(id)), "hex"));
  return principals.get(id);
}

export const bool = (flag) => Buffer.from([flag ? 3 : 4]);
export const none = () => Buffer.from([9]);
export const some = (value) => Buffer.concat([Buffer.from([10]), value]);
export const ascii = (text) => Buffer.concat([Buffer.from([13]), length(text.length), Buffer.from(text, "ascii")]);
export const buffer = (hex) => Buffer.concat([Buffer.from([BUFFER]), length(hex.length / 2), Buffer.from(hex, "hex")]);
export const list = (values) => Buffer.concat([Buffer.from([11]), length(values.length), ...values]);

/** The fields are written in the order of their names, as a node wants them. */
export function tuple(fields) {
  const names = Object.keys(fields).sort();
  const parts = names.flatMap((name) => [Buffer.from([name.length]), Buffer.from(name, "ascii"), fields[name]]);
  return Buffer.concat([Buffer.from([12]), length(names.length), ...parts]);
}

function length(n) {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(n);
  return out;
}

/** The n-th of the people who exist only here. */
export function address(n) {
  return addressToString(addressFromVersionHash(26, Buffer.alloc(20, n).toString("hex")));
}

export function decode(hex) {
  return new Reader(Buffer.from(hex.startsWith("0x") ? hex.slice(2) : hex, "hex")).value();
}

class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  value() {
    const type = this.#byte();
    switch (type) {
      case 0:
        return BigInt.asIntN(128, this.#wide());
      case UINT:
        return this.#wide();
      case BUFFER:
        return this.#take(this.#size()).toString("hex");
      case 3:
        return true;
      case 4:
        return false;
      case STANDARD:
        return this.#principal(22);
      case CONTRACT:
        return this.#principal(23 + this.#bytes[this.#at + 21]);
      case 8:
        return { err: this.value() };
      case 9:
        return null;
      case 7:
      case 10:
        return this.value();
      case 11:
        return Array.from({ length: this.#size() }, () => this.value());
      case 12:
        return this.#tuple();
      case 13:
      case 14:
        return this.#take(this.#size()).toString("utf8");
      default:
        throw new Error(`no Clarity value begins with ${type}`);
    }
  }

  #tuple() {
    const out = {};
    for (let left = this.#size(); left > 0; left -= 1) {
      const name = this.#take(this.#byte()).toString("ascii");
      out[name] = this.value();
    }
    return out;
  }

  #principal(size) {
    const hex = this.#bytes.toString("hex", this.#at - 1, this.#at - 1 + size);
    this.#at += size - 1;
    if (!ids.has(hex)) ids.set(hex, Cl.deserialize(hex).value);
    return ids.get(hex);
  }

  #wide() {
    const high = this.#bytes.readBigUInt64BE(this.#at);
    const low = this.#bytes.readBigUInt64BE(this.#at + 8);
    this.#at += 16;
    return (high << 64n) | low;
  }

  #byte() {
    this.#at += 1;
    return this.#bytes[this.#at - 1];
  }

  #size() {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  #take(count) {
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}
