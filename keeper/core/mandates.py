"""What governance lets the keeper do next with a pool: the state machine from drift to settlement."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from keeper.core.drift import same_target
from keeper.core.units import Bps, Seconds, percent

ProposalState = Literal["voting", "passed", "rejected", "vetoed", "expired"]

NOT_CARRIED_OUT: Mapping[ProposalState, str] = {
    "rejected": "was rejected",
    "vetoed": "was vetoed by the guardians",
    "expired": "was not carried out in time",
}
"""How a proposal can end without a mandate, in words."""
WHY_REJECTED = "missed its quorum or its majority, or the vault no longer takes its targets"


class NextStep(StrEnum):
    """What to do next with one pool."""

    HOLD = "hold"
    PROPOSE = "propose"
    WAIT_VOTE = "wait_vote"
    CONCLUDE = "conclude"
    EXECUTE = "execute"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pool's latest proposal. The chain keeps saying `voting` until somebody concludes it, from `due_at` on."""

    proposal_id: int
    state: ProposalState
    ends_at: Seconds
    due_at: Seconds
    target_bps: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Mandate:
    """An open mandate and how far the pool is from the target that was voted on."""

    mandate_id: int
    expires_at: Seconds
    target_bps: Mapping[str, int]
    worst_bps: Bps
    """Largest deviation of any asset from this mandate's own target."""
    exhausted: bool = False
    """Whether its turnover or its loss limit is used up, so that nothing more can be done under it."""


@dataclass(frozen=True, slots=True)
class MandateRules:
    """The pool's own bounds."""

    threshold_bps: Bps
    """Drift above which a rebalance is worth proposing; at exactly this much the pool is left alone."""
    tolerance_bps: Bps
    """Deviation of any one asset within which a mandate counts as carried out."""
    same_target_bps: Bps = Bps(100)
    """Targets that differ by no more than this in any asset are the same target."""
    proposals_open: bool = True
    """Whether a proposal may be opened now."""
    rejected_rest: Seconds = Seconds(86_400)
    """How long a target that was rejected or vetoed is left alone before it is proposed again."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A pool at one tip."""

    now: Seconds
    target_bps: Mapping[str, int]
    """What today's whales say."""
    drift_bps: Bps | None
    """Drift from that target; None when it cannot be known now (a price is missing)."""
    proposal: Proposal | None
    mandate: Mandate | None


@dataclass(frozen=True, slots=True)
class Step:
    """The next step and the reason in plain words."""

    step: NextStep
    reason: str


def next_step(at: Situation, rules: MandateRules) -> Step:
    """Return what to do now.

    An open mandate comes first and carries out its own target, also when the whales have moved on.
    A vote is never doubled: whatever today's whales say, it runs to its end.
    """
    mandate = _open(at)
    if mandate is not None and mandate.worst_bps > rules.tolerance_bps and not mandate.exhausted:
        return _execute(at, mandate, rules)
    if at.proposal is not None and at.proposal.state == "voting":
        return _vote(at, at.proposal, rules)
    if mandate is not None and not mandate.exhausted and not _worth_a_new_vote(at, mandate, rules):
        return Step(
            NextStep.SETTLED,
            f"mandate {mandate.mandate_id} is carried out: the furthest asset is {percent(mandate.worst_bps)} "
            f"from its target and {percent(rules.tolerance_bps)} are tolerated",
        )
    return _from_drift(at, rules)


def span(seconds: int) -> str:
    """Write a span for people: seconds below two minutes, minutes below two hours, else hours."""
    if seconds < 2 * 60:
        return f"{seconds} s"
    if seconds < 2 * 3_600:
        return f"{seconds // 60} min"
    return f"{seconds // 3_600} h {seconds % 3_600 // 60} min"


def _open(at: Situation) -> Mandate | None:
    return at.mandate if at.mandate is not None and at.now < at.mandate.expires_at else None


def _execute(at: Situation, mandate: Mandate, rules: MandateRules) -> Step:
    words = f"mandate {mandate.mandate_id} is open and an asset is {percent(mandate.worst_bps)} from its target"
    if not same_target(mandate.target_bps, at.target_bps, rules.same_target_bps):
        words += "; the whales have moved since, the mandate keeps the target that was voted on"
    return Step(NextStep.EXECUTE, words)


def _vote(at: Situation, proposal: Proposal, rules: MandateRules) -> Step:
    if at.now >= proposal.due_at:
        return Step(NextStep.CONCLUDE, f"the vote on proposal {proposal.proposal_id} has ended")
    if at.now >= proposal.ends_at:
        # A passed vote waits too, so that guardians can still veto it.
        left = span(proposal.due_at - at.now)
        words = f"the vote on proposal {proposal.proposal_id} has ended; it may be carried out in {left}"
        return Step(NextStep.WAIT_VOTE, words)
    words = f"proposal {proposal.proposal_id} is in vote for another {span(proposal.ends_at - at.now)}"
    if not same_target(proposal.target_bps, at.target_bps, rules.same_target_bps):
        words += "; the whales have moved since, which waits until the vote is over"
    return Step(NextStep.WAIT_VOTE, words)


def _worth_a_new_vote(at: Situation, mandate: Mandate, rules: MandateRules) -> bool:
    if at.drift_bps is None or at.drift_bps <= rules.threshold_bps:
        return False
    return not same_target(mandate.target_bps, at.target_bps, rules.same_target_bps)


def _from_drift(at: Situation, rules: MandateRules) -> Step:
    if at.drift_bps is None:
        return Step(NextStep.HOLD, "drift is not known now, so nothing is proposed")
    if at.drift_bps <= rules.threshold_bps:
        return Step(
            NextStep.HOLD, f"drift is {percent(at.drift_bps)}, within the threshold of {percent(rules.threshold_bps)}"
        )
    old, resting = at.proposal, _rest_left(at, rules)
    if old is not None and resting > 0:
        words = f"this target {NOT_CARRIED_OUT[old.state]}; it is not proposed again for another {span(resting)}"
        return Step(NextStep.HOLD, words)
    words = f"drift is {percent(at.drift_bps)}, above the threshold of {percent(rules.threshold_bps)}"
    if not rules.proposals_open:
        return Step(NextStep.HOLD, f"{words}; proposed when proposals are next looked at")
    return Step(NextStep.PROPOSE, words)


def _rest_left(at: Situation, rules: MandateRules) -> int:
    old = at.proposal
    if old is None or old.state not in NOT_CARRIED_OUT:
        return 0
    if not same_target(old.target_bps, at.target_bps, rules.same_target_bps):
        return 0
    return old.ends_at + rules.rejected_rest - at.now
