"""What each pool's next trades would be now, and what they would cost: real reads, no writes."""

from functools import partial
from typing import Any

from keeper.analysis import Analysis, agree, analyse, estimate_whole, held_or_wanted, plan_towards, worth_of
from keeper.app import Keeper
from keeper.core.estimates import Part
from keeper.core.following import follow
from keeper.core.mandates import NextStep
from keeper.core.plans import Plan
from keeper.core.policy import PoolRule
from keeper.core.slicing import whole_limits
from keeper.errors import BadInput, Refused, Transient
from keeper.narrate import plan_facts
from keeper.observe import WebPrices
from keeper.web.estimates import Estimable

AT_REST = frozenset({NextStep.HOLD, NextStep.SETTLED})


async def plans_now(keeper: Keeper) -> list[dict[str, Any]]:
    """Return, per pool, drift, target and the legs that would bring it there; a refusal is its reason."""
    await keeper.observer.tip()
    web = await keeper.observer.web_prices()
    return [await _plan_now(keeper, rule, web) for rule in keeper.pools]


async def estimate_now(keeper: Keeper, pool: str) -> dict[str, Any]:
    """Return what bringing a pool, given by id or name, to its whales' target would cost now, and bring. µSTX as text.

    Raises:
        BadInput: no pool is called that.
        Refused, Transient: prices, venues or the chain do not allow an answer now.
    """
    rule = next((rule for rule in keeper.pools if pool in (str(rule.pool_id), rule.name)), None)
    if rule is None:
        message = f"no pool is called {pool}; there are {', '.join(rule.name for rule in keeper.pools)}"
        raise BadInput(message, field="pool", value=pool)
    await keeper.observer.tip()
    return _estimate(keeper, rule, await _look(keeper, rule, await keeper.observer.web_prices()))


def estimable(keeper: Keeper, pool_id: int) -> Estimable | None:
    """Return what the last cycle saw of a pool, to be worked out without asking anybody; None before the first."""
    found = keeper.cycle.valued(pool_id)
    rule = next((rule for rule in keeper.pools if rule.pool_id == pool_id), None)
    if found is None or rule is None:
        return None
    return Estimable(found.facts.tip, partial(_estimate, keeper, rule, found))


def _estimate(keeper: Keeper, rule: PoolRule, found: Analysis) -> dict[str, Any]:
    plan, policy = _plan(keeper, found), keeper.settings.limits()
    made = estimate_whole(plan, found, keeper.assets, policy)
    worth = worth_of(plan, made, found, keeper.assets, policy)

    def part(of: Part) -> dict[str, Any]:
        names = {"expected": of.expected_ustx, "low": of.low_ustx, "high": of.high_ustx}
        amounts = {f"{name}_ustx": str(ustx) for name, ustx in names.items()}
        return amounts | {f"{name}_percent": made.percent(ustx) for name, ustx in names.items()}

    return {
        "pool_id": rule.pool_id,
        "name": rule.name,
        "value_ustx": str(made.value_ustx),
        "legs": len(plan.legs),
        "slices": made.slices,
        "gas": part(made.gas),
        "slippage": part(made.slippage),
        "total": part(made.total),
        "benefit_ustx": None if worth is None else str(worth.benefit_ustx),
        "benefit_percent": None if worth is None else made.percent(worth.benefit_ustx),
        "worth_it": None if worth is None else worth.excess_ustx <= 0,
        "reason": plan.reason,
    }


async def _plan_now(keeper: Keeper, rule: PoolRule, web: WebPrices) -> dict[str, Any]:
    head = {"pool_id": rule.pool_id, "name": rule.name}
    try:
        found = await _look(keeper, rule, web)
        plan = None if found.step.step in AT_REST else _plan(keeper, found)
    except (Refused, Transient) as exc:
        return {**head, "drift_bps": None, "target_bps": None, "legs": [], "reason": str(exc)}
    return {
        **head,
        "drift_bps": int(found.drift.drift_bps),
        "target_bps": dict(found.target.target_bps),
        "step": str(found.step.step),
        **({"legs": [], "reason": f"nothing to trade: {found.step.reason}"} if plan is None else plan_facts(plan)),
    }


async def _look(keeper: Keeper, rule: PoolRule, web: WebPrices) -> Analysis:
    facts = await keeper.observer.pool(rule)
    points = (*web.points, *facts.venue_points)
    now = keeper.clock.now()
    agreement = agree(held_or_wanted(rule, facts), points, keeper.settings.limits(), {}, now)
    known = await keeper.whales.known(rule.whales.category, now)
    return analyse(rule, facts, agreement, follow(known, rule.whales, now), keeper.assets)


def _plan(keeper: Keeper, found: Analysis) -> Plan:
    limits = whole_limits(keeper.settings.limits())
    return plan_towards(found.target.target_bps, found, found.facts.market, limits, keeper.assets)
