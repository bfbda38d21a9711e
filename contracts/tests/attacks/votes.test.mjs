// Attacks on the votes: stake that is borrowed, doubled, or rushed in.

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import { DAY, DEPLOYER, LAUNCH, STX, boot, call, deposit, errorsOf, expectError, must, now, ours, p, read, stake, targets, u, wait, who } from "../kit.mjs";

const errors = { ...errorsOf("pool-governance"), ...errorsOf("ballot-box") };
const staking = errorsOf("flow-staking");
const { alice, bob, carol, keeper, stranger: attacker } = who;

const limits = Cl.tuple({ "turnover-bps": u(10_000), "slippage-bps": u(200), "loss-bps": u(200) });
const propose = (by = keeper) =>
  call(by, "pool-governance", "propose-mandate", u(1), targets(LAUNCH), limits, u(DAY), Cl.bufferFromHex("00".repeat(32)));
const vote = (by, id, support = true) => call(by, "pool-governance", "vote", u(id), Cl.bool(support));
const lend = (amount, to = attacker) => must(DEPLOYER, "flow-token", "transfer", u(amount), p(DEPLOYER), p(to), Cl.none());
const proposal = (id) => read("pool-governance", "get-proposal", u(id));
const conclude = (id) => call(attacker, "pool-governance", "conclude", u(id));

beforeEach(async () => {
  await boot();
  deposit(alice, 100n * STX);
  stake(alice, 1_000n);
  stake(bob, 600n);
  must(DEPLOYER, "pool-access", "grant-role", p(who.guardian), Cl.stringAscii("guardian"));
  must(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));
});

describe("borrowed stake", () => {
  it("counts nothing when it comes after the proposal", () => {
    propose();
    wait(10n);
    lend(1_000_000n);
    must(attacker, "flow-staking", "stake", u(1_000_000n));
    expectError(vote(attacker, 1), errors.ERR_NO_STAKE);
    vote(alice, 1, false);
    wait(2n * DAY);
    conclude(1);
    expect(proposal(1).state).toBe("rejected");
  });

  it("cannot be given back before the vote's end when it comes before the proposal", () => {
    lend(1_000_000n);
    must(attacker, "flow-staking", "stake", u(1_000_000n));
    wait(10n);
    propose(attacker);
    vote(attacker, 1);
    expectError(call(attacker, "flow-staking", "unstake", u(1n)), staking.ERR_LOCKED);
    expect(read("flow-staking", "get-lock", p(attacker)) - now()).toBeGreaterThan(DAY - 100n);
  });

  it("does not vote twice by changing hands", () => {
    lend(1_000n);
    must(attacker, "flow-staking", "stake", u(1_000n));
    wait(10n);
    propose();
    must(attacker, "flow-staking", "unstake", u(1_000n));
    must(attacker, "flow-token", "transfer", u(1_000n), p(attacker), p(carol), Cl.none());
    must(carol, "flow-staking", "stake", u(1_000n));
    expectError(vote(attacker, 1), errors.ERR_NO_STAKE);
    expectError(vote(carol, 1), errors.ERR_NO_STAKE);
  });

  it("does not vote twice at all", () => {
    propose();
    vote(alice, 1);
    expectError(vote(alice, 1), errors.ERR_VOTED);
    expectError(vote(alice, 1, false), errors.ERR_VOTED);
  });
});

describe("a rush in the last minutes", () => {
  it("gives the others three more hours when the quorum comes late", () => {
    propose();
    const end = proposal(1)["ends-at"];
    wait(((end - now() - 3_600n) / 10n) * 10n);
    vote(alice, 1);
    expect(proposal(1)["ends-at"]).toBeGreaterThanOrEqual(end + 3_600n);
    wait(2n * 3_600n);
    expect(vote(bob, 1, false).result.type).toBe("ok");
  });
});

describe("a vote that is over", () => {
  it("is carried out only after the wait, once, and not for ever", () => {
    propose();
    vote(alice, 1);
    vote(bob, 1);
    const due = proposal(1)["due-at"];
    wait(((due - now()) / 10n) * 10n - 10n);
    expect(conclude(1).result.type).toBe("err");
    wait(100n);
    expect(conclude(1).result.type).toBe("ok");
    expectError(conclude(1), errors.ERR_CONCLUDED);

    propose();
    vote(alice, 2);
    vote(bob, 2);
    wait(30n * DAY);
    conclude(2);
    expect(read("pool-governance", "get-mandate", u(2))).toBe(null);
  });

  it("may be vetoed by a guardian, unless two thirds of all the stake are for it", () => {
    const veto = (by, id) => call(by, "pool-governance", "veto", u(id));
    propose();
    vote(alice, 1); // 1,000 of 1,600: a majority, not two thirds
    expectError(veto(attacker, 1), errors.ERR_NOT_GUARDIAN);
    expect(veto(who.guardian, 1).result.type).toBe("ok");
    wait(2n * DAY);
    conclude(1);
    expect(read("pool-governance", "get-mandate", u(1))).toBe(null);

    propose();
    vote(alice, 2);
    vote(bob, 2);
    expectError(veto(who.guardian, 2), errors.ERR_BROAD_MAJORITY);
    wait(2n * DAY);
    conclude(2);
    expect(read("pool-governance", "get-mandate", u(2))).not.toBe(null);
  });
});
