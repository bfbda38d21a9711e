"""The write-ahead journal of transactions: every step is durable before the next one is taken."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from keeper.core.records import OPEN_STATES, Intent, IntentKind, IntentState
from keeper.core.units import MicroStx, Seconds
from keeper.errors import TransactionRefused
from keeper.ports import Clock, Store

MAX_FAILURES = 5
FAILURE_MEMORY = Seconds(3_600)
"""One purpose may fail on chain MAX_FAILURES times in this span of block time; then it rests until one has aged."""
LOOK_BACK = 4 * MAX_FAILURES
FAILED = (IntentState.REFUSED, IntentState.DROPPED)


class Journal:
    """Moves intents through their states, and finds the key for the next attempt at a purpose."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def claim(self, purpose: str) -> tuple[str, Intent | None]:
        """Return the key to use for `purpose`, and the intent already under it, if any.

        An attempt that failed for good is passed over; one that is open or settled is returned, so that
        nothing is sent twice. What never reached a block costs nothing and does not count as a failure.
        Raises TransactionRefused while too many failures are too recent.
        """
        note = f"attempts:{purpose}"
        last = int((await self._store.note(note) or {"last": 0})["last"])
        found = await self._store.intent(_key(purpose, last))
        if found is not None and found.state not in FAILED:
            return found.key, found
        failures = await self._recent_failures(purpose, last)
        if failures >= MAX_FAILURES:
            message = f"{purpose} failed {failures} times within {FAILURE_MEMORY} s; it rests until that has aged"
            raise TransactionRefused(message, purpose=purpose, failures=failures)
        await self._store.put_note(note, {"last": last + 1})
        return _key(purpose, last + 1), None

    async def _recent_failures(self, purpose: str, last: int) -> int:
        keys = [_key(purpose, attempt) for attempt in range(last, max(last - LOOK_BACK, 0), -1)]
        found = [await self._store.intent(key) for key in keys]
        return sum(intent is not None and self._failed_recently(intent) for intent in found)

    def _failed_recently(self, intent: Intent) -> bool:
        on_chain = intent.state in FAILED and "block_height" in intent.result
        return on_chain and self._clock.now() - intent.updated_at < FAILURE_MEMORY

    async def planned(
        self, key: str, kind: IntentKind, pool_id: int | None, sender: str, call: Mapping[str, Any]
    ) -> Intent:
        """Record that this transaction is wanted."""
        now = self._clock.now()
        intent = Intent(
            key=key,
            kind=kind,
            pool_id=pool_id,
            state=IntentState.PLANNED,
            created_at=now,
            updated_at=now,
            sender=sender,
            call=call,
        )
        await self._store.put_intent(intent)
        return intent

    async def signed(self, intent: Intent, *, nonce: int, fee: MicroStx, txid: str, raw: bytes) -> Intent:
        """Record the exact bytes before anybody else sees them."""
        return await self._put(intent, IntentState.SIGNED, nonce=nonce, fee_ustx=fee, txid=txid, raw_hex=raw.hex())

    async def sent(self, intent: Intent) -> Intent:
        """Record that the node took the bytes; that is not yet acceptance."""
        return await self._put(intent, IntentState.SENT)

    async def settled(self, intent: Intent, result: Mapping[str, Any]) -> Intent:
        """Record the success that the chain reports."""
        return await self._put(intent, IntentState.SETTLED, result=result)

    async def refused(self, intent: Intent, result: Mapping[str, Any]) -> Intent:
        """Record that the node or a contract said no; a new attempt needs a new key."""
        return await self._put(intent, IntentState.REFUSED, result=result)

    async def dropped(self, intent: Intent, why: str) -> Intent:
        """Record that this transaction can no longer be mined."""
        return await self._put(intent, IntentState.DROPPED, result={"why": why})

    async def open(self) -> list[Intent]:
        """Return what is not over yet, oldest first."""
        found = await self._store.intents(open_only=True)
        return sorted((i for i in found if i.state in OPEN_STATES), key=lambda i: (i.nonce or 0, i.created_at))

    async def _put(self, intent: Intent, state: IntentState, **changes: Any) -> Intent:
        moved = replace(intent, state=state, updated_at=self._clock.now(), **changes)
        await self._store.put_intent(moved)
        return moved


def _key(purpose: str, attempt: int) -> str:
    return f"{purpose}#{attempt}"
