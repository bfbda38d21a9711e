"""Whether the keeper still does its work, judged by rounds and cycles that came to their end, and by the store that they need."""

from dataclasses import dataclass
from typing import Final, Literal

from keeper.core.records import Outcome
from keeper.telemetry.pulse import Pulse

HealthState = Literal["starting", "ok", "stale", "standby"]
_LEAST_SECONDS: Final = 60
_CYCLES: Final = 3
_ROUNDS: Final = 5
_LEAST_LOOP_SECONDS: Final = 300
_FAILURES: Final = frozenset({Outcome.REFUSED.value, Outcome.UNAVAILABLE.value})


@dataclass(frozen=True, slots=True)
class PoolHealth:
    """One pool's last finished cycle."""

    pool_id: int
    age_seconds: int | None
    """None before the first cycle since the start."""
    last_outcome: str | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Health:
    """The answer of /healthz."""

    state: HealthState
    """`stale` while the store is away, `standby` while another keeper holds the lease, `starting` before the first finished
    cycle, `stale` when the loop stands still or any pool's last cycle is too old, else `ok`."""
    age_seconds: int | None
    """Age of the newest finished cycle of any pool."""
    limit_seconds: int
    """Age from which a cycle is too old: three cycles, at least a minute."""
    pools: tuple[PoolHealth, ...]
    loop_age_seconds: int | None = None
    """How long no round has ended or made progress; None before the first one ended."""
    loop_limit_seconds: int | None = None
    """Age from which the loop stands still: five rounds, at least five minutes."""
    useful: bool = False
    """Whether it does more than run: no pool or loop is too old, and at least one pool's last cycle was no failure."""
    store_up: bool = True
    """Whether the store could be read and written when it was last asked; without it nothing is spent."""

    def fresh(self) -> frozenset[int]:
        """Return the pools whose last cycle is not too long ago."""
        return frozenset(pool.pool_id for pool in self.pools if not pool.stale and pool.age_seconds is not None)


def check_health(pulse: Pulse, cycle_seconds: int) -> Health:
    """Judge the pulse. A refused cycle is a finished one; a pool that hangs is found though others go on."""
    limit = max(_CYCLES * cycle_seconds, _LEAST_SECONDS)
    age = pulse.last_age_seconds()
    pools = tuple(_pool(pulse, pool_id, limit) for pool_id in pulse.pool_ids)
    if not pulse.store_up:
        return Health("stale", age, limit, pools, store_up=False)
    if pulse.standing_by:
        return Health("standby", age, limit, pools)
    if age is None:
        return Health("starting", None, limit, pools)
    loop, loop_limit = pulse.loop_age_seconds(), _loop_limit(pulse.tick_seconds)
    still = loop is not None and loop_limit is not None and loop >= loop_limit
    stale = still or age >= limit or any(pool.stale for pool in pools)
    useful = not stale and any(pool.last_outcome not in {None, *_FAILURES} for pool in pools)
    return Health("stale" if stale else "ok", age, limit, pools, loop, loop_limit, useful)


def _loop_limit(tick_seconds: int | None) -> int | None:
    return None if tick_seconds is None else max(_ROUNDS * tick_seconds, _LEAST_LOOP_SECONDS)


def _pool(pulse: Pulse, pool_id: int, limit: int) -> PoolHealth:
    beat = pulse.beat(pool_id)
    if beat is None:
        return PoolHealth(pool_id, None, None, stale=pulse.age_seconds() >= limit)
    return PoolHealth(pool_id, beat.age_seconds, beat.outcome.value, stale=beat.age_seconds >= limit)
