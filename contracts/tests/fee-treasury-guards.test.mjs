// What removing a guard of fee-treasury would change and no other test sees.

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, at, boot, call, DEPLOYER, errorsOf, expectError, must, ours, p, plain, price, PRICE_ONE, sourceOf, STX, u, who,
} from "./kit.mjs";

const errors = errorsOf("fee-treasury");
const TREASURY = at("fee-treasury");
const FLOW = at("flow-token");
const BOOK = at("bookkeeping-token");
const convert = (from, amount, dex) => call(who.keeper, "fee-treasury", "convert", p(from), u(amount), u(0), ours(dex));

beforeEach(async () => {
  await boot();
  price(FLOW, PRICE_ONE / 10n); // ten FLOW for one STX
  simnet.deployContract("bookkeeping-token", sourceOf("mock:bookkeeping-token"), { clarityVersion: 4 }, DEPLOYER);
  must(DEPLOYER, "whale-pool-vault", "register-asset", p(BOOK), u(6));
  price(BOOK, PRICE_ONE);
  must(DEPLOYER, "bookkeeping-token", "faucet", u(100n * STX), p(TREASURY));
  must(DEPLOYER, "token-a", "faucet", u(100n * STX), p(TREASURY));
  for (const dex of ["fair-adapter", "stealing-adapter", "failing-adapter"]) {
    must(DEPLOYER, "flow-token", "transfer", u(10_000n * STX), p(DEPLOYER), ours(dex), Cl.none());
    for (const [token, out] of [[A, 20], [BOOK, 10]]) must(DEPLOYER, dex, "set-rate", p(token), p(FLOW), u(out), u(1));
  }
});

describe("convert", () => {
  it("counts what a venue took, even of a token whose moves no allowance sees", () => {
    expect(plain(convert(BOOK, STX, "fair-adapter").result)).toEqual({ spent: STX, received: 10n * STX });
    expectError(convert(BOOK, STX, "stealing-adapter"), errors.ERR_VENUE_OVERREACHED);
  });

  it("keeps the code of a failing venue to itself, whatever is sold", () => {
    expectError(convert(A, STX, "failing-adapter"), errors.ERR_VENUE_FAILED);
  });
});
