// Plays one sample row of recorded swaps against the doubles and reports every field a row states.

import { Cl } from "@stacks/transactions";

import * as venues from "./venues.mjs";

const { act, balance, mint, outcome, principal, read } = venues;
const NEVER = 2n ** 128n - 1n;
const ALEX_TOKENS = {
  "token-wstx-v2": { id: venues.WRAPPED.STX, native: "STX" },
  "token-alex": { id: venues.WRAPPED.ALEX, native: venues.TOKEN.ALEX },
  "token-wcorgi": { id: venues.WRAPPED.WELSH, native: venues.TOKEN.WELSH },
};
const VELAR_TOKENS = { wstx: venues.WSTX, "welshcorgicoin-token": venues.TOKEN.WELSH };
const VELAR_NATIVE = { wstx: "STX", "welshcorgicoin-token": venues.TOKEN.WELSH };
const POOL_FIELDS = [
  "balance_x",
  "balance_y",
  "fee_rate_x",
  "fee_rate_y",
  "fee_rebate",
  "max_in_ratio",
  "max_out_ratio",
  "threshold_x",
  "threshold_y",
  "oracle_average",
  "oracle_resilient",
];
const uint = (text) => Cl.uint(BigInt(text));
const optional = (text) => (text === null ? Cl.none() : Cl.some(uint(text)));

export const playsAlex = (row) => row.token_x in ALEX_TOKENS && row.token_y in ALEX_TOKENS;
export const playsVelar = (row) => row.token0 in VELAR_TOKENS && row.token1 in VELAR_TOKENS;

/** Mints `native` to a holder; STX by way of the faucet. */
export function fund(simnet, native, amount, holder) {
  if (amount === 0n) return;
  if (native !== "STX") return mint(simnet, native, amount, holder);
  const mintedTo = simnet.getAccounts().get("faucet");
  simnet.mintSTX(mintedTo, amount);
  if (holder !== mintedTo) simnet.transferSTX(amount, holder, mintedTo);
}

function setAlexPool(simnet, pool) {
  const [x, y] = [ALEX_TOKENS[pool.token_x].id, ALEX_TOKENS[pool.token_y].id].map(principal);
  const key = [x, y, uint(pool.factor)];
  if (read(simnet, venues.REGISTRY, "get-pool-exists", key) === null) {
    act(simnet, venues.REGISTRY, "remove-pool-for-test", [y, x, uint(pool.factor)]);
    act(simnet, venues.REGISTRY, "create-pool", [...key, principal(simnet.deployer)]);
  }
  const id = read(simnet, venues.REGISTRY, "get-pool-details", key)["pool-id"];
  const record = {
    "pool-id": uint(id),
    "total-supply": Cl.uint(1),
    "pool-owner": principal(simnet.deployer),
    "start-block": Cl.uint(0),
    "end-block": Cl.uint(NEVER),
    "oracle-enabled": Cl.bool(pool.oracle_enabled),
  };
  for (const field of POOL_FIELDS) {
    record[field.replaceAll("_", "-")] = uint(pool[field]);
  }
  act(simnet, venues.REGISTRY, "update-pool", [...key, Cl.tuple(record)]);
  return key;
}

function alexState(simnet, key) {
  const after = read(simnet, venues.REGISTRY, "get-pool-details", key);
  return {
    balance_x: after["balance-x"],
    balance_y: after["balance-y"],
    oracle_resilient: after["oracle-resilient"],
  };
}

function firstSwapEvent(events) {
  return events
    .filter(({ event }) => event === "print_event")
    .map(({ data }) => venues.plain(data.value))
    .find(({ action }) => action?.startsWith("swap"));
}

/** Enough on both sides that only the pool's own rules can refuse. */
function fundAlexTrade(simnet, natives, trader, amount) {
  for (const native of new Set(natives)) {
    fund(simnet, native, amount, trader);
    fund(simnet, native, 10n ** 22n, venues.VAULT);
  }
}

export function playAlex(simnet, row) {
  const trader = simnet.getAccounts().get("wallet_1");
  const key = setAlexPool(simnet, row);
  const forward = row.direction === "x_for_y";
  const [source, target] = forward
    ? [ALEX_TOKENS[row.token_x], ALEX_TOKENS[row.token_y]]
    : [ALEX_TOKENS[row.token_y], ALEX_TOKENS[row.token_x]];
  fundAlexTrade(simnet, [source.native, target.native], trader, BigInt(row.dx));
  const before = [source, target].map(({ native }) => balance(simnet, native, trader));

  const ends = [principal(source.id), principal(target.id), uint(row.factor)];
  const get_helper = outcome(() => simnet.callReadOnlyFn(venues.POOL, "get-helper", [...ends, uint(row.dx)], trader));
  let events = [];
  const swap_out = outcome(() => {
    const answer = simnet.callPublicFn(venues.POOL, "swap-helper", [...ends, uint(row.dx), optional(row.min_dy)], trader);
    events = answer.events;
    return answer;
  });
  const after = [source, target].map(({ native }) => balance(simnet, native, trader));
  const paid = typeof swap_out === "string";
  const event = firstSwapEvent(events);
  const state = alexState(simnet, key);
  return {
    get_helper,
    swap_out,
    fee: paid ? event.fee : null,
    fee_rebate_amount: paid ? event["fee-rebate"] : null,
    native_in: paid ? String(before[0] - after[0]) : null,
    native_out: paid ? String(after[1] - before[1]) : null,
    balance_x_after: state.balance_x,
    balance_y_after: state.balance_y,
    oracle_resilient_after: state.oracle_resilient,
  };
}

export const playsHops = (row) => playsAlex(row.pool1) && playsAlex(row.pool2);

export function playHops(simnet, row) {
  const trader = simnet.getAccounts().get("wallet_1");
  const key1 = setAlexPool(simnet, row.pool1);
  const key2 = row.same_pool ? key1 : setAlexPool(simnet, row.pool2);
  const route = [row.token_a, row.token_b, row.token_c].map((name) => ALEX_TOKENS[name]);
  fundAlexTrade(simnet, route.map(({ native }) => native), trader, BigInt(row.dx));

  const ends = [...route.map(({ id }) => principal(id)), uint(row.pool1.factor), uint(row.pool2.factor), uint(row.dx)];
  const get_helper_a = outcome(() => simnet.callReadOnlyFn(venues.POOL, "get-helper-a", ends, trader));
  let events = [];
  const swap_out = outcome(() => {
    const answer = simnet.callPublicFn(venues.POOL, "swap-helper-a", [...ends, optional(row.min_dz)], trader);
    events = answer.events;
    return answer;
  });
  const paid = typeof swap_out === "string";
  const moves = events
    .filter(({ event }) => event === "ft_transfer_event" || event === "stx_transfer_event")
    .map(({ data }) => ({ dir: data.sender === trader ? "in" : "out", amount: String(data.amount) }));
  const first = firstSwapEvent(events);
  return {
    get_helper_a,
    swap_out,
    hop1_out: paid ? first[first.action === "swap-x-for-y" ? "dy" : "dx"] : null,
    native_moves: paid ? moves : null,
    pool1_after: alexState(simnet, key1),
    pool2_after: alexState(simnet, key2),
  };
}

export function playVelar(simnet, row) {
  const trader = simnet.getAccounts().get("wallet_1");
  const tokens = [VELAR_TOKENS[row.token0], VELAR_TOKENS[row.token1]].map(principal);
  const id =
    read(simnet, venues.CORE, "get-pool-id", tokens) ??
    act(simnet, venues.CORE, "create-pool-for-test", [...tokens, Cl.uint(0), Cl.uint(0)]);
  const fee = (name) => Cl.tuple({ num: uint(row[`${name}_num`]), den: uint(row[`${name}_den`]) });
  act(simnet, venues.CORE, "set-pool-for-test", [uint(id), uint(row.reserve0), uint(row.reserve1), fee("swap_fee"), fee("protocol_fee"), fee("share_fee")]);
  const forward = row.direction === "0_for_1";
  const [tokenIn, tokenOut] = forward ? tokens : [...tokens].reverse();
  const natives = [VELAR_NATIVE[row.token0], VELAR_NATIVE[row.token1]];
  fund(simnet, natives[forward ? 0 : 1], BigInt(row.amt_in), trader);
  fund(simnet, natives[forward ? 1 : 0], BigInt(forward ? row.reserve1 : row.reserve0), venues.CORE);

  const reserves = forward ? [row.reserve0, row.reserve1] : [row.reserve1, row.reserve0];
  const quote = outcome(() => simnet.callReadOnlyFn(venues.LIBRARY, "get-amount-out", [uint(row.amt_in), ...reserves.map(uint), fee("swap_fee")], trader));
  const quote_path = outcome(() => simnet.callReadOnlyFn(venues.PATH, "amount-out", [uint(row.amt_in), tokenIn, tokenOut], trader));
  const receiver = principal(venues.SHARE_FEE_TO);
  const answer = outcome(() =>
    row.entry === "router"
      ? simnet.callPublicFn(venues.ROUTER, "swap-exact-tokens-for-tokens", [uint(id), ...tokens, tokenIn, tokenOut, receiver, uint(row.amt_in), uint(row.amt_out_min)], trader)
      : simnet.callPublicFn(venues.PATH, "do-swap", [uint(row.amt_in), tokenIn, tokenOut, receiver], trader),
  );
  const paid = answer["amt-out"] !== undefined;
  const after = read(simnet, venues.CORE, "get-pool", [uint(id)]);
  return {
    quote,
    quote_path,
    swap_out: paid ? answer["amt-out"] : answer,
    amt_in_adjusted: paid ? answer["amt-in-adjusted"] : null,
    amt_fee_lps: paid ? answer["amt-fee-lps"] : null,
    amt_fee_protocol: paid ? answer["amt-fee-protocol"] : null,
    amt_fee_share: paid ? answer["amt-fee-share"] : null,
    amt_fee_rest: paid ? answer["amt-fee-rest"] : null,
    reserve0_after: after.reserve0,
    reserve1_after: after.reserve1,
  };
}
