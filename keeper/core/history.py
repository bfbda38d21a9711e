"""What a pool was worth over time: one point for every slot of a quarter of an hour, made from what the page shows.

A point is taken when a view is stored, and only the first priced view of a slot counts, so a keeper that looks
every second leaves no more points than one that looks every minute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, overload

from typing_extensions import override

from keeper.core.records import PoolView
from keeper.core.units import Bps, MicroStx, PriceE12, Seconds
from keeper.core.views import PRICE_DECIMALS, SHARE_DECIMALS

SLOT_SECONDS: Final = 900
"""How much time one point stands for."""
DAY_SECONDS: Final = 86_400
MOST_POINTS: Final = 2_000
"""Most points that one question is answered with, whatever was asked for."""
_MOST_DIGITS: Final = 60


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """A pool at one moment. None means that it was not known then, never that it was nothing."""

    pool_id: int
    at: Seconds
    height: int
    nav_ustx: MicroStx | None
    """Value of everything in the pool."""
    share_price_e12: PriceE12 | None
    """NAV per share, in STX with twelve decimals."""
    total_shares: int | None
    """Shares there are, in millionths."""
    drift_bps: Bps | None
    worst_bps: Bps | None
    """The asset furthest from its target."""

    @property
    def slot(self) -> int:
        """Start of the slot that this point stands for, in seconds since 1970."""
        return slot_of(self.at)


@dataclass(frozen=True, slots=True)
class Points(Sequence[HistoryPoint]):
    """A part of a pool's history, the oldest first; as a sequence it is the points alone."""

    points: tuple[HistoryPoint, ...]
    more: bool = False
    """Whether there are more points in the time that was asked for than these."""

    @overload
    def __getitem__(self, at: int) -> HistoryPoint: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[HistoryPoint]: ...
    @override
    def __getitem__(self, at: int | slice) -> HistoryPoint | Sequence[HistoryPoint]:
        return self.points[at]

    @override
    def __len__(self) -> int:
        return len(self.points)


def slot_of(at: int) -> int:
    """Return the start of the slot that a moment lies in, in seconds since 1970."""
    return at - at % SLOT_SECONDS


def point_of(view: PoolView) -> HistoryPoint:
    """Return what a view says of value and drift; what it does not say, or says unreadably, is None."""
    body = view.body
    price = _scaled(body, "share_price_stx", PRICE_DECIMALS)
    nav, drift, worst = (_whole(body, name) for name in ("value_ustx", "drift_bps", "worst_bps"))
    return HistoryPoint(
        pool_id=view.pool_id,
        at=view.at,
        height=view.tip_height,
        nav_ustx=None if nav is None else MicroStx(nav),
        share_price_e12=None if price is None else PriceE12(price),
        total_shares=_scaled(body, "total_shares", SHARE_DECIMALS),
        drift_bps=None if drift is None else Bps(drift),
        worst_bps=None if worst is None else Bps(worst),
    )


def spread(first: int, last: int, limit: int) -> int:
    """Return how many seconds one point has to stand for so that at most `limit` cover `first` to `last`, both included."""
    return (last - first) // limit + 1


def _whole(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = str(value)
    return int(text) if len(text) < _MOST_DIGITS and text.isascii() and text.removeprefix("-").isdigit() else None


def _scaled(body: Mapping[str, Any], name: str, decimals: int) -> int | None:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > _MOST_DIGITS:
        return None
    try:
        scaled = Decimal(value).scaleb(decimals)
        whole = int(scaled)
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return whole if scaled == whole else None
