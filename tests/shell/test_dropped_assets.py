"""Assets that a pool's rule names no longer: nobody asks for their price, and the vault may still list them."""

from dataclasses import replace

from keeper.core.records import Outcome
from tests.shell.world import DIKO, RULE, open_world

WITHOUT_DIKO = replace(RULE, symbols=("STX", "ALEX"))


async def test_run__vault_lists_an_asset_of_which_nothing_is_left__proposes_for_the_others(tmp_path):
    async with open_world(tmp_path, pools=(WITHOUT_DIKO,)) as world:
        world.pool.holdings[DIKO.principal] = 0
        await world.follow({"STX": 3_000, "ALEX": 7_000})

        decision = await world.run()

    assert decision.outcome is Outcome.PROPOSED
    assert int(decision.facts["worth"]["moved_ustx"]) > 0
