import json
import re
from dataclasses import asdict, fields, replace

import aiohttp
import pytest
from samples import (
    BOOK,
    NOW,
    Hands,
    alert,
    body_view,
    decision,
    defi_facts,
    fill,
    intent,
    meme_facts,
    stacker_facts,
    view,
    web_state,
)

from keeper.core.mandates import Proposal
from keeper.core.paused import PAUSED_NOTE
from keeper.core.records import IntentKind, IntentState, Outcome, Severity
from keeper.core.units import Seconds
from keeper.core.views import STATE_WORDS, PoolFacts, Votes, pool_body
from keeper.store.sqlite import open_store
from keeper.web.card_parts import PoolCard
from keeper.web.cards import empty_card, pool_card
from keeper.web.health import check_health
from keeper.web.pages import Page, Records, build_page
from keeper.web.render import STATIC, Renderer
from keeper.web.server import make_app, serve

RENDERER = Renderer()
BODY = pool_body(defi_facts(), BOOK)


def card(facts: PoolFacts | None = None, **changes) -> PoolCard:
    return pool_card(view(facts or defi_facts(**changes)), (), NOW, fresh=True)


def bent(**changes) -> PoolCard:
    return pool_card(body_view(1, "Bent", {**BODY, **changes}), (), NOW, fresh=True)


def build(records: Records, **options) -> Page:
    state = web_state(None, **options)
    return build_page(records, state, check_health(state.pulse, state.cycle_seconds))


def full() -> Records:
    return Records(
        views=[view(defi_facts()), view(stacker_facts())],
        decisions=[decision(1, 1, Outcome.REFUSED, "<script>alert(1)</script>")],
        alerts=[alert("Signer is low", Severity.WARNING, failed=("discord",))],
        intents=[
            intent("propose", IntentKind.PROPOSE, IntentState.SENT),
            intent("prices", IntentKind.POST_PRICES, IntentState.SENT, None),
        ],
    )


NOTHING = Records((), (), (), ())


def test_card__full_body__shows_each_number_twice():
    built = card()
    stx = built.rows[0]

    assert (built.drift.bps, built.drift.text, built.drift.threshold) == (1_812, "18.12 %", "10.00 %")
    assert (stx.gap_bps, stx.gap) == (1_813, "+18.13 %")
    assert (stx.bar.filled, stx.bar.mark) == (78.12, 60.0)
    assert (stx.amount, stx.amount_text) == ("13902.114", "13,902.11 STX")
    assert [price.symbol for price in built.prices] == ["ALEX", "DIKO"]
    assert (built.prices[0].sources[1].price_text, built.prices[0].sources[1].age) == ("0.000617379 USD", "71 s ago")
    assert (built.proposal.turnout, built.proposal.ends) == ("58.83 %", "ends in 11 h 23 min")
    assert (built.value, built.share_price) == ("17,795.21 STX", "1.02271 STX")
    assert (built.coverage, built.left_out) == ("93.40 %", "XBTC 6.60 %")
    assert (built.whales[0].weight, built.whales[0].holds) == ("65.00 %", "STX 56.00 %, ALEX 44.00 %")


def test_card__vote_is_over_and_waits__says_when_it_may_be_carried_out():
    waiting = Proposal(4, "voting", Seconds(NOW - 300), Seconds(NOW + 3_300), {"STX": 10_000})
    rejected = replace(waiting, state="rejected")

    assert card(proposal=waiting).proposal.ends == "ended 5 min ago, may be carried out in 55 min"
    assert card(proposal=rejected).proposal.ends == "ended 5 min ago"


def test_card__open_mandate__says_what_is_left_of_it():
    mandate = card(meme_facts()).mandate

    assert (mandate.slices, mandate.turnover_left, mandate.loss_left) == (2, "16,960.00 STX", "234.00 STX")


def test_card__refused_without_prices__says_why_and_keeps_what_is_known():
    built = card(stacker_facts())

    assert (built.state, built.tone, built.last_trouble) == ("no agreed price", "bad", "refused")
    assert built.prices[0].trouble == "1 source where 2 are needed; alex is 22 min old"
    assert (built.value, built.rows[0].amount_text, built.rows[0].value) == ("—", "4,102.50 STX", "—")
    assert (built.queue[0].shares_text, built.queue[0].age) == ("4,950.12", "2 h 1 min ago")


@pytest.mark.parametrize("state", [*STATE_WORDS.values(), "paused", "withdrawals paused", "no agreed price"])
def test_card__each_word_a_view_can_have__has_a_tone(state):
    assert (bent(state=state).state, bent(state=state).tone != "none") == (state, True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        dict.fromkeys(BODY),
        dict.fromkeys(BODY, "nonsense"),
        {name: ["x", 1, None] for name in BODY},
        {name: [{}] for name in BODY},
        {name: {} for name in BODY},
        dict.fromkeys(BODY, True),
        {"drift_bps": 5, "threshold_bps": 0, "proposal": {"votes_for": "1", "votes_against": "1", "stake_total": "0"}},
        {"proposal": {"votes_for": "nan", "votes_against": "inf", "stake_total": "x"}},
    ],
)
def test_card__body_with_holes_or_nonsense__shows_dashes_and_never_a_false_zero(body):
    built = pool_card(body_view(1, "Holes", body), (), None, fresh=False)
    html = RENDERER.page(build(replace(NOTHING, views=[body_view(1, "Holes", body)])))

    assert built.value == built.share_price == built.coverage == "—"
    assert "0.00 STX" not in html
    assert ">None<" not in html
    assert "None %" not in html


def test_card__queue_unknown_or_empty__is_told_apart():
    unknown = RENDERER.page(build(replace(NOTHING, views=[view(defi_facts(queue=None))])))
    empty = RENDERER.page(build(replace(NOTHING, views=[view(defi_facts(queue=()))])))

    assert (card(queue=None).queue, card(queue=()).queue) == (None, ())
    assert ("Not known." in unknown, "Not known." in empty) == (True, False)


def test_card__no_votes_yet__is_a_turnout_of_zero_and_an_empty_bar():
    proposal = card(votes=Votes(0, 0, 60_000_000)).proposal

    assert (proposal.turnout, proposal.bar.filled, proposal.votes_for_text) == ("0.00 %", 0.0, "0 FLOW")


def test_card__drift_far_beyond_twice_the_threshold__still_fits_the_bar():
    built = bent(drift_bps=9_000)

    assert (built.drift.bar.filled, built.drift.bar.mark) == (100.0, 11.11)
    assert built.drift.tone == "warn"


def test_card__unknown_state_word__is_shown_as_it_is():
    assert (bent(state="dancing").state, bent(state="dancing").tone) == ("dancing", "none")


@pytest.mark.parametrize(("outcome", "said"), [("proposed", True), ("within_threshold", False), (None, False)])
def test_html__last_step_changed_the_pool__says_that_the_numbers_are_older(outcome, said):
    body = {**BODY, "last_decision": {"outcome": outcome, "reason": "because"}}

    html = RENDERER.page(build(replace(NOTHING, views=[body_view(1, "Bent", body)])))

    assert ("What is below was read before that." in html) is said


def test_html__pool_could_never_be_read__says_why_and_shows_no_block():
    body = {"state": "not read yet", "last_decision": {"outcome": "unavailable", "reason": "the node says 503"}}

    html = RENDERER.page(build(replace(NOTHING, views=[replace(body_view(1, "New", body), tip_height=0)])))

    assert "not read yet" in html
    assert "the node says 503" in html
    assert "block 0" not in html


def test_empty_card__pool_not_seen_yet__says_what_it_waits_for():
    built = empty_card(4, "New")

    assert (built.state, built.at, built.time, built.last_reason) == (
        "starting",
        None,
        "—",
        "Waiting for the first cycle.",
    )


def test_page__configured_pool_without_a_view__is_there_as_starting():
    page = build(full(), pools=(1, 3, 7))

    assert [(one.pool_id, one.name, one.state) for one in page.pools][-1] == (7, "Configured 7", "starting")


def test_page__view_of_an_earlier_start__is_not_called_fresh():
    fresh = build(full(), pools=(1, 3))
    restarted = build(full(), pools=(1, 3), beats=False)

    assert [one.fresh for one in fresh.pools] == [True, True]
    assert [one.fresh for one in restarted.pools] == [False, False]


def test_page__transactions__stand_with_their_pool_and_without_signed_bytes():
    page = build(full())

    assert [line.key for line in page.pools[0].transactions] == ["propose"]
    assert "00aa11bb" not in json.dumps(asdict(page))


def test_page__clock_has_seen_no_block__shows_times_instead_of_ages():
    hands = Hands(None)
    html = RENDERER.page(build(full(), hands=hands, beats=False))

    assert "2026-11-21 09:59:00 UTC" in html


def test_html__text_from_outside__is_escaped():
    records = replace(full(), views=[body_view(1, "<img src=x>", {**BODY, "state": "<b>x</b>"})])

    html = RENDERER.page(build(records))

    assert "<script>alert" not in html
    assert "<img" not in html
    assert "<b>x</b>" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_html__any_page__has_no_inline_script_or_style_and_no_other_host():
    for records in (full(), NOTHING):
        html = RENDERER.page(build(records))

        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
        assert re.findall(r"<script[^>]*>(.*?)</script>", html) == [""]
        assert not re.search(r"(?:src|href)=\"(?!/)", html)


def test_html__full_page__has_every_part_in_words():
    html = RENDERER.page(build(full())).replace("\u00a0", " ")

    for part in (
        *("DeFi Whale Index", ">in vote<", "Drift 18.12 %", "13,902.11 STX", "60.00 %", "+18.13 %"),
        *(
            "coingecko",
            "71 s ago",
            "Proposal 4",
            "For 31,200,000 FLOW",
            "ends in 11 h 23 min",
            "No open mandate",
            "left out: XBTC 6.60 %",
        ),
        *("4,950.12", "SP3QTB…7KVH", "91.20", "stSTX: 1 source where 2 are needed", "8.10 STX", "4,381,221"),
        *("Signer is low", "not taken by discord", "alex, velar, coingecko, slack", "Last cycle ended 0 s ago"),
    ):
        assert part in html, part
    assert f'title="{intent("propose", IntentKind.PROPOSE, IntentState.SENT).txid}"' in html


def test_html__nothing_known__says_so_in_each_place():
    html = RENDERER.page(build(NOTHING, pools=(), beats=False))

    for part in ("No pools yet", "None yet. Every cycle", "None. People are told", "Starting: no cycle"):
        assert part in html


def test_html__stale__is_said_before_the_numbers():
    hands = Hands()
    state = web_state(None, hands, pools=(1, 3))
    hands.at = NOW + 900
    page = build_page(full(), state, check_health(state.pulse, state.cycle_seconds))

    html = RENDERER.page(page)

    assert html.index("Stale: the numbers below may be old.") < html.index("DeFi Whale Index")
    assert "Not refreshed lately" in html


def test_page_objects__every_field__is_json():
    page = build(full())

    assert json.loads(json.dumps(asdict(page), allow_nan=False))["pools"][0]["name"] == "DeFi Whale Index"
    assert {field.name for field in fields(Page)} == {"header", "pools", "decisions", "alerts", "troubles"}


def test_static_files__stay_small():
    assert len((STATIC / "app.css").read_text().splitlines()) <= 200
    assert len((STATIC / "app.js").read_text().splitlines()) <= 90


def test_many_pools__a_page_of_a_thousand__is_built_in_well_under_a_second():
    views = [body_view(number, f"Pool {number}", BODY) for number in range(1, 1_001)]

    page = build(replace(NOTHING, views=views), pools=tuple(range(1, 1_001)))

    assert len(page.pools) == 1_000
    assert Seconds(page.pools[0].at) == NOW - 8


async def test_page__paused_by_a_person__says_so_above_everything(tmp_path):
    async with open_store(tmp_path / "s.sqlite3") as store:
        await fill(store)
        await store.put_note(PAUSED_NOTE, {"by": "ops", "why": "<b>look</b>", "at": NOW - 300})
        async with (
            serve(make_app(web_state(store)), "127.0.0.1", 0) as address,
            aiohttp.ClientSession(address) as session,
            session.get("/") as answer,
        ):
            text = await answer.text()

    assert "Paused by ops 5\u00a0min ago: &lt;b&gt;look&lt;/b&gt;. Nothing new is sent" in text
