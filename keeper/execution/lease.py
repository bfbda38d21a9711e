"""Holds the lease that lets one keeper at a time send, or stands by until it falls free (ADR 16)."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from keeper.core.leases import FREE, SENDER, Lease
from keeper.errors import LeaseLost, StoreUnavailable
from keeper.execution.identity import is_dead, this_holder
from keeper.pause import pause
from keeper.ports import Store

log = structlog.get_logger("keeper.lease")

LEASE_SECONDS: Final = 9.0
"""How long a lease must stand still before another keeper takes it."""
_RENEWALS: Final = 3
"""Renewals in the length of a lease."""
_LOOKS: Final = 9
"""Looks of a standby in the length of a lease, and tries of a holder whose last renewal failed."""
_USABLE: Final = 2 / 3
"""The part of a lease in which its holder may rely on it; the rest is for what it has already begun."""
_TIMER: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""BOOTTIME counts while the machine sleeps, so a keeper that slept through its lease knows it when it wakes."""


def timer() -> float:
    """Return seconds of a clock that nobody sets."""
    return time.clock_gettime(_TIMER)


def _nothing(_: Lease | None) -> None:
    pass


class Tenancy:
    """This process's hold on one lease. `run` keeps it; everybody else asks `held` or `require`.

    Only durations are compared, each by one process's own timer, so clocks need not agree. `changed` is
    called from `run` with the lease when it is gained and with None when it is lost or has run out.
    """

    def __init__(
        self,
        store: Store,
        *,
        name: str = SENDER,
        holder: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        monotonic: Callable[[], float] = timer,
        changed: Callable[[Lease | None], None] = _nothing,
    ) -> None:
        self._store = store
        self._name = name
        self._holder = this_holder() if holder is None else holder
        self._length = lease_seconds
        self._now = monotonic
        self._changed = changed
        self._lease: Lease | None = None
        self._renewed_at = 0.0
        self._silent: str | None = None
        self._watched: Lease | None = None
        self._watched_since = 0.0
        self._told: int | None = None

    @property
    def holder(self) -> str:
        """The name under which this process holds leases."""
        return self._holder

    @property
    def silent(self) -> str | None:
        """Why the store did not answer when it was last asked; None when it did. Writes count: a lease is renewed by one."""
        return self._silent

    def held(self) -> Lease | None:
        """Return the lease while it can be relied on; None for a standby, and for a holder that renewed too long ago."""
        age = self._now() - self._renewed_at
        return self._lease if 0 <= age <= self._length * _USABLE else None

    def require(self) -> int:
        """Return the term to write under. Raises LeaseLost unless the lease is held right now."""
        lease = self.held()
        if lease is None:
            msg = f"this keeper does not hold the lease {self._name} now; it stands by and sends nothing until it does"
            raise LeaseLost(msg, lease=self._name)
        return lease.term

    async def run(self, stop: asyncio.Event) -> None:
        """Take and renew the lease until `stop`, then release it.

        While the store is silent it goes on trying, and the lease runs out by itself. Set `stop` only when
        nothing is being sent any more, since the next keeper may start at once. Raises no KeeperError.
        """
        try:
            while True:
                await self._ask_store()
                self._tell()
                if await pause(stop, self._rest()):
                    return await self._release()
        finally:
            self._lease = None
            self._tell(released=stop.is_set())

    def _rest(self) -> float:
        return self._length / (_LOOKS if self._lease is None or self._silent is not None else _RENEWALS)

    async def _ask_store(self) -> None:
        try:
            async with asyncio.timeout(self._length / _RENEWALS):
                if self._lease is None or not await self._renew(self._lease):
                    await self._watch()
        except (StoreUnavailable, TimeoutError) as exc:
            reason = str(exc) or "no answer in time"
            if self._silent is None:
                log.warning("lease_store_silent", lease=self._name, reason=reason)
            self._silent = reason
        else:
            self._silent = None

    async def _renew(self, lease: Lease) -> bool:
        asked_at = self._now()
        self._lease = await self._store.renew_lease(lease)
        # Counted from before the question, because a standby may have seen the new beat long before we hear of it.
        self._renewed_at = asked_at
        return self._lease is not None

    async def _watch(self) -> None:
        """Look at the lease, and take it if it is free, its holder is dead, or it has stood still for its length."""
        found = await self._store.lease(self._name)
        now = self._now()
        if self._watched is None or found is None or not _same_beat(self._watched, found):
            self._watched, self._watched_since = found, now
        if found is None or found.holder == FREE or now - self._watched_since >= self._length or is_dead(found.holder):
            await self._take(found)

    async def _take(self, seen: Lease | None) -> None:
        asked_at = self._now()
        self._lease = await self._store.take_lease(self._name, self._holder, seen=seen)
        self._renewed_at, self._watched = asked_at, None

    async def _release(self) -> None:
        lease, self._lease = self._lease, None
        if lease is None:
            return
        try:
            async with asyncio.timeout(self._length / _RENEWALS):
                await self._store.release_lease(lease)
        except (StoreUnavailable, TimeoutError) as exc:
            log.warning("lease_not_released", lease=self._name, reason=str(exc) or "no answer in time")

    def _tell(self, *, released: bool = False) -> None:
        lease = self.held()
        term = None if lease is None else lease.term
        if term == self._told:
            return
        if lease is None and released:
            log.info("lease_released", lease=self._name, term=self._told)
        else:
            log.info("lease_gained" if lease else "lease_lost", lease=self._name, term=term or self._told)
        self._told = term
        self._changed(lease)


def _same_beat(one: Lease, other: Lease) -> bool:
    return (one.term, one.beat) == (other.term, other.beat)
