"""Several endpoints behind one face: whose tip is taken, and where reads go."""

import pytest
from nodes_kit import ACCOUNT, CALL, DOWN, NONCES, block_id, breaks, reads, several, stands_at
from scripted_node import WHO, Reply

from keeper.core.chain_types import Tip
from keeper.errors import NodeUnavailable, TipMoved

# --- whose tip ----------------------------------------------------------------------------------------------


async def test_tip__all_at_one_block__is_the_first_ones() -> None:
    async with several(3) as three:
        tip = await three.nodes.tip()

        assert (tip.height, tip.block_id) == (100, block_id(100))
        assert [seen.leads for seen in three.nodes.health()] == [True, False, False]
        assert await reads(three.nodes, tip) == 0


async def test_tip__another_is_ahead__is_its_and_so_are_the_reads() -> None:
    async with several(2) as two:
        stands_at(two.scripts[1], 102)

        tip = await two.nodes.tip()

        assert tip.height == 102
        assert await reads(two.nodes, tip) == 1
        assert two.asked(CALL) == [0, 1]
        assert [seen.standing for seen in two.nodes.health()] == ["in line", "in line"]


async def test_tip__first_is_far_behind__is_not_its_nor_is_anything_asked_of_it() -> None:
    async with several(2) as two:
        stands_at(two.scripts[1], 111)

        assert (await two.nodes.tip()).height == 111
        assert [seen.standing for seen in two.nodes.health()] == ["behind", "in line"]
        breaks(two.scripts[1], DOWN)
        with pytest.raises(NodeUnavailable):
            await two.nodes.mempool_nonces(WHO)
        assert two.asked(NONCES)[0] == 0


async def test_tip__the_one_ahead_dies__the_one_far_behind_is_refused_until_it_has_caught_up() -> None:
    async with several(2) as two:
        stands_at(two.scripts[1], 111)
        await two.nodes.tip()
        await two.kill(1)

        for _ in range(3):
            with pytest.raises(NodeUnavailable, match="behind"):
                await two.nodes.tip()
        stands_at(two.scripts[0], 105)

        assert (await two.nodes.tip()).height == 105
        assert two.nodes.health()[0].standing == "in line"


async def test_tip__the_one_ahead_stays_dead__the_one_behind_is_taken_after_ten_minutes() -> None:
    async with several(2) as two:
        stands_at(two.scripts[1], 111)
        await two.nodes.tip()
        await two.kill(1)
        with pytest.raises(NodeUnavailable):
            await two.nodes.tip()

        two.timer.at += 601

        assert (await two.nodes.tip()).height == 100


@pytest.mark.parametrize("heights", [(100, 100, 100), (100, 103, 101), (103, 100, 101)])
async def test_tip__one_of_three_on_another_fork__is_outvoted_and_left_alone(heights: tuple[int, ...]) -> None:
    async with several(3) as three:
        for script, height, fork in zip(three.scripts, heights, "baa", strict=True):
            stands_at(script, height, fork, since=99)

        tip = await three.nodes.tip()

        assert tip.block_id == block_id(max(heights[1:]), "a")
        assert [seen.standing for seen in three.nodes.health()] == ["on another fork", "in line", "in line"]
        assert 0 < three.nodes.health()[0].resting_seconds <= 60
        await three.nodes.account(WHO)
        assert three.asked(ACCOUNT)[0] == 0


async def test_tip__two_on_two_forks__is_the_first_listed_ones_however_high_the_other() -> None:
    async with several(2) as two:
        stands_at(two.scripts[1], 109, "b", since=90)

        assert (await two.nodes.tip()).block_id == block_id(100, "a")
        assert two.nodes.health()[1].standing == "on another fork"


async def test_tip__only_the_one_on_another_fork_answers__is_refused_for_ten_minutes() -> None:
    async with several(2) as two:
        stands_at(two.scripts[1], 100, "b", since=90)
        await two.nodes.tip()
        await two.kill(0)
        two.timer.at += 61

        for _ in range(3):
            with pytest.raises(NodeUnavailable):
                await two.nodes.tip()
        two.timer.at += 600

        assert (await two.nodes.tip()).block_id == block_id(100, "b")


async def test_tip__first_of_two_forks_was_wrong_before__the_other_is_believed() -> None:
    async with several(3) as three:
        stands_at(three.scripts[1], 100, "b", since=90)
        await three.nodes.tip()
        await three.kill(0)
        three.timer.at += 61

        for _ in range(3):
            assert (await three.nodes.tip()).block_id == block_id(100, "a")


async def test_tip__falls_far_below_what_was_seen_and_nobody_else_answers__is_refused_for_ten_minutes() -> None:
    async with several(2) as two:
        for script in two.scripts:
            stands_at(script, 111)
        await two.nodes.tip()
        await two.kill(1)
        stands_at(two.scripts[0], 100)
        two.timer.at += 300

        with pytest.raises(NodeUnavailable, match="11 blocks behind"):
            await two.nodes.tip()
        two.timer.at += 299
        with pytest.raises(NodeUnavailable, match="behind"):
            await two.nodes.tip()
        two.timer.at += 2

        assert (await two.nodes.tip()).height == 100


async def test_tip__a_height_without_the_blocks_before__is_a_lie_and_not_followed() -> None:
    async with several(2) as two:
        stands_at(two.scripts[1], 10**9)
        del two.scripts[1].replies["/extended/v2/blocks/100"]

        assert (await two.nodes.tip()).height == 100
        assert two.nodes.health()[1].standing == "on another fork"


@pytest.mark.parametrize("silent", [0, 1])
async def test_tip__one_is_slow__is_the_others_and_the_slow_one_rests(silent: int) -> None:
    async with several(2, timeout=5.0, grace=0.1) as two:
        two.scripts[silent]["/v3/tenures/info"] = Reply({}, silent=True)

        assert (await two.nodes.tip()).height == 100
        assert [seen.leads for seen in two.nodes.health()] == [silent == 1, silent == 0]
        assert two.nodes.health()[silent].resting_seconds > 0
        await two.nodes.tip()
        assert two.asked("/v3/tenures/info")[silent] == 1


@pytest.mark.parametrize(
    "broken",
    [
        DOWN,
        Reply({"tip_height": 10**6}),
        Reply([]),
        Reply(b"{}", cut=True),
        Reply(b"not json"),
        Reply({"error": "who?"}, status=401),
    ],
)
async def test_tip__first_is_broken__is_the_seconds(broken: Reply) -> None:
    async with several(2) as two:
        breaks(two.scripts[0], broken)

        tip = await two.nodes.tip()

        assert await reads(two.nodes, tip) == 1


async def test_tip__nobody_answers__is_unavailable() -> None:
    async with several(2) as two:
        for number in range(2):
            await two.kill(number)

        with pytest.raises(NodeUnavailable):
            await two.nodes.tip()


# --- a tip belongs to its endpoint --------------------------------------------------------------------------


async def test_read__endpoint_of_the_tip_dies__never_mixes_and_is_redone_elsewhere() -> None:
    async with several(2) as two:
        tip = await two.nodes.tip()
        await two.kill(0)

        said: list[type] = []
        while TipMoved not in said:  # first it fails, at most twice, then it rests
            with pytest.raises((NodeUnavailable, TipMoved)) as raised:
                await reads(two.nodes, tip)
            said.append(raised.type)
        assert said[:-1] in ([NodeUnavailable], [NodeUnavailable] * 2)
        assert two.asked(CALL) == [0, 0]

        assert await reads(two.nodes, await two.nodes.tip()) == 1


async def test_read__one_hiccup__stays_at_the_endpoint() -> None:
    async with several(2) as two:
        tip = await two.nodes.tip()
        answer = two.scripts[0].replies[CALL]
        two.scripts[0][CALL] = DOWN
        with pytest.raises(NodeUnavailable):
            await reads(two.nodes, tip)
        two.scripts[0][CALL] = answer

        assert await reads(two.nodes, tip) == 0


async def test_read__tip_that_nobody_gave__has_moved() -> None:
    async with several(2) as two:
        await two.nodes.tip()

        with pytest.raises(TipMoved):
            await reads(two.nodes, Tip(100, "ee" * 32, 1_790_000_000))
        assert two.asked(CALL) == [0, 0]


async def test_read__older_tip_of_another_leader__goes_to_its_own_endpoint() -> None:
    async with several(2) as two:
        old = await two.nodes.tip()
        stands_at(two.scripts[1], 103)
        new = await two.nodes.tip()

        assert [await reads(two.nodes, tip) for tip in (old, new, old)] == [0, 1, 0]


async def test_read__tip_of_long_ago__is_forgotten() -> None:
    async with several(2) as two:
        first = await two.nodes.tip()
        for height in range(101, 166):
            for script in two.scripts:
                stands_at(script, height)
            last = await two.nodes.tip()

        with pytest.raises(TipMoved):
            await reads(two.nodes, first)
        assert await reads(two.nodes, last) == 0


async def test_read__single_endpoint__takes_any_tip() -> None:
    async with several(1) as one:
        assert await reads(one.nodes, Tip(100, "ee" * 32, 1_790_000_000)) == 0


# --- a block cannot come from the future --------------------------------------------------------------------

BLOCK_TIME = 1_790_000_000 + 6 * 100
"""Of the block that all of these nodes stand at."""


async def test_tip__dated_two_hours_ahead_of_this_machine__is_taken() -> None:
    async with several(1, wall=lambda: BLOCK_TIME - 7_200.0) as one:
        assert (await one.nodes.tip()).height == 100


async def test_tip__dated_years_ahead_of_this_machine__is_a_fault_that_names_node_and_clock() -> None:
    async with several(1, wall=lambda: BLOCK_TIME - 4 * 366 * 86_400.0) as one:
        for _ in range(2):
            with pytest.raises(
                NodeUnavailable, match=r"127\.0\.0\.1:\d+ .*35,136 hours ahead.*timedatectl.*another node"
            ):
                await one.nodes.tip()

        [health] = one.nodes.health()
        assert health.resting_seconds > 0
        assert "35,136 hours ahead" in (health.last_error or "")


async def test_tip__one_of_two_dates_its_block_years_ahead__is_the_others() -> None:
    async with several(2, wall=lambda: BLOCK_TIME) as two:
        stands_at(two.scripts[1], 101)
        two.scripts[1]["/extended/v2/blocks/latest"] = {
            "height": 101,
            "index_block_hash": "0x" + block_id(101),
            "block_time": BLOCK_TIME + 10**8,
        }

        assert (await two.nodes.tip()).height == 100
