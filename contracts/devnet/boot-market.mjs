// Sets the outside world up: tokens, venues with reserves at the scenario's prices, the stSTX ratio, the DIA value.

import { Cl } from "@stacks/transactions";

import { addressOf } from "./actors.mjs";
import { AMM_POOL, ASSETS, VELAR_CORE } from "./assets.mjs";
import { alexPools, velarPools } from "./venues.mjs";
import { diaStep } from "./world.mjs";

const RATIO_CONTRACT = "SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.block-info-nakamoto-ststx-ratio-v2";
const MAKER = addressOf("market-maker");
const MAKER_FUNDS_USTX = 50_000_000_000_000n; // enough for every pool and for years of trading
const MAKER_TOKENS = 10n ** 18n;
const ALEX_ONE = 1e8;
const NATIVE_STEP = 100; // the venue's eight decimals over a native six
const BOOT_PRICE_TOLERANCE = 0.005;

export function openMarkets(chain, scenario) {
  chain.mint(MAKER, MAKER_FUNDS_USTX);
  for (const { contract } of Object.values(ASSETS)) {
    if (contract !== null) chain.call(contract, "mint-for-test", [Cl.uint(MAKER_TOKENS), Cl.principal(MAKER)]);
  }
  const { alex, velar } = scenario.data.venues;
  for (const pool of alex) openAlexPool(chain, scenario, pool);
  for (const pool of velar) openVelarPool(chain, scenario, pool);
  const { ratio } = scenario.data.prices.stSTX;
  chain.call(RATIO_CONTRACT, "set-ratio-for-test", [Cl.uint(Math.round(ratio * 1e6))]);
  chain.mineSteps([diaStep(scenario.usd("STX"), chain.time, chain.deployer)]);
  checkPrices(chain, scenario);
}

function openAlexPool(chain, scenario, { x, y, factor, stx_side: stxSide }) {
  const wholeX = stxSide / scenario.stx(x);
  const yPerX = scenario.stx(x) / scenario.stx(y);
  // On the venue's curve the price is (y / x) ^ t, with t = factor / 1e8; t = 1 is the constant product.
  const wholeY = wholeX * yPerX ** (ALEX_ONE / factor);
  const amounts = [wholeX, wholeY].map((whole) => Cl.uint(BigInt(Math.round((whole * ALEX_ONE) / NATIVE_STEP)) * BigInt(NATIVE_STEP)));
  const tokens = [ASSETS[x].alex, ASSETS[y].alex].map(Cl.principal);
  chain.call(AMM_POOL, "open-pool-for-test", [...tokens, Cl.uint(factor), ...amounts], MAKER);
}

function openVelarPool(chain, scenario, { x, y, stx_side: stxSide }) {
  const amounts = [x, y].map((symbol) => Cl.uint(BigInt(Math.round((stxSide / scenario.stx(symbol)) * 10 ** ASSETS[symbol].decimals))));
  const tokens = [ASSETS[x].velar, ASSETS[y].velar].map(Cl.principal);
  chain.call(VELAR_CORE, "create-pool-for-test", [...tokens, ...amounts], MAKER);
}

function checkPrices(chain, scenario) {
  const velar = velarPools(chain).map(({ x, y, reserve0, reserve1 }) => ({
    x,
    y,
    yPerX: (reserve1 / reserve0) * 10 ** (ASSETS[x].decimals - ASSETS[y].decimals),
  }));
  for (const { x, y, yPerX } of [...alexPools(chain), ...velar]) {
    const off = Math.abs((yPerX * scenario.stx(y)) / scenario.stx(x) - 1);
    if (!(off < BOOT_PRICE_TOLERANCE)) throw new Error(`the ${x}/${y} pool opens ${(off * 100).toFixed(2)} % off its price`);
  }
}

/** Switches a venue's double off or on again. */
export function pauseVenue(chain, venue, paused) {
  const [contract, fn] = venue === "alex" ? [AMM_POOL, "pause"] : [VELAR_CORE, "pause-for-test"];
  chain.call(contract, fn, [Cl.bool(paused)]);
}
