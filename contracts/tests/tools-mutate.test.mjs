// The tool that breaks guards: what it breaks, how it tells, and that it neither misses nor invents a kill.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { contractNames, ownTests, testsFor, unitTests } from "../tools/mutate.mjs";
import { acceptance, readReasons } from "../tools/mutate/accepted.mjs";
import { mutantsOf } from "../tools/mutate/mutants.mjs";
import { page } from "../tools/mutate/page.mjs";
import { flat, headOf, readForms, textOf, walk } from "../tools/mutate/reader.mjs";
import { runGroups } from "../tools/mutate/run.mjs";
import { withSwitches } from "../tools/mutate/switches.mjs";
import { makeWorkspace } from "../tools/mutate/workspace.mjs";

const TOY = `;; A (comment with "brackets"
(define-constant ERR_NO (err u1))
(define-constant ERR_LOW (err u2))
(define-map notes principal { text: (string-ascii 9), at: uint })
(define-data-var last uint u0)

(define-public (write (amount uint) (at uint))
  (begin
    (try! (assert-writer))
    (asserts! (and (> amount u0) (< at u9)) ERR_NO) ;; both
    (var-set last (unwrap! (get at (map-get? notes tx-sender)) ERR_NO))
    (ok (if (< amount at) amount at))
  )
)

(define-private (assert-writer)
  (ok (asserts! (is-eq contract-caller tx-sender) ERR_NO))
)

(define-private (scaled (n uint))
  (if (> n u5) ERR_LOW (ok (mul-down n)))
)

(define-private (mul-down (n uint)) (/ n u3))
(define-private (mul-up (n uint)) (/ (+ n u2) u3))
`;

const ofToy = (kind) => mutantsOf("toy", TOY).filter((mutant) => mutant.kind === kind);
const changes = (kind) => ofToy(kind).map(({ fn, how, before, after }) => [fn, how, before, after]);

describe("readForms", () => {
  it("finds every form where it stands, past comments, texts and tuples", () => {
    const forms = readForms(TOY);
    expect(forms.map((form) => headOf(TOY, form))).toEqual([
      ...Array(2).fill("define-constant"), "define-map", "define-data-var", "define-public", ...Array(4).fill("define-private"),
    ]);
    expect(forms.every((form) => textOf(TOY, form).endsWith(")"))).toBe(true);
    const [tuple] = [...walk(forms)].map(([form]) => form).filter(({ type }) => type === "tuple");
    expect(tuple.items.map((item) => textOf(TOY, item))).toEqual(["text", "(string-ascii 9)", "at", "uint"]);
  });

  it.each(["(a", "a)", '"a', "{ a: b"])("refuses %s", (source) => {
    expect(() => readForms(source)).toThrow(/line 1/);
  });

  it("reads every contract to its end", () => {
    for (const name of contractNames()) {
      const source = readFileSync(new URL(`../src/${name}.clar`, import.meta.url), "utf8");
      expect(readForms(source).length, name).toBe(source.match(/^\(/gm).length);
    }
  });

  it("writes a form on one line, without its comments", () => {
    expect(flat("(a ;; why\n  { b: c,\n  }\n)")).toBe("(a {b: c})");
  });
});

describe("mutantsOf", () => {
  it("removes and inverts every guard, and drops every condition of it", () => {
    expect(changes("guards").map(([fn, how, before]) => [fn, how, before])).toEqual([
      ["write", "removed", "(try! (assert-writer))"],
      ["write", "removed", "(asserts! (and (> amount u0) (< at u9)) ERR_NO)"],
      ["write", "inverted", "(asserts! (and (> amount u0) (< at u9)) ERR_NO)"],
      ["write", "condition dropped", "(> amount u0)"],
      ["write", "condition dropped", "(< at u9)"],
      ["write", "removed", "(unwrap! (get at (map-get? notes tx-sender)) ERR_NO)"],
      ["write", "inverted", "(unwrap! (get at (map-get? notes tx-sender)) ERR_NO)"],
      ["write", "clamp removed", "(if (< amount at) amount at)"],
      ["write", "clamp removed", "(if (< amount at) amount at)"],
      ["assert-writer", "removed", "(asserts! (is-eq contract-caller tx-sender) ERR_NO)"],
      ["assert-writer", "inverted", "(asserts! (is-eq contract-caller tx-sender) ERR_NO)"],
      ["scaled", "removed", "(if (> n u5) ERR_LOW (ok (mul-down n)))"],
      ["scaled", "inverted", "(if (> n u5) ERR_LOW (ok (mul-down n)))"],
    ]);
  });

  it("moves boundaries, leaves out steps and rounds the other way", () => {
    expect(changes("boundaries").map(([, , , after]) => after)).toEqual(["(>= amount u0)", "(<= at u9)", "(<= amount at)", "(>= n u5)"]);
    expect(changes("steps").map(([, , before]) => before.slice(0, 13))).toEqual(["(var-set last"]);
    expect(changes("roundings")).toEqual([["scaled", "rounded the other way", "mul-down", "mul-up"]]);
  });

  it("changes one place and leaves every other byte alone", () => {
    for (const { sources, before } of mutantsOf("toy", TOY)) {
      for (const source of sources) {
        expect(source).not.toBe(TOY);
        let start = 0;
        while (source[start] === TOY[start]) start += 1;
        let end = 0;
        while (end < TOY.length - start && source.at(-1 - end) === TOY.at(-1 - end)) end += 1;
        expect(flat(TOY).includes(before)).toBe(true);
        expect(before.length + 40).toBeGreaterThanOrEqual(flat(TOY.slice(start, TOY.length - end)).length);
      }
    }
  });

  it("knows which errors a guard gives", () => {
    expect(ofToy("guards").find(({ fn }) => fn === "scaled").errors).toEqual(["ERR_LOW"]);
  });
});

describe("the tests of a contract", () => {
  const contracts = ["pool", "pool-share", "vault"];

  it("are those that begin with its name, unless the name is another's", () => {
    const files = ["pool.test.mjs", "pool-guards.test.mjs", "pool-share.test.mjs", "pool-share-guards.test.mjs", "vault.test.mjs"];
    expect(ownTests("pool", files, contracts)).toEqual(["pool.test.mjs", "pool-guards.test.mjs"]);
    expect(ownTests("pool-share", files, contracts)).toEqual(["pool-share.test.mjs", "pool-share-guards.test.mjs"]);
  });

  it("exist for every contract, with those near it behind them", () => {
    const names = contractNames();
    for (const name of names) expect(testsFor(name, unitTests(), names).first, name).not.toEqual([]);
    const { first, others } = testsFor("ballot-box", unitTests(), names);
    expect(first).toContain("ballot-box.test.mjs");
    expect(others).toContain("pool-governance.test.mjs");
    expect(others).not.toContain("flow-token.test.mjs");
  });
});

describe("acceptance", () => {
  const mutant = { contract: "toy", fn: "write", kind: "guards", how: "removed", line: 3, before: "(asserts! a ERR)", after: "true" };
  const reason = { contract: "toy", function: "write", how: "removed", form: "(asserts!\n  a ERR)", reason: "It cannot happen." };
  const whole = { whole: ["toy"], kinds: ["guards"] };

  it("wants a reason for every survivor", () => {
    expect(acceptance([{ ...mutant, state: "survived" }], whole, []).unexplained).toHaveLength(1);
    const { rows, unexplained, outdated } = acceptance([{ ...mutant, state: "survived" }], whole, [reason]);
    expect([unexplained, outdated]).toEqual([[], []]);
    expect(rows[0]).toMatchObject({ contract: "toy", mutants: 1, killed: 0, survivors: [{ reason: "It cannot happen." }] });
    expect(page(rows)).toContain("| toy | 1 | 1 | 0 | 1 | 1 | 0 |");
  });

  it.each([
    ["was killed after all", { state: "killed" }],
    ["stands in another function", { state: "survived", fn: "read" }],
    ["was broken in another way", { state: "survived", how: "inverted" }],
    ["has another text", { state: "survived", before: "(asserts! b ERR)" }],
  ])("calls a reason outdated when its mutant %s", (_, change) => {
    expect(acceptance([{ ...mutant, ...change }], whole, [reason]).outdated).toHaveLength(1);
  });

  it("says nothing about reasons where not everything was tried", () => {
    expect(acceptance([{ ...mutant, state: "killed" }], { ...whole, whole: ["other"] }, [reason]).outdated).toEqual([]);
  });

  it("has a whole sentence for every reason", () => {
    for (const { reason: sentence } of readReasons()) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
});

describe("a run", () => {
  const path = "src/stx-token.clar";
  const real = readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
  const mutant = (id, change) => ({ id, contract: "stx-token", fn: "transfer", errors: [], path, real, ...change });
  const found = mutantsOf("stx-token", real);
  const ofKind = (how) => found.find((each) => each.how === how);
  const [{ start, end }] = ofKind("removed").wraps;

  it("tells killed, survived and not viable apart, with a source for each mutant and with switches", async () => {
    const space = makeWorkspace();
    const red = new Map();
    const group = { name: "stx-token", files: ["stx-token.test.mjs"] };
    const oneByOne = [
      mutant("removed", { sources: ofKind("removed").sources }),
      mutant("the same in other words", { sources: [`${real};; nothing\n`] }),
      mutant("no contract", { sources: [`${real}(define-private (broken) (+ 1 u1))\n`] }),
      mutant("the second that is one", { sources: [`${real}(broken`, `${real};; still nothing\n`] }),
    ];
    const inOne = [
      mutant("removed by switch", { wraps: ofKind("removed").wraps }),
      mutant("inverted by switch", { wraps: ofKind("inverted").wraps }),
      mutant("nothing by switch", { wraps: [{ start, end, pre: "(or false ", post: ")" }] }),
      mutant("not to be switched", { wraps: [] }),
    ];

    const results = await runGroups({
      ...space,
      groups: [{ ...group, switched: false, mutants: oneByOne }, { ...group, switched: true, mutants: inOne }],
      red,
    });
    space.remove();

    expect(Object.fromEntries([...results].map(([id, { state }]) => [id, state]))).toEqual({
      removed: "killed",
      "the same in other words": "survived",
      "no contract": "not viable",
      "the second that is one": "survived",
      "removed by switch": "killed",
      "inverted by switch": "killed",
      "nothing by switch": "survived",
      "not to be switched": "apart",
    });
    expect(results.get("removed").file).toBe("stx-token.test.mjs");
    expect([...red]).toEqual([]);
  });
});

describe("switches", () => {
  it("turn on one mutant of many, however deep they stand in each other", () => {
    const source = "(and a b)";
    const wraps = [
      { start: 0, end: 9, pre: "(or (mutant-is-on uNUMBER) ", post: ")", number: 1 },
      { start: 5, end: 6, pre: "(not ", post: ")", number: 2 },
      { start: 0, end: 9, pre: "[uNUMBER ", post: "]", number: 3 },
    ];
    expect(withSwitches(source, wraps).split("\n")[1]).toBe("(or (mutant-is-on u1) [u3 (and (not a) b)])");
  });
});
