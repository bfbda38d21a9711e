"""What is shown of a pool that could not be read: how it was seen last, under the decision that was made now."""

from contextlib import suppress
from typing import Final

from keeper.core.policy import PoolRule
from keeper.core.records import Decision, PoolView
from keeper.core.views import unseen, with_decision
from keeper.errors import StoreUnavailable
from keeper.ports import Store

_NEVER_SEEN_AT: Final = 0
"""The block of a view that was made of no block."""


class LastViews:
    """The views as they were before a round, read from the store in the rounds that need one only."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._views: dict[int, PoolView] | None = None

    def begin(self) -> None:
        """Begin a round."""
        self._views = None

    async def under(self, rule: PoolRule, decision: Decision) -> PoolView | None:
        """Return the pool's last view with `decision` as its last one; None while the store does not answer."""
        with suppress(StoreUnavailable):  # whoever writes the decision finds out, too
            if self._views is None:
                self._views = {view.pool_id: view for view in await self._store.views()}
            last = self._views.get(rule.pool_id)
            if last is None:
                return PoolView(rule.pool_id, rule.name, decision.at, _NEVER_SEEN_AT, unseen(rule, decision))
            return with_decision(last, decision)
        return None
