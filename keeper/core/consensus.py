"""One price per asset from several sources, or a named refusal.

Sources quote in USD or in STX. The USD points of STX settle first; with that rate the USD points of
the other assets become STX prices and are judged together with the points quoted in STX.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from keeper.core.assets import STX
from keeper.core.prices import AgreedPrice, PricePoint
from keeper.core.units import BPS_ONE, PRICE_ONE, Bps, PriceE12, Seconds, mul_div_down, mul_div_up
from keeper.errors import BadInput, PriceDisagreement, PriceJump, Refused, StalePrice, TooFewSources

STX_USD: Final = "STX/USD"
"""The name under which USD per STX is agreed and remembered."""
MAX_PRICE: Final = 2**100
"""No price is anywhere near this; a larger number is a fault of the source."""


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
    max_confidence_bps: Bps = Bps(200)
    """Widest confidence interval that a source may report about its own price."""
    max_jump_bps: Bps = Bps(1_000)
    """Most that the middle may have moved since it was last agreed."""
    jump_memory: Seconds = Seconds(86_400)
    """An agreed price older than this no longer holds a new one back."""

    def age_limit(self, source: str) -> Seconds:
        """Return the oldest age that `source` may have."""
        by_class = self.max_age_of.get(source.partition(":")[0], self.max_age)
        return self.max_age_of.get(source, by_class)


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
    stale: bool = False


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
        try:
            agreed[asset] = agree_one(
                asset, own, now=now, bounds=bounds, stx_usd=stx_usd, last=known.get(asset), set_aside=lost
            )
        except Refused as refusal:
            if trouble is not None and any(point.quote == "USD" for point in own):
                refusal.facts["stx_usd"] = str(trouble)
            failed[asset] = refusal
    return Agreement(agreed, failed, stx_usd, tuple(aside))


def agree_one(
    asset: str,
    points: Iterable[PricePoint],
    *,
    now: Seconds,
    bounds: PriceBounds,
    stx_usd: AgreedPrice | None,
    last: LastPrice | None = None,
    set_aside: Sequence[SetAside] = (),
) -> AgreedPrice:
    """Agree on one asset's price in STX from points that `usable` let through.

    `stx_usd` converts the USD points; without it they cannot be used. `set_aside` is only named in
    the facts of a refusal. Raises as `agree_usd_and_stx` does.
    """
    aside = list(set_aside)
    priced: list[_Priced] = []
    for point in points:
        if point.quote == "STX":
            priced.append(_Priced(point, point.price_e12))
        elif stx_usd is None:
            aside.append(SetAside(point, "USD per STX is not agreed"))
        else:
            priced.append(_Priced(point, mul_div_down(point.price_e12, PRICE_ONE, stx_usd.price_e12)))
    agreed = _settle(asset, priced, aside, bounds)
    _refuse_jump(agreed, last, now=now, bounds=bounds)
    if stx_usd is None or all(item.point.quote == "STX" for item in priced):
        return agreed
    oldest = Seconds(min(agreed.oldest_at, stx_usd.oldest_at))
    return AgreedPrice(asset, agreed.price_e12, oldest, agreed.spread_bps, agreed.points)


def usable(
    points: Iterable[PricePoint], *, now: Seconds, bounds: PriceBounds
) -> tuple[tuple[PricePoint, ...], list[SetAside]]:
    """Split points into those that may count and those set aside, each with its reason.

    A source has one voice per asset: of several points its newest counts (of equally new ones the
    one in STX, then the lower one).
    """
    kept: dict[tuple[str, str], PricePoint] = {}
    aside: list[SetAside] = []
    for point in sorted(points, key=lambda p: (-p.seen_at, p.quote, p.price_e12)):
        fault = _fault(point, now=now, bounds=bounds)
        if fault is not None:
            aside.append(fault)
        elif (point.source, point.asset) in kept:
            aside.append(SetAside(point, "the same source gave a newer price"))
        else:
            kept[point.source, point.asset] = point
    return tuple(kept.values()), aside


def _fault(point: PricePoint, *, now: Seconds, bounds: PriceBounds) -> SetAside | None:
    age, limit = now - point.seen_at, bounds.age_limit(point.source)
    if not 0 < point.price_e12 <= MAX_PRICE:
        return SetAside(point, f"{point.price_e12} is not a possible price")
    if point.asset == STX and point.quote == "STX":
        return SetAside(point, "STX quoted in STX says nothing")
    if age < -bounds.max_ahead:
        return SetAside(point, f"its stamp is {-age} s in the future")
    if age > limit:
        return SetAside(point, f"it is {age} s old and may be {limit} s", stale=True)
    if point.confidence_bps is not None and point.confidence_bps > bounds.max_confidence_bps:
        return SetAside(point, f"its own confidence interval is {point.confidence_bps} bps wide")
    return None


def _stx_usd(
    kept: Sequence[PricePoint],
    aside: Sequence[SetAside],
    *,
    now: Seconds,
    bounds: PriceBounds,
    last: LastPrice | None,
) -> tuple[AgreedPrice | None, Refused | None]:
    priced = [_Priced(point, point.price_e12) for point in kept if point.asset == STX]
    lost = [item for item in aside if item.point.asset == STX]
    try:
        agreed = _settle(STX_USD, priced, lost, bounds)
        _refuse_jump(agreed, last, now=now, bounds=bounds)
    except Refused as refusal:
        return None, refusal
    return agreed, None


def _settle(asset: str, priced: Sequence[_Priced], aside: Sequence[SetAside], bounds: PriceBounds) -> AgreedPrice:
    fine = [item for item in priced if item.price_e12 > 0]
    lost = [*aside, *(SetAside(i.point, "it is nothing in STX") for i in priced if i.price_e12 <= 0)]
    if len(fine) < max(bounds.min_sources, 1):
        _refuse_few(asset, fine, lost, bounds)
    ranked = sorted(item.price_e12 for item in fine)
    middle = (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) // 2
    gap = ranked[-1] - ranked[0]
    if gap * BPS_ONE > bounds.max_spread_bps * middle:
        spread = mul_div_up(gap, BPS_ONE, middle)
        message = f"the sources of {asset} are {spread} bps apart, {bounds.max_spread_bps} are allowed"
        raise PriceDisagreement(message, asset=asset, sources=_values(fine), spread_bps=spread)
    return AgreedPrice(
        asset=asset,
        price_e12=PriceE12(middle),
        oldest_at=Seconds(min(item.point.seen_at for item in fine)),
        spread_bps=Bps(mul_div_up(gap, BPS_ONE, middle)),
        points=tuple(item.point for item in fine),
    )


def _refuse_few(asset: str, fine: Sequence[_Priced], lost: Sequence[SetAside], bounds: PriceBounds) -> None:
    stale = {item.point.source for item in lost if item.stale} - {item.point.source for item in fine}
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
        message = f"{agreed.asset} moved {jump} bps since it was last agreed, {bounds.max_jump_bps} are allowed"
        sources = {point.source: point.price_e12 for point in agreed.points}
        facts = {"price_e12": agreed.price_e12, "last_e12": last.price_e12, "last_at": last.at, "jump_bps": jump}
        raise PriceJump(message, asset=agreed.asset, sources=sources, **facts)


def _values(priced: Iterable[_Priced]) -> dict[str, int]:
    return {item.point.source: item.price_e12 for item in priced}
