"""Looks a second time before the keeper stops for good: one false answer of a node must not be enough."""

from collections.abc import Awaitable
from typing import TypeVar

import structlog

from keeper.errors import LedgerMismatch, NodeUnavailable, Transient, UnknownContractError

log = structlog.get_logger("keeper.second_look")

Found = TypeVar("Found")


class SecondLook:
    """Remembers what the last look at each thing would have stopped the keeper for."""

    def __init__(self) -> None:
        self._doubted: set[object] = set()

    async def at(self, what: object, look: Awaitable[Found]) -> Found:
        """Return what `look` finds at `what`, which has to end with it: nothing may be sent on such a finding.

        A LedgerMismatch or UnknownContractError is NodeUnavailable the first time, and itself when the next look that
        got an answer, at a newer block then, finds the like. The refusal of a transaction is itself at once: to look
        again at that would be to send again.
        """
        before = what in self._doubted
        self._doubted.discard(what)
        try:
            return await look
        except (LedgerMismatch, UnknownContractError) as exc:
            if before or "txid" in exc.facts:
                raise
            self._doubted.add(what)
            log.warning("looked_at_again", error=type(exc).__name__, reason=str(exc))
            message = f"{exc}; it is looked at a second time, and nothing is sent before"
            raise NodeUnavailable(message, **exc.facts) from exc
        except Transient:
            if before:
                self._doubted.add(what)  # nothing was seen this time
            raise
