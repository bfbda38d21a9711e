// lcov records: read, merged by contract, counted, written.
//
// A line is "52"; a branch is "52,0,1": the line, which of the line's forms, which way it went.

const OURS = /(?:^|\/)(src\/[^/]+\.clar)$/;

/** [{ path, lines, branches }] of the contracts under src/, hits by line and by branch. */
export function recordsOf(text) {
  const records = [];
  let record = null;
  for (const row of text.split("\n")) {
    const [, kind, rest] = /^(SF|DA|BRDA):(.*)$/.exec(row) ?? [];
    if (kind === "SF") {
      const path = OURS.exec(rest)?.[1];
      record = path ? { path, lines: new Map(), branches: new Map() } : null;
      if (record) records.push(record);
    }
    if (!record || !kind) continue;
    const cut = rest.lastIndexOf(",");
    if (kind === "DA") add(record.lines, rest.slice(0, cut), hits(rest.slice(cut + 1)));
    if (kind === "BRDA") add(record.branches, rest.slice(0, cut), hits(rest.slice(cut + 1)));
  }
  return records;
}

// "-" where the line was never reached.
const hits = (text) => (text === "-" ? 0 : Number(text));
const add = (counts, key, count) => counts.set(key, (counts.get(key) ?? 0) + count);
const lineOf = (key) => Number(key.split(",")[0]);
const byLine = ([a], [b]) => lineOf(a) - lineOf(b) || a.localeCompare(b);

export class Records {
  #byPath = new Map();

  add(records) {
    for (const { path, ...counts } of records) {
      if (!this.#byPath.has(path)) this.#byPath.set(path, { lines: new Map(), branches: new Map() });
      const merged = this.#byPath.get(path);
      for (const kind of ["lines", "branches"]) for (const [key, count] of counts[kind]) add(merged[kind], key, count);
    }
    return this;
  }

  /** { path, lines, branches } of a contract, each { found, hit, missed: [line …] }; null when it has no record. */
  tally(path) {
    const record = this.#byPath.get(path);
    if (!record) return null;
    return { path, lines: tallyOf(record.lines), branches: tallyOf(record.branches) };
  }

  text() {
    const rows = [...this.#byPath].flatMap(([path, { lines, branches }]) => [
      `SF:${path}`,
      ...[...lines].sort(byLine).map(([line, count]) => `DA:${line},${count}`),
      ...[...branches].sort(byLine).map(([branch, count]) => `BRDA:${branch},${count}`),
      "end_of_record",
    ]);
    return `TN:\n${rows.join("\n")}\n`;
  }
}

function tallyOf(counts) {
  const missed = [...counts].filter(([, count]) => count === 0).sort(byLine);
  return { found: counts.size, hit: counts.size - missed.length, missed: [...new Set(missed.map(([key]) => lineOf(key)))] };
}

/** Per cent with two decimals, never rounded up: 98 means 98. */
export const percent = ({ hit, found }) => (found === 0 ? 100 : Math.floor((10_000 * hit) / found) / 100);

export const sum = (tallies) => ({
  found: tallies.reduce((total, { found }) => total + found, 0),
  hit: tallies.reduce((total, { hit }) => total + hit, 0),
});

/** "3-5 9" for [3, 4, 5, 9]. */
export function ranges(numbers) {
  const runs = [];
  for (const number of numbers) {
    if (runs.at(-1)?.[1] === number - 1) runs.at(-1)[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(" ");
}
