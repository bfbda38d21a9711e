// What removing a guard of bitflow-stable-adapter would change and no other test sees.

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { Desk, errorsOf } from "./samples/adapters.mjs";
import * as venues from "./samples/venues.mjs";

const { RATIO, STABLE, TOKEN, act } = venues;
const errors = errorsOf("bitflow-stable-adapter");
const M = 10n ** 6n;

let desk;

beforeEach(() => {
  desk = new Desk("bitflow-stable-adapter");
  venues.mint(simnet, TOKEN.STSTX, 10n ** 16n, simnet.deployer);
  act(simnet, RATIO, "set-ratio-for-test", [Cl.uint(1_090_000)]);
  venues.openStablePool(simnet, 3_000_000n * M, 2_700_000n * M, 1_090_000n);
});

describe("an amount that the sender does not hold", () => {
  it("is refused, not an abort, also by a venue that would leave the missing part: ERR_NO_FUNDS", () => {
    const poor = simnet.getAccounts().get("wallet_2");
    desk.give("STSTX", 700n * M, poor);
    act(simnet, STABLE, "cheat-for-test", [Cl.uint(0), Cl.uint(0), Cl.uint(400n * M)]);

    expect(desk.swap("STSTX", "STX", 1_000n * M, 0n, poor)).toEqual({ err: errors.ERR_NO_FUNDS });
    expect(desk.holds("STSTX", poor)).toBe(700n * M);
  });
});
