"""A plugin from outside this tree, built as a wheel and installed into an environment of its own, is found and used."""

import subprocess
import sys
import sysconfig
import venv

from keeper.cli.plugin_new import make

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


def test_wheel__of_a_strangers_venue__is_found_by_its_entry_point_and_quotes(tmp_path):
    make("acme", "venue", tmp_path / "source")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(
        *(*pip, "wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", tmp_path / "wheels", "."),
        cwd=tmp_path / "source",
    )
    [wheel] = (tmp_path / "wheels").glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv/bin/python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip()
    # The keeper and its libraries come from this environment; the plugin is installed into the new one only.
    (tmp_path / "keeper.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    (tmp_path / "keeper.pth").rename(f"{site}/keeper.pth")
    run(*pip, "--python", python, "install", "--no-index", "--no-deps", wheel, cwd=tmp_path)

    said = run(python, "-c", USE, cwd=tmp_path).split()

    assert said[:2] == ["whale-keeper-acme", "0.1.0"]
    assert said[2].startswith(site)
    assert said[3:] == [str(5 * 10**14 * 9_970_000_000 // (10**12 + 9_970_000_000)), "()"]
