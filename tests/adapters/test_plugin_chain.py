"""`keeper plugins check NAME --config FILE` asks the chain what governance has admitted of a venue's contracts."""

import json

from typer.testing import CliRunner

from keeper.chain import clarity
from keeper.cli import app
from keeper.cli.plugin_chain import check_on_chain
from keeper.testing.build import DEPLOYER
from tests.adapters.price_kit import Node, settings_at

YES, NO = map(clarity.bool_, (True, False))
PAUSED = {"is-paused": YES, "is-blocklisted-or-default": NO}


async def found(plugin, remote, folder, **results):
    remote.answer = Node({name.replace("_", "-"): value for name, value in results.items()}).handle
    return await check_on_chain(plugin, settings_at(remote.root, folder))


async def test_check__adapter_is_not_admitted__is_named_with_the_remedy_even_while_the_venue_is_paused(
    remote, tmp_path
):
    [finding] = await found("alex", remote, tmp_path, **PAUSED, get_adapter=clarity.none())

    assert (finding.name, finding.ok) == ("venue alex", False)
    assert f"not admitted {DEPLOYER}.alex-adapter" in finding.detail
    assert "ALEX is paused" in finding.detail
    assert "admit-adapter" in finding.remedy


async def test_check__adapter_is_admitted__says_what_else_is_wrong(remote, tmp_path):
    code = clarity.some(clarity.buffer(b"\x01" * 32))
    [finding] = await found("alex", remote, tmp_path, **PAUSED, get_adapter=code)

    assert (finding.ok, "admit" in finding.detail) == (False, False)


async def test_check__plugin_without_venues__has_nothing_to_ask(remote, tmp_path):
    assert await found("coingecko", remote, tmp_path) == []


async def test_check__node_is_dead__is_a_finding_with_a_remedy(tmp_path, unused_tcp_port):
    [finding] = await check_on_chain("alex", settings_at(f"http://127.0.0.1:{unused_tcp_port}", tmp_path))

    assert (finding.ok, bool(finding.remedy)) == (False, True)


def test_check__command_line_with_settings__asks_the_chain_besides_the_kit(tmp_path, unused_tcp_port):
    settings_at(f"http://127.0.0.1:{unused_tcp_port}", tmp_path)

    done = CliRunner().invoke(app, ["plugins", "check", "alex", "--config", str(tmp_path / "keeper.toml"), "--json"])

    findings = {row["name"]: row for row in json.loads(done.stdout)["findings"]}
    assert done.exit_code == 1
    assert (findings["hooks"]["ok"], findings["on chain"]["ok"]) == (True, False)
    assert findings["on chain"]["remedy"]
