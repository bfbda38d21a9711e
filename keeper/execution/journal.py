"""The write-ahead journal of transactions: every step is durable before the next one is taken."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from keeper.core.records import Attempt, Intent, IntentState
from keeper.core.units import MicroStx, Seconds
from keeper.errors import TransactionRefused
from keeper.execution.fenced import Fenced
from keeper.execution.orders import Order
from keeper.points import reached
from keeper.ports import Clock

MAX_FAILURES = 5
FAILURE_MEMORY = Seconds(3_600)
"""One purpose may fail on chain MAX_FAILURES times in this span of block time; then it rests until one has aged."""
LOOK_BACK = 4 * MAX_FAILURES
FAILED = (IntentState.REFUSED, IntentState.DROPPED)
NEVER_SIGNED = "never signed: the keeper stopped first"


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction as its signer left it."""

    nonce: int
    fee_ustx: MicroStx
    txid: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """What the journal says to somebody who wants a purpose carried out."""

    key: str
    found: Intent | None
    """The intent under that key, open or settled; None when the key is new."""


class Journal:
    """Moves intents through their states, and finds the key for the next attempt at a purpose."""

    def __init__(self, store: Fenced, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def claim(self, purpose: str) -> Claim:
        """Return the key to use for `purpose`, and the intent already under it, if any.

        An attempt that failed for good is passed over; one that is open or settled is returned, so that
        nothing is sent twice. What never reached a block costs nothing and does not count as a failure.
        Raises TransactionRefused while too many failures are too recent.
        """
        reached("claim.before")
        note = f"attempts:{purpose}"
        last = int((await self._store.note(note) or {"last": 0})["last"])
        found = await self._store.intent(_key(purpose, last))
        if found is not None and found.state is IntentState.PLANNED:
            found = await self.dropped(found, NEVER_SIGNED)
        if found is not None and found.state not in FAILED:
            return Claim(found.key, found)
        failures = await self._recent_failures(purpose, last)
        if failures >= MAX_FAILURES:
            message = f"{purpose} failed {failures} times within {FAILURE_MEMORY} s; it rests until that has aged"
            raise TransactionRefused(message, purpose=purpose, failures=failures)
        reached("attempt_number.before")
        await self._store.put_note(note, {"last": last + 1})
        reached("attempt_number.after")
        reached("claim.after")
        return Claim(_key(purpose, last + 1), None)

    async def _recent_failures(self, purpose: str, last: int) -> int:
        keys = [_key(purpose, attempt) for attempt in range(last, max(last - LOOK_BACK, 0), -1)]
        found = [await self._store.intent(key) for key in keys]
        return sum(intent is not None and self._failed_recently(intent) for intent in found)

    def _failed_recently(self, intent: Intent) -> bool:
        on_chain = intent.state in FAILED and "block_height" in intent.result
        return on_chain and self._clock.now() - intent.updated_at < FAILURE_MEMORY

    async def planned(self, key: str, order: Order, sender: str) -> Intent:
        """Record that this transaction is wanted."""
        now = self._clock.now()
        intent = Intent(
            key=key,
            kind=order.kind,
            pool_id=order.pool_id,
            state=IntentState.PLANNED,
            created_at=now,
            updated_at=now,
            sender=sender,
            urgent=order.urgent,
            call=order.describe(),
        )
        return await self._put(intent, IntentState.PLANNED)

    async def signed(self, intent: Intent, signed: Signed) -> Intent:
        """Record the exact bytes before anybody else sees them."""
        return await self._put(intent, IntentState.SIGNED, **self._bytes(signed))

    async def replaced(self, intent: Intent, signed: Signed) -> Intent:
        """Record other bytes for the same nonce before anybody sees them; those before may still be mined."""
        before = Attempt(intent.txid or "", intent.fee_ustx or MicroStx(0), intent.raw_hex or "")
        changes = {"replaced": (*intent.replaced, before), **self._bytes(signed)}
        return await self._put(intent, IntentState.SIGNED, step="replaced", **changes)

    async def sent(self, intent: Intent) -> Intent:
        """Record that the node took the bytes; that is not yet acceptance."""
        return await self._put(intent, IntentState.SENT)

    async def mined(self, intent: Intent, txid: str, result: Mapping[str, Any]) -> Intent:
        """Record what the chain reports of it: it is in a block, which may still be undone.

        `txid` says which version that was; when it was an earlier one, the two change places.
        """
        if txid != intent.txid:
            intent = _as_version(intent, txid)
        return await self._put(intent, IntentState.MINED, result=result)

    async def settled(self, intent: Intent) -> Intent:
        """Record that a success lies deep enough."""
        return await self._put(intent, IntentState.SETTLED)

    async def reopened(self, intent: Intent, why: str) -> Intent:
        """Record that the chain has gone back on a block, and that the transaction waits again."""
        return await self._put(intent, IntentState.SENT, step="reopened", result={"why": why})

    async def noted(self, intent: Intent, result: Mapping[str, Any]) -> Intent:
        """Record something seen of an intent whose state stays."""
        return await self._put(intent, intent.state, result=result)

    async def refused(self, intent: Intent, result: Mapping[str, Any]) -> Intent:
        """Record that the node or a contract said no; a new attempt needs a new key."""
        return await self._put(intent, IntentState.REFUSED, result=result)

    async def dropped(self, intent: Intent, why: str) -> Intent:
        """Record that this transaction can no longer be mined: it was never signed, or its nonce is spent."""
        return await self._put(intent, IntentState.DROPPED, result={"why": why})

    async def open(self) -> list[Intent]:
        """Return what is not over yet, by nonce and the oldest first."""
        found = await self._store.open_intents()
        return sorted(found, key=lambda i: (i.nonce or 0, i.created_at, i.key))

    def require_lease(self) -> None:
        """Raise LeaseLost unless this process may send right now."""
        self._store.require()

    def _bytes(self, signed: Signed) -> dict[str, Any]:
        return {
            "nonce": signed.nonce,
            "fee_ustx": signed.fee_ustx,
            "txid": signed.txid,
            "raw_hex": signed.raw.hex(),
            "signed_at": self._clock.now(),
        }

    async def _put(self, intent: Intent, state: IntentState, *, step: str | None = None, **changes: Any) -> Intent:
        moved = replace(intent, state=state, updated_at=self._clock.now(), **changes)
        reached(f"journal.{step or state}.before")
        await self._store.put_intent(moved)
        reached(f"journal.{step or state}.after")
        return moved


def _as_version(intent: Intent, txid: str) -> Intent:
    """Return the intent with an earlier version of its transaction as the one that counts."""
    was = Attempt(intent.txid or "", intent.fee_ustx or MicroStx(0), intent.raw_hex or "")
    now = next(attempt for attempt in intent.replaced if attempt.txid == txid)
    others = tuple(attempt for attempt in intent.replaced if attempt.txid != txid)
    return replace(intent, txid=now.txid, fee_ustx=now.fee_ustx, raw_hex=now.raw_hex, replaced=(*others, was))


def _key(purpose: str, attempt: int) -> str:
    return f"{purpose}#{attempt}"
