// What a launch consists of, for any network: which tokens, prices, venues and pools, in the order of the calls.
// Principals are the real ones of mainnet; `ours` names a contract of the deployer.

import { ASSETS } from "../../devnet/assets.mjs";

const ALEX = "SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM";
const CONSTANT_PRODUCT = 100_000_000n;
const SBTC = { contract: "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token", decimals: 8 };

const asset = (symbol) => (symbol === "STX" ? ours("stx-token") : literal((symbol === "sBTC" ? SBTC : ASSETS[symbol]).contract));
const literal = (principal) => `'${principal}`;
/** A contract of the deployer; the address is filled in by the plan. */
export const ours = (name) => `'@.${name}`;
const whom = (role) => `'@${role}`;
const text = (value) => `"${value}"`;
const uint = (value) => `u${value}`;
const tuple = (fields) => `{ ${Object.entries(fields).map(([key, value]) => `${key}: ${value}`).join(", ")} }`;
const list = (items) => `(list ${items.join(" ")})`;

export const ADAPTERS = ["alex-adapter", "velar-adapter", "velar-pool-adapter", "bitflow-xyk-adapter", "bitflow-stable-adapter"];
const TOKENS = { ALEX: 8, DIKO: 6, WELSH: 6, stSTX: 6, sBTC: 8 };

/** Two sources that agree within 3 %, none older than 30 minutes; a jump of 10 % stops everything. */
const BOUNDS = { "min-sources": 2n, "max-age-secs": 1_800n, "max-spread-bps": 300n, "max-jump-bps": 1_000n };

/** Feeds of Pyth Lazer, in USD, and the widest confidence that counts. */
const LAZER_FEEDS = { STX: 45n, sBTC: 1n };
const MAX_CONFIDENCE_BPS = 50n;

// The venue says y per x in the pool's own order, STX first, and the price wanted is STX per token: inverted.
const hop = (x, y) => tuple({ x: literal(x), y: literal(y), factor: uint(CONSTANT_PRODUCT), invert: "true" });
const WSTX = `${ALEX}.token-wstx-v2`;
const ALEX_HOPS = {
  ALEX: [hop(WSTX, `${ALEX}.token-alex`)],
  WELSH: [hop(WSTX, `${ALEX}.token-wcorgi`)],
  DIKO: [hop(WSTX, `${ALEX}.token-alex`), hop(`${ALEX}.token-alex`, `${ALEX}.token-wdiko`)],
};

export const POOLS = [
  { name: "DeFi Whale Index", symbol: "DEFIW", share: "pool-share-1", bps: { STX: 6_000, ALEX: 3_000, DIKO: 1_000 } },
  { name: "Meme Whale Portfolio", symbol: "MEMEW", share: "pool-share-2", bps: { STX: 5_000, WELSH: 5_000 } },
  { name: "Conservative Stacker", symbol: "STACK", share: "pool-share-3", bps: { stSTX: 9_000, STX: 1_000 } },
];
const LAUNCH_CAP_USD = 25_000;

// Testnet has no venues: small ones of 100 STX a side are opened in the doubles, at round prices.
const EIGHT_DECIMALS = 100_000_000n;
const SIDE_STX = 100n;
const ALEX_POOLS = [
  [WSTX, `${ALEX}.token-alex`, SIDE_STX, 15n * SIDE_STX],
  [WSTX, `${ALEX}.token-wcorgi`, SIDE_STX, 800n * SIDE_STX],
  [`${ALEX}.token-alex`, `${ALEX}.token-wdiko`, 15n * SIDE_STX, 40n * SIDE_STX],
];
const VELAR = "SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1";
const RATIO = "SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.block-info-nakamoto-ststx-ratio-v2";
const MINTED = 10n ** 15n;
const RATIO_6 = 1_090_000n;

/** [contract, function, arguments] that give the doubles a market; the contracts are outside ones. */
export function marketCalls() {
  return [
    ...["ALEX", "DIKO", "WELSH", "stSTX"].map((symbol) => [ASSETS[symbol].contract, "mint-for-test", [uint(MINTED), whom("deployer")]]),
    ...ALEX_POOLS.map(([x, y, wholeX, wholeY]) => [
      `${ALEX}.amm-pool-v2-01`,
      "open-pool-for-test",
      [literal(x), literal(y), uint(CONSTANT_PRODUCT), uint(wholeX * EIGHT_DECIMALS), uint(wholeY * EIGHT_DECIMALS)],
    ]),
    [
      `${VELAR}.univ2-core`,
      "create-pool-for-test",
      [literal(`${VELAR}.wstx`), asset("WELSH"), uint(SIDE_STX * 1_000_000n), uint(800n * SIDE_STX * 1_000_000n)],
    ],
    [RATIO, "set-ratio-for-test", [uint(RATIO_6)]],
  ];
}

/** [contract, function, arguments] of every call, in order; the deployer makes them all. */
export function launchCalls() {
  return [...roles(), ...registrations(), ...sources(), ...pools(), ...handOver()];
}

function roles() {
  const people = ["keeper", "reporter", "emergency", "guardian"].map((role) => [whom(role), role]);
  const grants = [...people, [ours("pool-rebalancer"), "rebalancer"], [whom("deployer"), "creator"]];
  return grants.map(([who, role]) => ["pool-access", "grant-role", [who, text(role)]]);
}

function registrations() {
  return [
    ...Object.entries(TOKENS).map(([symbol, decimals]) => ["whale-pool-vault", "register-asset", [asset(symbol), uint(decimals)]]),
    ["whale-pool-vault", "register-asset", [ours("flow-token"), uint(6)]],
    ...ADAPTERS.map((name) => ["whale-pool-vault", "admit-adapter", [ours(name)]]),
    ["whale-pool-vault", "set-fee-account", [ours("fee-treasury")]],
    ["whale-pool-vault", "set-insurance-account", [ours("insurance-fund")]],
  ];
}

function sources() {
  const bounds = tuple(Object.fromEntries(Object.entries(BOUNDS).map(([key, value]) => [key, uint(value)])));
  return [
    ...["STX", ...Object.keys(TOKENS)].map((symbol) => ["pool-oracle", "set-asset", [asset(symbol), bounds]]),
    ...Object.entries(LAZER_FEEDS).map(([symbol, feed]) => ["pool-oracle", "set-lazer-source", [asset(symbol), uint(feed), uint(MAX_CONFIDENCE_BPS)]]),
    ["pool-oracle", "set-dia-source", [asset("STX"), text("STX/USD")]],
    ["pool-oracle", "set-dia-source", [asset("sBTC"), text("BTC/USD")]],
    ...Object.entries(ALEX_HOPS).map(([symbol, hops]) => ["pool-oracle", "set-alex-source", [asset(symbol), list(hops)]]),
    ["pool-oracle", "set-velar-source", [asset("WELSH"), uint(1), "false"]],
    ["pool-oracle", "set-ratio-source", [asset("stSTX")]],
  ];
}

function pools() {
  return POOLS.map(({ name, symbol, share, bps }) => {
    const targets = list(Object.entries(bps).map(([each, part]) => tuple({ asset: asset(each), bps: uint(part) })));
    return ["whale-pool-vault", "create-pool", [text(name), text(symbol), ours(share), targets, uint(LAUNCH_CAP_USD)]];
  });
}

// Last: from here on only a vote changes anything, so FLOW has to be staked first.
function handOver() {
  return [
    ["pool-access", "revoke-role", [whom("deployer"), text("creator")]],
    ["pool-access", "hand-over", [ours("pool-governance")]],
  ];
}
