import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, B, C, DAY, DEPLOYER, LAUNCH, MAX_UINT, STX, STX_TOKEN, at, boot, call, createPool, errorsOf, expectError, leg, must,
  now, ours, p, plain, price, read, silence, stake, targets, u, wait, warpTo, who,
} from "./kit.mjs";
import {
  HASH, HOUR, ballot, conclude, deployMock, hasRole, lockOf, mandate, openHouse, openMandate, passScript, proposal, propose,
  proposeScript, proposeWhales, run, toDue, unstake, veto, vote,
} from "./voting.mjs";

const errors = errorsOf("pool-governance");
const { alice, bob, carol, keeper, stranger, guardian } = who;

beforeEach(() => openHouse());

describe("propose-mandate", () => {
  it("opens a vote of one day and says what for", () => {
    const { result, prints } = propose();

    expect(result).toBeOk(u(1));
    const [made] = [now() - 10n];
    expect(prints[1]).toMatchObject({ topic: "mandate-proposed", "proposal-id": 1n, "pool-id": 1n, proposer: keeper, "plan-hash": HASH });
    expect(proposal()).toEqual({
      "pool-id": 1n, targets: [STX_TOKEN, A, B].map((asset) => ({ asset, bps: BigInt(LAUNCH[asset]) })),
      limits: { "turnover-bps": 10_000n, "slippage-bps": 100n, "loss-bps": 100n },
      "open-secs": DAY, "plan-hash": HASH, kind: "mandate", proposer: keeper, "created-at": made, "ends-at": made + DAY,
      "due-at": made + DAY + HOUR, "stale-at": made + 8n * DAY + HOUR, "runnable-at": null,
      "stake-total": 100n, "votes-for": 0n, "votes-against": 0n, vetoed: false, state: "voting",
    });
    expect(read("pool-governance", "get-proposal-count")).toBe(1n);
    expect(read("pool-governance", "get-latest-proposal", u(1))).toBe(1n);
    expect(openMandate()).toBe(null);
  });

  it("is for keepers and for one percent of the stake, not less", () => {
    expect(propose(carol).result).toBeOk(u(1)); // 1 of 100
    expectError(propose(stranger), errors.ERR_NOT_PROPOSER);
    stake(bob, 1n); // carol has 1 of 101 now
    expectError(propose(carol), errors.ERR_NOT_PROPOSER);
    expectError(propose(who.guardian), errors.ERR_NOT_PROPOSER);
  });

  it("refuses a pool or targets that could not be set", () => {
    expectError(propose(keeper, { id: 2 }), errors.ERR_NO_POOL);
    expectError(propose(keeper, { shares: { [A]: 9_999 } }), errors.ERR_BAD_TARGETS);
    expectError(propose(keeper, { shares: { [C]: 10_000 } }), errors.ERR_BAD_TARGETS);
    const twice = Cl.list([A, A].map((asset) => Cl.tuple({ asset: p(asset), bps: u(5_000) })));
    expectError(propose(keeper, { list: twice }), errors.ERR_BAD_TARGETS);
  });

  it.each([
    ["turnover-bps", 20_000n],
    ["slippage-bps", 200n],
    ["loss-bps", 200n],
  ])("takes %s up to %s", (limit, most) => {
    expectError(propose(keeper, { limits: { [limit]: most + 1n } }), errors.ERR_BAD_LIMITS);
    expectError(propose(keeper, { limits: { [limit]: MAX_UINT } }), errors.ERR_BAD_LIMITS);
    expect(propose(keeper, { limits: { [limit]: most } }).result).toBeOk(u(1));
  });

  it("takes an hour to seven days of opening", () => {
    for (const open of [0n, HOUR - 1n, 7n * DAY + 1n, MAX_UINT]) expectError(propose(keeper, { open }), errors.ERR_BAD_OPEN_SECS);
    expect(propose(keeper, { open: HOUR }).result).toBeOk(u(1));
  });

  it("waits until the pool's last proposal is concluded; other pools do not wait", () => {
    createPool("pool-share-2");
    propose();
    expectError(propose(), errors.ERR_IN_VOTE);
    expect(propose(keeper, { id: 2 }).result).toBeOk(u(2));
    wait(2n * DAY);
    expectError(propose(), errors.ERR_IN_VOTE); // over, but not concluded
    conclude(1);
    expect(propose().result).toBeOk(u(3));
  });
});

describe("vote", () => {
  it("is cast through this contract, and locks the stake", () => {
    propose();
    expect(vote(alice, 1).topics).toEqual(["vote-cast", "stake-locked"]);
    expect(read("pool-governance", "get-vote", u(1), p(alice))).toEqual({ support: true, weight: 60n });
    expect(proposal()).toMatchObject({ "votes-for": 60n, "votes-against": 0n });
    expect(lockOf(alice)).toBeGreaterThan(proposal()["ends-at"]);
    expectError(unstake(alice, 1n), errorsOf("flow-staking").ERR_LOCKED);
  });

  it("needs this contract in office, because it locks stakes", async () => {
    await boot();
    stake(alice, 60n);
    propose();
    expectError(vote(alice, 1), errors.ERR_NOT_IN_OFFICE);
  });
});

describe("veto", () => {
  it("is for guardians, not for those who may pause or propose", () => {
    propose();
    for (const by of [stranger, keeper, alice, who.creator, who.mover, DEPLOYER]) expectError(veto(1, by), errors.ERR_NOT_GUARDIAN);
    expect(veto(1).result).toBeOk(Cl.bool(false));
  });

  it("opens nothing and moves nothing", () => {
    propose(keeper, { shares: { [A]: 10_000 } });
    vote(alice, 1);
    toDue();
    expect(veto(1).topics).toEqual(["proposal-vetoed"]);
    expect([mandate(), openMandate()]).toEqual([null, null]);
    expect(read("whale-pool-vault", "get-pool-assets", u(1)).map(({ bps }) => bps)).toEqual([6_000n, 3_000n, 1_000n]);
  });

  it("cannot keep a guardian in office against two thirds of the stake", () => {
    deployMock("dismissing-script");
    const id = plain(proposeScript("dismissing-script").result);
    veto(id);
    for (const person of [alice, bob]) vote(person, id);
    toDue(id);
    expect(conclude(id).result).toBeOk(Cl.bool(true));
    expectError(veto(id), errorsOf("ballot-box").ERR_BROAD_MAJORITY);
    wait(DAY);
    run("dismissing-script");
    expect(hasRole(guardian, "guardian")).toBe(false);
    propose();
    expectError(veto(2), errors.ERR_NOT_GUARDIAN);
  });

  it("stops the whole list of whales as well", () => {
    proposeWhales([[alice, 10_000]]);
    vote(alice, 1);
    toDue();
    veto(1);
    expect(ballot(1).state).toBe("vetoed");
    expect(read("whale-list", "get-whales", u(1))).toBe(null);
  });
});

describe("conclude", () => {
  it("is open to anyone, an hour after the vote", () => {
    propose();
    vote(alice, 1);
    const { "ends-at": end, "due-at": due } = proposal();
    expect(due).toBe(end + HOUR);
    warpTo(due - 10n);
    expectError(conclude(1), errorsOf("ballot-box").ERR_NOT_DUE);
    expect(conclude(1, stranger).result).toBeOk(Cl.bool(true));
  });

  it("opens nothing seven days after that", () => {
    propose();
    vote(alice, 1);
    warpTo(proposal()["due-at"] + 7n * DAY);
    expect(conclude(1).topics).toEqual(["proposal-concluded"]);
    expect([proposal().state, mandate()]).toEqual(["expired", null]);
    expect(propose().result).toBeOk(u(2));
  });

  it("sets the targets and opens the mandate", () => {
    leg(STX_TOKEN, A, 10n * STX);
    propose(keeper, { shares: { [STX_TOKEN]: 5_000, [B]: 5_000 } });
    vote(alice, 1);
    toDue();
    const { topics, prints } = conclude(1);

    const opened = now() - 10n;
    expect(topics).toEqual(["target-set", "mandate-opened", "proposal-concluded"]);
    expect(prints[1]).toMatchObject({ "mandate-id": 1n, "pool-id": 1n, "plan-hash": HASH, "base-value-ustx": 100n * STX });
    expect(mandate()).toEqual({
      "pool-id": 1n, limits: { "turnover-bps": 10_000n, "slippage-bps": 100n, "loss-bps": 100n },
      targets: [STX_TOKEN, B].map((asset) => ({ asset, bps: 5_000n })), "opened-at": opened, "expires-at": opened + DAY,
      slices: 0n, "turnover-ustx": 0n, "loss-ustx": 0n, "base-value-ustx": 100n * STX,
    });
    expect([proposal().state, openMandate()]).toEqual(["passed", 1n]);
    expect(read("whale-pool-vault", "get-pool-assets", u(1)).map(({ asset, bps }) => [asset, bps])).toEqual([
      [STX_TOKEN, 5_000n], [B, 5_000n], [A, 0n],
    ]);
  });

  it.each([
    ["51 of 100 for", [[51n, true]], true],
    ["50 of 100 for", [[50n, true]], false],
    ["26 for, 25 against", [[26n, true], [25n, false]], true],
    ["30 for, 30 against", [[30n, true], [30n, false]], false],
    ["20 for, 40 against", [[20n, true], [40n, false]], false],
    ["nobody", [], false],
  ])("decides %s", async (_, votes, passed) => {
    await boot();
    const people = [alice, bob];
    votes.forEach(([amount], n) => stake(people[n], amount));
    const rest = 100n - votes.reduce((sum, [amount]) => sum + amount, 0n);
    stake(carol, rest);
    must(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));
    propose();
    votes.forEach(([, support], n) => vote(people[n], 1, support));
    toDue();

    const { result, topics, prints } = conclude(1);

    expect(result).toBeOk(Cl.bool(passed));
    expect(topics).toEqual([...(passed ? ["target-set", "mandate-opened"] : []), "proposal-concluded"]);
    expect(prints.at(-1)).toMatchObject({ "proposal-id": 1n, state: passed ? "passed" : "rejected" });
    expect(proposal().state).toBe(passed ? "passed" : "rejected");
    expect(mandate() === null).toBe(!passed);
  });

  it("measures the quorum by the stake at the time of the proposal", () => {
    propose();
    stake(stranger, 1_000n);
    vote(alice, 1);
    toDue();
    expect(conclude(1).result).toBeOk(Cl.bool(true));
  });

  it("rejects nothing staked and nothing voted", async () => {
    await boot();
    must(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));
    propose();
    toDue();
    expect(conclude(1).result).toBeOk(Cl.bool(false));
  });

  it("rejects targets that the vault will not take any more, rather than blocking the pool", () => {
    const assets = Array.from({ length: 9 }, (_, n) => at(`asset-${n}`));
    leg(STX_TOKEN, A, STX);
    grantGovernanceToDeployer();
    for (const asset of assets) must(DEPLOYER, "whale-pool-vault", "register-asset", p(asset), u(6));
    must(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));
    const shares = Object.fromEntries([...assets, STX_TOKEN].map((asset) => [asset, 1_000]));
    const id = plain(propose(keeper, { shares }).result); // with A, which is held, eleven assets
    vote(alice, id);
    toDue(id);
    expect(conclude(id).prints.at(-1)).toMatchObject({ state: "rejected", "votes-for": 60n });
    expect(proposal(id).state).toBe("rejected");
    expect(propose().result).toBeOk(u(id + 1n));
  });

  it("waits for prices before it opens a mandate, not before it rejects", () => {
    leg(STX_TOKEN, A, STX);
    propose();
    vote(alice, 1);
    toDue();
    silence(A);
    expectError(conclude(1), errors.ERR_NO_PRICE);
    expect(proposal().state).toBe("voting");
    price(A, 2_000_000_000_000n);
    expect(conclude(1).result).toBeOk(Cl.bool(true));
    const second = plain(propose().result);
    toDue(second);
    silence(A);
    expect(conclude(second).result).toBeOk(Cl.bool(false));
  });

  it("opens nothing when this contract left office meanwhile", () => {
    propose();
    vote(alice, 1);
    toDue();
    grantGovernanceToDeployer();
    expectError(conclude(1), errors.ERR_NOT_IN_OFFICE);
  });

  /** Governance goes back to the deployer by the only way there is: a voted script. */
  function grantGovernanceToDeployer() {
    passScript("handing-over-script");
    wait(DAY);
    expect(run("handing-over-script").result).toBeOk(Cl.bool(true));
  }
});
