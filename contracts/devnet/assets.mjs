// The assets of the launch pools: real mainnet principals, with the names that markets know them by.

const ALEX_DEPLOYER = "SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM";
const VELAR_DEPLOYER = "SP1Y5YSTAHZ88XYK1VPDH24GY0HPX5J4JECTMY4A1";

export const AMM_POOL = `${ALEX_DEPLOYER}.amm-pool-v2-01`;
export const VELAR_CORE = `${VELAR_DEPLOYER}.univ2-core`;
export const VELAR_ROUTER = `${VELAR_DEPLOYER}.univ2-router`;
export const VELAR_SHARE_FEE_TO = `${VELAR_DEPLOYER}.univ2-share-fee-to`;
export const STX_USD_FEED = "ec7a775f46379b5e943c3526b1c8d54cd49749176b0b98e02dde68d1bd335c17";

/** `contract` null stands for the pools' own face of native STX; `alex` and `velar` are the venues' tokens. */
export const ASSETS = {
  STX: {
    name: "Stacks",
    contract: null,
    decimals: 6,
    coingecko: "blockstack",
    alex: `${ALEX_DEPLOYER}.token-wstx-v2`,
    velar: `${VELAR_DEPLOYER}.wstx`,
  },
  ALEX: {
    name: "ALEX Lab",
    contract: `${ALEX_DEPLOYER}.token-alex`,
    token: "alex",
    decimals: 8,
    coingecko: "alexgo",
    alex: `${ALEX_DEPLOYER}.token-alex`,
  },
  DIKO: {
    name: "Arkadiko",
    contract: "SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.arkadiko-token",
    token: "diko",
    decimals: 6,
    coingecko: "arkadiko-protocol",
    alex: `${ALEX_DEPLOYER}.token-wdiko`,
  },
  WELSH: {
    name: "Welsh Corgi Coin",
    contract: "SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token",
    token: "welshcorgicoin",
    decimals: 6,
    coingecko: "welsh-corgi-coin",
    alex: `${ALEX_DEPLOYER}.token-wcorgi`,
    velar: "SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token",
  },
  stSTX: {
    name: "Stacked STX",
    contract: "SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token",
    token: "ststx",
    decimals: 6,
    coingecko: "stacking-dao",
    alex: "SP1E0XBN9T4B10E9QMR7XMFJPMA19D77WY3KP2QKC.token-wststx",
  },
};

export const SYMBOLS = Object.keys(ASSETS);

export const symbolOfVenueToken = (venue, principal) => SYMBOLS.find((symbol) => ASSETS[symbol][venue] === principal);
