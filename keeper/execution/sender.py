"""Makes a transaction happen at most once: journal, sign, journal, offer once, then ask the chain (ADR 3, 15)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from keeper.chain.transactions import Network, Transaction, decode_transaction
from keeper.core.records import Intent, IntentState
from keeper.core.units import MicroStx, Seconds
from keeper.errors import (
    FeeTooHigh,
    KeeperError,
    LeaseLost,
    NodeUnavailable,
    Refused,
    SignerRefused,
    SignerUnavailable,
)
from keeper.execution.fees import DayBudget, FeeRule
from keeper.execution.fenced import Fenced, unfenced
from keeper.execution.inquiry import UNSPOKEN, Inquiry
from keeper.execution.journal import Claim, Journal, Signed
from keeper.execution.maker import Maker
from keeper.execution.nonces import Nonces, believed, front_runners
from keeper.execution.offers import Offers
from keeper.execution.orders import Order
from keeper.pause import pause
from keeper.points import reached
from keeper.ports import Chain, Clock, Signer, Store
from keeper.retry import READ

log = structlog.get_logger("keeper.sender")

POLL_SECONDS = 0.5
POLL_LONGEST = 5.0
POLL_GROWTH = 1.5
WAIT_SECONDS = 90.0
"""How long one cycle waits for a block; after that the next cycle goes on waiting."""


@dataclass(frozen=True, slots=True)
class SendRule:
    """How patient the sender is; seconds are of block time."""

    confirmations: int = 1
    """Blocks, its own included, that a transaction lies deep before it counts as settled."""
    raise_after: Seconds = Seconds(300)
    """How long bytes wait before more is offered for them."""
    fill_after: Seconds = Seconds(120)
    """How long something waits behind a nonce nobody uses before that nonce is used up."""


@dataclass(frozen=True, slots=True)
class KeyState:
    """How the key stands, as last seen; for the page, metrics and alerts."""

    nonces: Nonces
    balance_ustx: MicroStx
    stuck: tuple[str, ...] = ()
    """Txids that wait at the highest fee that may be paid."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a transaction goes in the account's order; `above` is the fee, µSTX, of what waits there already."""

    nonce: int
    above: MicroStx | None = None


class Sender:
    """The only place that signs and broadcasts. One transaction is begun at a time, so nonces never race."""

    def __init__(  # noqa: PLR0913 - what one transaction needs from outside
        self,
        chain: Chain,
        store: Store,
        signer: Signer,
        network: Network,
        fees: FeeRule,
        clock: Clock,
        stop: asyncio.Event,
        *,
        rule: SendRule = SendRule(),
        term: Callable[[], int | None] = unfenced,
        filler: Callable[[int], Order] | None = None,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._chain = chain
        self._clock = clock
        self._rule = rule
        self._fees = fees
        self._filler = filler
        self._progress = progress
        self._stop = stop
        fenced = Fenced(store, term)
        self._journal = Journal(fenced, clock)
        self._budget = DayBudget(fenced, clock, fees)
        self._maker = Maker(signer, network)
        self._inquiry = Inquiry(chain, self._journal, clock, rule.confirmations)
        self._offers = Offers(chain, self._journal, self._budget, self._inquiry, clock)
        self._one_at_a_time = asyncio.Lock()
        self._state: KeyState | None = None

    @property
    def address(self) -> str:
        """The principal that pays and signs."""
        return self._maker.address

    @property
    def fee_cap(self) -> MicroStx:
        """The most that one transaction may cost."""
        return self._fees.cap

    @property
    def key_state(self) -> KeyState | None:
        """How the key stood when it was last asked for; None before that."""
        return self._state

    async def fees_today(self) -> MicroStx:
        """Return what today's transactions have cost so far, in µSTX."""
        return await self._budget.spent()

    async def fees_on(self, at: Seconds) -> MicroStx:
        """Return what the transactions of another day (UTC) have cost, in µSTX; `at` is seconds since 1970."""
        return await self._budget.spent_on(at)

    @property
    def day_cap(self) -> MicroStx:
        """The most that all transactions of a day may cost."""
        return self._fees.day_cap

    async def execute(self, order: Order) -> Intent:
        """Make `order` happen, or find out what became of it before; return its intent.

        The intent comes back MINED, SETTLED or REFUSED when the chain has spoken, SENT or SIGNED when
        nothing is known yet. Raises FeeTooHigh, TransactionRefused, NodeUnavailable, LeaseLost.
        """
        async with self._one_at_a_time:
            intent = await self._begin(order)
        return await self._follow(intent)

    async def recover(self) -> list[Intent]:
        """Resolve everything that an earlier cycle or an earlier life left open, and free what is stuck."""
        async with self._one_at_a_time:
            reached("recover.before")
            found = await self._journal.open()
            if not found:
                self._state = None
                return []
            nonces = await self._look(found)
            is_mined = any(intent.state is IntentState.MINED for intent in found)
            height = (await READ(self._chain.tip)).height if is_mined else 0  # only what is mined is held against it
            tried = [await self._resolve_alone(intent, nonces.confirmed, height) for intent in found]
            if open_ones := [intent for intent in tried if intent.state in UNSPOKEN]:
                await self._free(open_ones, nonces)
            reached("recover.after")
            return tried

    async def quote_fee(self, order: Order) -> MicroStx:
        """Return what `order` would cost now. Raises FeeTooHigh above the cap."""
        return self._fees.checked(await self._estimate(self._maker.draft(order)))

    async def _estimate(self, draft: Transaction) -> int:
        """Return what the network asks for, at least the mempool's 1 µSTX a byte."""
        reached("fee_estimate.before")
        length = len(draft.encode())
        asked = await READ(self._chain.estimate_fee, draft.payload.encode(), length)
        reached("fee_estimate.after")
        return max(asked, length)

    async def _begin(self, order: Order) -> Intent:
        claim = await self._journal.claim(order.purpose)
        if claim.found is None:
            return await self._offers.first(await self._sign(order, claim))
        if claim.found.state is IntentState.SETTLED:
            return await self._inquiry.still_mined(claim.found)
        return claim.found

    async def _sign(self, order: Order, claim: Claim, place: Place | None = None) -> Intent:
        intent = await self._journal.planned(claim.key, order, self.address)
        try:
            fee = order.fee_ustx if order.fee_ustx is not None else await self.quote_fee(order)
            place = place or await self._place(order, claim)
            if place.above is not None:
                fee = self._fees.raised(place.above, fee) or self._fees.cap
            draft = self._maker.draft(order, nonce=place.nonce, fee=fee)
            more = max(fee - await self._budget.counted(place.nonce), 0)
            signed = await self._signature(draft, more, urgent=order.urgent)
        except LeaseLost:
            raise
        except KeeperError as exc:
            await self._journal.dropped(intent, f"never signed: {exc}")
            raise
        return await self._journal.signed(intent, signed)

    async def _signature(self, draft: Transaction, ustx: int, *, urgent: bool) -> Signed:
        """Set `ustx` aside and have it signed; for more, where a signer elsewhere gave the nonce to bytes we never had."""
        async with self._budget.reserved(ustx, urgent=urgent):
            try:
                return await self._maker.signed(draft)
            except SignerRefused as exc:
                least = exc.facts.get("least_fee_ustx")
                if not isinstance(least, int):
                    raise
                fee = self._fees.checked(least)
            async with self._budget.reserved(fee - draft.origin.fee, urgent=urgent):
                return await self._maker.signed(self._maker.at_fee(draft, fee))

    async def _place(self, order: Order, claim: Claim) -> Place:
        """Return the next free place, or for what is urgent the place of what waits in front and can wait."""
        open_ones = await self._journal.open()
        nonces = await self._look(open_ones)
        reached("nonce.chosen")
        waiting = front_runners((i for i in open_ones if i.state in UNSPOKEN), nonces.confirmed, nonces.reach)
        front = waiting[0] if order.urgent and waiting else None
        if front is not None and not front.urgent and (front.fee_ustx or 0) < self._fees.cap:
            log.warning("nonce_taken_over", nonce=front.nonce, by=claim.key, waits=front.key)
            return Place(front.nonce or 0, front.fee_ustx)
        return Place(nonces.next())

    async def _look(self, open_ones: list[Intent]) -> Nonces:
        """Ask node and API how the account's nonces stand, and hold the journal against it. Raises NodeUnavailable."""
        reached("account.before")
        account = await READ(self._chain.account, self.address)
        reached("account.after")
        reached("mempool.before")
        mempool = await READ(self._chain.mempool_nonces, self.address)
        reached("mempool.after")
        ours = frozenset(i.nonce for i in open_ones if i.nonce is not None)
        confirmed = believed(account.nonce, mempool.next_nonce)
        nonces = Nonces(confirmed, ours, frozenset(mempool.pending), self._offers.contested())
        if nonces.foreign:
            log.warning("foreign_nonces", nonces=list(nonces.foreign), confirmed=nonces.confirmed)
        if nonces.out_of_reach:
            log.warning("nonces_out_of_reach", nonces=list(nonces.out_of_reach), confirmed=nonces.confirmed)
        self._state = KeyState(nonces, account.balance_ustx)
        return nonces

    async def _resolve_alone(self, intent: Intent, confirmed: int, tip_height: int) -> Intent:
        """Resolve one intent; an odd answer about it must not keep the others from being resolved."""
        try:
            return await self._inquiry.resolve(intent, confirmed, tip_height)
        except (NodeUnavailable, Refused) as exc:
            log.warning("transaction_unresolved", intent=intent.key, txid=intent.txid, reason=str(exc))
            return intent

    async def _free(self, open_ones: list[Intent], nonces: Nonces) -> None:
        """Offer again what nobody knows, offer more for what waits too long in front, use up a nonce nobody uses."""
        try:
            front = await self._offers.again(open_ones, nonces)
            if front is not None and self._offers.is_hopeless(front):
                await self._fill(Place(front.nonce or 0, front.fee_ustx))
            elif front is not None and self._waited(front) >= self._rule.raise_after:
                await self._raise(front)
            elif nonces.gap is not None and min(map(self._waited, open_ones)) >= self._rule.fill_after:
                await self._fill(Place(nonces.gap))
        except (NodeUnavailable, FeeTooHigh, SignerUnavailable, SignerRefused) as exc:
            log.warning("not_freed", error=type(exc).__name__, reason=str(exc))

    def _waited(self, intent: Intent) -> int:
        return self._clock.now() - (intent.signed_at or intent.updated_at)

    async def _raise(self, intent: Intent) -> None:
        """Replace the bytes of the front transaction by the same at a higher fee, within the caps."""
        before = intent.fee_ustx or MicroStx(0)
        signed_before = decode_transaction(bytes.fromhex(intent.raw_hex or ""))
        fee = self._fees.raised(before, await self._estimate(signed_before))
        if fee is None:
            self._mark_stuck(intent)
            return
        reached("replace.decided")
        signed = await self._signature(self._maker.at_fee(signed_before, fee), fee - before, urgent=intent.urgent)
        log.warning("fee_raised", intent=intent.key, nonce=intent.nonce, before_ustx=before, fee_ustx=fee)
        await self._offers.replacement(await self._journal.replaced(intent, signed))

    def _mark_stuck(self, intent: Intent) -> None:
        log.warning("stuck_at_the_cap", intent=intent.key, txid=intent.txid, fee_ustx=intent.fee_ustx)
        if self._state is not None:
            self._state = replace(self._state, stuck=(intent.txid or "",))

    async def _fill(self, place: Place) -> None:
        """Use up a nonce that everything else waits behind: nothing of ours is there, or what no node will take."""
        reached("gap.found")
        log.warning("nonce_in_the_way", nonce=place.nonce)
        if self._filler is None:
            return
        order = self._filler(place.nonce)
        claim = await self._journal.claim(order.purpose)
        if claim.found is None:
            await self._offers.first(await self._sign(order, claim, place))

    async def _follow(self, intent: Intent) -> Intent:
        """Ask until the chain has spoken, we are told to stop, or the wait is over."""
        reached("follow.begun")
        wait = POLL_SECONDS
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while intent.state in UNSPOKEN and (intent := await self._inquiry.ask(intent)).state in UNSPOKEN:
                    self._progress()
                    if await pause(self._stop, wait):
                        break
                    wait = min(wait * POLL_GROWTH, POLL_LONGEST)
        except TimeoutError:
            log.warning("transaction_still_waiting", intent=intent.key, txid=intent.txid)
        reached("follow.ended")
        return intent
