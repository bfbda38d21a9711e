import { Cl, getAddressFromPrivateKey } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, bootState, call, DAY, errorsOf, expectError, MAX_UINT, must, now, p, plain, read, STX, u, wait, who,
} from "./kit.mjs";

const errors = errorsOf("withdrawal-queue");
const { alice, bob, carol, stranger } = who;
const MOST_USTX = 10n ** 16n;
const MOST_SHARES = 10n ** 20n;
const write = (fn, ...args) => call(stranger, "pool-desk", fn, u(1), ...args);
const add = (user, shares, min = 0n) => write("add-request", p(user), u(shares), u(min));
const remove = (user) => write("remove-request", p(user));
const settle = (value, total, idle, only = null) =>
  write("settle", only ? Cl.some(p(only)) : Cl.none(), u(value), u(total), u(idle));
const queue = () => read("withdrawal-queue", "get-queue", u(1));
const short = () => queue().map(({ user, shares, "min-out": min }) => [user, shares, min]);
const standing = (user, value, total) => read("withdrawal-queue", "get-standing", u(1), p(user), u(value), u(total));
const owed = (value, total) => read("withdrawal-queue", "get-owed", u(1), u(value), u(total));
const room = (value) => read("withdrawal-queue", "get-outflow-room", u(1), u(value));
const person = (n) => getAddressFromPrivateKey(`${n.toString(16).padStart(64, "0")}01`, "testnet");

beforeEach(() => bootState());

describe("who writes", () => {
  it("is pool-desk, nobody else", () => {
    for (const [fn, ...args] of [
      ["add-request", p(alice), u(1), u(0)],
      ["remove-request", p(alice)],
      ["settle", Cl.none(), u(1), u(1), u(1)],
      ["note-outflow", u(1)],
      ["note-call", p(alice)],
    ]) {
      if (fn === "remove-request") add(alice, 1n);
      expectError(call(stranger, "withdrawal-queue", fn, u(1), ...args), errors.ERR_NOT_DESK);
    }
  });
});

describe("add-request and remove-request", () => {
  it("keep the order, and a second request in the place of the first", () => {
    add(alice, 5n, 1n);
    add(bob, 6n);
    expect(plain(add(alice, 7n, 2n).result)).toBe(12n);
    expect(short()).toEqual([[alice, 12n, 3n], [bob, 6n, 0n]]);
    expect(queue()[0]["asked-at"]).toBeLessThan(queue()[1]["asked-at"]);
    expect(plain(remove(alice).result)).toMatchObject({ user: alice, shares: 12n });
    expect(short()).toEqual([[bob, 6n, 0n]]);
    expectError(remove(alice), errors.ERR_NO_REQUEST);
    expect(read("withdrawal-queue", "get-queue", u(2))).toEqual([]);
  });

  it.each([
    [0n, 0n, null],
    [1n, 1n, null],
    [MOST_SHARES, MOST_USTX, null],
    [MOST_SHARES + 1n, 0n, "ERR_TOO_LARGE"],
    [1n, MOST_USTX + 1n, "ERR_TOO_LARGE"],
    [MAX_UINT, 0n, "ERR_TOO_LARGE"],
    [1n, MAX_UINT, "ERR_TOO_LARGE"],
  ])("of %s shares for at least %s: %s", (shares, min, name) => {
    if (name) expectError(add(alice, shares, min), errors[name]);
    else expect(add(alice, shares, min).result.type).toBe("ok");
    if (shares === MOST_SHARES) {
      expectError(add(alice, 1n), errors.ERR_TOO_LARGE);
      expectError(add(alice, 0n, 1n), errors.ERR_TOO_LARGE);
    }
  });

  it.each([[MAX_UINT, 0n], [0n, MAX_UINT]])("of %s more shares for at least %s more are too large, not an overflow", (shares, min) => {
    add(alice, 1n, 1n);
    expectError(add(alice, shares, min), errors.ERR_TOO_LARGE);
    expect(short()).toEqual([[alice, 1n, 1n]]);
  });

  it("have room for fifty", () => {
    for (let n = 1; n <= 50; n += 1) expect(add(person(n), 1n).result.type).toBe("ok");
    expectError(add(person(51), 1n), errors.ERR_FULL);
    expect(add(person(50), 1n).result.type).toBe("ok");
    remove(person(1));
    expect(add(person(51), 1n).result.type).toBe("ok");
    expect(queue().at(-1).user).toBe(person(51));
  });
});

describe("what is owed", () => {
  it("counts each request whose own minimum the value meets, rounded down", () => {
    add(alice, 10n, 15n);
    add(bob, 10n, 16n);
    add(carol, 3n);
    expect(owed(16n, 10n)).toBe(16n + 16n + 4n);
    expect(owed(15n, 10n)).toBe(15n + 4n);
    expect(owed(14n, 10n)).toBe(4n);
    expect(standing(bob, 15n, 10n)).toMatchObject({ owed: 19n, older: 15n, request: { user: bob, shares: 10n } });
    expect(standing(carol, 14n, 10n)).toMatchObject({ owed: 4n, older: 0n });
    expect(standing(stranger, 16n, 10n)).toMatchObject({ owed: 36n, older: 36n, request: null });
  });

  it("is nothing in an empty queue, and an error beyond what arithmetic can hold", () => {
    expect([owed(0n, 0n), owed(MAX_UINT, MAX_UINT)]).toEqual([0n, 0n]);
    add(alice, MOST_SHARES);
    expect(owed(MOST_USTX, 1n)).toBe(MOST_USTX * MOST_SHARES);
    for (const [value, total] of [[MOST_USTX + 1n, 1n], [1n, MOST_SHARES + 1n], [MAX_UINT, MAX_UINT]]) {
      expect(owed(value, total)).toEqual({ err: errors.ERR_TOO_LARGE });
      expect(standing(alice, value, total)).toEqual({ err: errors.ERR_TOO_LARGE });
      expectError(settle(value, total, 1n), errors.ERR_TOO_LARGE);
    }
  });
});

describe("settle", () => {
  const paid = (...args) => plain(settle(...args).result);

  it("pays oldest first and cuts the last one", () => {
    add(alice, 100n, 150n);
    add(bob, 100n, 151n);
    add(carol, 99n, 100n);
    // A share is worth 1.5: alice whole, bob not enough, carol in part.
    expect(paid(300n, 200n, 200n)).toEqual({
      shares: 133n, ustx: 199n, payments: [{ user: alice, shares: 100n, ustx: 150n }, { user: carol, shares: 33n, ustx: 49n }],
    });
    expect(short()).toEqual([[bob, 100n, 151n], [carol, 66n, 67n]]); // 100 × 66 / 99 rounded up
    expect(read("withdrawal-queue", "get-outflow", u(1))).toBe(199n);
  });

  it("with one person named pays nobody else, and leaves the others their claim", () => {
    for (const user of [alice, bob, carol]) add(user, 100n);
    expect(paid(300n, 300n, 99n, bob)).toEqual({ shares: 0n, ustx: 0n, payments: [] });
    expect(paid(300n, 300n, 130n, bob)).toEqual({ shares: 30n, ustx: 30n, payments: [{ user: bob, shares: 30n, ustx: 30n }] });
    expect(short()).toEqual([[alice, 100n, 0n], [bob, 70n, 0n], [carol, 100n, 0n]]);
    expect(paid(300n, 300n, 1_000n, stranger).payments).toEqual([]);
  });

  it.each([
    [0n, 100n, 100n, []],
    [100n, 100n, 0n, []],
    [100n, 100n, 1n, [1n]],
    [100n, 100n, 100n, [100n]],
    [100n, 100n, MAX_UINT, [100n]],
    [100n, 0n, 100n, [100n]],
  ])("at a value of %s for %s shares with %s idle pays %s", (value, total, idle, amounts) => {
    add(alice, total || 1n);
    expect(paid(value, total, idle).payments.map(({ ustx }) => ustx)).toEqual(amounts);
  });

  it("never pays more than is idle or worth, whatever is asked", () => {
    for (const [value, total, idle] of [[7n, 3n, 5n], [1_000_003n, 999_983n, 77n], [3n, 7n, 2n], [1n, MOST_SHARES, 9n]]) {
      for (const [n, user] of [alice, bob, carol].entries()) add(user, BigInt(n + 1) * 13n);
      const { ustx, shares } = paid(value, total, idle);
      expect(ustx).toBeLessThanOrEqual(idle);
      expect(ustx * total).toBeLessThanOrEqual(shares * value);
      for (const { user } of queue()) remove(user);
    }
  });
});

describe("the day's outflow", () => {
  it("leaves a quarter of the value with what left already, and a thousand STX at least", () => {
    expect([room(0n), room(4_000n * STX), room(4_004n * STX)]).toEqual([1_000n * STX, 1_000n * STX, 1_001n * STX]);
    expect(room(MAX_UINT)).toBe(MOST_USTX / 4n);
    write("note-outflow", u(1_500n * STX));
    expect([room(0n), room(8_500n * STX), room(4_500n * STX)]).toEqual([0n, 1_000n * STX, 0n]);
  });

  it("begins anew at midnight of UTC", () => {
    const ahead = DAY - (now() % DAY);
    wait(ahead - (ahead % 10n) - 10n); // ten to nineteen seconds before
    const day = now() / DAY;
    write("note-outflow", u(1_000n * STX));
    expect([read("withdrawal-queue", "get-outflow", u(1)), room(0n)]).toEqual([1_000n * STX, 0n]);
    wait(20n);
    write("note-outflow", u(7n)); // runs on the next day
    expect((now() - 10n) / DAY).toBe(day + 1n);
    expect([read("withdrawal-queue", "get-outflow", u(1)), room(0n)]).toEqual([7n, 1_000n * STX - 7n]);
  });

  it.each([0n, 1n, MOST_USTX])("counts %s", (ustx) => {
    write("note-outflow", u(ustx));
    expect(read("withdrawal-queue", "get-outflow", u(1))).toBe(ustx);
  });

  it.each([MOST_USTX + 1n, MAX_UINT])("refuses %s", (ustx) => {
    expectError(write("note-outflow", u(ustx)), errors.ERR_TOO_LARGE);
  });
});

describe("note-call", () => {
  it("answers when that person last came or went in that pool", () => {
    const second = now();
    expect(plain(write("note-call", p(alice)).result)).toBe(0n);
    expect(plain(write("note-call", p(alice)).result)).toBe(second);
    expect(plain(write("note-call", p(bob)).result)).toBe(0n);
    expect(must(stranger, "pool-desk", "note-call", u(2), p(alice))).toBe(0n);
    expect(read("withdrawal-queue", "get-last-call", u(1), p(alice))).toBe(second + 10n);
  });
});
