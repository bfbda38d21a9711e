// What can be broken in a contract: each mutant is the source with one thing changed.
//
// "guards" are the mutants the suite must notice, all of them: a check removed or turned round. The other
// kinds are finer: a boundary moved by one, a step left out, a branch taken always, a rounding the wrong way.

import { flat, headOf, lineOf, readForms, textOf, walk } from "./reader.mjs";
import { SWITCH } from "./switches.mjs";

export const KINDS = ["guards", "boundaries", "steps", "branches", "roundings"];

const NEXT_TO = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };
// These answer true, so that `true` can stand for them anywhere; the others only where nobody uses their value.
const WRITES = new Set(["map-set", "map-insert", "map-delete", "var-set"]);
const STEPS = new Set(["print", "try!"]);
const CHECK_NAME = /^(assert|check|require|ensure)-/;
// A mutant can also be switched on in a contract that has many of them in it, see switches.mjs. A condition then
// holds, or fails, or turns round, while its mutant is on.
const IS_ON = SWITCH;
const HOLDS = [`(or ${IS_ON} `, ")"];
const FAILS = [`(and (not ${IS_ON}) `, ")"];
const TURNS = ["(not (is-eq ", ` ${IS_ON}))`];
// Names that no contract uses, for what a removed check lets through.
const KEPT = "mutant-kept";
const LOST = "mutant-lost";

/**
 * The mutants of a contract: { contract, fn, kind, how, line, before, after, sources, wraps }. Where the type of a
 * stand-in has to be guessed there are several sources; the first that compiles is the mutant. `wraps` say the same
 * for a mutant that is switched on; not every mutant has them.
 */
export function mutantsOf(contract, source) {
  const forms = readForms(source);
  const found = [];
  const checks = checksIn(source, forms);
  const zeros = [...new Set(["u0", "false", "tx-sender", "(list )", '""', "0x", "none", ...tupleZeros(source, forms)])];
  const roundings = roundingPairs(source, forms);

  for (const definition of forms) {
    if (!/^define-(public|private|read-only)$/.test(headOf(source, definition) ?? "")) continue;
    const fn = textOf(source, definition.items[1].items[0]);
    const add = (kind, how, form, texts, wrapped, wraps = []) => {
      const before = flat(textOf(source, form));
      const sources = texts.map((text) => source.slice(0, form.start) + text + source.slice(form.end));
      const afters = texts.map(flat);
      const around = wraps.map(([pre, post]) => ({ start: wrapped.start, end: wrapped.end, pre, post }));
      found.push({ contract, fn, kind, how, line: lineOf(source, form.start), before, after: afters[0], afters, sources, wraps: around });
    };
    for (const [form, parent] of walk(definition.items.slice(2))) {
      mutate({ source, form, add, checks, zeros, roundings, isStep: isStep(source, form, parent ?? definition) });
    }
  }
  return found.map((mutant) => ({ ...mutant, errors: errorsNear(mutant) }));
}

function mutate({ source, form, add, checks, zeros, roundings, isStep }) {
  const head = headOf(source, form);
  const text = (n) => textOf(source, form.items[n]);
  if (head === "asserts!") {
    add("guards", "removed", form, [`(asserts! true ${text(2)})`], form.items[1], [HOLDS]);
    add("guards", "inverted", form, [`(asserts! (not ${text(1)}) ${text(2)})`], form.items[1], [TURNS]);
  } else if (head === "try!" && checks.has(calledBy(source, form.items[1]))) {
    const passing = zeros.map((zero) => `(try! (match ${text(1)} ${KEPT} (ok ${KEPT}) ${LOST} (if true (ok ${zero}) (err ${LOST}))))`);
    add("guards", "removed", form, [`(try! (if true (ok true) ${text(1)}))`, ...passing], form.items[1], [[`(if ${IS_ON} (ok true) `, ")"]]);
  } else if (head === "unwrap!") {
    const standIns = zeros.flatMap((zero) => [
      `(unwrap! (some (default-to ${zero} ${text(1)})) ${text(2)})`,
      `(unwrap! (match ${text(1)} ${KEPT} (some ${KEPT}) ${LOST} (some ${zero})) ${text(2)})`,
    ]);
    const standingIn = zeros.flatMap((zero) => [
      ["(match ", ` ${KEPT} (some ${KEPT}) (if ${IS_ON} (some ${zero}) none))`],
      ["(match ", ` ${KEPT} (some ${KEPT}) ${LOST} (if ${IS_ON} (some ${zero}) none))`],
    ]);
    add("guards", "removed", form, standIns, form.items[1], standingIn);
    const noes = ["none", "(err u0)", "(err none)"];
    const refusing = noes.map((no) => `(unwrap! (if false ${text(1)} ${no}) ${text(2)})`);
    add("guards", "inverted", form, refusing, form.items[1], noes.map((no) => [`(if ${IS_ON} ${no} `, ")"]));
  } else if (head === "and" || head === "or") {
    for (const operand of form.items.slice(1)) {
      add("guards", "condition dropped", operand, [head === "and" ? "true" : "false"], operand, [head === "and" ? HOLDS : FAILS]);
    }
  } else if (head === "as-contract?" || head === "restrict-assets?") {
    const allowances = form.items[head === "as-contract?" ? 1 : 2];
    add("guards", "allowance opened", allowances, ["((with-all-assets-unsafe))"]);
    if (allowances.items.length > 0) add("guards", "allowance closed", allowances, ["()"]);
  } else if (head === "if") {
    const [yes, no] = [2, 3].map(text);
    const refuses = [yes, no].map((branch) => /^(ERR_[A-Z0-9_]+|\(err [^()]*\)|none)$/.test(branch));
    if (refuses[0] !== refuses[1]) {
      const passes = [`(if ${refuses[0]} ${no} ${yes})`, refuses[0] ? no : yes];
      add("guards", "removed", form, passes, form.items[1], [refuses[0] ? FAILS : HOLDS]);
      add("guards", "inverted", form, [`(if (not ${text(1)}) ${yes} ${no})`], form.items[1], [TURNS]);
    } else if (isClamp(source, form)) {
      add("guards", "clamp removed", form, [yes], form.items[1], [HOLDS]);
      add("guards", "clamp removed", form, [no], form.items[1], [FAILS]);
    } else {
      add("branches", "always", form, [`(if true ${yes} ${no})`], form.items[1], [HOLDS]);
      add("branches", "never", form, [`(if false ${yes} ${no})`], form.items[1], [FAILS]);
    }
  }
  if (head in NEXT_TO && form.items.length === 3) {
    add("boundaries", "boundary moved", form, [`(${NEXT_TO[head]} ${text(1)} ${text(2)})`]);
  }
  if (head in roundings) add("roundings", "rounded the other way", form.items[0], [roundings[head]]);
  const checked = head === "try!" && checks.has(calledBy(source, form.items[1]));
  if (WRITES.has(head) || (isStep && STEPS.has(head) && !checked)) add("steps", "left out", form, ["true"]);
}

/** A statement: a form whose value nobody uses, in the body of a begin or let. */
function isStep(source, form, parent) {
  const head = headOf(source, parent);
  const first = head === "begin" ? 1 : head === "let" ? 2 : Infinity;
  const index = parent.items.indexOf(form);
  return index >= first && index < parent.items.length - 1;
}

/** (if (< a b) a b) and its likes: the smaller or the larger of two. */
function isClamp(source, form) {
  const condition = form.items[1];
  if (!(headOf(source, condition) in NEXT_TO) || condition.items.length !== 3) return false;
  const compared = condition.items.slice(1).map((item) => flat(textOf(source, item))).sort();
  const taken = form.items.slice(2).map((item) => flat(textOf(source, item))).sort();
  return compared.join("\n") === taken.join("\n");
}

function calledBy(source, form) {
  const head = headOf(source, form);
  return head === "contract-call?" ? textOf(source, form.items[2]) : head;
}

/** Names of functions that only check: by their name, or because they assert and do nothing else. */
function checksIn(source, forms) {
  const names = new Set();
  for (const [form] of walk(forms)) {
    const called = calledBy(source, form);
    if (CHECK_NAME.test(called ?? "")) names.add(called);
  }
  for (const form of forms) {
    if (!/^define-(private|read-only)$/.test(headOf(source, form) ?? "")) continue;
    const heads = [...walk(form.items.slice(2))].map(([inner]) => headOf(source, inner));
    const answersYes = /\(ok true\)$|\(ok \(asserts! .*\)\)$/s.test(flat(textOf(source, form)).slice(0, -1).trim());
    const acts = heads.some((head) => /^(map-set|map-insert|map-delete|var-set|print|as-contract\?)$/.test(head ?? ""));
    if (heads.includes("asserts!") && answersYes && !acts) names.add(textOf(source, form.items[1].items[0]));
  }
  return names;
}

/** Empty values of the tuple types that maps and arguments of the contract declare. */
function tupleZeros(source, forms) {
  const zeros = [];
  for (const [form] of walk(forms)) {
    if (form.type !== "tuple") continue;
    const zero = zeroOf(source, form);
    if (zero !== undefined) zeros.push(zero);
  }
  return zeros;
}

function zeroOf(source, type) {
  if (type.type === "atom") return { uint: "u0", int: "0", bool: "false", principal: "tx-sender" }[textOf(source, type)];
  const head = headOf(source, type);
  if (head === "list") return "(list )";
  if (head === "optional") return "none";
  if (head === "buff") return "0x";
  if (head === "string-ascii") return '""';
  if (head === "string-utf8") return 'u""';
  if (type.type !== "tuple") return undefined;
  const fields = [];
  for (let n = 0; n < type.items.length; n += 2) {
    const zero = type.items[n + 1] && zeroOf(source, type.items[n + 1]);
    if (zero === undefined) return undefined;
    fields.push(`${textOf(source, type.items[n])}: ${zero}`);
  }
  return fields.length === 0 ? undefined : `{ ${fields.join(", ")} }`;
}

/** Functions of the contract that exist rounded down and rounded up. */
function roundingPairs(source, forms) {
  const names = new Set(forms.filter((form) => form.items?.[1]?.type === "list").map((form) => textOf(source, form.items[1].items[0])));
  const pairs = {};
  for (const name of names) {
    const other = name.endsWith("-down") ? `${name.slice(0, -5)}-up` : name.endsWith("-up") ? `${name.slice(0, -3)}-down` : undefined;
    if (names.has(other)) pairs[name] = other;
  }
  return pairs;
}

function errorsNear({ before }) {
  return before.match(/\bERR_[A-Z0-9_]+/g) ?? [];
}
