"""The folder that plugin authors copy is loaded as it stands; its own tests and the kit run on what is generated of it."""

import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from keeper.errors import BadSettings
from keeper.registry import load
from keeper.testing import build
from keeper.testing.fakes import ManualClock

TEMPLATE = Path(__file__).parents[2] / "plugins" / "_template" / "venue"
CONTRACT = f"{build.DEPLOYER}.newdex-pool"
SETTINGS = {"newdex": {"pools": [{"contract": CONTRACT, "x": "STX", "y": "ALEX"}]}}


@pytest.fixture
def hook() -> Iterator[Any]:
    """The template's hook, imported the way an installed plugin is."""
    sys.path.insert(0, str(TEMPLATE))
    yield import_module("keeper_newdex").keeper_dexes
    sys.path.remove(str(TEMPLATE))


async def test_hook__no_pools__adds_no_venue(hook: Any, session: aiohttp.ClientSession, clock: ManualClock) -> None:
    assert list(hook(build.toolbox(session, clock))) == []


async def test_hook__unknown_asset__is_refused_by_name(
    hook: Any, session: aiohttp.ClientSession, clock: ManualClock
) -> None:
    pools = [{"contract": CONTRACT, "x": "STX", "y": "LEO"}]

    with pytest.raises(BadSettings, match="LEO"):
        hook(build.toolbox(session, clock, settings={"newdex": {"pools": pools}}))


async def test_template__installed__is_loaded_by_its_entry_point(
    session: aiohttp.ClientSession, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "whale_keeper_newdex-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: whale-keeper-newdex\nVersion: 0.1.0\n")
    ((group, points),) = tomllib.loads((TEMPLATE / "pyproject.toml").read_text())["project"]["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {module}" for name, module in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(TEMPLATE)
    monkeypatch.syspath_prepend(tmp_path)

    registry = load(["alex", "newdex"], build.toolbox(session, clock, settings=SETTINGS))

    assert [venue.name for venue in registry.dexes] == ["alex", "newdex"]
