// Bitflow's stableswap arithmetic once more, in whole numbers and apart from the double: the invariant of two
// balances, solved by Newton's steps that each round down and end when two of them are close enough.

const STEPS = 384;

export function invariant(x, y, amp, threshold) {
  const an = 2n * amp;
  let d = x + y;
  for (let step = 0; step < STEPS; step += 1) {
    const product = (d * ((d * d) / (2n * x))) / (2n * y);
    const next = ((an * (x + y) + 2n * product) * d) / ((an - 1n) * d + 3n * product);
    if (distance(next, d) <= threshold) return next;
    d = next;
  }
  return 0n;
}

function otherBalance(known, d, amp, threshold) {
  const an = 2n * amp;
  const c = (((d * d) / (2n * known)) * d) / (an * 2n);
  const b = known + d / an;
  let found = d;
  for (let step = 0; step < STEPS; step += 1) {
    const next = (found * found + c) / (2n * found + b - d);
    if (distance(next, found) <= threshold) return next;
    found = next;
  }
  return 0n;
}

/** stSTX for STX, or STX for stSTX, of a pool {x, y, num, den, amp, threshold, protocol, provider}. */
export function stableOut(pool, sellsX, amount) {
  const { x, y, num, den, amp, threshold } = pool;
  const net = amount - (amount * pool.protocol) / 10_000n - (amount * pool.provider) / 10_000n;
  if (sellsX) {
    const inY = (x * num) / den;
    return y - otherBalance(inY + (net * num) / den, invariant(inY, y, amp, threshold), amp, threshold);
  }
  const inX = (y * den) / num;
  return x - otherBalance(inX + (net * den) / num, invariant(x, inX, amp, threshold), amp, threshold);
}

const distance = (a, b) => (a > b ? a - b : b - a);
