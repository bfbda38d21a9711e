"""What a rebalance would cost, worked out beside the loop from what the last cycle saw, once for each block."""

import asyncio
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from keeper.core.chain_types import Tip
from keeper.errors import Refused


@dataclass(frozen=True, slots=True)
class Estimable:
    """What a pool's last cycle saw, ready to be worked out without asking anybody."""

    tip: Tip
    work_out: Callable[[], Mapping[str, Any]]
    """Pure and slow: plans the whole rebalance. Raises Refused."""


Found = Callable[[int], Estimable | None]
"""By pool; None when no cycle of this process has valued it yet."""


class Estimates:
    """One at a time, each kept until its pool is seen at another block."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._one_at_a_time = asyncio.Lock()
        self._made: dict[int, tuple[str, Mapping[str, Any] | Refused]] = {}

    async def of(self, pool_id: int) -> tuple[Tip, Mapping[str, Any]] | None:
        """Return the block and the estimate; None when the pool was not valued yet. Raises Refused."""
        if self._found(pool_id) is None:
            return None
        async with self._one_at_a_time:
            found = self._found(pool_id)
            if found is None:
                return None
            block_id, made = self._made.get(pool_id, ("", None))
            if made is None or block_id != found.tip.block_id:
                made = await asyncio.to_thread(_outcome, found)
                self._made[pool_id] = (found.tip.block_id, made)
            if isinstance(made, Refused):
                raise copy(made)  # the kept one would hold on to what the asker held
            return found.tip, made


def _outcome(found: Estimable) -> Mapping[str, Any] | Refused:
    """Return the estimate, or why there is none: that takes as long to find out, and is as true for the whole block."""
    try:
        return found.work_out()
    except Refused as exc:
        return exc.with_traceback(None)
