// Attacks by those who may trade for a pool, and what happens when they stay away.

import { Cl } from "@stacks/transactions";
import { beforeEach, describe, expect, it } from "vitest";

import {
  A, B, DAY, DEPLOYER, LAUNCH, STX, STX_TOKEN, boot, call, cancel, deposit, errorsOf, expectError, held, must, now, ours, p, processFor,
  queue, read, redeem, sharesOf, silence, stake, stxOf, targets, u, value, wait, who, withdraw,
} from "../kit.mjs";

const rebalancer = errorsOf("pool-rebalancer");
const vault = Object.assign({}, ...["whale-pool-vault", "pool-desk", "pool-office"].map(errorsOf));
const votes = { ...errorsOf("pool-governance"), ...errorsOf("ballot-box") };
const { alice, bob, keeper, stranger } = who;
const THREE_DAYS = 3n * DAY;

const legs = (rows) =>
  Cl.list(rows.map(([from, to, amount, min = 0n, dex = "fair-adapter"]) =>
    Cl.tuple({ from: p(from), to: p(to), amount: u(amount), "min-out": u(min), dex: ours(dex), fallback: Cl.none() })));
const rebalance = (rows, { by = keeper, pool = 1, mandate = 1, slice = 1, fee = 0n } = {}) =>
  call(by, "pool-rebalancer", "rebalance-pool", u(pool), u(mandate), u(slice), u(fee), legs(rows));
const rate = (from, to, out, into) => must(stranger, "fair-adapter", "set-rate", p(from), p(to), u(out), u(into));
const proposal = (id) => read("pool-governance", "get-proposal", u(id));

/** A mandate that the only staker votes through. */
function pass(id, { shares = LAUNCH, limits = {}, open = 7n * DAY, by = keeper } = {}) {
  const bounds = { "turnover-bps": 20_000, "slippage-bps": 200, "loss-bps": 200, ...limits };
  const cvs = Cl.tuple(Object.fromEntries(Object.entries(bounds).map(([key, bps]) => [key, u(bps)])));
  must(by, "pool-governance", "propose-mandate", u(1), targets(shares), cvs, u(open), Cl.bufferFromHex("00".repeat(32)));
  must(alice, "pool-governance", "vote", u(id), Cl.bool(true));
  wait(((proposal(id)["due-at"] - now()) / 10n) * 10n + 10n);
  must(stranger, "pool-governance", "conclude", u(id));
}

/** A thousand STX, all idle; a venue that pays two percent too little in every direction; mandate 1 open. */
beforeEach(async () => {
  await boot();
  stake(alice, 100n);
  deposit(alice, 1_000n * STX);
  must(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));
  pass(1);
});

describe("a keeper who bleeds a pool, always just inside the slippage", () => {
  const robbery = () => {
    rate(STX_TOKEN, A, 490n, 1_000n);
    rate(A, STX_TOKEN, 1_960n, 1_000n);
    rate(STX_TOKEN, B, 196n, 1n);
  };

  it("loses the pool at most two percent in a day and in a mandate, in however many slices", () => {
    robbery();
    const before = value();
    let slice = 1;
    for (let n = 0; n < 40; n += 1) {
      if (rebalance([[STX_TOKEN, A, 10n * STX]], { slice }).result.type === "ok") slice += 1;
    }
    const lost = before - value();
    expect(slice).toBeGreaterThan(10);
    expect(lost * 10_000n).toBeLessThanOrEqual(before * 200n);
    expect(lost * 10_000n).toBeGreaterThan(before * 50n); // it is robbed indeed
  });

  it("cannot go round in circles: a slice that does not lower the drift is refused", () => {
    robbery();
    expect(rebalance([[STX_TOKEN, A, 300n * STX]]).result.type).toBe("ok");
    expectError(rebalance([[A, STX_TOKEN, 50n * STX]], { slice: 2 }), rebalancer.ERR_DRIFT_NOT_LOWER);
  });

  it("loses at most two percent with every mandate that stakers pass, and needs a new vote for each", () => {
    robbery();
    const start = value();
    for (let round = 0; round < 4; round += 1) {
      if (round > 0) pass(round + 1, { shares: round % 2 === 1 ? { [STX_TOKEN]: 10_000 } : { [A]: 10_000 } });
      const before = value();
      const [from, to] = round % 2 === 1 ? [A, STX_TOKEN] : [STX_TOKEN, A];
      for (let slice = 1; slice <= 12; slice += 1) rebalance([[from, to, (held(from) / 6_000n) * 1_000n]], { mandate: round + 1, slice });
      expect((before - value()) * 10_000n).toBeLessThanOrEqual(before * 200n);
    }
    expect((start - value()) * 100n).toBeLessThanOrEqual(start * 8n);
    expect((start - value()) * 100n).toBeGreaterThan(start * 3n);
  });

  it("is paid back no more than half a percent of the pool in a day, whatever fee it names", () => {
    const before = stxOf(keeper);
    const worth = value();
    for (let slice = 1; slice <= 20; slice += 1) rebalance([[STX_TOKEN, A, 10n * STX]], { slice, fee: 10n ** 12n });
    expect((stxOf(keeper) - before) * 10_000n).toBeLessThanOrEqual(worth * 50n);
  });
});

describe("double execution: the same slice or mandate twice", () => {
  it("is refused to the keeper who ran it, and to any other", () => {
    const other = bob;
    rebalance([[STX_TOKEN, A, 100n * STX]]);
    for (const by of [keeper, keeper]) expectError(rebalance([[STX_TOKEN, A, 100n * STX]], { by }), votes.ERR_WRONG_SLICE);
    expectError(rebalance([[STX_TOKEN, A, 100n * STX]], { by: other }), rebalancer.ERR_NOT_KEEPER);
    expectError(rebalance([[STX_TOKEN, A, 100n * STX]], { slice: 3 }), votes.ERR_WRONG_SLICE);
  });

  it("cannot open a mandate twice, nor use one that was replaced", () => {
    expectError(call(stranger, "pool-governance", "conclude", u(1)), votes.ERR_CONCLUDED);
    pass(2);
    expectError(rebalance([[STX_TOKEN, A, 100n * STX]]), votes.ERR_REPLACED);
    expect(rebalance([[STX_TOKEN, A, 100n * STX]], { mandate: 2 }).result.type).toBe("ok");
  });
});

describe("a keeper who disappears", () => {
  it("is replaced by anybody after three days of silence, within the same bounds", () => {
    expectError(rebalance([[STX_TOKEN, A, 100n * STX]], { by: stranger }), rebalancer.ERR_NOT_KEEPER);
    wait(THREE_DAYS);
    expect(rebalance([[STX_TOKEN, A, 100n * STX]], { by: stranger }).result.type).toBe("ok");
    // It has been heard of again, so the next stranger waits as long.
    expectError(rebalance([[STX_TOKEN, A, 100n * STX]], { by: bob, slice: 2 }), rebalancer.ERR_NOT_KEEPER);
  });

  it("keeps nobody in: requests are paid by anybody, taken back, or left for the way in kind", () => {
    wait(100n);
    rebalance([[STX_TOKEN, A, 300n * STX], [STX_TOKEN, B, 100n * STX]]);
    wait(DAY);
    withdraw(alice, 900n * STX);
    expect(queue()).toHaveLength(1);
    wait(60n * DAY);
    expect(processFor(alice, stranger).topics).toContain("withdrawal-paid");
    must(who.guardian, "whale-pool-vault", "emergency-pause", u(0));
    for (const asset of [STX_TOKEN, A, B]) silence(asset);
    expectError(processFor(alice, stranger), vault.ERR_PAUSED);
    expect(cancel(alice).topics).toEqual(["withdrawal-cancelled"]);
    expect(redeem(alice, sharesOf(alice)).topics).toContain("shares-redeemed");
  });
});
