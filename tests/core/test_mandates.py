"""From drift to settlement: the next step of a pool."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.mandates import Mandate, MandateRules, NextStep, Proposal, Situation, Step, next_step
from keeper.core.units import Bps, Seconds

NOW = Seconds(1_000_000)
RULES = MandateRules(threshold_bps=Bps(1_000), tolerance_bps=Bps(200))
TODAY = {"STX": 6_000, "ALEX": 4_000}
OLDER = {"STX": 7_000, "ALEX": 3_000}


def vote(state="voting", *, left=100, wait=0, target=TODAY) -> Proposal:
    """Return a proposal whose vote ends in `left` and that can be carried out `wait` after that."""
    return Proposal(5, state, Seconds(NOW + left), Seconds(NOW + left + wait), target)


def mandate(*, worst=2_000, left=100, target=TODAY) -> Mandate:
    return Mandate(5, Seconds(NOW + left), target, Bps(worst))


def step(*, drift=1_500, proposal=None, mandate=None) -> Step:
    known = None if drift is None else Bps(drift)
    return next_step(Situation(NOW, TODAY, known, proposal, mandate), RULES)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"drift": 1_000}, NextStep.HOLD),
        ({"drift": 1_001}, NextStep.PROPOSE),
        ({"drift": None}, NextStep.HOLD),
        ({"proposal": vote(left=1)}, NextStep.WAIT_VOTE),
        ({"proposal": vote(left=0)}, NextStep.CONCLUDE),
        ({"proposal": vote(left=0, wait=1)}, NextStep.WAIT_VOTE),
        ({"proposal": vote(left=-3_599, wait=3_600)}, NextStep.WAIT_VOTE),
        ({"proposal": vote(left=-3_600, wait=3_600)}, NextStep.CONCLUDE),
        ({"proposal": vote(left=0), "drift": None}, NextStep.CONCLUDE),
        ({"proposal": vote(left=0), "drift": 0}, NextStep.CONCLUDE),
        ({"proposal": vote(target=OLDER)}, NextStep.WAIT_VOTE),
        ({"mandate": mandate(worst=201)}, NextStep.EXECUTE),
        ({"mandate": mandate(worst=201), "drift": 0}, NextStep.EXECUTE),
        ({"mandate": mandate(worst=201), "drift": None}, NextStep.EXECUTE),
        ({"mandate": mandate(worst=200)}, NextStep.SETTLED),
        ({"mandate": mandate(worst=200), "drift": None}, NextStep.SETTLED),
        ({"mandate": mandate(worst=200, target=OLDER), "drift": 1_000}, NextStep.SETTLED),
        ({"mandate": mandate(worst=200, target=OLDER), "drift": 1_001}, NextStep.PROPOSE),
        ({"mandate": mandate(worst=200, target=OLDER), "proposal": vote()}, NextStep.WAIT_VOTE),
        ({"mandate": mandate(target=OLDER), "proposal": vote(left=0)}, NextStep.EXECUTE),
        ({"mandate": mandate(left=1)}, NextStep.EXECUTE),
        ({"mandate": mandate(left=0)}, NextStep.PROPOSE),
        ({"mandate": mandate(left=0), "drift": 10}, NextStep.HOLD),
        ({"proposal": vote("passed", left=-10)}, NextStep.PROPOSE),
        ({"proposal": vote("rejected", left=-86_399)}, NextStep.HOLD),
        ({"proposal": vote("rejected", left=-86_400)}, NextStep.PROPOSE),
        ({"proposal": vote("rejected", left=-10, target=OLDER)}, NextStep.PROPOSE),
        ({"proposal": vote("vetoed", left=-86_399)}, NextStep.HOLD),
        ({"proposal": vote("vetoed", left=-86_400)}, NextStep.PROPOSE),
        ({"proposal": vote("vetoed", left=-10, target=OLDER)}, NextStep.PROPOSE),
        ({"proposal": vote("expired", left=-86_399)}, NextStep.HOLD),
        ({"proposal": vote("expired", left=-8 * 86_400)}, NextStep.PROPOSE),
    ],
)
def test_next_step__every_situation__has_one_answer(case, expected) -> None:
    assert step(**case).step is expected


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ({"drift": 999}, "drift is 9.99 %, within the threshold of 10.00 %"),
        ({}, "drift is 15.00 %, above the threshold of 10.00 %"),
        ({"drift": None}, "drift is not known now"),
        ({"proposal": vote(target=OLDER)}, "in vote for another 100 s; the whales have moved since"),
        ({"proposal": vote(left=-1)}, "the vote on proposal 5 has ended"),
        ({"mandate": mandate(target=OLDER)}, "the mandate keeps the target that was voted on"),
        ({"mandate": mandate(worst=150)}, "mandate 5 is carried out"),
        (
            {"proposal": vote(left=-120, wait=3_600)},
            "the vote on proposal 5 has ended; it may be carried out in 58 min",
        ),
        ({"proposal": vote("rejected", left=-400)}, "was rejected; it is not proposed again for another 23 h 53 min"),
        ({"proposal": vote("vetoed", left=-400)}, "was vetoed by the guardians; it is not proposed again for another"),
        ({"proposal": vote("expired", left=-400)}, "was not carried out in time; it is not proposed again for another"),
    ],
)
def test_next_step__its_reason__is_plain(case, says) -> None:
    assert says in step(**case).reason


def test_next_step__target_moved_within_the_bound__is_not_called_a_move() -> None:
    close = {"STX": 6_100, "ALEX": 3_900}

    assert "moved" not in step(proposal=vote(target=close)).reason
    assert "moved" not in step(mandate=mandate(target=close)).reason


@given(
    st.none() | st.integers(0, 20_000),
    st.none()
    | st.builds(vote, st.sampled_from(["voting", "passed", "rejected", "vetoed", "expired"]), left=st.integers(-9, 9)),
    st.none() | st.builds(mandate, worst=st.integers(0, 400), left=st.integers(-9, 9)),
)
def test_next_step__while_a_vote_runs__never_proposes(drift, proposal, opened) -> None:
    answer = step(drift=drift, proposal=proposal, mandate=opened)

    if proposal is not None and proposal.state == "voting":
        assert answer.step is not NextStep.PROPOSE
    if answer.step is NextStep.EXECUTE:
        assert opened is not None
        assert opened.expires_at > NOW
    if answer.step is NextStep.PROPOSE:
        assert drift is not None
        assert drift > RULES.threshold_bps


@pytest.mark.parametrize(("drift", "expected"), [(2_000, NextStep.PROPOSE), (100, NextStep.HOLD)])
def test_next_step__mandate_used_up_off_target__makes_room_for_a_new_vote(drift, expected):
    used_up = replace(mandate(), exhausted=True)

    assert step(drift=drift, mandate=used_up).step is expected
