"""Whales read from a model chain by their balances, at prices that the world's sources agree on."""

import asyncio
from types import SimpleNamespace

import pytest

from keeper.chain.clarity import Ok, decode
from keeper.chain.contracts import PoolContracts
from keeper.core.chain_types import Account
from keeper.core.units import MicroStx, Seconds
from keeper.errors import NodeUnavailable, SourceUnavailable
from keeper.whale_watch import Watched, refresh_when_due
from tests.shell.world import ALEX, ASSETS, DEPLOYER, DIKO, POLICY, WHALE

OTHER, EMPTY = "SP1JDAZZQTF2QRNMDRHGXTJY8Z7ZGBJ35PG0X9KG9", "SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G"
WATCHED = Watched("chain", {WHALE: 300, OTHER: 100, EMPTY: 100}, Seconds(6 * 3_600))
STX = 10**6


class Wallets:
    """A chain that also knows what wallets hold; counts the questions about them."""

    def __init__(self, chain):
        self.chain = chain
        self.asked = 0
        self.fails_from = None
        self.stx = {WHALE: (100 * STX, 300 * STX), OTHER: (100 * STX, None)}
        self.tokens = {(WHALE, ALEX.principal): 1_000 * 10**8, (OTHER, DIKO.principal): 5_000 * 10**6}

    async def account(self, address):
        self._count()
        liquid, locked = self.stx.get(address, (0, 0))
        return Account(MicroStx(liquid), 0, None if locked is None else MicroStx(locked))

    async def read(self, contract, function, args, tip):
        self._count()
        [who] = [decode(arg) for arg in args]
        return Ok(self.tokens.get((str(who), contract), 0))

    def _count(self):
        self.asked += 1
        if self.fails_from is not None and self.asked >= self.fails_from:
            raise NodeUnavailable


@pytest.fixture
def keeper(world):
    return SimpleNamespace(
        pools=world.pools,
        assets=ASSETS,
        contracts=PoolContracts(DEPLOYER),
        chain=Wallets(world.chain),
        observer=world.observer,
        store=world.store,
        clock=world.clock,
    )


def refresh(keeper, *watched):
    stop = asyncio.Event()
    return refresh_when_due(keeper, watched or (WATCHED,), POLICY, stop, pace=0.001)


async def test_balances__read__become_whales_by_worth_with_what_is_locked(keeper):
    # 1,000 ALEX are worth 100 STX and 5,000 DIKO as much; of 400 STX 300 are locked.
    assert await refresh(keeper) == 2

    found = {whale.address: whale for whale in await keeper.store.whales("chain")}
    assert found.keys() == {WHALE, OTHER}
    assert found[WHALE].allocation_bps == pytest.approx({"STX": 8_000, "ALEX": 2_000}, abs=20)
    assert found[OTHER].allocation_bps == pytest.approx({"STX": 5_000, "DIKO": 5_000}, abs=20)
    assert (found[WHALE].stacked_ustx, found[OTHER].stacked_ustx) == (300 * STX, 0)
    assert (found[WHALE].score, found[WHALE].win_rate_bps) == (300, None)
    assert found[WHALE].observed_at == keeper.clock.now()


async def test_balances__not_due__ask_nothing_until_the_hours_have_passed(keeper, world):
    await refresh(keeper)
    before = keeper.chain.asked

    assert await refresh(keeper) == 0
    assert keeper.chain.asked == before
    world.chain.pass_time(WATCHED.every)
    assert await refresh(keeper) == 2


async def test_balances__node_goes_in_the_middle__leave_the_store_as_it_was(keeper):
    keeper.chain.fails_from = 4

    with pytest.raises(NodeUnavailable):
        await refresh(keeper)
    assert keeper.chain.asked > 4
    assert list(await keeper.store.whales("chain")) == []


async def test_balances__something_held_without_an_agreed_price__are_not_used(keeper, world):
    for source in world.sources:
        source.usd_e12.pop("ALEX", None)
    for dex in world.dexes:
        dex.pools.pop("ALEX", None)

    with pytest.raises(SourceUnavailable, match="no agreed price of ALEX, which a whale holds"):
        await refresh(keeper)
    assert list(await keeper.store.whales("chain")) == []


async def test_balances__told_to_stop__end_at_once_and_store_nothing(keeper):
    stop = asyncio.Event()
    task = asyncio.create_task(refresh_when_due(keeper, (WATCHED,), POLICY, stop, pace=60.0))
    while not keeper.chain.asked and not task.done():
        await asyncio.wait([task], timeout=0.01)
    stop.set()

    assert await asyncio.wait_for(task, 2.0) == 0
    assert list(await keeper.store.whales("chain")) == []
