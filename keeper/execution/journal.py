"""The write-ahead journal of transactions: every step is durable before the next one is taken."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from keeper.core.records import OPEN_STATES, Intent, IntentKind, IntentState
from keeper.core.units import MicroStx
from keeper.errors import TransactionRefused
from keeper.ports import Clock, Store

MAX_ATTEMPTS = 5
"""How often one purpose may fail before a person has to look."""


class Journal:
    """Moves intents through their states, and finds the key for the next attempt at a purpose."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def claim(self, purpose: str) -> tuple[str, Intent | None]:
        """Return the key to use for `purpose`, and the intent already under it, if any.

        An earlier attempt that failed for good is passed over; one that is open or settled is
        returned, so that nothing is sent twice. Raises TransactionRefused after MAX_ATTEMPTS.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            key = f"{purpose}#{attempt}"
            found = await self._store.intent(key)
            if found is None or found.state not in (IntentState.REFUSED, IntentState.DROPPED):
                return key, found
        message = f"gave up on {purpose} after {MAX_ATTEMPTS} failed attempts; look at them with `keeper status`"
        raise TransactionRefused(message, purpose=purpose, attempts=MAX_ATTEMPTS)

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
