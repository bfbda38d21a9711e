"""One keeper, wired as keeper/app.py wires it, in a world of fakes with a real store."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass

from keeper.alerts.router import AlertRouter
from keeper.chain.contracts import PoolContracts
from keeper.chain.transactions import Network
from keeper.clock import ChainClock
from keeper.core.assets import AssetBook
from keeper.core.pacing import PaceRule
from keeper.core.pauses import Pauses
from keeper.core.policy import Policy, PoolRule
from keeper.core.units import Bps, MicroStx, Seconds
from keeper.core.whales import Whale, WhaleRule
from keeper.cycle import Cycle
from keeper.execution.fees import FeeRule
from keeper.execution.sender import Sender
from keeper.observe import Observer
from keeper.signers.local import KeySigner
from keeper.steps import Steps
from keeper.store.sqlite import SqliteStore, open_store
from keeper.telemetry.metrics import Metrics
from keeper.telemetry.pulse import Pulse
from keeper.testing.build import ALEX, DEPLOYER, DIKO, STX
from keeper.testing.fakes import FakeDex, FakeNotifier, FakePool, FakePriceSource, ManualClock
from keeper.whales import Whales
from tests.shell.model_chain import ModelChain
from tests.shell.model_state import ModelPool

KEY = bytes(31) + b"\x01"
WHALE = "SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR"
ASSETS = AssetBook((STX, ALEX, DIKO))
USD = {"STX": 500_000_000_000, "ALEX": 50_000_000_000, "DIKO": 10_000_000_000}
IN_STX = {ALEX.principal: 100_000_000_000, DIKO.principal: 20_000_000_000}
AT_HOME = {"STX": 6_000, "ALEX": 3_000, "DIKO": 1_000}
"""What the pool holds at the start: 60,000 STX, 30,000 in ALEX, 10,000 in DIKO."""
ADRIFT = {"STX": 3_000, "ALEX": 5_000, "DIKO": 2_000}

ALL_PAUSED = Pauses(deposits=True, withdrawals=True, rebalances=True)

RULE = PoolRule(
    pool_id=1,
    name="DeFi Whale Index",
    share=f"{DEPLOYER}.pool-share-1",
    symbols=("STX", "ALEX", "DIKO"),
    drift_threshold_bps=Bps(1_000),
    tolerance_bps=Bps(200),
    whales=WhaleRule(category="defi", top=3),
)
POLICY = Policy(
    price_heartbeat=Seconds(0),
    max_price_age=Seconds(900),
    max_price_spread_bps=Bps(1_000),
    max_price_jump_bps=Bps(1_000),
    min_sources=2,
    max_slippage_bps=Bps(150),
    max_slice_bps=Bps(3_500),
    max_legs=6,
    dust_bps=Bps(10),
    mandate_turnover_bps=Bps(6_000),
    mandate_loss_bps=Bps(100),
    mandate_open=Seconds(172_800),
    max_fee_ustx=MicroStx(200_000),
    pace=PaceRule(span=Seconds(0)),
)


def venues():
    """Return two venues: the first trades both tokens, the second ALEX only."""
    alex = {"ALEX": FakePool("STX", "ALEX", 10**13, 10**16), "DIKO": FakePool("STX", "DIKO", 5 * 10**12, 25 * 10**13)}
    velar = {"ALEX": FakePool("STX", "ALEX", 8 * 10**12, 8 * 10**15)}
    return FakeDex(alex, name="alex"), FakeDex(velar, name="velar")


def pool():
    """Return a pool worth 100,000 STX."""
    return ModelPool(
        holdings={STX.principal: 60_000 * 10**6, ALEX.principal: 300_000 * 10**8, DIKO.principal: 500_000 * 10**6},
        targets={ASSETS[symbol].principal: bps for symbol, bps in AT_HOME.items()},
    )


def whale(allocation, at):
    return Whale(WHALE, "defi", 9_000, Bps(6_500), MicroStx(10**12), allocation, Seconds(at))


@dataclass(slots=True)
class World:
    chain: ModelChain
    clock: ManualClock
    store: SqliteStore
    dexes: tuple[FakeDex, ...]
    sources: tuple[FakePriceSource, ...]
    notifier: FakeNotifier
    alerts: AlertRouter
    cycle: Cycle
    observer: Observer
    assets: AssetBook
    pools: tuple[PoolRule, ...]
    rebuild: object
    """Returns a fresh cycle over the same chain and store, as after a restart."""

    async def run(self):
        """Run one cycle and return the decision of the (only) pool."""
        [decision] = await self.cycle.run()
        await self.alerts.flush(10.0)
        return decision

    async def run_times(self, times):
        return [await self.run() for _ in range(times)]

    async def follow(self, allocation):
        """Let the whales hold this."""
        await self.store.put_whales([whale(allocation, self.clock.at)])

    def vote(self, number, *, passes):
        """Let stakers vote and the vote end."""
        proposal = self.chain.proposals[number]
        proposal.votes_for, proposal.votes_against = (900, 100) if passes else (100, 900)
        self.chain.pass_time(proposal.due_at - self.clock.at)

    async def with_mandate(self):
        """Bring the pool to where a slice is due."""
        await self.follow(ADRIFT)
        await self.run()
        self.vote(1, passes=True)
        await self.run()
        self.chain.sent.clear()

    def titles(self):
        return [alert.title for alert in self.notifier.delivered]

    @property
    def pool(self):
        return self.chain.pools[1]


def say(decision):
    """Return a decision's facts as the JSON they are stored as; fails for anything JSON cannot hold."""
    return json.dumps(dict(decision.facts), allow_nan=False)


@asynccontextmanager
async def open_world(folder, *, pools=(RULE,), wait=False, policy=POLICY, more_sources=(), feeds=()):
    """Open a keeper in a quiet world: prices agree, the oracle is fresh, the pool is where its whales are."""
    clock, dexes = ManualClock(), venues()
    sources = tuple(FakePriceSource(clock, usd_e12=dict(USD), name=name) for name in ("pyth", "coingecko"))
    sources = (*sources, *more_sources)
    oracle = {principal: (price, clock.at) for principal, price in IN_STX.items()}
    oracle[ASSETS["STX"].principal] = (USD["STX"], clock.at)  # USD per STX
    chain = ModelChain(clock, ASSETS, dexes, {rule.pool_id: pool() for rule in pools}, oracle)
    stop, notifier = asyncio.Event(), FakeNotifier()
    if not wait:
        stop.set()  # never wait between two questions
    async with open_store(folder / "keeper.sqlite3") as store:
        await store.put_whales([whale(AT_HOME, clock.at)])

        world_alerts = []

        def build():
            now, contracts = ChainClock(monotonic=lambda: 0.0), PoolContracts(DEPLOYER)
            observer = Observer(chain, contracts, now, ASSETS, dexes, sources)
            signer, fees = KeySigner(KEY, Network.TESTNET), FeeRule(MicroStx(1_000), MicroStx(200_000))
            sender = Sender(chain, store, signer, Network.TESTNET, fees, now, stop)
            alerts = AlertRouter([notifier], store, now)
            cycle = Cycle(
                pools=pools,
                assets=ASSETS,
                whales=Whales(store, feeds),
                policy=policy,
                observer=observer,
                steps=Steps(chain, contracts, ASSETS, policy, sender, now, store),
                sender=sender,
                store=store,
                alerts=alerts,
                metrics=Metrics(),
                pulse=Pulse(rule.pool_id for rule in pools),
                clock=now,
                timer=lambda: 0.0,
            )
            world_alerts.append(alerts)
            return cycle, observer

        cycle, observer = build()
        yield World(
            chain, clock, store, dexes, sources, notifier, world_alerts[0], cycle, observer, ASSETS, pools, build
        )
