"""What stands beside the pools on the page: the nodes that are asked, and the troubles that are not over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor

from keeper.alerts.open_troubles import OpenTrouble
from keeper.chain.members import NodeHealth, Standing
from keeper.core.alert_kinds import halt_page, link_to
from keeper.core.units import Seconds
from keeper.web import text
from keeper.web.lines import Tone
from keeper.web.runbook import href

_HALTED = "halted"


@dataclass(frozen=True, slots=True)
class NodeLine:
    """One Stacks node of the settings and what it is good for now."""

    name: str
    """Its host, and no more of its address."""
    use: str
    """`used`, `spare`, `resting`, or how its chain compares with the others' when it is not in line."""
    tone: Tone
    leads: bool
    """Whether it gave the last block."""
    standing: str
    failures: int
    """In a row."""
    resting_seconds: int
    """How long it is still left alone; 0 when it is not."""
    last_error: str | None
    height: int | None
    requests_left: int | None
    """What its budget would let through now; None without one."""
    detail: str
    """Height, budget and trouble in words."""


@dataclass(frozen=True, slots=True)
class TroubleLine:
    """A trouble that people were told of and that is not over."""

    key: str
    kind: str
    severity: str
    title: str
    pool_id: int | None
    since: int
    time: str
    age: str
    link: str
    """Where its page of the runbook is, empty when unknown."""
    href: str | None
    """The same as far as a browser can follow it."""


def node_line(health: NodeHealth) -> NodeLine:
    """Build the line of a node."""
    use, tone = _use(health)
    left = None if health.requests_left is None else max(0, floor(health.requests_left))
    details = [
        "no block yet" if health.height is None else f"block {health.height:,}",
        *([] if left is None else [f"{left:,} requests left now"]),
        *([f"rests {text.span(_seconds(health))} more"] if health.resting_seconds > 0 else []),
        *([] if health.last_error is None else [health.last_error]),
    ]
    return NodeLine(
        name=health.name,
        use=use,
        tone=tone,
        leads=health.leads,
        standing=health.standing.value,
        failures=health.failures,
        resting_seconds=_seconds(health),
        last_error=health.last_error,
        height=health.height,
        requests_left=left,
        detail=", ".join(details),
    )


def trouble_lines(troubles: Mapping[str, OpenTrouble], runbook: str, now: Seconds | None) -> tuple[TroubleLine, ...]:
    """Build the lines of what is not over, the oldest first."""
    ordered: Sequence[tuple[str, OpenTrouble]] = sorted(troubles.items(), key=lambda item: item[1].since)
    return tuple(_trouble_line(key, trouble, runbook, now) for key, trouble in ordered)


def runbook_link(key: str, runbook: str) -> str:
    """Return where the page about the alert with this key is; empty where no runbook is known."""
    kind, _, rest = key.partition(":")
    return link_to(runbook, halt_page(rest) if kind == _HALTED else kind) if runbook else ""


def _trouble_line(key: str, trouble: OpenTrouble, runbook: str, now: Seconds | None) -> TroubleLine:
    link = runbook_link(key, runbook)
    return TroubleLine(
        key=key,
        kind=key.partition(":")[0],
        severity=trouble.severity.value,
        title=trouble.title,
        pool_id=trouble.pool_id,
        since=trouble.since,
        time=text.instant(trouble.since),
        age=text.ago(trouble.since, now),
        link=link,
        href=href(link),
    )


def _use(health: NodeHealth) -> tuple[str, Tone]:
    if health.resting_seconds > 0:
        return "resting", "warn"
    if health.standing is not Standing.IN_LINE:
        return health.standing.value, "warn"
    if not health.leads:
        return "spare", "none"
    return "used", "good" if health.failures == 0 else "warn"


def _seconds(health: NodeHealth) -> int:
    return max(0, round(health.resting_seconds))
