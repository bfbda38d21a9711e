"""What Prometheus sees of the key: nonces, what is left for fees, and how long that lasts."""

from typing import Protocol

from keeper.core.units import MicroStx
from keeper.telemetry.series import Families, put


class NonceView(Protocol):
    """How the nonces of the key stand."""

    @property
    def confirmed(self) -> int:
        """The next nonce by confirmed transactions only."""
        ...

    @property
    def ours(self) -> frozenset[int]:
        """Nonces of our transactions that are not settled."""
        ...

    @property
    def foreign(self) -> tuple[int, ...]:
        """Nonces that something of nobody here waits at."""
        ...


class KeyMetrics:
    """One series of each for the keeper's address."""

    def __init__(self, families: Families) -> None:
        gauge = families.gauge
        self._gap = gauge("nonce_gap", "Nonces nothing of ours waits at, before one where something does.", "address")
        self._waiting = gauge("nonces_waiting", "Unspent nonces that our transactions wait at.", "address")
        self._foreign = gauge("nonces_foreign", "Unspent nonces used by something that is not ours.", "address")
        self._balance = gauge("signer_balance_ustx", "STX left to pay fees, in microSTX.", "address")
        self._runway = gauge("signer_runway_days", "Days the balance lasts at last week's daily fees.", "address")
        self._used = gauge("fee_budget_used_ustx", "Set aside for fees today (UTC), in microSTX.", "address")
        self._left = gauge("fee_budget_left_ustx", "Left of today's fee cap, in microSTX.", "address")

    def nonces(self, address: str, nonces: NonceView | None) -> None:
        """Show how the nonces stand; None when nothing is open, so that nobody asked whether others use the key."""
        ours = [] if nonces is None else sorted(n for n in nonces.ours if n >= nonces.confirmed)
        gap = 0 if nonces is None or not ours else ours[-1] + 1 - nonces.confirmed - len(ours)
        put(self._gap, (address,), gap)
        put(self._waiting, (address,), len(ours))
        put(self._foreign, (address,), None if nonces is None else len(nonces.foreign))

    def balance(self, address: str, balance_ustx: MicroStx | None, runway_days: float | None) -> None:
        """Show what is left for fees and how long it lasts; None takes a number away."""
        put(self._balance, (address,), balance_ustx)
        put(self._runway, (address,), runway_days)

    def fee_budget(self, address: str, *, used_ustx: int, cap_ustx: int) -> None:
        """Show what today's transactions were allowed to cost so far, and what is left."""
        put(self._used, (address,), used_ustx)
        put(self._left, (address,), max(cap_ustx - used_ustx, 0))
