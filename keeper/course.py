"""What is remembered of a mandate between its slices, and what follows from it: when the next is due, and how large."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from keeper.analysis import Analysis
from keeper.core.assets import AssetBook
from keeper.core.mandates import span
from keeper.core.market import MarketView
from keeper.core.pacing import (
    LastSlice,
    PaceRule,
    Touched,
    due_at,
    impact_for,
    left_behind,
    on_top_of,
    refill_since,
    touched_by,
)
from keeper.core.plans import Plan
from keeper.core.policy import PoolRule
from keeper.core.records import IntentKind
from keeper.core.slicing import to_sell_ustx
from keeper.core.units import Bps, Seconds, percent
from keeper.errors import PriceLeftMandate
from keeper.ports import Store

RECENT = 50
"""How many transactions of a pool are searched for the one that proposed its mandate."""


@dataclass(frozen=True, slots=True)
class Course:
    """One mandate under way."""

    mandate_id: int
    since: Seconds
    """When the keeper first saw it open."""
    voted_e12: Mapping[str, int]
    """Agreed prices by symbol as they were when it was proposed, or else first seen open."""
    half_life: float | None = None
    """Seconds in which the venues make good half of a slice, as seen so far."""
    last: LastSlice | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Why the next slice does not run yet."""

    reason: str
    facts: Mapping[str, Any]


class Courses:
    """The courses of all pools, kept in the store so that a restart changes no pace."""

    def __init__(self, store: Store, assets: AssetBook, rule: PaceRule) -> None:
        self._store = store
        self._assets = assets
        self._rule = rule

    async def wait(self, rule: PoolRule, found: Analysis) -> Wait | None:
        """Return why the next slice has to wait; None when it is due.

        Raises:
            PriceLeftMandate: an agreed price has moved further since the vote than a mandate bears.
        """
        course = await self._of(rule, found)
        self._stop_if_left(course, found)
        mandate = found.facts.mandate
        if course.last is None or found.mandate_drift is None or mandate is None or mandate.slices < course.last.number:
            return None
        now, last = found.facts.tip.time, course.last
        seen = refill_since(last, now, found.facts.market, found.prices, self._assets, self._assumed(course))
        ends = self._ends_at(course, found)
        due = due_at(last, seen, self._rule, to_sell_ustx=to_sell_ustx(found.mandate_drift), ends_at=ends)
        if seen.left_bps is not None and now > last.at and seen.half_life != course.half_life:
            await self._put(rule.pool_id, replace(course, half_life=seen.half_life))
        if now >= due:
            return None
        left = (
            "it cannot be seen what is left of that"
            if seen.left_bps is None
            else f"{percent(round(seen.left_bps))} are left"
        )
        reason = (
            f"the last slice moved a venue's price by {percent(round(last.moved_bps))} and {left}; "
            f"the next one is due in {span(due - now)} at the latest"
        )
        facts = {"due_at": int(due), "moved_bps": last.moved_bps, "left_bps": seen.left_bps}
        return Wait(reason, {**facts, "half_life_seconds": round(seen.half_life)})

    async def impact(self, rule: PoolRule, found: Analysis, whole: Plan, market: MarketView) -> Bps | None:
        """Return how far the next slice may move a venue's price, given what `whole`, all at once, would do."""
        course, now = await self._of(rule, found), found.facts.tip.time
        touched = touched_by(whole, market, found.prices, self._assets)
        left = self._ends_at(course, found) - now
        return impact_for(touched, self._rule, half_life=self._assumed(course), time_left=left)

    async def sends(self, rule: PoolRule, found: Analysis, number: int, plan: Plan) -> None:
        """Remember a slice that is about to be sent; it counts once the mandate counts it."""
        course = await self._of(rule, found)
        touched = touched_by(plan, found.facts.market, found.prices, self._assets)
        touched = on_top_of(course.last, touched)
        last = LastSlice(number, found.facts.tip.time, int(plan.turnover_ustx), touched)
        await self._put(rule.pool_id, replace(course, last=last))

    def _assumed(self, course: Course) -> float:
        return self._rule.half_life if course.half_life is None else course.half_life

    def _ends_at(self, course: Course, found: Analysis) -> Seconds:
        ends = course.since + self._rule.span
        return Seconds(ends if found.mandate is None else min(ends, found.mandate.expires_at))

    def _stop_if_left(self, course: Course, found: Analysis) -> None:
        moved = left_behind(course.voted_e12, found.prices, self._rule.stop_bps)
        if moved:
            worst = max(moved, key=lambda symbol: moved[symbol])
            message = (
                f"the price of {worst} has moved by {percent(moved[worst])} since mandate {course.mandate_id} was voted, "
                f"and {percent(self._rule.stop_bps)} are borne; it rests until the price is back or a new vote is held"
            )
            raise PriceLeftMandate(message, mandate=course.mandate_id, moved_bps=moved, bound_bps=self._rule.stop_bps)

    async def _of(self, rule: PoolRule, found: Analysis) -> Course:
        mandate_id = 0 if found.mandate is None else found.mandate.mandate_id
        known = _read(await self._store.note(_key(rule.pool_id)))
        if known is not None and known.mandate_id == mandate_id:
            return known
        course = Course(mandate_id, found.facts.tip.time, await self._voted(rule, found))
        await self._put(rule.pool_id, course)
        return course

    async def _voted(self, rule: PoolRule, found: Analysis) -> dict[str, int]:
        """Return the prices that the proposal was made from where it was this keeper's, else those of now."""
        prices = {symbol: int(price.price_e12) for symbol, price in found.prices.items()}
        if found.mandate is None:
            return prices
        for intent in await self._store.intents(pool_id=rule.pool_id, limit=RECENT):
            expects = intent.call.get("expects", {}) if intent.kind is IntentKind.PROPOSE and intent.succeeded else {}
            if expects.get("target_bps") == dict(found.mandate.target_bps):
                seen = expects.get("because", {}).get("prices", {})
                return prices | {s: int(row["price_e12"]) for s, row in seen.items() if s in prices}
        return prices

    async def _put(self, pool_id: int, course: Course) -> None:
        body = asdict(course) | {"voted_e12": {s: str(price) for s, price in course.voted_e12.items()}}
        await self._store.put_note(_key(pool_id), body)


def _key(pool_id: int) -> str:
    return f"course-{pool_id}"


def _read(body: Mapping[str, Any] | None) -> Course | None:
    if body is None:
        return None
    last = body["last"]
    return Course(
        mandate_id=int(body["mandate_id"]),
        since=Seconds(int(body["since"])),
        voted_e12={symbol: int(price) for symbol, price in body["voted_e12"].items()},
        half_life=body["half_life"],
        last=None if last is None else _last(last),
    )


def _last(row: Mapping[str, Any]) -> LastSlice:
    touched = tuple(Touched(**{**leg, "pool_keys": tuple(leg["pool_keys"])}) for leg in row["touched"])
    return LastSlice(int(row["number"]), Seconds(int(row["at"])), int(row["sold_ustx"]), touched)
