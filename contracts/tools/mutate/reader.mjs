// Reads Clarity source into forms that know where they stand, so that one of them can be replaced and nothing else.

/**
 * A form: { type: "list" | "tuple" | "string" | "atom", start, end, items? }.
 * A tuple's items are its keys and values in turn; commas and the colon of a key belong to nobody.
 */
export function readForms(source) {
  const forms = [];
  let at = 0;

  const skip = () => {
    while (at < source.length) {
      if (/[\s,]/.test(source[at])) at += 1;
      else if (source.startsWith(";;", at)) at = endOfLine(source, at);
      else return;
    }
  };

  const read = () => {
    const start = at;
    const opened = source[at];
    if (opened === "(" || opened === "{") {
      const items = [];
      const closing = opened === "(" ? ")" : "}";
      at += 1;
      for (skip(); source[at] !== closing; skip()) {
        if (at >= source.length) throw new Error(`no ${closing} for the ${opened} at ${placeOf(source, start)}`);
        items.push(read());
        if (source[at] === ":") at += 1;
      }
      at += 1;
      return { type: opened === "(" ? "list" : "tuple", start, end: at, items };
    }
    if (opened === ")" || opened === "}") throw new Error(`a ${opened} too many at ${placeOf(source, start)}`);
    if (opened === '"' || source.startsWith('u"', at)) {
      at += opened === "u" ? 2 : 1;
      while (source[at] !== '"') {
        if (at >= source.length) throw new Error(`no end of the text at ${placeOf(source, start)}`);
        at += source[at] === "\\" ? 2 : 1;
      }
      at += 1;
      return { type: "string", start, end: at };
    }
    while (at < source.length && !/[\s,(){}":]/.test(source[at])) at += 1;
    if (at === start) throw new Error(`cannot read ${opened} at ${placeOf(source, start)}`);
    return { type: "atom", start, end: at };
  };

  for (skip(); at < source.length; skip()) forms.push(read());
  return forms;
}

function endOfLine(source, at) {
  const end = source.indexOf("\n", at);
  return end === -1 ? source.length : end;
}

export const lineOf = (source, at) => source.slice(0, at).split("\n").length;
const placeOf = (source, at) => `line ${lineOf(source, at)}`;

export const textOf = (source, form) => source.slice(form.start, form.end);

/** The word a list begins with: "asserts!" for (asserts! …); undefined for anything else. */
export function headOf(source, form) {
  const first = form.type === "list" ? form.items[0] : undefined;
  return first?.type === "atom" ? textOf(source, first) : undefined;
}

/** A form on one line, without comments: what stays the same when the layout changes. */
export function flat(text) {
  return text
    .replace(/;;.*$/gm, "")
    .replace(/[\s,]+/g, " ")
    .replace(/([({]) /g, "$1")
    .replace(/ ([)}])/g, "$1")
    .trim();
}

/** Every form inside `forms`, outermost first, as [form, parent]. */
export function* walk(forms, parent) {
  for (const form of forms) {
    yield [form, parent];
    if (form.items) yield* walk(form.items, form);
  }
}
