"""All whales: those in the store, and those of the sources that plugins add."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from keeper.core.following import Followed, Known, Silent, follow
from keeper.core.units import Seconds
from keeper.core.whales import Whale, WhaleRule
from keeper.errors import Transient
from keeper.ports import WhaleFeed, WhaleSource

log = structlog.get_logger("keeper.whales")

FEED_SECONDS: Final = 30.0
"""Longest that one source of whales may hold up a cycle."""


class Whales:
    """The store's whales together with those of every feed; a feed that is silent is named, and its last answer kept."""

    def __init__(self, store: WhaleSource, feeds: Sequence[WhaleFeed] = ()) -> None:
        self._store = store
        self._feeds = tuple(feeds)
        self._heard: dict[tuple[str, str], tuple[tuple[Whale, ...], Seconds]] = {}

    async def known(self, category: str, now: Seconds) -> Known:
        """Return the whales of a category, one for each address: the one seen last, the store's first among equals.

        Raises StoreUnavailable.
        """
        answers = await asyncio.gather(*(self._ask(feed, category, now) for feed in self._feeds))
        newest = {whale.address: whale for whale in await self._store.whales(category)}
        for whale in (whale for answer in answers for whale in _whales_in(answer)):
            before = newest.get(whale.address)
            if before is None or whale.observed_at > before.observed_at:
                newest[whale.address] = whale
        named = zip((feed.name for feed in self._feeds), answers, strict=True)
        return Known(tuple(newest.values()), {name: said for name, said in named if isinstance(said, Silent)})

    async def _ask(self, feed: WhaleFeed, category: str, now: Seconds) -> Sequence[Whale] | Silent:
        key = (feed.name, category)
        try:
            async with asyncio.timeout(FEED_SECONDS):
                found = tuple(await feed.whales(category))
        except (Transient, TimeoutError) as exc:
            why = str(exc) or "no answer in time"
            log.warning("whales_silent", source=feed.name, category=category, reason=why)
            return Silent(why, *self._heard.get(key, ()))
        self._heard[key] = found, now
        return found


def _whales_in(answer: Sequence[Whale] | Silent) -> Sequence[Whale]:
    return (answer.said or ()) if isinstance(answer, Silent) else answer


class SeenWhales:
    """All whales, asked for once per category until `forget`: many pools follow the same ones."""

    def __init__(self, inner: Whales) -> None:
        self._inner = inner
        self._known: dict[str, Known] = {}
        self._followed: dict[WhaleRule, Followed] = {}

    def forget(self) -> None:
        """Ask again from here on."""
        self._known.clear()
        self._followed.clear()

    async def followed(self, rule: WhaleRule, now: Seconds) -> Followed:
        """Return what `follow` chooses at `now`; chosen once for all pools with the same rule.

        Raises StoreUnavailable, and what `follow` does.
        """
        followed = self._followed.get(rule)
        if followed is None or not followed.holds(now):
            known = await self._of(rule.category, now)
            followed = self._followed[rule] = follow(known, rule, now)
        return followed

    async def _of(self, category: str, now: Seconds) -> Known:
        if category not in self._known:
            self._known[category] = await self._inner.known(category, now)
        return self._known[category]
