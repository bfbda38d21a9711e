// What may happen to the real oracle: the market moves, sources speak, fall silent, err, and are looked at.

import { list, principal, uint } from "./codec.mjs";
import { isTripped, postRows, tellDia } from "./oracle.mjs";

const MAX_AGE = 3_600n;

function told(name, by, fn, answer, more) {
  return { name, kind: "oracle", by, fn, answer, ...more };
}

/** What an asset is really worth changes; its venue knows at once, DIA most of the time. */
function market({ world, rng, ghost }) {
  const asset = rng.pick(world.assets);
  const { oracle } = ghost;
  const factor = BigInt(rng.chance(92) ? rng.between(9_900, 10_100) : rng.between(8_500, 11_800));
  oracle.truth[asset] = (oracle.truth[asset] * factor) / 10_000n + 1n;
  if (asset !== world.stx) world.tellVenue(asset, oracle.truth[asset]);
  for (const each of rng.chance(80) ? world.assets : []) speakDia(world, oracle, each);
  return { name: "market", kind: "world" };
}

function speakDia(world, oracle, asset) {
  const { key } = oracle.feeds[asset];
  if (!key) return;
  const at = world.machine.time;
  tellDia(world, key, oracle.usd(world, asset), at);
  oracle.tellDia(asset, oracle.usd(world, asset), at);
}

/** A keeper reports: mostly all assets, nearly right, just now; sometimes wrong, old, or from the future. */
export function post({ world, rng, state, ghost }) {
  const { oracle } = ghost;
  const assets = rng.chance(80) ? world.assets : [rng.pick(world.assets)];
  const off = BigInt(rng.chance(95) ? rng.between(9_985, 10_015) : rng.pick([8_700, 9_300, 10_800, 11_500]));
  const at = rng.chance(95) ? state.time - BigInt(rng.below(60)) : rng.pick([state.time - MAX_AGE, state.time + 120n, state.time + 400n, 0n]);
  const rows = assets.map((asset) => [asset, (oracle.truth[asset] * off) / 10_000n + 1n, at]);
  if (rng.chance(60)) for (const asset of world.assets) speakDia(world, oracle, asset);
  const by = rng.chance(97) ? world.keeper : world.stranger;
  const answer = world.call(by, "pool-oracle", "post-prices", postRows(rows));
  return told("post", by, "post-prices", answer, { judged: answer.ok ? assets : [], reported: answer.ok ? rows : [] });
}

function observe({ world, rng }) {
  const assets = world.assets.filter(() => rng.chance(70));
  const answer = world.call(world.stranger, "pool-oracle", "observe", list(assets.map(principal)));
  return told("observe", world.stranger, "observe", answer, { judged: answer.ok ? assets : [] });
}

export function resetBreaker(turn) {
  const { world, rng } = turn;
  const out = world.assets.filter((asset) => isTripped(world, asset));
  if (out.length === 0 && rng.chance(95)) return post(turn);
  const asset = rng.pick(out.length > 0 ? out : world.assets);
  const answer = world.call(world.guardian, "pool-oracle", "reset-breaker", principal(asset));
  return told("resetBreaker", world.guardian, "reset-breaker", answer, { judged: answer.ok ? [asset] : [] });
}

function manual({ world, rng, ghost }) {
  const asset = rng.pick(world.assets);
  const { deployer } = world.machine;
  if (rng.chance(30)) {
    const answer = world.call(deployer, "pool-oracle", "clear-manual-price", principal(asset));
    if (answer.ok) ghost.oracle.said[asset].delete("manual");
    return told("manual", deployer, "clear-manual-price", answer);
  }
  const price = (ghost.oracle.truth[asset] * BigInt(rng.between(9_950, 10_050))) / 10_000n;
  const secs = BigInt(rng.pick([600, 3_600, 20_000]));
  const answer = world.call(deployer, "pool-oracle", "set-manual-price", principal(asset), uint(price), uint(secs));
  const at = world.machine.time;
  if (answer.ok) ghost.oracle.said[asset].set("manual", { price, at, until: at + secs });
  return told("manual", deployer, "set-manual-price", answer);
}

export const PRICE_ACTIONS = {
  market: { act: market, weight: 12 },
  post: { act: post, weight: 12 },
  observe: { act: observe, weight: 2 },
  resetBreaker: { act: resetBreaker, weight: 2 },
  manual: { act: manual, weight: 1 },
};
