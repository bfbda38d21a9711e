"""Asks the chain what became of transactions, and writes the answer down."""

import structlog

from keeper.chain.clarity import decode
from keeper.core.records import SUCCESS, Intent, IntentState
from keeper.core.units import Seconds
from keeper.errors import BadInput, NodeUnavailable
from keeper.execution.journal import NEVER_SIGNED, Journal
from keeper.points import reached
from keeper.ports import Chain, Clock, TxStatus
from keeper.retry import READ

log = structlog.get_logger("keeper.inquiry")

UNSPOKEN = (IntentState.SIGNED, IntentState.SENT)
"""States in which only the chain can say what became of a transaction."""
SPENT_SINCE = "nonce_spent_since"
SPENT_GRACE = Seconds(600)
"""A node can know that a nonce is spent before its API knows by which transaction; so long we wait for the API."""


class Inquiry:
    """Moves intents to MINED, SETTLED, REFUSED or DROPPED, and back to SENT when the chain goes back on a block."""

    def __init__(self, chain: Chain, journal: Journal, clock: Clock, confirmations: int) -> None:
        self._chain = chain
        self._journal = journal
        self._clock = clock
        self._confirmations = confirmations
        self._waiting: set[str] = set()

    def is_waiting(self, intent: Intent) -> bool:
        """Tell whether the newest version was in a mempool when it was last asked about."""
        return intent.txid in self._waiting

    async def ask(self, intent: Intent) -> Intent:
        """Ask once, under every txid it may have; unchanged while no block has it. Raises NodeUnavailable."""
        for txid in intent.txids:
            status = await self._status(txid)
            if status is not None and status.block_height is not None:
                return await self._note_mined(intent, txid, status)
        return intent

    async def resolve(self, intent: Intent, next_nonce: int, tip_height: int) -> Intent:
        """Find out what became of an intent that was left open; `next_nonce` and `tip_height` are the chain's own.

        Never signed: dropped. In a block: mined, and settled or refused once that lies deep enough. Its
        nonce spent by something else: dropped, in time. Else it stays open. Raises NodeUnavailable.
        """
        if intent.state is IntentState.PLANNED:
            return await self._journal.dropped(intent, NEVER_SIGNED)
        if intent.state is IntentState.MINED:
            return await self._confirm(intent, tip_height)
        asked = await self.ask(intent)
        if asked.state not in UNSPOKEN:
            return asked
        return await self._watch_nonce(asked, is_spent=intent.nonce is not None and next_nonce > intent.nonce)

    async def _watch_nonce(self, intent: Intent, *, is_spent: bool) -> Intent:
        """Drop an intent whose nonce has been seen spent for long: perhaps by this very transaction, so the API has time.

        Counted from when it was first seen, because a transaction may wait for hours before it is mined.
        """
        since = intent.result.get(SPENT_SINCE)
        if is_spent != (since is not None):
            return await self._journal.noted(intent, {SPENT_SINCE: int(self._clock.now())} if is_spent else {})
        if since is not None and self._clock.now() - int(since) >= SPENT_GRACE:
            return await self._journal.dropped(intent, "another transaction spent its nonce")
        return intent

    async def still_mined(self, intent: Intent) -> Intent:
        """Ask again about a settled intent whose purpose has come up again: a reorganisation may have undone it."""
        status = await self._status(intent.txid or "")
        if status is not None and status.block_height is not None:
            return intent
        return await self._reopen(intent)

    async def _confirm(self, intent: Intent, tip_height: int) -> Intent:
        """Ask again about what was in a block: still there and deep enough, still there, or gone again."""
        status = await self._status(intent.txid or "")
        if status is None or status.block_height is None:
            return await self._reopen(intent)
        facts = _facts(status)
        if facts != dict(intent.result):
            log.warning("block_changed", intent=intent.key, txid=intent.txid, before=dict(intent.result), after=facts)
            return await self._note_mined(intent, intent.txid or "", status)
        return await self._conclude(intent, tip_height)

    async def _conclude(self, intent: Intent, tip_height: int) -> Intent:
        if tip_height - int(intent.result["block_height"]) + 1 < self._confirmations:
            return intent
        if intent.succeeded:
            return await self._journal.settled(intent)
        return await self._journal.refused(intent, {**intent.result, "why": why_failed(intent)})

    async def _reopen(self, intent: Intent) -> Intent:
        log.warning("mined_transaction_is_gone", intent=intent.key, txid=intent.txid)
        return await self._journal.reopened(intent, "the block it was in is no longer part of the chain")

    async def _note_mined(self, intent: Intent, txid: str, status: TxStatus) -> Intent:
        if status.status == SUCCESS and _decoded(status.result_hex) is None:
            message = f"the chain reports success of {txid} without a result that can be read"
            raise NodeUnavailable(message, txid=txid)
        mined = await self._journal.mined(intent, txid, _facts(status))
        told = log.info if mined.succeeded else log.warning
        told("transaction_mined", intent=mined.key, txid=txid, block=status.block_height, status=status.status)
        return await self._conclude(mined, int(mined.result["block_height"]))

    async def _status(self, txid: str) -> TxStatus | None:
        reached("status.before")
        status = await READ(self._chain.transaction, txid)
        reached("status.after")
        if status is not None and status.status == "pending":
            self._waiting.add(txid)
        else:
            self._waiting.discard(txid)
        return status


def why_failed(intent: Intent) -> str:
    """Return in words what the chain reports of a transaction that did not do what it was made for."""
    status, result = intent.result.get("status"), intent.result.get("result_hex")
    if status == "abort_by_response" and isinstance(result, str):
        return f"the contract answered {_decoded(result)}"
    return f"the chain reports {status}"


def _facts(status: TxStatus) -> dict[str, object]:
    return {"status": status.status, "block_height": status.block_height, "result_hex": status.result_hex}


def _decoded(result_hex: str | None) -> object:
    """Return the result as a value; None when there is none that can be read."""
    try:
        return decode(bytes.fromhex((result_hex or "").removeprefix("0x")))
    except (BadInput, ValueError):
        return None
