// Attacks by venues and tokens: they lie, they steal, they call back in the middle of a swap.

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, B, C, DAY, DEPLOYER, PRICE_ONE, STX, STX_TOKEN, VAULT, at, boot, booked, call, createPool, deployForeignShare, deposit, errorsOf,
  expectError, held, leg, must, ours, p, pool, poolTokens, price, redeem, sharesOf, sourceOf, stxOf, tokensOf, u,
  value, wait, who,
} from "../kit.mjs";

const errors = Object.assign({}, ...["whale-pool-vault", "pool-desk", "pool-office"].map(errorsOf));
const { alice, stranger } = who;

const balancesAreBooks = () => {
  for (const asset of [STX_TOKEN, A, B]) expect(tokensOf(asset, VAULT), asset).toBeGreaterThanOrEqual(booked(asset));
};

beforeEach(async () => {
  await boot();
  deposit(alice, 1_000n * STX);
  leg(STX_TOKEN, A, 300n * STX);
  wait(DAY);
});

describe("a venue that lies: it says it paid", () => {
  it("is believed by the balance alone", () => {
    expectError(leg(STX_TOKEN, A, 10n * STX, { dex: "silent-adapter" }), errors.ERR_SLIPPAGE);
    expect(leg(STX_TOKEN, A, 10n * STX, { dex: "lying-adapter" }).result.type).toBe("err");
    balancesAreBooks();
  });
});

describe("a venue that steals: it takes more than it was offered", () => {
  it("is stopped by the allowance, in the asset it was offered and in the one it should pay", () => {
    expectError(leg(STX_TOKEN, A, 10n * STX, { dex: "stealing-adapter" }), errors.ERR_VENUE_OVERREACHED);
    expectError(leg(STX_TOKEN, A, 10n * STX, { dex: "double-dipping-adapter" }), errors.ERR_VENUE_OVERREACHED);
    balancesAreBooks();
  });
});

describe("a venue that fills half of the order", () => {
  it("costs only what it took", () => {
    const before = [held(STX_TOKEN), held(A)];
    expect(leg(STX_TOKEN, A, 10n * STX, { dex: "half-taking-adapter" }).result.type).toBe("ok");
    expect(before[0] - held(STX_TOKEN)).toBe(5n * STX);
    expect(held(A) - before[1]).toBe(5n * STX);
    balancesAreBooks();
  });
});

describe("a venue that calls back in the middle of a swap", () => {
  const venue = at("reentering-adapter");
  const plan = (act, amount = 0n) => must(stranger, "reentering-adapter", "set-plan", Cl.stringAscii(act), u(amount));
  const wealth = () => stxOf(venue) + 2n * tokensOf(A, venue) + (sharesOf(venue) * value()) / pool()["total-shares"];

  beforeEach(() => {
    simnet.deployContract("reentering-adapter", sourceOf("mock:reentering-adapter"), { clarityVersion: 4 }, DEPLOYER);
    for (const [from, to, out, into] of [[STX_TOKEN, A, 1, 2], [A, STX_TOKEN, 2, 1]]) {
      must(DEPLOYER, "reentering-adapter", "set-rate", p(from), p(to), u(out), u(into));
    }
    must(DEPLOYER, "stx-token", "transfer", u(5_000n * STX), p(DEPLOYER), p(venue), Cl.none());
    must(DEPLOYER, "token-a", "faucet", u(10n ** 10n), p(venue));
    must(DEPLOYER, "whale-pool-vault", "admit-adapter", p(venue));
    plan("deposit", 200n * STX);
    must(stranger, "reentering-adapter", "act-now"); // it owns shares, as anybody may
    wait(DAY);
  });

  it.each([
    ["deposit", 100n * STX], ["withdraw", 50n * STX], ["redeem", 50n * STX], ["collect", 0n],
  ])("gains nothing by a %s, and the books stay true", (act, amount) => {
    for (const [from, to] of [[A, STX_TOKEN], [STX_TOKEN, A]]) {
      plan(act, amount);
      const before = wealth();
      const owned = value();
      leg(from, to, 20n * STX, { dex: "reentering-adapter" });
      balancesAreBooks();
      expect(wealth()).toBeLessThanOrEqual(before);
      expect(owned).toBeLessThanOrEqual(value() + 100n * STX);
      wait(DAY);
    }
  });

  it("is not paid for the same STX twice: as a deposit and as the proceeds of the swap", () => {
    plan("deposit", 40n * STX);
    must(DEPLOYER, "reentering-adapter", "set-rate", p(A), p(STX_TOKEN), u(0), u(1)); // it pays nothing for the A itself
    const before = [value(), wealth()];
    leg(A, STX_TOKEN, 20n * STX, { dex: "reentering-adapter" });
    balancesAreBooks();
    expect(wealth()).toBeLessThanOrEqual(before[1]);
    expect(value()).toBeGreaterThanOrEqual(before[0]);
  });

  it("hides nothing that it took from the treasury behind shares that it redeems for it meanwhile", () => {
    const treasury = at("fee-treasury");
    const flow = at("flow-token");
    price(flow, PRICE_ONE / 10n);
    must(alice, "pool-share-1", "transfer", u(100n * STX), p(alice), p(treasury), Cl.none());
    must(alice, "stx-token", "transfer", u(50n * STX), p(alice), p(treasury), Cl.none());
    must(DEPLOYER, "flow-token", "transfer", u(STX), p(DEPLOYER), p(venue), Cl.none());
    must(DEPLOYER, "reentering-adapter", "set-rate", p(STX_TOKEN), p(flow), u(1), u(50n * STX)); // one unit for all
    plan("redeem-fees", 100n * STX); // brings more STX than the venue takes
    const before = [stxOf(venue), stxOf(treasury), sharesOf(treasury)];
    // The shares it would burn are nothing the treasury allowed to be taken in this swap.
    const args = [p(STX_TOKEN), u(50n * STX), u(0), p(venue)];
    expectError(call(who.keeper, "fee-treasury", "convert", ...args), errorsOf("fee-treasury").ERR_VENUE_FAILED);
    expect([stxOf(venue), stxOf(treasury), sharesOf(treasury)]).toEqual(before);
  });

  it("may not swap for itself", () => {
    const args = [u(1), p(STX_TOKEN), p(A), u(STX), u(0), u(200), p(venue)];
    expectError(call(stranger, "whale-pool-vault", "execute-leg", ...args), errors.ERR_NOT_REBALANCER);
  });
});

describe("a wrong contract as an argument", () => {
  it("is refused as a share: another pool's, a stranger's template, a token of the same name", () => {
    createPool("pool-share-2");
    const foreign = deployForeignShare(stranger);
    for (const share of [at("pool-share-2"), foreign, at("pool-share")]) {
      for (const [fn, args] of [
        ["deposit", [u(STX), u(0)]], ["withdraw", [u(STX), u(0)]], ["cancel-withdrawal", []], ["collect-fees", []],
        ["redeem-in-kind", [u(STX), poolTokens()]],
      ]) {
        expectError(call(alice, "whale-pool-vault", fn, u(1), p(share), ...args), errors.ERR_WRONG_SHARE);
      }
    }
    for (const share of ["pool-share-1", "pool-share-2"]) expectError(createPool(share), errors.ERR_SHARE_TAKEN);
    const args = [Cl.stringAscii("Fake"), Cl.stringAscii("FAKE"), p(foreign), Cl.list([Cl.tuple({ asset: p(STX_TOKEN), bps: u(10_000) })]), u(1)];
    expectError(call(who.creator, "whale-pool-vault", "create-pool", ...args), errors.ERR_NOT_TEMPLATE);
  });

  it("is refused as a token: one with the same code and name elsewhere, one too few, another order", () => {
    for (const [name, source] of [["sip-010-trait", "sip-010-trait"], ["token-a", "mock:freezable-token"]]) {
      simnet.deployContract(name, sourceOf(source), { clarityVersion: 4 }, stranger);
    }
    const fake = `${stranger}.token-a`;
    const tokens = (...ids) => Cl.list(ids.map((id) => p(id)));
    for (const list of [tokens(STX_TOKEN, fake, B), tokens(STX_TOKEN, A), tokens(A, STX_TOKEN, B), tokens(STX_TOKEN, A, B, C), tokens()]) {
      expectError(redeem(alice, STX, list), errors.ERR_WRONG_TOKENS);
    }
    expectError(leg(STX_TOKEN, fake, STX), errors.ERR_NOT_POOL_ASSET);
    expectError(leg(fake, STX_TOKEN, STX), errors.ERR_NOT_POOL_ASSET);
  });

  it("is refused as a venue: one with the same code elsewhere, and ours once it is removed", () => {
    for (const name of ["sip-010-trait", "dex-adapter-trait"]) simnet.deployContract(name, sourceOf(name), { clarityVersion: 4 }, stranger);
    simnet.deployContract("fair-adapter", sourceOf("mock:fair-adapter"), { clarityVersion: 4 }, stranger);
    const args = [u(1), p(STX_TOKEN), p(A), u(STX), u(0), u(200), p(`${stranger}.fair-adapter`)];
    expectError(call(who.mover, "whale-pool-vault", "execute-leg", ...args), errors.ERR_NOT_ADMITTED);
    must(DEPLOYER, "whale-pool-vault", "remove-adapter", ours("fair-adapter"));
    expectError(leg(STX_TOKEN, A, STX), errors.ERR_NOT_ADMITTED);
  });
});

