"""Makes a transaction happen at most once: journal, sign, journal, offer once, then ask the chain (ADR 3)."""

import asyncio
from dataclasses import dataclass

import structlog

from keeper.chain.auth import Condition, signer_hash
from keeper.chain.c32 import parse_principal
from keeper.chain.clarity import decode
from keeper.chain.transactions import Network, Transaction, call
from keeper.core.records import Intent, IntentState
from keeper.core.units import MicroStx
from keeper.errors import FeeTooHigh, NodeUnavailable, TransactionRefused
from keeper.execution.journal import Journal
from keeper.execution.orders import Order
from keeper.pause import pause
from keeper.ports import Chain, Signer, TxStatus
from keeper.retry import READ

log = structlog.get_logger("keeper.sender")

POLL_SECONDS = 0.5
WAIT_SECONDS = 90.0
"""How long one cycle waits for a block; after that the next cycle goes on waiting."""


@dataclass(frozen=True, slots=True)
class FeeRule:
    """What may be paid for one transaction, in µSTX."""

    floor: MicroStx
    cap: MicroStx


class Sender:
    """The only place that signs and broadcasts. One transaction at a time, so nonces never race."""

    def __init__(
        self, chain: Chain, journal: Journal, signer: Signer, network: Network, fees: FeeRule, stop: asyncio.Event
    ) -> None:
        self._chain = chain
        self._journal = journal
        self._signer = signer
        self._network = network
        self._fees = fees
        self._stop = stop
        self._one_at_a_time = asyncio.Lock()

    @property
    def address(self) -> str:
        """The principal that pays and signs."""
        return self._signer.address

    @property
    def fee_cap(self) -> MicroStx:
        """The most that one transaction may cost."""
        return self._fees.cap

    async def execute(self, order: Order) -> Intent:
        """Make `order` happen, or find out what became of it before; return its intent.

        The intent comes back SETTLED or REFUSED when the chain has spoken, SENT or SIGNED when
        nothing is known yet. Raises FeeTooHigh, TransactionRefused, NodeUnavailable.
        """
        async with self._one_at_a_time:
            key, found = await self._journal.claim(order.purpose)
            if found is None:
                found = await self._sign(order, key)
                found = await self._offer(found)
            return await self._follow(found)

    async def recover(self) -> list[Intent]:
        """Resolve everything that an earlier cycle or an earlier life left open."""
        async with self._one_at_a_time:
            return [await self._resolve(intent) for intent in await self._journal.open()]

    async def quote_fee(self, order: Order) -> MicroStx:
        """Return what `order` would cost now. Raises FeeTooHigh above the cap."""
        draft = self._draft(order, nonce=0, fee=MicroStx(0))
        asked = await READ(self._chain.estimate_fee, draft.payload.encode(), len(draft.encode()))
        fee = max(asked, self._fees.floor, MicroStx(len(draft.encode())))
        if fee > self._fees.cap:
            message = f"the network asks for {fee} µSTX and fees.max_fee_ustx is {self._fees.cap}"
            raise FeeTooHigh(message, asked=fee, cap=self._fees.cap)
        return fee

    async def _sign(self, order: Order, key: str) -> Intent:
        intent = await self._journal.planned(key, order.kind, order.pool_id, self._signer.address, order.describe())
        try:
            transaction = await self._build(order)
        except (FeeTooHigh, NodeUnavailable) as exc:
            await self._journal.dropped(intent, f"never signed: {exc}")
            raise
        signature = await self._signer.sign(transaction.presign_hash())
        transaction = transaction.with_signature(signature)
        return await self._journal.signed(
            intent,
            nonce=transaction.origin.nonce,
            fee=MicroStx(transaction.origin.fee),
            txid=transaction.txid,
            raw=transaction.encode(),
        )

    async def _build(self, order: Order) -> Transaction:
        fee = order.fee_ustx if order.fee_ustx is not None else await self.quote_fee(order)
        nonce = await READ(self._chain.next_nonce, self._signer.address)
        return self._draft(order, nonce=nonce, fee=fee)

    def _draft(self, order: Order, *, nonce: int, fee: MicroStx) -> Transaction:
        payload = call(parse_principal(order.call.contract), order.call.function, order.call.args)
        version, chain_id = self._network.value
        condition = Condition(signer=signer_hash(self._signer.public_key), nonce=nonce, fee=fee)
        return Transaction(version, chain_id, condition, payload, order.conditions, order.mode)

    async def _offer(self, intent: Intent) -> Intent:
        """Offer the signed bytes, once. An answer that got lost leaves the intent SIGNED, to be asked about."""
        try:
            await self._chain.broadcast(bytes.fromhex(intent.raw_hex or ""))
        except TransactionRefused as exc:
            if exc.facts.get("reason") == "BadNonce":  # perhaps because this very transaction was mined meanwhile
                intent = await self._ask(intent)
                if intent.state not in (IntentState.SIGNED, IntentState.SENT):
                    return intent
            refused = await self._journal.refused(intent, {"why": str(exc), **exc.facts})
            log.warning("transaction_refused", intent=intent.key, reason=str(exc))
            return refused
        except NodeUnavailable as exc:
            log.warning("broadcast_unanswered", intent=intent.key, txid=intent.txid, reason=str(exc))
            return intent
        log.info("transaction_sent", intent=intent.key, txid=intent.txid, nonce=intent.nonce, fee_ustx=intent.fee_ustx)
        return await self._journal.sent(intent)

    async def _follow(self, intent: Intent) -> Intent:
        """Ask until the chain has spoken, we are told to stop, or the wait is over."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while intent.state in (IntentState.SIGNED, IntentState.SENT):
                    intent = await self._ask(intent)
                    if intent.state in (IntentState.SIGNED, IntentState.SENT) and await pause(self._stop, POLL_SECONDS):
                        break
        except TimeoutError:
            log.warning("transaction_still_waiting", intent=intent.key, txid=intent.txid)
        return intent

    async def _ask(self, intent: Intent) -> Intent:
        status = await READ(self._chain.transaction, intent.txid or "")
        if status is None or status.block_height is None:
            return intent
        return await self._settle(intent, status)

    async def _settle(self, intent: Intent, status: TxStatus) -> Intent:
        facts = {"status": status.status, "block_height": status.block_height, "result_hex": status.result_hex}
        if status.status == "success":
            log.info("transaction_settled", intent=intent.key, txid=intent.txid, block=status.block_height)
            return await self._journal.settled(intent, facts)
        why = _why(status)
        log.warning("transaction_failed", intent=intent.key, txid=intent.txid, reason=why)
        return await self._journal.refused(intent, {**facts, "why": why})

    async def _resolve(self, intent: Intent) -> Intent:
        """Find out what became of an intent that was left open.

        Never signed: dropped. Known to the chain: settled, or waited for. Unknown: offered again as
        the very same bytes while its nonce is unspent, dropped once something else has spent it.
        """
        if intent.state is IntentState.PLANNED:
            return await self._journal.dropped(intent, "never signed: the keeper stopped first")
        status = await READ(self._chain.transaction, intent.txid or "")
        if status is not None and status.block_height is not None:
            return await self._settle(intent, status)
        if status is not None and not status.status.startswith("dropped"):
            return intent
        account = await READ(self._chain.account, intent.sender)
        if intent.nonce is not None and account.nonce > intent.nonce:
            return await self._spent(intent)
        return await self._offer(intent)

    async def _spent(self, intent: Intent) -> Intent:
        """The nonce is gone; the transaction may have been mined between the two questions, so ask once more."""
        asked = await self._ask(intent)
        if asked.state in (IntentState.SIGNED, IntentState.SENT):
            return await self._journal.dropped(intent, "another transaction spent its nonce")
        return asked


def _why(status: TxStatus) -> str:
    if status.status == "abort_by_response" and status.result_hex:
        return f"the contract answered {decode(bytes.fromhex(status.result_hex.removeprefix('0x')))}"
    return f"the chain reports {status.status}"
