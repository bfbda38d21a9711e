// The table, on the screen and as MUTATION.md.

const COLUMNS = ["contract", "guards", "mutants", "killed", "survived", "of these with a reason", "not viable"];

function table(rows) {
  const lines = rows.map(({ contract, guards, mutants, killed, survivors, notViable }) => {
    return [contract, guards, mutants, killed, survivors.length, survivors.filter(({ reason }) => reason).length, notViable];
  });
  const total = COLUMNS.slice(1).map((_, n) => lines.reduce((sum, line) => sum + line[n + 1], 0));
  return [...lines, ["all", ...total]];
}

export function printTable(rows) {
  const lines = [COLUMNS, ...table(rows)].map((line) => line.map(String));
  const widths = COLUMNS.map((_, n) => Math.max(...lines.map((line) => line[n].length)));
  console.log("");
  for (const line of lines) console.log(line.map((cell, n) => (n === 0 ? cell.padEnd(widths[n]) : cell.padStart(widths[n]))).join("  "));
}

/** Whether the word alone says what became of the form. */
export const isToldByHow = (how) => ["removed", "inverted", "left out", "condition dropped", "allowance opened", "allowance closed"].includes(how);

const code = (text) => `\`${text}\``;

export function page(rows) {
  const lines = table(rows).map((line) => `| ${line.join(" | ")} |`);
  const survivors = rows.flatMap((row) => row.survivors);
  const byContract = rows
    .filter((row) => row.survivors.length > 0)
    .map(({ contract, survivors: own }) => {
      const items = own.map(({ fn, how, before, after, reason }) => {
        return `- ${code(fn)}, ${how}: ${code(before)}${isToldByHow(how) ? "" : ` → ${code(after)}`}. ${reason ?? "**No reason given.**"}`;
      });
      return `### ${contract}\n\n${items.join("\n")}\n`;
    });
  return `# What the tests notice

Written by ${code("make mutate")}; do not edit. Every guard of every contract is broken, one at a time, and the unit tests run
against the broken contract. A mutant is killed when a test fails that passes on the real contract.

- A guard is an ${code("asserts!")}, an ${code("unwrap!")} with an error, a call of a checking function, an ${code("if")} that refuses or clamps, one
  condition of an ${code("and")} or ${code("or")}, or an allowance of ${code("as-contract?")}. Each is removed (nothing is checked, nothing is limited) and, where that
  means something, turned round.
- Not viable: the mutant is no contract, because the types say that the guard can never refuse, or no value can stand in for it.
- ${code("node tools/mutate.mjs --kind all")} also moves boundaries by one, leaves out steps, and takes one branch always.

| ${COLUMNS.join(" | ")} |
|${COLUMNS.map((_, n) => (n === 0 ? "---" : "---:")).join("|")}|
${lines.join("\n")}

## Survivors

${survivors.length === 0 ? "None.\n" : byContract.join("\n")}`;
}
