"""One price per asset from several sources, or a named refusal.

Sources quote in USD or in STX. The USD points of STX settle first; with that rate the USD points of
the other assets become STX prices and are judged together with the points quoted in STX.

The price is the median, and sources further apart than allowed stop everything. A source that is off by a
multiple, as one with other decimals or another asset is, does not disagree, it is broken: it is left out,
but only where the rest are a majority, are enough by themselves and do not all speak for the venues, since
whoever pushes two venues must not silence the web. Which source leads follows a fallback order; with the basis
"first" the leader's own price is taken, once the others bear it out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from keeper.core.assets import STX
from keeper.core.leading import VENUES, lead_of, led_price
from keeper.core.prices import AgreedPrice, Fault, PricePoint, RefusedPrice, observed
from keeper.core.units import BPS_ONE, PRICE_ONE, Bps, PriceE12, Seconds, mul_div_down, mul_div_up, percent
from keeper.errors import BadInput, PriceDisagreement, PriceJump, Refused, StalePrice, TooFewSources

STX_USD: Final = "STX/USD"
"""The name under which USD per STX is agreed and remembered."""
FALLBACK_ORDER: Final = ("pyth", VENUES, "dia", "stacking-dao", "coingecko")
"""Who leads: Pyth, else the average of the venues, else the others; a source not named here comes last."""


@dataclass(frozen=True, slots=True)
class PriceBounds:
    """What a price must satisfy before anything moves on it."""

    max_age: Seconds = Seconds(900)
    """Oldest stamp that still counts."""
    max_age_of: Mapping[str, Seconds] = field(default_factory=dict)
    """Other bounds by source name, or by its class: the part before a colon (`alex` for `alex:13`)."""
    max_ahead: Seconds = Seconds(300)
    """How far ahead of `now` a stamp may be."""
    min_sources: int = 2
    max_spread_bps: Bps = Bps(1_000)
    """Most that highest and lowest may differ, relative to the middle."""
    stray_factor: int = 3
    """How many times the middle, or what part of it, a price must be to count as broken instead of as disagreeing."""
    max_confidence_bps: Bps = Bps(200)
    """Widest confidence interval that a source may report about its own price."""
    max_venue_gap_bps: Bps = Bps(500)
    """The same for a venue: half of what buying and selling the probe there and back loses, fees included."""
    max_jump_bps: Bps = Bps(1_000)
    """Most that the middle may have moved since it was last agreed."""
    jump_memory: Seconds = Seconds(86_400)
    """An agreed price older than this no longer holds a new one back."""
    order: tuple[str, ...] = FALLBACK_ORDER
    basis: Literal["median", "first"] = "median"
    """Whether an agreed price is the middle of all sources, or that of the first in the order."""

    def age_limit(self, source: str) -> Seconds:
        """Return the oldest age that `source` may have."""
        by_class = self.max_age_of.get(source.partition(":")[0], self.max_age)
        return self.max_age_of.get(source, by_class)

    def widest(self, point: PricePoint) -> Bps:
        """Return the widest confidence interval that `point` may have."""
        return self.max_venue_gap_bps if point.kind == "venue" else self.max_confidence_bps


@dataclass(frozen=True, slots=True)
class LastPrice:
    """A price as it was agreed before, and when."""

    price_e12: PriceE12
    at: Seconds


@dataclass(frozen=True, slots=True)
class SetAside:
    """A point that was not used, and why, in words."""

    point: PricePoint
    why: str
    fault: Fault

    @property
    def refused(self) -> RefusedPrice:
        """The same without the point, as it is counted."""
        return RefusedPrice(self.point.source, self.point.asset, self.fault, self.why)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What could be agreed and what could not, asset by asset."""

    agreed: Mapping[str, AgreedPrice]
    """Prices in STX."""
    failed: Mapping[str, Refused]
    """Why there is none."""
    stx_usd: AgreedPrice | None
    """USD per STX; None when it could not be agreed, or was not needed and not offered."""
    set_aside: tuple[SetAside, ...]
    """Every point that was not used."""

    @property
    def refused(self) -> tuple[RefusedPrice, ...]:
        """Every point that was not used and why, as it is counted."""
        return tuple(item.refused for item in self.set_aside)

    def require(self, assets: Iterable[str]) -> dict[str, AgreedPrice]:
        """Return the prices of exactly these assets; raises the first one's refusal instead."""
        wanted = tuple(assets)
        for asset in wanted:
            if asset in self.failed:
                raise self.failed[asset]
            if asset not in self.agreed:
                message = f"no agreement was sought for {asset}"
                raise BadInput(message, asset=asset)
        return {asset: self.agreed[asset] for asset in wanted}


@dataclass(frozen=True, slots=True)
class _Priced:
    """A point with its price in the quote that is being agreed."""

    point: PricePoint
    price_e12: int


@dataclass(frozen=True, slots=True)
class _Voices:
    """Who may speak for one asset, and who was set aside before."""

    fine: list[_Priced]
    lost: list[SetAside]


def agree_usd_and_stx(
    points: Iterable[PricePoint],
    assets: Sequence[str],
    *,
    now: Seconds,
    bounds: PriceBounds,
    last: Mapping[str, LastPrice] | None = None,
) -> dict[str, AgreedPrice]:
    """Return the price in STX of every one of `assets`, or refuse.

    Raises:
        StalePrice: enough sources answered, but too few of them recently.
        TooFewSources: fewer usable sources than the minimum.
        PriceDisagreement: the sources are too far apart.
        PriceJump: the middle moved too far since `last`.
    """
    return agree_each(points, assets, now=now, bounds=bounds, last=last).require(assets)


def agree_each(
    points: Iterable[PricePoint],
    assets: Iterable[str],
    *,
    now: Seconds,
    bounds: PriceBounds,
    last: Mapping[str, LastPrice] | None = None,
) -> Agreement:
    """Agree on as many of `assets` as possible, so that one bad asset stops only its own pools."""
    kept, aside = usable(points, now=now, bounds=bounds)
    known = last or {}
    stx_usd, trouble = _stx_usd(kept, aside, now=now, bounds=bounds, last=known.get(STX_USD))
    agreed: dict[str, AgreedPrice] = {}
    failed: dict[str, Refused] = {}
    for asset in assets:
        if asset == STX:
            agreed[STX] = AgreedPrice(STX, PriceE12(PRICE_ONE), now, Bps(0), ())
            continue
        own = tuple(point for point in kept if point.asset == asset)
        lost = tuple(item for item in aside if item.point.asset == asset)
        voices = _priced(own, stx_usd, lost)
        try:
            agreed[asset], strays = _agree(asset, voices, now=now, bounds=bounds, rate=stx_usd, last=known.get(asset))
            aside += [item for item in (*voices.lost, *strays) if item not in lost]
        except Refused as refusal:
            if trouble is not None and any(point.quote == "USD" for point in own):
                refusal.facts["stx_usd"] = str(trouble)
            failed[asset] = refusal
    return Agreement(agreed, failed, stx_usd, tuple(aside))


def _priced(points: Iterable[PricePoint], stx_usd: AgreedPrice | None, set_aside: Sequence[SetAside]) -> _Voices:
    """Bring points into STX; what has no price in STX is set aside beside those that were."""
    fine: list[_Priced] = []
    lost = list(set_aside)
    for point in points:
        if point.quote == "STX":
            fine.append(_Priced(point, point.price_e12))
        elif stx_usd is None:
            lost.append(SetAside(point, "USD per STX is not agreed", Fault.NO_RATE))
        elif (price := mul_div_down(point.price_e12, PRICE_ONE, stx_usd.price_e12)) > 0:
            fine.append(_Priced(point, price))
        else:
            lost.append(SetAside(point, "it is nothing in STX", Fault.NOT_POSITIVE))
    return _Voices(fine, lost)


def _agree(
    asset: str,
    voices: _Voices,
    *,
    now: Seconds,
    bounds: PriceBounds,
    rate: AgreedPrice | None,
    last: LastPrice | None,
) -> tuple[AgreedPrice, list[SetAside]]:
    """Settle on one price that has not jumped; the age of the rate counts where it was used."""
    agreed, strays = _settle(asset, voices, bounds)
    _refuse_jump(agreed, last, now=now, bounds=bounds)
    if rate is not None and any(point.quote == "USD" for point in agreed.points) and asset != STX_USD:
        agreed = replace(agreed, oldest_at=Seconds(min(agreed.oldest_at, rate.oldest_at)))
    return agreed, strays


def usable(
    points: Iterable[PricePoint], *, now: Seconds, bounds: PriceBounds
) -> tuple[tuple[PricePoint, ...], list[SetAside]]:
    """Split points into those that may count and those set aside, each with its reason.

    A source has one voice per asset: of several points its newest counts (of equally new ones the
    one in STX, then the lower one).
    """
    judged = [(point, _fault(point, now=now, bounds=bounds)) for point in points]
    fine = [point for point, fault in judged if fault is None]
    aside = [fault for _, fault in judged if fault is not None]
    kept: dict[tuple[str, str], PricePoint] = {}
    for point in sorted(fine, key=lambda p: (-p.seen_at, p.quote, p.price_e12)):
        if (point.source, point.asset) in kept:
            aside.append(SetAside(point, "the same source gave a newer price", Fault.REPEATED))
        else:
            kept[point.source, point.asset] = point
    return tuple(kept.values()), aside


def _fault(point: PricePoint, *, now: Seconds, bounds: PriceBounds) -> SetAside | None:
    judged = observed(point, now=now, ahead=bounds.max_ahead)
    if isinstance(judged, RefusedPrice):
        return SetAside(point, judged.why, judged.fault)
    age, limit = now - point.seen_at, bounds.age_limit(point.source)
    if point.asset == STX and point.quote == "STX":
        return SetAside(point, "STX quoted in STX says nothing", Fault.WRONG_ASSET)
    if age > limit:
        return SetAside(point, f"it is {age} s old and may be {limit} s", Fault.STALE)
    if point.confidence_bps is not None and point.confidence_bps > bounds.widest(point):
        return SetAside(point, f"its own confidence interval is {percent(point.confidence_bps)} wide", Fault.UNSURE)
    return None


def _stx_usd(
    kept: Sequence[PricePoint],
    aside: list[SetAside],
    *,
    now: Seconds,
    bounds: PriceBounds,
    last: LastPrice | None,
) -> tuple[AgreedPrice | None, Refused | None]:
    """Agree on USD per STX; a point that strays from the others joins `aside`."""
    fine = [_Priced(point, point.price_e12) for point in kept if point.asset == STX]
    voices = _Voices(fine, [item for item in aside if item.point.asset == STX])
    try:
        agreed, strays = _agree(STX_USD, voices, now=now, bounds=bounds, rate=None, last=last)
    except Refused as refusal:
        return None, refusal
    aside += strays
    return agreed, None


def _settle(asset: str, voices: _Voices, bounds: PriceBounds) -> tuple[AgreedPrice, list[SetAside]]:
    if len(voices.fine) < max(bounds.min_sources, 1):
        _refuse_few(asset, voices.fine, voices.lost, bounds)
    fine, strays = _without_strays(voices.fine, bounds)
    ranked = sorted(item.price_e12 for item in fine)
    middle, gap = _middle(ranked), ranked[-1] - ranked[0]
    spread = mul_div_up(gap, BPS_ONE, middle)
    if gap * BPS_ONE > bounds.max_spread_bps * middle:
        message = f"the sources of {asset} are {percent(spread)} apart, {percent(bounds.max_spread_bps)} are allowed"
        raise PriceDisagreement(message, asset=asset, sources=_values(fine), spread_bps=spread)
    lead = lead_of([item.point for item in fine], bounds.order)
    if bounds.basis == "first":
        middle = led_price([(item.point, item.price_e12) for item in fine], bounds.order)
    agreed = AgreedPrice(
        asset=asset,
        price_e12=PriceE12(middle),
        oldest_at=Seconds(min(item.point.seen_at for item in fine)),
        spread_bps=Bps(spread),
        points=tuple(item.point for item in fine),
        lead=lead,
    )
    return agreed, strays


def _without_strays(fine: list[_Priced], bounds: PriceBounds) -> tuple[list[_Priced], list[SetAside]]:
    """Leave out who is off the middle by a multiple, if the rest can do without."""
    middle, factor = _middle(sorted(item.price_e12 for item in fine)), bounds.stray_factor
    near = [item for item in fine if middle <= factor * item.price_e12 and item.price_e12 <= factor * middle]
    kinds = {VENUES if item.point.kind == "venue" else item.point.source for item in near}
    if len(near) < max(bounds.min_sources, 2) or 2 * len(near) <= len(fine) or len(kinds) == 1:
        return fine, []
    why = f"it is more than {factor} times, or less than one part in {factor} of, what the others say"
    return near, [SetAside(item.point, why, Fault.DEVIATES) for item in fine if item not in near]


def _middle(ranked: Sequence[int]) -> int:
    """Return the median of a rising list, of an even count the mean of the middle two, rounded down."""
    return (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) // 2


def _refuse_few(asset: str, fine: Sequence[_Priced], lost: Sequence[SetAside], bounds: PriceBounds) -> None:
    stale = {item.point.source for item in lost if item.fault is Fault.STALE} - {item.point.source for item in fine}
    facts = {
        "asset": asset,
        "sources": _values(fine),
        "needed": bounds.min_sources,
        "set_aside": {item.point.source: item.why for item in lost},
    }
    why = "".join(f"; {item.point.source}: {item.why}" for item in lost)
    if stale and len(fine) + len(stale) >= bounds.min_sources:
        message = f"{asset} has {len(fine)} recent prices and needs {bounds.min_sources}{why}"
        raise StalePrice(message, **facts)
    message = f"{asset} has {len(fine)} usable prices and needs {bounds.min_sources}{why}"
    raise TooFewSources(message, **facts)


def _refuse_jump(agreed: AgreedPrice, last: LastPrice | None, *, now: Seconds, bounds: PriceBounds) -> None:
    if last is None or now - last.at > bounds.jump_memory:
        return
    moved = abs(agreed.price_e12 - last.price_e12)
    if moved * BPS_ONE > bounds.max_jump_bps * last.price_e12:
        jump = mul_div_up(moved, BPS_ONE, last.price_e12)
        message = (
            f"{agreed.asset} moved {percent(jump)} since it was last agreed, {percent(bounds.max_jump_bps)} are allowed"
        )
        sources = {point.source: point.price_e12 for point in agreed.points}
        facts = {"price_e12": agreed.price_e12, "last_e12": last.price_e12, "last_at": last.at, "jump_bps": jump}
        raise PriceJump(message, asset=agreed.asset, sources=sources, **facts)


def _values(priced: Iterable[_Priced]) -> dict[str, int]:
    return {item.point.source: item.price_e12 for item in priced}
