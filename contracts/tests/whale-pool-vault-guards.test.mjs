// What removing a guard of whale-pool-vault would change and no other test sees.

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  at, boot, call, DEPLOYER, deposit, doorErrors, expectError, held, leg, must, ours, p, price, PRICE_ONE, redeem,
  setTargets, sourceOf, STX, STX_TOKEN, stxOf, tokensOf, u, VAULT, who,
} from "./kit.mjs";

const errors = doorErrors();

/** The pool's other half becomes a token of this kind, of which the pool buys fifty. */
function hold(kind) {
  const token = at(kind);
  simnet.deployContract(kind, sourceOf(`mock:${kind}`), { clarityVersion: 4 }, DEPLOYER);
  must(DEPLOYER, "whale-pool-vault", "register-asset", p(token), u(6));
  price(token, PRICE_ONE);
  setTargets({ [STX_TOKEN]: 5_000, [token]: 5_000 });
  for (const dex of ["fair-adapter", "stealing-adapter"]) {
    must(DEPLOYER, kind, "faucet", u(1_000n * STX), ours(dex));
    for (const [from, to] of [[STX_TOKEN, token], [token, STX_TOKEN]]) must(DEPLOYER, dex, "set-rate", p(from), p(to), u(1), u(1));
  }
  deposit(who.alice, 100n * STX);
  leg(STX_TOKEN, token, 50n * STX);
  expect(held(token)).toBe(50n * STX);
  return token;
}

beforeEach(() => boot());

describe("execute-leg", () => {
  it("counts what a venue took, even of a token whose moves no allowance sees", () => {
    const token = hold("bookkeeping-token");

    expectError(leg(token, STX_TOKEN, STX, { dex: "stealing-adapter" }), errors.ERR_VENUE_OVERREACHED);
    expect(tokensOf(token, VAULT)).toBe(50n * STX);
  });
});

describe("redeem-in-kind", () => {
  it("lets a token take nothing of the vault's while it is paid out", () => {
    const token = hold("scheming-token");
    must(who.stranger, "scheming-token", "set-scheme", Cl.stringAscii("steal"));

    expectError(redeem(who.alice, 10n * STX), errors.ERR_TOKEN_FAILED);
    expect([stxOf(VAULT), stxOf(token)]).toEqual([50n * STX, 0n]);
    must(who.stranger, "scheming-token", "set-scheme", Cl.stringAscii("none"));
    expect(redeem(who.alice, 10n * STX).topics.at(-1)).toBe("shares-redeemed");
  });
});

describe("pay-keeper", () => {
  it("refuses to book a payment that goes nowhere, to the vault itself", () => {
    deposit(who.alice, 10n * STX);

    expectError(call(who.mover, "whale-pool-vault", "pay-keeper", u(1), p(VAULT), u(STX)), errors.ERR_TRANSFER_FAILED);
    expect(held(STX_TOKEN)).toBe(10n * STX);
  });
});
