"""What the keeper needs from the outside, named for the need and not for the provider."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from keeper.core.archive import Row, Unreadable
from keeper.core.assets import Asset
from keeper.core.chain_types import Account, MempoolNonces, Tip
from keeper.core.history import Points
from keeper.core.leases import Lease
from keeper.core.market import MarketView
from keeper.core.paging import ALWAYS, Page, Span
from keeper.core.prices import Observation
from keeper.core.records import Alert, AlertRecord, Decision, Intent, Outcome, PoolView, Turn, ViewHead
from keeper.core.retention import Retention, Thinned
from keeper.core.units import MicroStx, Seconds
from keeper.core.whales import Whale


class Clock(Protocol):
    """Tells the time that prices and durations are judged by."""

    def now(self) -> Seconds:
        """Return seconds since 1970."""
        ...


class ContractReader(Protocol):
    """Reads contracts at one tip. Arguments and results are Clarity values in plain Python form.

    Plain form: uint and int are `int` (arguments: use keeper.chain.clarity constructors to choose),
    bool is `bool`, principal, ascii and utf8 are `str`, buffer is `bytes`, optional is None or the
    value, list is `list`, tuple is `dict`, response is `Ok(value)` or `Err(value)`.
    """

    async def read(self, contract: str, function: str, args: Sequence[bytes], tip: Tip) -> Any:
        """Call a read-only function with serialised arguments. Raises NodeUnavailable, TipMoved."""
        ...


class TipReader(ContractReader, Protocol):
    """Reads contracts, and knows the newest block to read them at. What a price source on the chain needs."""

    async def tip(self) -> Tip:
        """Return the newest block. Raises NodeUnavailable."""
        ...


class Chain(TipReader, Protocol):
    """A Stacks node, or several behind one face."""

    async def account(self, principal: str) -> Account:
        """Return balance and confirmed nonce. Raises NodeUnavailable."""
        ...

    async def mempool_nonces(self, principal: str) -> MempoolNonces:
        """Return what waits in the mempool, and the gaps that hold it up. Raises NodeUnavailable."""
        ...

    async def estimate_fee(self, payload: bytes, length: int) -> MicroStx:
        """Return the fee for a payload; the per-byte floor when the node has no estimate."""
        ...

    async def broadcast(self, raw: bytes) -> str:
        """Offer signed bytes and return the txid. Raises TransactionRefused with the node's reason."""
        ...

    async def transaction(self, txid: str) -> "TxStatus | None":
        """Return what the chain knows about a transaction; None when it knows nothing (yet)."""
        ...


class TxStatus(Protocol):
    """A transaction as the chain reports it."""

    @property
    def status(self) -> str:
        """`pending`, `success`, `abort_by_response`, `abort_by_post_condition` or `dropped_…`."""
        ...

    @property
    def block_height(self) -> int | None:
        """Height of its block; None while it waits."""
        ...

    @property
    def result_hex(self) -> str | None:
        """The serialised result; None while it waits."""
        ...


class Signable(Protocol):
    """A transaction as a signer sees it: all of it, so that it can judge what it signs."""

    def presign_hash(self) -> bytes:
        """Return the 32 bytes the origin signs."""
        ...

    def encode(self) -> bytes:
        """Return the serialised transaction, not signed yet."""
        ...


class Signer(Protocol):
    """Holds a key and signs, here or elsewhere; the key itself never leaves it."""

    @property
    def address(self) -> str:
        """The principal that this key spends for."""
        ...

    @property
    def public_key(self) -> bytes:
        """Compressed public key, 33 bytes."""
        ...

    async def sign(self, transaction: Signable) -> bytes:
        """Return the origin's 65-byte recoverable signature, recovery id first.

        A signature that did not arrive was not made. Raises SignerUnavailable, SignerRefused.
        """
        ...


class Dex(Protocol):
    """A venue that pools can trade at."""

    @property
    def name(self) -> str:
        """The name used in settings, logs and records."""
        ...

    @property
    def adapters(self) -> Sequence[str]:
        """Principals of the on-chain adapter contracts that its routes are run by; governance has to admit each."""
        ...

    async def market(self, reader: ContractReader, tip: Tip) -> MarketView:
        """Read this venue's pools at `tip`. Raises SourceUnavailable when it cannot be used now."""
        ...


class PriceSource(Protocol):
    """A source of prices outside the venues."""

    @property
    def name(self) -> str:
        """The name used in settings, logs and records."""
        ...

    async def prices(self, assets: Sequence[Asset]) -> Sequence[Observation]:
        """Return what this source knows of `assets`; an asset it does not know is simply absent.

        What it was told of an asset and cannot be a price is returned as a RefusedPrice beside the prices.
        Raises SourceUnavailable when no price is left; its facts may hold `refused`, a tuple of them, or `fault`.
        """
        ...


@runtime_checkable
class Hinting(Protocol):
    """Something that could do more if a setting were there."""

    @property
    def hint(self) -> str | None:
        """Which setting is not there and what it would add, in one sentence; None when nothing is missing."""
        ...


class Notifier(Protocol):
    """A place where people read alerts."""

    @property
    def name(self) -> str:
        """The name used in settings, logs and records."""
        ...

    async def send(self, alert: Alert) -> None:
        """Deliver one alert. Raises NotifierUnavailable."""
        ...


class WhaleSource(Protocol):
    """Where whales and their portfolios come from."""

    async def whales(self, category: str) -> Sequence[Whale]:
        """Return all known whales of a category. Raises StoreUnavailable."""
        ...


class WhaleFeed(Protocol):
    """A source of whales outside the store."""

    @property
    def name(self) -> str:
        """The name used in settings, logs and records."""
        ...

    async def whales(self, category: str) -> Sequence[Whale]:
        """Return the whales of a category; one that this source does not know has none. Raises SourceUnavailable."""
        ...


class Store(WhaleSource, Protocol):
    """What must survive a crash. Every write is durable when the call returns.

    Lists of decisions, intents and alerts are read to their end page by page: `before` is the last place of the page
    before, and only records of lower places are given. A record keeps its place when it is replaced or carried to
    another store. `within` chooses by the time of a decision or an alert, and of an intent's last change. At the head, a write that was still under way elsewhere may appear below what was given already.
    """

    async def put_whales(self, whales: Sequence[Whale]) -> None:
        """Insert or replace whales by address and category."""
        ...

    async def remove_whales(self, addresses: Sequence[str], category: str | None = None) -> int:
        """Remove the whales of these addresses, of one category or of all, and return how many there were."""
        ...

    async def add_decision(self, decision: Decision) -> None:
        """Append a decision record."""
        ...

    async def decisions(
        self,
        *,
        pool_id: int | None = None,
        outcome: Outcome | None = None,
        limit: int = 50,
        before: int | None = None,
        within: Span = ALWAYS,
    ) -> Page[Decision]:
        """Return the newest decisions first, of one `outcome` only where that is one of LASTING; else ValueError."""
        ...

    async def decision(self, decision_id: str) -> Decision | None:
        """Return the decision with this name; None when there is none, or when it is no longer kept."""
        ...

    async def put_intent(self, intent: Intent, *, term: int | None = None) -> None:
        """Insert or replace an intent by its key.

        With a `term` the write happens only while the stored lease `sender` has exactly that term, and
        the look at the lease and the write are one atomic step. Raises LeaseLost otherwise.
        """
        ...

    async def intent(self, key: str) -> Intent | None:
        """Return the intent with this key."""
        ...

    async def intents(
        self,
        *,
        open_only: bool = False,
        pool_id: int | None = None,
        limit: int | None = None,
        before: int | None = None,
        within: Span = ALWAYS,
    ) -> Page[Intent]:
        """Return the newest intents first, at most `limit`.

        Without a limit: every open one when only open ones are asked for, since recovery may miss none,
        else the newest 200.
        """
        ...

    async def add_alert(self, record: AlertRecord) -> None:
        """Append an alert and where it went."""
        ...

    async def alerts(self, *, limit: int = 50, before: int | None = None, within: Span = ALWAYS) -> Page[AlertRecord]:
        """Return the newest alerts first."""
        ...

    async def put_view(self, view: PoolView) -> None:
        """Replace the last view of a pool, and note its point in the history if its slot has none with a value yet."""
        ...

    async def views(self, pool_ids: Collection[int] | None = None) -> Sequence[PoolView]:
        """Return the last view of every pool, or of those that are named and have one, by pool id."""
        ...

    async def view_heads(self) -> Sequence[ViewHead]:
        """Return what every view is called and whether it was replaced, without the views themselves; by pool id."""
        ...

    async def history(
        self,
        pool_id: int,
        *,
        since: Seconds | None = None,
        until: Seconds | None = None,
        limit: int = 500,
        evenly: bool = True,
    ) -> Points:
        """Return how a pool stood from `since` up to, not including, `until`; the oldest first. None: no bound there.

        When there are more than `limit`, the time is cut into that many equal parts and the last point of each that has
        a value is given, else its last; where they are not wanted `evenly`, the first `limit`. Never more than MOST_POINTS.
        """
        ...

    async def thin(self, rule: Retention, now: Seconds, *, most: int) -> Thinned:
        """Remove up to `most` records of each kind that `rule` no longer keeps, and tell how many that were.

        Nothing removed means that nothing is left to do. What is removed is removed wholly or not at all.
        """
        ...

    async def thinnable(self, rule: Retention, now: Seconds) -> Thinned:
        """Return how many records of each kind `thin` would remove in all; nothing is changed."""
        ...

    async def record(self, turns: Sequence[Turn], notes: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Write what pools' turns came to in one call: each as add_decision and put_view, and put_note, in this order.

        A crash meanwhile may leave the first of them without the rest, never the other way round. Raises TypeError or
        ValueError when something is not JSON-safe; then nothing is written.
        """
        ...

    async def put_note(self, key: str, body: Mapping[str, Any], *, term: int | None = None) -> None:
        """Replace a small named JSON document (last agreed prices, round counters).

        With a `term`: only while the lease `sender` has it, as for put_intent. Raises LeaseLost otherwise.
        """
        ...

    async def note(self, key: str) -> Mapping[str, Any] | None:
        """Return a small named JSON document."""
        ...

    async def lease(self, name: str) -> Lease | None:
        """Return the lease as it stands; None when nobody ever held it."""
        ...

    async def take_lease(self, name: str, holder: str, *, seen: Lease | None) -> Lease | None:
        """Make `holder` the holder, if the lease still has the term and beat of `seen` (None: if there is none yet).

        The new term is one more than the old one, or 1, and its beat is 0. Returns None when somebody was
        faster. Raises ValueError for a holder without a name, or with one that is too long.
        """
        ...

    async def renew_lease(self, lease: Lease) -> Lease | None:
        """Add one to the beat while term and holder are still those of `lease`; None when they are not."""
        ...

    async def release_lease(self, lease: Lease) -> None:
        """Let go of a lease while term and holder are still those of `lease`; the row and its term stay."""
        ...

    def dump(self) -> AsyncIterator[Row | Unreadable]:
        """Yield everything as it is at one moment, kind by kind and in the order of writing. Raises StoreUnavailable.

        A record that is damaged in itself is still yielded, as far as it can be read.
        """
        ...

    async def restore(self, rows: Sequence[Row]) -> None:
        """Put rows of a dump where they were, each replacing what is there. Raises StoreUnavailable, also for bad rows."""
        ...

    async def close(self) -> None:
        """Release files and connections."""
        ...
