"""`keeper check` asks the chain whether a venue's adapter contract is admitted."""

import pytest

from keeper.chain.clarity import principal
from keeper.chain.contracts import PoolContracts
from keeper.doctor import Unwell, admitted, left_out
from keeper.errors import NodeUnavailable
from keeper.registry import Broken
from keeper.testing import build
from keeper.testing.fakes import FakeDex, FakePool, ScriptedReader

POOLS = {"1": FakePool("STX", "ALEX", 10**12, 5 * 10**14)}
CONTRACTS = PoolContracts(build.DEPLOYER)
ADAPTER = f"{build.DEPLOYER}.fake-adapter"


def chain(code):
    def get_adapter(who):
        assert who == principal(ADAPTER)
        return code

    return ScriptedReader({(f"{build.DEPLOYER}.pool-portfolios", "get-adapter"): get_adapter})


async def test_admitted__code_hash_on_chain__names_the_adapter():
    words = await admitted(FakeDex(POOLS), chain(b"\x01" * 32), CONTRACTS, build.tip())

    assert words == f"2 routes; admitted: {ADAPTER}"


@pytest.mark.parametrize("code", [None, b"", b"\x01" * 31, True, 5], ids=repr)
async def test_admitted__no_code_hash__is_unwell_with_a_remedy(code):
    with pytest.raises(Unwell, match=f"not admitted {ADAPTER}") as caught:
        await admitted(FakeDex(POOLS), chain(code), CONTRACTS, build.tip())

    assert "admit-adapter" in caught.value.remedy


async def test_admitted__venue_without_pools__is_no_fault():
    assert "no pools" in await admitted(FakeDex({}), ScriptedReader(), CONTRACTS, build.tip())


async def test_admitted__node_is_silent__says_so_and_nothing_of_the_adapter():
    with pytest.raises(NodeUnavailable):
        await admitted(FakeDex(POOLS), ScriptedReader(outages=1), CONTRACTS, build.tip())


async def test_admitted__silent_venue_that_is_not_admitted__names_both():
    with pytest.raises(Unwell, match=f"not admitted {ADAPTER}.*; and ") as caught:
        await admitted(FakeDex(POOLS, outages=1), chain(None), CONTRACTS, build.tip())

    assert "admit-adapter" in caught.value.remedy


async def test_admitted__silent_venue_that_is_admitted__is_unwell_for_its_silence_alone():
    with pytest.raises(Unwell) as caught:
        await admitted(FakeDex(POOLS, outages=1), chain(b"\x01" * 32), CONTRACTS, build.tip())

    assert "admit" not in str(caught.value) + caught.value.remedy


def test_left_out__plugin__is_a_finding_with_its_remedy():
    finding = left_out(Broken("torn", "plugin 'torn' could not be loaded"))

    assert (finding.name, finding.ok) == ("plugin torn", False)
    assert "[plugin.torn]" in (finding.remedy or "")
