"""Says what is wrong with a plugin: its project file, its import, its hooks, and its kit, run in processes of their own."""

import inspect
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

from keeper import hookspecs
from keeper.errors import PluginBroken
from keeper.findings import Finding
from keeper.registry import describe

KITS: Final = {
    "keeper_dexes": "DexConformance",
    "keeper_price_sources": "PriceSourceConformance",
    "keeper_whale_sources": "WhaleSourceConformance",
    "keeper_notifiers": "NotifierConformance",
}
"""Which kit of keeper.testing.conformance goes with which hook."""
PROBE: Final = "import json, sys; from keeper.registry import look_into; print(json.dumps(look_into(sys.argv[1])))"
PROBE_SECONDS: Final = 60.0
MOST_FINDINGS: Final = 30


@dataclass(frozen=True, slots=True)
class Project:
    """A plugin's source: its folder, the plugin's name and its module."""

    folder: Path
    name: str
    module: str


def check_plugin(what: str, *, seconds: float) -> list[Finding]:
    """Check a folder with a `pyproject.toml`, or an installed plugin by its name; running its tests may take `seconds`."""
    folder = Path(what)
    if folder.is_dir():
        return _check_folder(folder.resolve(), seconds)
    try:
        found = describe(what)
    except PluginBroken as exc:
        return [Finding("installed", ok=False, detail=str(exc), remedy="name an installed plugin or a folder")]
    source = _source_of(found.distribution) if has_pytest() else None
    first = Finding("installed", ok=True, detail=f"{found.distribution} {found.version}")
    if source is not None:
        return [first, *_check_folder(source, seconds)]
    unrun = "not run: an installed package brings no tests; `keeper plugins check FOLDER` on its source runs them"
    return [first, _hooks_finding(found.hooks, found.trouble), Finding("kit", ok=True, detail=unrun)]


def has_pytest() -> bool:
    """Tell whether a kit can be run here: kits are tests, and what runs those is only on a developer's machine."""
    return find_spec("pytest") is not None


def _check_folder(folder: Path, seconds: float) -> list[Finding]:
    project = _project(folder)
    if isinstance(project, Finding):
        return [project]
    findings = [Finding("project", ok=True, detail=f"plugin {project.name!r} is the module {project.module}")]
    hooks, trouble = _probe(project)
    findings.append(_hooks_finding(hooks, trouble))
    return findings if trouble else [*findings, *_kit(project, hooks, seconds)]


def _project(folder: Path) -> Project | Finding:
    """Read the entry point of a project, or say what is wrong with it."""
    remedy = (
        f'add [project.entry-points."{hookspecs.ENTRY_POINT_GROUP}"] with a line `name = "module"` to pyproject.toml'
    )
    try:
        body = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        points = body["project"]["entry-points"][hookspecs.ENTRY_POINT_GROUP]
        [(name, module)] = points.items()
    except OSError as exc:
        return Finding("project", ok=False, detail=f"pyproject.toml cannot be read: {exc.strerror}", remedy=remedy)
    except tomllib.TOMLDecodeError as exc:
        return Finding("project", ok=False, detail=f"pyproject.toml is no TOML: {exc}", remedy="mend that line")
    except (KeyError, TypeError, AttributeError, ValueError):
        return Finding("project", ok=False, detail="pyproject.toml does not name exactly one plugin", remedy=remedy)
    return Project(folder, str(name), str(module))


def _source_of(name: str) -> Path | None:
    """Return the folder of a distribution that was installed from its source to be edited."""
    try:
        text = distribution(name).read_text("direct_url.json")
        body = json.loads(text or "{}")
    except (PackageNotFoundError, ValueError):
        return None
    url = urlsplit(str(body.get("url", "")))
    folder = Path(unquote(url.path))
    return folder if url.scheme == "file" and (folder / "tests").is_dir() else None


def _hooks_finding(hooks: tuple[str, ...], trouble: str) -> Finding:
    if trouble:
        known = ", ".join(KITS)
        remedy = f"mend the import; a hook is one of {known}, and takes nothing but `toolbox`"
        return Finding("hooks", ok=False, detail=trouble, remedy=remedy)
    if not hooks:
        remedy = f"mark a function called {' or '.join(KITS)} with keeper.hookspecs.hookimpl"
        return Finding("hooks", ok=False, detail="the module has no hook", remedy=remedy)
    return Finding("hooks", ok=True, detail=", ".join(hooks))


def _probe(project: Project) -> tuple[tuple[str, ...], str]:
    """Import the module in a process of its own, so that it can neither stop nor change this one."""
    done = _run(["-c", PROBE, project.module], project.folder, PROBE_SECONDS)
    if isinstance(done, str):
        return (), done
    try:
        hooks, trouble = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return (), f"importing it ended the process with status {done.returncode}"
    return tuple(map(str, hooks)), str(trouble)


def _run(arguments: list[str], folder: Path, seconds: float) -> subprocess.CompletedProcess[str] | str:
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(  # noqa: S603 - the author's own code, at the author's wish
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            timeout=seconds,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {seconds:g} s"


def _kit(project: Project, hooks: tuple[str, ...], seconds: float) -> list[Finding]:
    """Run the project's tests and report what failed, and which kits were not among them."""
    if not (project.folder / "tests").is_dir():
        kits = " and ".join(KITS[hook] for hook in hooks)
        return [Finding("kit", ok=False, detail="there is no folder tests/", remedy=f"subclass {kits} in tests/")]
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", "tests"]
        done = _run(arguments, project.folder, seconds)
        if isinstance(done, str):
            return [Finding("kit", ok=False, detail=f"the tests hang: {done}", remedy="bound every wait in the plugin")]
        if not report.exists():
            words = (done.stdout + done.stderr).strip().splitlines()
            remedy = "install pytest and pytest-asyncio, and see that `python -m pytest tests` starts"
            return [Finding("kit", ok=False, detail=words[-1] if words else "pytest did not start", remedy=remedy)]
        cases = list(_cases(report))
    ran = {name for name, _ in cases}
    findings = [_missing(hook) for hook in hooks if not kit_tests(KITS[hook]).keys() <= ran]
    broken = [Finding(name, ok=False, detail=why, remedy=_remedy(name)) for name, why in cases if why]
    if not broken and not findings:
        return [Finding("kit", ok=True, detail=f"{len(cases)} tests passed")]
    left = len(broken) - MOST_FINDINGS
    more = [Finding("kit", ok=False, detail=f"{left} more failed", remedy="mend these first")] if left > 0 else []
    return [*findings, *broken[:MOST_FINDINGS], *more]


def _missing(hook: str) -> Finding:
    kit = KITS[hook]
    remedy = f"subclass keeper.testing.conformance.{kit} in tests/, with its fixtures, and leave none of its tests out"
    return Finding("kit", ok=False, detail=f"{kit}, which goes with {hook}, was not run as a whole", remedy=remedy)


def _cases(report: Path) -> Iterator[tuple[str, str]]:
    """Yield each test's name without its parameters, and the first line of what failed or was skipped."""
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written by our own pytest run
        trouble = next((child for child in case if child.tag in {"failure", "error", "skipped"}), None)
        name, _, parameters = str(case.get("name")).partition("[")
        if trouble is None:
            yield name, ""
            continue
        words = (trouble.get("message") or trouble.tag).strip().splitlines() or [trouble.tag]
        yield name, f"[{parameters} {words[0]}"[:300] if parameters else words[0][:300]


def kit_tests(kit: str) -> dict[str, Any]:
    """Return the tests of a kit by name."""
    from keeper.testing import conformance  # noqa: PLC0415 - needs pytest, which only authors have

    return dict(
        inspect.getmembers(
            getattr(conformance, kit), lambda m: inspect.isfunction(m) and m.__name__.startswith("test_")
        )
    )


def _remedy(test: str) -> str:
    """Return why the kit asks for this, in its own words; for a test of the author's, that it is theirs."""
    for kit in KITS.values():
        found = kit_tests(kit).get(test)
        if found is not None:
            return f"{inspect.getdoc(found)} See {kit} in keeper.testing.conformance and docs/plugins.md."
    return "see the test itself; it is the plugin's own"
