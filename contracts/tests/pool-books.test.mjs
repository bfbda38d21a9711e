import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, at, B, bootState, C, call, errorsOf, expectError, MAX_UINT, must, ours, p, plain, PRICE_ONE, read, STX,
  STX_TOKEN, targets, u, who,
} from "./kit.mjs";

const errors = errorsOf("pool-books");
const { stranger } = who;
const MOST = 10n ** 20n;
const MOST_SHARES = 10n ** 18n;
const write = (fn, ...args) => call(stranger, "pool-desk", fn, ...args);
const enter = (fn, ...args) => must(stranger, "pool-desk", fn, ...args);
const list = (amounts) => Cl.list(amounts.map(u));
const rows = (id = 1) => read("pool-books", "get-portfolio", u(id));
const held = (id = 1) => Object.fromEntries(rows(id).map(({ asset, amount }) => [asset, amount]));
const pool = (id = 1) => read("pool-books", "get-pool", u(id));
const booked = (asset) => read("pool-books", "get-booked", p(asset));

beforeEach(async () => {
  await bootState();
  enter("set-asset", p(A), u(6));
  enter("set-asset", p(B), u(8));
  expect(enter("open-pool", targets({ [A]: 6_000, [B]: 4_000 }))).toBe(1n);
});

describe("who writes", () => {
  it("is the vault, its desk and its office, nobody else", () => {
    const flags = Cl.tuple({ deposits: Cl.bool(true), withdrawals: Cl.bool(true), rebalances: Cl.bool(true) });
    for (const [fn, ...args] of [
      ["open-pool", Cl.stringAscii("X"), p(A), p(stranger), targets({ [A]: 10_000 })],
      ["set-targets", u(1), targets({ [A]: 10_000 })],
      ["set-pauses", u(1), flags],
      ["note-deposit", u(1), u(1), u(1)],
      ["note-fees", u(1), u(1)],
      ["note-escrow", u(1), u(0)],
      ["note-return", u(1), u(0)],
      ["note-payment", u(1), u(0), u(0), u(0)],
      ["note-redemption", u(1), u(0), list([0, 0, 0])],
      ["note-swap", u(1), p(A), p(B), u(0), u(0)],
      ["note-expense", u(1), u(0)],
      ["set-asset", p(C), u(6)],
      ["set-adapter", p(A), Cl.none()],
    ]) {
      for (const person of [stranger, who.deployer, who.keeper]) {
        expectError(call(person, "pool-books", fn, ...args), errors.ERR_NOT_WRITER);
      }
    }
  });
});

describe("a portfolio", () => {
  const shape = (id = 1) => rows(id).map(({ asset, bps }) => [asset, bps]);

  it("has STX in it always, with the unit of every asset", () => {
    expect(rows()).toEqual([
      { asset: A, amount: 0n, bps: 6_000n, decimals: 6n, unit: PRICE_ONE },
      { asset: B, amount: 0n, bps: 4_000n, decimals: 8n, unit: 100n * PRICE_ONE },
      { asset: STX_TOKEN, amount: 0n, bps: 0n, decimals: 6n, unit: PRICE_ONE },
    ]);
    expect([pool().share, pool()["total-shares"], rows(2), pool(2)]).toEqual([stranger, 0n, [], null]);
    expect([read("pool-books", "get-pool-count"), read("pool-books", "get-share-pool", p(stranger))]).toEqual([1n, 1n]);
  });

  it("keeps what is held when the target changes, STX too, and forgets the rest", () => {
    enter("note-deposit", u(1), u(9n * STX), u(9n * STX));
    enter("note-swap", u(1), p(STX_TOKEN), p(A), u(STX), u(7));
    const { before, after } = enter("set-targets", u(1), targets({ [B]: 10_000 }));
    expect(before.map(({ asset }) => asset)).toEqual([A, B, STX_TOKEN]);
    expect(after).toEqual(rows());
    expect(shape()).toEqual([[B, 10_000n], [STX_TOKEN, 0n], [A, 0n]]);
    expect(held()).toEqual({ [B]: 0n, [STX_TOKEN]: 8n * STX, [A]: 7n });
    enter("note-swap", u(1), p(A), p(STX_TOKEN), u(7), u(STX));
    enter("set-targets", u(1), targets({ [STX_TOKEN]: 10_000 }));
    expect([shape(), held()]).toEqual([[[STX_TOKEN, 10_000n]], { [STX_TOKEN]: 9n * STX }]);
  });

  it("takes ten assets and no more, known ones only, for pools that exist", () => {
    const names = Array.from({ length: 10 }, (_, n) => at(`asset-${n}`));
    for (const name of names) enter("set-asset", p(name), u(0));
    const set = (assets, id = 1) => write("set-targets", u(id), targets(Object.fromEntries(assets.map((asset) => [asset, 1]))));
    expectError(set(names), errors.ERR_TOO_MANY); // and STX
    expect(set(names.slice(1)).result.type).toBe("ok");
    enter("note-deposit", u(1), u(5), u(5));
    enter("note-swap", u(1), p(STX_TOKEN), p(names[1]), u(1), u(1));
    expectError(set([names[0], ...names.slice(2)]), errors.ERR_TOO_MANY); // the one that is held
    expectError(set([C]), errors.ERR_UNKNOWN_ASSET);
    expectError(set([A], 2), errors.ERR_NO_POOL);
    const named = (assets) => read("pool-books", "are-registered", targets(Object.fromEntries(assets.map((asset) => [asset, 1]))));
    expect([named([A, B]), named([A, C])]).toEqual([true, false]);
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

describe("holdings", () => {
  beforeEach(() => {
    enter("note-deposit", u(1), u(100), u(100));
    enter("note-swap", u(1), p(STX_TOKEN), p(A), u(40), u(7));
  });
  const balanced = () => {
    for (const asset of [STX_TOKEN, A, B]) expect(booked(asset)).toBe(held()[asset]);
  };

  it("move with every entry, and what is booked with them", () => {
    expect(held()).toEqual({ [A]: 7n, [B]: 0n, [STX_TOKEN]: 60n });
    enter("note-expense", u(1), u(10));
    enter("note-redemption", u(1), u(50), list([3, 0, 25]));
    expect(held()).toEqual({ [A]: 4n, [B]: 0n, [STX_TOKEN]: 25n });
    balanced();
    enter("open-pool", targets({ [A]: 10_000 }));
    enter("note-deposit", u(2), u(5), u(5));
    expect(booked(STX_TOKEN)).toBe(30n);
  });

  it.each([
    ["note-expense", (n) => [u(n)], 60n],
    ["note-payment", (n) => [u(0), u(0), u(n)], 60n],
    ["note-swap", (n) => [p(STX_TOKEN), p(B), u(n), u(0)], 60n],
    ["note-redemption", (n) => [u(0), list([n, 0, 0])], 7n],
    ["note-redemption", (n) => [u(0), list([0, 0, n])], 60n],
  ])("%s: 0, 1, all, and not one more", (fn, args, all) => {
    for (const n of [all + 1n, MAX_UINT]) expectError(write(fn, u(1), ...args(n)), errors.ERR_NOT_ENOUGH);
    for (const n of [0n, 1n, all - 1n]) expect(write(fn, u(1), ...args(n)).result.type).toBe("ok");
    balanced();
  });

  it("are refused beyond what arithmetic can hold, over all pools", () => {
    for (const n of [MOST + 1n, MAX_UINT]) {
      expectError(write("note-swap", u(1), p(A), p(B), u(0), u(n)), errors.ERR_TOO_LARGE);
      expectError(write("note-deposit", u(1), u(n), u(0)), errors.ERR_TOO_LARGE);
    }
    enter("note-swap", u(1), p(A), p(B), u(0), u(MOST));
    enter("open-pool", targets({ [B]: 10_000 }));
    expectError(write("note-swap", u(2), p(STX_TOKEN), p(B), u(0), u(1)), errors.ERR_TOO_LARGE);
  });

  it("are only of the pool's own assets, and redemptions name all of them", () => {
    expectError(write("note-swap", u(1), p(C), p(A), u(0), u(0)), errors.ERR_NOT_MEMBER);
    expectError(write("note-swap", u(1), p(A), p(C), u(0), u(0)), errors.ERR_NOT_MEMBER);
    expectError(write("note-expense", u(2), u(0)), errors.ERR_NOT_MEMBER);
    for (const amounts of [[], [0, 0], [0, 0, 0, 0]]) expectError(write("note-redemption", u(1), u(0), list(amounts)), errors.ERR_NOT_ENOUGH);
    expectError(write("note-redemption", u(2), u(0), list([])), errors.ERR_NO_POOL);
    expectError(write("note-payment", u(2), u(0), u(0), u(0)), errors.ERR_NO_POOL);
  });
});

describe("what is known and what is stopped", () => {
  const flags = (deposits, withdrawals, rebalances) =>
    Cl.tuple({ deposits: Cl.bool(deposits), withdrawals: Cl.bool(withdrawals), rebalances: Cl.bool(rebalances) });

  it("stops for a pool what is stopped for it or for all", () => {
    expect(plain(write("set-pauses", u(1), flags(true, false, false)).result)).toEqual({ deposits: false, withdrawals: false, rebalances: false });
    enter("set-pauses", u(0), flags(false, false, true));
    expect(read("pool-books", "get-pauses", u(1))).toEqual({ deposits: true, withdrawals: false, rebalances: true });
    expect(read("pool-books", "get-pauses", u(7))).toEqual({ deposits: false, withdrawals: false, rebalances: true });
    expectError(write("set-pauses", u(2), flags(true, true, true)), errors.ERR_NO_POOL);
  });

  it("tells all about a swap in one answer", () => {
    const code = "ab".repeat(32);
    expect(enter("set-adapter", ours("venue"), Cl.some(Cl.bufferFromHex(code)))).toBe(null);
    enter("note-deposit", u(1), u(5), u(5));
    const trade = (id, from, to) => read("pool-books", "get-trade", u(id), p(from), p(to), ours("venue"));
    expect(trade(1, STX_TOKEN, A)).toEqual({ exists: true, paused: false, code, from: rows()[2], to: rows()[0] });
    expect(trade(1, C, B)).toEqual({ exists: true, paused: false, code, from: null, to: rows()[1] });
    expect(trade(2, A, B)).toMatchObject({ exists: false, from: null, to: null });
    expect(enter("set-adapter", ours("venue"), Cl.none())).toBe(code);
    expect(trade(1, A, B).code).toBe(null);
    expect(read("pool-books", "get-adapter", ours("venue"))).toBe(null);
  });

  it("takes tokens of up to twelve decimals", () => {
    for (const decimals of [13n, MAX_UINT]) expectError(write("set-asset", p(C), u(decimals)), errors.ERR_TOO_LARGE);
    for (const decimals of [0n, 1n, 12n]) {
      enter("set-asset", p(C), u(decimals));
      expect(read("pool-books", "get-asset", p(C))).toEqual({ decimals, unit: 10n ** (decimals + 6n) });
    }
  });
});
