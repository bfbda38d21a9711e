import json
import re
from pathlib import Path

import pytest

from keeper.core.units import Bps
from keeper.errors import BadSettings
from keeper.settings import CONFIG_ENV, PolicySettings, Settings, load_settings, settings_markdown
from keeper.settings.document import example

ROOT = Path(__file__).parents[2]
NO_ENV: dict[str, str] = {}
DEPLOYER = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
BASE = f"""
network = "testnet"
node_url = "http://127.0.0.1:20443"
deployer = "{DEPLOYER}"
signer_key_file = "keys/keeper"
plugins = ["alex", "slack"]

[plugin.slack]
webhook_url = "https://hooks.slack.com/services/T0/B0/verysecretpart"
channel = "#ops"

[[assets]]
symbol = "STX"
decimals = 6
contract = "stx"

[[assets]]
symbol = "ALEX"
decimals = 8
contract = "SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-alex"
token_name = "alex"

[[pools]]
pool_id = 1
name = "DeFi Whale Index"
share_token = "pool-share-1"
assets = ["STX", "ALEX"]
whales = {{ category = "defi" }}
"""
POOL = BASE[BASE.index("[[pools]]") :]


def write(folder: Path, text: str = BASE) -> Path:
    file = folder / "keeper.toml"
    file.write_text(text)
    return file


def refusal(folder: Path, text: str = BASE, env: dict[str, str] | None = None) -> str:
    with pytest.raises(BadSettings) as caught:
        load_settings(write(folder, text), env or {})
    return str(caught.value)


def test_load__valid_file__gives_frozen_settings(tmp_path):
    settings = load_settings(write(tmp_path), NO_ENV)

    assert settings.pools[0].whales.rule().category == "defi"
    assert settings.policy == PolicySettings()
    with pytest.raises(ValueError, match="frozen"):
        settings.web_port = 1


def test_load__config_named_by_environment__reads_that_file(tmp_path):
    settings = load_settings(None, {CONFIG_ENV: str(write(tmp_path))})

    assert settings.deployer == DEPLOYER


def test_load__setting_in_file_and_environment__environment_wins_and_keeps_its_neighbours(tmp_path):
    file = write(tmp_path, BASE + "\n[policy]\nmax_legs = 3\nmin_sources = 3\n")

    settings = load_settings(file, {"KEEPER_POLICY__MAX_LEGS": "4", "KEEPER_CYCLE_SECONDS": "5"})

    assert (settings.policy.max_legs, settings.policy.min_sources, settings.cycle_seconds) == (4, 3, 5)


def test_load__plugin_setting_in_environment__joins_the_section_of_the_file(tmp_path):
    settings = load_settings(write(tmp_path), {"KEEPER_PLUGIN__SLACK__BOT_TOKEN": "xoxb-1"})

    assert settings.plugin["slack"]["bot_token"] == "xoxb-1"  # noqa: S105 - made up
    assert settings.plugin["slack"]["channel"] == "#ops"


def test_load__everything_in_the_environment__needs_no_file(tmp_path):
    env = {
        "KEEPER_NETWORK": "testnet",
        "KEEPER_NODE_URL": "http://127.0.0.1:20443/",
        "KEEPER_DEPLOYER": DEPLOYER,
        "KEEPER_SIGNER_KEY_FILE": "/run/credentials/keeper/signer_key",
        "KEEPER_PLUGINS": '["alex"]',
        "KEEPER_ASSETS": '[{"symbol": "STX", "decimals": 6, "contract": "stx"}]',
    }

    settings = load_settings(None, env)

    assert settings.node_url == "http://127.0.0.1:20443"
    assert settings.plugins == ("alex",)
    assert settings.assets[0].symbol == "STX"


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        (
            {"KEEPER_POLICY__MAX_SLIPPAGE_BPS": "500"},
            "Setting policy.max_slippage_bps (KEEPER_POLICY__MAX_SLIPPAGE_BPS) is '500' but must be at most 200; lower it.",
        ),
        (
            {"KEEPER_CYCLE_SECONDS": "0"},
            "Setting cycle_seconds (KEEPER_CYCLE_SECONDS) is '0' but must be at least 1; raise it.",
        ),
        (
            {"KEEPER_WEB_PORT": "many"},
            "Setting web_port (KEEPER_WEB_PORT) is 'many' but must be a whole number; correct it.",
        ),
        (
            {"KEEPER_NETWORK": "mocknet"},
            "Setting network (KEEPER_NETWORK) is 'mocknet' but must be 'mainnet' or 'testnet'; choose one.",
        ),
        (
            {"KEEPER_POOLS": "nonsense"},
            "Setting pools (KEEPER_POOLS) is not valid JSON; quote it as JSON or use the TOML file.",
        ),
        (
            {"KEEPER_CYCLE_SECOND": "5"},
            "Setting cycle_second (KEEPER_CYCLE_SECOND) is unknown; did you mean KEEPER_CYCLE_SECONDS? Correct or remove it.",
        ),
        (
            {"KEEPER_WEB_PORT__X": "5"},
            "Setting web_port.x (KEEPER_WEB_PORT__X) is unknown; did you mean KEEPER_WEB_PORT? Correct or remove it.",
        ),
        (
            {"KEEPER_POLICY__MAX_SLIPAGE_BPS": "5"},
            "Setting policy.max_slipage_bps (KEEPER_POLICY__MAX_SLIPAGE_BPS) is unknown; did you mean max_slippage_bps? Correct or remove it.",
        ),
        (
            {"KEEPER_NETWORK": "mainnet"},
            "Setting deployer (KEEPER_DEPLOYER) does not belong to mainnet; use an address that starts with SP.",
        ),
        (
            {"KEEPER_FEES__FLOOR_USTX": "300000"},
            "Setting fees.floor_ustx (KEEPER_FEES__FLOOR_USTX) is above fees.max_fee_ustx (200000); lower it.",
        ),
    ],
)
def test_load__one_bad_environment_value__one_sentence_names_it_and_the_remedy(tmp_path, env, sentence):
    assert refusal(tmp_path, env=env) == sentence


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('assets = ["STX", "ALEX"]', 'assets = ["STX", "DIKO"]', "pools[0].assets (KEEPER_POOLS) names 'DIKO'"),
        ('assets = ["STX", "ALEX"]', 'assets = ["ALEX"]', "pools[0].assets (KEEPER_POOLS) lacks STX"),
        ('assets = ["STX", "ALEX"]', 'assets = ["STX", "STX"]', "pools[0].assets (KEEPER_POOLS) names an asset twice"),
        (
            'share_token = "pool-share-1"',
            'share_token = "SP1.x"',
            "pools[0].share_token (KEEPER_POOLS) must be a contract",
        ),
        ("pool_id = 1", "pool_id = 1\ntolerance_bps = 1000", "pools[0].tolerance_bps (KEEPER_POOLS) must be below"),
        ("pool_id = 1", "pool_id = 0", "pools[0].pool_id (KEEPER_POOLS) is 0 but must be at least 1"),
        ("pool_id = 1", "pool_idd = 1", "pools[0].pool_id (KEEPER_POOLS) is missing"),
        ("pool_id = 1", "pool_id = 1\ncolour = 2", "pools[0].colour (KEEPER_POOLS) is unknown"),
        ('category = "defi"', 'category = "defi", tops = 2', "pools[0].whales.tops (KEEPER_POOLS) is unknown; did you"),
        (POOL, POOL + POOL, "pools[1].pool_id (KEEPER_POOLS) is 1, which another pool has already"),
        ('token_name = "alex"', "", "assets[1].token_name (KEEPER_ASSETS) is needed for every token"),
        ('contract = "stx"', f'contract = "{DEPLOYER}.x"', "assets[0].contract (KEEPER_ASSETS) must be"),
        ('symbol = "ALEX"', 'symbol = "STX"', "assets[1].symbol (KEEPER_ASSETS) is 'STX', which another asset"),
        (
            f'deployer = "{DEPLOYER}"',
            'deployer = "0xabc"',
            "deployer (KEEPER_DEPLOYER) is '0xabc' but must be a Stacks",
        ),
        ('network = "testnet"', "", "network (KEEPER_NETWORK) is missing"),
        ("[plugin.slack]", "[plugn.slack]", "plugn (KEEPER_PLUGN) is unknown; did you mean plugin?"),
    ],
)
def test_load__one_bad_line_in_the_file__names_the_place(tmp_path, old, new, part):
    assert old in BASE

    said = refusal(tmp_path, BASE.replace(old, new))

    assert said.startswith(f"Setting {part}")
    assert re.fullmatch(r"[^\n]+[.;][^\n]+\.", said)


def test_load__file_missing_or_broken__says_which_file(tmp_path):
    with pytest.raises(BadSettings, match=r"names .*gone\.toml, which is not a file; create it"):
        load_settings(tmp_path / "gone.toml", NO_ENV)
    assert "which is not valid TOML" in refusal(tmp_path, "network = ")


def test_load__system_will_not_show_the_file__is_refused_with_its_reason(tmp_path):
    # As a folder that is closed to the keeper's user; no right keeps anything from root, a name that is too long does.
    with pytest.raises(BadSettings, match=r"cannot be read by user id \d+ \(File name too long\); change the rights"):
        load_settings(tmp_path / ("x" * 300), NO_ENV)


SECRET = "5c0ffee5c0ffee5c0ffee5c0ffee5c0ffee5c0ffee5c0ffee5c0ffee5c0ffee5"  # noqa: S105 - made up


@pytest.mark.parametrize(
    "env",
    [
        {"KEEPER_SIGNER_KEY_FILE": SECRET},
        {"KEEPER_PLUGIN__SLACK": SECRET},
        {"KEEPER_NODE_URL": f"https://user:{SECRET}@node.example"},
        {"KEEPER_NODE_URL": f"https://node.example/?key={SECRET}"},
        {"KEEPER_POLICY": SECRET},
        {"KEEPER_PLUGIN": f'["{SECRET}"]'},
    ],
)
def test_load__bad_value_that_may_be_a_secret__is_never_repeated(tmp_path, env):
    with pytest.raises(BadSettings) as caught:
        load_settings(write(tmp_path), env)

    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.facts)
    assert caught.value.__cause__ is None


def test_public__with_secrets_everywhere__stars_them_and_is_json_safe(tmp_path):
    env = {
        "KEEPER_NODE_API_KEY": "node-key-value",
        "KEEPER_SENTRY_DSN": "https://abc@sentry.example/1",
        "KEEPER_PLUGIN__PYTH__FEED": "https://feed.example/?auth=plugin-query-value",
        "KEEPER_PLUGIN__PYTH__API_KEY": "plugin-key-value",
    }
    settings = load_settings(write(tmp_path), env)

    shown = json.dumps(settings.public())

    for secret in ("node-key-value", "abc@", "plugin-query-value", "plugin-key-value", "verysecretpart"):
        assert secret not in shown
        assert secret not in f"{settings} {settings!r}"
        assert any(secret in told for told in settings.secrets())
    assert settings.public()["plugin"]["slack"]["channel"] == "#ops"


def test_asset_book__stx__is_booked_under_the_vaults_face(tmp_path):
    book = load_settings(write(tmp_path), NO_ENV).asset_book()

    assert book["STX"].principal == f"{DEPLOYER}.stx-token"
    assert book["STX"].is_stx
    assert book["ALEX"].token_name == "alex"  # noqa: S105 - a token's name


def test_whale_rule__win_rate_set__is_the_same_in_the_core(tmp_path):
    text = BASE.replace('category = "defi"', 'category = "meme", top = 2, min_win_rate_bps = 6000')

    rule = load_settings(write(tmp_path, text), NO_ENV).pools[0].whales.rule()

    assert (rule.top, rule.min_win_rate_bps) == (2, Bps(6_000))


def test_pool_rules__share_token__stands_under_the_deployer(tmp_path):
    (rule,) = load_settings(write(tmp_path), NO_ENV).pool_rules()

    assert rule.share == f"{DEPLOYER}.pool-share-1"
    assert (rule.symbols, rule.drift_threshold_bps, rule.tolerance_bps) == (("STX", "ALEX"), 1_000, 200)


def test_limits__each_one__is_the_setting_of_that_name(tmp_path):
    file = write(tmp_path, BASE + "\n[policy]\nmax_price_age_seconds = 77\n[fees]\nmax_fee_ustx = 88000\n")

    settings = load_settings(file, NO_ENV)
    limits = settings.limits()

    assert (limits.max_price_age, limits.max_fee_ustx) == (77, 88_000)
    for name in ("min_sources", "max_slippage_bps", "max_slice_bps", "max_legs", "dust_bps", "mandate_loss_bps"):
        assert getattr(limits, name) == getattr(settings.policy, name)


def test_settings_page__in_docs__is_what_the_settings_say():
    assert (ROOT / "docs/settings.md").read_text() == settings_markdown()


def test_settings_page__every_setting__has_a_sentence_and_its_environment_name():
    page = settings_markdown()

    for name, field in Settings.model_fields.items():
        assert field.description
        assert f"`KEEPER_{name.upper()}" in page
    for name in PolicySettings.model_fields:
        assert f"`KEEPER_POLICY__{name.upper()}`" in page


def test_settings_page__its_example__loads():
    assert Settings(**example()).pools[0].pool_id == 2


NODES = """
[[nodes]]
url = "https://node.example.com/"
requests_per_minute = 600

[[nodes]]
url = "http://10.0.0.2:20443"
api_url = "https://api.example.com"
api_key = "verysecretpart-of-the-second-node"
"""


def test_nodes__further_ones__stand_after_the_first(tmp_path):
    first = 'node_api_key = "first-key"\nnode_requests_per_minute = 900\n'

    settings = load_settings(write(tmp_path, first + BASE + NODES), NO_ENV)

    shown = [(node.url, node.api_url, node.requests_per_minute) for node in settings.every_node()]
    assert shown == [
        ("http://127.0.0.1:20443", None, 900),
        ("https://node.example.com", None, 600),
        ("http://10.0.0.2:20443", "https://api.example.com", None),
    ]
    keys = [node.api_key.get_secret_value() for node in settings.every_node() if node.api_key is not None]
    assert keys == ["first-key", "verysecretpart-of-the-second-node"]


def test_nodes__with_keys__are_secret_everywhere(tmp_path):
    settings = load_settings(write(tmp_path, BASE + NODES), NO_ENV)

    assert "verysecretpart-of-the-second-node" in settings.secrets()
    assert "verysecretpart" not in json.dumps(settings.public()["nodes"])
    assert "verysecretpart" not in repr(settings.nodes)


def test_nodes__from_the_environment__are_json(tmp_path):
    env = {"KEEPER_NODES": '[{"url": "https://api.hiro.so", "api_key": "k"}]'}

    assert [node.url for node in load_settings(write(tmp_path), env).nodes] == ["https://api.hiro.so"]


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ('[[nodes]]\nurl = "ftp://x"\n', "Setting nodes[0].url (KEEPER_NODES) must be an http or https address"),
        ('[[nodes]]\nurl = "http://me:verysecretpart@x"\n', "Setting nodes[0].url (KEEPER_NODES) must not carry"),
        ('[[nodes]]\nurl = "http://x"\nrequests_per_minute = 9\n', "nodes[0].requests_per_minute (KEEPER_NODES) must"),
        ('[[nodes]]\nurl = "http://x"\nkey = "verysecretpart"\n', "Setting nodes[0].key (KEEPER_NODES) is unknown"),
        ('[[nodes]]\nurl = "http://127.0.0.1:20443/"\n', "Setting nodes[0].url (KEEPER_NODES) is the address of"),
        ('[[nodes]]\napi_key = "verysecretpart"\n', "Setting nodes[0].url (KEEPER_NODES) is missing"),
    ],
)
def test_nodes__malformed__are_refused_without_showing_them(tmp_path, nodes, told):
    sentence = refusal(tmp_path, BASE + nodes)

    assert told in sentence
    assert "verysecretpart" not in sentence
