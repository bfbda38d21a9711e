"""What a rebalance would cost, worked out beside the loop from what the last cycle saw, once for each block."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from keeper.core.chain_types import Tip


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
        self._made: dict[int, tuple[str, Mapping[str, Any]]] = {}

    async def of(self, pool_id: int) -> tuple[Tip, Mapping[str, Any]] | None:
        """Return the block and the estimate; None when the pool was not valued yet. Raises Refused."""
        if self._found(pool_id) is None:
            return None
        async with self._one_at_a_time:
            found = self._found(pool_id)
            if found is None:
                return None
            kept = self._made.get(pool_id)
            if kept is not None and kept[0] == found.tip.block_id:
                return found.tip, kept[1]
            made = await asyncio.to_thread(found.work_out)
            self._made[pool_id] = (found.tip.block_id, made)
            return found.tip, made
