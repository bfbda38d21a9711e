// What the tests of slices share: a pool with an open mandate, and slices in few words.

import { Cl } from "@stacks/transactions";

import {
  A, B, DAY, DEPLOYER, LAUNCH, STX, STX_TOKEN, boot, call, deposit, must, ours, p, read, stake, targets, u, warpTo, who,
} from "./kit.mjs";

const { alice, keeper, stranger } = who;

/** Swaps as [from, to, amount, min-out, venue, venue to fall back to]. */
export const legs = (...rows) =>
  Cl.list(rows.map(([from, to, amount, min = 0n, dex = "fair-adapter", fallback = null]) =>
    Cl.tuple({
      from: p(from), to: p(to), amount: u(amount), "min-out": u(min), dex: ours(dex),
      fallback: fallback === null ? Cl.none() : Cl.some(ours(fallback)),
    })));
export const rebalance = (rows, { by = keeper, pool = 1, mandate = 1, slice = 1, fee = 0n } = {}) =>
  call(by, "pool-rebalancer", "rebalance-pool", u(pool), u(mandate), u(slice), u(fee), legs(...rows));
export const day = () => read("pool-rebalancer", "get-day", u(1));
export const mandate = (id = 1) => read("pool-governance", "get-mandate", u(id));
export const rate = (from, to, out, into, dex = "fair-adapter") =>
  must(stranger, dex, "set-rate", p(from), p(to), u(out), u(into));

export function pass(id, { shares = LAUNCH, limits = {}, open = 7n * DAY, pool = 1 } = {}) {
  const bounds = { "turnover-bps": 20_000, "slippage-bps": 200, "loss-bps": 200, ...limits };
  const cvs = Cl.tuple(Object.fromEntries(Object.entries(bounds).map(([key, bps]) => [key, u(bps)])));
  must(keeper, "pool-governance", "propose-mandate", u(pool), targets(shares), cvs, u(open), Cl.bufferFromHex("00".repeat(32)));
  must(alice, "pool-governance", "vote", u(id), Cl.bool(true));
  warpTo(read("pool-governance", "get-proposal", u(id))["due-at"]);
  must(stranger, "pool-governance", "conclude", u(id));
}

/** 1000 STX in the pool, none of it invested; mandate 1 is open for 60 / 30 / 10. */
export async function openMandate(options) {
  await boot();
  stake(alice, 100n);
  deposit(alice, 1_000n * STX);
  must(DEPLOYER, "pool-access", "hand-over", ours("pool-governance"));
  pass(1, options);
}

export const FULL = [[STX_TOKEN, A, 300n * STX, 150n * STX], [STX_TOKEN, B, 100n * STX, 20_000n * STX]];
