"""The rules and the dashboard name nothing but what the keeper shows. promtool has the last word where it is found."""

import json
import re
import shutil
import subprocess

import yaml

from keeper.telemetry.document import metrics_markdown
from keeper.telemetry.metrics import Metrics
from tests.house.code import ROOT

RULES = ROOT / "monitoring/alerts.yml"
TESTS = ROOT / "monitoring/alerts_test.yml"
BOARD = ROOT / "monitoring/grafana.json"
NAME = re.compile(r"\bkeeper_[a-z0-9_]+")
MATCHED = re.compile(r"\b(keeper_[a-z0-9_]+)\{([^}]*)\}")
LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
FROM_OUTSIDE = {"instance", "job"}
"""Labels that Prometheus adds."""
DURATION = re.compile(r"([0-9]+(ms|[smhdwy]))+")
RULE_KEYS = {"alert", "expr", "for", "labels", "annotations"}
SEVERITIES = {"info", "warning", "critical"}


def series():
    """Return the names of all series that the keeper can show, each with its labels."""
    found = {}
    for family in Metrics().families.made:
        labels = set(family.labels)
        if family.kind == "histogram":
            found[f"{family.name}_bucket"] = labels | {"le"}
            found[f"{family.name}_count"] = labels
        else:
            found[family.name] = labels
    return found


def rules():
    return yaml.safe_load(RULES.read_text())["groups"][0]["rules"]


def panels():
    return [panel for panel in json.loads(BOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions():
    drawn = {f"panel {panel['title']}": [t["expr"] for t in panel["targets"]] for panel in panels()}
    return {**drawn, **{rule["alert"]: [rule["expr"]] for rule in rules()}}


def test_expressions__every_series__is_one_that_the_keeper_shows():
    known = series()
    unknown = {place: set(NAME.findall(e)) - set(known) for place, found in expressions().items() for e in found}

    assert {place: names for place, names in unknown.items() if names} == {}


def test_expressions__every_label__is_one_that_the_series_has():
    known = series()
    odd = [
        (place, name, label)
        for place, found in expressions().items()
        for expression in found
        for name, labels in MATCHED.findall(expression)
        for label in LABEL.findall(re.sub(r'"[^"]*"', "", labels))
        if label not in known[name] | FROM_OUTSIDE
    ]

    assert odd == []


def test_expressions__brackets_and_quotes__are_closed():
    odd = []
    for place, found in expressions().items():
        for expression in found:
            bare = re.sub(r'"[^"]*"', "", expression)
            if '"' in bare or any(bare.count(a) != bare.count(b) for a, b in ("()", "[]", "{}")):
                odd.append((place, expression))

    assert odd == []


def test_dashboard__every_series_of_the_keeper__is_drawn():
    drawn = {name for panel in panels() for target in panel["targets"] for name in NAME.findall(target["expr"])}
    families = {re.sub(r"_(bucket|count)$", "", name) for name in series()}

    assert families - {re.sub(r"_(bucket|count)$", "", name) for name in drawn} == set()


def test_dashboard__panels__have_numbers_of_their_own_and_do_not_overlap():
    board = json.loads(BOARD.read_text())
    places = [panel["gridPos"] for panel in board["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]

    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_rules__each__is_whole_and_says_where_its_page_is():
    odd = []
    for rule in rules():
        notes = rule["annotations"]
        whole = set(rule) == RULE_KEYS and set(rule["labels"]) == {"severity"} and DURATION.fullmatch(rule["for"])
        page = ROOT / notes.get("runbook_url", "")
        said = set(notes) == {"summary", "description", "runbook_url"} and page.is_file()
        if not whole or not said or rule["labels"]["severity"] not in SEVERITIES:
            odd.append(rule["alert"])

    assert odd == []
    assert len({rule["alert"] for rule in rules()}) == len(rules())


def test_rule_tests__each__names_a_rule_and_quotes_its_words():
    by_name = {rule["alert"]: rule for rule in rules()}
    checked = [one for case in yaml.safe_load(TESTS.read_text())["tests"] for one in case["alert_rule_test"]]

    assert {one["alertname"] for one in checked} == set(by_name)
    for one in checked:
        for expected in one.get("exp_alerts", ()):
            rule = by_name[one["alertname"]]
            assert expected["exp_labels"]["severity"] == rule["labels"]["severity"]
            assert expected["exp_annotations"]["runbook_url"] == rule["annotations"]["runbook_url"]


def test_promtool__where_it_is_installed__accepts_the_rules_and_their_tests():
    tool = shutil.which("promtool")
    commands = [] if tool is None else [["check", "rules", str(RULES)], ["test", "rules", str(TESTS)]]

    said = [subprocess.run([tool, *command], capture_output=True, text=True, check=False) for command in commands]

    assert [done.stdout + done.stderr for done in said if done.returncode != 0] == []


def test_page__table_of_metrics__is_what_the_keeper_shows():
    assert metrics_markdown() in (ROOT / "docs/monitoring.md").read_text()
