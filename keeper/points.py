"""Named points between planning a transaction and settling it, at which a test may end the process.

In a keeper that works nobody listens, and reaching a point costs one comparison.
"""

from collections.abc import Callable
from typing import Final

_ENTERED: Final = ("planned", "signed", "sent", "mined", "settled", "refused", "dropped", "reopened", "replaced")
_AROUND: Final = (
    *(f"journal.{state}" for state in _ENTERED),
    "claim",
    "attempt_number",
    "fee_estimate",
    "account",
    "mempool",
    "fee_reserve",
    "fee_refused",
    "signing",
    "offer",
    "offer_again",
    "status",
    "recover",
)
POINTS: Final = (
    *(f"{name}.{when}" for name in _AROUND for when in ("before", "after")),
    "nonce.chosen",
    "lease.checked",
    "replace.decided",
    "gap.found",
    "follow.begun",
    "follow.ended",
)
"""Every point there is; `journal.*` are the writes after which a state is durable."""

_listener: Callable[[str], None] | None = None


def listen(listener: Callable[[str], None] | None) -> None:
    """Have `listener` told of every point from now on, or nobody with None. For tests."""
    global _listener  # noqa: PLW0603 - one process, one listener
    _listener = listener


def reached(name: str) -> None:
    """Say that the point `name` was reached."""
    if _listener is not None:
        if name not in POINTS:
            message = f"{name} is not in POINTS"
            raise LookupError(message)
        _listener(name)
