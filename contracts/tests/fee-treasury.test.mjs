import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, at, B, boot, C, call, collect, DEPLOYER, deposit, doorErrors, errorsOf, expectError, invest, MAX_UINT, must,
  ours, p, plain, pool, poolTokens, price, PRICE_ONE, read, sharesOf, silence, sourceOf, STX, STX_TOKEN, stxOf,
  tokensOf, u, wait, who, YEAR,
} from "./kit.mjs";

const errors = errorsOf("fee-treasury");
const { alice, keeper, stranger } = who;
const TREASURY = at("fee-treasury");
const FLOW = at("flow-token");
const convert = (from, amount, { min = 0n, dex = "fair-adapter", by = keeper } = {}) =>
  call(by, "fee-treasury", "convert", p(from), u(amount), u(min), ours(dex));
const spend = (amount, to = alice, by = DEPLOYER) => call(by, "fee-treasury", "spend", u(amount), p(to));
const redeemFees = (shares, { id = 1, tokens = poolTokens(), share = "pool-share-1" } = {}) =>
  call(stranger, "fee-treasury", "redeem-fees", u(id), ours(share), u(shares), tokens);
const flowOf = (person) => read("flow-token", "get-balance", p(person));
const flow = () => flowOf(TREASURY);
/** What a venue pays in FLOW for `into` units of a token. */
const rate = (dex, from, out, into) => must(DEPLOYER, dex, "set-rate", p(from), p(FLOW), u(out), u(into));

beforeEach(async () => {
  await boot();
  price(FLOW, PRICE_ONE / 10n); // ten FLOW for one STX
  for (const dex of ["fair", "lying", "stealing", "half-taking", "silent", "failing", "double-dipping"].map((name) => `${name}-adapter`)) {
    must(DEPLOYER, "flow-token", "transfer", u(10_000n * STX), p(DEPLOYER), ours(dex), Cl.none());
    rate(dex, STX_TOKEN, 10, 1);
    rate(dex, A, 20, 1);
  }
  must(alice, "stx-token", "transfer", u(100n * STX), p(alice), p(TREASURY), Cl.none());
  must(alice, "token-a", "faucet", u(50n * STX), p(TREASURY));
});

describe("the default fee account", () => {
  it("is the treasury, which anybody can make redeem its shares", () => {
    must(DEPLOYER, "whale-pool-vault", "set-fee-account", p(TREASURY));
    deposit(alice, 1_000n * STX);
    invest(1_000n * STX);
    wait(YEAR - 10n);
    collect();
    const shares = sharesOf(TREASURY);
    expect(shares).toBeGreaterThan(4n * STX);
    const before = [STX_TOKEN, A, B].map((asset) => tokensOf(asset, TREASURY));

    const { result, topics } = redeemFees(shares);

    expect(topics.at(-1)).toBe("fees-redeemed");
    expect(topics.at(-2)).toBe("shares-redeemed");
    const amounts = plain(result);
    expect([STX_TOKEN, A, B].map((asset, n) => tokensOf(asset, TREASURY) - before[n])).toEqual(amounts);
    expect(amounts.every((amount) => amount > 0n)).toBe(true);
    expect(read("pool-share-1", "get-total-supply")).toBe(pool()["total-shares"]);
    expect(sharesOf(TREASURY)).toBeLessThan(100n); // what was charged in those seconds
  });

  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [1n, "ERR_NOT_ENOUGH_SHARES"],
    [MAX_UINT, "ERR_NOT_ENOUGH_SHARES"],
  ])("redeems what it has, not %s when it has none", (shares, name) => {
    deposit(alice, 100n * STX);
    expectError(redeemFees(shares), doorErrors()[name]);
    expectError(redeemFees(1n, { id: 2 }), doorErrors().ERR_NO_POOL);
    expectError(redeemFees(1n, { share: "pool-share-2" }), doorErrors().ERR_WRONG_SHARE);
    expectError(redeemFees(1n, { tokens: Cl.list([]) }), doorErrors().ERR_WRONG_TOKENS);
  });
});

describe("convert", () => {
  it("sells for FLOW, and tells what went and came", () => {
    const { result, prints } = convert(STX_TOKEN, 10n * STX, { min: 100n * STX });
    expect(plain(result)).toEqual({ spent: 10n * STX, received: 100n * STX });
    expect(prints.at(-1)).toEqual({
      topic: "fees-converted", asset: STX_TOKEN, dex: at("fair-adapter"), spent: 10n * STX, received: 100n * STX,
    });
    expect([stxOf(TREASURY), flow()]).toEqual([90n * STX, 100n * STX]);
    expect(plain(convert(A, STX).result)).toEqual({ spent: STX, received: 20n * STX });
  });

  it("is for keepers", () => {
    for (const by of [stranger, DEPLOYER, who.guardian, who.mover]) expectError(convert(STX_TOKEN, STX, { by }), errors.ERR_NOT_KEEPER);
  });

  it.each([
    [STX_TOKEN, 0n, "ERR_ZERO_AMOUNT"],
    [STX_TOKEN, 1n, null],
    [STX_TOKEN, 100n * STX, null],
    [STX_TOKEN, 100n * STX + 1n, "ERR_NOT_ENOUGH"],
    [STX_TOKEN, MAX_UINT, "ERR_NOT_ENOUGH"],
    [A, 50n * STX + 1n, "ERR_NOT_ENOUGH"],
    [A, MAX_UINT, "ERR_NOT_ENOUGH"],
  ])("of %s × %s: %s", (asset, amount, name) => {
    if (name) expectError(convert(asset, amount), errors[name]);
    else expect(convert(asset, amount).topics).toContain("fees-converted");
  });

  it("holds the venue to the agreed prices less two percent, to the unit, whatever the keeper accepts", () => {
    rate("fair-adapter", STX_TOKEN, 98n, 10n);
    expect(convert(STX_TOKEN, STX).topics).toContain("fees-converted");
    rate("fair-adapter", STX_TOKEN, 979_999n, 100_000n);
    expectError(convert(STX_TOKEN, STX), errors.ERR_SLIPPAGE);
    rate("fair-adapter", STX_TOKEN, 10n, 1n);
    expectError(convert(STX_TOKEN, STX, { min: 10n * STX + 1n }), errors.ERR_SLIPPAGE);
    expectError(convert(STX_TOKEN, STX, { min: MAX_UINT }), errors.ERR_SLIPPAGE);
  });

  it("needs both prices, and prices the arithmetic can hold", () => {
    silence(FLOW);
    expectError(convert(STX_TOKEN, STX), errors.ERR_NO_PRICE);
    price(FLOW, 10n ** 18n + 1n);
    expectError(convert(STX_TOKEN, STX), errors.ERR_TOO_LARGE);
    price(FLOW, PRICE_ONE / 10n);
    silence(A);
    expectError(convert(A, STX), errors.ERR_NO_PRICE);
    price(A, MAX_UINT);
    expectError(convert(A, STX), errors.ERR_TOO_LARGE);
    must(stranger, "token-a", "faucet", u(10n ** 17n), p(TREASURY));
    price(A, PRICE_ONE);
    expectError(convert(A, 10n ** 17n + 1n), errors.ERR_TOO_LARGE);
  });

  it("sells registered tokens alone, and no FLOW", () => {
    expectError(convert(C, 1n), errors.ERR_NOT_FOR_SALE);
    must(DEPLOYER, "whale-pool-vault", "register-asset", p(FLOW), u(6));
    convert(STX_TOKEN, STX);
    expectError(convert(FLOW, 1n), errors.ERR_NOT_FOR_SALE);
  });

  it("goes through venues the vault admitted, by their code", () => {
    must(DEPLOYER, "whale-pool-vault", "remove-adapter", ours("fair-adapter"));
    expectError(convert(STX_TOKEN, STX), errors.ERR_NOT_ADMITTED);
  });

  it("believes balances, and lets a venue take nothing but what it is offered", () => {
    expectError(convert(STX_TOKEN, STX, { dex: "lying-adapter" }), errors.ERR_SLIPPAGE);
    expectError(convert(STX_TOKEN, STX, { dex: "silent-adapter" }), errors.ERR_SLIPPAGE);
    expectError(convert(STX_TOKEN, STX, { dex: "failing-adapter" }), errors.ERR_VENUE_FAILED);
    for (const asset of [STX_TOKEN, A]) {
      expectError(convert(asset, STX, { dex: "stealing-adapter" }), errors.ERR_VENUE_OVERREACHED);
      convert(asset, STX);
      expectError(convert(asset, STX, { dex: "double-dipping-adapter" }), errors.ERR_VENUE_OVERREACHED);
    }
    expect(plain(convert(STX_TOKEN, 10n * STX, { dex: "half-taking-adapter" }).result).spent).toBe(5n * STX);
  });

  it("lets no venue hide what it takes behind shares that it redeems meanwhile", () => {
    const venue = "redeeming-adapter";
    simnet.deployContract(venue, sourceOf(`mock:${venue}`), { clarityVersion: 4 }, DEPLOYER);
    must(DEPLOYER, "whale-pool-vault", "admit-adapter", ours(venue));
    must(DEPLOYER, "flow-token", "transfer", u(10n * STX), p(DEPLOYER), ours(venue), Cl.none());
    deposit(alice, 1_000n * STX);
    invest(1_000n * STX);
    must(alice, "pool-share-1", "transfer", u(500n * STX), p(alice), p(TREASURY), Cl.none());
    must(stranger, venue, "set-shares", u(100n * STX)); // would bring in 60 STX, more than the venue takes
    // The venue meets errors.ERR_IN_SWAP and fails with it; its own code stays with it.
    expectError(convert(STX_TOKEN, 50n * STX, { dex: venue }), errors.ERR_VENUE_FAILED);
    must(stranger, venue, "set-shares", u(0));
    expectError(convert(STX_TOKEN, 50n * STX, { dex: venue }), errors.ERR_SLIPPAGE);
    expect(redeemFees(100n * STX).topics).toContain("fees-redeemed"); // the door is open again
    expect([stxOf(TREASURY) > 100n * STX, sharesOf(TREASURY) >= 400n * STX]).toEqual([true, true]);
  });

  it("stops when a token will not answer", () => {
    must(stranger, "token-a", "freeze", Cl.bool(false), Cl.bool(true));
    expectError(convert(A, STX), errors.ERR_TOKEN_FAILED);
  });
});

describe("spend", () => {
  beforeEach(() => convert(STX_TOKEN, 10n * STX));

  it("pays FLOW out by governance alone", () => {
    const before = flowOf(alice);
    expect(spend(40n * STX).prints.at(-1)).toEqual({ topic: "flow-spent", to: alice, amount: 40n * STX });
    expect([flowOf(alice) - before, flow(), read("fee-treasury", "get-flow")]).toEqual([40n * STX, 60n * STX, 60n * STX]);
    for (const by of [stranger, keeper, who.guardian]) expectError(spend(1n, alice, by), errors.ERR_NOT_GOVERNANCE);
  });

  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [100n * STX + 1n, "ERR_NOT_ENOUGH"],
    [MAX_UINT, "ERR_NOT_ENOUGH"],
  ])("refuses %s of a hundred", (amount, name) => {
    expectError(spend(amount), errors[name]);
    expect(spend(1n).topics).toContain("flow-spent");
    expect(spend(100n * STX - 1n).topics).toContain("flow-spent");
  });

  it("cannot pay the treasury itself", () => {
    expectError(spend(1n, TREASURY), errors.ERR_TOKEN_FAILED);
  });
});
