// Writes the tables of error codes in README.md from the sources: each constant, its code and the sentence above it.
//
//   node tools/error-tables.mjs           write the section between the two marker comments
//   node tools/error-tables.mjs --check   say whether it is what this would write; exit 1 when not
//
// Contracts that share a block of a hundred codes share a table; a code they share must have one name and one meaning.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const SRC = new URL("../src/", import.meta.url);
const README = new URL("../README.md", import.meta.url);
const BEGIN = "<!-- written by tools/error-tables.mjs from here -->";
const END = "<!-- to here -->";
const BLOCK = 100;
const CONSTANT = /((?:^;;[^\n]*\n)*)^\(define-constant (ERR_[A-Z0-9_]+) \(err u(\d+)\)\)$/gm;

/** The errors a source declares, in its order: [{name, code, meaning}]. Throws when one has no sentence above it. */
export function errorsIn(source, contract) {
  return [...source.matchAll(CONSTANT)].map(([, comment, name, code]) => {
    const meaning = comment.replaceAll(/^;;\s?/gm, "").trim().replaceAll("\n", " ");
    if (meaning === "") throw new Error(`${contract}: ${name} has no sentence above it`);
    return { name, code: Number(code), meaning };
  });
}

/** One table for each block of codes, lowest first: [{contracts, rows}]. Throws when two contracts differ on a code. */
export function tables(sources = readSources()) {
  const blocks = new Map();
  for (const [contract, source] of sources) {
    for (const error of errorsIn(source, contract)) {
      const number = Math.floor(error.code / BLOCK);
      if (!blocks.has(number)) blocks.set(number, { contracts: [], rows: new Map() });
      const { contracts, rows } = blocks.get(number);
      if (!contracts.includes(contract)) contracts.push(contract);
      const known = rows.get(error.code) ?? error;
      if (known.name !== error.name || known.meaning !== error.meaning) {
        throw new Error(`u${error.code} means two things: ${known.name} and ${contract}'s ${error.name}`);
      }
      rows.set(error.code, error);
    }
  }
  return [...blocks.entries()]
    .sort(([one], [other]) => one - other)
    .map(([, { contracts, rows }]) => ({ contracts, rows: [...rows.values()].sort((a, b) => a.code - b.code) }));
}

/** The tables as Markdown. */
export function section() {
  return tables().map(table).join("\n");
}

/** README.md with the section as it should be. */
export function readmeWith(text, wanted = section()) {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error("README.md lacks the two marker comments around the error tables");
  return `${text.slice(0, begin + BEGIN.length)}\n\n${wanted}\n${text.slice(end)}`;
}

export const isUpToDate = () => read(README) === readmeWith(read(README));

function table({ contracts, rows }) {
  const lines = rows.map(({ name, code, meaning }) => `| u${code} | \`${name}\` | ${meaning} |`);
  return [`**${contracts.join(", ")}**`, "", "| Code | Name | Meaning |", "|---|---|---|", ...lines, ""].join("\n");
}

function readSources() {
  const files = readdirSync(SRC).filter((file) => file.endsWith(".clar")).sort();
  return files.map((file) => [file.slice(0, -".clar".length), read(new URL(file, SRC))]);
}

function read(url) {
  return readFileSync(url, "utf8");
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (!process.argv.includes("--check")) writeFileSync(README, readmeWith(read(README)));
  else if (!isUpToDate()) {
    console.error("the error tables in README.md are not what the sources say; run node tools/error-tables.mjs");
    process.exitCode = 1;
  }
}
