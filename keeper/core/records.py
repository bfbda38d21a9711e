"""What the keeper remembers: decisions, intents, alerts. Plain data, stored and shown as it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from keeper.core.units import Bps, MicroStx, Seconds


class Outcome(StrEnum):
    """How one cycle of one pool ended. Each is a reason a person can read."""

    WITHIN_THRESHOLD = "within_threshold"
    NOT_WORTH_IT = "not_worth_it"
    PROPOSED = "proposed"
    WAITING_FOR_VOTE = "waiting_for_vote"
    VOTE_PASSED = "vote_passed"
    VOTE_FAILED = "vote_failed"
    PRICES_POSTED = "prices_posted"
    SLICE_EXECUTED = "slice_executed"
    REBALANCED = "rebalanced"
    WITHDRAWAL_PAID = "withdrawal_paid"
    WAITING_FOR_TRANSACTION = "waiting_for_transaction"
    WAITING_FOR_VENUES = "waiting_for_venues"
    PAUSED = "paused"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


class IntentKind(StrEnum):
    """What a transaction is for."""

    PROPOSE = "propose"
    CONCLUDE = "conclude"
    POST_PRICES = "post_prices"
    REBALANCE = "rebalance"
    PAY_WITHDRAWAL = "pay_withdrawal"
    PAUSE = "pause"
    FILL_GAP = "fill_gap"
    DEPLOY = "deploy"


class IntentState(StrEnum):
    """Where a transaction is in its life; written before and after every step that can fail."""

    PLANNED = "planned"
    SIGNED = "signed"
    SENT = "sent"
    MINED = "mined"
    REFUSED = "refused"
    DROPPED = "dropped"
    SETTLED = "settled"


POSTED_BESIDE: Final = "posted_beside"
"""In the facts of a decision that posted prices: what the pool else came to."""
OPEN_STATES = frozenset({IntentState.PLANNED, IntentState.SIGNED, IntentState.SENT, IntentState.MINED})
SUCCESS = "success"
"""What the chain says of a transaction that did what it was made for."""


class Severity(StrEnum):
    """How soon a person should look."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Decision:
    """Why one cycle of one pool did, or did not do, something."""

    decision_id: str
    pool_id: int
    at: Seconds
    tip_height: int
    outcome: Outcome
    reason: str
    drift_bps: Bps | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON-safe: prices and their sources, whales and coverage, plan, proposal, txids."""

    @property
    def came_to(self) -> Outcome:
        """What the pool came to: the outcome, or where prices were posted meanwhile, what it would have been else."""
        return Outcome(self.facts.get(POSTED_BESIDE, self.outcome))


@dataclass(frozen=True, slots=True)
class Attempt:
    """An earlier version of a transaction: the same nonce at a lower fee. It may still be the one that is mined."""

    txid: str
    fee_ustx: MicroStx
    raw_hex: str


@dataclass(frozen=True, slots=True)
class Intent:
    """One transaction the keeper means to make, journalled before anything is signed or sent.

    `key` is the idempotency key: the same purpose at the same step always has the same key, so a
    restart finds the old record instead of sending again.
    """

    key: str
    kind: IntentKind
    pool_id: int | None
    state: IntentState
    created_at: Seconds
    updated_at: Seconds
    sender: str
    nonce: int | None = None
    fee_ustx: MicroStx | None = None
    txid: str | None = None
    raw_hex: str | None = None
    """The signed bytes, kept so that exactly the same transaction can be offered again."""
    signed_at: Seconds | None = None
    """When these bytes were signed; how long they have waited decides whether more is offered for them."""
    replaced: tuple[Attempt, ...] = ()
    """Earlier versions under the same nonce, oldest first."""
    urgent: bool = False
    """Whether it may take the nonce of something that can wait."""
    call: Mapping[str, Any] = field(default_factory=dict)
    """JSON-safe description: contract, function, arguments as hex, expectations."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """JSON-safe: block height, status, result hex, what it settled to, or why it was refused."""

    @property
    def succeeded(self) -> bool:
        """Whether it is in a block and did what it was made for."""
        return self.state in (IntentState.MINED, IntentState.SETTLED) and self.result.get("status") == SUCCESS

    @property
    def failed(self) -> bool:
        """Whether it was refused, by the node or in a block."""
        mined = self.state is IntentState.MINED and self.result.get("status") != SUCCESS
        return mined or self.state is IntentState.REFUSED

    @property
    def txids(self) -> tuple[str, ...]:
        """Every transaction id it may be mined under, the newest first."""
        newest = () if self.txid is None else (self.txid,)
        return (*newest, *(attempt.txid for attempt in reversed(self.replaced)))


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person should know: what happened, what the keeper did, what they can do."""

    key: str
    """Same trouble, same key: used to avoid saying it twice. Its kind, a colon, and whatever tells two of a kind apart."""
    severity: Severity
    title: str
    what: str
    done: str
    remedy: str
    at: Seconds
    pool_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    link: str = ""
    """Where the page of this kind of trouble is; empty before it is sent."""
    resolved: bool = False
    """Whether it says that the trouble with this key is over."""

    @property
    def kind(self) -> str:
        """What sort of news it is; one of keeper.core.alert_kinds.KINDS."""
        return self.key.partition(":")[0]


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert and where it went."""

    alert: Alert
    delivered_to: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PoolView:
    """The last thing known about a pool, as the page, the API and `keeper status` show it."""

    pool_id: int
    name: str
    at: Seconds
    tip_height: int
    body: Mapping[str, Any]
    """JSON-safe; built by keeper.core.views.pool_body."""


@dataclass(frozen=True, slots=True)
class ViewHead:
    """What there is to say of a pool's last view without reading it."""

    pool_id: int
    name: str
    version: int
    """Another one each time the view is replaced; it says nothing else."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a pool's turn came to. Raises ValueError for a view of another pool than the decision's."""

    decision: Decision
    view: PoolView | None = None
    """Where the pool could not be read, the last one under this decision; None where nothing is to be shown anew."""

    def __post_init__(self) -> None:
        if self.view is not None and self.view.pool_id != self.decision.pool_id:
            msg = (
                f"a decision of pool {self.decision.pool_id} was to be written with a view of pool {self.view.pool_id}"
            )
            raise ValueError(msg)
