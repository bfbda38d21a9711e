"""The Python table of error codes equals the contracts' own constants."""

import re
from pathlib import Path

import pytest

from keeper.chain.reason_table import OURS
from keeper.chain.reasons import error_for, reason_for
from keeper.chain.venue_reasons import VENUES
from keeper.errors import (
    KeeperError,
    MarketRefused,
    PriceDisagreement,
    PriceJump,
    StalePrice,
    TooFewSources,
    Transient,
    UnknownContractError,
)

SOURCES = Path(__file__).parents[2] / "contracts" / "src"
CONSTANT = re.compile(r"((?:^;;[^\n]*\n)+)\(define-constant (ERR_\w+) \(err u(\d+)\)\)", re.MULTILINE)
ANY_ERROR = re.compile(r"\(define-constant \w+ \(err u\d+\)\)")

BEHIND = {"pool-desk": "whale-pool-vault", "pool-office": "whale-pool-vault"}
"""Contracts that only one other calls, and that share its codes: what they say, it passes on."""


def declared() -> list[tuple[str, str, int, str]]:
    found = []
    for path in sorted(SOURCES.glob("*.clar")):
        for comment, name, code in CONSTANT.findall(path.read_text(encoding="utf-8")):
            sentence = " ".join(line.lstrip("; ").strip() for line in comment.strip().split("\n"))
            found.append((BEHIND.get(path.stem, path.stem), name, int(code), sentence))
    return sorted(set(found))


def test_table__against_the_contract_sources__names_every_code_and_no_other() -> None:
    table = sorted((reason.contract, reason.name, reason.code, reason.sentence) for reason in OURS)

    assert table == declared()


def test_contract_sources__every_error_constant__has_a_sentence_above_it() -> None:
    texts = [path.read_text(encoding="utf-8") for path in SOURCES.glob("*.clar")]
    stated = sum(len(ANY_ERROR.findall(text)) for text in texts)

    assert stated == sum(len(CONSTANT.findall(text)) for text in texts)
    assert stated > 0


def test_table__our_codes__are_used_once_each() -> None:
    codes = [reason.code for reason in OURS]

    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("reason", OURS, ids=lambda reason: f"{reason.contract}-{reason.code}")
def test_own_code__from_its_own_contract__is_explained_by_its_sentence(reason) -> None:
    error = error_for(f"ST000000000000000000002AMW42H.{reason.contract}", reason.code)

    assert type(error) is reason.error
    assert reason.sentence in str(error)
    assert error.facts["code"] == reason.code
    assert not isinstance(error, Transient)  # a contract that says no will say no again


@pytest.mark.parametrize("reason", VENUES, ids=lambda reason: f"{reason.contract}-{reason.code}")
def test_venue_code__through_the_rebalancer__is_a_market_that_refused(reason) -> None:
    assert isinstance(error_for("pool-rebalancer", reason.code), MarketRefused)


def test_code_that_two_contracts_use__follows_the_contract_that_was_called() -> None:
    through_a_token, through_a_pool = reason_for("flow-token", 1000), reason_for("whale-pool-vault", 1000)

    assert through_a_token is not None
    assert through_a_pool is not None
    assert (through_a_token.contract, through_a_pool.contract) == ("flow-token", "amm-pool-v2-01")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1503, TooFewSources),
        (1509, StalePrice),
        (1510, PriceJump),
        (1511, TooFewSources),
        (1512, StalePrice),
        (1513, PriceDisagreement),
    ],
)
def test_oracle_code__no_agreed_price__is_the_price_error_it_names(code: int, error: type[KeeperError]) -> None:
    assert type(error_for("pool-oracle", code)) is error


def test_code_in_no_table__any_contract__stops_the_keeper() -> None:
    error = error_for("whale-pool-vault", 999_999)

    assert isinstance(error, UnknownContractError)
    assert error.facts == {"contract": "whale-pool-vault", "code": 999_999}
