"""Every kind of alert: whether it is an event or a trouble that lasts, and which page of the runbook it has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keeper.core.records import Alert, Severity
from keeper.core.units import Seconds

_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MINUTE: Final = 60
_HOUR: Final = 3_600


@dataclass(frozen=True, slots=True)
class AlertKind:
    """What is known of a kind before it ever happens."""

    severity: Severity
    lasting: bool
    """Whether it is a trouble that goes on until it is over, and not an event that has happened."""


_INFO, _WARNING, _CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
KINDS: Final[Mapping[str, AlertKind]] = {
    "proposal-opened": AlertKind(_INFO, lasting=False),
    "vote-failed": AlertKind(_WARNING, lasting=False),
    "rebalanced": AlertKind(_INFO, lasting=False),
    "withdrawals-paid": AlertKind(_INFO, lasting=False),
    "not-paid": AlertKind(_WARNING, lasting=True),
    "refused": AlertKind(_WARNING, lasting=True),
    "cycles-skipped": AlertKind(_CRITICAL, lasting=True),
    "check-failed": AlertKind(_WARNING, lasting=True),
    "low-balance": AlertKind(_WARNING, lasting=True),
    "foreign-nonces": AlertKind(_CRITICAL, lasting=True),
    "stuck": AlertKind(_WARNING, lasting=True),
    "standing-by": AlertKind(_INFO, lasting=True),
    "plugins-left-out": AlertKind(_CRITICAL, lasting=True),
    "halted": AlertKind(_CRITICAL, lasting=True),
    "test": AlertKind(_INFO, lasting=False),
}
"""By kind, which is the part of an alert's key before the first colon."""


def page_of(alert: Alert) -> str:
    """Return the name of the runbook's page: the kind, and for a stop the error that caused it."""
    if alert.kind != "halted":
        return alert.kind
    return halt_page(alert.key.partition(":")[2])


def halt_page(error: str) -> str:
    """Return the name of the page about one Halt error: `halted-bad-settings` for BadSettings."""
    return f"halted-{_WORDS.sub('-', error).lower()}"


def link_to(runbook: str, page: str) -> str:
    """Return where a page is, below the address or the folder of the runbook."""
    return f"{runbook.rstrip('/')}/{page}.md"


def over(key: str, title: str, pool_id: int | None, *, since: Seconds, until: Seconds, at: Seconds) -> Alert:
    """Return the news that the trouble with this key, first told at `since`, was last there about `until`."""
    return Alert(
        key=key,
        severity=Severity.INFO,
        title=f"Over: {title}",
        what=f"It has not come up again.{_lasted(since, until)}",
        done="The keeper works on as usual.",
        remedy="Nothing to do.",
        at=at,
        pool_id=pool_id,
        facts={"since": int(since), "until": int(until)},
        resolved=True,
    )


def _lasted(since: int, until: int) -> str:
    """Return a sentence about the span; none where the time was not known when it began."""
    seconds = max(until - since, 0)
    if since <= 0:
        return ""
    if seconds < _MINUTE:
        return " It lasted less than a minute."
    if seconds < 2 * _HOUR:
        return f" It lasted about {seconds // _MINUTE} min."
    return f" It lasted about {seconds // _HOUR} h."
