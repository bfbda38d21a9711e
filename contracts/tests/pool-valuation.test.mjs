import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, at, B, boot, C, call, collect, createPool, DAY, DEPLOYER, deposit, errorsOf, held, invest, leg, MAX_UINT, must, ours,
  p, pool, price, PRICE_ONE, read, rest, silence, STX, STX_TOKEN, u, wait, who, withdraw,
} from "./kit.mjs";

const errors = errorsOf("pool-valuation");
const { alice } = who;
const view = (fn, id = 1) => read("pool-valuation", fn, u(id));
const worth = (asset, amount) => read("pool-valuation", "get-asset-value", p(asset), u(amount));
/** The venue gives so many units of A for a µSTX, and has plenty. */
const sellsFor = (units) => {
  must(DEPLOYER, "token-a", "faucet", u(10n ** 21n), ours("fair-adapter"));
  must(DEPLOYER, "fair-adapter", "set-rate", p(STX_TOKEN), p(A), u(units), u(1n));
};
const BY_POOL = ["get-value", "get-share-price", "get-allocation", "get-drift", "preview-fees"];

beforeEach(async () => {
  await boot();
  deposit(alice, 100n * STX);
  invest(100n * STX);
});

describe("the value of a pool", () => {
  it("is rounded down and up, asset by asset", () => {
    price(A, 1_111_111_111_111n);
    price(B, 333n);
    const [ax, bx] = [15n * STX * 1_111_111_111_111n, 2_000n * STX * 333n];
    expect(view("get-value")).toEqual({
      down: 60n * STX + ax / PRICE_ONE + bx / (100n * PRICE_ONE),
      up: 60n * STX + (ax + PRICE_ONE - 1n) / PRICE_ONE + (bx + 100n * PRICE_ONE - 1n) / (100n * PRICE_ONE),
    });
  });

  it("needs the price of what is held, and of nothing else", () => {
    silence(B);
    for (const fn of BY_POOL) expect(view(fn)).toEqual({ err: errors.ERR_NO_PRICE });
    expect(view("survey")).toMatchObject({ worth: null, "total-shares": 100n * STX });
    price(B, PRICE_ONE / 2n);
    leg(B, A, 2_000n * STX);
    silence(B);
    expect(view("get-value").down).toBe(100n * STX);
    expect(view("get-allocation")).toEqual({ err: errors.ERR_NO_PRICE }); // shows the price of every asset
  });

  it("is unknown of a pool that does not exist", () => {
    for (const fn of BY_POOL) expect(view(fn, 2)).toEqual({ err: errors.ERR_NO_POOL });
    expect([view("survey", 2), view("get-pool", 2), view("get-assets", 2)]).toEqual([null, null, []]);
  });

  it("is an error, not an abort, beyond all the STX there will ever be", () => {
    price(A, MAX_UINT);
    for (const fn of BY_POOL) expect(view(fn)).toEqual({ err: errors.ERR_TOO_LARGE });
    price(A, 10n ** 18n);
    expect(view("get-value")).toHaveProperty("down"); // 15 A at a million STX
    must(DEPLOYER, "token-a", "faucet", u(1), p(DEPLOYER));
    price(B, 10n ** 18n + 1n);
    for (const fn of BY_POOL) expect(view(fn)).toEqual({ err: errors.ERR_TOO_LARGE });
    expect(view("survey").worth).toBe(null);
  });

  it("is an error where amount and price could both be, and their product is more than all STX", () => {
    price(A, PRICE_ONE / 10n ** 6n);
    sellsFor(10n ** 6n);
    expect(leg(STX_TOKEN, A, 10n * STX).topics).toEqual(["leg-executed"]);
    price(A, 10n ** 18n);
    for (const fn of BY_POOL.filter((name) => name !== "get-allocation")) expect(view(fn)).toEqual({ err: errors.ERR_TOO_LARGE });
  });
});

describe("the value of an asset", () => {
  it.each([
    [A, 0n, 0n, 0n],
    [A, 1n, 2n, 2n],
    [B, 1n, 0n, 1n],
    [B, 200n, 1n, 1n],
    [B, 10n ** 20n, 5n * 10n ** 17n, 5n * 10n ** 17n],
  ])("%s × %s is %s down and %s up", (asset, amount, down, up) => {
    expect(worth(asset, amount)).toMatchObject({ down, up });
  });

  it("is an error for amounts and prices beyond what could exist, unknown assets and missing prices", () => {
    for (const amount of [10n ** 20n + 1n, MAX_UINT]) expect(worth(A, amount)).toEqual({ err: errors.ERR_TOO_LARGE });
    price(A, 10n ** 18n);
    expect(worth(A, 10n ** 20n).down).toBe(10n ** 26n);
    price(A, 10n ** 18n + 1n);
    expect(worth(A, 1n)).toEqual({ err: errors.ERR_TOO_LARGE });
    silence(A);
    expect(worth(A, 1n)).toEqual({ err: errors.ERR_NO_PRICE });
    expect(worth(C, 1n)).toEqual({ err: errors.ERR_UNKNOWN_ASSET });
    expect(worth(STX_TOKEN, 7n)).toEqual({ price: PRICE_ONE, down: 7n, up: 7n });
  });
});

describe("drift", () => {
  it("counts what the queue could be paid, and nothing for who would get less than asked for", () => {
    collect();
    rest();
    leg(STX_TOKEN, A, 60n * STX);
    withdraw(alice, 20n * STX, 19_999_000n);
    const total = pool()["total-shares"];
    const free = 100n * STX - (20n * STX * 100n * STX) / total;
    expect(view("get-drift")).toMatchObject({ "value-ustx": 100n * STX, "free-ustx": free });
    const gaps = [(6_000n * free) / 10_000n + 100n * STX - free, 90n * STX - (3_000n * free) / 10_000n, 10n * STX - (1_000n * free) / 10_000n];
    expect(view("get-drift")["drift-bps"]).toBe((gaps.reduce((a, b) => a + b) * 10_000n) / (2n * free));
    price(A, (199n * PRICE_ONE) / 100n);
    const { "value-ustx": all, "free-ustx": rests } = view("get-drift");
    expect(rests).toBe(all);
  });

  it("is measured again at the same prices, unless the assets are others by now", () => {
    const gauge = (known) => read("pool-valuation", "gauge-drift", u(1), known);
    const first = gauge(Cl.none());
    expect(first).toMatchObject({ ...view("get-drift"), "idle-ustx": held(STX_TOKEN) });
    expect(first.known.assets).toEqual([STX_TOKEN, A, B]);
    const known = (assets, prices) =>
      Cl.some(Cl.tuple({ assets: Cl.list(assets.map(p)), prices: Cl.list(prices.map((one) => (one === null ? Cl.none() : Cl.some(u(one))))) }));
    price(A, 3n * PRICE_ONE);
    expect(gauge(known(first.known.assets, first.known.prices))).toEqual(first);
    expect(gauge(Cl.none())["value-ustx"]).toBeGreaterThan(first["value-ustx"]);
    for (const [assets, prices] of [[[STX_TOKEN, B, A], first.known.prices], [[STX_TOKEN, A], first.known.prices.slice(2)], [[], []]]) {
      expect(gauge(known(assets, prices))).toEqual(gauge(Cl.none()));
    }
    expect(gauge(known(first.known.assets, [PRICE_ONE, null, PRICE_ONE]))).toEqual({ err: errors.ERR_NO_PRICE });
  });

  it("of an empty pool is none", () => {
    createPool("pool-share-2");
    expect(view("get-drift", 2)).toEqual({ "drift-bps": 0n, "value-ustx": 0n, "free-ustx": 0n });
    expect(view("get-share-price", 2)).toBe(PRICE_ONE);
  });
});

describe("preview-fees", () => {
  it("says in shares what a collection in the same second makes", () => {
    wait(30n * DAY);
    price(A, (21n * PRICE_ONE) / 10n);
    const before = view("preview-fees");
    const { prints } = call(alice, "whale-pool-vault", "collect-fees", u(1), ours("pool-share-1"));
    // The preview ran ten seconds earlier: one unit of the last asset at most.
    expect(prints[0].management - before.management).toBeLessThan(20n);
    expect(prints[0].performance).toBeGreaterThanOrEqual(before.performance);
    expect(prints[0].performance - before.performance).toBeLessThan(20n);
  });
});
