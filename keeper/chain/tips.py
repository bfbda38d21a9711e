"""Whose tip to believe: endpoints on one chain vote together, and the most advanced of the winners leads."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from keeper.chain.members import MAX_LAG, VERDICT, Member, Standing
from keeper.core.chain_types import Tip
from keeper.errors import NodeUnavailable

FORK_REST: Final = 60.0
"""Seconds for which an endpoint on another fork is left alone."""
MOST_AHEAD: Final = 7_200
"""Seconds that a block may be ahead of this machine's clock; Bitcoin allows its blocks as much."""
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Report:
    """A tip and who gave it."""

    member: Member
    tip: Tip


class Jury:
    """Compares reports, remembers the highest block, and refuses what would lead a cycle back in time."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._highest = 0
        self._reached_at = monotonic()

    async def choose(self, reports: Sequence[Report]) -> Report:
        """Return the report to read at, and note everybody's standing. Raises NodeUnavailable.

        The chain with the most endpoints wins, then one with an endpoint that was in line before, then the one
        with the endpoint that is listed first.
        """
        chains = await _chains(reports)
        winner = max(chains, key=lambda chain: (len(chain), any(r.member.trusted() for r in chain), -_first(chain)))
        leader = max(winner, key=lambda report: (report.tip.height, -report.member.index))
        if len(reports) == 1 and not leader.member.trusted():
            message = f"only {leader.member.name} answers, and it was {leader.member.standing} when last compared"
            self._refuse_unless_caught_up(leader, message)
        self._refuse_the_past(leader)
        _note_standings(chains, winner, leader)
        if leader.tip.height >= self._highest or self._memory_is_old():
            self._highest, self._reached_at = leader.tip.height, self._monotonic()
        return leader

    def _refuse_unless_caught_up(self, report: Report, message: str) -> None:
        near = report.tip.height >= self._highest - MAX_LAG or self._memory_is_old()
        if report.member.standing is not Standing.BEHIND or not near:
            raise NodeUnavailable(message, reason="not trusted", endpoint=report.member.name)

    def _refuse_the_past(self, leader: Report) -> None:
        behind = self._highest - leader.tip.height
        if behind > MAX_LAG and not self._memory_is_old():
            leader.member.judge(Standing.BEHIND)
            message = f"{leader.member.name} is {behind} blocks behind what was seen before, and nobody else answers"
            raise NodeUnavailable(message, reason="not trusted", endpoint=leader.member.name)

    def _memory_is_old(self) -> bool:
        return self._monotonic() - self._reached_at > VERDICT


def refuse_the_future(tip: Tip, name: str, here: float) -> None:
    """Refuse a block that `name` dates far ahead of this machine's clock (`here`, in seconds). Raises NodeUnavailable.

    The keeper goes by the time of blocks: one false date would make all prices old, all mandates over, and all records
    so old that they are removed.
    """
    ahead = tip.time - here
    if ahead > MOST_AHEAD:
        now = f"{datetime.fromtimestamp(here, UTC):%Y-%m-%d %H:%M} UTC"
        message = (
            f"{name} dates block {tip.height} {ahead / 3_600:,.0f} hours ahead of this machine's clock, which says {now}; "
            "set the clock if that is wrong (timedatectl), else use another node"
        )
        raise NodeUnavailable(message, reason="not trusted", endpoint=name)


async def _chains(reports: Sequence[Report]) -> list[list[Report]]:
    """Group reports by chain, each group from its highest tip down."""
    chains: list[list[Report]] = []
    for report in sorted(reports, key=lambda report: (-report.tip.height, report.member.index)):
        for chain in chains:
            if await _same_chain(chain[0], report):
                chain.append(report)
                break
        else:
            chains.append([report])
    return chains


async def _same_chain(higher: Report, lower: Report) -> bool:
    """Tell whether the lower tip is a block of the higher one's chain. Raises NodeUnavailable when it cannot tell."""
    if higher.tip.height == lower.tip.height:
        return higher.tip.block_id == lower.tip.block_id
    try:
        block = await higher.member.ask(higher.member.node.block, lower.tip.height)
    except NodeUnavailable as exc:
        if exc.facts.get("status") == _NOT_FOUND:  # it claims to be further and lacks what comes before
            return False
        raise
    return block.block_id == lower.tip.block_id


def _first(chain: Sequence[Report]) -> int:
    return min(report.member.index for report in chain)


def _note_standings(chains: Sequence[Sequence[Report]], winner: Sequence[Report], leader: Report) -> None:
    for chain in chains:
        for report in chain:
            if chain is not winner:
                report.member.judge(Standing.APART)
                why = f"on another fork than {leader.member.name} at height {report.tip.height}"
                report.member.rest(FORK_REST, why)
            else:
                behind = leader.tip.height - report.tip.height
                report.member.judge(Standing.BEHIND if behind > MAX_LAG else Standing.IN_LINE)
