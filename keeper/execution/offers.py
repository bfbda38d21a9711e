"""Offers signed bytes to a node and reads its answer: taken, lost, refused for good, or refused for now."""

from collections.abc import Sequence
from typing import Final

import structlog

from keeper.core.records import Intent
from keeper.core.units import Seconds
from keeper.errors import NodeUnavailable, TransactionRefused
from keeper.execution.fees import DayBudget
from keeper.execution.inquiry import UNSPOKEN, Inquiry
from keeper.execution.journal import Journal
from keeper.execution.nonces import Nonces, front_runners
from keeper.points import reached
from keeper.ports import Chain, Clock

log = structlog.get_logger("keeper.offers")

CONTESTED_FOR: Final = Seconds(900)
"""How long a nonce is left alone at which a node held a transaction that is not ours."""
HOPELESS: Final = frozenset({"final", "mistake"})
"""Fates after which a node never takes these bytes; see keeper.chain.rejections."""
OVER: Final = HOPELESS | {"unaffordable", "spent", "contested"}
"""Fates that end an intent whose bytes nobody has seen."""


class Offers:
    """Broadcasts. Only a first offer can be refused for good: before a second one the first may have been taken."""

    def __init__(self, chain: Chain, journal: Journal, budget: DayBudget, inquiry: Inquiry, clock: Clock) -> None:
        self._chain = chain
        self._journal = journal
        self._budget = budget
        self._inquiry = inquiry
        self._clock = clock
        self._contested: dict[int, Seconds] = {}
        self._hopeless: set[str] = set()

    def contested(self) -> frozenset[int]:
        """Return the nonces at which a node lately held a transaction that is not ours."""
        now = self._clock.now()
        self._contested = {nonce: at for nonce, at in self._contested.items() if now - at < CONTESTED_FOR}
        return frozenset(self._contested)

    def is_hopeless(self, intent: Intent) -> bool:
        """Tell whether a node has said that it will never take these bytes, though an earlier one may have them."""
        return intent.key in self._hopeless

    async def first(self, intent: Intent) -> Intent:
        """Offer bytes that nobody has seen. An answer that got lost leaves the intent SIGNED, to be asked about."""
        try:
            return await self._offer(intent)
        except TransactionRefused as exc:
            return await self._first_refused(intent, exc)
        except NodeUnavailable as exc:
            log.warning("broadcast_unanswered", intent=intent.key, txid=intent.txid, reason=str(exc))
            return intent

    async def replacement(self, intent: Intent) -> Intent:
        """Offer bytes for a nonce that bytes of ours wait at already. A refusal changes nothing: those may be mined."""
        try:
            return await self._offer(intent)
        except (TransactionRefused, NodeUnavailable) as exc:
            if exc.facts.get("fate") in HOPELESS:
                self._hopeless.add(intent.key)
            log.warning("offer_declined", intent=intent.key, txid=intent.txid, reason=str(exc))
            return intent

    async def again(self, open_ones: Sequence[Intent], nonces: Nonces) -> Intent | None:
        """Offer the very same bytes again where nobody knows them; return what waits at the chain's next nonce.

        Of several intents at one nonce only the one that pays most is offered: the others have lost, unless
        the chain says otherwise. What is out of reach is left alone: no node would take it.
        """
        front: Intent | None = None
        for runner in front_runners(open_ones, nonces.confirmed, nonces.reach):
            intent = runner if self._inquiry.is_waiting(runner) else await self._once_more(runner)
            front = intent if intent.nonce == nonces.confirmed else front
        return front

    async def _once_more(self, intent: Intent) -> Intent:
        reached("offer_again.before")
        intent = await self.replacement(intent)
        reached("offer_again.after")
        return intent

    async def _offer(self, intent: Intent) -> Intent:
        self._journal.require_lease()
        reached("lease.checked")
        reached("offer.before")
        await self._chain.broadcast(bytes.fromhex(intent.raw_hex or ""))
        reached("offer.after")
        log.info("transaction_sent", intent=intent.key, txid=intent.txid, nonce=intent.nonce, fee_ustx=intent.fee_ustx)
        return await self._journal.sent(intent)

    async def _first_refused(self, intent: Intent, exc: TransactionRefused) -> Intent:
        fate = exc.facts.get("fate")
        if fate == "spent":  # perhaps because this very transaction was mined meanwhile
            asked = await self._inquiry.ask(intent)
            if asked.state not in UNSPOKEN:
                return asked
        if fate == "contested" and intent.nonce is not None:
            self._contested[intent.nonce] = self._clock.now()
        if fate in OVER:
            refused = await self._journal.refused(intent, {"why": str(exc), **exc.facts})
            if intent.nonce is not None and intent.fee_ustx is not None:
                await self._budget.refused(intent.nonce, intent.fee_ustx)
            log.warning("transaction_refused", intent=intent.key, fate=fate, reason=str(exc))
            return refused
        # For now, or for a reason this keeper does not know: still open, the chain decides.
        log.warning("offer_declined", intent=intent.key, txid=intent.txid, reason=str(exc))
        return intent
