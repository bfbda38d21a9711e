"""What the keeper knows of a chain, apart from any protocol detail."""

from dataclasses import dataclass

from keeper.core.units import MicroStx, Seconds


@dataclass(frozen=True, slots=True)
class Tip:
    """One block, which a whole cycle reads at. `block_id` is the index block hash as hex."""

    height: int
    block_id: str
    time: Seconds


@dataclass(frozen=True, slots=True)
class Account:
    """A principal's STX and the next nonce by confirmed transactions only."""

    balance_ustx: MicroStx
    """What can be spent: what is locked for stacking is not in it."""
    nonce: int
    locked_ustx: MicroStx | None = None
    """What is locked for stacking; None when the node did not say."""


@dataclass(frozen=True, slots=True)
class MempoolNonces:
    """A principal's nonces as one mempool sees them, sorted; only the lowest of each kind when there are very many."""

    next_nonce: int
    """The nonce that nothing known has taken, counting what waits."""
    pending: tuple[int, ...]
    """Nonces above the confirmed ones by which something waits."""
    missing: tuple[int, ...]
    """Nonces below the highest pending one by which nothing waits: whatever is above them cannot be mined."""
