// Many mutants in one source, each with a switch: the chain is prepared once with all of them off, and then one at
// a time is on. A switch is on while the account below owns as many µSTX as the mutant's number: that can be
// changed between two blocks, from outside, and asked by any function.

export const SWITCH = "(mutant-is-on uNUMBER)";
export const ACCOUNT = "ST000000000000000000002AMW42H";
// The rest goes to another account, so that there is always the same amount of STX.
export const REST_ACCOUNT = "SP000000000000000000002Q6VF78";
export const SUPPLY = 1_000_000;
// Numbers from one; with this one every mutant is off.
export const ALL_OFF = SUPPLY - 1;

const DEFINITION = `(define-read-only (mutant-is-on (number uint)) (is-eq (stx-get-balance '${ACCOUNT}) number))\n`;

/** The source with the texts of `wraps` around their forms: { start, end, pre, post, number }. */
export function withSwitches(source, wraps) {
  const opening = new Map();
  const closing = new Map();
  const outerFirst = wraps.map((wrap, n) => ({ ...wrap, n })).sort((a, b) => a.start - b.start || b.end - a.end || a.n - b.n);
  for (const { start, end, pre, post, number } of outerFirst) {
    const numbered = (text) => text.replaceAll("uNUMBER", `u${number}`);
    opening.set(start, (opening.get(start) ?? "") + numbered(pre));
    closing.set(end, numbered(post) + (closing.get(end) ?? ""));
  }
  let text = "";
  let at = 0;
  for (const place of [...new Set([...opening.keys(), ...closing.keys()])].sort((a, b) => a - b)) {
    text += source.slice(at, place) + (closing.get(place) ?? "") + (opening.get(place) ?? "");
    at = place;
  }
  return DEFINITION + text + source.slice(at);
}
