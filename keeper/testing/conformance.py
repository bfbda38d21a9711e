"""What every adapter must do, as tests to inherit. Subclass a kit, provide its fixtures, and run pytest.

The kits are where each outage somebody lived through is kept. A fixture a kit needs and a subclass
does not provide is an error of the run, so nothing is left out by accident.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any

import pytest

from keeper.core.assets import Asset
from keeper.core.chain_types import Tip
from keeper.core.market import Fill, MarketView, Route
from keeper.core.prices import PricePoint, vetted
from keeper.core.units import BaseUnits, Seconds
from keeper.errors import MarketRefused, NodeUnavailable, SourceUnavailable, Transient
from keeper.guarded import GuardedDex, GuardedSource
from keeper.ports import Clock, ContractReader, Dex, PriceSource
from keeper.testing import build
from keeper.testing.conformance_notifiers import NotifierConformance
from keeper.testing.conformance_whales import WhaleSourceConformance
from keeper.testing.text import CONTRACT, NAME, fail, text_of

__all__ = [
    "CONTRACT",
    "NAME",
    "NONSENSE",
    "DexConformance",
    "NotifierConformance",
    "PriceSourceConformance",
    "WhaleSourceConformance",
    "text_of",
]

AHEAD = Seconds(300)
"""How far into the future of the keeper's clock the keeper lets a price be."""
NONSENSE: tuple[object, ...] = (None, False, "nonsense", -1, {}, [], {"balance-x": "1"}, b"\x00", 1.5, nan, 2**200)
"""Answers no contract gives; an adapter must take each for an outage or for a pool that is not there."""


@dataclass(slots=True)
class _Recorder:
    """Passes reads on and remembers their tips."""

    inner: ContractReader
    tips: list[Tip] = field(default_factory=list)

    async def read(self, contract: str, function: str, args: Sequence[bytes], tip: Tip) -> Any:
        self.tips.append(tip)
        return await self.inner.read(contract, function, args, tip)


@dataclass(slots=True)
class _Dead:
    """A node that does not answer."""

    asked: int = 0

    async def read(self, contract: str, function: str, args: Sequence[bytes], tip: Tip) -> Any:  # noqa: ARG002
        self.asked += 1
        raise NodeUnavailable


@dataclass(slots=True)
class _Failing:
    """A node that answers the first `good` reads and then no more."""

    inner: ContractReader
    good: int
    asked: int = 0

    async def read(self, contract: str, function: str, args: Sequence[bytes], tip: Tip) -> Any:
        self.asked += 1
        if self.asked > self.good:
            raise NodeUnavailable
        return await self.inner.read(contract, function, args, tip)


@dataclass(slots=True)
class _Hanging:
    """A node that takes a read and never answers."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, contract: str, function: str, args: Sequence[bytes], tip: Tip) -> Any:  # noqa: ARG002
        self.asked.set()
        await asyncio.Event().wait()


@dataclass(slots=True)
class _Liar:
    """Gives the same answer to everything."""

    answer: object
    asked: int = 0

    async def read(self, contract: str, function: str, args: Sequence[bytes], tip: Tip) -> Any:  # noqa: ARG002
        self.asked += 1
        return self.answer


def _try(route: Route, view: MarketView, amount: int) -> Fill | None:
    """Quote, or None where the venue refuses; any other error comes out."""
    try:
        return route.quote(view.books, BaseUnits(amount))
    except MarketRefused:
        return None


class DexConformance:
    """For a `Dex`. Fixtures: `dex`, and `reader`, a ContractReader on which all its pools are liquid.

    Override `amounts` when a million base units is not a tradable amount at your pools.
    """

    @pytest.fixture
    def amounts(self) -> tuple[int, ...]:
        """Return base units that every route can trade, rising."""
        return (1_000_000, 3_000_000, 10_000_000, 100_000_000)

    @pytest.fixture
    async def view(self, dex: Dex, reader: ContractReader) -> MarketView:
        """Return the market as the adapter reads it."""
        return await dex.market(reader, build.tip())

    async def test_name__is_one_lower_case_word(self, dex: Dex) -> None:
        """Names become keys of settings, logs and records."""
        assert NAME.fullmatch(dex.name)

    async def test_market__every_read__is_made_at_the_given_tip(self, dex: Dex, reader: ContractReader) -> None:
        """One cycle sees one block."""
        recorder = _Recorder(reader)

        await dex.market(recorder, build.tip(777))

        assert set(recorder.tips) <= {build.tip(777)}

    async def test_market__every_route__is_complete(self, dex: Dex, view: MarketView) -> None:
        """A route names its venue, its pools by their keys in the books, and contracts, of which the venue names the adapter itself."""
        assert view.routes
        for route in view.routes:
            assert route.venue == dex.name
            assert route.sell != route.buy
            assert route.pool_keys
            assert set(route.pool_keys) <= set(view.books)
            assert CONTRACT.fullmatch(route.adapter), route.adapter
            assert route.adapter in dex.adapters
            assert CONTRACT.fullmatch(route.payer), route.payer
        assert all(key.startswith(f"{dex.name}:") for key in view.books)

    async def test_market__passes_the_keepers_guard_as_it_is(
        self, dex: Dex, reader: ContractReader, view: MarketView
    ) -> None:
        """The keeper looks at the shape of every market: nothing of yours may be taken for nonsense."""
        guarded = GuardedDex(dex.name, dex.name, dex, fail)

        taken = await guarded.market(reader, build.tip())

        assert guarded.adapters == tuple(dex.adapters)
        assert (len(taken.routes), taken.books, taken.absent) == (len(view.routes), view.books, view.absent)

    async def test_market__every_route__appears_once(self, view: MarketView) -> None:
        """The same way twice would be planned twice."""
        ways = [(route.sell, route.buy, route.pool_keys) for route in view.routes]

        assert len(ways) == len(set(ways))

    async def test_market__pool_states__are_values(self, view: MarketView) -> None:
        """A pool state is frozen, so a plan cannot change what another plan sees."""
        assert all(isinstance(hash(state), int) for state in view.books.values())

    async def test_quote__tradable_amount__echoes_its_input_and_pays(
        self, view: MarketView, amounts: tuple[int, ...]
    ) -> None:
        """A fill is about the amount that was asked."""
        for route in view.routes:
            for amount in amounts:
                fill = route.quote(view.books, BaseUnits(amount))
                assert fill.amount_in == amount
                assert fill.amount_out > 0

    async def test_quote__more_in__is_never_less_out(self, view: MarketView, amounts: tuple[int, ...]) -> None:
        """Output never falls as input grows."""
        for route in view.routes:
            outs = [route.quote(view.books, BaseUnits(amount)).amount_out for amount in amounts]
            assert outs == sorted(outs), (route.sell, route.buy)

    async def test_quote__leaves_the_given_books_alone(self, view: MarketView, amounts: tuple[int, ...]) -> None:
        """Quoting is pure: same question, same answer, and nothing moved."""
        before = dict(view.books)
        for route in view.routes:
            first = route.quote(view.books, BaseUnits(amounts[0]))
            second = route.quote(view.books, BaseUnits(amounts[0]))
            assert first == second
        assert dict(view.books) == before

    async def test_quote__books_after__differ_in_the_pools_passed_only(
        self, view: MarketView, amounts: tuple[int, ...]
    ) -> None:
        """Books after a swap are whole books, so that the next swap can be quoted on them."""
        for route in view.routes:
            after = route.quote(view.books, BaseUnits(amounts[0])).books
            assert set(after) == set(view.books)
            changed = {key for key in after if after[key] != view.books[key]}
            assert changed == set(route.pool_keys)

    async def test_quote__second_swap_the_same_way__pays_no_more(
        self, view: MarketView, amounts: tuple[int, ...]
    ) -> None:
        """A swap moves the price against its direction."""
        for route in view.routes:
            first = route.quote(view.books, BaseUnits(amounts[-1]))
            second = route.quote(first.books, BaseUnits(amounts[-1]))
            assert second.amount_out <= first.amount_out

    async def test_quote__there_and_back_over_the_same_pools__never_gains(
        self, view: MarketView, amounts: tuple[int, ...]
    ) -> None:
        """A round trip that gains would be planned for ever."""
        for route in view.routes:
            there = route.quote(view.books, BaseUnits(amounts[0]))
            for back in view.between(route.buy, route.sell):
                if back.pool_keys == route.pool_keys[::-1]:
                    assert back.quote(there.books, there.amount_out).amount_out <= amounts[0]

    @pytest.mark.parametrize("amount", [0, -1])
    async def test_quote__nothing_in__is_refused(self, view: MarketView, amount: int) -> None:
        """Nothing, or less, cannot be swapped."""
        for route in view.routes:
            with pytest.raises(MarketRefused):
                route.quote(view.books, BaseUnits(amount))

    @pytest.mark.parametrize("amount", [1, 7, 99, 10**15, 2**64, 2**128, 2**200])
    async def test_quote__any_other_amount__is_answered_or_refused(self, view: MarketView, amount: int) -> None:
        """Dust and absurd amounts give a fill or MarketRefused, never another error."""
        fills = [_try(route, view, amount) for route in view.routes]

        assert all(fill is None or fill.amount_out >= 0 for fill in fills)

    async def test_quote__pool_missing_from_the_books__is_refused(self, view: MarketView) -> None:
        """Books of another tip may lack a pool."""
        for route in view.routes:
            with pytest.raises(MarketRefused):
                route.quote({}, BaseUnits(1_000_000))

    async def test_market__silent_node__is_transient(self, dex: Dex) -> None:
        """A node that does not answer is an outage, not a crash and not an empty market."""
        node = _Dead()
        try:
            await dex.market(node, build.tip())
        except Transient:
            return
        assert node.asked == 0

    async def test_market__node_falls_silent_in_the_middle__is_transient_or_leaves_pools_out(
        self, dex: Dex, reader: ContractReader
    ) -> None:
        """Half a reading is an outage; a pool that could not be read has no route."""
        recorder = _Recorder(reader)
        whole = await dex.market(recorder, build.tip())
        for good in range(len(recorder.tips)):
            try:
                view = await dex.market(_Failing(reader, good), build.tip())
            except Transient:
                continue
            assert len(view.routes) < len(whole.routes), f"the same routes after {good} of {len(recorder.tips)} reads"

    async def test_market__hanging_node__is_left_at_once_when_told_to(self, dex: Dex) -> None:
        """The keeper gives a venue its time and then cancels it; nothing may hold that up."""
        node = _Hanging()
        task = asyncio.ensure_future(dex.market(node, build.tip()))
        asked = asyncio.ensure_future(node.asked.wait())
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        task.cancel()

        done, _ = await asyncio.wait({task}, timeout=1)

        assert done

    @pytest.mark.parametrize("answer", NONSENSE, ids=repr)
    async def test_market__odd_answers__never_become_a_route(self, dex: Dex, answer: object) -> None:
        """An odd answer is an outage or a pool that is not there, never a guess."""
        node = _Liar(answer)
        try:
            view = await dex.market(node, build.tip())
        except SourceUnavailable:
            return
        assert node.asked == 0 or view.routes == ()


class PriceSourceConformance:
    """For a `PriceSource`.

    Fixtures: `source`; `known`, assets it has prices for; `clock`, the Clock it was given; `outage`, an
    async callable after which the outside gives no usable answer (parametrise it with every outage you
    can think of); `secret`, a key it was given, or None.
    """

    async def test_name__is_one_lower_case_word(self, source: PriceSource) -> None:
        """Names become keys of settings, logs and records."""
        assert NAME.fullmatch(source.name)

    async def test_prices__known_assets__are_complete_points(
        self, source: PriceSource, known: Sequence[Asset], clock: Clock
    ) -> None:
        """A point says who, what, when and how much; it comes from the past and is more than nothing."""
        points = await source.prices(known)

        assert {point.asset for point in points} == {asset.symbol for asset in known}
        for point in points:
            assert isinstance(point, PricePoint), point
            assert point.source == source.name
            assert point.quote in ("USD", "STX")
            assert type(point.price_e12) is int
            assert point.price_e12 > 0
            assert 0 < point.seen_at <= clock.now() + 120
            assert point.confidence_bps is None or point.confidence_bps >= 0

    async def test_prices__pass_the_keepers_guard_and_its_judgement(
        self, source: PriceSource, known: Sequence[Asset], clock: Clock
    ) -> None:
        """The keeper looks at every price: none of yours may be refused while all is well."""
        said = await GuardedSource(source.name, source.name, source, fail).prices(known)

        points, refused = vetted(said, source.name, {asset.symbol for asset in known}, now=clock.now(), ahead=AHEAD)

        assert (len(points), refused) == (len(said), ())

    async def test_prices__each_asset__is_priced_once_per_quote(
        self, source: PriceSource, known: Sequence[Asset]
    ) -> None:
        """Two prices of one source would count as two opinions."""
        points = [point for point in await source.prices(known) if isinstance(point, PricePoint)]

        assert len({(point.asset, point.quote) for point in points}) == len(points)

    async def test_prices__only_what_was_asked__is_answered(self, source: PriceSource, known: Sequence[Asset]) -> None:
        """Nobody asked for the rest."""
        points = await source.prices(known[:1])

        assert {point.asset for point in points} == {known[0].symbol}

    async def test_prices__unknown_asset__is_absent(self, source: PriceSource, known: Sequence[Asset]) -> None:
        """An unknown asset is missing, never zero, and costs the others nothing."""
        stranger = Asset("NOSUCH", 6, f"{build.DEPLOYER}.no-such-token", "no-such")

        points = await source.prices([stranger, *known])

        assert {point.asset for point in points} == {asset.symbol for asset in known}

    async def test_prices__nothing_asked__is_nothing(self, source: PriceSource) -> None:
        """No assets, no prices, no error."""
        assert list(await source.prices([])) == []

    async def test_prices__outage__is_source_unavailable(
        self,
        source: PriceSource,
        known: Sequence[Asset],
        outage: Callable[[], Awaitable[None]],
        secret: str | None,
    ) -> None:
        """Whatever the outside does, it comes out as SourceUnavailable with a reason and without the key."""
        await outage()

        with pytest.raises(SourceUnavailable) as caught:
            await source.prices(known)

        assert str(caught.value)
        assert secret is None or secret not in text_of(caught.value)

    async def test_repr__never_shows_the_key(self, source: PriceSource, secret: str | None) -> None:
        """A key must not reach a log through a repr."""
        assert secret is None or secret not in repr(source) + str(source)
