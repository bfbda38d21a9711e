"""Values a pool, compares it with its whales and says which step is next. Calls rules, does no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from keeper.chain import contracts as on_chain
from keeper.core.allocation import TargetAllocation
from keeper.core.assets import STX, AssetBook
from keeper.core.benefit import Worth, weigh
from keeper.core.consensus import Agreement, LastPrice, PriceBounds, agree_each
from keeper.core.drift import Drift, pool_drift
from keeper.core.estimates import Estimate, estimate_plan
from keeper.core.following import Followed
from keeper.core.mandates import Mandate, MandateRules, Proposal, ProposalState, Situation, Step, next_step
from keeper.core.market import MarketView
from keeper.core.planning import plan_rebalance
from keeper.core.plans import Limits, Plan
from keeper.core.policy import Policy, PoolRule
from keeper.core.prices import AgreedPrice, PricePoint
from keeper.core.slicing import MandateBudget, to_sell_ustx
from keeper.core.units import BPS_ONE, Seconds
from keeper.core.valuation import Portfolio, value_portfolio
from keeper.observe import PoolFacts, WebPrices

EXHAUSTED_BPS = 10
"""A mandate with less turnover left than this share of its base value has done what it could."""

SLOW_SOURCES = ("dia",)
"""Sources that renew their prices seldom by nature, and have an age limit of their own."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything one cycle knows about a pool before it acts."""

    facts: PoolFacts
    prices: Mapping[str, AgreedPrice]
    portfolio: Portfolio
    whale_rows: Sequence[Mapping[str, Any]]
    """The followed whales as a page shows them."""
    target: TargetAllocation
    drift: Drift
    """From today's whales."""
    proposal: Proposal | None
    mandate: Mandate | None
    mandate_drift: Drift | None
    """From the open mandate's own target."""
    step: Step


def bounds_of(policy: Policy, *, min_sources: int | None = None) -> PriceBounds:
    """Return the policy's price bounds, with another minimum of sources where asked for."""
    return PriceBounds(
        max_age=policy.max_price_age,
        max_age_of=dict.fromkeys(SLOW_SOURCES, policy.max_slow_price_age),
        min_sources=policy.min_sources if min_sources is None else min_sources,
        max_spread_bps=policy.max_price_spread_bps,
        max_jump_bps=policy.max_price_jump_bps,
        basis=policy.price_basis,
    )


def agree(
    symbols: Sequence[str],
    points: Sequence[PricePoint],
    policy: Policy,
    last: Mapping[str, LastPrice],
    now: Seconds,
) -> Agreement:
    """Agree on a price for each of `symbols`, as far as the points allow."""
    return agree_each(points, symbols, now=now, bounds=bounds_of(policy), last=last)


def reportable(symbols: Sequence[str], web: WebPrices, policy: Policy, now: Seconds) -> Agreement:
    """Agree on what to report to the oracle: web sources alone, since it asks venues and other contracts itself."""
    points = [point for point in web.points if point.kind == "web"]
    return agree_each(points, symbols, now=now, bounds=bounds_of(policy, min_sources=1))


def held_or_wanted(rule: PoolRule, facts: PoolFacts) -> tuple[str, ...]:
    """Return every asset that matters to a pool: STX, and what is allowed or held."""
    held = (symbol for symbol, amount in facts.holdings.items() if amount)
    return tuple(dict.fromkeys((STX, *rule.symbols, *held)))


def analyse(
    rule: PoolRule,
    facts: PoolFacts,
    agreement: Agreement,
    followed: Followed,
    assets: AssetBook,
) -> Analysis:
    """Value, compare and choose the next step. Raises a Refused error when a price or the whales are missing."""
    prices = agreement.require(held_or_wanted(rule, facts))
    portfolio = value_portfolio(
        facts.holdings,
        prices,
        assets,
        pending_shares=facts.info.pending_shares,
        total_shares=facts.info.total_shares,
    )
    wanted = followed.wanted(rule.symbols)
    target = wanted.target
    drift = portfolio.drift(target.target_bps)
    proposal = proposal_of(facts.proposal, assets)
    mandate_drift = None if facts.mandate is None else portfolio.drift(targets_of(facts.mandate.targets, assets))
    mandate = mandate_of(facts.mandate, mandate_drift, assets)
    situation = Situation(
        now=facts.tip.time,
        target_bps=target.target_bps,
        drift_bps=drift.drift_bps,
        proposal=proposal,
        mandate=mandate,
    )
    step = next_step(
        situation, MandateRules(rule.drift_threshold_bps, rule.tolerance_bps, proposals_open=rule.proposals_open)
    )
    return Analysis(facts, prices, portfolio, wanted.whale_rows, target, drift, proposal, mandate, mandate_drift, step)


def targets_of(targets: Sequence[on_chain.Target], assets: AssetBook) -> dict[str, int]:
    """Return on-chain targets by symbol; an asset that is not configured keeps its principal as name."""
    named: dict[str, int] = {}
    for target in targets:
        asset = assets.by_principal(target.asset)
        named[target.asset if asset is None else asset.symbol] = target.bps
    return named


def proposal_of(found: on_chain.Proposal | None, assets: AssetBook) -> Proposal | None:
    """Return a proposal as the mandate rules take it."""
    if found is None:
        return None
    state = cast("ProposalState", found.state)
    return Proposal(found.proposal_id, state, found.ends_at, found.due_at, targets_of(found.targets, assets))


def mandate_of(found: on_chain.Mandate | None, drift: Drift | None, assets: AssetBook) -> Mandate | None:
    """Return an open mandate as the mandate rules take it."""
    if found is None or drift is None:
        return None
    budget = budget_of(found)
    least = found.base_value_ustx * EXHAUSTED_BPS // BPS_ONE
    exhausted = budget.turnover_left_ustx <= least or budget.loss_left_ustx <= 0
    targets = targets_of(found.targets, assets)
    return Mandate(found.mandate_id, found.expires_at, targets, drift.worst_bps, exhausted)


def budget_of(found: on_chain.Mandate) -> MandateBudget:
    """Return what a mandate allows and what its slices have used."""
    return MandateBudget(
        turnover_bps=found.limits.turnover_bps,
        slippage_bps=found.limits.slippage_bps,
        loss_bps=found.limits.loss_bps,
        base_value_ustx=found.base_value_ustx,
        turnover_ustx=found.turnover_ustx,
        loss_ustx=found.loss_ustx,
    )


def drift_after(plan: Plan, found: Analysis, assets: AssetBook) -> Drift:
    """Return how far from today's target the pool would be after a plan."""
    after = value_portfolio(plan.holdings_after, found.prices, assets)
    return pool_drift(after.values_ustx, found.target.target_bps, found.portfolio.pending_ustx)


def estimate_whole(plan: Plan, found: Analysis, assets: AssetBook, policy: Policy) -> Estimate:
    """Return what carrying out a plan over the markets of an analysed pool would cost."""
    return estimate_plan(plan, found.prices, assets, policy, found.facts.market)


def worth_of(plan: Plan, made: Estimate, found: Analysis, assets: AssetBook, policy: Policy) -> Worth | None:
    """Weigh what a whole rebalance costs against what it brings; None without legs, when nobody can tell the cost."""
    if not plan.legs:
        return None
    before, after = to_sell_ustx(found.drift), to_sell_ustx(drift_after(plan, found, assets))
    return weigh(made.total.expected_ustx, before, after, policy.benefit)


def plan_towards(
    target_bps: Mapping[str, int], found: Analysis, market: MarketView, limits: Limits, assets: AssetBook
) -> Plan:
    """Plan the swaps that bring an analysed pool to a target over `market`, inside `limits`."""
    holdings, pending = found.portfolio.holdings, found.portfolio.pending_ustx
    return plan_rebalance(holdings, target_bps, pending, found.prices, assets, market, limits)
