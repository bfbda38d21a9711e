// The web APIs of price sources and venues, answered from the scenario and from the chain; stamps are chain time.

import { ASSETS, STX_USD_FEED, SYMBOLS } from "./assets.mjs";
import { iso } from "./shapes.mjs";
import { alexPools, velarPools } from "./venues.mjs";

const PYTH_EXPONENT = -8;
const BPS = 10_000;

export function registerMarkets(app, devnet, { scenario, faults }) {
  registerCoinGecko(app, devnet, scenario, faults);
  registerHermes(app, devnet, scenario, faults);
  registerAlex(app, devnet, scenario, faults);
  registerVelar(app, devnet, scenario, faults);
}

function registerCoinGecko(app, devnet, scenario, faults) {
  const symbolOf = Object.fromEntries(SYMBOLS.map((symbol) => [ASSETS[symbol].coingecko, symbol]));

  app.get("/coingecko/api/v3/simple/price", (request, reply) => {
    const { ids, vs_currencies: currencies, include_last_updated_at: stamped } = request.query;
    if (!ids || !currencies) return reply.code(422).send({ error: "Missing parameter ids or vs_currencies" });
    const wanted = ids.split(",").filter((id) => id in symbolOf); // unknown ids are left out without a word
    const entries = wanted.map((id) => {
      const quote = currencies === "usd" ? { usd: priceSaid(scenario, faults, "coingecko", symbolOf[id]) } : {};
      return [id, stamped === "true" ? { ...quote, last_updated_at: devnet.tip.time } : quote];
    });
    return Object.fromEntries(entries);
  });

  app.get("/coingecko/api/v3/coins/list", () =>
    SYMBOLS.map((symbol) => ({ id: ASSETS[symbol].coingecko, symbol: symbol.toLowerCase(), name: ASSETS[symbol].name })),
  );
}

function priceSaid(scenario, faults, source, symbol) {
  return Number((scenario.usd(symbol) * faults.priceFactor(source, symbol)).toPrecision(10));
}

function registerHermes(app, devnet, scenario, faults) {
  app.get("/hermes/v2/updates/price/latest", (request, reply) => {
    if (!/^Bearer \S+$/u.test(request.headers.authorization ?? "")) {
      return reply.code(401).type("text/plain").send("an access token is needed");
    }
    const ids = [request.query["ids[]"] ?? []].flat().map((id) => id.toLowerCase().replace(/^0x/u, ""));
    const unknown = ids.filter((id) => id !== STX_USD_FEED);
    if (unknown.length > 0 && request.query.ignore_invalid_price_ids !== "true") {
      return reply.code(404).type("text/plain").send(`Price ids not found: ${unknown.map((id) => `0x${id}`).join(", ")}`);
    }
    const parsed = ids.includes(STX_USD_FEED) ? [hermesFeed(devnet, scenario, faults)] : [];
    return { binary: { encoding: request.query.encoding ?? "hex", data: [] }, parsed };
  });
}

function hermesFeed(devnet, scenario, faults) {
  const usd = scenario.usd("STX") * faults.priceFactor("pyth", "STX");
  const units = Math.round(usd * 10 ** -PYTH_EXPONENT);
  const conf = Math.round((units * scenario.data.confidence_bps) / BPS);
  const time = devnet.tip.time;
  const quote = { price: String(units), conf: String(conf), expo: PYTH_EXPONENT, publish_time: time };
  return {
    id: STX_USD_FEED,
    price: quote,
    ema_price: quote,
    metadata: { slot: devnet.tip.height, proof_available_time: time, prev_publish_time: devnet.ledger.blocks.at(-2)?.time ?? time },
  };
}

function registerAlex(app, devnet, scenario, faults) {
  app.get("/alex/v2/public/pools", () => {
    const stxUsd = scenario.usd("STX");
    const data = alexPools(devnet.chain).map((pool) => {
      const liquidity = (pool.reserveX * scenario.stx(pool.x) + pool.reserveY * scenario.stx(pool.y)) * stxUsd;
      return {
        pool_id: pool.id,
        token_x: pool.tokenX,
        token_y: pool.tokenY,
        factor: pool.factor / 1e8,
        apr_24h: 0,
        apr_7d: 0,
        balance_x: pool.reserveX,
        balance_y: pool.reserveY,
        fee_24h: 0,
        fee_7d: 0,
        liquidity,
        volume_24h: 0,
        volume_7d: 0,
        total_supply: pool.supply,
        instant_price: pool.yPerX,
        pool_token_price: pool.supply === 0 ? 0 : liquidity / pool.supply,
      };
    });
    return { data };
  });

  app.get("/alex/v2/public/token-prices", () => {
    const inStx = pricesInStx(alexPools(devnet.chain));
    const data = Object.entries(inStx).map(([symbol, price]) => ({
      contract_id: symbol === "STX" ? "STX" : ASSETS[symbol].alex,
      last_price_usd: price * scenario.usd("STX") * faults.priceFactor("alex", symbol),
    }));
    return { data };
  });
}

/** STX per whole token, along the venue's own pools from STX outward. */
function pricesInStx(pools) {
  const known = { STX: 1 };
  for (let grew = true; grew; ) {
    grew = false;
    for (const { x, y, yPerX } of pools) {
      if (x in known && !(y in known)) [known[y], grew] = [known[x] / yPerX, true];
      if (y in known && !(x in known)) [known[x], grew] = [known[y] * yPerX, true];
    }
  }
  return known;
}

function registerVelar(app, devnet, scenario, faults) {
  app.get("/velar/pools", (request) => {
    const all = velarPools(devnet.chain).map((pool) => velarPool(pool, scenario));
    return { ...pageOf(request, "skip", all) };
  });

  app.get("/velar/prices", (request) => {
    const stxUsd = scenario.usd("STX");
    const rows = velarPools(devnet.chain).flatMap(({ x, y, token0, token1, reserve0, reserve1 }) => {
      const yInStx = reserve0 / 10 ** ASSETS[x].decimals / (reserve1 / 10 ** ASSETS[y].decimals);
      return [velarPrice(x, token0, stxUsd), velarPrice(y, token1, yInStx * stxUsd * faults.priceFactor("velar", y))];
    });
    const unique = [...new Map(rows.map((row) => [row.contractAddress, row])).values()];
    return pageOf(request, "offset", unique);
  });
}

function velarPool({ x, y, token0, token1, lpToken, reserve0, reserve1 }, scenario) {
  const tvl = (reserve0 / 1e6) * scenario.usd(x) + (reserve1 / 10 ** ASSETS[y].decimals) * scenario.usd(y);
  return {
    symbol: `${x}-${y}`,
    token0Symbol: x,
    token1Symbol: y,
    token0ContractAddress: token0,
    token1ContractAddress: token1,
    lpTokenContractAddress: lpToken,
    stats: { apy: "--", reserve0, reserve1, volume_usd: { value: 0 }, tvl_usd: { value: tvl }, fees_usd: { value: 0 } },
  };
}

function velarPrice(symbol, contract, price) {
  const { name, decimals, token } = ASSETS[symbol];
  return {
    symbol,
    name,
    contractAddress: contract,
    imageUrl: "",
    tokenDecimalNum: decimals,
    assetName: token ?? "",
    price: String(price),
    percent_change_24h: "0",
  };
}

function pageOf(request, startName, rows) {
  const limit = Number(request.query.limit ?? 50);
  const start = Number(request.query[startName] ?? 0);
  return { [startName]: start, limit, total: rows.length, data: rows.slice(start, start + limit) };
}

/** Chat webhooks: what they were sent is kept, newest last. */
export function registerWebhooks(app, devnet, kept, most = 500) {
  const keep = (service) => (request, reply) => {
    kept.push({ service, path: request.url, at: devnet.tip.time, at_iso: iso(devnet.tip.time), body: request.body ?? null });
    if (kept.length > most) kept.shift();
    return service === "slack" ? reply.type("text/plain").send("ok") : reply.code(204).send();
  };
  app.post("/slack/*", keep("slack"));
  app.post("/discord/*", keep("discord"));
}
