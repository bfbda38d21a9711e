import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { DAY, DEPLOYER, MAX_UINT, STX, call, createPool, errorsOf, expectError, now, u, warpTo, who } from "./kit.mjs";
import { HOUR, mandate, openHouse, openMandate, pass, propose } from "./voting.mjs";

const errors = errorsOf("pool-governance");
const { alice, keeper, stranger } = who;
const note = (id, slice, { turnover = 0n, loss = 0n, value = 100n * STX, poolId = 1, by = who.mover } = {}) =>
  call(by, "pool-governance", "note-slice", u(id), u(poolId), u(slice), u(turnover), u(value), u(loss));

beforeEach(() => openHouse());

describe("note-slice", () => {
  it("counts slices, turnover and loss against the mandate", () => {
    pass();
    expect(note(1, 1, { turnover: 30n * STX, loss: 5n }).prints).toEqual([{
      topic: "slice-noted", "mandate-id": 1n, "pool-id": 1n, slice: 1n, "turnover-ustx": 30n * STX, "loss-ustx": 5n, "value-ustx": 100n * STX,
    }]);
    note(1, 2, { turnover: 10n * STX, loss: 2n });
    expect(mandate()).toMatchObject({ slices: 2n, "turnover-ustx": 40n * STX, "loss-ustx": 7n });
  });

  it("is for the rebalancer role", () => {
    pass();
    for (const by of [stranger, keeper, alice, who.guardian, DEPLOYER]) expectError(note(1, 1, { by }), errors.ERR_NOT_REBALANCER);
  });

  it("takes each slice once and in order", () => {
    pass();
    for (const slice of [0n, 2n, MAX_UINT]) expectError(note(1, slice), errors.ERR_WRONG_SLICE);
    expect(note(1, 1).result).toBeOk(Cl.bool(true));
    expectError(note(1, 1), errors.ERR_WRONG_SLICE);
    expect(note(1, 2).result).toBeOk(Cl.bool(true));
  });

  it("keeps to the pool, and to mandates that were voted", () => {
    createPool("pool-share-2");
    pass();
    expectError(note(1, 1, { poolId: 2 }), errors.ERR_WRONG_POOL);
    for (const id of [0n, 2n, MAX_UINT]) expectError(note(id, 1), errors.ERR_NO_MANDATE);
    propose();
    expectError(note(2, 1), errors.ERR_NO_MANDATE); // still in vote
  });

  it("ends with the mandate, to the second", () => {
    pass({ open: HOUR });
    const end = mandate()["expires-at"];
    warpTo(end - 10n);
    expect(openMandate()).toBe(1n);
    expect(note(1, 1).result).toBeOk(Cl.bool(true));
    expect(now()).toBe(end);
    expectError(note(1, 2), errors.ERR_EXPIRED);
    expect(openMandate()).toBe(null);
  });

  it("follows the newest mandate of a pool only", () => {
    pass({ open: 7n * DAY });
    pass({ open: 7n * DAY });
    expectError(note(1, 1), errors.ERR_REPLACED);
    expect(note(2, 1).result).toBeOk(Cl.bool(true));
    expect(openMandate()).toBe(2n);
  });

  it("lets turnover and loss reach their limits and not pass them", () => {
    pass({ limits: { "turnover-bps": 5_000n, "loss-bps": 50n } }); // 50 STX and 0.5 STX of 100
    expectError(note(1, 1, { turnover: 50n * STX + 1n }), errors.ERR_OVER_TURNOVER);
    expectError(note(1, 1, { turnover: MAX_UINT }), errors.ERR_OVER_TURNOVER);
    expectError(note(1, 1, { loss: MAX_UINT }), errors.ERR_OVER_LOSS);
    expectError(note(1, 1, { loss: STX / 2n + 1n }), errors.ERR_OVER_LOSS);
    expect(note(1, 1, { turnover: 20n * STX, loss: STX / 4n }).result).toBeOk(Cl.bool(true));
    expectError(note(1, 2, { turnover: 30n * STX + 1n }), errors.ERR_OVER_TURNOVER);
    expectError(note(1, 2, { loss: STX / 4n + 1n }), errors.ERR_OVER_LOSS);
    expect(note(1, 2, { turnover: 30n * STX, loss: STX / 4n }).result).toBeOk(Cl.bool(true));
  });
});
