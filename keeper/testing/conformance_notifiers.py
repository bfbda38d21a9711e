"""The kit for alert channels; see keeper/testing/conformance.py."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from keeper.core.records import Alert, Severity
from keeper.errors import NotifierUnavailable
from keeper.ports import Notifier
from keeper.testing import build
from keeper.testing.text import NAME, text_of


class NotifierConformance:
    """For a `Notifier`.

    Fixtures: `notifier`; `delivered`, a callable returning everything that arrived so far as one text;
    `outage`, an async callable after which messages are not taken (parametrise it); `secret`, the
    address or token that must stay hidden, or None.
    """

    async def test_name__is_one_lower_case_word(self, notifier: Notifier) -> None:
        """Names become keys of settings, logs and records."""
        assert NAME.fullmatch(notifier.name)

    @pytest.mark.parametrize("severity", list(Severity))
    async def test_send__every_severity__says_what_was_done_and_the_remedy(
        self, notifier: Notifier, delivered: Callable[[], str], severity: Severity
    ) -> None:
        """A reader learns how bad it is, what happened, what was done and what they can do."""
        alert = build.alert(severity, title="Alpha", what="Bravo", done="Charlie", remedy="Delta")

        await notifier.send(alert)

        arrived = delivered()
        assert severity.value in arrived.lower()
        assert all(word in arrived for word in ("Alpha", "Bravo", "Charlie", "Delta"))

    async def test_send__alert_with_a_page_of_the_runbook__says_where_it_is(
        self, notifier: Notifier, delivered: Callable[[], str]
    ) -> None:
        """A reader finds the page about this kind of trouble."""
        await notifier.send(replace(build.alert(), link="https://runbook.example/alpha.md"))

        assert "https://runbook.example/alpha.md" in delivered()

    @pytest.mark.parametrize(
        "alert",
        [
            build.alert(title="t" * 5_000, what="w" * 20_000, done="d" * 20_000, remedy="r" * 20_000),
            build.alert(title="", what="", done="", remedy="", facts={}),
            build.alert(facts={f"fact {n}": "v" * 3_000 for n in range(200)}),
            build.alert(what="a \x00 b \ud800 \U0001f40b & < > * _ ` ~ | \\ # @everyone <!channel>"),
            build.alert(pool_id=None, facts={"nested": {"list": [1, 2.5, None, True]}}),
        ],
        ids=["long", "empty", "many facts", "odd characters", "nested facts"],
    )
    async def test_send__any_alert__is_taken(
        self, notifier: Notifier, delivered: Callable[[], str], alert: Alert
    ) -> None:
        """No content keeps an alert from going out: a server with the real limits must take it."""
        await notifier.send(alert)

        assert delivered()

    async def test_send__outage__is_notifier_unavailable(
        self, notifier: Notifier, outage: Callable[[], Awaitable[None]], secret: str | None
    ) -> None:
        """Whatever the outside does, it comes out as NotifierUnavailable with a reason and without the address."""
        await outage()

        with pytest.raises(NotifierUnavailable) as caught:
            await notifier.send(build.alert())

        assert str(caught.value)
        assert secret is None or secret not in text_of(caught.value)

    async def test_repr__never_shows_the_address(self, notifier: Notifier, secret: str | None) -> None:
        """A webhook address is a password."""
        assert secret is None or secret not in repr(notifier) + str(notifier)
