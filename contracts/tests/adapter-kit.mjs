// What every venue adapter has to keep, whatever its venue: claims that the tests of each put to it through a Desk.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect } from "vitest";

export const MAX_UINT = 2n ** 128n - 1n;
export const refused = (code) => ({ err: code });

/** Quoting an amount and swapping it come to the same answer: a refusal, or what is paid. */
export function expectBoth(desk, from, to, amount, answer) {
  expect(desk.quote(from, to, amount)).toEqual(answer);
  expect(desk.swap(from, to, amount)).toEqual(answer);
}

/**
 * Random amounts: each pays its quote to the unit, and exactly the amount leaves.
 * An amount whose quote is the error `unless` is passed over.
 */
export function expectQuotesPaid(desk, from, to, amounts, { topic, runs = 20, unless = null }) {
  const swapForItsQuote = (amount) => {
    const before = [desk.holds(from), desk.holds(to)];
    const quote = desk.quote(from, to, amount);
    if (unless !== null && quote.err === unless) return;

    const paid = desk.swap(from, to, amount, BigInt(quote));

    expect(paid).toBe(quote);
    expect(desk.topics).toEqual([topic]);
    expect(desk.holds(from)).toBe(before[0] - amount);
    expect(desk.holds(to)).toBe(before[1] + BigInt(paid));
  };
  fc.assert(fc.property(amounts, swapForItsQuote), { numRuns: runs, seed: 20261121 });
}

/** A vault that was given some, and allows the adapter `amount` of it, pays that amount and gets the quote. */
export function expectVaultGetsQuote(desk, from, to, { given, amount }) {
  desk.sellAsVault(from, to, 1n); // deploys the vault, which has nothing to sell yet
  desk.give(from, given, desk.vault);
  const quote = desk.quote(from, to, amount);

  const paid = desk.sellAsVault(from, to, amount, BigInt(quote));

  expect(paid).toBe(quote);
  expect(desk.holds(from, desk.vault)).toBe(given - amount);
  expect(desk.holds(to, desk.vault)).toBe(BigInt(quote));
}

/** Somebody with `amount` and no more can sell all of it, which pays `paid`; one unit more is answered `beyond`. */
export function expectAllCanBeSold(desk, from, to, amount, { paid, beyond }) {
  const poor = simnet.getAccounts().get("wallet_2");
  desk.give(from, amount, poor);

  expect(desk.swap(from, to, amount + 1n, 0n, poor)).toEqual(beyond);
  expect(desk.swap(from, to, amount, 0n, poor)).toBe(paid);
  expect(desk.holds(from, poor)).toBe(0n);
}

/** Of 10^8 units: minimums of zero, one and the quote are met; more than the quote is answered `beyond`. */
export function expectMinimumsKept(desk, from, to, beyond) {
  const amount = 10n ** 8n;
  const quoted = () => BigInt(desk.quote(from, to, amount));

  // The venues themselves refuse a minimum of zero.
  for (const minimum of [0n, 1n]) expect(desk.swap(from, to, amount, minimum)).toMatch(/^\d+$/);
  for (const minimum of [quoted() + 1n, MAX_UINT]) expect(desk.swap(from, to, amount, minimum)).toEqual(beyond);
  const quote = quoted();
  expect(desk.swap(from, to, amount, quote)).toBe(String(quote));
}

/** A contract that trades in its caller's name is answered `refusal`, and moves nothing of the caller's. */
export function expectMiddlemanRefused(desk, from, to, refusal) {
  const before = desk.holds(from);

  expect(desk.sellThroughMiddleman(from, to, 10n ** 8n)).toEqual(refusal);
  expect(desk.holds(from)).toBe(before);
}

/**
 * Swaps recorded of a venue, played through its adapter.
 * @param {string} file of the rows, in samples
 * @param {Function} play from a row to what the adapter quoted, paid and moved, and the pool's balances after
 * @param {Function} expected from a row to the quote and the payment
 * @param {{amount: string, balances: string[]}} columns of the amount that was sold and of the pool's two balances
 */
export function expectRecordedSwaps(file, play, expected, columns) {
  const rows = JSON.parse(readFileSync(new URL(`./samples/${file}`, import.meta.url), "utf8"));
  const stateOf = (row, suffix) => Object.fromEntries(columns.balances.map((name) => [`${name}_after`, row[name + suffix]]));

  for (const row of rows) {
    const { quote, swap_out, spent, arrived, ...state } = play(row);

    expect({ id: row.id, quote, swap_out }).toEqual({ id: row.id, ...expected(row) });
    if (typeof swap_out !== "string") expect(state).toEqual(stateOf(row, ""));
    else expect([spent, arrived]).toEqual([BigInt(row[columns.amount]), BigInt(swap_out)]);
    if (swap_out === row.swap_out) expect(state).toEqual(stateOf(row, "_after"));
  }
  expect(rows.filter(({ swap_out }) => typeof swap_out === "string").length).toBeGreaterThanOrEqual(30);
}
