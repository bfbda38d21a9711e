"""The parts of a plan by themselves: flows over shared pools, legs in order, minimums."""

from fractions import Fraction

from core_kit import Pool, PoolRoute, agreed, book, limits, market
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.basket import make_basket
from keeper.core.flows import Change, Flow, Network, price_floor
from keeper.core.netting import net_flows, without
from keeper.core.schedule import schedule

ALEX = {"ALEX": 10**11}
POOL = Pool({"STX": 10**12, "ALEX": 10**15}, 30)
ONE_WAY = PoolRoute(("STX", "ALEX"), ("alex:1",), most=10**9)
BACK = PoolRoute(("ALEX", "STX"), ("alex:1",))


def network(*routes, holdings=None, target=None, slippage=200, prices=None) -> Network:
    basket = make_basket(
        holdings or {"STX": 10**10}, target or {"STX": 5_000, "ALEX": 5_000}, 0, agreed(prices or ALEX), book()
    )
    return Network(basket, market(*routes, only_extra=True, alex_1=POOL), slippage)


def flow(net, *amounts) -> Flow:
    moving = net.apply(net.still(), [Change(i, amount, (), 0) for i, amount in enumerate(amounts) if amount])
    assert moving is not None
    return moving


def test_apply__venue_refuses_a_change__refuses_the_whole() -> None:
    net = network(ONE_WAY, BACK)

    assert net.apply(net.still(), [Change(0, 10**9 + 1, (), 0)]) is None


def test_apply__shared_pool__later_lane_sees_the_earlier_one() -> None:
    net = network(ONE_WAY, ONE_WAY)

    both = flow(net, 10**9, 10**9)

    first, after = POOL.swap("STX", "ALEX", 10**9)
    assert both.outs == (first, after.swap("STX", "ALEX", 10**9)[0])
    assert net.holdings(both) == [10**10 - 2 * 10**9, sum(both.outs)]


def test_reverses__only_a_lane_in_use_the_other_way_counts() -> None:
    net = network(ONE_WAY, BACK)

    used = flow(net, 10**6)

    assert net.reverses(used, 1)
    assert not net.reverses(used, 0)
    assert not net.reverses(net.still(), 1)


def test_groups__routes_with_a_pool_in_common__even_through_a_third() -> None:
    hops = PoolRoute(("STX", "ALEX", "DIKO"), ("alex:1", "alex:2"))
    last = PoolRoute(("ALEX", "DIKO"), ("alex:2",))
    alone = PoolRoute(("STX", "ALEX"), ("velar:9",))
    net = network(ONE_WAY, alone, last, hops, prices=ALEX | {"DIKO": 1}, target={"ALEX": 5_000, "DIKO": 5_000})

    groups = [lane.group for lane in net.lanes]

    assert groups[0] == groups[2] == groups[3]
    assert groups[1] != groups[0]


def test_network__route_to_an_asset_outside_the_pool__is_not_used() -> None:
    assert network(PoolRoute(("STX", "LEO"), ("alex:1",)), PoolRoute(("STX", "STX"), ("alex:1",))).lanes == ()


def test_close__one_of_two_lanes__pays_the_other_anew() -> None:
    net = network(ONE_WAY, ONE_WAY)

    closed = net.close(flow(net, 10**9, 10**9), 0)

    assert closed == flow(net, 0, 10**9)


def test_close__what_is_left_would_be_refused__closes_the_whole_group() -> None:
    needy = PoolRoute(("STX", "ALEX"), ("alex:1",), least=10**12 + 1)
    net = network(ONE_WAY, needy)

    assert net.close(flow(net, 10**9, 10**9), 0) == net.still()


def test_without__the_only_lane__leaves_nothing_moving() -> None:
    net = network(ONE_WAY)

    assert without(net, flow(net, 10**9), 0, frozenset({0})) == net.still()


def test_net_flows__nothing_held__moves_nothing() -> None:
    net = network(ONE_WAY, holdings={"STX": 0})

    assert net_flows(net) == net.still()


def test_schedule__amount_above_the_fair_one__is_cut_to_what_still_pays() -> None:
    net = network(PoolRoute(("STX", "ALEX"), ("alex:1",)), holdings={"STX": 10**12}, slippage=100)

    made = schedule(net, Flow((10**11,), (0,)), {"alex:1": POOL}, limits(max_slippage_bps=100))

    [leg] = made.legs
    floor = price_floor(net.basket, net.lanes[0], leg.amount_in, 100)
    assert 0 <= leg.expected_out - floor < leg.expected_out // 1_000
    assert made.turnover_ustx == leg.amount_in


def test_schedule__no_fair_amount_at_all__leaves_the_leg_out() -> None:
    net = network(PoolRoute(("STX", "ALEX"), ("alex:1",)), slippage=0)

    made = schedule(net, Flow((10**9,), (0,)), {"alex:1": POOL}, limits(max_slippage_bps=0))

    assert (made.legs, made.holdings_after["STX"]) == ((), 10**10)


def test_schedule__nothing_to_spend__leaves_the_leg_out() -> None:
    net = network(BACK)

    assert schedule(net, Flow((10**9,), (0,)), {"alex:1": POOL}, limits()).legs == ()


def test_schedule__trades_in_a_circle__still_spends_only_what_is_held() -> None:
    net = network(ONE_WAY, BACK, holdings={"STX": 10**9})

    made = schedule(net, Flow((10**9, 10**15), (0, 0)), {"alex:1": POOL}, limits())

    assert [leg.sell for leg in made.legs] == ["STX", "ALEX"]
    assert made.legs[1].amount_in == made.legs[0].min_out


def test_schedule__proceeds_of_an_earlier_leg__count_only_at_their_minimum() -> None:
    net = network(ONE_WAY, BACK, holdings={"STX": 10**9, "ALEX": 7})

    made = schedule(net, Flow((10**9, 10**15), (0, 0)), {"alex:1": POOL}, limits(quote_slack_bps=100))

    first, second = made.legs
    assert second.amount_in == first.min_out + 7
    assert first.min_out < first.expected_out


@given(st.integers(1, 10**15), st.integers(1, 10**15), st.integers(0, 12_000))
def test_price_floor__any_amount__is_the_least_that_the_contract_accepts(amount, price, slippage) -> None:
    net = network(ONE_WAY, prices={"ALEX": price}, slippage=slippage)

    floor = price_floor(net.basket, net.lanes[0], amount, slippage)

    owed = amount * Fraction(max(10_000 - slippage, 0), 10_000)
    assert Fraction(floor * price, 10**14).__floor__() >= owed
    assert floor == 1 or Fraction((floor - 1) * price, 10**14) < owed.__ceil__()
