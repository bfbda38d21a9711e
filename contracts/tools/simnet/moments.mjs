// Moments of the simulated chain to come back to: copies of the virtual machine's memory.
//
// Putting a copy back takes a small part of the time that deploying everything again takes. Two things of the
// machine lie outside its memory and only ever grow: the memory's length, and the table of JavaScript values it
// refers to. Whoever went back and grew them again would leave the old growth unused, or, in the table's case, be
// stopped by the machine. So both are grown once, far, before the first copy.

const RESERVED_BYTES = 256 << 20;
const RESERVED_REFERENCES = 1 << 15;
const ALIGNMENT = 8;
// What the allocator writes at either end of a free block is less than this.
const BLOCK_EDGE = 4_096;
const SPARE_BYTES = 4 << 20;

export class Moments {
  #exports;
  #images = new Map();

  /**
   * @param {WebAssembly.Exports} exports of the virtual machine
   * @param {object} wasm its bindings
   */
  constructor(exports, wasm) {
    this.#exports = exports;
    new wasm.CallFnArgs("", "", Array(RESERVED_REFERENCES).fill(new Uint8Array()), "").free();
  }

  has(name) {
    return this.#images.has(name);
  }

  /**
   * Remembers the present under a name. `room` is what shall be free at that moment: whoever goes back and forth a
   * great deal asks for much the first time and for less later, so that the memory need not grow again.
   */
  keep(name, room = RESERVED_BYTES) {
    // Where a large block can be had, nothing is: the copy leaves it out.
    const { memory, __wbindgen_malloc: allocate, __wbindgen_free: release } = this.#exports;
    const start = allocate(room, ALIGNMENT) >>> 0;
    release(start, room, ALIGNMENT);
    const end = start + room - BLOCK_EDGE;
    const live = new Uint8Array(memory.buffer);
    const old = this.#images.get(name) ?? [];
    this.#images.set(name, [
      { at: 0, bytes: copy(live.subarray(0, start + BLOCK_EDGE), old[0]) },
      { at: end, bytes: copy(live.subarray(end), old[1]) },
    ]);
  }

  /** Goes back. Memory that grew since stays grown and unused. */
  restore(name) {
    const live = new Uint8Array(this.#exports.memory.buffer);
    for (const { at, bytes } of this.#images.get(name)) live.set(bytes, at);
  }
}

/** A copy, in the place of an old one where it fits: fresh memory is slow, and given back late. */
function copy(bytes, old) {
  const room = old && old.bytes.buffer.byteLength >= bytes.length ? old.bytes.buffer : new ArrayBuffer(bytes.length + SPARE_BYTES);
  const copied = new Uint8Array(room, 0, bytes.length);
  copied.set(bytes);
  return copied;
}
