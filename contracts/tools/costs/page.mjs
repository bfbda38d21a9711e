// COSTS.md, and the goals it is held to.

import { DIMENSIONS } from "./chain.mjs";

const TITLES = { runtime: "runtime", readCount: "reads", readLength: "read length", writeCount: "writes", writeLength: "write length" };

/** Per cent of the block limit. */
const share = ({ total, limit }, dimension) => (100 * total[dimension]) / limit[dimension];
const shown = (value) => (value > 0 && value < 0.001 ? "<0.001" : value.toFixed(3));
const shares = (row) => DIMENSIONS.map((each) => shown(share(row, each)));

export function rowText(row) {
  const name = [row.contract, row.fn, row.note && `(${row.note})`, row.kind, row.size ?? "any"].filter(Boolean).join(" ");
  return row.failed ? `${name}: ${row.failed}` : `${name}: ${DIMENSIONS.map((each) => `${TITLES[each]} ${row.total[each]} = ${shown(share(row, each))} %`).join(", ")}`;
}

const find = (rows, contract, fn, note, kind, size) =>
  rows.find((row) => row.contract === contract && row.fn === fn && row.note === note && row.kind === kind && row.size === size && !row.failed);

/** [{ text, met }] */
export function goalsOf(rows) {
  const slice = find(rows, "pool-rebalancer", "rebalance-pool", "10 legs", "mock", 10);
  const deposit = find(rows, "whale-pool-vault", "deposit", undefined, "mock", 10);
  return [
    goal("a rebalance of ten legs in a pool of ten assets: at most 1 % of any dimension, 4 % of reads", slice, (each) => (each === "readCount" ? 4 : 1)),
    goal("a deposit into a pool of ten assets: at most 1 % of any dimension", deposit, () => 1),
  ];
}

function goal(text, row, most) {
  if (!row) return { text: `${text}; not measured`, met: false };
  const over = DIMENSIONS.filter((each) => share(row, each) > most(each));
  const worst = DIMENSIONS.reduce((a, b) => (share(row, a) / most(a) > share(row, b) / most(b) ? a : b));
  const told = over.length > 0 ? over : [worst];
  return { text: `${text}; ${told.map((each) => `${TITLES[each]} ${share(row, each).toFixed(2)} %`).join(", ")}`, met: over.length === 0 };
}

export function pageOf(rows, goals, { version, epoch }) {
  const [{ limit }] = rows;
  const contracts = [...new Set(rows.map(({ contract }) => contract))].sort();
  return `# What calls cost

Written by \`make costs\`; do not edit. Measured by the simulated chain's own accounting, as Clarity ${version} in epoch ${epoch}: one
successful call of every public function, on a pool that owns everything it wants, with fresh prices. Shares are per cent of
a block's limit: ${DIMENSIONS.map((each) => `${TITLES[each]} ${limit[each].toLocaleString("en-US")}`).join(", ")}.

- *Assets* is the size of the pool; *any* stands where it has no part in the cost, or none that is measured.
- The contracts in \`src/\` are the real ones, the oracle included. Rows marked *mock* trade plain tokens at a fair venue of the
  tests; rows marked *real* go through our adapters and price sources, at doubles of the venues. A venue's own contracts are
  longer than their doubles, so on mainnet what is read there is more.
- Functions that answer only one of our contracts are measured through it, less the cost of getting there. They are part of
  what the functions cost that people call, not added to it.
- Every call of another contract reads that contract's source, comments and all: that is most of the read length.

## Goals

${goals.map(({ text, met }) => `- ${met ? "met" : "**missed**"}: ${text}`).join("\n")}

${contracts.map((contract) => section(contract, rows.filter((row) => row.contract === contract))).join("\n\n")}
`;
}

function section(contract, rows) {
  const names = [...new Set(rows.map(nameOf))];
  const lines = names.flatMap((name) => merged(rows.filter((row) => nameOf(row) === name)).map(({ sizes, cells }, n) =>
    `| ${n === 0 ? name : ""} | ${sizes} | ${cells.join(" | ")} |`));
  return [`## ${contract}`, "", `| Function | Assets | ${DIMENSIONS.map((each) => TITLES[each]).join(" | ")} |`, "|---|---|---:|---:|---:|---:|---:|", ...lines].join("\n");
}

const nameOf = ({ fn, note, kind }) => `\`${fn}\`${[note, kind === "real" ? "real" : ""].filter(Boolean).map((each) => `, ${each}`).join("")}`;

/** Sizes that cost the same, to the digits shown, share a line. */
function merged(rows) {
  const lines = [];
  for (const row of rows) {
    const cells = shares(row);
    const same = lines.find((line) => line.cells.join() === cells.join());
    if (same) same.sizes += `, ${row.size ?? "any"}`;
    else lines.push({ sizes: String(row.size ?? "any"), cells });
  }
  return lines;
}
