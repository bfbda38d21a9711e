"""Which nonce comes next. Pure: what the chain and the journal say goes in, a number comes out.

A nonce belongs to the transaction that was signed with it until the chain has spent it. The chain's own count
of confirmed transactions is the floor; what an API says of the mempool is a hint, because it counts
transactions that a node has dropped and misses those that another node holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from keeper.core.records import Intent
from keeper.errors import NodeUnavailable

MAX_WAITING: Final = 20
"""How far ahead of the chain we go; a node takes 25 (stacks-core, TooMuchChaining)."""


def believed(told: int, seen: int) -> int:
    """Return the confirmed count `told` by a node, held against the next nonce that an API has `seen`.

    No transaction of ours can be so far ahead of what the API knows that both are right. Signed there, it would
    wait behind more nonces than a node lets wait, for good. Raises NodeUnavailable.
    """
    if told > seen + MAX_WAITING:
        message = f"the node says that the account's next nonce is {told}, and the API knows of none from {seen} on"
        raise NodeUnavailable(message, told=told, seen=seen)
    return told


def front_runners(waiting: Iterable[Intent], confirmed: int, reach: int) -> list[Intent]:
    """Return what waits at each unspent nonce up to `reach`, lowest first, and of several at one the one that pays most."""
    best: dict[int, Intent] = {}
    for intent in sorted(waiting, key=lambda i: i.fee_ustx or 0, reverse=True):
        if intent.nonce is not None and confirmed <= intent.nonce <= reach:
            best.setdefault(intent.nonce, intent)
    return [best[nonce] for nonce in sorted(best)]


@dataclass(frozen=True, slots=True)
class Nonces:
    """What is known of the nonces of one account at one moment."""

    confirmed: int
    """The next nonce by confirmed transactions; everything below is spent."""
    ours: frozenset[int]
    """Nonces of signed transactions of the journal that are not settled."""
    pending: frozenset[int]
    """Nonces that an API sees waiting."""
    contested: frozenset[int] = frozenset()
    """Nonces at which a node lately held a transaction that is not ours."""

    @property
    def foreign(self) -> tuple[int, ...]:
        """Nonces that something of nobody here waits at: the key is used elsewhere, or an API remembers a ghost."""
        return tuple(sorted(n for n in (self.pending | self.contested) - self.ours if n >= self.confirmed))

    @property
    def reach(self) -> int:
        """The highest nonce that we sign, offer again or fill gaps for; what is above no node would let wait."""
        return self.confirmed + MAX_WAITING

    @property
    def out_of_reach(self) -> tuple[int, ...]:
        """Nonces of ours that were signed on a false count of the chain's; they wait until the chain comes near them."""
        return tuple(sorted(n for n in self.ours if n > self.reach))

    @property
    def gap(self) -> int | None:
        """The lowest nonce that nothing waits at while something of ours waits behind it within reach; None without one.

        What an API sees there does not count: it may be a ghost. What a node has refused us for does.
        """
        behind = max((n for n in self.ours if self.confirmed < n <= self.reach), default=self.confirmed)
        taken = self.ours | self.contested
        return next((n for n in range(self.confirmed, behind) if n not in taken), None)

    def next(self) -> int:
        """Return the nonce for a new transaction: the lowest that is unspent and nobody's.

        Raises NodeUnavailable while too much waits already.
        """
        taken = self.ours.union(self.foreign)
        found = next(n for n in range(self.confirmed, self.confirmed + len(taken) + 1) if n not in taken)
        if found > self.reach:
            message = f"{found - self.confirmed} transactions wait before this one; a node takes 25"
            raise NodeUnavailable(message, confirmed=self.confirmed, next=found)
        return found
