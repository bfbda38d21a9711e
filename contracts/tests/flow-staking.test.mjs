import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  DEPLOYER, MAX_UINT, at, boot, call, errorsOf, expectError, must, now, p, read, tokensOf, u, wait, warpTo, who,
} from "./kit.mjs";

const errors = errorsOf("flow-staking");
const FLOW = at("flow-token");
const stake = (person, amount) => call(person, "flow-staking", "stake", u(amount));
const unstake = (person, amount) => call(person, "flow-staking", "unstake", u(amount));
const lock = (by, person, until) => call(by, "flow-staking", "lock", p(person), u(until));
const staked = (person) => read("flow-staking", "get-stake", p(person));
const stakedAt = (person, second) => read("flow-staking", "get-stake-at", p(person), u(second));
const total = () => read("flow-staking", "get-total-staked");

beforeEach(async () => {
  await boot();
  for (const person of [who.alice, who.bob]) {
    must(DEPLOYER, "flow-token", "transfer", u(1_000), p(DEPLOYER), p(person), Cl.none());
  }
});

describe("stake and unstake", () => {
  it("hold the FLOW and give it back, event by event", () => {
    const { result, prints } = stake(who.alice, 600n);
    expect(result).toBeOk(u(600));
    expect(prints).toEqual([{ topic: "flow-staked", who: who.alice, amount: 600n, stake: 600n, total: 600n }]);
    stake(who.bob, 1_000n);
    expect([staked(who.alice), staked(who.bob), total()]).toEqual([600n, 1_000n, 1_600n]);
    expect(tokensOf(FLOW, at("flow-staking"))).toBe(1_600n);

    const back = unstake(who.alice, 200n);
    expect(back.result).toBeOk(u(400));
    expect(back.prints).toEqual([{ topic: "flow-unstaked", who: who.alice, amount: 200n, stake: 400n, total: 1_400n }]);
    expect([staked(who.alice), total(), tokensOf(FLOW, who.alice)]).toEqual([400n, 1_400n, 600n]);
    expect(tokensOf(FLOW, at("flow-staking"))).toBe(1_400n);
  });

  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [1_001n, "ERR_NOT_ENOUGH_FLOW"],
    [MAX_UINT, "ERR_NOT_ENOUGH_FLOW"],
  ])("staking %s of 1000 is refused", (amount, name) => {
    expectError(stake(who.alice, amount), errors[name]);
  });

  it.each([
    [0n, "ERR_ZERO_AMOUNT"],
    [601n, "ERR_NOT_ENOUGH_STAKE"],
    [MAX_UINT, "ERR_NOT_ENOUGH_STAKE"],
  ])("unstaking %s of 600 is refused", (amount, name) => {
    stake(who.alice, 600n);
    expectError(unstake(who.alice, amount), errors[name]);
  });

  it("take one, and give one", () => {
    expect(stake(who.alice, 1n).result).toBeOk(u(1));
    expect(unstake(who.alice, 1n).result).toBeOk(u(0));
  });

  it("take all and give all", () => {
    expect(stake(who.alice, 1_000n).result).toBeOk(u(1_000));
    expect(unstake(who.alice, 1_000n).result).toBeOk(u(0));
    expect([total(), tokensOf(FLOW, who.alice)]).toEqual([0n, 1_000n]);
  });

  it("are for direct callers, not for a contract in between", () => {
    expectError(call(who.alice, "deposit-proxy", "stake-for-caller", u(1)), errors.ERR_NOT_DIRECT);
  });
});

describe("lock", () => {
  it("is for the governing contract alone", () => {
    for (const person of [who.stranger, who.alice, who.keeper, who.guardian]) {
      expectError(lock(person, who.alice, 1n), errors.ERR_NOT_GOVERNANCE);
    }
    must(DEPLOYER, "pool-access", "open-script", p(who.bob));
    expectError(lock(who.bob, who.alice, 1n), errors.ERR_NOT_GOVERNANCE);
  });

  it("holds a stake until its second, to the second", () => {
    stake(who.alice, 100n);
    const until = now() + 1_000n;
    expect(lock(DEPLOYER, who.alice, until).prints).toEqual([{ topic: "stake-locked", who: who.alice, before: 0n, after: until }]);
    expect(read("flow-staking", "get-lock", p(who.alice))).toBe(until);
    warpTo(until - 10n);
    expectError(unstake(who.alice, 1n), errors.ERR_LOCKED);
    expect(now()).toBe(until);
    expect(unstake(who.alice, 100n).result).toBeOk(u(0));
  });

  it("is never shortened, and does not stop staking more", () => {
    stake(who.alice, 100n);
    const until = now() + 1_000n;
    lock(DEPLOYER, who.alice, until);
    lock(DEPLOYER, who.alice, 1n);
    expect(read("flow-staking", "get-lock", p(who.alice))).toBe(until);
    expect(stake(who.alice, 1n).result).toBeOk(u(101));
    expectError(unstake(who.alice, 101n), errors.ERR_LOCKED);
  });
});

describe("get-total-staked-at", () => {
  const totalAt = (second) => read("flow-staking", "get-total-staked-at", u(second));

  it("is the sum of all stakes, in every past second", () => {
    const history = [];
    for (const [act, person, amount] of [[stake, who.alice, 100n], [stake, who.bob, 50n], [unstake, who.alice, 100n], [unstake, who.bob, 1n]]) {
      history.push(now());
      act(person, amount);
      wait(600n);
    }
    expect(totalAt(history[0] - 1n)).toBe(0n);
    for (const second of history.flatMap((one) => [one, one + 599n])) {
      expect(totalAt(second)).toBe(stakedAt(who.alice, second) + stakedAt(who.bob, second));
    }
    expect([totalAt(history[3]), totalAt(MAX_UINT), total()]).toEqual([49n, 49n, 49n]);
  });

  it("counts the last change of one second, whoever made it", () => {
    const second = now();
    const act = (method, amount, sender) => ({ callPublicFn: { contract: at("flow-staking"), method, args: [u(amount)], sender } });
    simnet.mineBlock([act("stake", 900, who.alice), act("stake", 100, who.bob), act("unstake", 300, who.alice)]);
    expect([totalAt(second), totalAt(second - 1n)]).toEqual([700n, 0n]);
  });
});

describe("get-stake-at", () => {
  it("finds every past stake, at and between its changes", () => {
    const history = [];
    for (const [act, amount] of [[stake, 100n], [stake, 50n], [unstake, 30n], [stake, 7n], [unstake, 127n], [stake, 1n], [stake, 2n]]) {
      const second = now();
      act(who.alice, amount);
      history.push([second, staked(who.alice)]);
      wait(600n);
    }
    expect(history.map(([, amount]) => amount)).toEqual([100n, 150n, 120n, 127n, 0n, 1n, 3n]);

    history.forEach(([second, amount], index) => {
      expect(stakedAt(who.alice, second)).toBe(amount);
      expect(stakedAt(who.alice, second - 1n)).toBe(index === 0 ? 0n : history[index - 1][1]);
      expect(stakedAt(who.alice, second + 599n)).toBe(amount);
    });
    expect([stakedAt(who.alice, 0n), stakedAt(who.alice, MAX_UINT), stakedAt(who.carol, MAX_UINT)]).toEqual([0n, 3n, 0n]);
  });

  it("counts only the last change of one second", () => {
    const second = now();
    simnet.mineBlock([
      { callPublicFn: { contract: at("flow-staking"), method: "stake", args: [u(900)], sender: who.alice } },
      { callPublicFn: { contract: at("flow-staking"), method: "unstake", args: [u(800)], sender: who.alice } },
    ]);

    expect([stakedAt(who.alice, second), stakedAt(who.alice, second - 1n), staked(who.alice)]).toEqual([100n, 0n, 100n]);
  });
});
