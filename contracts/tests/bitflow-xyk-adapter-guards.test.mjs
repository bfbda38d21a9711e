// What removing a guard of bitflow-xyk-adapter would change and no other test sees.

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { Desk, errorsOf } from "./samples/adapters.mjs";
import * as venues from "./samples/venues.mjs";

const { TOKEN, XYK, act } = venues;
const errors = errorsOf("bitflow-xyk-adapter");
const M = 10n ** 6n;

let desk;

beforeEach(() => {
  desk = new Desk("bitflow-xyk-adapter");
  venues.mint(simnet, TOKEN.WELSH, 10n ** 16n, simnet.deployer);
  venues.openXykPool(simnet, "WELSH", 90_000_000n * M, 150_000n * M);
});

describe("an amount that the sender does not hold", () => {
  it("is refused, not an abort, also by a venue that would leave the missing part: ERR_NO_FUNDS", () => {
    const poor = simnet.getAccounts().get("wallet_2");
    desk.give("WELSH", 700n * M, poor);
    act(simnet, XYK, "cheat-for-test", [Cl.uint(0), Cl.uint(0), Cl.uint(400n * M)]);

    expect(desk.swap("WELSH", "STX", 1_000n * M, 0n, poor)).toEqual({ err: errors.ERR_NO_FUNDS });
    expect(desk.holds("WELSH", poor)).toBe(700n * M);
  });
});
