"""The answers of the API about the keeper and what it did. What is not known is null."""

from typing import Any, Literal

from keeper.core.records import IntentKind, IntentState, Outcome, Severity
from keeper.web.api.shapes import Amount, AsOf, Instant, Shape


class Link(Shape):
    """One address of the API."""

    method: str
    """HTTP method."""
    path: str
    """Path, parameters in braces."""
    summary: str
    """What it is for."""


class Index(Shape):
    """What there is."""

    service: str
    """Name of the service."""
    version: str
    """Version of the keeper."""
    openapi: str
    """Where the OpenAPI document is."""
    routes: tuple[Link, ...]
    """Every address."""


class PoolPulse(Shape):
    """One pool's last finished cycle."""

    pool_id: int
    """Number of the pool in the vault."""
    age_seconds: int | None
    """How long ago its cycle ended; null before the first since the start."""
    last_outcome: Outcome | None
    """How it ended."""
    stale: bool
    """Whether that is too long ago."""


class Node(Shape):
    """One Stacks node of the settings."""

    name: str
    """Its host, and no more of its address."""
    leads: bool
    """Whether it gave the last block, and so is the one in use."""
    standing: str
    """How its chain compares with the others': `in line`, `behind` or `on another fork`."""
    height: int | None
    """Height of the last block it gave; null before any."""
    failures: int
    """Failures in a row."""
    resting_seconds: int
    """How long it is still left alone; 0 when it is not."""
    last_error: str | None
    """Why it last failed or rests; null when its last answer was fine."""
    requests_left: int | None
    """Requests that its budget would let through now; null without a budget."""


class Working(Shape):
    """Whether the keeper does its work."""

    state: Literal["starting", "ok", "stale", "standby"]
    """Judged by finished cycles, and `stale` while the store is away."""
    store_up: bool
    """Whether the store could be read and written when it was last asked; without it nothing is spent."""
    useful: bool
    """Whether it does more than run: nothing is too old, and not every pool was refused or could not be read."""
    loop_age_seconds: int | None
    """How long no round ended or made progress; null before the first one ended."""
    loop_limit_seconds: int | None
    """Age from which the loop stands still; null where none is set."""
    age_seconds: int | None
    """Age of the newest finished cycle of any pool."""
    limit_seconds: int
    """Age from which a cycle is too old."""
    pools: tuple[PoolPulse, ...]
    """Each pool by itself."""


class PausedBy(Shape):
    """A person told the keeper to send nothing new."""

    by: str
    """Who, as they named themselves."""
    why: str
    """Why, as they said it; may be empty."""
    at: Instant | None
    """When; null when no block had been seen."""


class Status(Shape):
    """The keeper itself."""

    as_of: AsOf
    """Newest block seen."""
    network: str
    """Stacks network."""
    address: str
    """The keeper's own address."""
    balance_ustx: Amount | None
    """What it has to pay fees with."""
    plugins: tuple[str, ...]
    """Configured plugins."""
    nodes: tuple[Node, ...]
    """The Stacks nodes, in the order of the settings."""
    health: Working
    """Whether it does its work."""
    paused: PausedBy | None
    """Who paused it; null while it may send."""


class Decision(Shape):
    """How one cycle of one pool ended, and why."""

    decision_id: str
    """Its own name, for ever."""
    pool_id: int
    """Which pool."""
    pool: str
    """The pool's name."""
    at: Instant | None
    """When."""
    as_of: AsOf
    """The block it was made from."""
    outcome: Outcome
    """How the cycle ended."""
    reason: str
    """Why, in a sentence."""
    drift_bps: int | None
    """Drift at that moment."""
    facts: dict[str, Any]
    """What it was made from: prices, sources, whales, plan."""


class Decisions(Shape):
    """Decisions, newest first."""

    as_of: AsOf
    """Newest block seen."""
    decisions: tuple[Decision, ...]
    """One page of them."""
    next: str | None
    """Where the next page is; null on the last."""


class Transaction(Shape):
    """One transaction of the keeper's. The signed bytes are not shown."""

    as_of: AsOf
    """Newest block seen when this was told."""
    key: str
    """Its idempotency key."""
    kind: IntentKind
    """What it is for."""
    pool_id: int | None
    """Which pool."""
    state: IntentState
    """Where it is in its life."""
    open: bool
    """Whether something may still become of it."""
    txid: str | None
    """Its id; another one once more was offered for it."""
    nonce: int | None
    """Its nonce."""
    fee_ustx: Amount | None
    """What is offered for it."""
    block: int | None
    """Height of the block that it is in; null while none is known."""
    created_at: Instant | None
    """When it was planned."""
    updated_at: Instant | None
    """When it last changed."""
    result: dict[str, Any]
    """What became of it."""


class Transactions(Shape):
    """Transactions, newest first."""

    as_of: AsOf
    """Newest block seen."""
    transactions: tuple[Transaction, ...]
    """One page of them."""
    next: str | None
    """Where the next page is; null on the last."""


class Trouble(Shape):
    """Something people were told of that is not over."""

    key: str
    """Key of its alerts."""
    kind: str
    """Its kind, which is a page of the runbook."""
    severity: Severity
    """How urgent it is."""
    title: str
    """What it is about."""
    pool_id: int | None
    """Which pool."""
    since: Instant | None
    """When people were first told."""
    link: str | None
    """Where its page of the runbook is."""


class Alert(Shape):
    """What people were told, and where it went."""

    as_of: AsOf
    """Newest block seen when this was told."""
    key: str
    """The same trouble has the same key."""
    kind: str
    """Its kind, which is a page of the runbook."""
    resolved: bool
    """Whether it says that the trouble with this key is over; what is not over is listed in `open`."""
    link: str | None
    """Where its page of the runbook is; null when it was told without one."""
    severity: Severity
    """How urgent it is."""
    title: str
    """What it is about."""
    what: str
    """What happened."""
    done: str
    """What the keeper did."""
    remedy: str
    """What a person can do."""
    pool_id: int | None
    """Which pool."""
    at: Instant | None
    """When."""
    delivered_to: tuple[str, ...]
    """Channels that took it."""
    failed: tuple[str, ...]
    """Channels that did not."""


class Alerts(Shape):
    """Alerts, newest first."""

    as_of: AsOf
    """Newest block seen."""
    open: tuple[Trouble, ...]
    """What is not over, the oldest first, whatever page this is."""
    alerts: tuple[Alert, ...]
    """One page of them."""
    next: str | None
    """Where the next page is; null on the last."""


class Changed(Shape):
    """How the keeper stands after a change."""

    as_of: AsOf
    """Newest block seen."""
    paused: PausedBy | None
    """Who paused it; null while it may send."""


class Asked(Shape):
    """An analysis is on its way."""

    as_of: AsOf
    """Newest block seen."""
    asked: Literal[True]
    """The next cycle starts as soon as the one under way, if any, has ended."""
