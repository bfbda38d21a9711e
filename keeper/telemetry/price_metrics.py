"""What Prometheus sees of prices: each source beside the agreed price, and the breakers on the chain."""

from collections.abc import Iterable, Mapping

from keeper.core.assets import STX
from keeper.core.consensus import Agreement
from keeper.core.prices import AgreedPrice, Fault, PricePoint
from keeper.core.units import BPS_ONE, PRICE_ONE, Seconds
from keeper.telemetry.series import Cells, Families, put


class PriceMetrics:
    """Sources are those of the settings and assets too, so there are never more series than one times the other."""

    def __init__(self, families: Families) -> None:
        gauge = families.gauge
        self._at = Cells(gauge("price_oldest_timestamp_seconds", "Time of an agreed price's oldest point.", "asset"))
        self._age = Cells(gauge("price_age_seconds", "Age of an agreed price when it was last used.", "asset"))
        self._spread = Cells(gauge("price_spread_bps", "Distance between the sources of an agreed price.", "asset"))
        self._source_time = Cells(
            gauge(
                "source_price_timestamp_seconds", "Time of a source's last price, as it says itself.", "source", "asset"
            )
        )
        self._source_age = Cells(
            gauge("source_price_age_seconds", "Age of a source's price when it was last looked at.", "source", "asset")
        )
        self._source_off = Cells(
            gauge("source_price_off_bps", "How far a source is above the agreed price.", "source", "asset")
        )
        self._refused = families.counter(
            "prices_refused_total", "Prices not used, by source and why.", "source", "reason"
        )
        self._breaker = gauge("breaker_tripped", "Whether the oracle contract's breaker of an asset is out.", "asset")

    def agreed(self, asset: str, price: AgreedPrice | None, *, now: Seconds) -> None:
        """Show an agreed price's age and spread; None takes them away."""
        self._at.put((asset,), None if price is None else price.oldest_at)
        self._age.put((asset,), None if price is None else now - price.oldest_at)
        self._spread.put((asset,), None if price is None else price.spread_bps)

    def sources(self, points: Iterable[PricePoint], agreement: Agreement, *, now: Seconds) -> None:
        """Show every source's prices; a source that is silent now keeps only the time of its last price."""
        ages: dict[tuple[str, ...], float] = {}
        off: dict[tuple[str, ...], float] = {}
        for point in points:
            labels = (point.source, point.asset)
            if labels in ages and ages[labels] <= now - point.seen_at:
                continue  # of several the newest counts
            ages[labels] = now - point.seen_at
            self._source_time.put(labels, point.seen_at)
            if (distance := _off_bps(point, agreement)) is not None:
                off[labels] = distance
        self._source_age.show(ages)
        self._source_off.show(off)

    def refused(self, source: str, fault: Fault) -> None:
        """Count something a source said that was not used as a price, or that it said nothing."""
        self._refused.labels(source, fault.value).inc()

    def breakers(self, tripped: Mapping[str, bool]) -> None:
        """Show which breakers of the oracle contract are out, by asset."""
        for asset, is_out in tripped.items():
            put(self._breaker, (asset,), int(is_out))


def _off_bps(point: PricePoint, agreement: Agreement) -> int | None:
    """Return the distance from the agreed price in bps, rounded down; None where none was agreed or none in this quote."""
    usd = agreement.stx_usd
    agreed = usd if point.asset == STX else agreement.agreed.get(point.asset)
    price: int = point.price_e12
    if point.quote == "USD" and point.asset != STX:
        if usd is None:
            return None
        price = price * PRICE_ONE // usd.price_e12
    if agreed is None or (point.asset == STX and point.quote == "STX"):
        return None
    return (price - agreed.price_e12) * BPS_ONE // agreed.price_e12
