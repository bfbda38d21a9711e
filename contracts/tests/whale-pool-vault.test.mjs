import { Cl, getAddressFromPrivateKey } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, at, B, booked, boot, C, call, cancel, collect, createPool, DEPLOYER, deposit, doorErrors, drift, errorsOf,
  expectError, held, invest, LAUNCH, leg, MAX_UINT, must, now, ours, p, plain, pool, price, PRICE_ONE, processFor,
  read, redeem, rest, sharePrice, sharesOf, silence, sourceOf, STX, STX_TOKEN, stxOf, tokensOf, u, value, VAULT, wait,
  who, withdraw,
} from "./kit.mjs";

const errors = doorErrors();
const { alice, bob, stranger } = who;
const pause = (id, by = who.guardian) => call(by, "whale-pool-vault", "emergency-pause", u(id));
const resume = (id, by = who.guardian) => call(by, "whale-pool-vault", "emergency-resume", u(id));
const payKeeper = (amount, by = who.mover, id = 1) => call(by, "whale-pool-vault", "pay-keeper", u(id), p(who.keeper), u(amount));

beforeEach(() => boot());

describe("execute-leg", () => {
  beforeEach(() => deposit(alice, 100n * STX));

  it("swaps inside the pool and books what arrived", () => {
    const { result, prints } = leg(STX_TOKEN, A, 10n * STX, { min: 5n * STX });

    expect(plain(result)).toEqual({ spent: 10n * STX, received: 5n * STX, "sold-ustx": 10n * STX, "bought-ustx": 10n * STX });
    expect(prints.at(-1)).toEqual({
      topic: "leg-executed", "pool-id": 1n, from: STX_TOKEN, to: A, dex: at("fair-adapter"), spent: 10n * STX, received: 5n * STX,
    });
    expect([held(STX_TOKEN), held(A), value()]).toEqual([90n * STX, 5n * STX, 100n * STX]);
    expect(plain(leg(A, B, STX).result).received).toBe(400n * STX);
    expect([held(A), held(B)]).toEqual([4n * STX, 400n * STX]);
    for (const asset of [STX_TOKEN, A, B]) expect(tokensOf(asset, VAULT)).toBe(booked(asset));
  });

  it("is for the rebalancer role", () => {
    for (const by of [stranger, alice, who.keeper, who.guardian, who.creator, DEPLOYER]) {
      expectError(leg(STX_TOKEN, A, STX, { by }), errors.ERR_NOT_REBALANCER);
    }
  });

  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [100n * STX + 1n, "ERR_NOT_ENOUGH_HELD"],
    [MAX_UINT, "ERR_NOT_ENOUGH_HELD"],
  ])("of %s of 100 STX is refused", (amount, name) => {
    expectError(leg(STX_TOKEN, A, amount), errors[name]);
  });

  it("stays inside the pool's own assets and holdings", () => {
    must(DEPLOYER, "whale-pool-vault", "register-asset", p(C), u(6));
    expectError(leg(STX_TOKEN, C, STX), errors.ERR_NOT_POOL_ASSET);
    expectError(leg(C, STX_TOKEN, STX), errors.ERR_NOT_POOL_ASSET);
    expectError(leg(STX_TOKEN, STX_TOKEN, STX), errors.ERR_SAME_ASSET);
    createPool("pool-share-2");
    expectError(leg(STX_TOKEN, A, 1n, { pool: 2 }), errors.ERR_NOT_ENOUGH_HELD); // the other pool's STX is not its own
    expectError(leg(STX_TOKEN, A, 1n, { pool: 3 }), errors.ERR_NO_POOL);
  });

  it("goes only through venues that are admitted", () => {
    must(DEPLOYER, "whale-pool-vault", "remove-adapter", ours("fair-adapter"));
    expectError(leg(STX_TOKEN, A, STX), errors.ERR_NOT_ADMITTED);
  });

  it("believes balances, not a venue that claims more than it pays", () => {
    expectError(leg(STX_TOKEN, A, 10n * STX, { dex: "lying-adapter", min: 5n * STX }), errors.ERR_SLIPPAGE);
    expectError(leg(STX_TOKEN, A, 10n * STX, { dex: "lying-adapter", min: 1n }), errors.ERR_BELOW_CONSENSUS);
    price(A, 4n * PRICE_ONE); // now the half that it pays is worth the whole
    expect(plain(leg(STX_TOKEN, A, 10n * STX, { dex: "lying-adapter", min: 1n }).result).received).toBe((5n * STX) / 2n);
    expect(held(A)).toBe((5n * STX) / 2n);
  });

  it.each([[STX_TOKEN, A], [A, STX_TOKEN]])("lets a venue take no more than it was offered, %s to %s", (from, to) => {
    leg(STX_TOKEN, A, 50n * STX);
    expectError(leg(from, to, STX, { dex: "stealing-adapter" }), errors.ERR_VENUE_OVERREACHED);
  });

  it("lets a venue take nothing but the asset that is sold", () => {
    expectError(leg(STX_TOKEN, A, STX, { dex: "double-dipping-adapter" }), errors.ERR_VENUE_OVERREACHED);
    leg(STX_TOKEN, A, 50n * STX);
    expectError(leg(A, STX_TOKEN, STX, { dex: "double-dipping-adapter" }), errors.ERR_VENUE_OVERREACHED);
  });

  it("books only what a venue really took", () => {
    expect(plain(leg(STX_TOKEN, A, 10n * STX, { dex: "half-taking-adapter" }).result)).toEqual({
      spent: 5n * STX, received: 5n * STX, "sold-ustx": 5n * STX, "bought-ustx": 10n * STX,
    });
    expect([held(STX_TOKEN), stxOf(VAULT)]).toEqual([95n * STX, 95n * STX]);
  });

  it("asks for the agreed price less the slippage, and for no more than two percent of it", () => {
    const rate = (out) => must(DEPLOYER, "fair-adapter", "set-rate", p(STX_TOKEN), p(A), u(out), u(2_000));
    for (const [slip, out] of [[0n, 1_000n], [100n, 990n], [200n, 980n], [5_000n, 980n], [MAX_UINT, 980n]]) {
      rate(out - 1n);
      expectError(leg(STX_TOKEN, A, 10n * STX, { slip }), errors.ERR_BELOW_CONSENSUS);
      rate(out);
      expect(plain(leg(STX_TOKEN, A, STX, { slip }).result)["bought-ustx"]).toBe((STX * out) / 1_000n);
    }
  });

  it("needs the prices of both sides, and both tokens' answers", () => {
    silence(A);
    expectError(leg(STX_TOKEN, A, STX), errors.ERR_NO_PRICE);
    expectError(leg(A, STX_TOKEN, 1n), errors.ERR_NO_PRICE);
  });

  it("lets nobody deposit in the middle of a swap, which would count the same STX twice", () => {
    const venue = "reentering-adapter";
    simnet.deployContract(venue, sourceOf(`mock:${venue}`), { clarityVersion: 4 }, DEPLOYER);
    must(DEPLOYER, "whale-pool-vault", "admit-adapter", ours(venue));
    must(DEPLOYER, "stx-token", "transfer", u(1_000n * STX), p(DEPLOYER), ours(venue), Cl.none());
    leg(STX_TOKEN, A, 50n * STX);
    must(DEPLOYER, venue, "set-rate", p(A), p(STX_TOKEN), u(0), u(1));
    must(stranger, venue, "set-plan", Cl.stringAscii("deposit"), u(20n * STX));
    // The venue meets errors.ERR_IN_SWAP and fails with it; its own code stays with it.
    expectError(leg(A, STX_TOKEN, 10n * STX, { dex: venue }), errors.ERR_VENUE_FAILED);
    must(stranger, venue, "act-now"); // the same deposit outside of a swap is welcome
    expect(sharesOf(at(venue))).toBeGreaterThan(0n);
    expect(stxOf(VAULT)).toBe(booked(STX_TOKEN));
  });

  it("takes no answer for a payment, and keeps a venue's code to itself", () => {
    expectError(leg(STX_TOKEN, A, STX, { dex: "silent-adapter" }), errors.ERR_SLIPPAGE);
    expectError(leg(STX_TOKEN, A, STX, { dex: "failing-adapter" }), errors.ERR_VENUE_FAILED);
    expect(held(STX_TOKEN)).toBe(100n * STX);
  });

  it("stops while paused, and when a token will not answer", () => {
    pause(1);
    expectError(leg(STX_TOKEN, A, STX), errors.ERR_PAUSED);
    resume(1);
    must(stranger, "token-a", "freeze", Cl.bool(false), Cl.bool(true));
    expectError(leg(STX_TOKEN, A, STX), errors.ERR_TOKEN_FAILED);
  });
});

describe("pay-keeper", () => {
  beforeEach(() => deposit(alice, 10n * STX));

  it("pays out of the pool's idle STX", () => {
    const before = stxOf(who.keeper);
    expect(payKeeper(1_100_000n).prints).toEqual([{ topic: "keeper-paid", "pool-id": 1n, keeper: who.keeper, ustx: 1_100_000n }]);
    expect(stxOf(who.keeper) - before).toBe(1_100_000n);
    expect([held(STX_TOKEN), booked(STX_TOKEN)]).toEqual([8_900_000n, 8_900_000n]);
  });

  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [1_100_001n, "ERR_PAY_TOO_HIGH"],
    [MAX_UINT, "ERR_PAY_TOO_HIGH"],
  ])("refuses %s", (amount, name) => {
    expectError(payKeeper(amount), errors[name]);
  });

  it("is for the rebalancer role and STX that is there", () => {
    for (const by of [stranger, who.keeper, who.guardian, DEPLOYER]) expectError(payKeeper(1n, by), errors.ERR_NOT_REBALANCER);
    expectError(payKeeper(1n, who.mover, 2), errors.ERR_NOT_ENOUGH_IDLE); // a pool that is not there has none
    leg(STX_TOKEN, A, 9n * STX);
    expectError(payKeeper(STX + 1n), errors.ERR_NOT_ENOUGH_IDLE);
  });
});

describe("emergency-pause and emergency-resume", () => {
  it("stop one pool or all, and tell", () => {
    const [running, stopped] = [false, true].map((on) => ({ deposits: on, withdrawals: on, rebalances: on }));
    expect(pause(1).prints).toEqual([{ topic: "pool-paused", "pool-id": 1n, by: who.guardian, before: running, after: stopped }]);
    expect(pool().paused).toBe(true);
    pause(0);
    resume(1);
    expect(pool().paused).toBe(true); // all are still paused
    expect(resume(0).topics).toEqual(["pool-resumed"]);
    expect(pool().paused).toBe(false);
  });

  it("do not reach other pools", () => {
    createPool("pool-share-2");
    pause(1);
    expect([pool(1).paused, pool(2).paused]).toEqual([true, false]);
  });

  it("are for the emergency role and for pools that exist", () => {
    for (const person of [stranger, alice, who.keeper, DEPLOYER]) {
      expectError(pause(1, person), errors.ERR_NOT_EMERGENCY);
      expectError(resume(0, person), errors.ERR_NOT_EMERGENCY);
    }
    expectError(pause(2), errors.ERR_NO_POOL);
  });
});

describe("set-pauses", () => {
  const OFF = { deposits: false, withdrawals: false, rebalances: false };
  const set = (flags, { id = 1, by = who.guardian } = {}) =>
    call(by, "whale-pool-vault", "set-pauses", u(id),
      Cl.tuple(Object.fromEntries(Object.entries({ ...OFF, ...flags }).map(([name, on]) => [name, Cl.bool(on)]))));

  beforeEach(() => {
    deposit(alice, 100n * STX);
    rest();
  });

  it.each([1, 0])("stops each kind of call by itself, with %s", (id) => {
    expect(set({ deposits: true }, { id }).prints).toEqual([
      { topic: "pauses-set", "pool-id": BigInt(id), by: who.guardian, before: OFF, after: { ...OFF, deposits: true } },
    ]);
    expectError(deposit(alice, STX), errors.ERR_PAUSED);
    expect(pool().pauses).toEqual({ ...OFF, deposits: true });
    expect(leg(STX_TOKEN, A, STX).topics).toEqual(["leg-executed"]);
    expect(withdraw(alice, STX).topics.at(-1)).toBe("withdrawal-paid");
    rest();

    set({ withdrawals: true }, { id });
    expect(withdraw(alice, STX).topics.at(-1)).toBe("withdrawal-queued");
    expectError(processFor(alice), errors.ERR_PAUSED);
    expect([cancel(alice).result, pool().paused]).toEqual([Cl.ok(u(STX)), false]);
    rest();
    expect(deposit(alice, STX).topics.at(-1)).toBe("deposit-made");

    set({ rebalances: true }, { id });
    expectError(leg(STX_TOKEN, A, STX), errors.ERR_PAUSED);
    expect([pool().paused, pool().pauses]).toEqual([true, { ...OFF, rebalances: true }]);
    rest();
    expect(deposit(alice, STX).topics.at(-1)).toBe("deposit-made");
    expect(redeem(alice, STX).topics.at(-1)).toBe("shares-redeemed");
  });

  it("is for the emergency role and for pools that exist", () => {
    expectError(set({}, { by: DEPLOYER }), errors.ERR_NOT_EMERGENCY);
    expectError(set({}, { id: 2 }), errors.ERR_NO_POOL);
  });
});

describe("roles", () => {
  it("are asked for at the door", () => {
    expectError(call(stranger, "whale-pool-vault", "register-asset", p(C), u(6)), errors.ERR_NOT_GOVERNANCE);
    expectError(createPool("pool-share-2", LAUNCH, 1, stranger), errors.ERR_NOT_CREATOR);
    expectError(call(alice, "deposit-proxy", "deposit-for-caller", ours("pool-share-1"), u(10n * STX)), errors.ERR_NOT_DIRECT);
  });

  it("give nobody shares or STX that they do not have", () => {
    const poor = getAddressFromPrivateKey(`${"11".repeat(32)}01`, "testnet");
    expectError(deposit(poor, 10n * STX), errors.ERR_TRANSFER_FAILED);
    deposit(alice, 100n * STX);
    expectError(withdraw(bob, STX), errors.ERR_NOT_ENOUGH_SHARES);
    leg(STX_TOKEN, A, 99n * STX);
    expectError(withdraw(bob, 50n * STX), errors.ERR_NOT_ENOUGH_SHARES); // would wait
    expectError(redeem(bob, STX), errors.ERR_NOT_ENOUGH_SHARES);
  });
});

describe("views", () => {
  it("of a pool that does not exist say so", () => {
    for (const fn of ["get-pool-total-value", "get-share-price", "get-drift", "get-pool-allocation"]) {
      expect(read("whale-pool-vault", fn, u(2))).toEqual({ err: errorsOf("pool-valuation").ERR_NO_POOL });
    }
    expect([pool(2), read("whale-pool-vault", "get-queue", u(2)), read("whale-pool-vault", "get-pool-assets", u(2))]).toEqual([null, [], []]);
  });

  it("price every asset of the allocation, and none when one is missing", () => {
    deposit(alice, 100n * STX);
    invest(100n * STX);
    expect(read("whale-pool-vault", "get-pool-allocation", u(1))).toEqual([
      { asset: STX_TOKEN, amount: 60n * STX, price: PRICE_ONE, "value-ustx": 60n * STX },
      { asset: A, amount: 15n * STX, price: 2n * PRICE_ONE, "value-ustx": 30n * STX },
      { asset: B, amount: 2_000n * STX, price: PRICE_ONE / 2n, "value-ustx": 10n * STX },
    ]);
    silence(B);
    for (const fn of ["get-pool-total-value", "get-share-price", "get-drift", "get-pool-allocation"]) {
      expect(read("whale-pool-vault", fn, u(1))).toEqual({ err: errorsOf("pool-valuation").ERR_NO_PRICE });
    }
    expect(read("pool-valuation", "get-asset-value", p(C), u(1))).toEqual({ err: errorsOf("pool-valuation").ERR_UNKNOWN_ASSET });
  });

  it("start a pool at one STX a share, no value and no drift", () => {
    expect([sharePrice(), value(), drift()]).toEqual([PRICE_ONE, 0n, { "drift-bps": 0n, "value-ustx": 0n, "free-ustx": 0n }]);
  });

  it("measure drift as half of all gaps, with queued withdrawals taken off the STX", () => {
    deposit(alice, 100n * STX);
    expect(drift()).toEqual({ "drift-bps": 4_000n, "value-ustx": 100n * STX, "free-ustx": 100n * STX });
    invest(100n * STX);
    expect(drift()["drift-bps"]).toBe(0n);
    leg(STX_TOKEN, A, 60n * STX); // no STX left: 0 / 90 / 10
    expect(drift()["drift-bps"]).toBe(6_000n);
    rest();

    silence(STX_TOKEN);
    pause(1);
    withdraw(alice, 20n * STX); // owed 20, free 80: STX -20 against 48, A 90 against 24, B 10 against 8
    const { "total-shares": total } = pool(); // a little more than 100: the management fee of these minutes
    const free = 100n * STX - (20n * STX * 100n * STX) / total;
    expect([drift()["value-ustx"], drift()["free-ustx"]]).toEqual([100n * STX, free]);
    expect(drift()["drift-bps"]).toBe(8_499n); // half of 68, 66 and 2, of 80
  });

  it("count in the drift only what could be paid now", () => {
    deposit(alice, 100n * STX);
    collect();
    leg(STX_TOKEN, A, 90n * STX);
    rest();
    withdraw(alice, 40n * STX, 39_999_000n);
    expect(drift()["free-ustx"]).toBeLessThan(61n * STX);
    price(A, (19n * PRICE_ONE) / 10n);
    expect(drift()["free-ustx"]).toBe(value()); // the request is below its own minimum and takes nothing
  });

  it("value with the pool's decimals, down and up", () => {
    price(B, 3n);
    expect(read("pool-valuation", "get-asset-value", p(B), u(10n ** 14n + 1n))).toEqual({ price: 3n, down: 3n, up: 4n });
    expect(read("pool-valuation", "get-asset-value", p(B), u(0))).toEqual({ price: 3n, down: 0n, up: 0n });
  });
});

describe("pools", () => {
  it("do not see each other", () => {
    createPool("pool-share-2");
    deposit(alice, 100n * STX);
    const before = [pool(1), value(), sharePrice(), drift(), held(STX_TOKEN)];
    must(bob, "whale-pool-vault", "deposit", u(2), ours("pool-share-2"), u(50n * STX), u(0));
    leg(STX_TOKEN, A, 10n * STX, { pool: 2 });
    must(who.mover, "whale-pool-vault", "pay-keeper", u(2), p(who.keeper), u(1_000));

    expect([pool(1), value(), sharePrice(), drift(), held(STX_TOKEN)]).toEqual(before);
    expect(booked(STX_TOKEN)).toBe(held(STX_TOKEN, 1) + held(STX_TOKEN, 2));
    expect(stxOf(VAULT)).toBe(booked(STX_TOKEN));
  });
});
