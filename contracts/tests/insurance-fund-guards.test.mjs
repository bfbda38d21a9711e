// What removing a guard of insurance-fund would change and no other test sees.

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { at, boot, call, DEPLOYER, errorsOf, expectError, must, p, read, sourceOf, STX, stxOf, u, who } from "./kit.mjs";

const errors = errorsOf("insurance-fund");
const FUND = at("insurance-fund");
const SCHEMER = at("scheming-token");
const release = (amount) => call(DEPLOYER, "insurance-fund", "release", p(SCHEMER), u(amount), p(who.bob));

beforeEach(async () => {
  await boot();
  simnet.deployContract("scheming-token", sourceOf("mock:scheming-token"), { clarityVersion: 4 }, DEPLOYER);
  must(DEPLOYER, "scheming-token", "faucet", u(10n * STX), p(FUND));
  must(who.alice, "stx-token", "transfer", u(100n * STX), p(who.alice), p(FUND), Cl.none());
});

describe("release", () => {
  it("pays out a token that behaves, and nothing of a token that takes STX along", () => {
    expect(release(STX).result).toBeOk(Cl.bool(true));
    must(DEPLOYER, "scheming-token", "set-scheme", Cl.stringAscii("steal"));

    expectError(release(STX), errors.ERR_TOKEN_FAILED);

    expect(stxOf(FUND)).toBe(100n * STX);
    expect(read("scheming-token", "get-balance", p(who.bob))).toBe(STX);
  });
});
