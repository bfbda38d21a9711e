import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from keeper import hookspecs
from keeper.errors import PluginBroken
from keeper.registry import describe, installed, load
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


def left_out(name: str, toolbox: Toolbox, **options: Any) -> str:
    """Load `name` beside a plugin that works; return why it was left out, and see that the other one was not."""
    counted: list[tuple[str, str]] = []
    registry = load([name, "alex"], toolbox, count=lambda *failure: counted.append(failure), **options)

    assert [dex.name for dex in registry.dexes] == ["alex"]
    assert (registry.price_sources, registry.notifiers, registry.whale_sources) == ((), (), ())
    assert counted == [(name, "start")]
    [broken] = registry.broken
    assert broken.plugin == name
    return broken.why


def test_load__name_not_installed__is_left_out_with_its_name_and_a_remedy(toolbox: Toolbox) -> None:
    why = left_out("nosuch", toolbox)

    assert re.search(r"'nosuch' is not installed .*alex.*; install its package", why)


def test_load__misspelt_hook__is_left_out_not_silent(toolbox: Toolbox, install: Install) -> None:
    install("typo", "@hookimpl\ndef keeper_dexs(toolbox): return []\n")

    assert re.search(r"'typo' could not be loaded.*keeper_dexs.*keeper plugins check typo", left_out("typo", toolbox))


def test_load__hook_with_an_unknown_argument__is_left_out(toolbox: Toolbox, install: Install) -> None:
    install("greedy", "@hookimpl\ndef keeper_dexes(toolbox, store): return []\n")

    assert "'greedy' could not be loaded" in left_out("greedy", toolbox)


HANG = "import threading\n"
FOR_EVER = "threading.Event().wait(60)"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (f"{HANG}{FOR_EVER}\n", "could not be loaded"),
        (f"{HANG}@hookimpl\ndef keeper_dexes(toolbox): {FOR_EVER}\n", "failed in keeper_dexes"),
        (f"{HANG}@hookimpl\ndef keeper_dexes(toolbox):\n    yield {FOR_EVER}\n", "failed in keeper_dexes"),
    ],
    ids=["import", "hook", "generator"],
)
def test_load__plugin_that_hangs__is_left_out_in_time(
    toolbox: Toolbox, install: Install, body: str, where: str
) -> None:
    install("sloth", body)

    why = left_out("sloth", toolbox, seconds=0.5)

    assert f"'sloth' {where}: it did not finish within 0.5 s" in why


def test_load__endless_adapters__are_left_out(toolbox: Toolbox, install: Install) -> None:
    install("spring", "@hookimpl\ndef keeper_notifiers():\n    while True: yield FakeNotifier(name='spring')\n")

    assert "more than 64 adapters" in left_out("spring", toolbox)


def test_load__one_of_two_hooks_fails__nothing_of_the_plugin_is_used(toolbox: Toolbox, install: Install) -> None:
    body = "@hookimpl\ndef keeper_dexes(): return [FakeDex(pools={}, name='half')]\n"
    install("half", body + "@hookimpl\ndef keeper_notifiers(): raise KeyError('x')\n")

    why = left_out("half", toolbox)
    assert "failed in keeper_notifiers: KeyError" in why
    assert "correct its section [plugin.half]" in why


def test_load__error_that_quotes_a_setting__is_named_without_it(toolbox: Toolbox, install: Install) -> None:
    install("leak", "@hookimpl\ndef keeper_dexes(toolbox): raise ValueError('https://hooks/hunter2')\n")

    assert "hunter2" not in left_out("leak", toolbox)


def test_load__every_plugin_broken__is_a_halt_that_names_them(toolbox: Toolbox, install: Install) -> None:
    install("torn", "import no_such_module\n")

    with pytest.raises(PluginBroken, match=r"'torn' could not be loaded.*'nosuch' is not installed"):
        load(["torn", "nosuch"], toolbox)


def test_load__whale_sources__come_from_their_hook(toolbox: Toolbox, install: Install) -> None:
    body = "class Feed:\n    name = 'pod'\n    async def whales(self, category): return []\n"
    install("pod", body + "@hookimpl\ndef keeper_whale_sources(): return [Feed()]\n")

    assert [feed.name for feed in load(["pod"], toolbox).whale_sources] == ["pod"]


def test_describe__installed_plugin__says_whose_it_is_and_its_hooks() -> None:
    found = describe("alex")

    assert (found.distribution, found.module, found.hooks, found.trouble) == (
        "whale-keeper-alex",
        "keeper_alex",
        ("keeper_dexes",),
        "",
    )


def test_describe__plugin_that_cannot_be_imported__says_why(install: Install) -> None:
    install("torn", "import no_such_module\n")

    assert "no_such_module" in describe("torn").trouble


@pytest.mark.parametrize("body", ["import no_such_module\n", "raise SystemExit(3)\n", "def broken(:\n"])
def test_load__plugin_that_cannot_be_imported__is_left_out(toolbox: Toolbox, install: Install, body: str) -> None:
    install("torn", body)

    assert "'torn' could not be loaded" in left_out("torn", toolbox)


@pytest.mark.parametrize("raised", ["ValueError('no')", "SystemExit(1)", "KeyError('x')", "KeyboardInterrupt"])
def test_load__plugin_raising_at_start__is_left_out_with_its_name(
    toolbox: Toolbox, install: Install, raised: str
) -> None:
    install("shy", f"@hookimpl\ndef keeper_price_sources(toolbox): raise {raised}\n")

    assert "'shy' failed in keeper_price_sources" in left_out("shy", toolbox)


@pytest.mark.parametrize(
    "returned",
    [
        "[object()]",
        "[FakeNotifier()]",
        "[FakeDex(pools={}, name='')]",
        "[FakeDex(pools={}, name='No Name')]",
        "[FakeDex(pools={}, name=None)]",
        "5",
    ],
)
def test_load__something_that_is_no_venue__is_left_out(toolbox: Toolbox, install: Install, returned: str) -> None:
    install("odd", f"@hookimpl\ndef keeper_dexes(toolbox): return {returned}\n")

    assert "'odd' failed in keeper_dexes" in left_out("odd", toolbox)


def test_load__same_adapter_name_twice__leaves_out_the_later_and_names_both(toolbox: Toolbox, install: Install) -> None:
    install("copycat", "@hookimpl\ndef keeper_dexes(toolbox): return [FakeDex(pools={}, name='alex')]\n")

    registry = load(["alex", "copycat"], toolbox)

    assert [dex.name for dex in registry.dexes] == ["alex"]
    [broken] = registry.broken
    assert "'alex' and 'copycat'" in broken.why


def test_load__two_packages_with_one_plugin_name__is_left_out(toolbox: Toolbox, install: Install) -> None:
    install("twin", "", module="twin_one")
    install("twin", "", module="twin_two")

    assert "twin_one and twin_two" in left_out("twin", toolbox)


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
