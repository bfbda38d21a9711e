"""What the pages tell an operator to type exists, and the numbers they name are the settings' own."""

import re
from pathlib import Path

import pytest
import typer

from keeper.cli import app
from keeper.settings.origin import explained

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("quickstart", "deployment", "upgrade", "configuration")


def known():
    """Return {command: its options} as the command line has it, groups as "group command"."""
    found = {}

    def walk(command, name):
        inner = getattr(command, "commands", None)
        if inner is None:
            found[name] = {option for parameter in command.params for option in parameter.opts if option[0] == "-"}
            return
        for word, below in inner.items():
            walk(below, f"{name} {word}".strip())

    walk(typer.main.get_command(app), "")
    return found


def typed(page):
    """Return every keeper command of a page, in code blocks and in the text."""
    text = (DOCS / f"{page}.md").read_text()
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).replace("\\\n", " ")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    lines = re.findall(r"^keeper ([^#\n]*)", blocks, re.MULTILINE)
    return [*lines, *re.findall(r"`keeper ([a-z][^`\n]*)`", prose)]


def test_help__every_command_and_every_group__has_an_example():
    lacking = []

    def walk(command, name):
        if f"Example: keeper {name}".strip() not in (command.help or ""):
            lacking.append(name)
        for word, below in getattr(command, "commands", {}).items():
            walk(below, f"{name} {word}".strip())

    walk(typer.main.get_command(app), "")

    assert lacking == []


def test_commands__all_that_end_by_themselves__have_json():
    assert [name for name, options in known().items() if "--json" not in options] == ["run", "signer serve"]


@pytest.mark.parametrize("page", PAGES)
def test_page__every_command_it_names__is_there_with_its_options(page):
    commands, wrong = known(), []
    for line in typed(page):
        words = line.split()
        name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in commands), None)
        options = {word for word in words if word.startswith("--")}
        if name is None or not options <= commands[name] | {"--help"}:
            wrong.append(line)

    assert wrong == []


def test_configuration__defaults_it_names__are_the_settings():
    rows = re.findall(r"^\| `(\w+\.\w+)` \| ([\d,]+) \|", (DOCS / "configuration.md").read_text(), re.MULTILINE)

    assert len(rows) == 5
    assert {name: explained(name)["default"] for name, _ in rows} == {n: d.replace(",", "") for n, d in rows}


@pytest.mark.parametrize("path", sorted(known()))
def test_command__every_one__has_help_with_an_example(path):
    command = typer.main.get_command(app)
    for word in path.split():
        command = command.commands[word]

    assert f"Example: keeper {path}" in (command.help or "")
