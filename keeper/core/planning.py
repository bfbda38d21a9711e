"""The plan: which swaps bring a pool to its target, as cheaply as the venues allow, and why.

netting finds how much should go over which route, schedule makes legs of it, and this module holds
the plan to its limits and says in words what it does and what it could not do.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from keeper.core.assets import AssetBook
from keeper.core.basket import FINE_PER_USTX, Basket, make_basket
from keeper.core.drift import Drift, pool_drift
from keeper.core.flows import Flow, Network
from keeper.core.market import MarketView
from keeper.core.netting import net_flows
from keeper.core.plans import Limits, Plan
from keeper.core.prices import Prices
from keeper.core.reasons import why_empty, why_legs
from keeper.core.schedule import Schedule, schedule
from keeper.core.units import BPS_ONE, MicroStx, value_ustx_down

PPM_PER_BPS: Final = 100
AIM_MARGIN: Final = 30
"""Parts per million by which the search aims inside the bound it is given, since it stops a hair outside its own."""
NO_NEARER_AT_THEIRS: Final = "at the prices that the contracts accept the pool would end no nearer to its target"


def plan_rebalance(
    holdings: Mapping[str, int],
    target_bps: Mapping[str, int],
    pending_ustx: MicroStx,
    prices: Prices,
    assets: AssetBook,
    market: MarketView,
    limits: Limits,
) -> Plan:
    """Plan the swaps that bring `holdings` (base units by symbol) to `target_bps` of the free value.

    The plan never spends more than is held for certain at that moment, keeps every limit, goes as far as it
    can and says why it goes no further. It either lowers the drift that the vault measures or has no legs. Where
    the limits hold the contracts' own prices, each leg is fair and the drift lower at those as well as at ours.

    Raises:
        BadInput: the problem itself makes no sense; the message names the field.
    """
    basket = make_basket(holdings, target_bps, pending_ustx, prices, assets)
    before = _drift(basket, dict(zip(basket.symbols, basket.holdings, strict=True)), pending_ustx, assets)
    accepted = tuple(limits.accepted_e12.get(symbol, 0) for symbol in basket.symbols) if limits.accepted_e12 else ()
    basket = replace(basket, slack=_slack(basket, before, limits), accepted_e12=accepted)
    network = Network(basket, market, limits.max_slippage_bps, limits.max_impact_bps)
    if not _has_work(basket, before, limits):
        return _nothing(holdings, before, why_empty(network, before, limits, worth_moving=False))
    wanted = net_flows(network, limits)
    flow = _inside_turnover(network, wanted, limits, before.value_ustx)
    done = schedule(network, flow, limits)
    after = _drift(basket, done.holdings_after, pending_ustx, assets)
    if not done.legs or after.drift_bps >= before.drift_bps:
        reason = why_empty(network, before, limits, worth_moving=True)
    elif not _lower_at_theirs(basket, done, pending_ustx, assets):
        reason = NO_NEARER_AT_THEIRS
    else:
        return Plan(
            legs=done.legs,
            reason=why_legs(network, flow, (before, after), done, limits, capped=flow != wanted),
            value_before_ustx=before.value_ustx,
            value_after_ustx=after.value_ustx,
            turnover_ustx=MicroStx(done.turnover_ustx),
            holdings_after={**holdings, **_changed(done, holdings)},
        )
    nothing = _nothing(holdings, before, reason)
    if not accepted:
        return nothing
    ours = replace(limits, accepted_e12={})
    free = plan_rebalance(holdings, target_bps, pending_ustx, prices, assets, market, ours)
    return replace(nothing, held_back=bool(free.legs))


def _lower_at_theirs(basket: Basket, done: Schedule, pending_ustx: int, assets: AssetBook) -> bool:
    """Tell whether the drift falls at the contracts' prices too; the shares in the queue are worth more or less there."""
    if not basket.accepted_e12:
        return True
    theirs = replace(basket, prices_e12=basket.accepted_e12)
    ours_ustx, theirs_ustx = (max(sum(book.values(basket.holdings)), 1) for book in (basket, theirs))
    owed = pending_ustx * theirs_ustx // ours_ustx
    held = dict(zip(basket.symbols, basket.holdings, strict=True))
    before, after = (_drift(theirs, each, owed, assets).drift_bps for each in (held, done.holdings_after))
    return after < before


def _drift(basket: Basket, holdings: Mapping[str, int], pending_ustx: int, assets: AssetBook) -> Drift:
    prices = dict(zip(basket.symbols, basket.prices_e12, strict=True))
    values = {s: value_ustx_down(holdings[s], prices[s], assets[s].decimals) for s in basket.symbols}
    target = dict(zip(basket.symbols, basket.target_bps, strict=True))
    return pool_drift(values, target, pending_ustx)


def _slack(basket: Basket, before: Drift, limits: Limits) -> tuple[int, ...]:
    """Give assets within the dust bound that much room, and the others only what the aim leaves; in ppm."""
    aim = max(limits.aim_bps * PPM_PER_BPS - AIM_MARGIN, 0)
    small = (_within(limits.dust_bps, symbol, before) for symbol in basket.symbols)
    return tuple(max(limits.dust_bps * PPM_PER_BPS, aim) if is_small else aim for is_small in small)


def _has_work(basket: Basket, before: Drift, limits: Limits) -> bool:
    least = max(limits.dust_bps, limits.aim_bps)
    return not all(_within(least, symbol, before) for symbol in basket.symbols)


def _within(bps: int, symbol: str, drift: Drift) -> bool:
    return abs(drift.gaps_ustx[symbol]) * BPS_ONE <= bps * drift.value_ustx


def _inside_turnover(network: Network, flow: Flow, limits: Limits, value_ustx: int) -> Flow:
    """Scale every amount down alike when together they would sell more than may be sold."""
    sold = sum(network.sold_value(flow, lane) for lane in flow)
    cap = limits.max_turnover_bps * value_ustx * FINE_PER_USTX // BPS_ONE
    if sold <= cap:
        return flow
    return {lane: amount * cap // sold for lane, amount in flow.items()}


def _nothing(holdings: Mapping[str, int], before: Drift, reason: str) -> Plan:
    return Plan((), reason, before.value_ustx, before.value_ustx, MicroStx(0), dict(holdings))


def _changed(done: Schedule, holdings: Mapping[str, int]) -> dict[str, int]:
    """Return what the legs touched; an asset that was neither held nor bought stays unnamed."""
    return {symbol: amount for symbol, amount in done.holdings_after.items() if amount or symbol in holdings}
