"""Makes a transaction happen at most once: journal, sign, journal, offer once, then ask the chain (ADR 3)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from keeper.chain.auth import Condition, signer_hash
from keeper.chain.c32 import parse_principal
from keeper.chain.clarity import decode
from keeper.chain.transactions import Network, Transaction, call
from keeper.core.records import Intent, IntentState
from keeper.core.units import MicroStx, Seconds
from keeper.errors import BadInput, FeeTooHigh, NodeUnavailable, TransactionRefused
from keeper.execution.journal import Journal
from keeper.execution.orders import Order
from keeper.pause import pause
from keeper.ports import Chain, Clock, Signer, TxStatus
from keeper.retry import READ

log = structlog.get_logger("keeper.sender")

UNSPOKEN = (IntentState.SIGNED, IntentState.SENT)
"""States in which only the chain can say what became of a transaction."""

POLL_SECONDS = 0.5
POLL_LONGEST = 5.0
POLL_GROWTH = 1.5
SPENT_GRACE = Seconds(600)
"""A node can know that a nonce is spent before its API knows by which transaction; so long we wait for the API."""
WAIT_SECONDS = 90.0
"""How long one cycle waits for a block; after that the next cycle goes on waiting."""


@dataclass(frozen=True, slots=True)
class FeeRule:
    """What may be paid for one transaction, in µSTX."""

    floor: MicroStx
    cap: MicroStx


class Sender:
    """The only place that signs and broadcasts. One transaction at a time, so nonces never race."""

    def __init__(  # noqa: PLR0913 - what one transaction needs from outside
        self,
        chain: Chain,
        journal: Journal,
        signer: Signer,
        network: Network,
        fees: FeeRule,
        clock: Clock,
        stop: asyncio.Event,
        *,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._chain = chain
        self._clock = clock
        self._progress = progress
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
                found = await self._offer(await self._sign(order, key))
            elif found.state is IntentState.SETTLED:
                found = await self._still_mined(found)
            return await self._follow(found)

    async def recover(self) -> list[Intent]:
        """Resolve everything that an earlier cycle or an earlier life left open."""
        async with self._one_at_a_time:
            return [await self._resolve_alone(intent) for intent in await self._journal.open()]

    async def _resolve_alone(self, intent: Intent) -> Intent:
        """Resolve one intent; an odd answer about it must not keep the others from being resolved."""
        try:
            return await self._resolve(intent)
        except (NodeUnavailable, BadInput) as exc:
            log.warning("transaction_unresolved", intent=intent.key, txid=intent.txid, reason=str(exc))
            return intent

    async def _still_mined(self, intent: Intent) -> Intent:
        """Ask again about a settled intent whose purpose has come up again: a reorganisation may have undone it."""
        status = await READ(self._chain.transaction, intent.txid or "")
        if status is not None and status.block_height is not None:
            return intent
        log.warning("settled_transaction_is_gone", intent=intent.key, txid=intent.txid)
        return await self._resolve(await self._journal.sent(intent))

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
        signature = await self._signer.sign(transaction)
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
        return self._draft(order, nonce=await self._next_nonce(), fee=fee)

    async def _next_nonce(self) -> int:
        """Return the chain's next nonce, or the one after our own open transactions where the chain lags behind them."""
        told = await READ(self._chain.next_nonce, self._signer.address)
        ours = [i.nonce + 1 for i in await self._journal.open() if i.nonce is not None and i.state in UNSPOKEN]
        return max([told, *ours])

    def _draft(self, order: Order, *, nonce: int, fee: MicroStx) -> Transaction:
        payload = call(parse_principal(order.call.contract), order.call.function, order.call.args)
        version, chain_id = self._network.value
        condition = Condition(signer=signer_hash(self._signer.public_key), nonce=nonce, fee=fee)
        return Transaction(version, chain_id, condition, payload, order.conditions, order.mode)

    async def _offer(self, intent: Intent, *, again: bool = False) -> Intent:
        """Offer the signed bytes, once. An answer that got lost leaves the intent SIGNED, to be asked about.

        Only a first offer can be refused for good: before a second one (`again`) the first may have been taken.
        """
        try:
            await self._chain.broadcast(bytes.fromhex(intent.raw_hex or ""))
        except TransactionRefused as exc:
            if exc.facts.get("reason") == "BadNonce":  # perhaps because this very transaction was mined meanwhile
                intent = await self._ask(intent)
                if intent.state not in UNSPOKEN:
                    return intent
            if again or exc.facts.get("try_later"):
                # An earlier offer may have been taken, or this one may be later: still open, the chain decides.
                log.warning("offer_declined", intent=intent.key, txid=intent.txid, reason=str(exc))
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
        wait = POLL_SECONDS
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while intent.state in UNSPOKEN and (intent := await self._ask(intent)).state in UNSPOKEN:
                    self._progress()
                    if await pause(self._stop, wait):
                        break
                    wait = min(wait * POLL_GROWTH, POLL_LONGEST)
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
            if _decoded(status) is None:
                message = f"the chain reports success of {intent.txid} without a result that can be read"
                raise NodeUnavailable(message, txid=intent.txid)
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
        return await self._offer(intent, again=True)

    async def _spent(self, intent: Intent) -> Intent:
        """The nonce is gone, perhaps by this very transaction: ask again, and give the API time to know it."""
        asked = await self._ask(intent)
        if asked.state not in UNSPOKEN or self._clock.now() - intent.updated_at < SPENT_GRACE:
            return asked
        return await self._journal.dropped(intent, "another transaction spent its nonce")


def _decoded(status: TxStatus) -> object:
    """Return the result as a value; None when there is none that can be read."""
    try:
        return decode(bytes.fromhex((status.result_hex or "").removeprefix("0x")))
    except (BadInput, ValueError):
        return None


def _why(status: TxStatus) -> str:
    if status.status == "abort_by_response" and status.result_hex:
        return f"the contract answered {_decoded(status)}"
    return f"the chain reports {status.status}"
