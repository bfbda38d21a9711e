"""Rounds in which nothing is due: they look for a block, and only now and then at what nobody here changes."""

import pytest

from keeper.cycle import BOOKS_EVERY
from keeper.errors import LedgerMismatch, NodeUnavailable
from keeper.testing.build import STX
from keeper.watching import COUNT_SECONDS


async def quiet(world, rounds=1):
    for _ in range(rounds):
        await world.cycle.run((), await world.observer.tip())


async def test_run__nothing_due__asks_for_the_balance_every_five_minutes(world):
    heights = []
    for _ in range(3):
        heights.append(world.chain.height)
        await quiet(world, 2)
        world.chain.pass_time(COUNT_SECONDS - 1)
        await quiet(world)
        world.chain.pass_time(1)

    assert world.chain.asked_at["account"] == heights


async def test_run__a_pool_had_its_turn__asks_for_the_balance_at_once(world):
    await quiet(world)
    world.chain.asked_at.clear()

    await world.run()

    assert world.chain.asked_at["account"]


async def test_run__nothing_due_and_the_signer_ran_dry_meanwhile__tells_people(world):
    await quiet(world)
    world.chain.balance = 1
    world.chain.pass_time(COUNT_SECONDS)

    await quiet(world)
    await world.alerts.flush(10.0)

    assert world.titles() == ["The keeper runs out of STX for fees"]


async def test_run__count_failed__is_made_in_the_next_round(world):
    await quiet(world)
    world.chain.asked_at.clear()
    world.chain.pass_time(COUNT_SECONDS)
    world.chain.down_after = 1  # the round's block, and then nothing more
    await quiet(world)
    world.chain.down_after = None

    await quiet(world, 2)

    assert world.chain.asked_at["account"] == [world.chain.height]


async def test_run__vault_lost_something_in_a_new_block__halts_within_so_many_rounds(world):
    await quiet(world, BOOKS_EVERY + 5)
    world.chain.gifts[STX.principal] = -1
    world.chain.pass_time(5)

    with pytest.raises(NodeUnavailable, match="1 missing"):
        await quiet(world, BOOKS_EVERY)
    with pytest.raises(LedgerMismatch, match="1 missing"):
        await quiet(world)


async def test_run__no_block_came__books_are_not_read_again(world):
    await quiet(world, 2 * BOOKS_EVERY)

    assert len(world.chain.asked_at["get-pool-count"]) == 1
