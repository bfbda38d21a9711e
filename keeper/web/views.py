"""Pools' last views for the web: what they are called, one of them, or all by the handful.

A view is long and a keeper may have a thousand, so nobody reads more of them than needed, nor all in one go: between
two handfuls the loop does what else is due.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Final

from keeper.core.records import PoolView
from keeper.ports import Store
from keeper.web.state import WebState

HANDFUL: Final = 4
"""Views that are read and used in one go."""


async def pool_names(state: WebState, wanted: Collection[int] | None = None) -> Mapping[int, str]:
    """Return the names of all pools that are configured or were ever seen, at least of the `wanted`. Raises StoreUnavailable."""
    if wanted is not None and all(pool_id in state.pool_names for pool_id in wanted):
        return state.pool_names
    return {**{head.pool_id: head.name for head in await state.store.view_heads()}, **state.pool_names}


async def view_of(store: Store, pool_id: int) -> PoolView | None:
    """Return a pool's last view, None before any. Raises StoreUnavailable."""
    return next(iter(await store.views([pool_id])), None)


async def handfuls(store: Store, pool_ids: Sequence[int]) -> AsyncIterator[Sequence[PoolView]]:
    """Yield the views of these pools, a few at a time. Raises StoreUnavailable."""
    for start in range(0, len(pool_ids), HANDFUL):
        yield await store.views(pool_ids[start : start + HANDFUL])


async def all_views(store: Store) -> Sequence[PoolView]:
    """Return every view, by pool id, without holding anybody up meanwhile. Raises StoreUnavailable."""
    pool_ids = [head.pool_id for head in await store.view_heads()]
    return [view async for some in handfuls(store, pool_ids) for view in some]
