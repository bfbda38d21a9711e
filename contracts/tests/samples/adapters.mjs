// What the tests of the venue adapters share: accounts with money, and contracts that call an adapter.

import { readFileSync } from "node:fs";
import { Cl } from "@stacks/transactions";

import { TOKEN, balance, mint, outcome, plain, principal } from "./venues.mjs";

export const assets = () => ({ STX: `${simnet.deployer}.stx-token`, ...TOKEN });
const ledgerName = (symbol) => (symbol === "STX" ? "STX" : TOKEN[symbol]);

/** The errors a contract declares, by name: {ERR_X: "1800"}. */
export function errorsOf(contract) {
  const source = readFileSync(new URL(`../../src/${contract}.clar`, import.meta.url), "utf8");
  return Object.fromEntries([...source.matchAll(/\(define-constant (ERR_\w+) \(err u(\d+)\)\)/g)].map(([, name, code]) => [name, code]));
}

// A vault in small: sells what it holds, allowing the adapter that amount of that asset and nothing else.
const DESK = `
(use-trait ft .sip-010-trait.sip-010-trait)
(use-trait dex .dex-adapter-trait.dex-adapter-trait)
(define-public (sell (from <ft>) (to <ft>) (amount uint) (min-out uint) (venue <dex>))
  (if (is-eq (contract-of from) .stx-token)
    (as-contract? ((with-stx amount)) (try! (contract-call? venue swap from to amount min-out)))
    (as-contract? ((with-ft (contract-of from) "*" amount)) (try! (contract-call? venue swap from to amount min-out)))
  )
)`;

// Passes a call on in its caller's name, which an adapter must refuse.
const MIDDLEMAN = `
(use-trait ft .sip-010-trait.sip-010-trait)
(use-trait dex .dex-adapter-trait.dex-adapter-trait)
(define-public (sell (from <ft>) (to <ft>) (amount uint) (min-out uint) (venue <dex>))
  (contract-call? venue swap from to amount min-out)
)`;

export class Desk {
  constructor(adapter) {
    this.adapter = `${simnet.deployer}.${adapter}`;
    this.trader = simnet.getAccounts().get("wallet_1");
    for (const token of Object.values(TOKEN)) mint(simnet, token, 10n ** 16n, this.trader);
  }

  #pair(from, to) {
    return [principal(assets()[from] ?? from), principal(assets()[to] ?? to)];
  }

  /** The raw answer to a quote; an abort throws. */
  ask(from, to, amount) {
    return simnet.callReadOnlyFn(this.adapter, "get-quote", [...this.#pair(from, to), Cl.uint(amount)], this.trader);
  }

  quote(from, to, amount) {
    return plain(this.ask(from, to, amount).result);
  }

  swap(from, to, amount, minOut = 0n, sender = this.trader) {
    return outcome(() => {
      const answer = simnet.callPublicFn(this.adapter, "swap", [...this.#pair(from, to), Cl.uint(amount), Cl.uint(minOut)], sender);
      this.topics = answer.events.filter(({ event }) => event === "print_event").map(({ data }) => data.value.value?.topic?.value).filter(Boolean);
      return answer;
    });
  }

  /** Sells as the contract `name` on its own account (desk), or in its caller's name (middleman). */
  #through(name, source, from, to, amount, minOut) {
    const contract = `${simnet.deployer}.${name}`;
    if (simnet.getContractSource(contract) === undefined) simnet.deployContract(name, source, { clarityVersion: 4 }, simnet.deployer);
    return outcome(() =>
      simnet.callPublicFn(contract, "sell", [...this.#pair(from, to), Cl.uint(amount), Cl.uint(minOut), principal(this.adapter)], this.trader),
    );
  }

  sellAsVault(from, to, amount, minOut = 0n) {
    return this.#through("desk", DESK, from, to, amount, minOut);
  }

  sellThroughMiddleman(from, to, amount) {
    return this.#through("middleman", MIDDLEMAN, from, to, amount, 0n);
  }

  get vault() {
    return `${simnet.deployer}.desk`;
  }

  holds(symbol, who = this.trader) {
    return balance(simnet, ledgerName(symbol), who);
  }

  give(symbol, amount, to) {
    if (symbol === "STX") simnet.transferSTX(amount, to, this.trader);
    else mint(simnet, TOKEN[symbol], amount, to);
  }
}
