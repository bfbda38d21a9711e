"""A plugin from outside this tree, built as a wheel and installed into an environment of its own, is found and used."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from keeper.cli.plugin_new import TEMPLATES, make

USE = """
import asyncio, aiohttp
from keeper.registry import describe, load
from keeper.testing import build
from keeper.testing.fakes import ManualClock, ScriptedReader

CONTRACT = f"{build.DEPLOYER}.acme-pool"
POOL = {"reserve-x": 10**12, "reserve-y": 5 * 10**14, "fee-bps": 30}

async def main():
    async with aiohttp.ClientSession() as session:
        settings = {"acme": {"pools": [{"contract": CONTRACT, "x": "STX", "y": "ALEX"}]}}
        registry = load(["alex", "acme"], build.toolbox(session, ManualClock(), settings=settings))
        view = await registry.dexes[1].market(ScriptedReader({(CONTRACT, "get-pool"): POOL}), build.tip())
        fill = view.between("STX", "ALEX")[0].quote(view.books, 10**10)
        import keeper_acme
        found = describe("acme")
        print(found.distribution, found.version, keeper_acme.__file__, fill.amount_out, registry.broken)

asyncio.run(main())
"""


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
ROOT = Path(__file__).parents[2]


def built(source, wheels):
    """Build a wheel without the network and return it."""
    build = ("wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", wheels, ".")
    run(*PIP, *build, cwd=source)
    [wheel] = wheels.glob("*.whl")
    return wheel


def installed(wheel, folder):
    """Install a wheel into a new environment, which has this one's libraries behind it; return its Python and packages."""
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv/bin/python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    behind = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    Path(f"{site}/behind.pth").write_text(behind)
    run(*PIP, "--python", python, "install", "--no-index", "--no-deps", "--ignore-installed", wheel, cwd=folder)
    return python, site


def test_wheel__of_a_strangers_venue__is_found_by_its_entry_point_and_quotes(tmp_path):
    make("acme", "venue", tmp_path / "source")
    python, site = installed(built(tmp_path / "source", tmp_path / "wheels"), tmp_path)

    said = run(python, "-c", USE, cwd=tmp_path).split()

    assert said[:2] == ["whale-keeper-acme", "0.1.0"]
    assert said[2].startswith(site)
    assert said[3:] == [str(5 * 10**14 * 9_970_000_000 // (10**12 + 9_970_000_000)), "()"]


def test_wheel__of_the_keeper__makes_a_plugin_of_each_kind_from_the_template_it_brings(tmp_path):
    python, site = installed(built(ROOT, tmp_path / "wheels"), tmp_path)

    for kind in TEMPLATES:
        command = (python, "-m", "keeper", "plugins", "new", "acme", "--kind", kind, tmp_path / kind, "--json")
        made = json.loads(run(*command, cwd=tmp_path))
        assert {Path(file).name for file in made["files"]} >= {"pyproject.toml", "adapter.py", "test_acme.py"}
        assert not subprocess.run([python, "-m", "compileall", "-q", tmp_path / kind], check=False).returncode
    where = run(python, "-c", "import keeper.testing; print(keeper.testing.__file__)", cwd=tmp_path)
    assert where.startswith(site)
    assert (Path(where).parent / "_template/venue/tests").is_dir()
    pages = run(python, "-c", "from keeper.web.runbook import folder; print(folder())", cwd=tmp_path).strip()
    assert pages.startswith(site)
    assert (Path(pages) / "refused.md").is_file()
