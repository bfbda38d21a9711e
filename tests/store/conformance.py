"""What every back end of the Store port must do. Subclass and give a `store` fixture."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from keeper.core.archive import Row
from keeper.core.history import MOST_POINTS, SLOT_SECONDS, HistoryPoint
from keeper.core.leases import FREE, LONGEST_HOLDER, SENDER, Lease
from keeper.core.paging import Page, Span
from keeper.core.records import (
    Alert,
    AlertRecord,
    Decision,
    Intent,
    IntentKind,
    IntentState,
    Outcome,
    PoolView,
    Severity,
    Turn,
)
from keeper.core.retention import LASTING, Retention, Thinned
from keeper.core.units import Bps, MicroStx, PriceE12, Seconds
from keeper.core.whales import Whale
from keeper.errors import LeaseLost, StoreUnavailable
from keeper.ports import Store
from keeper.store.records import INTENTS, VIEWS, from_json

BIG = 2**128 - 1


def decision(number: int, pool_id: int = 1) -> Decision:
    return Decision(
        decision_id=f"d-{pool_id}-{number}",
        pool_id=pool_id,
        at=Seconds(1_790_000_000 + number),
        tip_height=100 + number,
        outcome=Outcome.WITHIN_THRESHOLD,
        reason="drift 1.2 % is below 10 %, ≤  nothing to do",
        drift_bps=Bps(120),
        facts={"prices": [{"source": "alex", "price_e12": BIG}], "whales": {"coverage": None}},
    )


def intent(key: str, state: IntentState = IntentState.PLANNED, pool_id: int | None = 1) -> Intent:
    return Intent(
        key=key,
        kind=IntentKind.REBALANCE,
        pool_id=pool_id,
        state=state,
        created_at=Seconds(1_790_000_000),
        updated_at=Seconds(1_790_000_001),
        sender="ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM",
        nonce=7,
        fee_ustx=MicroStx(3_000),
        call={"function": "rebalance-pool", "args": ["0x01"]},
    )


def alert(number: int) -> AlertRecord:
    raised = Alert(
        key=f"a-{number}",
        severity=Severity.CRITICAL,
        title="Signer is low",
        what="8 STX left",
        done="kept running",
        remedy="send STX",
        at=Seconds(1_790_000_000 + number),
        facts={"balance_ustx": 8_000_000},
    )
    return AlertRecord(raised, delivered_to=("slack",), failed=("discord",))


def whale(address: str, category: str = "defi", score: int = 900) -> Whale:
    return Whale(
        address, category, score, None, MicroStx(5_000_000), {"STX": 6_000, "ALEX": 4_000}, Seconds(1_790_000_000)
    )


def view(pool_id: int, height: int = 1) -> PoolView:
    return PoolView(pool_id, f"Pool {pool_id}", Seconds(1_790_000_000), height, {"drift_bps": None, "rows": []})


DAY = 86_400
NOON = 20_000 * DAY + DAY // 2
"""Noon of some day, in seconds since 1970."""


def valued(at: int, nav_ustx: int | None, pool_id: int = 1) -> PoolView:
    """Return a view such as the page shows, taken at `at`."""
    known = nav_ustx is not None
    body = {
        "value_ustx": str(nav_ustx) if known else None,
        "share_price_stx": "1.000000000001" if known else None,
        "total_shares": "12.5" if known else None,
        "drift_bps": 120 if known else None,
        "worst_bps": 80 if known else None,
    }
    return PoolView(pool_id, f"Pool {pool_id}", Seconds(at), 7, body)


def decided(number: int, at: int, outcome: Outcome = Outcome.WITHIN_THRESHOLD, pool_id: int = 1) -> Decision:
    return replace(decision(number, pool_id), at=Seconds(at), outcome=outcome)


async def fill(store: Store, intents: list[Intent]) -> None:
    """Put many intents into an empty store at once, in this order."""
    await store.restore(
        [Row("intent", from_json(INTENTS.document(each)), seq) for seq, each in enumerate(intents, start=1)]
    )


class StoreConformance:
    """The cases. Each starts with an empty store."""

    async def test_empty_store__asked_for_anything__has_nothing(self, store: Store):
        assert list(await store.decisions()) == []
        assert list(await store.intents()) == []
        assert list(await store.alerts()) == []
        assert list(await store.views()) == []
        assert list(await store.whales("defi")) == []
        assert await store.intent("x") is None
        assert await store.note("x") is None

    async def test_records__written_and_read__come_back_equal(self, store: Store):
        await store.add_decision(decision(1))
        await store.put_intent(intent("k"))
        await store.add_alert(alert(1))
        await store.put_view(view(1))
        await store.put_whales([whale("SP1")])

        assert list(await store.decisions()) == [decision(1)]
        assert await store.intent("k") == intent("k")
        assert list(await store.alerts()) == [alert(1)]
        assert list(await store.views()) == [view(1)]
        assert list(await store.whales("defi")) == [whale("SP1")]

    async def test_decisions__of_two_pools__newest_first_and_filtered(self, store: Store):
        for number in range(4):
            await store.add_decision(decision(number, pool_id=1 + number % 2))

        everyone = [item.decision_id for item in await store.decisions()]
        second = [item.decision_id for item in await store.decisions(pool_id=2, limit=1)]

        assert everyone == ["d-2-3", "d-1-2", "d-2-1", "d-1-0"]
        assert second == ["d-2-3"]

    async def test_decision__by_its_name__is_found(self, store: Store):
        await store.add_decision(decision(1))
        await store.add_decision(decision(2))

        assert await store.decision("d-1-1") == decision(1)
        assert await store.decision("d-1-9") is None

    @pytest.mark.parametrize("outcome", sorted(LASTING))
    async def test_decisions__of_an_outcome_that_lasts__are_found_page_by_page(self, store: Store, outcome: Outcome):
        for number in range(9):
            kind = outcome if number % 3 else Outcome.REFUSED
            await store.add_decision(decided(number, NOON + number, kind, pool_id=1 + number % 2))

        first = await store.decisions(outcome=outcome, limit=4)
        rest = await store.decisions(outcome=outcome, limit=4, before=first.places[-1])
        of_two = await store.decisions(outcome=outcome, pool_id=2)

        assert [item.at - NOON for item in [*first, *rest]] == [8, 7, 5, 4, 2, 1]
        assert [item.at - NOON for item in of_two] == [7, 5, 1]

    async def test_decisions__of_an_outcome_that_is_common__are_not_looked_for(self, store: Store):
        with pytest.raises(ValueError, match="refused is too common"):
            await store.decisions(outcome=Outcome.REFUSED)

    async def test_texts__with_half_a_character_of_somebody_else__are_kept_without_it(self, store: Store):
        half, whole = "fee \ud83d 😀", "fee \ufffd 😀"
        said = replace(decision(1), reason=half, facts={half: [half]})
        seen = replace(view(1), body={"whales": [half], "rows": [half]})
        told = alert(1)

        await store.record([Turn(said, seen)], {"why": {"why": half}})
        await store.put_intent(replace(intent("k"), result={"why": half}))
        await store.add_alert(replace(told, alert=replace(told.alert, key=half, what=half)))
        await store.put_whales([whale(f"SP{half}")])

        assert list(await store.decisions()) == [replace(said, reason=whole, facts={whole: [whole]})]
        assert (await store.views())[0].body == {"whales": [whole], "rows": [whole]}
        assert await store.note("why") == {"why": whole}
        assert (await store.intents())[0].result == {"why": whole}
        assert (await store.alerts())[0].alert.what == whole
        assert [each.address for each in await store.whales("defi")] == [f"SP{whole}"]

    async def test_lists__within_a_time__give_what_lies_in_it_page_by_page(self, store: Store):
        for number in (0, 1, 2, 7, 3, 4, 5, 6):  # the clock jumped once
            at, pool_id = Seconds(NOON + number), 1 + number % 2
            await store.add_decision(decided(number, at, Outcome.PROPOSED, pool_id))
            await store.put_intent(replace(intent(f"k-{number}", IntentState.SENT, pool_id), updated_at=at))
            await store.add_alert(replace(alert(number), alert=replace(alert(number).alert, at=at)))
        within = Span(Seconds(NOON + 1), Seconds(NOON + 6))

        first = await store.decisions(within=within, limit=3)
        rest = await store.decisions(within=within, limit=3, before=first.places[-1])
        assert [item.at - NOON for item in [*first, *rest]] == [5, 4, 3, 2, 1]
        assert [item.at - NOON for item in await store.decisions(within=within, pool_id=2)] == [5, 3, 1]
        assert [item.at - NOON for item in await store.decisions(within=within, outcome=Outcome.PROPOSED)] == [
            5,
            4,
            3,
            2,
            1,
        ]
        assert [item.at - NOON for item in await store.decisions(within=Span(since=Seconds(NOON + 6)))] == [6, 7]
        assert [item.updated_at - NOON for item in await store.intents(within=within, limit=2)] == [5, 4]
        assert [item.updated_at - NOON for item in await store.intents(within=within, open_only=True, pool_id=1)] == [
            4,
            2,
        ]
        assert [item.alert.at - NOON for item in await store.alerts(within=Span(until=Seconds(NOON + 2)))] == [1, 0]

    async def test_decision__added_twice__is_there_once(self, store: Store):
        await store.add_decision(decision(1))
        await store.add_decision(decision(1))

        assert len(await store.decisions()) == 1

    async def test_decision__clock_went_back__order_stays_the_order_of_writing(self, store: Store):
        await store.add_decision(decision(5))
        await store.add_decision(decision(2))

        assert [item.decision_id for item in await store.decisions()] == ["d-1-2", "d-1-5"]

    async def test_intent__put_again__is_replaced_and_keeps_its_place(self, store: Store):
        await store.put_intent(intent("first"))
        await store.put_intent(intent("second"))
        settled = replace(intent("first", IntentState.SETTLED), txid="ab" * 32, result={"block_height": 5})
        await store.put_intent(settled)

        assert [item.key for item in await store.intents()] == ["second", "first"]
        assert await store.intent("first") == settled

    @pytest.mark.parametrize("state", list(IntentState))
    async def test_open_intents__each_state__only_unfinished_are_open(self, store: Store, state: IntentState):
        await store.put_intent(intent("k", state))

        found = [item.key for item in await store.intents(open_only=True)]

        assert found == ([] if state in {IntentState.REFUSED, IntentState.DROPPED, IntentState.SETTLED} else ["k"])

    async def test_intents__by_pool__leaves_out_others_and_those_of_none(self, store: Store):
        await store.put_intent(intent("one", pool_id=1))
        await store.put_intent(intent("two", pool_id=2))
        await store.put_intent(intent("prices", pool_id=None))

        assert [item.key for item in await store.intents(pool_id=2)] == ["two"]
        assert [item.key for item in await store.intents(pool_id=2, open_only=True)] == ["two"]
        assert len(await store.intents(limit=2)) == 2

    async def test_open_intents__more_than_a_page__all_come_newest_first(self, store: Store):
        keys = [f"k-{number}" for number in range(503)]
        await fill(store, [intent(key, IntentState.SENT) for key in keys])
        await store.put_intent(intent("over", IntentState.SETTLED))

        assert [item.key for item in await store.intents(open_only=True)] == keys[::-1]
        assert [item.key for item in await store.intents(open_only=True, limit=501)] == keys[:-502:-1]
        assert len(await store.intents(open_only=True, pool_id=1)) == len(keys)
        assert list(await store.intents(open_only=True, pool_id=2)) == []

    async def test_intents__limit_unsaid__are_the_newest_two_hundred(self, store: Store):
        await fill(store, [intent(f"k-{number}") for number in range(203)])

        found = [item.key for item in await store.intents()]

        assert (len(found), found[0], found[-1]) == (200, "k-202", "k-3")
        assert list(await store.intents(limit=0)) == []

    async def test_lists__page_by_page_while_more_is_written__give_each_once_and_in_order(self, store: Store):
        for number in range(7):
            await store.add_decision(decision(number, pool_id=1 + number % 2))
            await store.put_intent(intent(f"k-{number}", IntentState.SENT, pool_id=1 + number % 2))
            await store.add_alert(alert(number))

        async def all_of(read: Callable[[int | None], Awaitable[Page[Any]]]) -> list[Any]:
            found, page = [], await read(None)
            while page:
                assert len(page) <= 3
                found += page
                await store.add_decision(decision(100 + len(found)))
                await store.put_intent(intent(f"new-{len(found)}", IntentState.SENT))
                await store.put_intent(intent("k-1", IntentState.MINED, pool_id=2))  # replaced, in its place
                await store.add_alert(alert(100 + len(found)))
                page = await read(page.places[-1])
            return found

        decisions = await all_of(lambda at: store.decisions(limit=3, before=at))
        of_two = await all_of(lambda at: store.decisions(pool_id=2, limit=2, before=at))
        alerts = await all_of(lambda at: store.alerts(limit=3, before=at))
        intents = await all_of(lambda at: store.intents(limit=3, before=at))
        open_of_two = await all_of(lambda at: store.intents(open_only=True, pool_id=2, limit=2, before=at))

        assert [item.decision_id for item in decisions] == [
            decision(n, 1 + n % 2).decision_id for n in range(6, -1, -1)
        ]
        assert [item.decision_id for item in of_two] == ["d-2-5", "d-2-3", "d-2-1"]
        assert [record.alert.key for record in alerts if not record.alert.key.startswith("a-10")] == [
            f"a-{number}" for number in range(6, -1, -1)
        ]
        assert [item.key for item in intents if item.key.startswith("k-")] == [f"k-{n}" for n in range(6, -1, -1)]
        assert [item.key for item in open_of_two] == ["k-5", "k-3", "k-1"]

    @pytest.mark.parametrize("before", [-(2**70), 0, 1])
    async def test_lists__from_before_the_beginning__are_empty(self, store: Store, before: int):
        await store.add_decision(decision(1))
        await store.put_intent(intent("k"))
        await store.add_alert(alert(1))

        assert list(await store.decisions(before=before)) == []
        assert list(await store.intents(before=before)) == []
        assert list(await store.alerts(before=before)) == []
        assert len(await store.decisions(before=2**70)) == len(await store.alerts(before=2**70)) == 1

    async def test_lists__what_the_last_place_named_is_gone__go_on_below_it(self, store: Store):
        for number in range(4):
            await store.add_decision(decided(number, NOON - 40 * DAY + number, Outcome.PROPOSED))
        await store.add_decision(decided(4, NOON - 40 * DAY + 4))
        await store.add_decision(decided(5, NOON - 40 * DAY + 5))
        page = await store.decisions(limit=2)
        assert await store.thin(Retention(), Seconds(NOON), most=100) == Thinned(decisions=1)

        assert [item.decision_id for item in await store.decisions(limit=2, before=page.places[-1])] == [
            "d-1-3",
            "d-1-2",
        ]

    async def test_lease__never_taken__is_none_and_cannot_be_renewed(self, store: Store):
        guess = Lease(SENDER, 1, "me", 0)

        assert await store.lease(SENDER) is None
        assert await store.renew_lease(guess) is None
        assert await store.take_lease(SENDER, "me", seen=guess) is None
        await store.release_lease(guess)
        assert await store.lease(SENDER) is None

    async def test_lease__taken__starts_at_term_one_and_beats_with_each_renewal(self, store: Store):
        first = await store.take_lease(SENDER, "me", seen=None)

        assert first == Lease(SENDER, 1, "me", 0)
        assert await store.renew_lease(first) == Lease(SENDER, 1, "me", 1)
        assert await store.renew_lease(first) == Lease(SENDER, 1, "me", 2)
        assert await store.lease(SENDER) == Lease(SENDER, 1, "me", 2)
        assert await store.lease("another") is None

    @pytest.mark.parametrize("stale", [None, Lease(SENDER, 1, "me", 0), Lease(SENDER, 2, "me", 1)])
    async def test_lease__seen_otherwise_than_it_is__is_not_taken(self, store: Store, stale: Lease | None):
        first = await store.take_lease(SENDER, "me", seen=None)
        assert first is not None
        renewed = await store.renew_lease(first)

        assert await store.take_lease(SENDER, "you", seen=stale) is None
        assert await store.lease(SENDER) == renewed

    async def test_lease__taken_over__has_the_next_term_and_the_old_holder_is_out(self, store: Store):
        first = await store.take_lease(SENDER, "me", seen=None)
        assert first is not None
        second = await store.take_lease(SENDER, "you", seen=first)

        assert second == Lease(SENDER, 2, "you", 0)
        assert await store.renew_lease(first) is None
        await store.release_lease(first)
        assert await store.lease(SENDER) == second

    async def test_lease__released__keeps_its_term_and_cannot_be_renewed(self, store: Store):
        first = await store.take_lease(SENDER, "me", seen=None)
        assert first is not None
        await store.release_lease(first)

        free = await store.lease(SENDER)

        assert free == Lease(SENDER, 1, FREE, 0)
        assert await store.renew_lease(first) is None
        assert free is not None
        assert await store.renew_lease(free) is None
        assert await store.take_lease(SENDER, "me", seen=free) == Lease(SENDER, 2, "me", 0)

    @pytest.mark.parametrize("holder", [FREE, "x" * (LONGEST_HOLDER + 1)])
    async def test_lease__holder_without_a_usable_name__is_an_error(self, store: Store, holder: str):
        with pytest.raises(ValueError, match="a holder is named by"):
            await store.take_lease(SENDER, holder, seen=None)

    async def test_lease__eight_take_it_at_once__exactly_one_wins_each_term(self, store: Store):
        for term in range(1, 11):
            seen = await store.lease(SENDER)
            takers = [store.take_lease(SENDER, f"taker-{number}", seen=seen) for number in range(8)]
            won = [lease for lease in await asyncio.gather(*takers) if lease is not None]

            assert [(lease.term, lease.beat) for lease in won] == [(term, 0)]
            assert await store.lease(SENDER) == won[0]

    async def test_fenced_write__under_the_present_term__is_done(self, store: Store):
        first = await store.take_lease(SENDER, "me", seen=None)
        assert first is not None
        await store.renew_lease(first)

        await store.put_intent(intent("k"), term=1)
        await store.put_intent(intent("k", IntentState.SIGNED), term=1)
        await store.put_intent(intent("k", IntentState.SIGNED), term=1)
        await store.put_note("n", {"a": 1}, term=1)
        await store.put_note("n", {"a": 2}, term=1)

        assert await store.intent("k") == intent("k", IntentState.SIGNED)
        assert await store.note("n") == {"a": 2}

    @pytest.mark.parametrize("term", [0, 1, 3])
    async def test_fenced_write__under_another_term__is_lost_and_changes_nothing(self, store: Store, term: int):
        first = await store.take_lease(SENDER, "me", seen=None)
        await store.take_lease(SENDER, "you", seen=first)
        await store.put_intent(intent("old"))
        await store.put_note("n", {"a": 1})

        for key in ("old", "new"):
            with pytest.raises(LeaseLost, match=f"no longer has term {term}"):
                await store.put_intent(intent(key, IntentState.SIGNED), term=term)
        for key in ("n", "m"):
            with pytest.raises(LeaseLost, match=f"no longer has term {term}"):
                await store.put_note(key, {"a": 9}, term=term)

        assert [item.state for item in await store.intents()] == [IntentState.PLANNED]
        assert (await store.note("n"), await store.note("m")) == ({"a": 1}, None)

    async def test_fenced_write__no_lease_or_another_one__is_lost(self, store: Store):
        await store.take_lease("another", "me", seen=None)

        with pytest.raises(LeaseLost):
            await store.put_intent(intent("k"), term=1)
        with pytest.raises(LeaseLost):
            await store.put_note("n", {}, term=1)

    async def test_whales__put_again__are_replaced_by_address_and_category(self, store: Store):
        await store.put_whales([whale("SP1"), whale("SP2"), whale("SP1", "meme")])
        await store.put_whales([whale("SP1", score=950)])

        defi = {item.address: item.score for item in await store.whales("defi")}

        assert defi == {"SP1": 950, "SP2": 900}
        assert [item.score for item in await store.whales("meme")] == [900]

    async def test_whales__none_given__changes_nothing(self, store: Store):
        await store.put_whales([whale("SP1")])
        await store.put_whales([])

        assert len(await store.whales("defi")) == 1

    async def test_whales__removed__go_from_one_category_or_from_all(self, store: Store):
        await store.put_whales([whale("SP1"), whale("SP2"), whale("SP1", "meme"), whale("SP2", "meme")])

        assert await store.remove_whales(["SP1", "SP3"], "defi") == 1
        assert await store.remove_whales(["SP2"]) == 2
        assert await store.remove_whales([]) == 0

        assert list(await store.whales("defi")) == []
        assert [item.address for item in await store.whales("meme")] == ["SP1"]

    async def test_views__put_out_of_order__come_by_pool_and_newest_only(self, store: Store):
        for pool_id in (10, 2, 1):
            await store.put_view(view(pool_id))
        await store.put_view(view(2, height=9))

        assert [(item.pool_id, item.tip_height) for item in await store.views()] == [(1, 1), (2, 9), (10, 1)]

    async def test_views__of_some_pools__are_theirs_alone(self, store: Store):
        for pool_id in (3, 2, 1):
            await store.put_view(view(pool_id))

        assert list(await store.views([3, 9, 1])) == [view(1), view(3)]
        assert list(await store.views([])) == []

    async def test_view_heads__as_views_are_written__name_each_and_change_with_every_write(self, store: Store):
        assert list(await store.view_heads()) == []
        await store.record([Turn(decision(1, 10), view(10)), Turn(decision(2, 2), view(2))])
        before = await store.view_heads()
        await store.put_view(replace(view(2), name="Renamed, ≤"))
        between = await store.view_heads()
        await store.put_view(replace(view(2), name="Renamed, ≤"))
        after = await store.view_heads()

        assert [(head.pool_id, head.name) for head in before] == [(2, "Pool 2"), (10, "Pool 10")]
        assert [(head.pool_id, head.name) for head in after] == [(2, "Renamed, ≤"), (10, "Pool 10")]
        assert len({before[0].version, between[0].version, after[0].version}) == 3
        assert before[1] == between[1] == after[1]

    async def test_view_heads__of_an_import__name_each(self, store: Store):
        await store.restore([Row("view", from_json(VIEWS.document(view(2))))])

        assert [(head.pool_id, head.name) for head in await store.view_heads()] == [(2, "Pool 2")]

    async def test_turn__recorded__is_there_as_if_written_one_by_one(self, store: Store):
        notes = {"prices": {"ALEX": {"price_e12": str(BIG), "é": None, "float": 0.1}}, "other": {}}
        await store.record([Turn(decided(1, NOON), valued(NOON, BIG))], notes)
        await store.record([Turn(decided(2, NOON + 1), valued(NOON + 1, 7))], {"other": {"n": 2}})

        assert list(await store.decisions()) == [decided(2, NOON + 1), decided(1, NOON)]
        assert list(await store.views()) == [valued(NOON + 1, 7)]
        assert [p.nav_ustx for p in await store.history(1)] == [BIG]
        assert (await store.note("prices"), await store.note("other")) == (notes["prices"], {"n": 2})

    async def test_turn__recorded_without_a_view__leaves_the_last_one(self, store: Store):
        await store.put_view(view(1))
        await store.record([Turn(decision(1))])
        await store.record([Turn(decision(1))])

        assert (list(await store.decisions()), list(await store.views())) == ([decision(1)], [view(1)])
        assert len(await store.history(1)) == 1

    async def test_turns__recorded_at_once__keep_their_order_and_the_newest_view(self, store: Store):
        turns = [Turn(decided(n, NOON + n), valued(NOON + n, n)) for n in range(1, 151)]
        await store.record(turns, {"n": {"of": "them"}})
        await store.record([])

        assert list(await store.decisions(limit=200)) == [turn.decision for turn in reversed(turns)]
        assert list(await store.views()) == [valued(NOON + 150, 150)]
        assert await store.note("n") == {"of": "them"}

    @pytest.mark.parametrize("wrong", ["decision", "view", "note"])
    async def test_turns__a_part_of_one_cannot_be_written__nothing_is(self, store: Store, wrong: str):
        bad = {"x": float("nan")}
        last = replace(decision(2), facts=bad if wrong == "decision" else {})
        seen = replace(view(1), body=bad if wrong == "view" else {})

        with pytest.raises(ValueError, match="JSON"):
            await store.record([Turn(decision(1), view(1)), Turn(last, seen)], {"n": bad if wrong == "note" else {}})

        assert (list(await store.decisions()), list(await store.views()), await store.note("n")) == ([], [], None)

    async def test_note__put_again__is_replaced(self, store: Store):
        await store.put_note("round", MappingProxyType({"n": 1, "deep": {"list": [1, None, "é"]}}))
        await store.put_note("round", {"n": 2})

        assert await store.note("round") == {"n": 2}

    async def test_alerts__more_than_the_limit__newest_first(self, store: Store):
        for number in range(3):
            await store.add_alert(alert(number))

        assert [record.alert.key for record in await store.alerts(limit=2)] == ["a-2", "a-1"]

    async def test_facts__that_are_not_json__are_refused_and_nothing_is_written(self, store: Store):
        for fact in (float("nan"), {1, 2}, b"raw"):
            with pytest.raises((TypeError, ValueError)):
                await store.add_decision(replace(decision(1), facts={"x": fact}))

        assert list(await store.decisions()) == []

    async def test_many_writers__at_once__lose_nothing(self, store: Store):
        await asyncio.gather(*(store.add_decision(decision(number)) for number in range(60)))
        await asyncio.gather(*(store.put_intent(intent(f"k-{number}")) for number in range(60)))

        assert len(await store.decisions(limit=100)) == 60
        assert len(await store.intents(limit=100)) == 60

    async def test_writer__cancelled__leaves_the_store_usable(self, store: Store):
        tasks = [asyncio.create_task(store.add_decision(decision(number))) for number in range(20)]
        await asyncio.wait([tasks[0]])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

        await store.add_decision(decision(99))

        assert (await store.decisions())[0] == decision(99)

    async def test_closed_store__asked__is_unavailable(self, store: Store):
        await store.close()

        with pytest.raises(StoreUnavailable):
            await store.decisions()
        with pytest.raises(StoreUnavailable):
            await store.add_decision(decision(1))

    async def test_history__of_views__says_value_price_and_drift_exactly(self, store: Store):
        await store.put_view(valued(NOON, BIG))

        assert list(await store.history(1)) == [
            HistoryPoint(
                pool_id=1,
                at=Seconds(NOON),
                height=7,
                nav_ustx=MicroStx(BIG),
                share_price_e12=PriceE12(1_000_000_000_001),
                total_shares=12_500_000,
                drift_bps=Bps(120),
                worst_bps=Bps(80),
            )
        ]
        assert list(await store.history(2)) == []

    async def test_history__many_views_in_one_slot__keeps_the_first_that_has_a_value(self, store: Store):
        for at, nav in ((0, None), (1, 10), (2, 20), (3, None), (SLOT_SECONDS, None)):
            await store.put_view(valued(NOON + at, nav))

        assert [(p.at - NOON, p.nav_ustx) for p in await store.history(1)] == [(1, 10), (SLOT_SECONDS, None)]

    async def test_history__bounds__include_the_first_moment_and_not_the_last(self, store: Store):
        for slot in range(4):
            await store.put_view(valued(NOON + slot * SLOT_SECONDS + 5, slot))
        second, fourth = Seconds(NOON + SLOT_SECONDS + 5), Seconds(NOON + 3 * SLOT_SECONDS + 5)

        assert [p.nav_ustx for p in await store.history(1, since=second, until=fourth)] == [1, 2]
        assert [p.nav_ustx for p in await store.history(1, since=Seconds(second + 1))] == [2, 3]
        assert [p.nav_ustx for p in await store.history(1, until=second)] == [0]
        assert list(await store.history(1, since=fourth, until=second)) == []

    @pytest.mark.parametrize("limit", [0, 1, 3, 7, 20, MOST_POINTS + 1])
    async def test_history__more_than_the_limit__is_spread_over_the_whole_time(self, store: Store, limit: int):
        for slot in (*range(10), 50, 99):
            await store.put_view(valued(NOON + slot * SLOT_SECONDS, slot))

        points = await store.history(1, limit=limit)
        found = [p.nav_ustx for p in points]

        assert points.more == (limit < 12)
        assert len(found) <= limit
        assert found == sorted(found, key=lambda nav: nav or 0)
        assert found[-1:] == ([99] if limit else [])
        assert len(found) == 12 or limit < 12

    async def test_history__not_spread__is_read_to_its_end_part_by_part(self, store: Store):
        for slot in (*range(10), 50, 99):
            await store.put_view(valued(NOON + slot * SLOT_SECONDS, slot))
            await store.put_view(valued(NOON + slot * SLOT_SECONDS, slot, pool_id=2))

        parts, since = [], None
        while not parts or parts[-1].more:
            parts.append(await store.history(1, since=since, limit=5, evenly=False))
            since = Seconds(parts[-1][-1].at + 1)

        assert [[p.nav_ustx for p in part] for part in parts] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [50, 99]]
        until = await store.history(1, until=Seconds(NOON + 2 * SLOT_SECONDS), evenly=False)
        assert ([p.nav_ustx for p in until], until.more) == ([0, 1], False)
        assert (len(await store.history(1, limit=0, evenly=False)), len(await store.history(3, evenly=False))) == (0, 0)

    async def test_thin__old_decisions__last_of_each_pool_and_day_and_all_actions_stay(self, store: Store):
        old, new = NOON - 31 * DAY, NOON - 30 * DAY
        rows = [
            decided(0, old - DAY),
            decided(1, old),
            decided(2, old + 1, Outcome.SLICE_EXECUTED),
            decided(3, old + 2),
            decided(4, old + 3),
            decided(5, old, pool_id=2),
            decided(6, new),
            decided(7, new + 1),
        ]
        for row in rows:
            await store.add_decision(row)

        assert await store.thinnable(Retention(), Seconds(NOON)) == Thinned(decisions=2)
        assert await store.thin(Retention(), Seconds(NOON), most=100) == Thinned(decisions=2)
        assert not await store.thin(Retention(), Seconds(NOON), most=100)
        assert list(await store.decisions()) == [rows[n] for n in (7, 6, 5, 4, 2, 0)]

    async def test_thin__old_history__last_of_each_pool_and_day_stays(self, store: Store):
        old, new = NOON - 31 * DAY, NOON - 30 * DAY
        for at, pool_id in ((old, 1), (old + 900, 1), (old + 1_800, 1), (old, 2), (new, 1), (new + 900, 1)):
            await store.put_view(valued(at, at, pool_id))

        assert await store.thinnable(Retention(), Seconds(NOON)) == Thinned(history=2)
        assert await store.thin(Retention(), Seconds(NOON), most=100) == Thinned(history=2)
        assert [p.at for p in await store.history(1)] == [old + 1_800, new, new + 900]
        assert [p.at for p in await store.history(2)] == [old]

    async def test_thin__old_history__the_last_with_a_value_stays(self, store: Store):
        old = NOON - 31 * DAY
        for at, nav in ((0, None), (900, 1), (1_800, 2), (2_700, None), (DAY, None), (DAY + 900, None)):
            await store.put_view(valued(old - DAY + at, nav))

        assert await store.thinnable(Retention(), Seconds(NOON)) == Thinned(history=4)
        assert await store.thin(Retention(), Seconds(NOON), most=100) == Thinned(history=4)
        assert [(p.at - old, p.nav_ustx) for p in await store.history(1)] == [(1_800 - DAY, 2), (900, None)]

    async def test_history__more_than_the_limit__prefers_what_has_a_value(self, store: Store):
        for slot, nav in enumerate((1, 2, None, None, None, 6, 7, None)):
            await store.put_view(valued(NOON + slot * SLOT_SECONDS, nav))

        assert [p.nav_ustx for p in await store.history(1, limit=2)] == [2, 7]
        assert [p.nav_ustx for p in await store.history(1, limit=4)] == [2, None, 6, 7]

    async def test_thin__old_alerts_and_transactions__go_and_open_ones_never_do(self, store: Store):
        rule = Retention(alert_days=10, intent_days=10)
        for days in (9, 10, 11):
            at = Seconds(NOON - days * DAY)
            await store.add_alert(replace(alert(days), alert=replace(alert(days).alert, at=at)))
            await store.put_intent(replace(intent(f"open-{days}", IntentState.SENT), updated_at=at))
            await store.put_intent(replace(intent(f"over-{days}", IntentState.SETTLED), updated_at=at))

        assert await store.thin(rule, Seconds(NOON), most=100) == Thinned(alerts=1, intents=1)
        assert [row.alert.key for row in await store.alerts()] == ["a-10", "a-9"]
        kept = {item.key for item in await store.intents()}
        assert kept == {"open-9", "over-9", "open-10", "over-10", "open-11"}

    async def test_thin__in_small_batches__comes_to_the_same_end(self, store: Store):
        for number in range(25):
            await store.add_decision(decided(number, NOON - 40 * DAY + number))
        total, rounds = Thinned(), 0
        while done := await store.thin(Retention(), Seconds(NOON), most=10):
            total, rounds = total + done, rounds + 1

        assert total == Thinned(decisions=24)
        assert rounds >= 1
        assert [item.decision_id for item in await store.decisions()] == ["d-1-24"]
