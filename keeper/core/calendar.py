"""When what is due: how often each job runs, each pool's own dates, and no burst after a time of silence. Times are the chain's."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, Self

from keeper.core.policy import Cadence, PoolRule
from keeper.core.records import Decision, Outcome
from keeper.core.units import Bps, Seconds

Job = Literal["analysis", "proposals", "health", "block", "retry"]
JITTER_PARTS: Final = 20
"""A job waits up to a twentieth of its period longer, so that keepers and pools do not all ask at once."""
DATE_JITTER: Final = Seconds(3_600)
"""A pool's own date comes up to an hour after midnight, UTC."""
FORTNIGHT: Final = 14 * 86_400
FIRST_MONDAY: Final = 4 * 86_400
MONTHS: Final[Mapping[Cadence, int]] = {"monthly": 1, "quarterly": 3}
UNDER_WAY: Final = frozenset(
    {
        Outcome.PROPOSED,
        Outcome.VOTE_PASSED,
        Outcome.SLICE_EXECUTED,
        Outcome.WITHDRAWAL_PAID,
        Outcome.WAITING_FOR_TRANSACTION,
        Outcome.WAITING_FOR_VENUES,
    }
)
"""Outcomes after which the next round looks again: there is more to do."""
TROUBLED: Final = frozenset({Outcome.REFUSED, Outcome.UNAVAILABLE})
"""Outcomes after which it has to be tried again: the pool was not held against its whales."""
RETRY: Final = Seconds(60)
"""How soon it is tried again; sooner where looks follow each other faster anyway."""
DATE_KEPT: Final = frozenset({Outcome.WITHIN_THRESHOLD, Outcome.REBALANCED, Outcome.PROPOSED, Outcome.NOT_WORTH_IT})
"""Outcomes that show that a pool was held against its whales on its date."""


@dataclass(frozen=True, slots=True)
class Periods:
    """How often what is done, in seconds of block time."""

    analysis: Seconds = Seconds(21_600)
    proposals: Seconds = Seconds(3_600)
    health: Seconds = Seconds(86_400)
    after_block: Seconds = Seconds(300)
    """After so long a new block is reason enough for a look; 0: never."""
    looks_at_once: int = 10
    """Most pools that are looked at in one round beside those with something under way."""

    def of(self, job: Job) -> Seconds:
        """Return the period of a job."""
        match job:
            case "analysis":
                return self.analysis
            case "proposals":
                return self.proposals
            case "health":
                return self.health
            case "block":
                return self.after_block
            case "retry":
                return min(RETRY, self.after_block or RETRY)

    def longest_rest(self, pools: int, tick: int) -> int:
        """Return how long a pool at rest may go without a look while all is well, in seconds; `tick` is that of the rounds."""
        rest = self.after_block or self.analysis
        return max(tick, rest + rest // JITTER_PARTS) + tick * -(-pools // self.looks_at_once)


@dataclass(frozen=True, slots=True)
class Looked:
    """The last look at one pool."""

    at: Seconds
    height: int
    resting: bool
    """Whether nothing is under way."""
    drift_bps: Bps | None = None
    proposals_at: Seconds | None = None
    """When a proposal could last be opened."""
    date_at: Seconds | None = None
    """When its own date was last kept, or counted from."""
    troubled: bool = False
    """Whether that look was refused, or the pool could not be read."""

    def body(self) -> dict[str, Any]:
        """Return it JSON-safe."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read what `body` wrote. Raises KeyError, ValueError or TypeError for anything else."""

        def number(name: str) -> int | None:
            return None if body.get(name) is None else int(body[name])

        drift, proposals, date = number("drift_bps"), number("proposals_at"), number("date_at")
        return cls(
            Seconds(int(body["at"])),
            int(body["height"]),
            bool(body["resting"]),
            None if drift is None else Bps(drift),
            None if proposals is None else Seconds(proposals),
            None if date is None else Seconds(date),
            bool(body.get("troubled", False)),
        )


def next_due(job: Job, last: Seconds | None, now: Seconds, seed: str, periods: Periods) -> Seconds:
    """Return when `job` is due; `seed` decides its jitter.

    What was never done is due now. What was missed many times over is due once, and counts from then.
    A last time may lie a little ahead, as after a block was undone; one that lies more than a period ahead is false and
    counts as none.
    """
    period = periods.of(job)
    if last is None or last > now + period:
        return now
    return Seconds(last + period + _part(f"{seed}:{job}:{last}", period // JITTER_PARTS))


def next_date(cadence: Cadence, last: Seconds, seed: str) -> Seconds | None:
    """Return the first date of `cadence` after `last`, UTC and with its jitter; None for a pool without dates."""
    if cadence == "none":
        return None
    if cadence == "two-weekly":
        start = ((last - FIRST_MONDAY) // FORTNIGHT + 1) * FORTNIGHT + FIRST_MONDAY
    else:
        day, step = datetime.fromtimestamp(last, UTC), MONTHS[cadence]
        months = day.year * 12 + (day.month - 1) // step * step + step
        start = int(datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC).timestamp())
    return Seconds(start + _part(f"{seed}:{start}", DATE_JITTER))


class _Due(NamedTuple):
    analysis: Seconds
    proposals: Seconds
    date: Seconds | None


def upcoming(rule: PoolRule, looked: Looked | None, now: Seconds, seed: str, periods: Periods) -> dict[str, int | None]:
    """Return when what is next due for a pool, in seconds since 1970; None where it has no date of its own.

    `look` is when it is looked at next for whichever reason comes first, if there is a new block by then.
    """
    due = _due(rule, looked, now, seed, periods)
    always, with_block = _looks(rule, looked, now, seed, periods)
    look = always if with_block is None else min(always, with_block)
    return {"look": look, "analysis": due.analysis, "proposals": due.proposals, "date": due.date}


def _due(rule: PoolRule, looked: Looked | None, now: Seconds, seed: str, periods: Periods) -> _Due:
    of_pool = f"{seed}:{rule.pool_id}"
    at, proposals = (None, None) if looked is None else (looked.at, looked.proposals_at)
    counted = now if looked is None or looked.date_at is None else min(looked.date_at, now)
    return _Due(
        next_due("analysis", at, now, of_pool, periods),
        next_due("proposals", proposals, now, of_pool, periods),
        next_date(rule.cadence, counted, of_pool),
    )


def _looks(
    rule: PoolRule, looked: Looked | None, now: Seconds, seed: str, periods: Periods
) -> tuple[Seconds, Seconds | None]:
    """Return when the pool is looked at in any case, and when if there is a new block; None where blocks are no reason."""
    if looked is None or not looked.resting:
        return now, None
    of_pool = f"{seed}:{rule.pool_id}"
    if looked.troubled:  # whatever else is due waits for the same thing
        return next_due("retry", looked.at, now, of_pool, periods), None
    due = _due(rule, looked, now, seed, periods)
    reasons = [due.analysis]
    if due.date is not None:
        reasons.append(max(due.date, due.proposals))
    if looked.drift_bps is not None and looked.drift_bps > rule.drift_threshold_bps:
        reasons.append(due.proposals)
    with_block = next_due("block", looked.at, now, of_pool, periods) if periods.after_block else None
    return min(reasons), with_block


def rule_at(rule: PoolRule, looked: Looked | None, now: Seconds, seed: str, periods: Periods) -> PoolRule:
    """Return the rule to look at the pool by if it is looked at now.

    On its own date any drift beyond its tolerance is reason to propose. Between the times of proposals none is opened.
    """
    due = _due(rule, looked, now, seed, periods)
    if _over(due.date, now):
        rule = replace(rule, drift_threshold_bps=min(rule.tolerance_bps, rule.drift_threshold_bps))
    return replace(rule, proposals_open=_over(due.proposals, now))


def as_due(
    rule: PoolRule, looked: Looked | None, now: Seconds, height: int, seed: str, periods: Periods
) -> PoolRule | None:
    """Return the rule to look at the pool by if it is due, else None."""
    always, with_block = _looks(rule, looked, now, seed, periods)
    is_new = looked is None or height != looked.height
    if always <= now or (is_new and _over(with_block, now)):
        return rule_at(rule, looked, now, seed, periods)
    return None


def chosen(
    due: Mapping[int, PoolRule], looked: Mapping[int, Looked], now: Seconds, periods: Periods
) -> tuple[PoolRule, ...]:
    """Return those to look at now: all that have something under way, and of the others the longest unseen few."""
    moving = {pool for pool in due if pool in looked and not looked[pool].resting}
    seen = {pool: looked[pool].at if pool in looked and looked[pool].at <= now else 0 for pool in due}
    waiting = sorted(due.keys() - moving, key=lambda pool: (seen[pool], pool))
    taken = moving | set(waiting[: periods.looks_at_once])
    return tuple(rule for pool, rule in due.items() if pool in taken)


def after(before: Looked | None, rule: PoolRule, decision: Decision, seed: str) -> Looked:
    """Return what is remembered of a look that was made by `rule`, as `as_due` gave it.

    A look that came to nothing leaves the next one free to propose.
    """
    counted = min(before.date_at, decision.at) if before is not None and before.date_at is not None else decision.at
    date = next_date(rule.cadence, counted, f"{seed}:{rule.pool_id}")
    proposals = None if before is None else before.proposals_at
    troubled = decision.came_to in TROUBLED
    kept = _over(date, decision.at) and rule.proposals_open and decision.came_to in DATE_KEPT
    return Looked(
        at=decision.at,
        height=decision.tip_height,
        resting=decision.came_to not in UNDER_WAY,
        drift_bps=decision.drift_bps,
        proposals_at=decision.at if rule.proposals_open and not troubled else proposals,
        date_at=decision.at if kept else counted,
        troubled=troubled,
    )


def _over(due: int | None, now: Seconds) -> bool:
    return due is not None and due <= now


def _part(seed: str, most: int) -> int:
    """Return a number from 0 to `most` that only `seed` decides."""
    return zlib.crc32(seed.encode()) % (most + 1)
