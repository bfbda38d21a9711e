"""Every error code a contract of ours can answer with.

Equals the `define-constant ERR_…` lines of contracts/src, name and sentence; a test compares them.
"""

from dataclasses import dataclass
from typing import Final

from keeper.errors import (
    KeeperError,
    MarketRefused,
    PlanRejected,
    TooFewSources,
    TransactionRefused,
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One code: who answers it, its name there, the keeper's error for it, and a sentence for people."""

    contract: str
    name: str
    code: int
    error: type[KeeperError]
    sentence: str


OURS: Final = (
    Reason("flow-token", "ERR_NOT_OWNER", 1000, TransactionRefused, "Only the owner of the tokens may move them."),
    Reason("pool-access", "ERR_NOT_GOVERNANCE", 1100, TransactionRefused, "The caller does not govern."),
    Reason("pool-access", "ERR_UNKNOWN_ROLE", 1101, TransactionRefused, "There is no role of that name."),
    Reason("pool-access", "ERR_SCRIPT_OPEN", 1102, TransactionRefused, "A script is open already."),
    Reason("pool-access", "ERR_NO_SCRIPT", 1103, TransactionRefused, "The caller has no open script to close."),
    Reason("pool-share", "ERR_NOT_OWNER", 1200, TransactionRefused, "Only the owner of the shares may move them."),
    Reason("pool-share", "ERR_NOT_VAULT", 1201, TransactionRefused, "Only the vault may do this."),
    Reason("pool-share", "ERR_INITIALIZED", 1202, TransactionRefused, "The token has its name already."),
    Reason("whale-pool-vault", "ERR_NOT_GOVERNANCE", 1300, TransactionRefused, "The caller does not govern."),
    Reason("whale-pool-vault", "ERR_NOT_CREATOR", 1301, TransactionRefused, "The caller may not create pools."),
    Reason("whale-pool-vault", "ERR_NOT_EMERGENCY", 1302, TransactionRefused, "The caller may not pause or resume."),
    Reason("whale-pool-vault", "ERR_NOT_REBALANCER", 1303, TransactionRefused, "The caller may not rebalance."),
    Reason(
        "whale-pool-vault",
        "ERR_NOT_DIRECT",
        1304,
        TransactionRefused,
        "Somebody else's contract may not spend the caller's STX or shares.",
    ),
    Reason("whale-pool-vault", "ERR_NO_POOL", 1305, TransactionRefused, "There is no pool of that number."),
    Reason("whale-pool-vault", "ERR_WRONG_SHARE", 1306, TransactionRefused, "The share token is not this pool's."),
    Reason(
        "whale-pool-vault",
        "ERR_NOT_TEMPLATE",
        1307,
        TransactionRefused,
        "The share token is not an instance of the template, deployed by our deployer.",
    ),
    Reason("whale-pool-vault", "ERR_SHARE_TAKEN", 1308, TransactionRefused, "The share token belongs to another pool."),
    Reason("whale-pool-vault", "ERR_PAUSED", 1309, TransactionRefused, "The pool, or all of them, is paused."),
    Reason("whale-pool-vault", "ERR_ZERO_AMOUNT", 1310, TransactionRefused, "The amount is zero."),
    Reason(
        "whale-pool-vault",
        "ERR_AMOUNT_TOO_SMALL",
        1311,
        TransactionRefused,
        "The amount is too small to be worth a share, a queue slot or a payment.",
    ),
    Reason(
        "whale-pool-vault", "ERR_AMOUNT_TOO_LARGE", 1312, TransactionRefused, "The amount is more than could exist."
    ),
    Reason(
        "whale-pool-vault",
        "ERR_BELOW_MIN_SHARES",
        1313,
        TransactionRefused,
        "The deposit would buy fewer shares than asked for.",
    ),
    Reason("whale-pool-vault", "ERR_BELOW_MIN_OUT", 1314, MarketRefused, "The payment would be less than asked for."),
    Reason(
        "whale-pool-vault", "ERR_CAP_REACHED", 1315, TransactionRefused, "The pool would be worth more than its cap."
    ),
    Reason("whale-pool-vault", "ERR_NO_PRICE", 1316, TooFewSources, "A price is missing, stale or disputed."),
    Reason("whale-pool-vault", "ERR_NO_VALUE", 1317, TransactionRefused, "The pool has shares and no value."),
    Reason(
        "whale-pool-vault",
        "ERR_NOT_ENOUGH_SHARES",
        1318,
        TransactionRefused,
        "The caller does not have that many shares.",
    ),
    Reason(
        "whale-pool-vault",
        "ERR_TRANSFER_FAILED",
        1319,
        TransactionRefused,
        "The STX could not be taken from the caller.",
    ),
    Reason(
        "whale-pool-vault",
        "ERR_QUEUE_FULL",
        1320,
        TransactionRefused,
        "The queue of this pool is full; redeeming in kind still works.",
    ),
    Reason("whale-pool-vault", "ERR_NO_REQUEST", 1321, TransactionRefused, "That user has no request in this pool."),
    Reason(
        "whale-pool-vault",
        "ERR_NOT_ENOUGH_IDLE",
        1322,
        TransactionRefused,
        "The pool does not have that much STX free for this.",
    ),
    Reason(
        "whale-pool-vault",
        "ERR_WRONG_TOKENS",
        1323,
        TransactionRefused,
        "The tokens are not the pool's assets, all of them and in order.",
    ),
    Reason(
        "whale-pool-vault", "ERR_TOKEN_FAILED", 1324, TransactionRefused, "A token would not answer or would not move."
    ),
    Reason(
        "whale-pool-vault",
        "ERR_BAD_DECIMALS",
        1325,
        TransactionRefused,
        "The asset was registered with other decimals, or has too many.",
    ),
    Reason(
        "whale-pool-vault",
        "ERR_UNKNOWN_ASSET",
        1326,
        TransactionRefused,
        "The target names an asset that is not registered.",
    ),
    Reason("whale-pool-vault", "ERR_DUPLICATE_ASSET", 1327, TransactionRefused, "The target names an asset twice."),
    Reason(
        "whale-pool-vault",
        "ERR_BAD_SUM",
        1328,
        TransactionRefused,
        "The target does not add up to 10,000 basis points.",
    ),
    Reason(
        "whale-pool-vault",
        "ERR_TOO_MANY_ASSETS",
        1329,
        TransactionRefused,
        "Target, STX and what is still held are more than ten assets.",
    ),
    Reason("whale-pool-vault", "ERR_BAD_CAP", 1330, TransactionRefused, "The cap is zero or above the launch cap."),
    Reason(
        "whale-pool-vault", "ERR_NOT_A_CONTRACT", 1331, TransactionRefused, "The principal is not a contract with code."
    ),
    Reason(
        "whale-pool-vault",
        "ERR_NOT_ADMITTED",
        1332,
        PlanRejected,
        "The venue was not admitted, or its code is not what was admitted.",
    ),
    Reason("whale-pool-vault", "ERR_SAME_ASSET", 1333, PlanRejected, "The two assets are one and the same."),
    Reason("whale-pool-vault", "ERR_NOT_POOL_ASSET", 1334, PlanRejected, "The asset is not one of this pool's."),
    Reason(
        "whale-pool-vault", "ERR_NOT_ENOUGH_HELD", 1335, PlanRejected, "The pool does not hold that much of the asset."
    ),
    Reason(
        "whale-pool-vault", "ERR_VENUE_FAILED", 1336, MarketRefused, "The venue failed; its own code stays with it."
    ),
    Reason(
        "whale-pool-vault",
        "ERR_VENUE_OVERREACHED",
        1337,
        MarketRefused,
        "The venue reached for more than it was offered.",
    ),
    Reason(
        "whale-pool-vault",
        "ERR_SLIPPAGE",
        1338,
        MarketRefused,
        "What arrived is less than the least that was asked for.",
    ),
    Reason(
        "whale-pool-vault",
        "ERR_PAY_TOO_HIGH",
        1339,
        PlanRejected,
        "A keeper is paid no more than the gas limit and a tenth.",
    ),
    Reason("flow-staking", "ERR_ZERO_AMOUNT", 1600, TransactionRefused, "The amount is zero."),
    Reason("flow-staking", "ERR_NOT_ENOUGH_FLOW", 1601, TransactionRefused, "The caller does not have that much FLOW."),
    Reason("flow-staking", "ERR_NOT_ENOUGH_STAKE", 1602, TransactionRefused, "The caller has not staked that much."),
    Reason("flow-staking", "ERR_LOCKED", 1603, TransactionRefused, "The stake is locked until a vote ends."),
    Reason("flow-staking", "ERR_NOT_GOVERNANCE", 1604, TransactionRefused, "Only the governing contract locks stakes."),
    Reason(
        "flow-staking",
        "ERR_NOT_DIRECT",
        1605,
        TransactionRefused,
        "Somebody else's contract may not stake for the caller.",
    ),
    Reason(
        "flow-staking",
        "ERR_TRANSFER_FAILED",
        1606,
        TransactionRefused,
        "FLOW refused a transfer that was checked before.",
    ),
    Reason("stx-token", "ERR_NOT_OWNER", 2000, TransactionRefused, "Only the owner of the STX may move it."),
)
