"""Error codes of the venues and tokens behind our adapters.

Read from the deployed sources of ALEX (amm-pool-v2-01 and its wrappers) and Velar (univ2-core, -router,
-library, -math), and from the simulated chain. u1 to u4 are those of the native token functions.
"""

from typing import Final

from keeper.chain.reason import Reason
from keeper.errors import MarketRefused

VENUES: Final = (
    Reason("token", "u1", 1, MarketRefused, "A token refused a transfer: not enough of it."),
    Reason("token", "u2", 2, MarketRefused, "A token refused a transfer: sender and recipient are the same."),
    Reason("token", "u3", 3, MarketRefused, "A token refused a transfer of nothing."),
    Reason("token", "u4", 4, MarketRefused, "A token refused a transfer: the caller does not own it."),
    Reason("univ2-core", "ERR_AUTH", 100, MarketRefused, "Velar did not authorise the call."),
    Reason("univ2-core", "ERR_OWNER", 101, MarketRefused, "Velar wants its owner for this."),
    Reason("univ2-core", "ERR_POOL", 102, MarketRefused, "Velar has no such pool."),
    Reason("univ2-core", "ERR_SWAP_PRECONDITIONS", 109, MarketRefused, "Velar refused the swap before it began."),
    Reason("univ2-core", "ERR_SWAP_POSTCONDITIONS", 110, MarketRefused, "Velar refused the swap at its end."),
    Reason("univ2-core", "ERR_ANTI_RUG", 113, MarketRefused, "Velar's own guard stopped the swap."),
    Reason("univ2-router", "ERR_PRECONDITIONS", 200, MarketRefused, "Velar's router refused the amounts."),
    Reason("univ2-router", "ERR_POSTCONDITIONS", 201, MarketRefused, "Velar would have paid less than the minimum."),
    Reason("univ2-library", "ERR_PRECONDITIONS", 300, MarketRefused, "The amount is too small for Velar."),
    Reason("univ2-math", "ERR_MATH", 800, MarketRefused, "Velar's arithmetic refused the amounts."),
    Reason(
        "amm-pool-v2-01",
        "ERR_NOT_AUTHORIZED",
        1000,
        MarketRefused,
        "ALEX did not authorise the call, or its pool is not open.",
    ),
    Reason("amm-pool-v2-01", "ERR_POOL_EXISTS", 2000, MarketRefused, "ALEX has that pool already."),
    Reason("amm-pool-v2-01", "ERR_INVALID_POOL", 2001, MarketRefused, "ALEX has no such pool in that order."),
    Reason("amm-pool-v2-01", "ERR_BLOCKLISTED", 2002, MarketRefused, "ALEX has the sender on its block list."),
    Reason(
        "amm-pool-v2-01", "ERR_INVALID_LIQUIDITY", 2003, MarketRefused, "ALEX's pool does not hold enough for this."
    ),
    Reason("amm-pool-v2-01", "ERR_PERCENT_TOO_LARGE", 2004, MarketRefused, "ALEX was asked for more than all of it."),
    Reason(
        "amm-pool-v2-01", "ERR_EXCEEDS_MAX_SLIPPAGE", 2005, MarketRefused, "ALEX would have paid less than the minimum."
    ),
    Reason("amm-pool-v2-01", "ERR_ORACLE_NOT_ENABLED", 2006, MarketRefused, "ALEX's pool keeps no price."),
    Reason("amm-pool-v2-01", "ERR_PAUSED", 2008, MarketRefused, "ALEX is paused."),
    Reason("amm-pool-v2-01", "ERR_NO_LIQUIDITY", 2010, MarketRefused, "ALEX's pool is empty."),
    Reason("amm-pool-v2-01", "ERR_MAX_IN_RATIO", 2011, MarketRefused, "The amount is too large for ALEX's pool."),
    Reason(
        "amm-pool-v2-01", "ERR_MAX_OUT_RATIO", 2012, MarketRefused, "The swap would take too much out of ALEX's pool."
    ),
    Reason("token-wrapper", "ERR_NOT_AUTHORIZED", 3000, MarketRefused, "An ALEX wrapper did not authorise the call."),
    Reason(
        "amm-pool-v2-01", "ERR_X_TOO_LARGE", 5009, MarketRefused, "ALEX's arithmetic cannot take a number that large."
    ),
    Reason(
        "amm-pool-v2-01", "ERR_Y_TOO_LARGE", 5010, MarketRefused, "ALEX's arithmetic cannot take a number that large."
    ),
    Reason(
        "amm-pool-v2-01", "ERR_PRODUCT_OUT_OF_BOUNDS", 5011, MarketRefused, "ALEX's arithmetic ran out of its bounds."
    ),
    Reason("amm-pool-v2-01", "ERR_OUT_OF_BOUNDS", 5012, MarketRefused, "ALEX's arithmetic ran out of its bounds."),
    Reason("amm-pool-v2-01", "ERR_INVALID_EXPONENT", 5013, MarketRefused, "ALEX's arithmetic ran out of its bounds."),
    Reason("token-wrapper", "ERR_TRANSFER_FAILED", 6002, MarketRefused, "An ALEX wrapper could not move its token."),
    Reason("token-wrapper", "ERR_MINT_FAILED", 6003, MarketRefused, "An ALEX wrapper cannot be minted."),
    Reason("token-wrapper", "ERR_NOT_SUPPORTED", 6004, MarketRefused, "An ALEX wrapper does not do this."),
)
