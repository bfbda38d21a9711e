// Keeps a copy of the simulated chain's memory, so that a transaction can be undone.
//
// One full image is held, of the last committed block. A commit compares page by page and keeps the old
// content of the pages that changed: that is enough to step back several blocks without several full copies.

const PAGE_BYTES = 16_384;

export class MemoryImage {
  #memory;
  #image;

  /** @param {WebAssembly.Memory} memory the memory of the running virtual machine */
  constructor(memory) {
    this.#memory = memory;
    this.#image = Buffer.from(new Uint8Array(memory.buffer).slice().buffer);
  }

  get bytes() {
    return this.#image.length;
  }

  #live() {
    return Buffer.from(this.#memory.buffer);
  }

  /** Takes the present memory as the new image. Returns what `stepBack` needs to return to the old one. */
  commit() {
    const live = this.#live();
    const undo = { length: this.#image.length, pages: [] };
    if (live.length > this.#image.length) {
      const grown = Buffer.alloc(live.length);
      this.#image.copy(grown);
      this.#image = grown;
    }
    for (let start = 0; start < live.length; start += PAGE_BYTES) {
      const end = start + PAGE_BYTES;
      if (live.compare(this.#image, start, end, start, end) === 0) continue;
      undo.pages.push([start, Buffer.from(this.#image.subarray(start, end))]);
      live.copy(this.#image, start, start, end);
    }
    return undo;
  }

  /** Puts the memory back to the last commit. Memory that grew since stays grown and unused. */
  restore() {
    this.#image.copy(this.#live());
  }

  /** Makes the state before a commit the image again; call `restore` after the last step. */
  stepBack(undo) {
    for (const [start, old] of undo.pages) old.copy(this.#image, start);
    this.#image = this.#image.subarray(0, undo.length);
  }
}
