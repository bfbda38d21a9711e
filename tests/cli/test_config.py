"""`keeper config show | explain`."""

import json

import pytest

FAILED, PERSON_NEEDED = 1, 78


def settings_of(keeper, config, *more):
    status, out, err = keeper("config", "show", "-c", config, "--json", *more)
    assert status == 0, err
    return {row["name"]: row for row in json.loads(out)["settings"]}


def test_show__file_and_environment__says_where_each_value_comes_from(keeper, config, monkeypatch):
    monkeypatch.setenv("KEEPER_POLICY__MAX_LEGS", "4")
    monkeypatch.setenv("KEEPER_LOG_LEVEL", "debug")

    rows = settings_of(keeper, config)

    assert (rows["policy.max_legs"]["value"], rows["policy.max_legs"]["origin"]) == (4, "KEEPER_POLICY__MAX_LEGS")
    assert rows["log_level"]["origin"] == "KEEPER_LOG_LEVEL"
    assert rows["network"]["origin"] == rows["pools"]["origin"] == str(config)
    assert (rows["policy.max_slippage_bps"]["value"], rows["policy.max_slippage_bps"]["origin"]) == (150, "default")


def test_show__only_changes__leaves_the_defaults_out(keeper, config):
    assert set(settings_of(keeper, config, "--changed")) == {
        "network",
        "node_url",
        "deployer",
        "signer_key_file",
        "store_path",
        "plugins",
        "assets",
        "pools",
    }


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_show__secrets__are_stars(keeper, config, monkeypatch, more):
    monkeypatch.setenv("KEEPER_NODE_API_KEY", "hush-hush-key")
    monkeypatch.setenv("KEEPER_SENTRY_DSN", "https://hush-hush@sentry.example/1")
    monkeypatch.setenv("KEEPER_PLUGIN__SLACK__WEBHOOK_URL", "https://hooks.slack.com/services/hush-hush")

    status, out, err = keeper("config", "show", "-c", config, *more)

    assert status == 0
    assert "hush" not in out + err
    assert "KEEPER_NODE_API_KEY" in out


def test_show__settings_that_cannot_be_right__needs_a_person(keeper, config):
    config.write_text(config.read_text().replace('"testnet"', '"moon"'))

    assert keeper("config", "show", "-c", config)[0] == PERSON_NEEDED


def test_explain__nested_setting__gives_meaning_bounds_default_and_the_value_now(keeper, config, monkeypatch):
    monkeypatch.setenv("KEEPER_POLICY__MAX_LEGS", "4")

    body = json.loads(keeper("config", "explain", "policy.max_legs", "-c", config, "--json")[1])

    assert body["meaning"].startswith("Most swaps in one slice")
    assert (body["kind"], body["default"]) == ("whole number, at least 1, at most 10", "6")
    assert (body["now"], body["from"], body["environment"]) == (4, "KEEPER_POLICY__MAX_LEGS", "KEEPER_POLICY__MAX_LEGS")


@pytest.mark.parametrize("name", ["pools.cadence", "pools[0].cadence"])
def test_explain__setting_of_an_entry__is_found_with_and_without_its_number(keeper, config, name):
    body = json.loads(keeper("config", "explain", name, "-c", config, "--json")[1])

    assert (body["name"], body["default"], body["environment"]) == ("pools.cadence", "none", "KEEPER_POOLS")


def test_explain__a_section__names_its_parts(keeper, config):
    assert "schedule.analysis_seconds" in keeper("config", "explain", "schedule", "-c", config)[1]


def test_explain__without_settings__still_explains(keeper, tmp_path):
    status, out, _ = keeper("config", "explain", "network", "-c", tmp_path / "none.toml")

    assert (status, "not known" in out, "Stacks network" in out) == (0, True, True)


def test_explain__misspelt__names_the_nearest(keeper, config):
    status, _, err = keeper("config", "explain", "policy.max_slipage_bps", "-c", config)

    assert (status, "policy.max_slippage_bps" in err) == (FAILED, True)


@pytest.mark.parametrize("name", ["pools", "assets", "nodes", "whale_mappings"])
def test_explain__a_list_with_entries__shows_them(keeper, config, name):
    config.write_text(
        config.read_text() + '[[nodes]]\nurl = "https://node.example"\n'
        '[[whale_mappings]]\nname = "indexer"\nurl = "mongodb://db.example"\ndatabase = "w"\ncollection = "c"\n'
        'address = "a"\nholdings = "h"\nholdings_unit = "tokens"\nobserved_at = "t"\nfixed_category = "defi"\n'
    )

    status, out, err = keeper("config", "explain", name, "-c", config)

    [now] = [line for line in out.splitlines() if line.startswith("now ")]
    assert (status, err) == (0, "")
    assert isinstance(json.loads(now.removeprefix("now ").strip()), list)
    assert "db.example" not in out


def test_explain__entry_by_its_number__shows_the_value_in_it(keeper, config):
    there = json.loads(keeper("config", "explain", "pools[0].whales.category", "-c", config, "--json")[1])
    beyond = json.loads(keeper("config", "explain", "pools[1].cadence", "-c", config, "--json")[1])

    assert (there["now"], there["from"]) == ("defi", str(config))
    assert "now" not in beyond


def test_explain__setting_of_a_plugin__is_what_config_show_lists(keeper, config, monkeypatch):
    monkeypatch.setenv("KEEPER_PLUGIN__SLACK__WEBHOOK_URL", "https://hooks.slack.com/services/hush-hush")

    status, out, _ = keeper("config", "explain", "plugin.slack.webhook_url", "-c", config, "--json")
    body = json.loads(out)

    assert (status, "hush" in out) == (0, False)
    assert (body["name"], body["environment"], body["from"]) == (
        "plugin.slack.webhook_url",
        *["KEEPER_PLUGIN__SLACK__WEBHOOK_URL"] * 2,
    )
    assert "plugin" in body["meaning"]


@pytest.mark.parametrize(
    ("name", "said"), [("", "name a setting, such as"), ("plugin.", "there is no setting plugin.")]
)
def test_explain__no_name__says_what_one_looks_like(keeper, config, name, said):
    status, _, err = keeper("config", "explain", name, "-c", config)

    assert (status, said in err) == (FAILED, True)


@pytest.mark.parametrize("command", [("status",), ("check",), ("run",), ("config", "show")])
def test_commands__without_a_settings_file__say_so_and_how_to_get_one(keeper, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)

    status, out, err = keeper(*command)

    assert (status, out) == (PERSON_NEEDED, "")
    for part in ("no settings file was found", "--config", "KEEPER_CONFIG", "keeper init"):
        assert part in err
