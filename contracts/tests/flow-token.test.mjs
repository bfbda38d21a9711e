import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { DEPLOYER, MAX_UINT, boot, call, errorsOf, expectError, must, p, read, u, who } from "./kit.mjs";

const errors = errorsOf("flow-token");
const SUPPLY = 100_000_000_000_000n;
const send = (by, amount, from, to, memo = Cl.none()) => call(by, "flow-token", "transfer", u(amount), p(from), p(to), memo);
const balance = (person) => read("flow-token", "get-balance", p(person));

beforeEach(() => boot());

describe("flow-token", () => {
  it("is FLOW with 6 decimals, all of it minted to the deployer", () => {
    expect(["get-name", "get-symbol", "get-decimals", "get-token-uri"].map((fn) => read("flow-token", fn))).toEqual([
      "Flow",
      "FLOW",
      6n,
      null,
    ]);
    expect(read("flow-token", "get-total-supply")).toBe(SUPPLY);
    expect(balance(DEPLOYER)).toBe(SUPPLY);
  });

  it("moves for its owner and prints the memo", () => {
    const { result, events } = send(DEPLOYER, 5n, DEPLOYER, who.alice, Cl.some(Cl.bufferFromHex("beef")));

    expect(result).toBeOk(Cl.bool(true));
    expect(events.map(({ event }) => event)).toEqual(["ft_transfer_event", "print_event"]);
    expect([balance(DEPLOYER), balance(who.alice)]).toEqual([SUPPLY - 5n, 5n]);
  });

  it("moves for nobody else", () => {
    expectError(send(who.stranger, 1n, DEPLOYER, who.stranger), errors.ERR_NOT_OWNER);
  });

  it.each([
    [0n, who.alice, 3n],
    [1n, DEPLOYER, 2n],
    [SUPPLY + 1n, who.alice, 1n],
    [MAX_UINT, who.alice, 1n],
  ])("refuses to move %s to %s with the native code", (amount, to, code) => {
    expectError(send(DEPLOYER, amount, DEPLOYER, to), code);
  });

  it("moves all of it", () => {
    must(DEPLOYER, "flow-token", "transfer", u(SUPPLY), p(DEPLOYER), p(who.bob), Cl.none());

    expect([balance(DEPLOYER), balance(who.bob)]).toEqual([0n, SUPPLY]);
  });
});
