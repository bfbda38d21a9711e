"""Whether the keeper still does its work, judged by finished cycles and by nothing else."""

from dataclasses import dataclass
from typing import Final, Literal

from keeper.telemetry.pulse import Pulse

HealthState = Literal["starting", "ok", "stale", "standby"]
_LEAST_SECONDS: Final = 60
_CYCLES: Final = 3


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
    """`standby` while another keeper holds the lease, `starting` before the first finished cycle, `stale` when any
    pool's last one is too old, else `ok`."""
    age_seconds: int | None
    """Age of the newest finished cycle of any pool."""
    limit_seconds: int
    """Age from which a cycle is too old: three cycles, at least a minute."""
    pools: tuple[PoolHealth, ...]


def check_health(pulse: Pulse, cycle_seconds: int) -> Health:
    """Judge the pulse. A refused cycle is a finished one; a pool that hangs is found though others go on."""
    limit = max(_CYCLES * cycle_seconds, _LEAST_SECONDS)
    age = pulse.last_age_seconds()
    pools = tuple(_pool(pulse, pool_id, limit) for pool_id in pulse.pool_ids)
    if pulse.standing_by:
        return Health("standby", age, limit, pools)
    if age is None:
        return Health("starting", None, limit, pools)
    stale = age >= limit or any(pool.stale for pool in pools)
    return Health("stale" if stale else "ok", age, limit, pools)


def _pool(pulse: Pulse, pool_id: int, limit: int) -> PoolHealth:
    beat = pulse.beat(pool_id)
    if beat is None:
        return PoolHealth(pool_id, None, None, stale=pulse.age_seconds() >= limit)
    return PoolHealth(pool_id, beat.age_seconds, beat.outcome.value, stale=beat.age_seconds >= limit)
