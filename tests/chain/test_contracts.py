"""Our contracts' answers become values, their errors the keeper's errors, and calls the bytes they take."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from keeper.chain import clarity
from keeper.chain.clarity import ascii_, bool_, err, list_, none, ok, principal, some, tuple_, uint
from keeper.chain.contracts import (
    ConsensusPrice,
    Drift,
    MandateLimits,
    PoolAsset,
    PoolContracts,
    PostedPrice,
    QueuedWithdrawal,
    SwapLeg,
    Target,
)
from keeper.chain.reason_table import OURS
from keeper.core.chain_types import Tip
from keeper.core.pauses import Pauses
from keeper.errors import BadInput, KeeperError, NodeUnavailable, UnknownContractError

US = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
STX = f"{US}.stx-token"
SHARE = f"{US}.pool-share-1"
TIP = Tip(7, "ab" * 32, 1_790_000_000)
OURS_DEPLOYED = PoolContracts(US)


@dataclass
class Answers:
    """Answers reads with the serialised values it was given, and remembers the questions in plain form."""

    values: dict[str, bytes]
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def read(self, contract: str, function: str, args: Sequence[bytes], tip: Tip) -> Any:
        assert tip == TIP
        self.asked.append((contract, function, *(clarity.decode(arg) for arg in args)))
        return clarity.decode(self.values[function])


POOL_ROW = {
    "name": clarity.ascii_("DeFi Whale Index"),
    "share": principal(SHARE),
    "creator": principal(US),
    "created-at": uint(5),
    "cap-usd": uint(25_000),
    "pauses": tuple_({"deposits": bool_(b=True), "withdrawals": bool_(b=False), "rebalances": bool_(b=False)}),
    "total-shares": uint(14_000_000_000),
    "pending-shares": uint(9),
    "high-water-mark": uint(10**12),
    "fees-at": uint(6),
    "management-bps": uint(50),
    "performance-bps": uint(1_000),
}
TARGETS = list_([tuple_({"asset": principal(STX), "bps": uint(10_000)})])
LIMITS = tuple_({"turnover-bps": uint(6_000), "slippage-bps": uint(200), "loss-bps": uint(100)})
PROPOSAL = tuple_(
    {
        "pool-id": uint(1),
        "targets": TARGETS,
        "limits": LIMITS,
        "open-secs": uint(86_400),
        "plan-hash": clarity.buffer(bytes(range(32))),
        "proposer": principal(US),
        "created-at": uint(1),
        "ends-at": uint(2),
        "due-at": uint(6),
        "stake-total": uint(3),
        "votes-for": uint(4),
        "votes-against": uint(5),
        "state": clarity.ascii_("voting"),
    }
)
MANDATE = tuple_(
    {
        "pool-id": uint(1),
        "limits": LIMITS,
        "targets": TARGETS,
        "opened-at": uint(1),
        "expires-at": uint(2),
        "slices": uint(3),
        "turnover-ustx": uint(4),
        "loss-ustx": uint(5),
        "base-value-ustx": uint(6),
    }
)


async def test_pool__there__is_its_record() -> None:
    reader = Answers({"get-pool": some(tuple_(POOL_ROW))})

    pool = await OURS_DEPLOYED.pool(reader, TIP, 1)

    assert (pool.pool_id, pool.name, pool.share, pool.creator) == (1, "DeFi Whale Index", SHARE, US)
    assert (pool.created_at, pool.cap_usd, pool.pauses, pool.fees_at) == (5, 25_000, Pauses(deposits=True), 6)
    assert (pool.management_bps, pool.performance_bps) == (50, 1_000)
    assert (pool.total_shares, pool.pending_shares, pool.high_water_mark) == (14_000_000_000, 9, 10**12)
    assert reader.asked == [(f"{US}.whale-pool-vault", "get-pool", 1)]


async def test_pool__not_there__is_refused() -> None:
    with pytest.raises(BadInput, match="no pool 9"):
        await OURS_DEPLOYED.pool(Answers({"get-pool": none()}), TIP, 9)


@pytest.mark.parametrize("key", POOL_ROW)
async def test_pool__field_missing_or_of_another_type__is_no_answer(key: str) -> None:
    missing = tuple_({k: v for k, v in POOL_ROW.items() if k != key})
    other = tuple_(POOL_ROW | {key: none()})

    for row in (missing, other):
        with pytest.raises(NodeUnavailable, match=key):
            await OURS_DEPLOYED.pool(Answers({"get-pool": some(row)}), TIP, 1)


async def test_pool_assets__two__come_in_the_vaults_order() -> None:
    rows = [
        tuple_({"asset": principal(a), "amount": uint(n), "bps": uint(b), "decimals": uint(6)})
        for a, n, b in ((STX, 5, 9_000), (SHARE, 6, 1_000))
    ]

    assets = await OURS_DEPLOYED.pool_assets(Answers({"get-pool-assets": list_(rows)}), TIP, 1)

    assert assets == (PoolAsset(STX, 5, 9_000, 6), PoolAsset(SHARE, 6, 1_000, 6))


async def test_queue__one_waiting__is_named() -> None:
    row = tuple_({"user": principal(US), "shares": uint(1), "min-out": uint(2), "asked-at": uint(3)})

    assert await OURS_DEPLOYED.queue(Answers({"get-queue": list_([row])}), TIP, 3) == (QueuedWithdrawal(US, 1, 2, 3),)


async def test_numbers__drift_price_value_count__are_read() -> None:
    drift = tuple_({"drift-bps": uint(1_800), "value-ustx": uint(10), "free-ustx": uint(9)})
    reader = Answers(
        {
            "get-drift": ok(drift),
            "get-share-price": ok(uint(11)),
            "get-pool-total-value": ok(uint(12)),
            "get-outflow": uint(15),
            "get-pool-count": uint(3),
            "get-balance": ok(uint(14)),
        }
    )

    assert await OURS_DEPLOYED.drift(reader, TIP, 1) == Drift(1_800, 10, 9)
    assert await OURS_DEPLOYED.share_price(reader, TIP, 1) == 11
    assert await OURS_DEPLOYED.total_value(reader, TIP, 1) == 12
    assert await OURS_DEPLOYED.pool_count(reader, TIP) == 3
    assert await OURS_DEPLOYED.outflow(reader, TIP, 1) == 15
    assert await OURS_DEPLOYED.balance(reader, TIP, STX, SHARE) == 14
    assert reader.asked[-1] == (STX, "get-balance", SHARE)


async def test_proposal__latest__is_found_by_its_number() -> None:
    reader = Answers({"get-latest-proposal": some(uint(4)), "get-proposal": some(PROPOSAL)})

    proposal = await OURS_DEPLOYED.latest_proposal(reader, TIP, 1)

    assert proposal is not None
    assert (proposal.proposal_id, proposal.pool_id, proposal.state) == (4, 1, "voting")
    assert (proposal.targets, proposal.limits) == ((Target(STX, 10_000),), MandateLimits(6_000, 200, 100))
    assert (proposal.plan_hash, proposal.proposer, proposal.open_secs) == (bytes(range(32)), US, 86_400)
    assert (proposal.created_at, proposal.ends_at, proposal.due_at, proposal.stake_total) == (1, 2, 6, 3)
    assert (proposal.votes_for, proposal.votes_against) == (4, 5)
    assert [args for _, _, *args in reader.asked] == [[1], [4]]


async def test_mandate__open__is_found_by_its_number() -> None:
    reader = Answers({"get-open-mandate": some(uint(2)), "get-mandate": some(MANDATE)})

    mandate = await OURS_DEPLOYED.open_mandate(reader, TIP, 1)

    assert mandate is not None
    assert (mandate.mandate_id, mandate.pool_id, mandate.slices) == (2, 1, 3)
    assert (mandate.opened_at, mandate.expires_at) == (1, 2)
    assert (mandate.turnover_ustx, mandate.loss_ustx, mandate.base_value_ustx) == (4, 5, 6)
    assert (mandate.targets, mandate.limits) == ((Target(STX, 10_000),), MandateLimits(6_000, 200, 100))


async def test_proposal_and_mandate__none__are_none() -> None:
    reader = Answers(dict.fromkeys(("get-latest-proposal", "get-open-mandate", "get-proposal", "get-mandate"), none()))

    assert await OURS_DEPLOYED.latest_proposal(reader, TIP, 1) is None
    assert await OURS_DEPLOYED.open_mandate(reader, TIP, 1) is None
    assert await OURS_DEPLOYED.proposal(reader, TIP, 1) is None
    assert await OURS_DEPLOYED.mandate(reader, TIP, 1) is None


async def test_price__agreed__has_sources_and_age() -> None:
    agreed = ok(tuple_({"price": uint(5), "sources": uint(2), "oldest-at": uint(1)}))
    reader = Answers({"get-consensus-price": agreed, "get-stx-usd": agreed})

    assert await OURS_DEPLOYED.price(reader, TIP, STX) == ConsensusPrice(5, 2, 1)
    assert await OURS_DEPLOYED.stx_usd(reader, TIP) == ConsensusPrice(5, 2, 1)
    assert reader.asked == [(f"{US}.pool-oracle", "get-consensus-price", STX), (f"{US}.pool-oracle", "get-stx-usd")]


@pytest.mark.parametrize(("sources", "at"), [(["alex", "reported"], 9), (["alex"], None), ([], None)])
async def test_reported_at__last_report__is_told_from_what_other_sources_said(sources, at) -> None:
    rows = [{"source": ascii_(name), "price": uint(1), "at": uint(9), "firm": bool_(b=True)} for name in sources]
    reader = Answers({"get-sources": list_([tuple_(row) for row in rows])})

    assert await OURS_DEPLOYED.reported_at(reader, TIP, STX) == at
    assert reader.asked == [(f"{US}.pool-oracle", "get-sources", STX)]


@pytest.mark.parametrize("reason", [r for r in OURS if r.contract == "whale-pool-vault"], ids=lambda r: r.name)
async def test_read__contract_says_no__is_the_error_of_its_code(reason) -> None:
    with pytest.raises(reason.error, match=reason.name):
        await OURS_DEPLOYED.drift(Answers({"get-drift": err(uint(reason.code))}), TIP, 1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (err(uint(987_654)), UnknownContractError),
        (err(none()), NodeUnavailable),
        (ok(uint(1)), NodeUnavailable),
        (none(), NodeUnavailable),
    ],
)
async def test_read__answer_nobody_expected__is_typed(answer: bytes, error: type[KeeperError]) -> None:
    with pytest.raises(error):
        await OURS_DEPLOYED.drift(Answers({"get-drift": answer}), TIP, 1)


@pytest.mark.parametrize("rows", [none(), uint(1), list_([uint(1)])])
async def test_rows__not_a_list_of_tuples__are_no_answer(rows: bytes) -> None:
    with pytest.raises(NodeUnavailable):
        await OURS_DEPLOYED.queue(Answers({"get-queue": rows}), TIP, 1)


def plain_call(made) -> tuple[str, str, list[Any]]:
    return made.contract.removeprefix(f"{US}."), made.function, [clarity.decode(arg) for arg in made.args]


def test_call__propose_mandate__carries_targets_limits_and_hash() -> None:
    made = OURS_DEPLOYED.propose_mandate(1, [Target(STX, 10_000)], MandateLimits(6_000, 200, 100), 3_600, bytes(32))

    limits = {"turnover-bps": 6_000, "slippage-bps": 200, "loss-bps": 100}
    args = [1, [{"asset": STX, "bps": 10_000}], limits, 3_600, bytes(32)]
    assert plain_call(made) == ("pool-governance", "propose-mandate", args)


def test_call__rebalance_pool__carries_every_leg_in_order() -> None:
    alex, velar = f"{US}.alex-adapter", f"{US}.velar-adapter"
    legs = [SwapLeg(STX, SHARE, 5, 4, alex, velar), SwapLeg(SHARE, STX, 3, 2, velar)]

    _, function, (*head, sent) = plain_call(OURS_DEPLOYED.rebalance_pool(1, 2, 3, 250_000, legs))

    assert (function, head) == ("rebalance-pool", [1, 2, 3, 250_000])
    assert sent == [
        {"from": STX, "to": SHARE, "amount": 5, "min-out": 4, "dex": alex, "fallback": velar},
        {"from": SHARE, "to": STX, "amount": 3, "min-out": 2, "dex": velar, "fallback": None},
    ]


def test_calls__conclude_prices_withdrawal__carry_their_arguments() -> None:
    prices = OURS_DEPLOYED.post_prices([PostedPrice(STX, 470_000_000_000, 9)])
    withdrawals = OURS_DEPLOYED.process_withdrawals(3, SHARE)

    assert plain_call(OURS_DEPLOYED.conclude(4)) == ("pool-governance", "conclude", [4])
    assert plain_call(prices) == ("pool-oracle", "post-prices", [[{"asset": STX, "price": 470_000_000_000, "at": 9}]])
    assert plain_call(withdrawals) == ("whale-pool-vault", "process-withdrawals", [3, SHARE])
