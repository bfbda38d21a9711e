"""Every error code a contract of ours can answer with.

Equals the `define-constant ERR_…` lines of contracts/src, name and sentence; a test compares them.
"""

from dataclasses import dataclass
from typing import Final

from keeper.errors import (
    KeeperError,
    MarketRefused,
    PlanRejected,
    PriceDisagreement,
    PriceJump,
    StalePrice,
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


def _of(contract: str, *rows: tuple[str, int, type[KeeperError], str]) -> tuple[Reason, ...]:
    return tuple(Reason(contract, *row) for row in rows)


OURS: Final = (
    *_of(
        "flow-token",
        ("ERR_NOT_OWNER", 1000, TransactionRefused, "Only the owner of the tokens may move them."),
    ),
    *_of(
        "pool-access",
        ("ERR_NOT_GOVERNANCE", 1100, TransactionRefused, "The caller does not govern."),
        ("ERR_UNKNOWN_ROLE", 1101, TransactionRefused, "There is no role of that name."),
        ("ERR_SCRIPT_OPEN", 1102, TransactionRefused, "A script is open already."),
        ("ERR_NO_SCRIPT", 1103, TransactionRefused, "The caller has no open script to close."),
    ),
    *_of(
        "pool-share",
        ("ERR_NOT_OWNER", 1200, TransactionRefused, "Only the owner of the shares may move them."),
        ("ERR_NOT_VAULT", 1201, TransactionRefused, "Only the vault may do this."),
        ("ERR_INITIALIZED", 1202, TransactionRefused, "The token has its name already."),
    ),
    *_of(
        "whale-pool-vault",
        ("ERR_NOT_GOVERNANCE", 1300, TransactionRefused, "The caller does not govern."),
        ("ERR_NOT_CREATOR", 1301, TransactionRefused, "The caller may not create pools."),
        ("ERR_NOT_EMERGENCY", 1302, TransactionRefused, "The caller may not pause or resume."),
        ("ERR_NOT_REBALANCER", 1303, TransactionRefused, "The caller may not rebalance."),
        (
            "ERR_NOT_DIRECT",
            1304,
            TransactionRefused,
            "Somebody else's contract may not spend the caller's STX or shares.",
        ),
        ("ERR_NO_POOL", 1305, TransactionRefused, "There is no pool of that number."),
        ("ERR_WRONG_SHARE", 1306, TransactionRefused, "The share token is not this pool's."),
        (
            "ERR_NOT_TEMPLATE",
            1307,
            TransactionRefused,
            "The share token is not an instance of the template, deployed by our deployer.",
        ),
        ("ERR_SHARE_TAKEN", 1308, TransactionRefused, "The share token belongs to another pool."),
        ("ERR_PAUSED", 1309, TransactionRefused, "The pool, or all of them, is paused."),
        ("ERR_ZERO_AMOUNT", 1310, TransactionRefused, "The amount is zero."),
        (
            "ERR_AMOUNT_TOO_SMALL",
            1311,
            TransactionRefused,
            "The amount is too small to be worth a share, a queue slot or a payment.",
        ),
        ("ERR_AMOUNT_TOO_LARGE", 1312, TransactionRefused, "The amount is more than could exist."),
        ("ERR_BELOW_MIN_SHARES", 1313, TransactionRefused, "The deposit would buy fewer shares than asked for."),
        ("ERR_BELOW_MIN_OUT", 1314, MarketRefused, "The payment would be less than asked for."),
        ("ERR_CAP_REACHED", 1315, TransactionRefused, "The pool would be worth more than its cap."),
        ("ERR_NO_PRICE", 1316, TooFewSources, "A price is missing, stale or disputed."),
        ("ERR_NO_VALUE", 1317, TransactionRefused, "The pool has shares and no value."),
        ("ERR_NOT_ENOUGH_SHARES", 1318, TransactionRefused, "The caller does not have that many shares."),
        ("ERR_TRANSFER_FAILED", 1319, TransactionRefused, "The STX could not be taken from the caller."),
        ("ERR_QUEUE_FULL", 1320, TransactionRefused, "The queue of this pool is full; redeeming in kind still works."),
        ("ERR_NO_REQUEST", 1321, TransactionRefused, "That user has no request in this pool."),
        ("ERR_NOT_ENOUGH_IDLE", 1322, TransactionRefused, "The pool does not have that much STX free for this."),
        (
            "ERR_WRONG_TOKENS",
            1323,
            TransactionRefused,
            "The tokens are not the pool's assets, all of them and in order.",
        ),
        ("ERR_TOKEN_FAILED", 1324, TransactionRefused, "A token would not answer or would not move."),
        (
            "ERR_BAD_DECIMALS",
            1325,
            TransactionRefused,
            "The asset was registered with other decimals, or has too many.",
        ),
        ("ERR_UNKNOWN_ASSET", 1326, TransactionRefused, "The target names an asset that is not registered."),
        ("ERR_DUPLICATE_ASSET", 1327, TransactionRefused, "The target names an asset twice."),
        ("ERR_BAD_SUM", 1328, TransactionRefused, "The target does not add up to 10,000 basis points."),
        (
            "ERR_TOO_MANY_ASSETS",
            1329,
            TransactionRefused,
            "Target, STX and what is still held are more than ten assets.",
        ),
        ("ERR_BAD_CAP", 1330, TransactionRefused, "The cap is zero or above the launch cap."),
        ("ERR_NOT_A_CONTRACT", 1331, TransactionRefused, "The principal is not a contract with code."),
        ("ERR_NOT_ADMITTED", 1332, PlanRejected, "The venue was not admitted, or its code is not what was admitted."),
        ("ERR_SAME_ASSET", 1333, PlanRejected, "The two assets are one and the same."),
        ("ERR_NOT_POOL_ASSET", 1334, PlanRejected, "The asset is not one of this pool's."),
        ("ERR_NOT_ENOUGH_HELD", 1335, PlanRejected, "The pool does not hold that much of the asset."),
        ("ERR_VENUE_FAILED", 1336, MarketRefused, "The venue failed; its own code stays with it."),
        ("ERR_VENUE_OVERREACHED", 1337, MarketRefused, "The venue reached for more than it was offered."),
        ("ERR_SLIPPAGE", 1338, MarketRefused, "What arrived is less than the least that was asked for."),
        ("ERR_PAY_TOO_HIGH", 1339, PlanRejected, "A keeper is paid no more than the gas limit and a tenth."),
        (
            "ERR_MIN_OUT_UNPRICED",
            1340,
            TransactionRefused,
            "Without a price nobody knows what a request would pay, so it cannot insist on a minimum.",
        ),
        ("ERR_TOO_EARLY", 1341, TransactionRefused, "The request is not old enough to be sent back."),
        ("ERR_PAYABLE", 1342, TransactionRefused, "The request's own minimum is met, so it keeps its place."),
    ),
    *_of(
        "pool-rebalancer",
        ("ERR_NOT_KEEPER", 1400, TransactionRefused, "The caller is no keeper."),
        ("ERR_NO_LEGS", 1401, PlanRejected, "There are no swaps in the slice."),
        ("ERR_NO_POOL", 1402, TransactionRefused, "There is no pool of that number."),
        ("ERR_PAUSED", 1403, TransactionRefused, "The pool is paused."),
        ("ERR_NO_MANDATE", 1404, PlanRejected, "There is no mandate of that number."),
        ("ERR_NO_PRICE", 1405, TooFewSources, "A price is missing, stale or disputed."),
        (
            "ERR_SLIPPAGE",
            1406,
            MarketRefused,
            "A swap brought less than the consensus price less the mandate's slippage.",
        ),
        ("ERR_DAY_LOSS", 1407, PlanRejected, "The pool would lose more in one day than it may."),
        ("ERR_DRIFT_NOT_LOWER", 1408, PlanRejected, "The pool would not be nearer to its target."),
    ),
    *_of(
        "pool-oracle",
        ("ERR_NOT_GOVERNANCE", 1500, TransactionRefused, "The caller does not govern."),
        ("ERR_NOT_REPORTER", 1501, TransactionRefused, "The caller is no reporter."),
        ("ERR_NOT_GUARDIAN", 1502, TransactionRefused, "Neither governance nor the emergency role asks."),
        ("ERR_UNKNOWN_ASSET", 1503, TooFewSources, "The asset has no bounds yet."),
        ("ERR_BAD_CONFIG", 1504, TransactionRefused, "A bound is zero or wider than allowed."),
        ("ERR_BAD_SOURCE", 1505, TransactionRefused, "The source does not answer, or says nothing about this asset."),
        (
            "ERR_PRICE_OUT_OF_RANGE",
            1506,
            TransactionRefused,
            "The price is zero or beyond what the arithmetic can hold.",
        ),
        ("ERR_FROM_FUTURE", 1507, TransactionRefused, "The price is stamped further ahead than clocks may differ."),
        ("ERR_OLDER_THAN_STORED", 1508, TransactionRefused, "A newer price is stored already."),
        ("ERR_TOO_OLD", 1509, StalePrice, "The price is older than the asset's bound."),
        ("ERR_TRIPPED", 1510, PriceJump, "The breaker of this asset has tripped."),
        ("ERR_TOO_FEW_SOURCES", 1511, TooFewSources, "Fewer sources have spoken than the asset needs."),
        ("ERR_STALE_PRICE", 1512, StalePrice, "Enough sources have spoken, but too few of them lately."),
        ("ERR_SOURCES_APART", 1513, PriceDisagreement, "The sources are further apart than the asset allows."),
        ("ERR_NOT_TRIPPED", 1514, TransactionRefused, "There is no tripped breaker to reset."),
    ),
    *_of(
        "flow-staking",
        ("ERR_ZERO_AMOUNT", 1600, TransactionRefused, "The amount is zero."),
        ("ERR_NOT_ENOUGH_FLOW", 1601, TransactionRefused, "The caller does not have that much FLOW."),
        ("ERR_NOT_ENOUGH_STAKE", 1602, TransactionRefused, "The caller has not staked that much."),
        ("ERR_LOCKED", 1603, TransactionRefused, "The stake is locked until a vote ends."),
        ("ERR_NOT_GOVERNANCE", 1604, TransactionRefused, "Only the governing contract locks stakes."),
        ("ERR_NOT_DIRECT", 1605, TransactionRefused, "Somebody else's contract may not stake for the caller."),
    ),
    *_of(
        "pool-governance",
        (
            "ERR_NOT_PROPOSER",
            1700,
            TransactionRefused,
            "The caller is neither keeper nor holds one percent of the stake.",
        ),
        ("ERR_NO_POOL", 1701, TransactionRefused, "There is no pool of that number."),
        (
            "ERR_BAD_TARGETS",
            1702,
            PlanRejected,
            "The targets could not be set: unknown asset, named twice, or not 10,000 in sum.",
        ),
        ("ERR_BAD_LIMITS", 1703, PlanRejected, "A limit is above what any mandate may have."),
        ("ERR_BAD_OPEN_SECS", 1704, PlanRejected, "A mandate stays open between an hour and seven days."),
        ("ERR_IN_VOTE", 1705, TransactionRefused, "The pool has a proposal that is not concluded."),
        ("ERR_NO_PROPOSAL", 1706, TransactionRefused, "There is no proposal of that number."),
        ("ERR_VOTE_ENDED", 1707, TransactionRefused, "The vote has ended."),
        ("ERR_VOTE_RUNNING", 1708, TransactionRefused, "The vote has not ended."),
        ("ERR_VOTED", 1709, TransactionRefused, "The caller voted already."),
        (
            "ERR_NO_STAKE",
            1710,
            TransactionRefused,
            "The caller had no stake when the proposal was made, or has none now.",
        ),
        (
            "ERR_NOT_IN_OFFICE",
            1711,
            TransactionRefused,
            "This contract does not govern, so it cannot lock stakes or set targets.",
        ),
        ("ERR_CONCLUDED", 1712, TransactionRefused, "The proposal was concluded already."),
        (
            "ERR_NO_PRICE",
            1713,
            TooFewSources,
            "A price is missing, so the value at opening is not known; conclude later.",
        ),
        ("ERR_NOT_REBALANCER", 1714, TransactionRefused, "Only the rebalancer notes slices."),
        ("ERR_NO_MANDATE", 1715, PlanRejected, "There is no mandate of that number."),
        ("ERR_WRONG_POOL", 1716, PlanRejected, "The mandate is another pool's."),
        ("ERR_EXPIRED", 1717, PlanRejected, "The mandate has expired."),
        ("ERR_REPLACED", 1718, PlanRejected, "A newer mandate of this pool has taken its place."),
        ("ERR_WRONG_SLICE", 1719, PlanRejected, "Slices run once each, in order."),
        ("ERR_OVER_TURNOVER", 1720, PlanRejected, "The mandate's turnover would be exceeded."),
        ("ERR_OVER_LOSS", 1721, PlanRejected, "The mandate's loss would be exceeded."),
        ("ERR_SCRIPT_PENDING", 1722, TransactionRefused, "The script is in vote or waiting to be run."),
        ("ERR_NOT_RUNNABLE", 1723, TransactionRefused, "The script has no passed vote, or ran already."),
        ("ERR_TOO_EARLY", 1724, TransactionRefused, "The script's wait is not over."),
        ("ERR_TOO_LATE", 1725, TransactionRefused, "The script waited too long and may not run any more."),
        ("ERR_SCRIPT_FAILED", 1726, TransactionRefused, "The script failed."),
    ),
    *_of(
        "alex-adapter",
        ("ERR_UNKNOWN_PAIR", 1800, MarketRefused, "There is no route between these two tokens."),
        ("ERR_DUST", 1801, MarketRefused, "The amount is too small for the venue to pay anything."),
        ("ERR_TOO_LARGE", 1802, MarketRefused, "The amount is a larger part of the pool than the venue allows."),
        ("ERR_SLIPPAGE", 1803, MarketRefused, "The swap would pay less than the stated minimum."),
        ("ERR_VENUE_PAUSED", 1804, MarketRefused, "The venue is paused."),
        ("ERR_VENUE_CLOSED", 1805, MarketRefused, "The venue refuses this sender, or its pool is not open."),
        ("ERR_NO_POOL", 1806, MarketRefused, "The venue has no such pool."),
        ("ERR_NO_FUNDS", 1807, MarketRefused, "The sender, or the venue, does not hold what has to be moved."),
        ("ERR_VENUE_FAILED", 1808, MarketRefused, "The venue failed in a way that has no code of its own here."),
        ("ERR_PAID_TOO_LITTLE", 1809, MarketRefused, "The venue paid less than it said."),
        ("ERR_TOOK_TOO_MUCH", 1810, MarketRefused, "The venue took more than it was offered."),
        ("ERR_NOT_OWNER", 1811, MarketRefused, "Somebody stands between the owner of the tokens and this contract."),
    ),
    *_of(
        "velar-adapter",
        ("ERR_UNKNOWN_PAIR", 1900, MarketRefused, "There is no route between these two tokens."),
        ("ERR_DUST", 1901, MarketRefused, "The amount is too small for the venue to pay anything."),
        ("ERR_TOO_LARGE", 1902, MarketRefused, "The amount is larger than anything the venue could hold."),
        ("ERR_SLIPPAGE", 1903, MarketRefused, "The swap would pay less than the stated minimum."),
        ("ERR_NO_POOL", 1904, MarketRefused, "The venue has no such pool."),
        ("ERR_NO_FUNDS", 1905, MarketRefused, "The sender does not hold what has to be sold."),
        ("ERR_VENUE_FAILED", 1906, MarketRefused, "The venue failed in a way that has no code of its own here."),
        ("ERR_PAID_TOO_LITTLE", 1907, MarketRefused, "The venue paid less than it said."),
        ("ERR_TOOK_TOO_MUCH", 1908, MarketRefused, "The venue took more than it was offered."),
        ("ERR_NOT_OWNER", 1909, MarketRefused, "Somebody stands between the owner of the tokens and this contract."),
    ),
    *_of(
        "stx-token",
        ("ERR_NOT_OWNER", 2000, TransactionRefused, "Only the owner of the STX may move it."),
    ),
)
