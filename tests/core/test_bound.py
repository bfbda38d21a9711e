"""Plans against the least that any plan can cost, worked out by a general solver; the long form is in docs/planning.md."""

from statistics import median
from time import process_time

import pytest

from keeper.core.problems import parse_problem, plan_problem
from tests.core.markets_kit import convex_bound_bps, make_market
from tests.core.measure_plans import measure

SEEDS = (1, 2, 3, 8, 21, 55, 144, 233)
TIMES_FASTER = 20


@pytest.mark.parametrize("seed", SEEDS)
def test_plan__seeded_market__is_on_target_and_as_cheap_as_can_be(seed):
    problem = make_market(seed)

    found = measure(problem, convex_bound_bps(problem))

    assert found["good"], found


def test_plan__bound_made_too_low__does_not_count_as_good():
    problem = make_market(5)

    assert not measure(problem, convex_bound_bps(problem) * 0.9)["good"]


def test_plan__ten_assets_over_thirty_pools__takes_a_small_part_of_the_general_solvers_time():
    ours, theirs = [], []
    for seed in (1, 2, 3):
        problem = make_market(seed, assets=10, pools=30)
        ours.append(_cpu_seconds(lambda problem=problem: plan_problem(parse_problem(problem))))
        theirs.append(_cpu_seconds(lambda problem=problem: convex_bound_bps(problem)))

    assert median(theirs) / median(ours) >= TIMES_FASTER


def _cpu_seconds(work):
    began = process_time()
    work()
    return process_time() - began
