"""All pools at once: each one's answer is made when its view has changed, and kept as the text that goes out."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from keeper.core.records import PoolView
from keeper.web.api import build, build_pools
from keeper.web.api.params import Nothing, OfPool
from keeper.web.api.pool_models import Proposals
from keeper.web.api.routes import Ask
from keeper.web.health import check_health
from keeper.web.state import WebState
from keeper.web.views import handfuls, view_of


@dataclass(frozen=True, slots=True)
class _Made:
    """What was made of one view."""

    version: int
    fresh: bool
    pool: str
    """As JSON."""
    proposal: str | None
    """The same; None where there is none."""


class EveryPool:
    """Answers about all pools, in the time that it takes to read what changed."""

    def __init__(self) -> None:
        self._made: dict[int, _Made] = {}
        self._one_at_a_time = asyncio.Lock()

    async def pools(self, ask: Ask[Nothing, Nothing]) -> str:
        """Return every pool that is configured or was ever seen, by number, as JSON. Raises StoreUnavailable."""
        made = await self._all(ask.state)
        unseen = {
            pool_id: build_pools.unseen(pool_id, ask.state).model_dump_json()
            for pool_id in ask.state.pulse.pool_ids
            if pool_id not in made
        }
        texts = {pool_id: one.pool for pool_id, one in made.items()} | unseen
        return _listed(ask.state, "pools", [texts[pool_id] for pool_id in sorted(texts)])

    async def proposals(self, ask: Ask[Nothing, OfPool]) -> str | Proposals:
        """Return the latest proposal of every pool, or of one. Raises StoreUnavailable."""
        if ask.asked.pool is not None:
            view = await view_of(ask.state.store, ask.asked.pool)
            found = None if view is None else build_pools.proposal(view)
            return Proposals(as_of=build.newest(ask.state), proposals=() if found is None else (found,))
        made = await self._all(ask.state)
        return _listed(ask.state, "proposals", [one.proposal for one in made.values() if one.proposal is not None])

    async def _all(self, state: WebState) -> dict[int, _Made]:
        """Return what is made of every view, by number; only changed views are read."""
        async with self._one_at_a_time:
            fresh = check_health(state.pulse, state.cycle_seconds).fresh()
            heads = {head.pool_id: head for head in await state.store.view_heads()}
            # A view that is replaced between the two looks is kept under its earlier version, and so read again.
            known = {pool_id: (one.version, one.fresh) for pool_id, one in self._made.items()}
            changed = [each for each, head in heads.items() if known.get(each) != (head.version, each in fresh)]
            async for some in handfuls(state.store, changed):
                for view in some:
                    self._made[view.pool_id] = _make(view, heads[view.pool_id].version, fresh=view.pool_id in fresh)
            return {pool_id: self._made[pool_id] for pool_id in heads}


def _make(view: PoolView, version: int, *, fresh: bool) -> _Made:
    proposal = build_pools.proposal(view)
    pool = build_pools.pool(view, fresh=fresh).model_dump_json()
    return _Made(version, fresh, pool, None if proposal is None else proposal.model_dump_json())


def _listed(state: WebState, name: str, texts: Sequence[str]) -> str:
    return f'{{"as_of":{build.newest(state).model_dump_json()},"{name}":[{",".join(texts)}]}}'
