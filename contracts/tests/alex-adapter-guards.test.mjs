// What removing a guard of alex-adapter would change and no other test sees.

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { Desk, errorsOf } from "./samples/adapters.mjs";
import * as venues from "./samples/venues.mjs";

const { FACTOR, WRAPPED, act, principal } = venues;
const errors = errorsOf("alex-adapter");

let desk;

beforeEach(() => {
  venues.openLaunchPools(simnet);
  desk = new Desk("alex-adapter");
});

describe("a venue whose fee takes more than the amount", () => {
  it("is refused as dust, not by an abort: ERR_DUST", () => {
    const key = [principal(WRAPPED.STX), principal(WRAPPED.ALEX), Cl.uint(FACTOR.product)];
    act(simnet, venues.POOL, "set-fee-rate-x", [...key, Cl.uint(2n * FACTOR.product)]);

    expect(desk.quote("STX", "ALEX", 10n ** 8n)).toEqual({ err: errors.ERR_DUST });
    expect(desk.swap("STX", "ALEX", 10n ** 8n)).toEqual({ err: errors.ERR_DUST });
  });
});
