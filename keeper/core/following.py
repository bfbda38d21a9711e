"""The whales that a rule chose, and what follows from them: worked out once for all pools that follow them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keeper.core.allocation import TargetAllocation, last_second, select_whales, target_from_whales
from keeper.core.units import Seconds
from keeper.core.views import whale_rows
from keeper.core.whales import Whale, WhaleRule


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the whales want pools with the same assets to hold."""

    target: TargetAllocation
    whale_rows: Sequence[Mapping[str, Any]]
    """The whales with their weights as a page shows them; shared by many views, so never to be changed."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What a rule chose, and between which seconds it chooses the same. Build it with `follow`."""

    rule: WhaleRule
    whales: tuple[Whale, ...]
    since: Seconds
    until: Seconds | None
    """The last second; None: for ever."""
    _wanted: dict[tuple[str, ...], Wanted] = field(default_factory=dict, repr=False, compare=False)

    def holds(self, now: Seconds) -> bool:
        """Return whether the rule chooses the same whales at `now`."""
        return self.since <= now and (self.until is None or now <= self.until)

    def wanted(self, symbols: tuple[str, ...]) -> Wanted:
        """Return the target for pools that may hold `symbols`. Raises BadInput as target_from_whales does."""
        if symbols not in self._wanted:
            target = target_from_whales(self.whales, symbols, self.rule.rank_by)
            self._wanted[symbols] = Wanted(target, whale_rows(self.whales, target.weights))
        return self._wanted[symbols]


def follow(known: Iterable[Whale], rule: WhaleRule, now: Seconds) -> Followed:
    """Choose whales by `rule` at `now`. Raises BadInput as select_whales does."""
    whales = tuple(known)
    return Followed(rule, select_whales(whales, rule, now), now, last_second(whales, rule, now))
