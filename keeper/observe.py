"""Looks at the outside: prices from the web once a cycle, one pool's chain state at one pinned block."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from keeper.chain.contracts import Mandate, PoolAsset, PoolContracts, PoolInfo, Proposal, QueuedWithdrawal
from keeper.clock import ChainClock
from keeper.core.assets import AssetBook
from keeper.core.chain_types import Tip
from keeper.core.consensus import PriceBounds
from keeper.core.market import MarketView
from keeper.core.policy import PoolRule
from keeper.core.prices import ANY_ASSET, Fault, PricePoint, RefusedPrice, vetted
from keeper.core.units import MicroStx, Seconds
from keeper.core.venue_prices import PROBE, Probe, venue_points
from keeper.errors import BadInput, MarketRefused, NodeUnavailable, SourceUnavailable, TipMoved
from keeper.ports import Chain, Dex, Hinting, PriceSource
from keeper.retry import READ, Retry

log = structlog.get_logger("keeper.observe")

PLUGIN_SECONDS = 30.0
"""Longest that one plugin may hold up a cycle."""
MOST_AHEAD = PriceBounds().max_ahead
TEST_LASTS = Seconds(60)
"""How long the answers of a self-test may stand for those of the cycle after it."""
TIP_RETRY = Retry(attempts=5, budget=15.0, first_wait=0.2, on_new_tip=True)
"""A pool is read as a whole; when the chain moves on meanwhile, the whole is read again."""


@dataclass(frozen=True, slots=True)
class WebPrices:
    """What the price sources said, and which of them said nothing and why."""

    points: tuple[PricePoint, ...]
    silent: Mapping[str, str]
    asked_at: Seconds
    refused: tuple[RefusedPrice, ...] = ()
    """What was said and is no price, by source and asset."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What one source said; `trouble` when none of it is a price."""

    points: tuple[PricePoint, ...] = ()
    refused: tuple[RefusedPrice, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """One pool and its markets at one block."""

    tip: Tip
    info: PoolInfo
    assets: tuple[PoolAsset, ...]
    holdings: Mapping[str, int]
    target_bps: Mapping[str, int]
    queue: tuple[QueuedWithdrawal, ...]
    outflow_ustx: MicroStx
    """What has left the pool in STX today; read only where somebody waits to be paid, else 0."""
    proposal: Proposal | None
    mandate: Mandate | None
    market: MarketView
    venue_points: tuple[PricePoint, ...]
    silent_venues: Mapping[str, str]
    """Every venue that said nothing, and every pool that its venue named as absent, each with the reason."""


@dataclass(frozen=True, slots=True)
class _Markets:
    """All venues at one block."""

    market: MarketView
    silent: Mapping[str, str]
    small: tuple[PricePoint, ...]
    """What they say at the least size that is asked about."""


class Observer:
    """Asks everybody, each with its own retry budget; one who stays silent is named, not guessed."""

    def __init__(
        self,
        chain: Chain,
        contracts: PoolContracts,
        clock: ChainClock,
        assets: AssetBook,
        dexes: Sequence[Dex],
        sources: Sequence[PriceSource],
        probe: Probe = PROBE,
    ) -> None:
        self._chain = chain
        self._contracts = contracts
        self._clock = clock
        self._assets = assets
        self._dexes = dexes
        self._sources = sources
        self._probe = probe
        self._tested: WebPrices | None = None
        self._shown: tuple[Tip, dict[str, MarketView]] | None = None
        self._merged: tuple[Tip, _Markets] | None = None

    def hints(self) -> dict[str, str]:
        """Return, by source, what a setting that is not there would add."""
        hints = {source.name: _hint(source) for source in self._sources}
        return {name: hint for name, hint in hints.items() if hint}

    async def tested_prices(self) -> WebPrices:
        """Ask every price source at once; the next `web_prices` takes the same answers, so that nobody is asked twice."""
        self._tested = await self._ask_all()
        return self._tested

    async def web_prices(self) -> WebPrices:
        """Ask every price source at once, unless a self-test just has."""
        tested, self._tested = self._tested, None
        if tested is not None and 0 <= self._clock.now() - tested.asked_at <= TEST_LASTS:
            return tested
        return await self._ask_all()

    async def _ask_all(self) -> WebPrices:
        asked_at = self._clock.now()
        answers = await asyncio.gather(*(self._ask(source) for source in self._sources))
        named = list(zip((source.name for source in self._sources), answers, strict=True))
        return WebPrices(
            points=tuple(point for said in answers for point in said.points),
            silent={name: said.trouble for name, said in named if said.trouble},
            asked_at=asked_at,
            refused=tuple(refused for said in answers for refused in said.refused),
        )

    async def _ask(self, source: PriceSource) -> _Said:
        name, assets = source.name, self._assets.all()
        symbols = {asset.symbol for asset in assets}
        try:
            async with asyncio.timeout(PLUGIN_SECONDS):
                answer = await READ(source.prices, assets)
            points, refused = vetted(answer, name, symbols, now=self._clock.now(), ahead=MOST_AHEAD)
        except SourceUnavailable as exc:
            said = exc.facts.get("refused")
            rows = [row for row in said if isinstance(row, RefusedPrice)] if isinstance(said, tuple) else []
            _, refused = vetted(rows, name, symbols, now=self._clock.now(), ahead=MOST_AHEAD)
            return _nothing(name, str(exc), exc.facts.get("fault"), refused)
        except TimeoutError:
            return _nothing(name, f"no answer within {PLUGIN_SECONDS:g} s")
        except Exception as exc:  # noqa: BLE001 - a plugin is somebody else's code: it is named and left out
            return _nothing(name, _broken(name, exc))
        return _Said(points, refused, "" if points else "; ".join(f"{row.asset}: {row.why}" for row in refused))

    async def venue_prices(self) -> tuple[tuple[PricePoint, ...], dict[str, str]]:
        """Return what the venues say at the newest block, and who is silent and why. Raises NodeUnavailable, TipMoved."""
        return await TIP_RETRY(self._venue_prices)

    async def _venue_prices(self) -> tuple[tuple[PricePoint, ...], dict[str, str]]:
        tip = await self.tip()
        markets = await self._markets(tip)
        return markets.small, dict(markets.silent)

    async def tip(self) -> Tip:
        """Return the newest block, and set the clock by it."""
        tip = await READ(self._chain.tip)
        self._clock.note(tip)
        return tip

    async def balance(self, principal: str) -> MicroStx:
        """Return what a principal has in µSTX."""
        return (await READ(self._chain.account, principal)).balance_ustx

    async def pool(self, rule: PoolRule) -> PoolFacts:
        """Read one pool and the venues, all at one tip; start again when the tip moves meanwhile."""
        return await TIP_RETRY(self._pool_at_one_tip, rule)

    async def _pool_at_one_tip(self, rule: PoolRule) -> PoolFacts:
        tip = await self.tip()
        reads = self._contracts
        info = await reads.pool(self._chain, tip, rule.pool_id)
        assets = await reads.pool_assets(self._chain, tip, rule.pool_id)
        queue = await reads.queue(self._chain, tip, rule.pool_id)
        outflow = await reads.outflow(self._chain, tip, rule.pool_id) if queue else MicroStx(0)
        proposal = await reads.latest_proposal(self._chain, tip, rule.pool_id)
        mandate = await reads.open_mandate(self._chain, tip, rule.pool_id)
        holdings = self._by_symbol(rule, {a.asset: a.amount for a in assets})
        markets = await self._markets(tip)
        return PoolFacts(
            tip=tip,
            info=info,
            assets=assets,
            holdings=holdings,
            target_bps=self._by_symbol(rule, {a.asset: a.bps for a in assets}),
            queue=queue,
            outflow_ustx=outflow,
            proposal=proposal,
            mandate=mandate,
            market=markets.market,
            venue_points=self._points_for(holdings, markets, tip),
            silent_venues={**markets.silent, **markets.market.absent},
        )

    def _points_for(self, holdings: Mapping[str, int], markets: _Markets, tip: Tip) -> tuple[PricePoint, ...]:
        """Return what the venues say at a size that matters to a pool that holds this."""
        size = self._probe.size_for(holdings, markets.small, self._assets)
        if size == self._probe.least:
            return markets.small
        return venue_points(markets.market, self._assets, tip.time, size)

    def _by_symbol(self, rule: PoolRule, by_principal: Mapping[str, int]) -> dict[str, int]:
        named: dict[str, int] = {}
        for principal, number in by_principal.items():
            asset = self._assets.by_principal(principal)
            if asset is None:
                message = f"pool {rule.pool_id} lists {principal}, which is not among the configured assets; add it"
                raise BadInput(message, pool_id=rule.pool_id, principal=principal)
            named[asset.symbol] = number
        return named

    async def _markets(self, tip: Tip) -> _Markets:
        """Return all venues at one block. What a venue showed at that block is true for every pool; one that was silent is asked again."""
        if self._merged is not None and self._merged[0] == tip:
            return self._merged[1]
        if self._shown is None or self._shown[0] != tip:
            self._shown = (tip, {})
        shown = self._shown[1]
        missing = [dex for dex in self._dexes if dex.name not in shown]
        answers = await asyncio.gather(*(self._market(dex, tip) for dex in missing))
        silent: dict[str, str] = {}
        for dex, answer in zip(missing, answers, strict=True):
            if isinstance(answer, str):
                silent[dex.name] = answer
            else:
                shown[dex.name] = answer
        found = self._merge([shown[dex.name] for dex in self._dexes if dex.name in shown], silent, tip)
        self._merged = None if silent else (tip, found)
        return found

    def _merge(self, views: Sequence[MarketView], silent: Mapping[str, str], tip: Tip) -> _Markets:
        books: dict[str, object] = {}
        for view in views:
            books.update(view.books)
        routes = tuple(route for view in views for route in view.routes)
        absent = {name: why for view in views for name, why in view.absent.items()}
        market = MarketView(books=books, routes=routes, absent=absent)
        return _Markets(market, silent, venue_points(market, self._assets, tip.time, self._probe.least))

    async def _market(self, dex: Dex, tip: Tip) -> MarketView | str:
        try:
            async with asyncio.timeout(PLUGIN_SECONDS):
                return await READ(dex.market, self._chain, tip)
        except (SourceUnavailable, MarketRefused) as exc:
            return str(exc)
        except (TipMoved, NodeUnavailable):
            raise
        except TimeoutError:
            return f"no answer within {PLUGIN_SECONDS:g} s"
        except Exception as exc:  # noqa: BLE001 - a plugin is somebody else's code: it is named and left out
            return _broken(dex.name, exc)

    async def breakers(self, tip: Tip) -> dict[str, bool]:
        """Return, per asset, whether the oracle contract's breaker is out."""
        return {
            asset.symbol: await READ(self._contracts.is_tripped, self._chain, tip, asset.principal)
            for asset in self._assets.all()
        }

    async def books(self, tip: Tip) -> dict[str, tuple[int, int]]:
        """Return, per asset, what all pools together own by the books and what the chain says the vault has.

        More than booked is a gift, which changes no price; less must never be.
        """
        vault = self._contracts.name("whale-pool-vault")
        booked: Counter[str] = Counter()
        for pool_id in range(1, await READ(self._contracts.pool_count, self._chain, tip) + 1):
            rows = await READ(self._contracts.pool_assets, self._chain, tip, pool_id)
            booked.update({row.asset: row.amount for row in rows})
        found: dict[str, tuple[int, int]] = {}
        for asset in self._assets.all():
            has = await READ(self._contracts.balance, self._chain, tip, asset.principal, vault)
            found[asset.symbol] = (booked[asset.principal], has)
        return found


def _hint(source: PriceSource) -> str:
    """Return what a source, or the one that a guard stands before, says is not set; empty when nothing."""
    told = getattr(source, "inner", source)
    hint = told.hint if isinstance(told, Hinting) else None
    return hint if isinstance(hint, str) else ""


def _nothing(name: str, why: str, fault: object = None, refused: tuple[RefusedPrice, ...] = ()) -> _Said:
    """Return the silence of a source, with every fault it knows of itself."""
    whole = RefusedPrice(name, ANY_ASSET, fault if isinstance(fault, Fault) else Fault.NO_ANSWER, why)
    return _Said(refused=refused or (whole,), trouble=why)


def _broken(name: str, exc: Exception) -> str:
    log.error("plugin_broken", plugin=name, error=type(exc).__name__, reason=str(exc))
    return f"the plugin failed: {type(exc).__name__}"
