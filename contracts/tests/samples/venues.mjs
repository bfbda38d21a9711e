// Sets up and reads the venue doubles, for the tests of the doubles and of what stands on them.

import { Cl, ClarityType } from "@stacks/transactions";

export const ALEX = "SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM";
export const VELAR = "SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1";
export const POOL = `${ALEX}.amm-pool-v2-01`;
export const REGISTRY = `${ALEX}.amm-registry-v2-01`;
export const VAULT = `${ALEX}.amm-vault-v2-01`;
export const CORE = `${VELAR}.univ2-core`;
export const ROUTER = `${VELAR}.univ2-router`;
export const LIBRARY = `${VELAR}.univ2-library`;
export const PATH = `${VELAR}.univ2-path2`;
export const SHARE_FEE_TO = `${VELAR}.univ2-share-fee-to`;
const BITFLOW = "SM1793C4R5PZ4NS4VQ4WMP7SKKYVH8JZEWSZ9HCCR";
export const XYK = `${BITFLOW}.xyk-core-v-1-2`;
export const XYK_POOL = { SBTC: `${BITFLOW}.xyk-pool-sbtc-stx-v-1-1`, WELSH: `${BITFLOW}.xyk-pool-welsh-stx-v-1-1` };
export const STABLE = `${BITFLOW}.stableswap-core-v-1-4`;
export const STABLE_POOL = `${BITFLOW}.stableswap-pool-stx-ststx-v-1-4`;
export const BITFLOW_STX = `${BITFLOW}.token-stx-v-1-2`;
const VELAR_POOLS = "SP20X3DC5R091J8B6YPQT638J8NR1W83KN6TN5BJY";
export const POOL_70 = `${VELAR_POOLS}.univ2-pool-v1_0_0-0070`;
export const FEES_70 = `${VELAR_POOLS}.univ2-fees-v1_0_0-0070`;
export const DIA = "SP1G48FZ4Y7JY8G2Z0N51QTCYGBQ6F4J43J77BQC0.dia-oracle";
export const RATIO = "SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.block-info-nakamoto-ststx-ratio-v2";

export const TOKEN = {
  ALEX: `${ALEX}.token-alex`,
  DIKO: "SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.arkadiko-token",
  WELSH: "SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token",
  STSTX: "SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token",
  SBTC: "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token",
};
export const WRAPPED = {
  STX: `${ALEX}.token-wstx-v2`,
  ALEX: `${ALEX}.token-alex`,
  WELSH: `${ALEX}.token-wcorgi`,
  DIKO: `${ALEX}.token-wdiko`,
  STSTX: "SP1E0XBN9T4B10E9QMR7XMFJPMA19D77WY3KP2QKC.token-wststx",
};
export const WSTX = `${VELAR}.wstx`;
export const FACTOR = { product: 100_000_000n, stable: 5_000_000n };

export function principal(id) {
  const [address, name] = id.split(".");
  return name === undefined ? Cl.standardPrincipal(address) : Cl.contractPrincipal(address, name);
}

/** A Clarity answer in the shape of the sample rows: "123", {err: "2011"}, or a plain object. */
export function plain(value) {
  switch (value.type) {
    case ClarityType.UInt:
    case ClarityType.Int:
      return String(value.value);
    case ClarityType.ResponseOk:
    case ClarityType.OptionalSome:
      return plain(value.value);
    case ClarityType.ResponseErr:
      return { err: plain(value.value) };
    case ClarityType.OptionalNone:
      return null;
    case ClarityType.BoolTrue:
      return true;
    case ClarityType.BoolFalse:
      return false;
    case ClarityType.Tuple:
      return Object.fromEntries(Object.entries(value.value).map(([key, item]) => [key, plain(item)]));
    case ClarityType.List:
      return value.value.map(plain);
    default:
      return value.value;
  }
}

/** Runs a call; an abort of the virtual machine becomes {panic: true}. */
export function outcome(call) {
  try {
    return plain(call().result);
  } catch (thrown) {
    if (/not a read-only|unresolved|no such|expecting/i.test(String(thrown))) throw thrown;
    return { panic: true };
  }
}

function move(simnet, fn, contract, args, sender) {
  const result = plain(fn.call(simnet, contract, ...args, sender).result);
  if (result?.err !== undefined) throw new Error(`${contract} ${args[0]}: ${JSON.stringify(result)}`);
  return result;
}

/** A public call that has to succeed. */
export function act(simnet, contract, name, args, sender = simnet.deployer) {
  return move(simnet, simnet.callPublicFn, contract, [name, args], sender);
}

export function read(simnet, contract, name, args) {
  return plain(simnet.callReadOnlyFn(contract, name, args, simnet.deployer).result);
}

// sBTC is the real token; what it lets mint and lock is a contract of this name at its own address.
const SBTC_DEPOSIT = `
(define-public (mint (amount uint) (to principal))
  (contract-call? .sbtc-token protocol-mint amount to 0x01)
)
(define-public (lock (amount uint) (owner principal))
  (contract-call? .sbtc-token protocol-lock amount owner 0x01)
)`;

function sbtcDeposit(simnet) {
  const [address] = TOKEN.SBTC.split(".");
  const id = `${address}.sbtc-deposit`;
  if (simnet.getContractSource(id) === undefined) {
    simnet.deployContract("sbtc-deposit", SBTC_DEPOSIT, { clarityVersion: 3 }, address);
  }
  return id;
}

/** Locks sBTC as a withdrawal to Bitcoin does: it stays in the balance and cannot be moved. */
export function lockSbtc(simnet, amount, owner) {
  act(simnet, sbtcDeposit(simnet), "lock", [Cl.uint(amount), principal(owner)]);
}

export function mint(simnet, token, amount, to) {
  if (token === TOKEN.SBTC) return act(simnet, sbtcDeposit(simnet), "mint", [Cl.uint(amount), principal(to)]);
  act(simnet, token, "mint-for-test", [Cl.uint(amount), principal(to)]);
}

export function balance(simnet, token, who) {
  if (token === "STX") return BigInt(read(simnet, WSTX, "get-balance", [principal(who)]));
  return BigInt(read(simnet, token, "get-balance", [principal(who)]));
}

/** Opens an ALEX pool with governance's usual settings. Amounts are 8-decimal fixed point. */
export function openAlexPool(simnet, x, y, factor, dx, dy) {
  act(simnet, POOL, "open-pool-for-test", [principal(x), principal(y), Cl.uint(factor), Cl.uint(dx), Cl.uint(dy)]);
}

/** Makes an ALEX pool believe that it has so much of its second token; moves nothing. */
export function pretendAlexBalance(simnet, x, y, factor, balanceY) {
  const key = [principal(x), principal(y), Cl.uint(factor)];
  const { value: record } = simnet.callReadOnlyFn(REGISTRY, "get-pool-details", key, simnet.deployer).result.value;
  act(simnet, REGISTRY, "update-pool", [...key, Cl.tuple({ ...record, "balance-y": Cl.uint(balanceY) })]);
}

/** Opens a Velar pool with the usual fees. Amounts are native units. Returns its id. */
export function openVelarPool(simnet, token0, token1, amount0, amount1) {
  return act(simnet, CORE, "create-pool-for-test", [principal(token0), principal(token1), Cl.uint(amount0), Cl.uint(amount1)]);
}

/** Opens Velar's pool 70 with the usual fees: µSTX and sats, from the deployer. */
export function openPool70(simnet, ustx, sats, [token0, token1, fees] = [WSTX, TOKEN.SBTC, FEES_70]) {
  act(simnet, POOL_70, "init-for-test", [...[token0, token1, fees].map(principal), Cl.uint(ustx), Cl.uint(sats)]);
}

/** Opens a Bitflow pool of `symbol` and STX; both sides pay 0.1 % to the venue and 0.2 % to the pool. */
export function openXykPool(simnet, symbol, amount, ustx, [x, y] = [TOKEN[symbol], BITFLOW_STX]) {
  const receiver = simnet.getAccounts().get("faucet");
  return act(simnet, XYK, "create-pool-for-test", [...[XYK_POOL[symbol], x, y].map(principal), Cl.uint(amount), Cl.uint(ustx), principal(receiver)]);
}

/** Opens Bitflow's stableswap pool; `ratio` is µSTX per stSTX. Both sides pay 0.02 % to the venue and 0.03 % to the pool. */
export function openStablePool(simnet, ustx, ststx, ratio = 1_090_000n, [x, y] = [BITFLOW_STX, TOKEN.STSTX]) {
  const receiver = simnet.getAccounts().get("faucet");
  const ends = [STABLE_POOL, x, y].map(principal);
  return act(simnet, STABLE, "create-pool-for-test", [...ends, Cl.uint(ustx), Cl.uint(ststx), Cl.uint(ratio), principal(receiver)]);
}

/** The pools of the adapters for sBTC, WELSH and stSTX, with plausible depths; the deployer funds them. */
export function openDeepPools(simnet) {
  for (const token of Object.values(TOKEN)) mint(simnet, token, 10n ** 18n, simnet.deployer);
  openPool70(simnet, 388_177_625_562n, 163_266_241n);
  openXykPool(simnet, "SBTC", 200_000_000n, 475_000_000_000n);
  openXykPool(simnet, "WELSH", 90_000_000n * 10n ** 6n, 150_000n * 10n ** 6n);
  openStablePool(simnet, 3_000_000n * 10n ** 6n, 2_700_000n * 10n ** 6n);
}

/** The five pools the ALEX and Velar adapters name, with plausible depths; the deployer funds them. */
export function openLaunchPools(simnet) {
  for (const token of Object.values(TOKEN)) mint(simnet, token, 10n ** 18n, simnet.deployer);
  openAlexPool(simnet, WRAPPED.STX, WRAPPED.ALEX, FACTOR.product, 400_000n * 10n ** 8n, 9_000_000n * 10n ** 8n);
  openAlexPool(simnet, WRAPPED.STX, WRAPPED.WELSH, FACTOR.product, 150_000n * 10n ** 8n, 90_000_000n * 10n ** 8n);
  openAlexPool(simnet, WRAPPED.ALEX, WRAPPED.DIKO, FACTOR.product, 2_000_000n * 10n ** 8n, 5_000_000n * 10n ** 8n);
  openAlexPool(simnet, WRAPPED.STX, WRAPPED.STSTX, FACTOR.product, 500_000n * 10n ** 8n, 460_000n * 10n ** 8n);
  return { velarPoolId: openVelarPool(simnet, WSTX, TOKEN.WELSH, 250_000n * 10n ** 6n, 150_000_000n * 10n ** 6n) };
}
