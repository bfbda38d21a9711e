// Attacks on the price of a share: each is replayed step by step, and must not pay.

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, B, DAY, DEPLOYER, PRICE_ONE, STX, STX_TOKEN, VAULT, YEAR, boot, booked, cancel, collect, deposit, errorsOf, expectError, held, leg, must,
  ours, p, pool, price, queue, redeem, sharePrice, sharesOf, stxOf, tokensOf, u, value, wait, who, withdraw,
} from "../kit.mjs";

const errors = Object.assign({}, ...["whale-pool-vault", "pool-desk", "pool-office"].map(errorsOf));
const { alice, bob, stranger: attacker } = who;

/** STX and tokens of a person, at the given prices of A and B. */
const wealth = (person, a = 2n * PRICE_ONE, b = PRICE_ONE / 2n) =>
  stxOf(person) + (tokensOf(A, person) * a) / PRICE_ONE + (tokensOf(B, person) * b) / (100n * PRICE_ONE);
const give = (asset, amount, by = attacker) => must(by, asset, "transfer", u(amount), p(by), p(VAULT), Cl.none());

beforeEach(() => boot());

describe("share inflation: the first depositor makes a share dear, so that the second one's deposit rounds to none", () => {
  it("cannot begin with a dust deposit", () => {
    expectError(deposit(attacker, 1n), errors.ERR_AMOUNT_TOO_SMALL);
    expectError(deposit(attacker, 9_999_999n), errors.ERR_AMOUNT_TOO_SMALL);
  });

  it("gains nothing by giving a fortune to the vault, and the victim loses nothing", () => {
    const before = wealth(attacker);
    deposit(attacker, 10n * STX);
    give(STX_TOKEN, 20_000n * STX);
    expect(sharePrice()).toBe(PRICE_ONE);

    deposit(alice, 1_000n * STX);
    expect(sharesOf(alice)).toBeGreaterThanOrEqual(996n * STX);

    wait(DAY);
    redeem(attacker, sharesOf(attacker));
    expect(wealth(attacker)).toBeLessThan(before - 20_000n * STX);
    redeem(alice, sharesOf(alice));
  });

  it("cannot empty the pool below its dead share", () => {
    deposit(attacker, 10n * STX);
    redeem(attacker, sharesOf(attacker));
    expect(pool()["total-shares"]).toBe(STX);
    expect(held(STX_TOKEN)).toBeGreaterThanOrEqual(STX);
    wait(DAY);
    deposit(alice, 100n * STX);
    expect(sharesOf(alice)).toBeGreaterThan(99n * STX);
  });
});

describe("donation: assets sent to the vault move a price that somebody trades on", () => {
  it("changes no value, price, drift or fee", () => {
    deposit(alice, 1_000n * STX);
    leg(STX_TOKEN, A, 300n * STX);
    const before = [value(), sharePrice(), pool()["high-water-mark"], pool()["total-shares"]];
    must(attacker, A, "faucet", u(10n ** 12n), p(attacker));
    give(A, 10n ** 12n);
    give(STX_TOKEN, 5_000n * STX);
    expect([value(), sharePrice(), pool()["high-water-mark"], pool()["total-shares"]]).toEqual(before);
    collect();
    expect(pool()["high-water-mark"]).toBe(before[2]);
  });

  it("cannot be taken back by leaving", () => {
    deposit(attacker, 1_000n * STX);
    const before = wealth(attacker);
    give(STX_TOKEN, 500n * STX);
    wait(DAY);
    redeem(attacker, sharesOf(attacker));
    expect(wealth(attacker) - before).toBeLessThanOrEqual(500n * STX);
    expect(tokensOf(STX_TOKEN, VAULT) - booked(STX_TOKEN)).toBe(500n * STX);
  });
});

describe("dust griefing: many tiny things that cost others more than the attacker", () => {
  it("leaves no room in the queue for requests below a whole share", () => {
    deposit(alice, 1_000n * STX);
    leg(STX_TOKEN, A, held(STX_TOKEN));
    wait(DAY);
    expectError(withdraw(alice, STX - 1n), errors.ERR_AMOUNT_TOO_SMALL);
    expect(queue()).toEqual([]);
  });

  it("stops neither payments nor swaps with one-unit donations between every step", () => {
    must(attacker, A, "faucet", u(10n), p(attacker));
    deposit(alice, 1_000n * STX);
    give(STX_TOKEN, 1n);
    expect(leg(STX_TOKEN, A, 400n * STX).result.type).toBe("ok");
    give(A, 1n);
    expect(leg(A, STX_TOKEN, 100n * STX).result.type).toBe("ok");
    give(A, 1n);
    wait(DAY);
    expect(withdraw(alice, 100n * STX).topics).toContain("withdrawal-paid");
    expect(tokensOf(A, VAULT) - booked(A)).toBe(2n);
  });

  it("pays nobody more for a withdrawal in a hundred pieces than for one", () => {
    deposit(alice, 1_000n * STX);
    deposit(bob, 1_000n * STX);
    wait(DAY);
    price(A, 2n * PRICE_ONE + 777n);
    const [before, pieces] = [stxOf(alice), sharesOf(alice) / 1_000n];
    for (let n = 0; n < 20; n += 1) {
      withdraw(alice, pieces);
      wait(100n);
    }
    const many = stxOf(alice) - before;
    const alone = stxOf(bob);
    withdraw(bob, 20n * pieces);
    expect(many).toBeLessThanOrEqual(stxOf(bob) - alone);
  });

  it("lets a full queue of strangers hold up nobody who leaves in kind", async () => {
    deposit(alice, 1_000n * STX);
    leg(STX_TOKEN, A, held(STX_TOKEN));
    const people = Array.from({ length: 50 }, (_, n) => address(n + 1));
    for (const person of people) {
      must(alice, "pool-share-1", "transfer", u(STX), p(alice), p(person), Cl.none());
      withdraw(person, STX);
    }
    expect(queue()).toHaveLength(50);
    wait(DAY);
    expectError(withdraw(alice, 100n * STX), errors.ERR_QUEUE_FULL);
    expect(redeem(alice, 100n * STX).topics).toContain("shares-redeemed");
    for (const person of people.slice(0, 5)) expect(cancel(person).topics).toEqual(["withdrawal-cancelled"]);
  }, 120_000);
});

describe("fee skimming: fees collected so often, or so rarely, that they add up to more", () => {
  it("charges a year in a hundred collections no more than a year in one", async () => {
    const charged = async (times) => {
      await boot();
      deposit(alice, 10_000n * STX);
      for (let n = 0; n < times; n += 1) {
        wait((YEAR / BigInt(times) / 10n) * 10n);
        collect(attacker);
      }
      const { "total-shares": total } = pool();
      return ((total - 10_000n * STX) * 10n ** 9n) / total;
    };
    const [often, once] = [await charged(100), await charged(1)];
    expect(often).toBeLessThanOrEqual(once);
    expect(once).toBeLessThanOrEqual(5_000_010n); // half a percent, and a few seconds more than a year
    expect(often).toBeGreaterThan(4_900_000n); // and the clock is not stopped by it either
  });

  it("charges a price that goes up and down again once, not every time", () => {
    deposit(alice, 10_000n * STX);
    leg(STX_TOKEN, A, 5_000n * STX);
    const supplies = [];
    for (let n = 0; n < 5; n += 1) {
      price(A, (22n * PRICE_ONE) / 10n);
      collect(attacker);
      supplies.push(pool()["total-shares"]);
      price(A, 2n * PRICE_ONE);
      collect(attacker);
    }
    expect(supplies[0]).toBeGreaterThan(10_000n * STX);
    // Seconds pass, so a few shares of management may be added; nothing like another share of the gain.
    expect(supplies[4] - supplies[0]).toBeLessThan((supplies[0] - 10_000n * STX) / 1_000n);
  });

  it("charges a raised rate neither for the time nor for the gain before it", () => {
    const announce = (management, performance) => {
      must(DEPLOYER, "whale-pool-vault", "announce-fees", u(1), u(management), u(performance));
      wait(3n * DAY);
      must(attacker, "whale-pool-vault", "apply-fees", u(1), ours("pool-share-1"));
    };
    announce(0, 0);
    deposit(alice, 10_000n * STX);
    leg(STX_TOKEN, A, 5_000n * STX);
    price(A, (21n * PRICE_ONE) / 10n);
    wait(100n * DAY);
    announce(50, 1_000);
    const before = pool()["total-shares"];
    collect(attacker);
    expect(before).toBe(10_000n * STX);
    expect(pool()["total-shares"] - before).toBeLessThan(STX / 100n); // ten seconds' worth
  });

  it("takes at most one percent of a pool in any 365 days, whatever the price does", () => {
    deposit(alice, 1_000n * STX);
    leg(STX_TOKEN, A, 900n * STX);
    for (let month = 1; month <= 12; month += 1) {
      price(A, BigInt(2 + month) * PRICE_ONE);
      collect(attacker);
      wait(30n * DAY);
    }
    const { "total-shares": total } = pool();
    expect((total - 1_000n * STX) * 10_000n).toBeLessThanOrEqual(total * 102n); // parts add up, each of what was there then
  });
});

/** The n-th of people who exist only here. */
function address(n) {
  return Cl.deserialize(`051a${n.toString(16).padStart(2, "0").repeat(20)}`).value;
}
