import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, at, boot, call, collect, DEPLOYER, deposit, doorErrors, errorsOf, expectError, invest, MAX_UINT, must, p, plain,
  pool, poolTokens, read, sharesOf, STX, STX_TOKEN, stxOf, tokensOf, u, wait, who, YEAR,
} from "./kit.mjs";

const errors = errorsOf("insurance-fund");
const { alice, bob, stranger } = who;
const FUND = at("insurance-fund");
const SHARE = at("pool-share-1");
const release = (token, amount, { to = bob, by = DEPLOYER } = {}) =>
  call(by, "insurance-fund", "release", p(token), u(amount), p(to));
const redeem = (shares, { by = DEPLOYER, tokens = poolTokens() } = {}) =>
  call(by, "insurance-fund", "redeem", u(1), p(SHARE), u(shares), tokens);

beforeEach(async () => {
  await boot();
  deposit(alice, 10_000n * STX);
  invest(10_000n * STX);
  wait(YEAR - 30n);
  collect();
});

describe("insurance-fund", () => {
  it("fills with the twentieth part of the management fees", () => {
    expect(sharesOf(FUND)).toBe((sharesOf(FUND) + sharesOf(who.fees)) / 20n);
    expect(sharesOf(FUND)).toBeGreaterThan(2n * STX);
  });

  it("redeems its shares in kind, and releases what it holds, by governance", () => {
    const shares = sharesOf(FUND);
    const { result, topics } = redeem(shares);
    expect(topics.slice(-2)).toEqual(["shares-redeemed", "insurance-redeemed"]);
    const [ustx, a] = plain(result);
    expect([stxOf(FUND), tokensOf(A, FUND)]).toEqual([ustx, a]);
    expect(read("pool-share-1", "get-total-supply")).toBe(pool()["total-shares"]);

    const before = [stxOf(bob), tokensOf(A, bob)];
    expect(release(STX_TOKEN, ustx).prints.at(-1)).toEqual({ topic: "insurance-released", token: STX_TOKEN, amount: ustx, to: bob });
    release(A, a);
    expect([stxOf(bob) - before[0], tokensOf(A, bob) - before[1], stxOf(FUND), tokensOf(A, FUND)]).toEqual([ustx, a, 0n, 0n]);
  });

  it("releases shares as shares", () => {
    const shares = sharesOf(FUND);
    expect(release(SHARE, shares).topics).toContain("insurance-released");
    expect([sharesOf(FUND), sharesOf(bob)]).toEqual([0n, shares]);
  });

  it("does nothing for anybody else", () => {
    for (const by of [stranger, who.keeper, who.guardian, who.creator, alice]) {
      expectError(release(SHARE, 1n, { by }), errors.ERR_NOT_GOVERNANCE);
      expectError(redeem(1n, { by }), errors.ERR_NOT_GOVERNANCE);
    }
  });

  it("releases 1 or all, not 0 and not one more", () => {
    const shares = sharesOf(FUND);
    expectError(release(SHARE, 0n), errors.ERR_ZERO_AMOUNT);
    for (const amount of [shares + 1n, MAX_UINT]) expectError(release(SHARE, amount), errors.ERR_NOT_ENOUGH);
    expectError(release(STX_TOKEN, 1n), errors.ERR_NOT_ENOUGH);
    expect(release(SHARE, 1n).topics).toContain("insurance-released");
    expect(release(SHARE, shares - 1n).topics).toContain("insurance-released");
  });

  it("redeems 1 or all, not 0 and not one more", () => {
    const door = doorErrors();
    expectError(redeem(0n), door.ERR_ZERO_AMOUNT);
    for (const shares of [sharesOf(FUND) + 10n ** 9n, MAX_UINT]) expectError(redeem(shares), door.ERR_NOT_ENOUGH_SHARES);
    expectError(redeem(1n, { tokens: Cl.list([]) }), door.ERR_WRONG_TOKENS);
    expect(redeem(10n).topics).toContain("insurance-redeemed");
  });

  it("stops with its own code when a token will not move or answer", () => {
    redeem(sharesOf(FUND));
    must(stranger, "token-a", "freeze", Cl.bool(true), Cl.bool(false));
    expectError(release(A, 1n), errors.ERR_TOKEN_FAILED);
    must(stranger, "token-a", "freeze", Cl.bool(false), Cl.bool(true));
    expectError(release(A, 1n), errors.ERR_TOKEN_FAILED);
    expectError(release(STX_TOKEN, 1n, { to: FUND }), errors.ERR_TOKEN_FAILED);
  });
});
