// The venues' doubles as they stand on the chain: reserves read, and prices pulled back by a market maker.

import { Cl } from "@stacks/transactions";

import { AMM_POOL, ASSETS, symbolOfVenueToken, VELAR_CORE, VELAR_ROUTER, VELAR_SHARE_FEE_TO } from "./assets.mjs";
import { addressOf } from "./actors.mjs";
import { serializedArgs } from "./wire.mjs";

const ALEX_DECIMALS = 8; // the venue books every token with eight
const ALEX_ONE = 10 ** ALEX_DECIMALS;
const MAKER = "market-maker";

const number = (cv) => Number(cv.value);

/** ALEX pools by id: [{id, x, y, factor, reserveX, reserveY (whole tokens), price (STX or x per y)}]. */
export function alexPools(chain) {
  const pools = [];
  for (let id = 1; ; id += 1) {
    const found = chain.read(AMM_POOL, "get-pool-details-by-id", [Cl.uint(id)]);
    if (found.type !== "ok") return pools;
    const { "token-x": tokenX, "token-y": tokenY, factor } = found.value.value;
    const details = chain.read(AMM_POOL, "get-pool-details", [tokenX, tokenY, factor]).value.value;
    const price = chain.read(AMM_POOL, "get-price", [tokenX, tokenY, factor]);
    pools.push({
      id,
      tokenX: tokenX.value,
      tokenY: tokenY.value,
      x: symbolOfVenueToken("alex", tokenX.value),
      y: symbolOfVenueToken("alex", tokenY.value),
      factor: number(factor),
      reserveX: number(details["balance-x"]) / ALEX_ONE,
      reserveY: number(details["balance-y"]) / ALEX_ONE,
      supply: number(details["total-supply"]) / ALEX_ONE,
      yPerX: number(price.value) / ALEX_ONE,
    });
  }
}

/** Velar pools by id: reserves in base units of the tokens. */
export function velarPools(chain) {
  const count = number(chain.read(VELAR_CORE, "get-nr-pools"));
  const pools = [];
  for (let id = 1; id <= count; id += 1) {
    const pool = chain.read(VELAR_CORE, "get-pool", [Cl.uint(id)]).value.value;
    const [token0, token1] = [pool.token0.value, pool.token1.value];
    pools.push({
      id,
      token0,
      token1,
      lpToken: pool["lp-token"].value,
      x: symbolOfVenueToken("velar", token0),
      y: symbolOfVenueToken("velar", token1),
      reserve0: number(pool.reserve0),
      reserve1: number(pool.reserve1),
    });
  }
  return pools;
}

/** Someone who trades every pool back to the scenario's prices when it strays too far. */
export class MarketMaker {
  #chain;
  #scenario;

  constructor(chain, scenario) {
    this.#chain = chain;
    this.#scenario = scenario;
  }

  /** One trade for every pool that strays. */
  steps() {
    const trades = [
      ...alexPools(this.#chain).map((pool) => this.#alexStep(pool)),
      ...velarPools(this.#chain).map((pool) => this.#velarStep(pool)),
    ];
    return trades.filter((step) => step !== null);
  }

  #strays(price, fair) {
    const { stray_bps: limit } = this.#scenario.data.market_maker;
    return Math.abs(price / fair - 1) * 10_000 > limit;
  }

  // Toward a fair price p (y per x) a constant-product pool needs x' = sqrt(k / p). A pool of any other shape is
  // moved by a small share of that, and again in later blocks.
  #alexStep({ tokenX, tokenY, x, y, factor, reserveX, reserveY, yPerX }) {
    const fair = this.#scenario.stx(x) / this.#scenario.stx(y);
    if (!this.#strays(yPerX, fair)) return null;
    const flat = factor === ALEX_ONE ? 1 : ALEX_ONE / factor;
    const ratio = (yPerX / fair) ** (flat / 2);
    const sellX = ratio > 1;
    const amount = sellX ? reserveX * (ratio - 1) : reserveY * (1 / ratio - 1);
    const dx = BigInt(Math.floor(amount * 1e6)) * 100n; // whole base units of a six-decimal token
    if (dx <= 0n) return null;
    const [from, to] = sellX ? [tokenX, tokenY] : [tokenY, tokenX];
    const args = [Cl.principal(from), Cl.principal(to), Cl.uint(factor), Cl.uint(dx), Cl.none()];
    return this.#call(AMM_POOL, "swap-helper", args);
  }

  #velarStep({ id, token0, token1, x, y, reserve0, reserve1 }) {
    const scale = 10 ** (ASSETS[x].decimals - ASSETS[y].decimals);
    const fair = this.#scenario.stx(x) / this.#scenario.stx(y);
    const price = (reserve1 / reserve0) * scale;
    if (!this.#strays(price, fair)) return null;
    const ratio = Math.sqrt(price / fair);
    const sell0 = ratio > 1;
    const amount = BigInt(Math.floor(sell0 ? reserve0 * (ratio - 1) : reserve1 * (1 / ratio - 1)));
    const [from, to] = sell0 ? [token0, token1] : [token1, token0];
    const tokens = [token0, token1, from, to, VELAR_SHARE_FEE_TO].map(Cl.principal);
    const args = [Cl.uint(id), ...tokens, Cl.uint(amount), Cl.uint(1)];
    return this.#call(VELAR_ROUTER, "swap-exact-tokens-for-tokens", args);
  }

  #call(contract, fn, args) {
    return { kind: "call", contract, fn, args: serializedArgs(args), sender: addressOf(MAKER) };
  }
}
