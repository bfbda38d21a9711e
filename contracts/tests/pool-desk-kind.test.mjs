import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, ADAPTERS, B, booked, boot, C, call, collect, DAY, DEPLOYER, deposit, doorErrors, drift, expectError, held,
  invest, leg, MAX_UINT, must, ours, p, plain, pool, poolTokens, PRICE_ONE, read, redeem, redeemWithout, setTargets,
  sharePrice, sharesOf, silence, STX, STX_TOKEN, stxOf, tokensOf, u, value, VAULT, wait, who, YEAR,
} from "./kit.mjs";

const errors = doorErrors();
const { alice, bob, stranger } = who;
const pause = (id, by = who.guardian) => call(by, "whale-pool-vault", "emergency-pause", u(id));
const give = (from, to, shares) => must(from, "pool-share-1", "transfer", u(shares), p(from), p(to), Cl.none());

beforeEach(() => boot());

describe("redeem-in-kind", () => {
  beforeEach(() => {
    deposit(alice, 100n * STX);
    invest(100n * STX);
  });

  it("pays the same part of everything, rounded down", () => {
    const total = 100n * STX;
    const rate = (asset) => (held(asset) * 33n * STX) / total;
    const least = [STX_TOKEN, A, B].map(rate);
    const before = [STX_TOKEN, A, B].map((asset) => tokensOf(asset, alice));

    const { result, topics, prints } = redeem(alice, 33n * STX);

    const paid = plain(result);
    expect(topics.filter((topic) => topic !== "fees-collected")).toEqual(["shares-redeemed"]);
    expect(prints.at(-1).amounts).toEqual(paid);
    paid.forEach((amount, index) => {
      expect(amount).toBeLessThanOrEqual(least[index]);
      expect(amount).toBeGreaterThanOrEqual((least[index] * 9_999_999n) / 10_000_000n); // seconds of management fee
    });
    expect([STX_TOKEN, A, B].map((asset) => tokensOf(asset, alice))).toEqual(before.map((amount, i) => amount + paid[i]));
    for (const asset of [STX_TOKEN, A, B]) expect([booked(asset), tokensOf(asset, VAULT)]).toEqual([held(asset), held(asset)]);
    expect(sharesOf(alice)).toBe(66n * STX);
  });

  it("works with every pause on, every price dead and no role held by anyone", () => {
    pause(0);
    pause(1);
    for (const asset of [STX_TOKEN, A, B]) silence(asset);
    for (const [person, role] of [[who.keeper, "keeper"], [who.guardian, "emergency"], [who.creator, "creator"]]) {
      must(DEPLOYER, "pool-access", "revoke-role", p(person), Cl.stringAscii(role));
    }
    for (const name of ADAPTERS) must(DEPLOYER, "whale-pool-vault", "remove-adapter", ours(`${name}-adapter`));
    wait(400n * DAY);

    expect(redeem(alice, 99n * STX).topics).toContain("shares-redeemed");
    expect(sharesOf(alice)).toBe(0n);
  });

  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [99n * STX + 1n, "ERR_NOT_ENOUGH_SHARES"],
    [MAX_UINT, "ERR_NOT_ENOUGH_SHARES"],
  ])("of %s shares is refused", (shares, name) => {
    expectError(redeem(alice, shares), errors[name]);
  });

  it("skips what rounds to nothing, but burns no share for nothing at all", () => {
    const { result } = redeem(alice, 3n);
    expect(plain(result)[1]).toBe(0n);
    expect(plain(result)[0]).toBe(1n);
    leg(STX_TOKEN, A, held(STX_TOKEN));
    leg(B, A, held(B));
    setTargets({ [A]: 10_000 });
    expectError(redeem(alice, 1n), errors.ERR_AMOUNT_TOO_SMALL);
  });

  it("wants the pool's own tokens, all of them, in order", () => {
    const wrong = [[], [STX_TOKEN], [A, STX_TOKEN, B], [STX_TOKEN, A, C], [STX_TOKEN, A, B, C], [STX_TOKEN, A, A]];
    for (const list of wrong) expectError(redeem(alice, STX, Cl.list(list.map(p))), errors.ERR_WRONG_TOKENS);
    expectError(call(alice, "whale-pool-vault", "redeem-in-kind", u(1), ours("pool-share-2"), u(1), poolTokens()), errors.ERR_WRONG_SHARE);
    expectError(call(alice, "whale-pool-vault", "redeem-in-kind", u(5), ours("pool-share-2"), u(1), poolTokens()), errors.ERR_NO_POOL);
  });

  it("fails as a whole when a token will not move", () => {
    must(stranger, "token-b", "freeze", Cl.bool(true), Cl.bool(false));
    expectError(redeem(alice, STX), errors.ERR_TOKEN_FAILED);
    expect(sharesOf(alice)).toBe(99n * STX);
  });

  it("charges the management fee on the way out, which needs no price", () => {
    silence(A);
    wait(YEAR);
    const { prints } = redeem(alice, 99n * STX);
    const fee = prints.find(({ topic }) => topic === "fees-collected");
    expect(fee.performance).toBe(0n);
    expect(sharesOf(who.fees)).toBe(fee.management - fee.insured);
    expect(fee.management).toBeGreaterThan(0n);
  });
});

describe("redeem-in-kind-without", () => {
  beforeEach(() => {
    deposit(alice, 100n * STX);
    deposit(bob, 100n * STX);
    invest(200n * STX);
  });
  const ALL = [STX_TOKEN, A, B];

  it("pays everything but what is given up, which a token that will not move then cannot hold up", () => {
    must(stranger, "token-b", "freeze", Cl.bool(true), Cl.bool(true));
    const [stxBefore, aBefore, bBooked] = [stxOf(alice), tokensOf(A, alice), held(B)];
    expectError(redeem(alice, 50n * STX), errors.ERR_TOKEN_FAILED);

    const { result, prints } = redeemWithout(alice, 50n * STX, [B]);

    const [ustx, a, b] = plain(result);
    expect(prints.at(-1)).toEqual({
      topic: "shares-redeemed", "pool-id": 1n, user: alice, shares: 50n * STX, amounts: [ustx, a, 0n], "given-up": [B],
    });
    expect(b).toBe(0n);
    expect(ustx).toBeGreaterThan((30n * STX * 9_999_999n) / 10_000_000n);
    expect([stxOf(alice) - stxBefore, tokensOf(A, alice) - aBefore]).toEqual([ustx, a]);
    expect(sharesOf(alice)).toBe(49n * STX);
    must(stranger, "token-b", "freeze", Cl.bool(false), Cl.bool(false));
    expect(held(B)).toBe(bBooked);
    for (const asset of ALL) expect([held(asset), tokensOf(asset, VAULT)]).toEqual([booked(asset), booked(asset)]);
    expect(read("pool-share-1", "get-total-supply")).toBe(pool()["total-shares"]);
  });

  it("leaves the given part to all who stay, each by their shares, and nothing else changes hands", () => {
    collect();
    const parts = () => ALL.map((asset) => (held(asset) * sharesOf(bob)) / pool()["total-shares"]);
    const before = parts();

    redeemWithout(alice, 50n * STX, [B]);

    const after = parts();
    for (const n of [0, 1]) expect(after[n] - before[n]).toBeLessThanOrEqual(1n);
    expect(after[2]).toBe((held(B) * sharesOf(bob)) / pool()["total-shares"]);
    expect(after[2] * 2n).toBeLessThan(before[2] * 3n); // 199.7 shares become 149.7
    const left = plain(redeem(bob, sharesOf(bob)).result);
    left.forEach((amount, n) => expect(amount).toBeLessThanOrEqual(after[n]));
    for (const asset of ALL) expect(tokensOf(asset, VAULT)).toBe(booked(asset));
  });

  it("gives up STX or several assets alike, and with nothing given up is redeem-in-kind", () => {
    expect(plain(redeemWithout(alice, 10n * STX, [STX_TOKEN, A]).result).map((amount) => amount > 0n)).toEqual([false, false, true]);
    expect(plain(redeemWithout(alice, 10n * STX, []).result).map((amount) => amount > 0n)).toEqual([true, true, true]);
  });

  it("burns no share for nothing, and takes no name that is not the pool's and no other list of tokens", () => {
    const before = sharesOf(alice);
    expectError(redeemWithout(alice, STX, ALL), errors.ERR_AMOUNT_TOO_SMALL);
    expectError(redeemWithout(alice, STX, [B, C]), errors.ERR_NOT_POOL_ASSET);
    expectError(redeemWithout(alice, STX, [C, B]), errors.ERR_NOT_POOL_ASSET);
    for (const list of [[STX_TOKEN, A], [A, STX_TOKEN, B], [STX_TOKEN, A, C]]) {
      expectError(redeemWithout(alice, STX, [B], Cl.list(list.map(p))), errors.ERR_WRONG_TOKENS);
    }
    expectError(redeemWithout(alice, 0n, [B]), errors.ERR_ZERO_AMOUNT);
    expectError(redeemWithout(alice, before + 1n, [B]), errors.ERR_NOT_ENOUGH_SHARES);
    expect(sharesOf(alice)).toBe(before);
  });
});

describe("donations", () => {
  it("of STX, tokens or shares change no price and are nobody's", () => {
    deposit(alice, 100n * STX);
    invest(100n * STX);
    const before = [value(), sharePrice(), drift(), pool(), booked(STX_TOKEN), booked(A)];

    must(bob, "stx-token", "transfer", u(50n * STX), p(bob), p(VAULT), Cl.none());
    must(bob, "token-a", "faucet", u(50n * STX), p(VAULT));
    give(alice, VAULT, 5n * STX);

    expect([value(), sharePrice(), drift(), pool(), booked(STX_TOKEN), booked(A)]).toEqual(before);
    expect(stxOf(VAULT)).toBe(booked(STX_TOKEN) + 50n * STX);
  });

  it("before the first deposit buy the donor nothing", () => {
    must(bob, "stx-token", "transfer", u(50n * STX), p(bob), p(VAULT), Cl.none());
    deposit(alice, 10n * STX);
    expect([value(), sharePrice()]).toEqual([10n * STX, PRICE_ONE]);
  });
});
