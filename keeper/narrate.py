"""What a decision record, a report and a page say about a cycle: JSON-safe facts, missing is None."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from keeper.analysis import Analysis, budget_of
from keeper.chain.contracts import QueuedWithdrawal
from keeper.chain.plain import Record, unexpected
from keeper.core import views
from keeper.core.benefit import Worth
from keeper.core.plans import Plan
from keeper.core.policy import PoolRule
from keeper.core.prices import PricePoint
from keeper.core.records import Decision, Intent
from keeper.core.units import BPS_ONE, USTX_PER_STX
from keeper.execution.actions import leg_facts
from keeper.observe import PoolFacts
from keeper.results import read_result


def point_facts(points: Sequence[PricePoint]) -> list[dict[str, Any]]:
    """Return price points with their source and time; prices are strings with 12 decimals implied."""
    return [
        {
            "source": point.source,
            "asset": point.asset,
            "quote": point.quote,
            "price_e12": str(point.price_e12),
            "seen_at": int(point.seen_at),
        }
        for point in points
    ]


def analysis_facts(found: Analysis) -> dict[str, Any]:
    """Return what a cycle saw and concluded, before it acted."""
    return {
        "block": found.facts.tip.height,
        "block_id": found.facts.tip.block_id,
        "drift_bps": int(found.drift.drift_bps),
        "worst_bps": int(found.drift.worst_bps),
        "value_ustx": str(found.portfolio.total_ustx),
        "target_bps": dict(found.target.target_bps),
        "coverage_bps": int(found.target.coverage_bps),
        "whales": dict(found.target.weights),
        "prices": {
            symbol: {"price_e12": str(price.price_e12), "sources": [point.source for point in price.points]}
            for symbol, price in found.prices.items()
        },
        "silent_venues": dict(found.facts.silent_venues),
    }


def worth_facts(worth: Worth) -> dict[str, str]:
    """Return what a rebalance costs and brings, and by how much the cost is the larger; µSTX as text."""
    return {
        "cost_ustx": str(worth.cost_ustx),
        "benefit_ustx": str(worth.benefit_ustx),
        "excess_ustx": str(worth.excess_ustx),
        "moved_ustx": str(worth.moved_ustx),
    }


def not_worth_it(found: Analysis, worth: Worth) -> str:
    """Say in words why a rebalance is not proposed."""
    cost, benefit, excess = (
        f"{ustx / USTX_PER_STX:,.6f} STX" for ustx in (worth.cost_ustx, worth.benefit_ustx, worth.excess_ustx)
    )
    return f"{found.step.reason}, but a rebalance would cost {cost} and bring {benefit}: {excess} too much"


def plan_facts(plan: Plan) -> dict[str, Any]:
    """Return a plan with its expected cost."""
    return {
        "legs": [leg_facts(leg) for leg in plan.legs],
        "reason": plan.reason,
        "expected_cost_ustx": str(plan.cost_ustx),
        "turnover_ustx": str(plan.turnover_ustx),
    }


def slice_facts(intent: Intent) -> dict[str, Any]:
    """Return what a settled slice really did, from the rebalancer's own answer. Raises ResultUnreadable."""
    return {**_slice_call(intent), **read_result(intent, partial(_slice_answer, intent.call["expects"]["legs"]))}


def _slice_call(intent: Intent) -> dict[str, Any]:
    return {
        "txid": intent.txid,
        "block": intent.result.get("block_height"),
        "slice": intent.call["expects"]["slice"],
        "mandate": intent.call["expects"]["mandate"],
        "fee_ustx": intent.fee_ustx,
    }


def _slice_answer(legs: Sequence[Mapping[str, Any]], value: Any, what: str) -> dict[str, Any]:
    answer = Record(value, what)
    outs, sold, bought = answer.numbers("outs"), answer.number("sold-ustx"), answer.number("bought-ustx")
    if len(outs) != len(legs):
        unexpected(f"{what}, field outs", outs, f"one number for each of {len(legs)} legs")
    return {
        "legs": [dict(leg, actual_out=str(out)) for leg, out in zip(legs, outs, strict=True)],
        "sold_ustx": str(sold),
        "bought_ustx": str(bought),
        "cost_bps": None if sold == 0 else round((sold - bought) * BPS_ONE / sold, 2),
        "drift_before_bps": answer.number("drift-before"),
        "drift_after_bps": answer.number("drift-after"),
    }


def payment_facts(intent: Intent) -> dict[str, Any]:
    """Return what a settled payment of the queue really did, beside what each user was expected to get.

    Raises ResultUnreadable.
    """
    answer = read_result(intent, _payment_answer)
    return {
        "txid": intent.txid,
        **answer,
        "expected": intent.call["expects"]["payments"],
    }


def _payment_answer(value: Any, what: str) -> dict[str, Any]:
    answer = Record(value, what)
    return {"requests": answer.number("paid-requests"), "paid_ustx": str(answer.number("paid-ustx"))}


def view_facts(
    rule: PoolRule,
    facts: PoolFacts,
    found: Analysis | None,
    trouble: Mapping[str, str],
    decision: Decision,
) -> views.PoolFacts:
    """Gather what the page shows of a pool; `found` is None when the pool could not be valued."""
    proposal, mandate = facts.proposal, facts.mandate
    return views.PoolFacts(
        rule=rule,
        holdings=facts.holdings,
        pauses=facts.info.pauses,
        step=None if found is None else found.step.step,
        portfolio=None if found is None else found.portfolio,
        target=None if found is None else found.target,
        drift=None if found is None else found.drift,
        prices=None if found is None else found.prices,
        price_trouble=trouble,
        whale_rows=None if found is None else found.whale_rows,
        proposal=None if found is None else found.proposal,
        votes=None
        if proposal is None
        else views.Votes(proposal.votes_for, proposal.votes_against, proposal.stake_total),
        mandate=None if found is None else found.mandate,
        budget=None if mandate is None else budget_of(mandate),
        slices=None if mandate is None else mandate.slices,
        queue=tuple(_queued(item) for item in facts.queue),
        total_shares=facts.info.total_shares,
        decision=decision,
    )


def _queued(item: QueuedWithdrawal) -> views.QueuedWithdrawal:
    return views.QueuedWithdrawal(item.user, item.shares, item.min_out, item.asked_at)  # type: ignore[arg-type]
