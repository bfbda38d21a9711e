import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from keeper import hookspecs
from keeper.errors import PluginBroken
from keeper.registry import installed, load
from keeper.testing import build
from keeper.testing.fakes import ManualClock
from keeper.toolbox import Toolbox

ROOT = Path(__file__).parents[1]
OURS = ("alex", "coingecko", "discord", "pyth", "slack", "velar")
HEAD = "from keeper.hookspecs import hookimpl\nfrom keeper.testing.fakes import FakeDex, FakeNotifier\n"
Install = Callable[..., None]


@pytest.fixture
async def toolbox() -> Any:
    async with aiohttp.ClientSession() as session:
        yield build.toolbox(session, ManualClock())


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a distribution the way pip would: a module and its metadata on the path."""
    monkeypatch.syspath_prepend(tmp_path)

    def put(name: str, body: str, *, module: str | None = None) -> None:
        module = module or f"stranger_{name}_{tmp_path.name}"
        (tmp_path / f"{module}.py").write_text(HEAD + body)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{hookspecs.ENTRY_POINT_GROUP}]\n{name} = {module}\n")

    return put


def test_installed__names_the_plugins_of_this_repository() -> None:
    assert set(OURS) <= set(installed())


def test_load__our_venues__come_in_configured_order(toolbox: Toolbox) -> None:
    registry = load(["velar", "alex"], toolbox)

    assert [dex.name for dex in registry.dexes] == ["velar", "alex"]


def test_load__names_listed__only_those_are_loaded(toolbox: Toolbox, install: Install) -> None:
    install("bomb", "raise RuntimeError('must not be imported')\n")

    registry = load(["alex"], toolbox)

    assert [dex.name for dex in registry.dexes] == ["alex"]


def test_load__empty_list__loads_nothing(toolbox: Toolbox) -> None:
    registry = load([], toolbox)

    assert (registry.dexes, registry.price_sources, registry.notifiers) == ((), (), ())


def test_load__no_list__loads_all_installed(toolbox: Toolbox, install: Install) -> None:
    install("quiet", "@hookimpl\ndef keeper_dexes(toolbox): return [FakeDex(pools={}, name='quiet')]\n")

    registry = load(None, toolbox)

    assert {"alex", "velar", "quiet"} <= {dex.name for dex in registry.dexes}


def test_load__a_strangers_plugin__is_found_by_its_entry_point(toolbox: Toolbox, install: Install) -> None:
    install("pager", "@hookimpl\ndef keeper_notifiers(): return (FakeNotifier(name='pager') for _ in range(1))\n")

    registry = load(["pager"], toolbox)

    assert [notifier.name for notifier in registry.notifiers] == ["pager"]


def test_load__name_not_installed__is_broken_with_its_name_and_a_remedy(toolbox: Toolbox) -> None:
    with pytest.raises(PluginBroken, match=r"'bitflow' is not installed .*alex.*; install its package"):
        load(["alex", "bitflow"], toolbox)


def test_load__misspelt_hook__is_broken_not_silent(toolbox: Toolbox, install: Install) -> None:
    install("typo", "@hookimpl\ndef keeper_dexs(toolbox): return []\n")

    with pytest.raises(PluginBroken, match=r"'typo' could not be loaded.*keeper_dexs"):
        load(["typo"], toolbox)


def test_load__hook_with_an_unknown_argument__is_broken(toolbox: Toolbox, install: Install) -> None:
    install("greedy", "@hookimpl\ndef keeper_dexes(toolbox, store): return []\n")

    with pytest.raises(PluginBroken, match=r"'greedy' could not be loaded"):
        load(["greedy"], toolbox)


@pytest.mark.parametrize("body", ["import no_such_module\n", "raise SystemExit(3)\n", "def broken(:\n"])
def test_load__plugin_that_cannot_be_imported__is_broken(toolbox: Toolbox, install: Install, body: str) -> None:
    install("torn", body)

    with pytest.raises(PluginBroken, match="'torn' could not be loaded"):
        load(["torn"], toolbox)


@pytest.mark.parametrize("raised", ["ValueError('no')", "SystemExit(1)", "KeyError('x')"])
def test_load__plugin_raising_at_start__is_broken_with_its_name(
    toolbox: Toolbox, install: Install, raised: str
) -> None:
    install("shy", f"@hookimpl\ndef keeper_price_sources(toolbox): raise {raised}\n")

    with pytest.raises(PluginBroken, match="'shy' failed in keeper_price_sources"):
        load(["alex", "shy"], toolbox)


@pytest.mark.parametrize(
    "returned",
    ["[object()]", "[FakeNotifier()]", "[FakeDex(pools={}, name='')]", "[FakeDex(pools={}, name=None)]", "5"],
)
def test_load__something_that_is_no_venue__is_broken(toolbox: Toolbox, install: Install, returned: str) -> None:
    install("odd", f"@hookimpl\ndef keeper_dexes(toolbox): return {returned}\n")

    with pytest.raises(PluginBroken, match="'odd'"):
        load(["odd"], toolbox)


def test_load__same_adapter_name_twice__is_broken_and_names_both(toolbox: Toolbox, install: Install) -> None:
    install("copycat", "@hookimpl\ndef keeper_dexes(toolbox): return [FakeDex(pools={}, name='alex')]\n")

    with pytest.raises(PluginBroken, match="'alex' and 'copycat'"):
        load(["alex", "copycat"], toolbox)


def test_load__two_packages_with_one_plugin_name__is_broken(toolbox: Toolbox, install: Install) -> None:
    install("twin", "", module="twin_one")
    install("twin", "", module="twin_two")

    with pytest.raises(PluginBroken, match="twin_one and twin_two"):
        load(["twin"], toolbox)


async def test_load__bad_settings__are_named_and_never_quoted() -> None:
    async with aiohttp.ClientSession() as session:
        settings = {"alex": {"pools": [{"x": "hunter2", "y": "hunter2"}], "surplus": "hunter2"}}
        with pytest.raises(PluginBroken) as caught:
            load(["alex"], build.toolbox(session, ManualClock(), settings=settings))

    assert "pools.0.x" in str(caught.value)
    assert "surplus" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_every_hook__is_in_the_plugin_guide__with_its_arguments() -> None:
    guide = (ROOT / "docs/plugins.md").read_text()
    hooks = [hook for name, hook in vars(hookspecs).items() if name.startswith("keeper_")]

    assert hooks
    for hook in hooks:
        heading = f"\n## {hook.__name__}({', '.join(inspect.signature(hook).parameters)})\n"
        assert heading in guide, f"docs/plugins.md needs the heading {heading.strip()!r}"
