import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { MAX_UINT, boot, call, errorsOf, expectError, p, read, stxOf, u, who } from "./kit.mjs";

const errors = errorsOf("stx-token");
const send = (by, amount, from, to, memo = Cl.none()) => call(by, "stx-token", "transfer", u(amount), p(from), p(to), memo);

beforeEach(() => boot());

describe("stx-token", () => {
  it("is native STX", () => {
    expect(["get-name", "get-symbol", "get-decimals", "get-token-uri"].map((fn) => read("stx-token", fn))).toEqual([
      "Stacks",
      "STX",
      6n,
      null,
    ]);
    expect(stxOf(who.alice)).toBe(simnet.getAssetsMap().get("STX").get(who.alice));
    expect(read("stx-token", "get-total-supply")).toBeGreaterThanOrEqual(stxOf(who.alice));
  });

  it.each([
    [Cl.none(), undefined],
    [Cl.some(Cl.bufferFromHex("beef")), "beef"],
  ])("moves native STX, memo %#", (memo, sent) => {
    const before = stxOf(who.bob);

    const { result, events } = send(who.alice, 7n, who.alice, who.bob, memo);

    expect(result).toBeOk(Cl.bool(true));
    expect(events.map(({ event }) => event)).toEqual(["stx_transfer_event"]);
    if (sent) expect(events[0].data.memo).toContain(sent);
    expect(stxOf(who.bob)).toBe(before + 7n);
  });

  it("moves for nobody but the owner", () => {
    expectError(send(who.stranger, 1n, who.alice, who.stranger), errors.ERR_NOT_OWNER);
  });

  it.each([
    [0n, who.bob, 3n],
    [1n, who.alice, 2n],
    [MAX_UINT, who.bob, 1n],
  ])("refuses %s to %s with the native code", (amount, to, code) => {
    expectError(send(who.alice, amount, who.alice, to), code);
  });
});
