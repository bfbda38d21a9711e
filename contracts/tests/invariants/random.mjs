// Random choices that a number repeats: the same seed, the same choices, on any machine.

export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** The next of 2^32 numbers (mulberry32). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from 0 to `end` - 1. */
  below(end) {
    return Math.floor((this.next() / 2 ** 32) * end);
  }

  between(least, most) {
    return least + this.below(most - least + 1);
  }

  /** True `percent` times in a hundred. */
  chance(percent) {
    return this.below(100) < percent;
  }

  pick(items) {
    return items[this.below(items.length)];
  }

  /** One of [[item, weight], …]. */
  weighted(rows) {
    let left = this.below(rows.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [item, weight] of rows) {
      if (left < weight) return item;
      left -= weight;
    }
    throw new Error("nothing has any weight");
  }

  /** `whole` times 0 to 1, in millionths. */
  partOf(whole) {
    return (whole * BigInt(this.below(1_000_001))) / 1_000_000n;
  }
}

/** One seed from several numbers. */
export function mix(...numbers) {
  return numbers.reduce((seed, n) => new Random((seed ^ Math.imul(n + 1, 0x9e3779b1)) >>> 0).next(), 0x2545f491);
}
