// What removing a guard of velar-pool-adapter would change and no other test sees.

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { Desk, errorsOf } from "./samples/adapters.mjs";
import * as venues from "./samples/venues.mjs";

const { POOL_70, TOKEN, act } = venues;
const errors = errorsOf("velar-pool-adapter");

let desk;

beforeEach(() => {
  desk = new Desk("velar-pool-adapter");
  venues.mint(simnet, TOKEN.SBTC, 10n ** 12n, simnet.deployer);
  venues.openPool70(simnet, 388_177_625_562n, 163_266_241n);
});

describe("an amount that the sender does not hold", () => {
  it("is refused, not an abort, also by a venue that would leave the missing part: ERR_NO_FUNDS", () => {
    const poor = simnet.getAccounts().get("wallet_2");
    desk.give("SBTC", 70_000n, poor);
    act(simnet, POOL_70, "cheat-for-test", [Cl.uint(0), Cl.uint(0), Cl.uint(40_000)]);

    expect(desk.swap("SBTC", "STX", 100_000n, 0n, poor)).toEqual({ err: errors.ERR_NO_FUNDS });
    expect(desk.holds("SBTC", poor)).toBe(70_000n);
  });
});
