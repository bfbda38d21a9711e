// Which survivors have a reason. A reason belongs to a contract, a function and a form, not to a line, so that it
// survives a change elsewhere and lapses with the form it speaks of.

import { readFileSync } from "node:fs";

import { flat } from "./reader.mjs";

/** [{ contract, function, how, form, reason }] */
export function readReasons() {
  const reasons = JSON.parse(readFileSync(new URL("./accepted.json", import.meta.url), "utf8"));
  for (const each of reasons) {
    const missing = ["contract", "function", "how", "form", "reason"].filter((key) => !each[key]);
    if (missing.length > 0) throw new Error(`accepted.json: ${JSON.stringify(each)} has no ${missing.join(", ")}`);
  }
  return reasons;
}

const fits = (reason, mutant) =>
  reason.contract === mutant.contract &&
  reason.function === mutant.fn &&
  reason.how === mutant.how &&
  flat(reason.form) === mutant.before &&
  (reason.becomes === undefined || flat(reason.becomes) === mutant.after);

export const reasonFor = (mutant, reasons = readReasons()) => reasons.find((reason) => fits(reason, mutant));

/**
 * One row per contract, the survivors without a reason, and the reasons without a survivor. Reasons are only
 * called outdated where everything they could speak of was tried.
 */
export function acceptance(tried, { whole, kinds }, reasons = readReasons()) {
  const used = new Set();
  const judged = tried.map((mutant) => {
    if (mutant.state !== "survived") return mutant;
    const found = reasons.filter((reason) => fits(reason, mutant));
    for (const reason of found) used.add(reason);
    return { ...mutant, reason: found[0]?.reason };
  });
  const rows = [...new Set(judged.map(({ contract }) => contract))].map((contract) => {
    const own = judged.filter((mutant) => mutant.contract === contract);
    const count = (state) => own.filter((mutant) => mutant.state === state).length;
    return {
      contract,
      guards: new Set(own.map(({ fn, line, before, kind }) => `${fn} ${line} ${before} ${kind}`)).size,
      mutants: own.length,
      killed: count("killed") + count("timeout"),
      notViable: count("not viable"),
      survivors: own.filter(({ state }) => state === "survived"),
    };
  });
  const unexplained = judged.filter(({ state, reason }) => state === "survived" && !reason);
  const outdated = whole ? reasons.filter((reason) => whole.includes(reason.contract) && kinds.includes(reason.kind ?? "guards") && !used.has(reason)) : [];
  return { rows, unexplained, outdated: outdated.map(({ contract, function: fn, form }) => ({ contract, fn, form })) };
}
