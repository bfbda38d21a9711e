"""Whales read from a model chain by their balances, at prices that the world's sources agree on."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from keeper.chain.clarity import Ok, decode
from keeper.chain.contracts import PoolContracts
from keeper.core.chain_types import Account
from keeper.core.units import MicroStx, Seconds
from keeper.errors import NodeUnavailable, SourceUnavailable, TipMoved
from keeper.whale_watch import WALLETS_LAST, WATCHED_NOTE, Watched, WhaleWatch
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
        self.tips = []
        self.keeps = set()
        """Blocks that balances can be read at; empty: all."""
        self.stx = {WHALE: (100 * STX, 300 * STX), OTHER: (100 * STX, None)}
        self.tokens = {(WHALE, ALEX.principal): 1_000 * 10**8, (OTHER, DIKO.principal): 5_000 * 10**6}

    async def account(self, address):
        self._count()
        liquid, locked = self.stx.get(address, (0, 0))
        return Account(MicroStx(liquid), 0, None if locked is None else MicroStx(locked))

    async def read(self, contract, function, args, tip):
        self._count()
        self.tips.append(tip.height)
        if self.keeps and tip.height not in self.keeps:
            raise TipMoved
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


def reader(keeper, *watched, pace=0.001):
    return WhaleWatch(keeper, watched, POLICY, pace=pace)


def refresh(keeper, *watched):
    """Read as a keeper that has just started."""
    return reader(keeper, *(watched or (WATCHED,))).refresh_when_due(asyncio.Event())


async def followed(keeper):
    return [whale.address for whale in await keeper.store.whales("chain")]


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


async def test_balances__a_question_failed__go_on_with_what_is_missing(keeper):
    wallets, stop = reader(keeper, WATCHED), asyncio.Event()
    keeper.chain.fails_from = 7  # the first wallet takes three questions, and each is tried four times
    with pytest.raises(NodeUnavailable):
        await wallets.refresh_when_due(stop)
    keeper.chain.fails_from, keeper.chain.asked = None, 0

    assert await wallets.refresh_when_due(stop) == 2
    assert keeper.chain.asked == 3
    assert await followed(keeper) == [OTHER, WHALE]


async def test_balances__failed_a_day_ago__are_all_asked_again(keeper, world):
    wallets, stop = reader(keeper, WATCHED), asyncio.Event()
    keeper.chain.fails_from = 7
    with pytest.raises(NodeUnavailable):
        await wallets.refresh_when_due(stop)
    keeper.chain.fails_from, keeper.chain.asked = None, 0
    world.chain.pass_time(WALLETS_LAST)
    await keeper.observer.tip()

    assert await wallets.refresh_when_due(stop) == 2
    assert keeper.chain.asked == 9


async def test_balances__blocks_come_meanwhile__are_read_at_one_until_the_node_knows_it_no_more(keeper, world):
    read = keeper.chain.read

    async def and_a_block_comes(contract, function, args, tip):
        found = await read(contract, function, args, tip)
        world.chain.pass_time(10)
        return found

    keeper.chain.read = and_a_block_comes
    first = world.chain.height
    await refresh(keeper)
    one_block = set(keeper.chain.tips)
    keeper.chain.tips.clear()
    world.chain.pass_time(WATCHED.every)
    second = world.chain.height
    keeper.chain.read = read
    await keeper.observer.tip()
    keeper.chain.keeps = {second, second + 1}

    assert one_block == {first}
    assert await refresh(keeper) == 2
    assert set(keeper.chain.tips) == {second}


async def test_balances__block_is_gone__are_read_at_the_newest(keeper, world):
    gone = world.chain.height
    account = keeper.chain.account

    async def and_a_block_comes(address):
        if address == OTHER:
            world.chain.pass_time(10)
            keeper.chain.keeps = {gone + 1}
        return await account(address)

    keeper.chain.account = and_a_block_comes

    assert await refresh(keeper) == 2
    assert set(keeper.chain.tips) == {gone, gone + 1}


async def test_wallet__read_as_empty__is_followed_no_more(keeper, world):
    await refresh(keeper)
    keeper.chain.stx.pop(WHALE)
    keeper.chain.tokens = {(OTHER, DIKO.principal): 5_000 * 10**6}
    world.chain.pass_time(WATCHED.every)
    await keeper.observer.tip()

    assert await refresh(keeper) == 1
    assert await followed(keeper) == [OTHER]


async def test_wallet__not_in_the_settings_any_more__goes_and_what_was_loaded_by_hand_stays(keeper):
    await refresh(keeper)
    by_hand = replace((await keeper.store.whales("chain"))[0], address="SP1")
    await keeper.store.put_whales([by_hand])

    await refresh(keeper, Watched("chain", {WHALE: 300}, WATCHED.every))
    without_one = await followed(keeper)
    await refresh(keeper, Watched("other", {EMPTY: 300}, WATCHED.every))

    assert without_one == ["SP1", WHALE]
    assert await followed(keeper) == ["SP1"]
    assert list(await keeper.store.note(WATCHED_NOTE)) == ["other"]


async def test_wallet__in_the_settings_since_just_now__is_read_at_once(keeper):
    await refresh(keeper, Watched("chain", {WHALE: 300}, WATCHED.every))

    assert await refresh(keeper) == 2


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
    task = asyncio.create_task(reader(keeper, WATCHED, pace=60.0).refresh_when_due(stop))
    while not keeper.chain.asked and not task.done():
        await asyncio.wait([task], timeout=0.01)
    stop.set()

    assert await asyncio.wait_for(task, 2.0) == 0
    assert list(await keeper.store.whales("chain")) == []
