// Whether Clarity values fit the argument types of a contract's interface.

import { cvToString } from "@stacks/transactions";

const MAX_U128 = (1n << 128n) - 1n;

const SIMPLE = {
  int128: (value) => value.type === "int",
  uint128: (value) => value.type === "uint" && BigInt(value.value) <= MAX_U128,
  bool: (value) => value.type === "true" || value.type === "false",
  principal: (value) => value.type === "address" || value.type === "contract",
  trait_reference: (value) => value.type === "contract",
  none: () => false, // no value inhabits it
};

const SHAPED = {
  buffer: ({ length }, value) => value.type === "buffer" && value.value.length / 2 <= length,
  "string-ascii": ({ length }, value) => value.type === "ascii" && value.value.length <= length,
  "string-utf8": ({ length }, value) => value.type === "utf8" && [...value.value].length <= length,
  optional: (inner, value) => value.type === "none" || (value.type === "some" && fits(inner, value.value)),
  response: ({ ok, error }, value) =>
    (value.type === "ok" && fits(ok, value.value)) || (value.type === "err" && fits(error, value.value)),
  list: ({ type, length }, value) =>
    value.type === "list" && value.value.length <= length && value.value.every((item) => fits(type, item)),
  tuple: (fields, value) =>
    value.type === "tuple" &&
    Object.keys(value.value).length === fields.length &&
    fields.every(({ name, type }) => name in value.value && fits(type, value.value[name])),
};

export function fits(type, value) {
  if (typeof type === "string") return SIMPLE[type](value);
  const [[shape, detail]] = Object.entries(type);
  return SHAPED[shape](detail, value);
}

/** Returns null when `args` suit the function, else a sentence saying which does not. */
export function argumentMismatch(declared, args) {
  if (declared.length !== args.length) return `expecting ${declared.length} arguments, got ${args.length}`;
  const wrong = declared.findIndex(({ type }, index) => !fits(type, args[index]));
  if (wrong < 0) return null;
  const { name, type } = declared[wrong];
  return `argument ${name}: expecting ${JSON.stringify(type)}, found ${cvToString(args[wrong])}`;
}
