"""The section `alerts`: what it becomes, and what it refuses."""

import pytest

from keeper.core.records import Severity
from keeper.errors import BadSettings
from keeper.settings import load_settings
from tests.cli.kit import CONFIG


def load(folder, text, env=None):
    file = folder / "keeper.toml"
    file.write_text(CONFIG.format(folder=folder, plugins="[]") + text)
    return load_settings(file, env or {}).alerts


def test_section__absent__says_everything_everywhere(tmp_path):
    rule = load(tmp_path, "").rule()

    assert (rule.least, rule.cool_seconds, rule.settle_seconds, rule.runbook) == (
        Severity.INFO,
        3_600,
        300,
        "docs/runbook",
    )
    assert rule.wants("slack", Severity.INFO)


def test_section__channels_and_kinds__become_the_rule(tmp_path):
    text = '[alerts]\nmin_severity = "warning"\n[alerts.channels]\nslack = "info"\n[alerts.kinds]\nrebalanced = "off"\n'

    rule = load(tmp_path, text, {"KEEPER_ALERTS__CHANNELS__PAGER": "critical"}).rule()

    wanted = {
        name: [severity for severity in Severity if rule.wants(name, severity)]
        for name in ("slack", "discord", "pager")
    }
    assert wanted == {
        "slack": [Severity.INFO, Severity.WARNING, Severity.CRITICAL],
        "discord": [Severity.WARNING, Severity.CRITICAL],
        "pager": [Severity.CRITICAL],
    }
    assert rule.kinds == {"rebalanced": "off"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[alerts.kinds]\nrebalance = "off"\n', ("alerts.kinds", "'rebalance' is none", "rebalanced")),
        ('[alerts.kinds]\nhalted = "off"\n', ("alerts.kinds", "'halted' on", "give it another severity")),
        ('[alerts.channels]\nslack = "loud"\n', ("alerts.channels.slack", "'critical'")),
        ("[alerts]\ncool_seconds = 0\n", ("alerts.cool_seconds", "at least 60")),
        ('[alerts]\nmin_severty = "info"\n', ("alerts.min_severty", "min_severity")),
    ],
    ids=["unknown kind", "critical off", "unknown severity", "no cooling", "typo"],
)
def test_section__mistake__is_refused_in_one_sentence_that_names_it(tmp_path, text, words):
    with pytest.raises(BadSettings) as caught:
        load(tmp_path, text)

    assert all(word in str(caught.value) for word in words), str(caught.value)
