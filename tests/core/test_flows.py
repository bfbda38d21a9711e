"""The parts of a plan by themselves: curves through quotes, legs in order, minimums."""

from fractions import Fraction

import pytest
from core_kit import Pool, PoolRoute, agreed, book, limits, market
from hypothesis import given
from hypothesis import strategies as st

from keeper.core.basket import make_basket
from keeper.core.curves import draw
from keeper.core.flows import Network, price_floor
from keeper.core.netting import net_flows
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


def test_network__route_to_an_asset_outside_the_pool__is_not_used() -> None:
    assert network(PoolRoute(("STX", "LEO"), ("alex:1",)), PoolRoute(("STX", "STX"), ("alex:1",))).lanes == ()


def test_net_flows__nothing_held__moves_nothing() -> None:
    net = network(ONE_WAY, holdings={"STX": 0})

    assert net_flows(net, limits()) == {}


def test_net_flows__shared_pool_and_no_asset_between__still_ends_on_target() -> None:
    hops = PoolRoute(("STX", "ALEX", "DIKO"), ("alex:1", "alex:2"))
    prices = ALEX | {"DIKO": 10**11}
    target = {"STX": 6_000, "ALEX": 2_000, "DIKO": 2_000}
    pools = {"alex_1": POOL, "alex_2": Pool({"ALEX": 10**15, "DIKO": 10**13})}
    basket = make_basket({"STX": 10**10}, target, 0, agreed(prices), book())
    net = Network(basket, market(PoolRoute(("STX", "ALEX"), ("alex:1",)), hops, only_extra=True, **pools), 500)

    done = schedule(net, net_flows(net, limits()), limits(max_slippage_bps=500))

    values = [done.holdings_after["STX"], done.holdings_after["ALEX"] // 1_000, done.holdings_after["DIKO"] // 10]
    assert [value * 10_000 / sum(values) for value in values] == pytest.approx([6_000, 2_000, 2_000], abs=1)


def test_in_order__seller_of_what_another_buys__comes_after_it() -> None:
    net = network(PoolRoute(("ALEX", "DIKO"), ("alex:2",)), ONE_WAY, prices=ALEX | {"DIKO": 1},
                  target={"ALEX": 5_000, "DIKO": 5_000})  # fmt: skip

    assert net.in_order({0: 1, 1: 1}) == [1, 0]
    assert net.in_order({0: 1, 1: 0}) == [0]


def test_quote__venue_refuses_or_nothing_is_sold__is_none() -> None:
    net = network(ONE_WAY)

    assert [net.quote(0, net.books, amount) for amount in (0, 10**9 + 1)] == [None, None]
    assert net.quote(0, net.books, 10**9) is not None


@given(st.integers(1, 10**6), st.integers(0, 300))
def test_draw__constant_product_pool__is_met_by_every_other_quote(part, fee) -> None:
    pool = Pool({"STX": 10**14, "ALEX": 10**17}, fee)
    basket = make_basket({"STX": 10**13}, {"STX": 10_000, "ALEX": 0}, 0, agreed(ALEX), book())
    net = Network(basket, market(alex_1=pool), 10_000)

    curve = draw(net, 0, net.books, 10**12, 10**19)

    amount = 10**7 * part
    fill = net.quote(0, net.books, amount)
    assert curve is not None
    assert fill is not None
    assert curve.pays(amount / 10**13) == pytest.approx(fill.amount_out / 10**16, rel=1e-6)


def test_draw__venue_takes_only_so_much__ends_there() -> None:
    net = network(ONE_WAY)

    curve = draw(net, 0, net.books, 10**10, 10**16)

    assert curve is not None
    assert curve.most == pytest.approx(0.1, rel=1e-3)


def test_draw__price_below_the_slippage_at_any_amount__is_no_lane() -> None:
    assert draw(network(ONE_WAY, slippage=20), 0, {"alex:1": POOL}, 10**9, 10**16) is None


def test_schedule__amount_above_the_fair_one__is_cut_to_what_still_pays() -> None:
    net = network(PoolRoute(("STX", "ALEX"), ("alex:1",)), holdings={"STX": 10**12}, slippage=100)

    made = schedule(net, {0: 10**11}, limits(max_slippage_bps=100))

    [leg] = made.legs
    floor = price_floor(net.basket, net.lanes[0], leg.amount_in, 100)
    assert 0 <= leg.expected_out - floor < leg.expected_out // 1_000
    assert made.turnover_ustx == leg.amount_in


def test_schedule__no_fair_amount_at_all__leaves_the_leg_out() -> None:
    net = network(PoolRoute(("STX", "ALEX"), ("alex:1",)), slippage=0)

    made = schedule(net, {0: 10**9}, limits(max_slippage_bps=0))

    assert (made.legs, made.holdings_after["STX"]) == ((), 10**10)


def test_schedule__nothing_to_spend__leaves_the_leg_out() -> None:
    net = network(BACK)

    assert schedule(net, {0: 10**9}, limits()).legs == ()


def test_schedule__trades_in_a_circle__still_spends_only_what_is_held() -> None:
    net = network(ONE_WAY, BACK, holdings={"STX": 10**9})

    made = schedule(net, {0: 10**9, 1: 10**15}, limits())

    assert [leg.sell for leg in made.legs] == ["STX", "ALEX"]
    assert made.legs[1].amount_in == made.legs[0].min_out


def test_schedule__proceeds_of_an_earlier_leg__count_only_at_their_minimum() -> None:
    net = network(ONE_WAY, BACK, holdings={"STX": 10**9, "ALEX": 7})

    made = schedule(net, {0: 10**9, 1: 10**15}, limits(quote_slack_bps=100))

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
