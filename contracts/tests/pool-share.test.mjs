import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  DEPLOYER, STX, VAULT, boot, call, deployForeignShare, deposit, errorsOf, expectError, p, read, sharesOf, u, who,
} from "./kit.mjs";

const errors = errorsOf("pool-share");
const TOKEN = "pool-share-1";
const send = (by, amount, from, to, memo = Cl.none()) => call(by, TOKEN, "transfer", u(amount), p(from), p(to), memo);
const initialize = (by, token) => call(by, token, "initialize", Cl.stringAscii("Mine"), Cl.stringAscii("MINE"));

beforeEach(async () => {
  await boot();
  expect(deposit(who.alice, 100n * STX).topics).toEqual(["deposit-made"]);
});

describe("pool-share", () => {
  it("carries the name that its pool was given", () => {
    expect(["get-name", "get-symbol", "get-decimals", "get-token-uri"].map((fn) => read(TOKEN, fn))).toEqual([
      "Index",
      "IDX",
      6n,
      null,
    ]);
    expect(read(TOKEN, "get-total-supply")).toBe(100n * STX);
    expect([sharesOf(who.alice), sharesOf(VAULT)]).toEqual([99n * STX, STX]);
  });

  it("moves for its owner and prints the memo", () => {
    const { events } = send(who.alice, 5n, who.alice, who.bob, Cl.some(Cl.bufferFromHex("beef")));

    expect(events.map(({ event }) => event)).toEqual(["ft_transfer_event", "print_event"]);
    expect([sharesOf(who.alice), sharesOf(who.bob)]).toEqual([99n * STX - 5n, 5n]);
  });

  it("moves for nobody else", () => {
    expectError(send(who.stranger, 1n, who.alice, who.stranger), errors.ERR_NOT_OWNER);
  });

  it.each([
    [0n, who.bob, 3n],
    [1n, who.alice, 2n],
    [99n * STX + 1n, who.bob, 1n],
  ])("refuses %s to %s with the native code", (amount, to, code) => {
    expectError(send(who.alice, amount, who.alice, to), code);
  });

  it.each([who.stranger, DEPLOYER, who.alice, who.creator])("is named, minted and burned by the vault, not by %s", (person) => {
    expectError(initialize(person, "pool-share-2"), errors.ERR_NOT_VAULT);
    expectError(call(person, TOKEN, "mint", u(1), p(person)), errors.ERR_NOT_VAULT);
    expectError(call(person, TOKEN, "burn", u(1), p(who.alice)), errors.ERR_NOT_VAULT);
  });

  it("is named once", () => {
    const token = deployForeignShare(who.bob);
    const rename = () => call(who.bob, `${who.bob}.whale-pool-vault`, "rename");

    expect(rename().topics).toEqual(["share-initialized"]);
    expect(read(token, "get-symbol")).toBe("RNM");
    expectError(rename(), errors.ERR_INITIALIZED);
  });
});
