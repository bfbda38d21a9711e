import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { A, B, bootState, C, call, errorsOf, expectError, MAX_UINT, must, p, read, STX_TOKEN, targets, u, who } from "./kit.mjs";

const errors = errorsOf("pool-books");
const { stranger } = who;
const MOST_SHARES = 10n ** 18n;
const write = (fn, ...args) => call(stranger, "pool-desk", fn, ...args);
const enter = (fn, ...args) => must(stranger, "pool-desk", fn, ...args);
const list = (amounts) => Cl.list(amounts.map(u));
const held = (id = 1) => Object.fromEntries(pool(id).rows.map(({ asset, amount }) => [asset, amount]));
const pool = (id = 1) => read("pool-books", "get-pool", u(id));

beforeEach(async () => {
  await bootState();
  must(stranger, "pool-office", "set-asset", p(A), u(6));
  must(stranger, "pool-office", "set-asset", p(B), u(8));
  expect(enter("open-pool", targets({ [A]: 6_000, [B]: 4_000 }))).toBe(1n);
});

describe("who writes", () => {
  it("is the vault's desk and its office, nobody else", () => {
    for (const [fn, ...args] of [
      ["open-pool", Cl.stringAscii("X"), p(A), p(stranger), targets({ [A]: 10_000 })],
      ["note-deposit", u(1), u(1), u(1)],
      ["note-fees", u(1), u(1)],
      ["note-escrow", u(1), u(0)],
      ["note-return", u(1), u(0)],
      ["note-payment", u(1), u(0), u(0), u(0)],
      ["note-redemption", u(1), u(0), list([0, 0, 0])],
    ]) {
      for (const person of [stranger, who.deployer, who.keeper]) {
        expectError(call(person, "pool-books", fn, ...args), errors.ERR_NOT_WRITER);
      }
    }
  });
});

describe("shares", () => {
  it.each([
    ["note-deposit", (n) => [u(0), u(n)], MOST_SHARES, "ERR_TOO_LARGE"],
    ["note-fees", (n) => [u(n)], MOST_SHARES, "ERR_TOO_LARGE"],
  ])("%s: 0, 1 and as many as the arithmetic can hold, not one more", (fn, args, most, name) => {
    for (const n of [0n, 1n]) expect(write(fn, u(1), ...args(n)).result.type).toBe("ok");
    for (const n of [most + 1n, MAX_UINT]) expectError(write(fn, u(1), ...args(n)), errors[name]);
    expect(pool()["total-shares"]).toBe(1n);
    expectError(write(fn, u(2), ...args(1n)), errors.ERR_NO_POOL);
  });

  it("of deposits fill up to the most, of fees beyond it, so that a fee never stops a redemption", () => {
    enter("note-deposit", u(1), u(100), u(MOST_SHARES));
    expectError(write("note-deposit", u(1), u(0), u(1)), errors.ERR_TOO_LARGE);
    enter("note-fees", u(1), u(MOST_SHARES));
    expect(pool()["total-shares"]).toBe(2n * MOST_SHARES);
    expectError(write("note-deposit", u(1), u(0), u(1)), errors.ERR_TOO_LARGE);
    enter("note-redemption", u(1), u(2n * MOST_SHARES), list([0, 0, 100]));
    expect(pool()["total-shares"]).toBe(0n);
  });

  it("go into escrow and back: 0, 1, all, and not one more", () => {
    enter("note-deposit", u(1), u(100), u(50));
    for (const [n, pending] of [[0n, 0n], [1n, 1n], [49n, 50n]]) {
      enter("note-escrow", u(1), u(n));
      expect(pool()["pending-shares"]).toBe(pending);
    }
    for (const n of [1n, MAX_UINT]) expectError(write("note-escrow", u(1), u(n)), errors.ERR_NOT_ENOUGH);
    for (const n of [51n, MAX_UINT]) expectError(write("note-return", u(1), u(n)), errors.ERR_NOT_ENOUGH);
    enter("note-return", u(1), u(50));
    expect(pool()["pending-shares"]).toBe(0n);
    for (const fn of ["note-escrow", "note-return"]) expectError(write(fn, u(2), u(0)), errors.ERR_NO_POOL);
  });

  it("in escrow are not burned as if they were free", () => {
    enter("note-deposit", u(1), u(100), u(50));
    enter("note-escrow", u(1), u(20));
    expectError(write("note-payment", u(1), u(31), u(0), u(0)), errors.ERR_NOT_ENOUGH);
    expectError(write("note-redemption", u(1), u(31), list([0, 0, 0])), errors.ERR_NOT_ENOUGH);
    enter("note-payment", u(1), u(20), u(20), u(40));
    expect([pool()["total-shares"], pool()["pending-shares"], held()[STX_TOKEN]]).toEqual([30n, 0n, 60n]);
  });
});

describe("what the shares are shares of", () => {
  const portfolios = errorsOf("pool-portfolios");

  it("is entered with them, or neither is", () => {
    enter("note-deposit", u(1), u(100), u(100));
    enter("note-redemption", u(1), u(50), list([0, 0, 25]));
    enter("note-payment", u(1), u(10), u(0), u(5));
    expect([pool()["total-shares"], held()]).toEqual([40n, { [A]: 0n, [B]: 0n, [STX_TOKEN]: 70n }]);
    for (const [refusal, fn, ...args] of [
      ["ERR_TOO_LARGE", "note-deposit", u(MAX_UINT), u(1)],
      ["ERR_NOT_ENOUGH", "note-redemption", u(1), list([0, 0, 71])],
      ["ERR_NOT_ENOUGH", "note-redemption", u(1), list([0, 0])],
      ["ERR_NOT_ENOUGH", "note-payment", u(1), u(0), u(71)],
    ]) {
      expectError(write(fn, u(1), ...args), portfolios[refusal]);
    }
    expect([pool()["total-shares"], held()[STX_TOKEN]]).toEqual([40n, 70n]);
    expectError(write("open-pool", targets({ [C]: 10_000 })), portfolios.ERR_UNKNOWN_ASSET);
    expect(read("pool-books", "get-pool-count")).toBe(1n);
  });

  it("comes with the pool: its rows and what is shut", () => {
    expect(pool()).toMatchObject({ share: stranger, "total-shares": 0n, pauses: { deposits: false, withdrawals: false, rebalances: false } });
    expect(pool().rows.map(({ asset }) => asset)).toEqual([A, B, STX_TOKEN]);
    expect([pool(2), read("pool-books", "get-total-shares", u(2)), read("pool-books", "get-total-shares", u(1))]).toEqual([null, null, 0n]);
    expect([read("pool-books", "get-pool-count"), read("pool-books", "get-share-pool", p(stranger))]).toEqual([1n, 1n]);
    for (const fn of ["note-redemption", "note-payment"]) {
      expectError(write(fn, u(2), u(0), ...(fn === "note-payment" ? [u(0), u(0)] : [list([])])), errors.ERR_NO_POOL);
    }
  });
});
