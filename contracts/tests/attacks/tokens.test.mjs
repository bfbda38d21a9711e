// Attacks by a token that was registered in good faith: it steals, lies, or calls back when it is moved.

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  DAY, DEPLOYER, PRICE_ONE, STX, STX_TOKEN, VAULT, at, boot, booked, createPool, deposit, errorsOf, expectError, held, leg, must, ours, p, pool,
  price, redeem, redeemWithout, setTargets, sharesOf, sourceOf, stxOf, tokensOf, u, value, wait, who,
} from "../kit.mjs";

const errors = Object.assign({}, ...["whale-pool-vault", "pool-desk"].map(errorsOf));
const { alice, bob, stranger } = who;
const TOKEN = at("scheming-token");
const scheme = (name) => must(stranger, "scheming-token", "set-scheme", Cl.stringAscii(name));
const tokens = Cl.list([STX_TOKEN, TOKEN].map((id) => p(id)));
const wealth = () => stxOf(TOKEN) + tokensOf(TOKEN, TOKEN) + (sharesOf(TOKEN) * value()) / pool()["total-shares"];
const stxIsThere = () => expect(stxOf(VAULT)).toBeGreaterThanOrEqual(booked(STX_TOKEN));

/** Two pools; a third of the first one is in the token, which is worth one STX and owns some shares itself. */
beforeEach(async () => {
  await boot();
  simnet.deployContract("scheming-token", sourceOf("mock:scheming-token"), { clarityVersion: 4 }, DEPLOYER);
  price(TOKEN, PRICE_ONE);
  must(DEPLOYER, "whale-pool-vault", "register-asset", p(TOKEN), u(6));
  must(DEPLOYER, "scheming-token", "faucet", u(10_000n * STX), ours("fair-adapter"));
  for (const [from, to] of [[STX_TOKEN, TOKEN], [TOKEN, STX_TOKEN]]) {
    must(DEPLOYER, "fair-adapter", "set-rate", p(from), p(to), u(1), u(1));
  }
  expect(setTargets({ [STX_TOKEN]: 6_000, [TOKEN]: 4_000 }).result.type).toBe("ok");
  createPool("pool-share-2");
  must(bob, "whale-pool-vault", "deposit", u(2), ours("pool-share-2"), u(500n * STX), u(0));
  deposit(alice, 900n * STX);
  must(DEPLOYER, "stx-token", "transfer", u(1_000n * STX), p(DEPLOYER), p(TOKEN), Cl.none());
  must(stranger, "scheming-token", "come");
  expect(leg(STX_TOKEN, TOKEN, 300n * STX).result.type).toBe("ok");
  wait(DAY);
});

describe("a token that steals: while it is moved it moves something else", () => {
  it.each(["steal", "burn-shares"])("by '%s' gets nothing: moving it allows it to take itself alone", (name) => {
    scheme(name);
    const before = wealth();
    expectError(redeem(alice, 100n * STX, tokens), errors.ERR_TOKEN_FAILED);
    expect(leg(TOKEN, STX_TOKEN, 10n * STX).result.type).toBe("err");
    expect(wealth()).toBeLessThanOrEqual(before);
    stxIsThere();
  });

  it("keeps nobody in: leavers give it up and take the rest", () => {
    scheme("steal");
    expect(redeemWithout(alice, sharesOf(alice), [TOKEN], tokens).topics).toContain("shares-redeemed");
    stxIsThere();
  });
});

describe("a token that lies about balances", () => {
  it("harms the pools that hold it by itself at most: what else they own is there", () => {
    scheme("lie");
    leg(STX_TOKEN, TOKEN, 50n * STX);
    stxIsThere();
    const other = held(STX_TOKEN, 2);
    expect(redeemWithout(alice, sharesOf(alice), [TOKEN], tokens).topics).toContain("shares-redeemed");
    expect(held(STX_TOKEN, 2)).toBe(other);
    stxIsThere();
  });
});

describe("a token that calls back while it is moved", () => {
  it.each(["deposit", "withdraw"])("gains nothing by a %s in the middle of somebody's redemption", (name) => {
    scheme(name);
    const before = wealth();
    redeem(alice, 100n * STX, tokens);
    expect(wealth()).toBeLessThanOrEqual(before);
    stxIsThere();
  });

  it.each(["deposit", "withdraw"])("gains nothing by a %s in the middle of a swap", (name) => {
    scheme(name);
    const before = wealth();
    for (const [from, to] of [[STX_TOKEN, TOKEN], [TOKEN, STX_TOKEN]]) {
      leg(from, to, 10n * STX);
      stxIsThere();
    }
    expect(wealth()).toBeLessThanOrEqual(before);
  });
});
