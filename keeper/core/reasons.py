"""A plan in plain words: what it does, and what kept it from doing more."""

from dataclasses import replace

from keeper.core.basket import Basket
from keeper.core.drift import Drift
from keeper.core.flows import Flow, Lane, Network
from keeper.core.plans import Limits
from keeper.core.schedule import Schedule
from keeper.core.units import BPS_ONE, percent

NOTICEABLE_BPS = 10
"""An asset that ends nearer than this to its target needs no excuse."""


def why_empty(network: Network, before: Drift, limits: Limits, *, worth_moving: bool) -> str:
    """Say why there are no legs."""
    if before.free_ustx <= 0:
        return "queued withdrawals claim everything the pool holds, so there is nothing to bring to a target"
    if not worth_moving:
        least = max(limits.dust_bps, limits.aim_bps)
        return f"no asset is further than {percent(least)} from its target, which is too little to trade for"
    if limits.max_legs < 1:
        return "the limits allow no leg at all"
    held = dict(zip(network.basket.symbols, network.basket.holdings, strict=True))
    apart = _apart(before, limits)
    obstacles = _obstacles(network, {}, before, limits)
    if not obstacles and limits.max_turnover_bps * before.value_ustx < BPS_ONE * len(held):
        return "the turnover limit leaves nothing to sell"
    return ": ".join(
        ["no swap would bring the pool nearer to its target", *filter(None, ["; ".join(obstacles or apart)])]
    )


def why_legs(
    network: Network, flow: Flow, drifts: tuple[Drift, Drift], done: Schedule, limits: Limits, *, capped: bool
) -> str:
    """Say what the legs do and, when the target is not reached, what stopped them."""
    before, after = drifts
    sold = ", ".join(dict.fromkeys(leg.sell for leg in done.legs))
    bought = ", ".join(dict.fromkeys(leg.buy for leg in done.legs))
    words = [f"sell {sold} for {bought}: drift falls from {percent(before.drift_bps)} to {percent(after.drift_bps)}"]
    apart = _apart(after, limits)
    if apart:
        words += apart
        if capped:
            words.append(f"one slice may sell {percent(limits.max_turnover_bps)} of the pool's value")
        else:
            words += _obstacles(network, flow, after, limits)
        if len(done.legs) >= limits.max_legs:
            words.append(f"a plan may have {limits.max_legs} legs")
    return "; ".join(words)


def _apart(drift: Drift, limits: Limits) -> list[str]:
    """Name the assets that are noticeably off their target."""
    least = max(limits.dust_bps, limits.aim_bps) + NOTICEABLE_BPS
    off = {symbol: bps for symbol, bps in drift.deviations_bps.items() if abs(bps) > least}
    return [f"{s} is {percent(abs(bps))} {'over' if bps > 0 else 'under'} its target" for s, bps in off.items()]


def _obstacles(network: Network, flow: Flow, drift: Drift, limits: Limits) -> list[str]:
    """Say for each asset off its target what is wrong with the ways to trade it."""
    least = max(limits.dust_bps, limits.aim_bps) + NOTICEABLE_BPS
    said = []
    for index, symbol in enumerate(network.basket.symbols):
        deviation = drift.deviations_bps[symbol]
        if abs(deviation) > least:
            said.append(_obstacle(network, flow, index, sells=deviation > 0))
    return [words for words in said if words]


def _obstacle(network: Network, flow: Flow, asset: int, *, sells: bool) -> str:
    name, verb = network.basket.symbols[asset], "sell" if sells else "buy"
    lanes = [i for i, lane in enumerate(network.lanes) if (lane.sell if sells else lane.buy) == asset]
    if not lanes and network.basket.accepted_e12 and not network.basket.accepted_e12[asset]:
        return f"the contracts have no price of {name} now"
    if not lanes:
        return f"no venue lets the pool {verb} {name}"
    losses = [loss for loss in (_losses_bps(network, flow, lane) for lane in lanes) if loss is not None]
    if not losses:
        return f"every venue refuses to {verb} {name}"
    ours, theirs = min(losses, key=max)
    if max(ours, theirs) > network.max_slippage_bps:
        whose = "the agreed price" if ours >= theirs else "the price that the contracts accept"
        return (
            f"the best way to {verb} more {name} pays {percent(max(ours, theirs))} less than {whose}, "
            f"{percent(network.max_slippage_bps)} are allowed"
        )
    return ""


def _losses_bps(network: Network, flow: Flow, lane: int) -> tuple[int, int] | None:
    """Return by how much a little more of a lane would put the whole lane below the agreed price, and the contracts'."""
    basket, own = network.basket, network.lanes[lane]
    little = max(sum(basket.values(basket.holdings)) // 1_000, 1)
    amount = flow.get(lane, 0) + max(basket.amount(own.sell, little), 1)
    fill = network.quote(lane, network.books, amount)
    if fill is None:
        return None
    books = [prices for prices in (basket.prices_e12, basket.accepted_e12) if prices]
    losses = [_short_bps(replace(basket, prices_e12=prices), own, amount, fill.amount_out) for prices in books]
    return losses[0], losses[-1]


def _short_bps(basket: Basket, lane: Lane, amount: int, paid: int) -> int:
    sold = max(basket.value(lane.sell, amount), 1)
    return -((basket.value(lane.buy, paid) - sold) * BPS_ONE // sold)
