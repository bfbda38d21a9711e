"""`keeper check` tells an absent pool, which is no fault, from a venue that is silent, which is one."""

from types import SimpleNamespace

import pytest

from keeper import doctor
from keeper.findings import Unwell
from tests.shell.world import RULE, open_world

ABSENT = {"velar:STX-WELSH": "it is switched off"}


async def test_check__pool_absent_from_a_venue__is_named_and_no_fault(tmp_path):
    async with open_world(tmp_path) as world:
        world.dexes[1].absent = ABSENT

        words = await doctor._pool(SimpleNamespace(observer=world.observer), RULE)  # noqa: SLF001 - one of its checks

        assert "velar:STX-WELSH is absent: it is switched off" in words


async def test_check__venue_is_silent_beside_an_absent_pool__only_the_venue_is_the_fault(tmp_path):
    async with open_world(tmp_path) as world:
        world.dexes[1].absent = ABSENT
        world.dexes[0].outages = 99

        with pytest.raises(Unwell, match=r"^alex: ") as caught:
            await doctor._pool(SimpleNamespace(observer=world.observer), RULE)  # noqa: SLF001 - one of its checks

        assert "WELSH" not in str(caught.value)
