"""The whales that a rule chose, and what follows from them: worked out once for all pools that follow them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keeper.core.allocation import TargetAllocation, counts, last_second, select_whales, target_from_whales
from keeper.core.units import Seconds
from keeper.core.views import whale_rows
from keeper.core.whales import Whale, WhaleRule
from keeper.errors import WhalesUnknown


@dataclass(frozen=True, slots=True)
class Silent:
    """A source of whales that did not answer, and what it said last of a category."""

    why: str
    said: tuple[Whale, ...] | None = None
    """None: it has not been heard since the keeper started."""
    said_at: Seconds = Seconds(0)


@dataclass(frozen=True, slots=True)
class Known:
    """The whales of a category, those that silent sources named last among them."""

    whales: tuple[Whale, ...]
    silent: Mapping[str, Silent] = field(default_factory=dict)
    """By source."""


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
    silent: Mapping[str, str] = field(default_factory=dict)
    """Each source of whales that did not answer, and why; what it said last still counts."""
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


def follow(known: Known, rule: WhaleRule, now: Seconds) -> Followed:
    """Choose whales by `rule` at `now`.

    Raises BadInput as select_whales does, WhalesUnknown when the silence of a source would change what is chosen from.
    """
    silent = {name: source.why for name, source in known.silent.items()}
    for name, source in known.silent.items():
        missing = _missing(source, known.whales, rule, now)
        if missing:
            message = f"the whale source {name} is silent ({source.why}), and {missing}; other whales are not followed instead"
            raise WhalesUnknown(message, source=name, category=rule.category, silent_whale_sources=silent)
    return Followed(rule, select_whales(known.whales, rule, now), now, last_second(known.whales, rule, now), silent)


def _missing(source: Silent, known: Sequence[Whale], rule: WhaleRule, now: Seconds) -> str:
    """Say which whales the silence takes away; empty when none."""
    if source.said is None:
        return f"its whales of the category {rule.category} are not known since the keeper started"
    before = {whale.address for whale in source.said if counts(whale, rule, source.said_at)}
    gone = before - {whale.address for whale in known if counts(whale, rule, now)}
    return f"{len(gone)} of its whales of the category {rule.category} were seen too long ago" if gone else ""
