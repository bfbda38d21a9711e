import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  DAY, DEPLOYER, MAX_UINT, at, call, errorsOf, expectError, must, now, ours, p, plain, read, stake, u, wait, warpTo, who,
} from "./kit.mjs";
import {
  HOUR, ballot, conclude, giveFlow, lockOf, mandate, openHouse, propose, proposeScript, proposeWhales, toDue, unstake, veto, vote,
} from "./voting.mjs";

const errors = errorsOf("ballot-box");
const staking = errorsOf("flow-staking");
const { alice, bob, carol, keeper, stranger, guardian } = who;

beforeEach(() => openHouse());

describe("open-ballot, cast-vote, veto, close-ballot and note-run", () => {
  it("are for the voting contract alone, not even for who governed before it", () => {
    propose();
    for (const by of [stranger, keeper, alice, guardian, DEPLOYER]) {
      for (const [fn, ...args] of [
        ["open-ballot", Cl.stringAscii("mandate"), p(by)],
        ["cast-vote", u(1), p(alice), Cl.bool(true)],
        ["veto", u(1), p(by)],
        ["close-ballot", u(1), Cl.stringAscii("passed")],
        ["note-run", u(1)],
      ]) {
        expectError(call(by, "ballot-box", fn, ...args), errors.ERR_NOT_GOVERNANCE);
      }
    }
    expect(ballot()).toMatchObject({ state: "voting", "votes-for": 0n, vetoed: false });
  });

  it("need a proposal", () => {
    for (const id of [0n, 1n, MAX_UINT]) {
      expectError(vote(alice, id), errors.ERR_NO_PROPOSAL);
      expectError(veto(id), errors.ERR_NO_PROPOSAL);
      expectError(conclude(id), errors.ERR_NO_PROPOSAL);
      expectError(call(stranger, "ballot-box", "close-ballot", u(id), Cl.stringAscii("passed")), errors.ERR_NO_PROPOSAL);
      expect(ballot(id)).toBe(null);
    }
  });

  it("number all kinds of proposals in one row and tell of each", () => {
    expect(propose().prints[0]).toMatchObject({ topic: "ballot-opened", "proposal-id": 1n, kind: "mandate", "stake-total": 100n });
    expect(proposeWhales([[alice, 10_000]]).prints[0]).toMatchObject({ "proposal-id": 2n, kind: "whales", proposer: keeper });
    expect(proposeScript("granting-script", carol).prints[0]).toMatchObject({ "proposal-id": 3n, kind: "script", proposer: carol });
    expect(read("ballot-box", "get-proposal-count")).toBe(3n);
  });
});

describe("a vote", () => {
  beforeEach(() => propose());

  it("counts the stake once, on its side", () => {
    expect(vote(alice, 1).prints[0]).toEqual({ topic: "vote-cast", "proposal-id": 1n, voter: alice, support: true, weight: 60n });
    vote(bob, 1, false);
    expect([ballot()["votes-for"], ballot()["votes-against"]]).toEqual([60n, 39n]);
    expect(read("ballot-box", "get-vote", u(1), p(bob))).toEqual({ support: false, weight: 39n });
    for (const support of [true, false]) expectError(vote(alice, 1, support), errors.ERR_VOTED);
  });

  it("ends at its very second", () => {
    const end = ballot()["ends-at"];
    expect(end).toBe(ballot()["created-at"] + DAY);
    warpTo(end - 10n);
    expect(vote(carol, 1).result).toBeOk(u(1));
    expect(now()).toBe(end);
    expectError(vote(alice, 1), errors.ERR_VOTE_ENDED);
  });

  it("is not open once the proposal is concluded or vetoed for good", () => {
    warpTo(ballot()["ends-at"]);
    veto(1);
    expectError(vote(alice, 1), errors.ERR_CONCLUDED);
  });

  it("needs stake, then and now", () => {
    expectError(vote(stranger, 1), errors.ERR_NO_STAKE);
    unstake(alice, 59n);
    expect(vote(alice, 1).result).toBeOk(u(1));
    unstake(bob, 39n);
    expectError(vote(bob, 1), errors.ERR_NO_STAKE);
  });

  it("locks the stake until the latest end there can be, which an early voter cannot know", () => {
    vote(bob, 1, false);
    const last = ballot()["created-at"] + DAY + 3n * HOUR;
    expect(lockOf(bob)).toBe(last);
    warpTo(ballot()["ends-at"] - 10n);
    vote(alice, 1); // the quorum comes in the last second
    expect(ballot()["ends-at"]).toBe(last - 10n);
    expect(lockOf(alice)).toBe(last);
    warpTo(ballot()["ends-at"] - 10n);
    for (const person of [alice, bob]) expectError(unstake(person, 1n), staking.ERR_LOCKED);
    warpTo(last);
    expect(unstake(bob, 39n).result).toBeOk(u(0));
  });
});

describe("a late quorum", () => {
  beforeEach(() => propose());

  it("gives the others three hours from its moment, once", () => {
    const end = ballot()["ends-at"];
    warpTo(end - 2n * HOUR);
    const moment = now();
    expect(vote(alice, 1).prints[1]).toEqual({
      topic: "vote-extended", "proposal-id": 1n, before: end, after: moment + 3n * HOUR,
    });
    expect(ballot()).toMatchObject({ "ends-at": moment + 3n * HOUR, "due-at": moment + 4n * HOUR });
    wait(2n * HOUR); // past the first end
    expect(vote(bob, 1, false).topics).toEqual(["vote-cast", "stake-locked"]);
    expect(ballot()["ends-at"]).toBe(moment + 3n * HOUR);
    warpTo(end + HOUR);
    expectError(vote(carol, 1), errors.ERR_VOTE_ENDED);
    expectError(conclude(1), errors.ERR_NOT_DUE);
  });

  it("changes nothing three hours before the end or earlier", () => {
    const end = ballot()["ends-at"];
    warpTo(end - 3n * HOUR);
    expect(vote(alice, 1).topics).toEqual(["vote-cast", "stake-locked"]);
    expect(ballot()["ends-at"]).toBe(end);
    warpTo(end - 10n);
    vote(bob, 1); // not the first quorum
    expect(ballot()["ends-at"]).toBe(end);
  });

  it("is one of all votes, for and against", () => {
    vote(carol, 1);
    warpTo(ballot()["ends-at"] - HOUR);
    expect(vote(bob, 1, false).topics).not.toContain("vote-extended"); // 40 of 100
    expect(vote(alice, 1, false).topics).toContain("vote-extended");
  });
});

describe("borrowed stake", () => {
  it("taken after the proposal has no weight", () => {
    propose();
    stake(stranger, 1_000n);
    expectError(vote(stranger, 1), errors.ERR_NO_STAKE);
    stake(alice, 1_000n);
    expect(vote(alice, 1).result).toBeOk(u(60));
    toDue();
    expect(conclude(1).result).toBeOk(Cl.bool(true)); // and does not raise the quorum
  });

  it("taken in the very second of the proposal has no weight and changes no total", () => {
    giveFlow(DEPLOYER, stranger, 1_000n);
    const act = (contract, method, sender, ...args) => ({ callPublicFn: { contract: at(contract), method, args, sender } });
    const before = act("flow-staking", "stake", stranger, u(400));
    const after = act("flow-staking", "stake", stranger, u(600));
    simnet.mineBlock([before, act("pool-governance", "propose-script", keeper, ours("granting-script")), after]);
    expect(read("flow-staking", "get-stake", p(stranger))).toBe(1_000n);
    expect(ballot()["stake-total"]).toBe(100n);
    expectError(vote(stranger, 1), errors.ERR_NO_STAKE);
  });

  it("cannot lower the quorum by leaving for the second of the proposal", () => {
    const act = (contract, method, sender, ...args) => ({ callPublicFn: { contract: at(contract), method, args, sender } });
    simnet.mineBlock([
      act("flow-staking", "unstake", bob, u(39)),
      act("pool-governance", "propose-script", keeper, ours("granting-script")),
      act("flow-staking", "stake", bob, u(39)),
    ]);
    expect(ballot()["stake-total"]).toBe(100n);
    expect(vote(bob, 1).result).toBeOk(u(39));
    toDue();
    expect(conclude(1).result).toBeOk(Cl.bool(false)); // 39 of 100, not of 61
  });

  it("cannot be unstaked, staked again and count for more", () => {
    propose();
    unstake(alice, 60n);
    must(alice, "flow-staking", "stake", u(60));
    expect(vote(alice, 1).result).toBeOk(u(60));
    expectError(vote(alice, 1), errors.ERR_VOTED);
    expectError(unstake(alice, 60n), staking.ERR_LOCKED);
  });

  it("cannot go from account to account during the vote", () => {
    propose();
    unstake(alice, 60n);
    giveFlow(alice, bob, 60n);
    must(bob, "flow-staking", "stake", u(60));
    giveFlow(DEPLOYER, stranger, 1n);
    expect(vote(bob, 1).result).toBeOk(u(39));
    expectError(vote(alice, 1), errors.ERR_NO_STAKE);
    expectError(unstake(bob, 60n), staking.ERR_LOCKED); // what was lent is locked with the rest
    expect(ballot()["votes-for"]).toBe(39n);
  });

  it("cannot be voted with and passed on before the end", () => {
    propose();
    vote(alice, 1);
    expectError(unstake(alice, 1n), staking.ERR_LOCKED);
    wait(DAY);
    expectError(unstake(alice, 1n), staking.ERR_LOCKED);
    wait(3n * HOUR);
    expect(unstake(alice, 60n).result).toBeOk(u(0));
  });

  it("of one block proposes nothing", () => {
    giveFlow(DEPLOYER, stranger, 1_000n);
    const act = (contract, method, ...args) => ({ callPublicFn: { contract: at(contract), method, args, sender: stranger } });
    const [, refused] = simnet.mineBlock([
      act("flow-staking", "stake", u(1_000)),
      act("pool-governance", "propose-script", ours("granting-script")),
    ]);
    expectError(refused, errorsOf("pool-governance").ERR_NOT_PROPOSER);
    expect(proposeScript("granting-script", stranger).result).toBeOk(u(1));
  });
});

describe("veto", () => {
  it("in the wait after the vote is final", () => {
    propose();
    vote(alice, 1);
    warpTo(ballot()["ends-at"]);
    const { result, prints } = veto(1);
    expect(result).toBeOk(Cl.bool(true));
    expect(prints).toEqual([{ topic: "proposal-vetoed", "proposal-id": 1n, guardian, final: true }]);
    expect(ballot()).toMatchObject({ state: "vetoed", vetoed: true });
    toDue();
    expectError(conclude(1), errors.ERR_CONCLUDED);
    expectError(veto(1), errors.ERR_CONCLUDED);
    expect(mandate()).toBe(null);
    expect(propose().result).toBeOk(u(2));
  });

  it("while the vote runs lets it go on, and holds where less than two thirds follow", () => {
    propose();
    expect(veto(1).prints).toEqual([{ topic: "proposal-vetoed", "proposal-id": 1n, guardian, final: false }]);
    vote(alice, 1); // 60 of 100
    expect(ballot()).toMatchObject({ state: "voting", vetoed: true, "votes-for": 60n });
    toDue();
    expect(conclude(1).prints.at(-1)).toMatchObject({ topic: "proposal-concluded", state: "vetoed", vetoed: true });
    expect(mandate()).toBe(null);
  });

  it("is overruled by two thirds of all the stake, also when it came first", () => {
    propose();
    veto(1);
    vote(alice, 1);
    vote(bob, 1);
    expectError(veto(1), errors.ERR_BROAD_MAJORITY);
    toDue();
    expectError(veto(1), errors.ERR_BROAD_MAJORITY);
    expect(conclude(1).result).toBeOk(Cl.bool(true));
    expect(ballot()).toMatchObject({ state: "passed", vetoed: true });
  });

  it.each([
    [200n, true],
    [199n, false],
  ])("meets two thirds to the unit: %s of 300", async (amount, broad) => {
    await openHouse({ [alice]: amount, [bob]: 300n - amount });
    propose();
    vote(alice, 1);
    if (broad) expectError(veto(1), errors.ERR_BROAD_MAJORITY);
    else expect(veto(1).result).toBeOk(Cl.bool(false));
  });

  it("measures the two thirds by the stake when the proposal was made", () => {
    propose();
    stake(stranger, 1_000n);
    vote(alice, 1);
    vote(bob, 1);
    expectError(veto(1), errors.ERR_BROAD_MAJORITY);
  });

  it("stops a proposal that nobody could vote on", async () => {
    await openHouse({});
    propose();
    expect(veto(1).result).toBeOk(Cl.bool(false));
    toDue();
    expect(plain(conclude(1).result)).toBe(false);
    expect(ballot().state).toBe("rejected"); // it would not have passed anyway
  });
});

describe("judge", () => {
  const judge = () => read("ballot-box", "judge", u(1));

  it("says nothing before the end and the wait after it, to the second", () => {
    propose();
    vote(alice, 1);
    const { "ends-at": end, "due-at": due } = ballot();
    expect(due).toBe(end + HOUR);
    warpTo(end - 10n);
    expectError(conclude(1), errors.ERR_VOTE_RUNNING);
    expect(now()).toBe(end);
    expectError(conclude(1), errors.ERR_NOT_DUE);
    warpTo(due - 10n);
    expectError(conclude(1), errors.ERR_NOT_DUE);
    expect(now()).toBe(due);
    expect(conclude(1).result).toBeOk(Cl.bool(true));
    expectError(conclude(1), errors.ERR_CONCLUDED);
  });

  it("lets a script be concluded at its end, because it waits afterwards", () => {
    proposeScript("granting-script");
    vote(alice, 1);
    expect(ballot()["due-at"]).toBe(ballot()["ends-at"]);
    warpTo(ballot()["ends-at"]);
    expect(conclude(1).result).toBeOk(Cl.bool(true));
  });

  it.each([
    ["mandate", () => propose(), 7n],
    ["whales", () => proposeWhales([[alice, 10_000]]), 7n],
    ["script", () => proposeScript("granting-script"), 30n],
  ])("calls a passed %s proposal void that nobody concluded in time, to the second", (kind, make, days) => {
    make();
    vote(alice, 1);
    const { "due-at": due, "stale-at": stale } = ballot();
    expect(stale).toBe(due + days * DAY);
    warpTo(stale - 10n);
    expect(judge()).toBe("passed");
    warpTo(stale);
    expect(conclude(1).result).toBeOk(Cl.bool(false));
    expect(ballot()).toMatchObject({ kind, state: "expired" });
    expect(make().result).toBeOk(u(2));
  });

  it("calls rejected what had no majority, however late", () => {
    propose();
    vote(alice, 1, false);
    wait(10n * DAY);
    expect(judge()).toBe("rejected");
  });
});
