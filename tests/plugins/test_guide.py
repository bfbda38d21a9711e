"""docs/plugins.md says what is there: hooks, their arguments and types, kits, modules; its code runs."""

import inspect
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from keeper import hookspecs, ports
from keeper.cli.plugin_check import KITS
from keeper.cli.plugin_new import TEMPLATES
from keeper.registry import KINDS, describe
from keeper.testing import conformance

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/plugins.md").read_text()
SECTIONS = dict(re.findall(r"^## (keeper_\w+)\(toolbox\)\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL))
HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("keeper_")}


def test_hooks__of_the_guide__are_those_of_the_code_in_name_and_argument():
    assert set(SECTIONS) == set(HOOKS) == set(KINDS)
    assert {tuple(inspect.signature(hook).parameters) for hook in HOOKS.values()} == {("toolbox",)}


@pytest.mark.parametrize("hook", HOOKS)
def test_section__of_a_hook__names_its_port_method_and_kit_with_its_fixtures(hook):
    section = SECTIONS[hook]
    [port] = re.findall(r"the shape of `keeper\.ports\.(\w+)`", section)
    assert port in str(inspect.signature(HOOKS[hook]).return_annotation)
    method = inspect.signature(getattr(getattr(ports, port), KINDS[hook]))
    arguments = ", ".join(list(method.parameters)[1:])
    assert f"`{KINDS[hook]}({arguments})`" in section

    [(kit, fixtures)] = re.findall(r"Kit: `(\w+)` \(fixtures ([^)]*)\)", section)
    asked = {
        name
        for _, test in inspect.getmembers(getattr(conformance, kit), inspect.isfunction)
        if test.__name__.startswith("test_")
        for name in inspect.signature(test).parameters
    }
    assert kit == KITS[hook]
    assert set(re.findall(r"`(\w+)`", fixtures)) <= asked


@pytest.mark.parametrize("hook", HOOKS)
def test_section__of_a_hook__names_those_of_our_plugins_that_have_it(hook):
    [ours] = re.findall(r"(?:Ours: |None of ours)([^.]*)", SECTIONS[hook])
    known = {path.name for path in (ROOT / "plugins").iterdir() if (path / "pyproject.toml").exists()}

    assert set(re.findall(r"`(\w+)`", ours)) & known == {name for name in known if hook in describe(name).hooks}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(keeper\.[a-z_.]+)`", GUIDE))))
def test_module__named_in_the_guide__exists(name):
    try:
        import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        assert hasattr(import_module(module), attribute)


def test_code__in_the_guide__runs():
    for block in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        exec(compile(block, "docs/plugins.md", "exec"), {"__name__": "guide"})  # noqa: S102 - our own page


def test_project_file__in_the_guide__has_the_entry_point_group():
    [block] = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)

    assert tomllib.loads(block)["project"]["entry-points"][hookspecs.ENTRY_POINT_GROUP] == {"newdex": "keeper_newdex"}


def test_commands__in_the_guide__name_the_kinds_there_are():
    [kinds] = re.findall(r"--kind ([\w|]+)", GUIDE)

    assert set(kinds.split("|")) == set(TEMPLATES)
