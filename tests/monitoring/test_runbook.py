"""Every alert, every stop and every rule has its page, and every page belongs to one of them."""

import ast
import re

import yaml

from keeper.core import alerting
from keeper.core.alert_kinds import KINDS, halt_page, page_of
from keeper.core.records import Alert, Severity
from keeper.core.units import Seconds
from keeper.errors import Halt, Refused
from tests.house.code import ROOT

RUNBOOK = ROOT / "docs/runbook"
SECTIONS = ["## Meaning", "## What the keeper does", "## What to do", "## How to see that it is over"]
PAGES = {path.stem: path.read_text() for path in RUNBOOK.glob("*.md") if path.name != "README.md"}


def subclasses(error):
    return {error, *(found for child in error.__subclasses__() for found in subclasses(child))}


HALTS = {found.__name__ for found in subclasses(Halt)} - {"Halt"}


def kinds_made():
    """Return the kinds that core/alerting.py makes, read off its keys, with the severity written beside each."""
    found = {}
    for node in ast.walk(ast.parse((ROOT / "keeper/core/alerting.py").read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Alert":
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            key = given["key"].values[0] if isinstance(given["key"], ast.JoinedStr) else given["key"]
            severity = given["severity"]
            found[key.value.partition(":")[0]] = severity.attr.lower() if isinstance(severity, ast.Attribute) else None
    return found


def rules():
    groups = yaml.safe_load((ROOT / "monitoring/alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_kinds__all_that_are_made__are_known_and_as_severe_as_they_say():
    made = kinds_made()

    assert set(made) == set(KINDS) - {"test"}
    assert {kind: s for kind, s in made.items() if s is not None and s != KINDS[kind].severity} == {}


def test_pages__each_kind_stop_and_rule__has_one_and_no_other_is_there():
    kinds = set(KINDS) - {"halted"}
    halts = {halt_page(name) for name in HALTS}
    told = {rule["annotations"]["runbook_url"].removeprefix("docs/runbook/").removesuffix(".md") for rule in rules()}

    assert set(PAGES) == kinds | halts | told


def test_pages__each__has_its_sections_in_order_and_none_is_empty():
    odd = {}
    for name, text in PAGES.items():
        parts = re.split(r"^(## .*)$", text, flags=re.MULTILINE)
        if parts[1::2] != SECTIONS or not all(len(body.strip()) > 5 for body in parts[2::2]):
            odd[name] = parts[1::2]

    assert odd == {}


def test_pages__each__is_in_the_list():
    listed = re.findall(r"^\| \[([\w-]+)\]\(([\w-]+)\.md\)", (RUNBOOK / "README.md").read_text(), re.MULTILINE)

    assert listed == [(name, name) for name in sorted(PAGES)]


def test_page__of_a_refusal__names_every_reason_once_and_each_has_a_remedy():
    reasons = {found.__name__ for found in subclasses(Refused)} - {"Refused"}
    listed = re.findall(r"^\| `(\w+)` \|", PAGES["refused"], re.MULTILINE)

    assert sorted(listed) == sorted(reasons)
    assert set(alerting.REMEDIES) == reasons


def test_page_of__alert__is_a_file():
    halted = alerting.halted("LedgerMismatch", "why", Seconds(1))
    plain = Alert("low-balance:ST1", Severity.INFO, "", "", "", "", Seconds(1))

    assert [page_of(halted), page_of(plain)] == ["halted-ledger-mismatch", "low-balance"]
    assert {page_of(halted), page_of(plain)} <= set(PAGES)


def test_refused__every_reason__is_told_once():
    reasons = re.findall(r"^\| `(\w+)` \|", PAGES["refused"], re.MULTILINE)

    assert len(reasons) > 10
    assert sorted(set(reasons)) == sorted(reasons)
