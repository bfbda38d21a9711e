// House rules of our own contracts that a compiler does not check.

import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { isUpToDate, tables } from "../tools/error-tables.mjs";
import { OWN, errorsOf, sourceOf } from "./kit.mjs";

const FIRST_CODE = {
  "stx-token": 2_000n,
  "flow-token": 1_000n,
  "pool-access": 1_100n,
  "pool-share": 1_200n,
  "flow-staking": 1_600n,
  "pool-portfolios": 3_500n,
  "pool-books": 2_100n,
  "pool-terms": 2_200n,
  "withdrawal-queue": 2_300n,
  "pool-valuation": 2_400n,
  "whale-pool-vault": 1_300n,
  "pool-desk": 1_300n, // shares the vault's hundred
  "pool-office": 1_300n,
  "fee-treasury": 2_500n,
  "insurance-fund": 2_600n,
  "whale-list": 3_100n,
  "ballot-box": 3_200n,
  "pool-governance": 1_700n,
  "pool-rebalancer": 1_400n,
  "price-averages": 2_700n,
  "price-sources": 3_300n,
  "price-observations": 3_400n,
  "pool-oracle": 1_500n,
};
const linesOf = (name) => sourceOf(name).split("\n");
const code = (name) => linesOf(name).map((line) => line.replace(/;;.*$/, ""));

describe.each(OWN)("%s", (contract) => {
  const errors = errorsOf(contract);

  it("has errors, each of its own code inside the contract's hundred", () => {
    const codes = Object.values(errors);
    expect(codes.length).toBeGreaterThan(0);
    expect(new Set(codes).size).toBe(codes.length);
    for (const one of codes) {
      expect(one).toBeGreaterThanOrEqual(FIRST_CODE[contract]);
      expect(one).toBeLessThan(FIRST_CODE[contract] + 100n);
    }
  });

  it("says in one sentence above each error what it means", () => {
    const lines = linesOf(contract);
    for (const name of Object.keys(errors)) {
      const at = lines.findIndex((line) => line.startsWith(`(define-constant ${name} `));
      expect(lines[at - 1], name).toMatch(/^;; \S.*\.$/);
    }
  });

  it("has every error provoked, or at least named, by its own tests and used in its own code", () => {
    const files = readdirSync(new URL(".", import.meta.url)).filter((file) => file.startsWith(contract) && file.endsWith(".test.mjs"));
    const tests = files.map((file) => readFileSync(new URL(file, import.meta.url), "utf8")).join("\n");
    const body = code(contract).filter((line) => !line.startsWith("(define-constant ERR_")).join("\n");
    for (const name of Object.keys(errors)) {
      expect(tests, name).toMatch(new RegExp(`\\b${name}\\b`));
      expect(body, name).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  it("writes no error as a number in a body, panics nowhere and takes no unlimited allowance", () => {
    for (const line of code(contract)) {
      if (!line.startsWith("(define-constant ERR_")) expect(line).not.toMatch(/\(err u\d/);
      expect(line).not.toMatch(/unwrap-panic|unwrap-err-panic|with-all-assets-unsafe|at-block/);
    }
  });

  it("says where it rounds, what it holds and which errors are its own", () => {
    const header = linesOf(contract).slice(0, 14).filter((line) => line.startsWith(";;")).join(" ");
    for (const word of ["Errors: u", "Rounding", "old"]) expect(header).toContain(word);
  });
});

describe("all of them together", () => {
  it("stand in the README as the tool writes them, adapters and oracle too", () => {
    expect(isUpToDate(), "run node tools/error-tables.mjs").toBe(true);
    const contracts = tables().flatMap((table) => table.contracts);
    expect(contracts).toEqual(expect.arrayContaining([...OWN, "pool-oracle", "alex-adapter", "velar-adapter"]));
  });

  it("use no code for two names, and one name of a code with one meaning", () => {
    const meanings = new Map();
    for (const contract of OWN) {
      const lines = linesOf(contract);
      for (const [name, one] of Object.entries(errorsOf(contract))) {
        const meaning = lines[lines.findIndex((line) => line.startsWith(`(define-constant ${name} `)) - 1];
        expect(meanings.get(one) ?? `${name} ${meaning}`).toBe(`${name} ${meaning}`);
        meanings.set(one, `${name} ${meaning}`);
      }
    }
  });
});
