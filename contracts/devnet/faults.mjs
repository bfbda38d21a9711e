// Lets the local chain misbehave on request, so that a keeper can be seen to cope.

const HTTP_KINDS = new Set(["latency", "status", "malformed", "cut"]);
const TRANSACTION_KINDS = new Set(["drop-tx", "delay-tx", "lying-200", "reject", "taken-status"]);
const NEVER_FAULTED = "/devnet/";

export class BadRule extends Error {}

function requireNumber(rule, name) {
  if (!Number.isFinite(rule[name]) || rule[name] < 0) throw new BadRule(`${rule.kind} needs a number "${name}"`);
}

function requireText(rule, name) {
  if (typeof rule[name] !== "string" || rule[name] === "") throw new BadRule(`${rule.kind} needs a text "${name}"`);
}

const CHECKS = {
  latency: (rule) => requireNumber(rule, "value"),
  status: (rule) => requireNumber(rule, "value"),
  malformed: () => {},
  cut: () => {},
  "drop-tx": () => {},
  "delay-tx": (rule) => requireNumber(rule, "value"),
  "lying-200": () => {},
  "taken-status": (rule) => requireNumber(rule, "value"),
  reject: (rule) => requireText(rule, "value"),
  forget: (rule) => requireText(rule, "txid"),
  reorg: (rule) => requireNumber(rule, "depth"),
  "clock-jump": (rule) => requireNumber(rule, "seconds"),
  price: (rule) => requireNumber(rule, "factor"),
  "venue-pause": (rule) => {
    if (!["alex", "velar"].includes(rule.venue)) throw new BadRule('venue-pause needs "venue": "alex" or "velar"');
  },
};

export class Faults {
  #rules = [];
  #actions;

  /** `actions` does what happens at once: {reorg(depth, lost), forget(txid), clockJump(seconds), pauseVenue(venue, paused)}. */
  constructor(actions) {
    this.#actions = actions;
  }

  get rules() {
    return this.#rules;
  }

  /** Adds a rule; without `times` it holds until `clear`. Throws BadRule. */
  add(rule) {
    const check = CHECKS[rule?.kind];
    if (check === undefined) throw new BadRule(`unknown kind ${rule?.kind}; known: ${Object.keys(CHECKS).join(", ")}`);
    check(rule);
    if (rule.kind === "reorg") return { done: rule.kind, blocks: this.#actions.reorg(rule.depth, rule.lose ?? null) };
    if (rule.kind === "forget") return { done: rule.kind, forgotten: this.#actions.forget(rule.txid) };
    if (rule.kind === "clock-jump") {
      this.#actions.clockJump(rule.seconds);
      return { done: rule.kind, seconds: rule.seconds };
    }
    if (rule.kind === "venue-pause") this.#actions.pauseVenue(rule.venue, true);
    this.#rules.push({ ...rule, left: rule.times ?? Infinity });
    return { rules: this.#rules.length };
  }

  clear() {
    for (const { kind, venue } of this.#rules) {
      if (kind === "venue-pause") this.#actions.pauseVenue(venue, false);
    }
    this.#rules = [];
  }

  #take(kinds, path) {
    const rule = this.#rules.find((each) => kinds.has(each.kind) && each.left > 0 && path.startsWith(each.match ?? "/"));
    if (rule === undefined) return null;
    rule.left -= 1;
    return rule;
  }

  takeTransactionFault(path) {
    return this.#take(TRANSACTION_KINDS, path);
  }

  /** Factor that a price source's answer is wrong by. */
  priceFactor(source, asset) {
    return this.#rules
      .filter((rule) => rule.kind === "price" && rule.source === source && rule.asset === asset)
      .reduce((factor, rule) => factor * rule.factor, 1);
  }

  /** Registers the hook that bends answers; control endpoints are never touched. */
  register(app) {
    app.addHook("onRequest", async (request, reply) => {
      if (request.url.startsWith(NEVER_FAULTED)) return undefined;
      const rule = this.#take(HTTP_KINDS, request.url);
      return rule === null ? undefined : misbehave(rule, reply);
    });
  }
}

async function misbehave({ kind, value }, reply) {
  switch (kind) {
    case "latency":
      await new Promise((resolve) => setTimeout(resolve, value));
      return undefined;
    case "status":
      return reply.code(value).type("text/plain").send(`local fault: status ${value}`);
    case "malformed":
      return reply.type("application/json").send('{"unfinished": [1, 2,');
    default:
      reply.hijack();
      reply.raw.writeHead(200, { "content-type": "application/json", "content-length": "4096" });
      reply.raw.write('{"cut":');
      setTimeout(() => reply.raw.destroy(), 20);
      return reply;
  }
}

