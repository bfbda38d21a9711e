"""The kit for sources of whales; see keeper/testing/conformance.py."""

from collections.abc import Awaitable, Callable

import pytest

from keeper.core.whales import Whale
from keeper.errors import KeeperError, SourceUnavailable
from keeper.guarded import GuardedFeed
from keeper.ports import WhaleFeed
from keeper.testing.text import NAME, fail, text_of


class WhaleSourceConformance:
    """For a `WhaleFeed`.

    Fixtures: `feed`; `category`, one that it has whales of; `outage`, an async callable after which the
    outside gives no usable answer (parametrise it with keeper.testing.outages.OUTAGES); `secret`, a key it was given,
    or None.
    """

    async def test_name__is_one_lower_case_word(self, feed: WhaleFeed) -> None:
        """Names become keys of settings, logs and records."""
        assert NAME.fullmatch(feed.name)

    async def test_whales__known_category__are_whole(self, feed: WhaleFeed, category: str) -> None:
        """A whale has whole numbers, its category and a time; the guard the keeper uses takes every one."""
        found = await feed.whales(category)
        taken = await GuardedFeed(feed.name, feed.name, feed, fail).whales(category)

        assert found
        assert len(taken) == len(found)
        for whale in found:
            assert type(whale) is Whale
            assert whale.category == category
            assert whale.observed_at > 0
            assert all(bps >= 0 for bps in whale.allocation_bps.values())

    async def test_whales__each_address__is_there_once(self, feed: WhaleFeed, category: str) -> None:
        """One wallet, one voice."""
        found = await feed.whales(category)

        assert len({whale.address for whale in found}) == len(found)

    async def test_whales__unknown_category__has_none(self, feed: WhaleFeed) -> None:
        """A category nobody heard of is empty, or unavailable; never somebody else's whales."""
        try:
            found = await feed.whales("no-such-category")
        except SourceUnavailable:
            return
        assert list(found) == []

    async def test_whales__outage__is_source_unavailable(
        self, feed: WhaleFeed, category: str, outage: Callable[[], Awaitable[None]], secret: str | None
    ) -> None:
        """Whatever the outside does, it comes out as SourceUnavailable with a reason and without the key."""
        await outage()

        with pytest.raises(SourceUnavailable) as caught:
            await feed.whales(category)

        assert isinstance(caught.value, KeeperError)
        assert str(caught.value)
        assert secret is None or secret not in text_of(caught.value)

    async def test_repr__never_shows_the_key(self, feed: WhaleFeed, secret: str | None) -> None:
        """A key must not reach a log through a repr."""
        assert secret is None or secret not in repr(feed) + str(feed)
