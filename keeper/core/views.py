"""A pool as the page, the API and `keeper status` show it: one JSON-safe body, built here only.

Amounts that may exceed 2^53 are strings of base units beside a readable decimal; shares are basis points;
instants are seconds since 1970. What is not known is None, never 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keeper.core.allocation import TargetAllocation
from keeper.core.assets import AssetBook
from keeper.core.drift import Drift
from keeper.core.mandates import Mandate, NextStep, Proposal
from keeper.core.pauses import RUNNING, Pauses
from keeper.core.policy import PoolRule
from keeper.core.prices import AgreedPrice, PricePoint
from keeper.core.records import Decision, PoolView
from keeper.core.slicing import MandateBudget
from keeper.core.units import BPS_ONE, BaseUnits, Seconds, mul_div_down
from keeper.core.valuation import Portfolio
from keeper.core.whales import Whale

SHARE_DECIMALS = 6
PRICE_DECIMALS = 12

STATE_WORDS: Mapping[NextStep, str] = {
    NextStep.HOLD: "on target",
    NextStep.PROPOSE: "drifting",
    NextStep.WAIT_VOTE: "in vote",
    NextStep.CONCLUDE: "vote ended",
    NextStep.EXECUTE: "rebalancing",
    NextStep.SETTLED: "settled",
}


@dataclass(frozen=True, slots=True)
class QueuedWithdrawal:
    """One user's wait to be paid."""

    user: str
    shares: int
    min_out_ustx: BaseUnits
    asked_at: Seconds


@dataclass(frozen=True, slots=True)
class Votes:
    """How a proposal stands, in base units of FLOW."""

    votes_for: int
    votes_against: int
    stake_total: int


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """What one cycle knew of a pool. None means that it could not be known."""

    rule: PoolRule
    holdings: Mapping[str, int]
    pauses: Pauses
    step: NextStep | None = None
    portfolio: Portfolio | None = None
    target: TargetAllocation | None = None
    drift: Drift | None = None
    prices: Mapping[str, AgreedPrice] | None = None
    price_trouble: Mapping[str, str] | None = None
    """Why an asset has no price, by symbol."""
    whale_rows: Sequence[Mapping[str, Any]] | None = None
    """What `whale_rows` gives; never changed, since pools that follow the same whales share it."""
    proposal: Proposal | None = None
    votes: Votes | None = None
    mandate: Mandate | None = None
    budget: MandateBudget | None = None
    slices: int | None = None
    queue: Sequence[QueuedWithdrawal] | None = None
    total_shares: int | None = None
    decision: Decision | None = None


def pool_body(facts: PoolFacts, assets: AssetBook) -> dict[str, Any]:
    """Return the body of a PoolView from one cycle's facts; JSON-safe throughout."""
    portfolio, drift, rule = facts.portfolio, facts.drift, facts.rule
    return {
        "name": rule.name,
        "state": state_word(facts),
        "paused": facts.pauses.rebalances,
        "pauses": _pauses(facts.pauses),
        "value_ustx": None if portfolio is None else str(portfolio.total_ustx),
        "value_stx": None if portfolio is None else decimal(portfolio.total_ustx, 6),
        "free_ustx": None if portfolio is None else str(portfolio.free_ustx),
        "pending_ustx": None if portfolio is None else str(portfolio.pending_ustx),
        "share_price_stx": _share_price(portfolio),
        "total_shares": None if facts.total_shares is None else decimal(facts.total_shares, SHARE_DECIMALS),
        "drift_bps": None if drift is None else int(drift.drift_bps),
        "worst_bps": None if drift is None else int(drift.worst_bps),
        "threshold_bps": int(rule.drift_threshold_bps),
        "tolerance_bps": int(rule.tolerance_bps),
        "coverage_bps": None if facts.target is None else int(facts.target.coverage_bps),
        "dropped_bps": None if facts.target is None else dict(facts.target.dropped),
        "assets": [_asset_row(symbol, facts, assets) for symbol in _symbols(facts)],
        "whales": facts.whale_rows,
        "proposal": _proposal(facts),
        "mandate": _mandate(facts),
        "queue": None if facts.queue is None else [_queued(item) for item in facts.queue],
        "last_decision": None if facts.decision is None else _decision(facts.decision),
    }


def with_decision(view: PoolView, decision: Decision) -> PoolView:
    """Return how a pool was seen last, with a decision that was made since, as where it could not be read again."""
    return replace(view, body={**view.body, "last_decision": _decision(decision)})


def unseen(rule: PoolRule, decision: Decision | None = None) -> dict[str, Any]:
    """Return the body of a pool that could never be read, with what was decided; what such a body lacks is not known."""
    return {
        "name": rule.name,
        "state": "not read yet",
        "drift_bps": None,
        "threshold_bps": int(rule.drift_threshold_bps),
        "tolerance_bps": int(rule.tolerance_bps),
        "last_decision": None if decision is None else _decision(decision),
    }


def state_word(facts: PoolFacts) -> str:
    """Return the pool's state as a word or two; trouble is named before anything else."""
    if facts.pauses != RUNNING:
        return facts.pauses.words()
    if facts.price_trouble:
        return "no agreed price"
    return "unknown" if facts.step is None else STATE_WORDS[facts.step]


def decimal(amount: int, decimals: int) -> str:
    """Write base units as a decimal number, exactly, without needless zeros."""
    whole, part = divmod(abs(amount), 10**decimals)
    fraction = f"{part:0{decimals}d}".rstrip("0") if part else ""
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def _pauses(pauses: Pauses) -> dict[str, bool]:
    return {"deposits": pauses.deposits, "withdrawals": pauses.withdrawals, "rebalances": pauses.rebalances}


def _symbols(facts: PoolFacts) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*facts.rule.symbols, *facts.holdings)))


def _asset_row(symbol: str, facts: PoolFacts, assets: AssetBook) -> dict[str, Any]:
    amount = facts.holdings.get(symbol, 0)
    known = symbol in assets
    value = None if facts.portfolio is None else facts.portfolio.values_ustx.get(symbol, 0)
    gap = None if facts.drift is None else facts.drift.gaps_ustx.get(symbol, 0)
    return {
        "symbol": symbol,
        "amount": str(amount),
        "amount_human": decimal(amount, assets[symbol].decimals) if known else None,
        "value_ustx": None if value is None else str(value),
        "value_stx": None if value is None else decimal(value, 6),
        "share_bps": _share_bps(value, facts.portfolio),
        "target_bps": None if facts.target is None else facts.target.target_bps.get(symbol, 0),
        "gap_ustx": None if gap is None else str(gap),
        "gap_bps": None if facts.drift is None else facts.drift.deviations_bps.get(symbol, 0),
        "price": _price(symbol, facts),
    }


def _share_bps(value_ustx: int | None, portfolio: Portfolio | None) -> int | None:
    if value_ustx is None or portfolio is None or portfolio.total_ustx == 0:
        return None
    return mul_div_down(value_ustx, BPS_ONE, portfolio.total_ustx)


def _share_price(portfolio: Portfolio | None) -> str | None:
    if portfolio is None or portfolio.share_price_e12 is None:
        return None
    return decimal(portfolio.share_price_e12, PRICE_DECIMALS)


def _price(symbol: str, facts: PoolFacts) -> dict[str, Any]:
    agreed = (facts.prices or {}).get(symbol)
    return {
        "stx": None if agreed is None else decimal(agreed.price_e12, PRICE_DECIMALS),
        "oldest_at": None if agreed is None else int(agreed.oldest_at),
        "spread_bps": None if agreed is None else int(agreed.spread_bps),
        "sources": None if agreed is None else [_point(point) for point in agreed.points],
        "trouble": (facts.price_trouble or {}).get(symbol),
    }


def _point(point: PricePoint) -> dict[str, Any]:
    return {
        "source": point.source,
        "quote": point.quote,
        "price": decimal(point.price_e12, PRICE_DECIMALS),
        "seen_at": int(point.seen_at),
        "confidence_bps": None if point.confidence_bps is None else int(point.confidence_bps),
    }


def whale_rows(whales: Sequence[Whale], weights: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return whales as a body shows them; `weights` are bps by address, and a whale without one has None."""
    return [
        {
            "address": whale.address,
            "weight_bps": weights.get(whale.address),
            "score": decimal(whale.score, 2),
            "win_rate_bps": None if whale.win_rate_bps is None else int(whale.win_rate_bps),
            "stacked_stx": decimal(whale.stacked_ustx, 6),
            "allocation_bps": dict(whale.allocation_bps),
            "observed_at": int(whale.observed_at),
        }
        for whale in whales
    ]


def _proposal(facts: PoolFacts) -> dict[str, Any] | None:
    proposal, votes = facts.proposal, facts.votes
    if proposal is None:
        return None
    return {
        "id": proposal.proposal_id,
        "state": proposal.state,
        "ends_at": int(proposal.ends_at),
        "due_at": int(proposal.due_at),
        "target_bps": dict(proposal.target_bps),
        "votes_for": None if votes is None else decimal(votes.votes_for, 6),
        "votes_against": None if votes is None else decimal(votes.votes_against, 6),
        "stake_total": None if votes is None else decimal(votes.stake_total, 6),
    }


def _mandate(facts: PoolFacts) -> dict[str, Any] | None:
    mandate, budget = facts.mandate, facts.budget
    if mandate is None:
        return None
    return {
        "id": mandate.mandate_id,
        "expires_at": int(mandate.expires_at),
        "target_bps": dict(mandate.target_bps),
        "worst_bps": int(mandate.worst_bps),
        "slices": facts.slices,
        "turnover_bps": None if budget is None else int(budget.turnover_bps),
        "slippage_bps": None if budget is None else int(budget.slippage_bps),
        "loss_bps": None if budget is None else int(budget.loss_bps),
        "turnover_used_stx": None if budget is None else decimal(budget.turnover_ustx, 6),
        "turnover_left_stx": None if budget is None else decimal(budget.turnover_left_ustx, 6),
        "loss_used_stx": None if budget is None else decimal(budget.loss_ustx, 6),
        "loss_left_stx": None if budget is None else decimal(budget.loss_left_ustx, 6),
    }


def _queued(item: QueuedWithdrawal) -> dict[str, Any]:
    return {
        "user": item.user,
        "shares": decimal(item.shares, SHARE_DECIMALS),
        "min_out_stx": decimal(item.min_out_ustx, 6),
        "asked_at": int(item.asked_at),
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.decision_id,
        "at": int(decision.at),
        "outcome": str(decision.outcome),
        "reason": decision.reason,
        "tip_height": decision.tip_height,
    }
