import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, at, B, bootState, C, call, errorsOf, expectError, MAX_UINT, must, ours, p, plain, PRICE_ONE, read, STX,
  STX_TOKEN, targets, u, who,
} from "./kit.mjs";

const errors = errorsOf("pool-portfolios");
const { stranger } = who;
const MOST = 10n ** 20n;
const write = (fn, ...args) => call(stranger, "pool-office", fn, ...args);
const enter = (fn, ...args) => must(stranger, "pool-office", fn, ...args);
const list = (amounts) => Cl.list(amounts.map(u));
const rows = (id = 1) => read("pool-portfolios", "get-portfolio", u(id));
const held = (id = 1) => Object.fromEntries(rows(id).map(({ asset, amount }) => [asset, amount]));
const pauses = (id) => read("pool-portfolios", "get-holdings", u(id)).pauses;
const flags = (deposits, withdrawals, rebalances) =>
  Cl.tuple({ deposits: Cl.bool(deposits), withdrawals: Cl.bool(withdrawals), rebalances: Cl.bool(rebalances) });

beforeEach(async () => {
  await bootState();
  enter("set-asset", p(A), u(6));
  enter("set-asset", p(B), u(8));
  enter("open-portfolio", u(1), targets({ [A]: 6_000, [B]: 4_000 }));
});

describe("who writes", () => {
  it("is the vault, the books and the office, nobody else", () => {
    for (const [fn, ...args] of [
      ["open-portfolio", u(2), targets({ [A]: 10_000 })],
      ["set-targets", u(1), targets({ [A]: 10_000 })],
      ["set-pauses", u(1), flags(true, true, true)],
      ["set-pauses", u(0), flags(true, true, true)],
      ["note-income", u(1), u(1)],
      ["note-expense", u(1), u(0)],
      ["note-leaving", u(1), list([0, 0, 0])],
      ["note-swap", u(1), p(A), p(B), u(0), u(0)],
      ["set-asset", p(C), u(6)],
      ["set-adapter", p(A), Cl.none()],
    ]) {
      for (const person of [stranger, who.deployer, who.keeper]) {
        expectError(call(person, "pool-portfolios", fn, ...args), errors.ERR_NOT_WRITER);
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
    expect(rows(2)).toEqual([]);
  });

  it("keeps what is held when the target changes, STX too, and forgets the rest", () => {
    enter("note-income", u(1), u(9n * STX));
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
    enter("note-income", u(1), u(5));
    enter("note-swap", u(1), p(STX_TOKEN), p(names[1]), u(1), u(1));
    expectError(set([names[0], ...names.slice(2)]), errors.ERR_TOO_MANY); // the one that is held
    expectError(set([C]), errors.ERR_UNKNOWN_ASSET);
    expectError(set([A], 2), errors.ERR_NO_POOL);
  });
});

describe("holdings", () => {
  beforeEach(() => {
    enter("note-income", u(1), u(100));
    enter("note-swap", u(1), p(STX_TOKEN), p(A), u(40), u(7));
  });
  it("move with every entry", () => {
    expect(held()).toEqual({ [A]: 7n, [B]: 0n, [STX_TOKEN]: 60n });
    enter("note-expense", u(1), u(10));
    enter("note-leaving", u(1), list([3, 0, 25]));
    expect(held()).toEqual({ [A]: 4n, [B]: 0n, [STX_TOKEN]: 25n });
    enter("open-portfolio", u(2), targets({ [A]: 10_000 }));
    enter("note-income", u(2), u(5));
    expect([held(1)[STX_TOKEN], held(2)[STX_TOKEN]]).toEqual([25n, 5n]);
  });

  it.each([
    ["note-expense", (n) => [u(n)], 60n],
    ["note-swap", (n) => [p(STX_TOKEN), p(B), u(n), u(0)], 60n],
    ["note-leaving", (n) => [list([n, 0, 0])], 7n],
    ["note-leaving", (n) => [list([0, 0, n])], 60n],
  ])("%s: 0, 1, all, and not one more", (fn, args, all) => {
    for (const n of [all + 1n, MAX_UINT]) expectError(write(fn, u(1), ...args(n)), errors.ERR_NOT_ENOUGH);
    for (const n of [0n, 1n, all - 1n]) expect(write(fn, u(1), ...args(n)).result.type).toBe("ok");
  });

  it("are refused beyond what arithmetic can hold", () => {
    for (const n of [MOST + 1n, MAX_UINT]) {
      expectError(write("note-swap", u(1), p(A), p(B), u(0), u(n)), errors.ERR_TOO_LARGE);
      expectError(write("note-income", u(1), u(n)), errors.ERR_TOO_LARGE);
    }
    enter("note-swap", u(1), p(A), p(B), u(0), u(MOST));
    expectError(write("note-swap", u(1), p(STX_TOKEN), p(B), u(0), u(1)), errors.ERR_TOO_LARGE);
  });

  it("are only of the pool's own assets, and who leaves names all of them", () => {
    expectError(write("note-swap", u(1), p(C), p(A), u(0), u(0)), errors.ERR_NOT_MEMBER);
    expectError(write("note-swap", u(1), p(A), p(C), u(0), u(0)), errors.ERR_NOT_MEMBER);
    expectError(write("note-expense", u(2), u(0)), errors.ERR_NOT_MEMBER);
    expectError(write("note-income", u(2), u(0)), errors.ERR_NOT_MEMBER);
    for (const amounts of [[], [0, 0], [0, 0, 0, 0]]) expectError(write("note-leaving", u(1), list(amounts)), errors.ERR_NOT_ENOUGH);
  });
});

describe("what is known and what is stopped", () => {
  it("stops for a pool what is stopped for it or for all", () => {
    expect(plain(write("set-pauses", u(1), flags(true, false, false)).result)).toEqual({ deposits: false, withdrawals: false, rebalances: false });
    enter("set-pauses", u(0), flags(false, false, true));
    expect(pauses(1)).toEqual({ deposits: true, withdrawals: false, rebalances: true });
    expect(pauses(7)).toEqual({ deposits: false, withdrawals: false, rebalances: true });
    expectError(write("set-pauses", u(2), flags(true, true, true)), errors.ERR_NO_POOL);
    expect(plain(write("set-pauses", u(0), flags(false, false, false)).result)).toEqual({ deposits: false, withdrawals: false, rebalances: true });
    expect(pauses(1)).toEqual({ deposits: true, withdrawals: false, rebalances: false });
  });

  it("tells all about a swap in one answer", () => {
    const code = "ab".repeat(32);
    expect(enter("set-adapter", ours("venue"), Cl.some(Cl.bufferFromHex(code)))).toBe(null);
    enter("note-income", u(1), u(5));
    const trade = (id, from, to) => read("pool-portfolios", "get-trade", u(id), p(from), p(to), ours("venue"));
    expect(trade(1, STX_TOKEN, A)).toEqual({ exists: true, paused: false, code, from: rows()[2], to: rows()[0] });
    expect(trade(1, C, B)).toEqual({ exists: true, paused: false, code, from: null, to: rows()[1] });
    expect(trade(2, A, B)).toMatchObject({ exists: false, from: null, to: null });
    expect(enter("set-adapter", ours("venue"), Cl.none())).toBe(code);
    expect(trade(1, A, B).code).toBe(null);
    expect(read("pool-portfolios", "get-adapter", ours("venue"))).toBe(null);
  });

  it("takes tokens of up to twelve decimals", () => {
    for (const decimals of [13n, MAX_UINT]) expectError(write("set-asset", p(C), u(decimals)), errors.ERR_TOO_LARGE);
    for (const decimals of [0n, 1n, 12n]) {
      enter("set-asset", p(C), u(decimals));
      expect(read("pool-portfolios", "get-asset", p(C))).toEqual({ decimals, unit: 10n ** (decimals + 6n) });
    }
  });
});
