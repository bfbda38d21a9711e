// Moments of the simulated chain to come back to: copies of the virtual machine's memory, and of the table of
// JavaScript values that it refers to.
//
// Putting a copy back takes a small part of the time that deploying everything again takes. The memory's length and
// the table's only ever grow: whoever went back and grew them again would leave the old growth unused, or, in the
// table's case, be stopped by the machine. So both are grown once, far, before the first copy.
//
// The first moment is a copy of everything but the reserve, which is the longest run of zeros; each later one is what
// differs from it, and all that lies where its reserve was. Free memory may hold anything, and would be copied:
// `restoreFirst` leaves zeros there, so later moments should begin there.

const RESERVED_BYTES = 512 << 20;
const RESERVED_REFERENCES = 1 << 12;
const ALIGNMENT = 8;
const PAGE_BYTES = 1 << 16;

export class Moments {
  #memory;
  #table;
  #first;
  #moments = new Map();

  /**
   * @param {WebAssembly.Exports} exports of the virtual machine
   * @param {object} wasm its bindings
   * @param {string} name of the present, the first moment
   */
  constructor({ memory, __wbindgen_externrefs: table, __wbindgen_malloc: allocate, __wbindgen_free: release }, wasm, name) {
    release(allocate(RESERVED_BYTES, ALIGNMENT), RESERVED_BYTES, ALIGNMENT);
    new wasm.CallFnArgs("", "", Array(RESERVED_REFERENCES).fill(new Uint8Array()), "").free();
    this.#memory = memory;
    this.#table = table;
    this.#first = name;
    this.#moments.set(name, { runs: this.#copy(), references: this.#references() });
  }

  #live() {
    return Buffer.from(this.#memory.buffer);
  }

  has(name) {
    return this.#moments.has(name);
  }

  /** Remembers the present under a name. */
  keep(name) {
    this.#moments.set(name, { runs: this.#copy(this.#moments.get(this.#first).runs), references: this.#references() });
  }

  #references() {
    return Array.from({ length: this.#table.length }, (_, at) => this.#table.get(at));
  }

  /** Runs of pages, without the reserve; those that are the same in `known` runs are parts of these, not copies. */
  #copy(known = []) {
    const live = this.#live();
    const reserve = longestZeros(live);
    const runs = [];
    for (let at = 0; at < live.length; at += PAGE_BYTES) {
      if (at >= reserve.at && at < reserve.end) continue;
      const run = known.find((each) => at >= each.at && at < each.at + each.bytes.length);
      const there = run && at - run.at;
      const same = run && live.compare(run.bytes, there, there + PAGE_BYTES, at, at + PAGE_BYTES) === 0 ? run : null;
      const last = runs.at(-1);
      if (last && last.end === at && last.same === same) last.end += PAGE_BYTES;
      else runs.push({ at, end: at + PAGE_BYTES, same });
    }
    return runs.map(({ at, end, same }) => ({
      at,
      bytes: same ? same.bytes.subarray(at - same.at, end - same.at) : Buffer.from(live.subarray(at, end)),
    }));
  }

  /** Goes back. Memory that grew since stays grown and unused. */
  restore(name) {
    const live = this.#live();
    const { runs, references } = this.#moments.get(name);
    for (const { at, bytes } of runs) bytes.copy(live, at);
    references.forEach((reference, at) => this.#table.set(at, reference));
  }

  /** Goes back to the first moment and leaves zeros in all memory that was free then. */
  restoreFirst() {
    this.#live().fill(0);
    this.restore(this.#first);
  }
}

function longestZeros(live) {
  const zeros = Buffer.alloc(PAGE_BYTES);
  let longest = { at: 0, end: 0 };
  let from = 0;
  for (let at = 0; at < live.length; at += PAGE_BYTES) {
    if (live.compare(zeros, 0, PAGE_BYTES, at, at + PAGE_BYTES) !== 0) from = at + PAGE_BYTES;
    else if (at + PAGE_BYTES - from > longest.end - longest.at) longest = { at: from, end: at + PAGE_BYTES };
  }
  return longest;
}
