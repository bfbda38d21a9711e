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


def front_runners(waiting: Iterable[Intent], confirmed: int) -> list[Intent]:
    """Return what waits at each unspent nonce, lowest nonce first, and of several at one nonce the one that pays most."""
    best: dict[int, Intent] = {}
    for intent in sorted(waiting, key=lambda i: i.fee_ustx or 0, reverse=True):
        if intent.nonce is not None and intent.nonce >= confirmed:
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
    def gap(self) -> int | None:
        """The lowest nonce that nothing waits at while something of ours waits behind it; None without one.

        What an API sees there does not count: it may be a ghost. What a node has refused us for does.
        """
        behind = max((n for n in self.ours if n > self.confirmed), default=self.confirmed)
        free = [n for n in range(self.confirmed, behind) if n not in self.ours and n not in self.contested]
        return free[0] if free else None

    def next(self) -> int:
        """Return the nonce for a new transaction: the lowest that is unspent and nobody's.

        Raises NodeUnavailable while too much waits already.
        """
        taken = self.ours.union(self.foreign)
        found = next(n for n in range(self.confirmed, self.confirmed + len(taken) + 1) if n not in taken)
        if found - self.confirmed > MAX_WAITING:
            message = f"{found - self.confirmed} transactions wait before this one; a node takes 25"
            raise NodeUnavailable(message, confirmed=self.confirmed, next=found)
        return found
