import re
from dataclasses import replace
from pathlib import Path

import pytest

from keeper.chain import contracts
from keeper.chain.auth import SPONSOR_SENTINEL, HashMode
from keeper.chain.c32 import parse_principal
from keeper.chain.postconditions import Compare, FtSent, Mode, StxSent, parse_asset
from keeper.chain.transactions import Network, TransferPayload
from keeper.errors import BadSettings, SignerRefused
from keeper.signers.policy import read_policy
from keeper.testing.build import DEPLOYER
from tests.signers.kit import ORACLE, SIGNER, STRANGER, policy, transaction

ROOT = Path(__file__).parents[2]
OWN = parse_principal(SIGNER.address)
VAULT = parse_principal(f"{DEPLOYER}.whale-pool-vault")
TOKEN = parse_asset(f"{DEPLOYER}.token::token")


def broken_rule(made, rules=None):
    """Return the rule that a transaction breaks; None when it may be signed."""
    try:
        (rules or policy()).judge(made, SIGNER.public_key)
    except SignerRefused as exc:
        return exc.facts["rule"]
    return None


def transfer(amount, recipient=STRANGER.address):
    return replace(transaction(), payload=TransferPayload(parse_principal(recipient), amount))


def test_policy__named_call_within_bounds__is_signed():
    assert broken_rule(transaction(fee=5_000)) is None


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        (transaction(fee=5_001), "fee"),
        (transaction(function="post-prices"), "call"),
        (transaction(contract=f"{DEPLOYER}.pool-access"), "call"),
        (transaction(contract=ORACLE.replace(DEPLOYER, STRANGER.address)), "call"),
        (transaction(mode=Mode.ALLOW), "mode"),
        (transaction(network=Network.MAINNET), "network"),
        (transaction(chain_id=1), "network"),
        (transaction(signer=STRANGER), "origin"),
        (transaction(sponsor=SPONSOR_SENTINEL), "sponsor"),
        (transfer(1), "transfer"),
        (transaction(origin=replace(transaction().origin, hash_mode=HashMode.P2WPKH)), "origin"),
        (transaction(origin=replace(transaction().origin, signature=b"\x01" * 65)), "origin"),
    ],
)
def test_policy__anything_else__is_refused_by_name(made, rule):
    assert broken_rule(made) == rule


def test_policy__mode_left_out__is_refused():
    assert broken_rule(transaction(mode=Mode.ORIGINATOR), policy(modes=["deny"])) == "mode"
    assert broken_rule(transaction(mode=Mode.ORIGINATOR)) is None


def test_policy__listed_transfer__is_signed_up_to_its_bound_and_to_nobody_else():
    rules = policy(transfers=[{"recipient": STRANGER.address, "max_ustx": 10}])

    assert broken_rule(transfer(10), rules) is None
    assert broken_rule(transfer(11), rules) == "transfer"
    assert broken_rule(transfer(1, DEPLOYER), rules) == "transfer"


@pytest.mark.parametrize("who", [None, OWN])
@pytest.mark.parametrize("compare", [Compare.EQ, Compare.LE, Compare.LT])
def test_policy__own_stx_that_a_condition_lets_go__is_bounded(who, compare):
    made = transaction(conditions=(StxSent(who, compare, 6), StxSent(who, compare, 5)))

    assert broken_rule(made) == "own_assets"
    assert broken_rule(made, policy(max_own_ustx=10)) == "own_assets"
    assert broken_rule(made, policy(max_own_ustx=11)) is None


@pytest.mark.parametrize(
    "condition",
    [
        StxSent(None, Compare.GE, 0),
        StxSent(OWN, Compare.GT, 0),
        FtSent(None, TOKEN, Compare.LE, 1),
        FtSent(OWN, TOKEN, Compare.EQ, 1),
    ],
)
def test_policy__own_assets_without_a_bound_in_stx__are_refused_however_much_is_allowed(condition):
    assert broken_rule(transaction(conditions=(condition,)), policy(max_own_ustx=10**12)) == "own_assets"


def test_policy__conditions_on_others__are_not_its_business():
    assert broken_rule(transaction(conditions=(StxSent(VAULT, Compare.GE, 10**15),))) is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('network = "testnet"', "max_fee_ustx"),
        ('network = "moonnet"\nmax_fee_ustx = 1', "network"),
        ('network = "testnet"\nmax_fee_ustx = 1\nmodes = ["allow"]', "modes"),
        ('network = "testnet"\nmax_fee_ustx = 1\nmodes = []', "modes"),
        ('network = "testnet"\nmax_fee_ustx = 0', "max_fee_ustx"),
        ('network = "testnet"\nmax_fee_ustx = 1\nallow_all = true', "allow_all"),
        ('network = "testnet"\nmax_fee_ustx = 1\n[[allow]]\ncontract = "*"\nfunctions = ["a"]', "allow.0.contract"),
        (f'network = "testnet"\nmax_fee_ustx = 1\n[[allow]]\ncontract = "{DEPLOYER}"\nfunctions = ["a"]', "contract"),
        (f'network = "testnet"\nmax_fee_ustx = 1\n[[allow]]\ncontract = "{ORACLE}"\nfunctions = ["*"]', "functions"),
        (f'network = "testnet"\nmax_fee_ustx = 1\n[[allow]]\ncontract = "{ORACLE}"\nfunctions = []', "functions"),
        ("network = ", "TOML"),
    ],
)
def test_policy_file__what_is_wrong__is_named(tmp_path, text, named):
    (tmp_path / "policy.toml").write_text(text)

    with pytest.raises(BadSettings, match=named):
        read_policy(tmp_path / "policy.toml")


def test_policy_file__missing__is_named(tmp_path):
    with pytest.raises(BadSettings, match=r"policy\.toml: No such file"):
        read_policy(tmp_path / "policy.toml")


def documented():
    page = (ROOT / "docs/signers.md").read_text()
    [block] = [
        part.partition("```")[0] for part in page.split("```toml\n") if "max_fee_ustx" in part.partition("```")[0]
    ]
    return block


def test_policy_of_the_page__every_call_of_the_keeper__is_in_it(tmp_path):
    """All but the emergency pause, which the contracts do not take from the keeper's key."""
    (tmp_path / "policy.toml").write_text(documented())
    rules = read_policy(tmp_path / "policy.toml")
    source = Path(contracts.__file__).read_text()
    calls = re.findall(r'self\._call\((\w+), "([\w-]+)"', source)

    named = {(one.contract.partition(".")[2], function) for one in rules.allow for function in one.functions}
    made = {(getattr(contracts, contract), function) for contract, function in calls}
    assert len(made) > 5
    assert made - {("whale-pool-vault", "emergency-pause")} == named
