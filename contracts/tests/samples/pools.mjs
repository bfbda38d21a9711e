// Plays sample rows of Velar's pool 70 and of Bitflow's WELSH pool against the doubles, straight and through our adapters.

import { Cl } from "@stacks/transactions";

import { Desk } from "./adapters.mjs";
import { fund } from "./rows.mjs";
import * as venues from "./venues.mjs";

const { act, outcome, principal, read } = venues;
const uint = (text) => Cl.uint(BigInt(text));
/** The adapters take no amount above it. */
const MAX_AMOUNT = 10n ** 16n;

// --- Velar, second generation ---

function setPool70(simnet, row) {
  if (read(simnet, venues.POOL_70, "do-get-pool", []).token0 !== venues.WSTX) venues.openPool70(simnet, 0n, 0n);
  const fee = (name) => Cl.tuple({ num: uint(row[`${name}_num`]), den: uint(row[`${name}_den`]) });
  act(simnet, venues.FEES_70, "set-fees-for-test", [fee("swap_fee"), fee("protocol_fee")]);
  act(simnet, venues.POOL_70, "set-reserves-for-test", [uint(row.reserve0), uint(row.reserve1)]);
  fund(simnet, "STX", BigInt(row.reserve0), venues.POOL_70);
  fund(simnet, venues.TOKEN.SBTC, BigInt(row.reserve1), venues.POOL_70);
}

const reservesAfter = (simnet) => {
  const { reserve0, reserve1 } = read(simnet, venues.POOL_70, "do-get-pool", []);
  return { reserve0_after: reserve0, reserve1_after: reserve1 };
};

export function playPool70(simnet, row) {
  const trader = simnet.getAccounts().get("wallet_1");
  setPool70(simnet, row);
  const sellsStx = row.direction === "0_for_1";
  fund(simnet, sellsStx ? "STX" : venues.TOKEN.SBTC, BigInt(row.amt_in), trader);
  const ends = (sellsStx ? [venues.WSTX, venues.TOKEN.SBTC] : [venues.TOKEN.SBTC, venues.WSTX]).map(principal);

  const fees = outcome(() => simnet.callReadOnlyFn(venues.FEES_70, "calc-fees", [uint(row.amt_in)], trader));
  const answer = outcome(() =>
    simnet.callPublicFn(venues.POOL_70, "swap", [...ends, principal(venues.FEES_70), uint(row.amt_in), uint(row.amt_out_min)], trader),
  );
  const paid = answer["amt-out"] !== undefined;
  return {
    calc_fees: split(fees),
    swap_out: paid ? answer["amt-out"] : answer,
    amt_in_adjusted: paid ? answer["amt-in-adjusted"] : null,
    amt_fee_lps: paid ? answer["amt-fee-lps"] : null,
    amt_fee_protocol: paid ? answer["amt-fee-protocol"] : null,
    ...reservesAfter(simnet),
  };
}

function split(fees) {
  if (fees["amt-in-adjusted"] === undefined) return fees;
  return {
    amt_in_adjusted: fees["amt-in-adjusted"],
    amt_fee_lps: fees["amt-fee-lps"],
    amt_fee_protocol: fees["amt-fee-protocol"],
  };
}

export function playPool70Adapter(simnet, row) {
  setPool70(simnet, row);
  const [from, to] = row.direction === "0_for_1" ? ["STX", "SBTC"] : ["SBTC", "STX"];
  return { ...throughAdapter(simnet, "velar-pool-adapter", from, to, row.amt_in, row.amt_out_min), ...reservesAfter(simnet) };
}

/** What our adapter has to make of a row: the venue's numbers, and our names for its refusals. */
export function expectPool70(row, errors) {
  const [reserveIn, reserveOut] = (row.direction === "0_for_1" ? [row.reserve0, row.reserve1] : [row.reserve1, row.reserve0]).map(BigInt);
  const net = BigInt(row.calc_fees.amt_in_adjusted ?? 0n);
  const out = reserveIn + net === 0n ? 0n : (net * reserveOut) / (reserveIn + net);
  return ours(out, BigInt(row.amt_in), BigInt(row.amt_out_min), row.swap_out, errors);
}

// --- Bitflow, constant product ---

function setXykPool(simnet, symbol, row) {
  const pool = principal(venues.XYK_POOL[symbol]);
  if (!read(simnet, venues.XYK_POOL[symbol], "get-pool", [])["pool-created"]) venues.openXykPool(simnet, symbol, 0n, 0n);
  act(simnet, venues.XYK, "set-x-fees", [pool, uint(row.x_protocol_fee_bps), uint(row.x_provider_fee_bps)]);
  act(simnet, venues.XYK, "set-y-fees", [pool, uint(row.y_protocol_fee_bps), uint(row.y_provider_fee_bps)]);
  act(simnet, venues.XYK, "set-balances-for-test", [pool, uint(row.x_balance), uint(row.y_balance)]);
  fund(simnet, venues.TOKEN[symbol], BigInt(row.x_balance), venues.XYK_POOL[symbol]);
  fund(simnet, "STX", BigInt(row.y_balance), venues.XYK_POOL[symbol]);
}

const balancesAfter = (simnet, symbol) => {
  const pool = read(simnet, venues.XYK_POOL[symbol], "get-pool", []);
  return { x_balance_after: pool["x-balance"], y_balance_after: pool["y-balance"] };
};

export function playXyk(simnet, row, symbol = "WELSH") {
  const trader = simnet.getAccounts().get("wallet_1");
  setXykPool(simnet, symbol, row);
  const sellsX = row.direction === "x_for_y";
  fund(simnet, sellsX ? venues.TOKEN[symbol] : "STX", BigInt(row.amount), trader);
  const ends = [venues.XYK_POOL[symbol], venues.TOKEN[symbol], venues.BITFLOW_STX].map(principal);

  const quote = outcome(() => simnet.callPublicFn(venues.XYK, sellsX ? "get-dy" : "get-dx", [...ends, uint(row.amount)], trader));
  let events = [];
  const swap_out = outcome(() => {
    const answer = simnet.callPublicFn(venues.XYK, sellsX ? "swap-x-for-y" : "swap-y-for-x", [...ends, uint(row.amount), uint(row.min_out)], trader);
    events = answer.events;
    return answer;
  });
  const said = events
    .filter(({ event }) => event === "print_event")
    .map(({ data }) => venues.plain(data.value))
    .find(({ action }) => action?.startsWith("swap"))?.data;
  const side = sellsX ? "x" : "y";
  return {
    quote,
    swap_out,
    fees_protocol: said?.[`${side}-amount-fees-protocol`] ?? null,
    fees_provider: said?.[`${side}-amount-fees-provider`] ?? null,
    ...balancesAfter(simnet, symbol),
  };
}

export function playXykAdapter(simnet, row, symbol = "WELSH") {
  setXykPool(simnet, symbol, row);
  const [from, to] = row.direction === "x_for_y" ? [symbol, "STX"] : ["STX", symbol];
  return { ...throughAdapter(simnet, "bitflow-xyk-adapter", from, to, row.amount, row.min_out), ...balancesAfter(simnet, symbol) };
}

export function expectXyk(row, errors) {
  const sellsX = row.direction === "x_for_y";
  const [balanceIn, balanceOut] = (sellsX ? [row.x_balance, row.y_balance] : [row.y_balance, row.x_balance]).map(BigInt);
  const amount = BigInt(row.amount);
  const part = (fee) => (amount * BigInt(row[`${sellsX ? "x" : "y"}_${fee}_fee_bps`])) / 10_000n;
  const net = amount - part("protocol") - part("provider");
  const out = balanceIn + net === 0n ? 0n : (balanceOut * net) / (balanceIn + net);
  return ours(out, amount, BigInt(row.min_out), row.swap_out, errors);
}

// --- both ---

function throughAdapter(simnet, adapter, from, to, amount, minOut) {
  const desk = new Desk(adapter);
  if (BigInt(amount) <= MAX_AMOUNT && from === "STX") fund(simnet, "STX", BigInt(amount), desk.trader);
  const before = [desk.holds(from), desk.holds(to)];
  const quote = outcome(() => desk.ask(from, to, BigInt(amount)));
  const swap_out = desk.swap(from, to, BigInt(amount), BigInt(minOut));
  return { quote, swap_out, spent: before[0] - desk.holds(from), arrived: desk.holds(to) - before[1] };
}

/** `out` is the curve's answer; the venue's own has to agree wherever it gives one. */
function ours(out, amount, minOut, swapOut, errors) {
  const refuse = (code) => ({ err: code });
  if (amount > MAX_AMOUNT) return { quote: refuse(errors.ERR_TOO_LARGE), swap_out: refuse(errors.ERR_TOO_LARGE) };
  if (swapOut.panic) return { quote: swapOut, swap_out: swapOut };
  if (out === 0n) return { quote: refuse(errors.ERR_DUST), swap_out: refuse(errors.ERR_DUST) };
  if (minOut > out) return { quote: String(out), swap_out: refuse(errors.ERR_SLIPPAGE) };
  // A minimum of zero, which the venue refuses, is the one case in which the adapter does more than it.
  return { quote: String(out), swap_out: minOut > 0n ? swapOut : String(out) };
}
