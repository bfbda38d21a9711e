import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, B, C, DAY, DEPLOYER, LAUNCH, MAX_UINT, STX, STX_TOKEN, at, boot, call, createPool, deposit, errorsOf, expectError,
  leg, must, now, ours, p, plain, pool, price, read, silence, stake, targets, tokensOf, u, wait, warpTo, who,
} from "./kit.mjs";

const errors = errorsOf("pool-governance");
const { alice, bob, carol, keeper, stranger } = who;
const LIMITS = { "turnover-bps": 10_000, "slippage-bps": 100, "loss-bps": 100 };
const HASH = "ab".repeat(32);
const HOUR = 3_600n;

const propose = (by = keeper, { id = 1, shares = LAUNCH, limits = {}, open = DAY, list = targets(shares) } = {}) =>
  call(
    by, "pool-governance", "propose-mandate", u(id), list,
    Cl.tuple(Object.fromEntries(Object.entries({ ...LIMITS, ...limits }).map(([key, bps]) => [key, u(bps)]))),
    u(open), Cl.bufferFromHex(HASH),
  );
const proposeScript = (name, by = keeper) => call(by, "pool-governance", "propose-script", ours(name));
const vote = (person, id, support = true) => call(person, "pool-governance", "vote", u(id), Cl.bool(support));
const conclude = (id, by = stranger) => call(by, "pool-governance", "conclude", u(id));
const run = (name, by = stranger) => call(by, "pool-governance", "run-script", ours(name));
const note = (id, slice, { turnover = 0n, loss = 0n, value = 100n * STX, poolId = 1, by = who.mover } = {}) =>
  call(by, "pool-governance", "note-slice", u(id), u(poolId), u(slice), u(turnover), u(value), u(loss));
const proposal = (id = 1) => read("pool-governance", "get-proposal", u(id));
const mandate = (id = 1) => read("pool-governance", "get-mandate", u(id));
const openMandate = (id = 1) => read("pool-governance", "get-open-mandate", u(id));
const lockOf = (person) => read("flow-staking", "get-lock", p(person));

/** Stakes of 60, 39 and 1 out of 100 FLOW; the vote contract in office; 100 STX in the pool. */
beforeEach(async () => {
  await boot();
  stake(alice, 60n);
  stake(bob, 39n);
  stake(carol, 1n);
  deposit(alice, 100n * STX);
  must(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));
});

/** Proposes and passes a mandate, leaving time exactly at the end of its vote plus one block. */
function pass(options) {
  const id = plain(propose(keeper, options).result);
  vote(alice, id);
  warpTo(proposal(id)["ends-at"]);
  expect(conclude(id).result).toBeOk(Cl.bool(true));
  return id;
}

function passScript(name) {
  const id = plain(proposeScript(name).result);
  vote(alice, id);
  wait(DAY);
  expect(conclude(id).result).toBeOk(Cl.bool(true));
  return id;
}

describe("propose-mandate", () => {
  it("opens a vote of one day and says what for", () => {
    const { result, prints } = propose();

    expect(result).toBeOk(u(1));
    const [made] = [now() - 10n];
    expect(prints[0]).toMatchObject({ topic: "mandate-proposed", "proposal-id": 1n, "pool-id": 1n, proposer: keeper, "plan-hash": HASH });
    expect(proposal()).toEqual({
      "pool-id": 1n, targets: [STX_TOKEN, A, B].map((asset) => ({ asset, bps: BigInt(LAUNCH[asset]) })),
      limits: { "turnover-bps": 10_000n, "slippage-bps": 100n, "loss-bps": 100n },
      "open-secs": DAY, "plan-hash": HASH, proposer: keeper, "created-at": made, "ends-at": made + DAY,
      "stake-total": 100n, "votes-for": 0n, "votes-against": 0n, state: "voting",
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
  beforeEach(() => propose());

  it("counts the stake once, on its side, and locks it until the end", () => {
    expect(vote(alice, 1).prints.at(-1)).toEqual({ topic: "vote-cast", "proposal-id": 1n, voter: alice, support: true, weight: 60n });
    vote(bob, 1, false);
    expect([proposal()["votes-for"], proposal()["votes-against"]]).toEqual([60n, 39n]);
    expect(read("pool-governance", "get-vote", u(1), p(bob))).toEqual({ support: false, weight: 39n });
    expect(lockOf(alice)).toBe(proposal()["ends-at"]);
    expectError(call(alice, "flow-staking", "unstake", u(1)), errorsOf("flow-staking").ERR_LOCKED);
    for (const support of [true, false]) expectError(vote(alice, 1, support), errors.ERR_VOTED);
  });

  it("weighs no more than what was staked when the proposal was made", () => {
    stake(alice, 1_000n);
    expect(vote(alice, 1).result).toBeOk(u(60));
    stake(who.creator, 1_000n);
    expectError(vote(who.creator, 1), errors.ERR_NO_STAKE);
  });

  it("weighs no more than what is staked now", () => {
    call(alice, "flow-staking", "unstake", u(50));
    expect(vote(alice, 1).result).toBeOk(u(10));
    call(bob, "flow-staking", "unstake", u(39));
    expectError(vote(bob, 1), errors.ERR_NO_STAKE);
    expectError(vote(stranger, 1), errors.ERR_NO_STAKE);
  });

  it("cannot be cast twice with one stake by passing the FLOW on", () => {
    vote(alice, 1);
    expectError(call(alice, "flow-staking", "unstake", u(60)), errorsOf("flow-staking").ERR_LOCKED);
    wait(DAY);
    expect(call(alice, "flow-staking", "unstake", u(60)).result).toBeOk(u(0));
  });

  it("ends at its very second", () => {
    const end = proposal()["ends-at"];
    warpTo(end - 10n);
    expect(vote(alice, 1).result).toBeOk(u(60));
    expect(now()).toBe(end);
    expectError(vote(bob, 1), errors.ERR_VOTE_ENDED);
  });

  it("needs a proposal", () => {
    for (const id of [0n, 2n, MAX_UINT]) expectError(vote(alice, id), errors.ERR_NO_PROPOSAL);
  });

  it("needs this contract in office, because it locks stakes", async () => {
    await boot();
    stake(alice, 60n);
    propose();
    expectError(vote(alice, 1), errors.ERR_NOT_IN_OFFICE);
  });
});

describe("conclude", () => {
  it("waits for the end, to the second, and counts once", () => {
    propose();
    vote(alice, 1);
    const end = proposal()["ends-at"];
    warpTo(end - 10n);
    expectError(conclude(1), errors.ERR_VOTE_RUNNING);
    expect(now()).toBe(end);
    expect(conclude(1).result).toBeOk(Cl.bool(true));
    expectError(conclude(1), errors.ERR_CONCLUDED);
    for (const id of [0n, 2n]) expectError(conclude(id), errors.ERR_NO_PROPOSAL);
  });

  it("sets the targets and opens the mandate", () => {
    leg(STX_TOKEN, A, 10n * STX);
    propose(keeper, { shares: { [STX_TOKEN]: 5_000, [B]: 5_000 } });
    vote(alice, 1);
    wait(DAY);
    const { topics, prints } = conclude(1);

    const opened = now() - 10n;
    expect(topics).toEqual(["target-set", "mandate-opened"]);
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
    wait(DAY);

    const { result, topics, prints } = conclude(1);

    expect(result).toBeOk(Cl.bool(passed));
    expect(topics.at(-1)).toBe(passed ? "mandate-opened" : "proposal-rejected");
    expect(proposal().state).toBe(passed ? "passed" : "rejected");
    expect(mandate() === null).toBe(!passed);
    if (!passed) expect(prints.at(-1)["proposal-id"]).toBe(1n);
  });

  it("measures the quorum by the stake at the time of the proposal", () => {
    propose();
    stake(stranger, 1_000n);
    vote(alice, 1);
    wait(DAY);
    expect(conclude(1).result).toBeOk(Cl.bool(true));
  });

  it("rejects nothing staked and nothing voted", async () => {
    await boot();
    must(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));
    propose();
    wait(DAY);
    expect(conclude(1).result).toBeOk(Cl.bool(false));
  });

  it("rejects targets that the vault will not take any more, rather than blocking the pool", () => {
    const assets = Array.from({ length: 9 }, (_, n) => at(`asset-${n}`));
    must(who.mover, "whale-pool-vault", "execute-leg", u(1), p(STX_TOKEN), p(A), u(STX), u(0), ours("fair-adapter"));
    grantGovernanceToDeployer();
    for (const asset of assets) must(DEPLOYER, "whale-pool-vault", "register-asset", p(asset), u(6));
    must(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));
    const shares = Object.fromEntries([...assets, STX_TOKEN].map((asset) => [asset, 1_000]));
    const id = plain(propose(keeper, { shares }).result); // with A, which is held, eleven assets
    vote(alice, id);
    wait(DAY);
    expect(conclude(id).result).toBeOk(Cl.bool(false));
    expect(proposal(id).state).toBe("rejected");
    expect(propose().result).toBeOk(u(id + 1n));
  });

  it("waits for prices before it opens a mandate, not before it rejects", () => {
    leg(STX_TOKEN, A, STX);
    propose();
    vote(alice, 1);
    wait(DAY);
    silence(A);
    expectError(conclude(1), errors.ERR_NO_PRICE);
    expect(proposal().state).toBe("voting");
    price(A, 2_000_000_000_000n);
    expect(conclude(1).result).toBeOk(Cl.bool(true));
    const second = plain(propose().result);
    wait(DAY);
    silence(A);
    expect(conclude(second).result).toBeOk(Cl.bool(false));
  });

  it("opens nothing when this contract left office meanwhile", () => {
    propose();
    vote(alice, 1);
    wait(DAY);
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

describe("note-slice", () => {
  it("counts slices, turnover and loss against the mandate", () => {
    pass();
    expect(note(1, 1, { turnover: 30n * STX, loss: 5n }).prints).toEqual([{
      topic: "slice-noted", "mandate-id": 1n, "pool-id": 1n, slice: 1n, "turnover-ustx": 30n * STX, "loss-ustx": 5n, "value-ustx": 100n * STX,
    }]);
    note(1, 2, { turnover: 10n * STX, loss: 2n });
    expect(mandate()).toMatchObject({ slices: 2n, "turnover-ustx": 40n * STX, "loss-ustx": 7n });
  });

  it("is for the rebalancer role", () => {
    pass();
    for (const by of [stranger, keeper, alice, who.guardian, DEPLOYER]) expectError(note(1, 1, { by }), errors.ERR_NOT_REBALANCER);
  });

  it("takes each slice once and in order", () => {
    pass();
    for (const slice of [0n, 2n, MAX_UINT]) expectError(note(1, slice), errors.ERR_WRONG_SLICE);
    expect(note(1, 1).result).toBeOk(Cl.bool(true));
    expectError(note(1, 1), errors.ERR_WRONG_SLICE);
    expect(note(1, 2).result).toBeOk(Cl.bool(true));
  });

  it("keeps to the pool, and to mandates that were voted", () => {
    createPool("pool-share-2");
    pass();
    expectError(note(1, 1, { poolId: 2 }), errors.ERR_WRONG_POOL);
    for (const id of [0n, 2n, MAX_UINT]) expectError(note(id, 1), errors.ERR_NO_MANDATE);
    propose();
    expectError(note(2, 1), errors.ERR_NO_MANDATE); // still in vote
  });

  it("ends with the mandate, to the second", () => {
    pass({ open: HOUR });
    const end = mandate()["expires-at"];
    warpTo(end - 10n);
    expect(openMandate()).toBe(1n);
    expect(note(1, 1).result).toBeOk(Cl.bool(true));
    expect(now()).toBe(end);
    expectError(note(1, 2), errors.ERR_EXPIRED);
    expect(openMandate()).toBe(null);
  });

  it("follows the newest mandate of a pool only", () => {
    pass({ open: 7n * DAY });
    pass({ open: 7n * DAY });
    expectError(note(1, 1), errors.ERR_REPLACED);
    expect(note(2, 1).result).toBeOk(Cl.bool(true));
    expect(openMandate()).toBe(2n);
  });

  it("lets turnover and loss reach their limits and not pass them", () => {
    pass({ limits: { "turnover-bps": 5_000n, "loss-bps": 50n } }); // 50 STX and 0.5 STX of 100
    expectError(note(1, 1, { turnover: 50n * STX + 1n }), errors.ERR_OVER_TURNOVER);
    expectError(note(1, 1, { turnover: MAX_UINT }), errors.ERR_OVER_TURNOVER);
    expectError(note(1, 1, { loss: MAX_UINT }), errors.ERR_OVER_LOSS);
    expectError(note(1, 1, { loss: STX / 2n + 1n }), errors.ERR_OVER_LOSS);
    expect(note(1, 1, { turnover: 20n * STX, loss: STX / 4n }).result).toBeOk(Cl.bool(true));
    expectError(note(1, 2, { turnover: 30n * STX + 1n }), errors.ERR_OVER_TURNOVER);
    expectError(note(1, 2, { loss: STX / 4n + 1n }), errors.ERR_OVER_LOSS);
    expect(note(1, 2, { turnover: 30n * STX, loss: STX / 4n }).result).toBeOk(Cl.bool(true));
  });
});

describe("scripts", () => {
  const cap = () => pool()["cap-usd"];
  const isKeeper = () => read("pool-access", "has-role", p(stranger), Cl.stringAscii("keeper"));

  it("run once, a day after their vote passed, as governance", () => {
    const id = passScript("granting-script");
    const { "runnable-at": at } = read("pool-governance", "get-pending-script", ours("granting-script"));
    expect(read("pool-governance", "get-script-proposal", u(id))).toMatchObject({ state: "passed", proposer: keeper });
    warpTo(at - 10n);
    expectError(run("granting-script"), errors.ERR_TOO_EARLY);
    expect(now()).toBe(at);

    const { result, topics } = run("granting-script");

    expect(result).toBeOk(Cl.bool(true));
    expect(topics).toEqual(["script-run", "script-opened", "role-granted", "cap-set", "script-closed"]);
    expect([cap(), isKeeper()]).toEqual([50_000n, true]);
    expectError(run("granting-script"), errors.ERR_NOT_RUNNABLE);
    expect(read("pool-access", "is-governance", ours("granting-script"))).toBe(false);
  });

  it("do nothing without a passed vote", () => {
    expectError(call(stranger, "granting-script", "execute"), errorsOf("pool-access").ERR_NOT_GOVERNANCE);
    expectError(run("granting-script"), errors.ERR_NOT_RUNNABLE);
    const id = plain(proposeScript("granting-script").result);
    expectError(run("granting-script"), errors.ERR_NOT_RUNNABLE);
    vote(alice, id, false);
    wait(DAY);
    expect(conclude(id).topics).toEqual(["proposal-rejected"]);
    expectError(run("granting-script"), errors.ERR_NOT_RUNNABLE);
    expect(cap()).toBe(25_000n);
  });

  it("are proposed by those who may propose, one vote at a time, and again after a rejection", () => {
    expectError(proposeScript("granting-script", stranger), errors.ERR_NOT_PROPOSER);
    expect(proposeScript("granting-script", carol).prints[0]).toMatchObject({ topic: "script-proposed", script: at("granting-script") });
    expectError(proposeScript("granting-script"), errors.ERR_SCRIPT_PENDING);
    wait(DAY);
    conclude(1);
    expect(proposeScript("granting-script").result).toBeOk(u(2));
    vote(alice, 2);
    wait(DAY);
    conclude(2);
    expectError(proposeScript("granting-script"), errors.ERR_SCRIPT_PENDING);
  });

  it("go stale thirty days after their wait, to the second, and may be proposed again", () => {
    passScript("granting-script");
    const { "stale-at": stale } = read("pool-governance", "get-pending-script", ours("granting-script"));
    warpTo(stale - 10n);
    expectError(proposeScript("granting-script"), errors.ERR_SCRIPT_PENDING);
    expect(now()).toBe(stale);
    expectError(run("granting-script"), errors.ERR_TOO_LATE);
    expect(proposeScript("granting-script").result).toBeOk(u(2));
  });

  it("change nothing when they fail, and keep their code to themselves", () => {
    passScript("failing-script");
    wait(DAY);
    expectError(run("failing-script"), errors.ERR_SCRIPT_FAILED);
    expect(cap()).toBe(25_000n);
    expect(read("pool-access", "is-governance", ours("failing-script"))).toBe(false);
  });

  it("move nothing that the governing contract owns", () => {
    must(DEPLOYER, "flow-token", "transfer", u(5), p(DEPLOYER), ours("pool-governance"), Cl.none());
    passScript("looting-script");
    wait(DAY);
    expectError(run("looting-script"), errors.ERR_SCRIPT_FAILED);
    expect(tokensOf(at("flow-token"), at("pool-governance"))).toBe(5n);
  });

  it("can hand governance over, after which this contract runs no more", () => {
    passScript("granting-script");
    passScript("handing-over-script");
    wait(DAY);
    expect(run("handing-over-script").topics).toEqual(["script-run", "script-opened", "governance-handed-over", "script-closed"]);
    expect(read("pool-access", "get-governance")).toBe(DEPLOYER);
    expectError(run("granting-script"), errors.ERR_NOT_IN_OFFICE);
  });

  it("and mandates have their own numbers and views", () => {
    propose();
    proposeScript("granting-script");
    expect([proposal(2), read("pool-governance", "get-script-proposal", u(1))]).toEqual([null, null]);
    expect(read("pool-governance", "get-script-proposal", u(2))).toMatchObject({ script: at("granting-script"), state: "voting" });
  });
});
