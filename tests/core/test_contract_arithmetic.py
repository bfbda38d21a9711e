"""A venue's numbers refuse as its contract would, and say at which venue."""

import pytest

from keeper.core.contract_arithmetic import ContractArithmetic
from keeper.core.units import UINT128_MAX
from keeper.errors import MarketRefused

NUMBERS = ContractArithmetic("newdex", "NewDex")


@pytest.mark.parametrize("value", [0, 1, UINT128_MAX])
def test_uint__inside_128_bits__is_the_number(value):
    assert NUMBERS.uint(value) == value


@pytest.mark.parametrize(
    "act", [lambda: NUMBERS.uint(-1), lambda: NUMBERS.uint(UINT128_MAX + 1), lambda: NUMBERS.div(1, 0)]
)
def test_abort__names_the_venue_and_has_no_code(act):
    with pytest.raises(MarketRefused, match="the NewDex contract would abort") as caught:
        act()

    assert (caught.value.facts["venue"], caught.value.facts["panic"]) == ("newdex", True)
    assert "code" not in caught.value.facts


def test_div__rounds_down():
    assert NUMBERS.div(7, 2) == 3


def test_refuse__names_the_venue_and_the_contracts_code():
    with pytest.raises(MarketRefused, match=r"NewDex would answer \(err u201\): too little") as caught:
        NUMBERS.refuse(201, "too little")

    assert (caught.value.facts["venue"], caught.value.facts["code"]) == ("newdex", 201)
