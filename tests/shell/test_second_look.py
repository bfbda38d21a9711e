"""What would stop the keeper for good is looked at twice, and nothing is sent between the looks."""

import pytest

from keeper.chain.clarity import Err, Ok
from keeper.core.records import Outcome
from keeper.cycle import BOOKS_EVERY
from keeper.errors import LedgerMismatch, NodeUnavailable, UnknownContractError
from tests.shell.model_chain import BLOCK_SECONDS
from tests.shell.world import open_world

NOBODYS_CODE = 99_999
PRICE = "get-consensus-price"


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path) as opened:
        yield opened


async def due(world):
    """Bring the world to where a slice is due, and the books are to be looked at again."""
    await world.with_mandate()
    world.cycle, world.observer = world.rebuild()
    world.chain.pass_time(BLOCK_SECONDS)


async def rounds(world):
    """Let so many rounds without a turn pass that the books are looked at."""
    world.chain.pass_time(BLOCK_SECONDS)
    for _ in range(BOOKS_EVERY):
        await world.cycle.run(())


async def test_books__one_false_balance__costs_a_round_in_which_nothing_is_sent(world):
    await due(world)
    world.chain.lies_next["get-balance"] = [Ok(0)]

    with pytest.raises(NodeUnavailable, match="looked at a second time"):
        await world.run()
    sent = len(world.chain.sent)
    decision = await world.run()

    assert sent == 0
    assert decision.outcome is Outcome.SLICE_EXECUTED


async def test_books__less_than_booked__halts_at_the_second_look_and_sends_nothing(world):
    await due(world)
    alex = world.assets["ALEX"].principal
    world.chain.gifts[alex] = -1

    with pytest.raises(NodeUnavailable, match="1 missing"):
        await world.run()
    with pytest.raises(LedgerMismatch, match="1 missing"):
        await world.run()

    assert world.chain.sent == []


async def test_books__silence_between_the_looks__is_no_look(world):
    await due(world)
    world.chain.gifts[world.assets["ALEX"].principal] = -1
    with pytest.raises(NodeUnavailable, match="1 missing"):
        await world.run()
    world.chain.down_after = 1
    with pytest.raises(NodeUnavailable):
        await world.run()
    world.chain.down_after = None

    with pytest.raises(LedgerMismatch):
        await world.run()

    assert world.chain.sent == []


async def test_books__two_false_balances_with_a_true_one_between__never_halt(world):
    await due(world)
    for _ in range(2):
        world.chain.lies_next["get-balance"] = [Ok(0)]
        with pytest.raises(NodeUnavailable):
            await rounds(world)
        await rounds(world)


async def test_read__one_unknown_code__ends_that_turn_alone(world):
    await due(world)
    world.chain.lies_next[PRICE] = [Err(NOBODYS_CODE)]

    first = await world.run()
    sent = len(world.chain.sent)
    second = await world.run()

    assert (first.outcome, sent) == (Outcome.UNAVAILABLE, 0)
    assert f"u{NOBODYS_CODE}" in first.reason
    assert second.outcome is Outcome.SLICE_EXECUTED


async def test_read__unknown_code_again__halts(world):
    await due(world)
    world.chain.lies_next[PRICE] = [Err(NOBODYS_CODE)] * 2

    first = await world.run()
    with pytest.raises(UnknownContractError, match=f"u{NOBODYS_CODE}"):
        await world.run()

    assert (first.outcome, world.chain.sent) == (Outcome.UNAVAILABLE, [])
