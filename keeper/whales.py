"""All whales: those in the store, and those of the sources that plugins add."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from keeper.core.following import Followed, follow
from keeper.core.units import Seconds
from keeper.core.whales import Whale, WhaleRule
from keeper.errors import Transient
from keeper.ports import WhaleFeed, WhaleSource

log = structlog.get_logger("keeper.whales")

FEED_SECONDS: Final = 30.0
"""Longest that one source of whales may hold up a cycle."""


class Whales:
    """The store's whales together with those of every feed; a feed that is silent is named and left out."""

    def __init__(self, store: WhaleSource, feeds: Sequence[WhaleFeed]) -> None:
        self._store = store
        self._feeds = tuple(feeds)

    async def whales(self, category: str) -> Sequence[Whale]:
        """Return the whales of a category, one for each address: the one seen last, the store's first among equals.

        Raises StoreUnavailable.
        """
        known = list(await self._store.whales(category))
        for more in await asyncio.gather(*(self._ask(feed, category) for feed in self._feeds)):
            known += more
        newest: dict[str, Whale] = {}
        for whale in known:
            before = newest.get(whale.address)
            if before is None or whale.observed_at > before.observed_at:
                newest[whale.address] = whale
        return tuple(newest.values())

    async def _ask(self, feed: WhaleFeed, category: str) -> Sequence[Whale]:
        try:
            async with asyncio.timeout(FEED_SECONDS):
                return await feed.whales(category)
        except (Transient, TimeoutError) as exc:
            log.warning("whales_silent", source=feed.name, category=category, reason=str(exc) or "no answer in time")
            return ()


class SeenWhales:
    """Another source's whales, asked for once per category until `forget`: many pools follow the same ones."""

    def __init__(self, inner: WhaleSource) -> None:
        self._inner = inner
        self._known: dict[str, Sequence[Whale]] = {}
        self._followed: dict[WhaleRule, Followed] = {}

    def forget(self) -> None:
        """Ask again from here on."""
        self._known.clear()
        self._followed.clear()

    async def followed(self, rule: WhaleRule, now: Seconds) -> Followed:
        """Return what `follow` chooses at `now`; chosen once for all pools with the same rule.

        Raises StoreUnavailable, and BadInput as `follow` does.
        """
        followed = self._followed.get(rule)
        if followed is None or not followed.holds(now):
            known = await self._of(rule.category)
            followed = self._followed[rule] = follow(known, rule, now)
        return followed

    async def _of(self, category: str) -> Sequence[Whale]:
        if category not in self._known:
            self._known[category] = tuple(await self._inner.whales(category))
        return self._known[category]
