// What the tests of the oracle share: its launch assets with their sources, calls by name, and a clock.

import { Cl } from "@stacks/transactions";

import { assets } from "./adapters.mjs";
import * as venues from "./venues.mjs";

const { FACTOR, WRAPPED, act, outcome, plain, principal } = venues;
export const E12 = 10n ** 12n;
export const MAX_UINT = 2n ** 128n - 1n;
export const BOUNDS = { least: 2n, age: 1_200n, spread: 1_000n, jump: 1_000n };
export const STX_USD = 472_400_000_000n;
// What the pools that openLaunchPools opens say, STX per whole token.
export const ON_CHAIN = { ALEX: 44_444_444_444n, WELSH: 1_666_666_666n, DIKO: 17_777_777_777n, STSTX: 1_090_000_000_000n };
export const [reporter, guardian, stranger] = ["wallet_3", "wallet_4", "wallet_5"].map((name) => () => simnet.getAccounts().get(name));
export const oracle = () => `${simnet.deployer}.pool-oracle`;
export const asset = (symbol) => principal(assets()[symbol] ?? symbol);
export const refused = (code) => ({ err: code });
export const fee = Cl.tuple({ num: Cl.uint(997), den: Cl.uint(1000) });

let heard = [];
/** Topics and events of the last call. */
export const topics = () => heard.map(({ topic }) => topic);
export const event = (topic) => heard.find((one) => one.topic === topic);

export function callTo(contract, name, args, sender = simnet.deployer) {
  return outcome(() => {
    const answer = simnet.callPublicFn(contract, name, args, sender);
    heard = answer.events.filter((one) => one.event === "print_event").map(({ data }) => plain(data.value));
    return answer;
  });
}
export const call = (name, args, sender) => callTo(oracle(), name, args, sender);
export const read = (name, ...args) => venues.read(simnet, oracle(), name, args);
export const readOf = (contract, name, ...args) => venues.read(simnet, `${simnet.deployer}.${contract}`, name, args);

export const now = () => BigInt(read("get-consensus-price", asset("STX"))["oldest-at"]);
export const consensus = (symbol) => read("get-consensus-price", asset(symbol));
export const accepted = (symbol) => read("get-accepted", asset(symbol));
export const sources = (symbol) =>
  Object.fromEntries(read("get-sources", asset(symbol)).map(({ source, price, at }) => [source, { price: BigInt(price), at: BigInt(at) }]));
export const grant = (who, role) => act(simnet, `${simnet.deployer}.pool-access`, "grant-role", [principal(who), Cl.stringAscii(role)]);
export const boundsOf = ({ least, age, spread, jump }) =>
  Cl.tuple({ "min-sources": Cl.uint(least), "max-age-secs": Cl.uint(age), "max-spread-bps": Cl.uint(spread), "max-jump-bps": Cl.uint(jump) });
export const configure = (symbol, bounds = BOUNDS, sender = simnet.deployer) => call("set-asset", [asset(symbol), boundsOf(bounds)], sender);
export const rows = (...list) => [Cl.list(list.map(([symbol, price, at]) => Cl.tuple({ asset: asset(symbol), price: Cl.uint(price), at: Cl.uint(at ?? now()) })))];
export const post = (...list) => call("post-prices", rows(...list), reporter());
export const observe = (...symbols) => call("observe", [Cl.list(symbols.map(asset))], stranger());

export const hop = (x, y, factor = FACTOR.product, invert = true) =>
  Cl.tuple({ x: principal(WRAPPED[x]), y: principal(WRAPPED[y]), factor: Cl.uint(factor), invert: Cl.bool(invert) });
export const alexSource = (symbol, ...hops) => call("set-alex-source", [asset(symbol), Cl.list(hops)]);
export const velarSource = (symbol, id = 1, invert = false) => call("set-velar-source", [asset(symbol), Cl.uint(id), Cl.bool(invert)]);
export const diaSource = (symbol, key) => call("set-dia-source", [asset(symbol), Cl.stringAscii(key)]);
export const remove = (symbol, source) => call("remove-source", [asset(symbol), Cl.stringAscii(source)]);
export const manual = (symbol, price, secs, sender) => call("set-manual-price", [asset(symbol), Cl.uint(price), Cl.uint(secs)], sender);
export const dia = (key, usd8, atSecs) => act(simnet, venues.DIA, "set-value", [Cl.stringAscii(key), Cl.uint(usd8), Cl.uint(atSecs * 1_000n)]);
export const setVelar = (stx, welsh) => act(simnet, venues.CORE, "set-pool-for-test", [Cl.uint(1), Cl.uint(stx), Cl.uint(welsh), fee, fee, fee]);

export function setReserves(a, b, x, y, factor = FACTOR.product) {
  const key = [principal(WRAPPED[a]), principal(WRAPPED[b]), Cl.uint(factor)];
  const record = simnet.callReadOnlyFn(venues.REGISTRY, "get-pool-details", key, simnet.deployer).result.value.value;
  act(simnet, venues.REGISTRY, "update-pool", [...key, Cl.tuple({ ...record, "balance-x": Cl.uint(x), "balance-y": Cl.uint(y) })]);
}

/** How far the block of the next public call is ahead of what a read-only call sees. */
export function ahead() {
  const name = "clock-probe";
  if (simnet.getContractSource(`${simnet.deployer}.${name}`) === undefined) {
    simnet.deployContract(name, "(define-public (tell) (ok stacks-block-time))", { clarityVersion: 4 }, simnet.deployer);
  }
  const before = now();
  return BigInt(act(simnet, `${simnet.deployer}.${name}`, "tell", [])) - before;
}

/** Lets time pass until the next call runs at that second. */
export function waitUntil(second) {
  while (now() + 700n <= second) simnet.mineEmptyBurnBlocks(1);
  while (now() + 10n < second) simnet.mineEmptyStacksBlocks(1);
}
export const wait = (secs) => waitUntil(now() + 10n + BigInt(secs));

/** Long enough for an average to start again with the next observation. */
export const silence = () => wait(1_000);

/** A silence and then fifteen minutes of observations, after which the averages stand where the pools stand. */
export function watch(...symbols) {
  for (const gap of [1_000, 450, 450]) {
    wait(gap);
    observe(...(symbols.length > 0 ? symbols : Object.keys(ON_CHAIN)));
  }
}

/** The launch assets with their bounds, the sources they have at launch, and a reporter and a guardian. */
export function openOracle() {
  if (globalThis.moment) moment("openOracle", openOracleAfresh);
  else openOracleAfresh();
}

function openOracleAfresh() {
  venues.openLaunchPools(simnet);
  grant(reporter(), "reporter");
  grant(guardian(), "emergency");
  for (const symbol of ["STX", ...Object.keys(ON_CHAIN)]) configure(symbol);
  alexSource("ALEX", hop("STX", "ALEX"));
  alexSource("WELSH", hop("STX", "WELSH"));
  alexSource("DIKO", hop("STX", "ALEX"), hop("ALEX", "DIKO"));
  alexSource("STSTX", hop("STX", "STSTX"));
  velarSource("WELSH");
  call("set-ratio-source", [asset("STSTX")]);
  diaSource("STX", "STX/USD");
}
