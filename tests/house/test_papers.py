"""Rules about documents and lock files: what they name exists, and they name nobody's machine."""

import re
from pathlib import Path

import pytest

from keeper.cli import app
from tests.house.code import ROOT, files, name_of, text_of

ADR_PARTS = ("**Context.**", "**Decision.**", "**Consequences.**", "**To undo.**")
ADR_WITHOUT_PARTS = {"0009-one-library-per-job.md": "a table, one line per library"}
LOCKS = ("requirements/dev.txt", "requirements/node.txt", "contracts/package-lock.json")
HOMES = re.compile("|".join(f"/{name}/" for name in ("home", "Users", "work")) + r"|[A-Z]:\\Users")
HOSTS = re.compile(r"://|\b[\w-]+\.(?:org|com|net|io|dev)\b|index-url|find-links|registry", re.IGNORECASE)
MAY_NAME_A_HOST_LIKE_PACKAGE = re.compile(r'"node_modules/[^"]+"|^[\w.-]+==')
LINK = re.compile(r"\]\(([^)\s]+)\)")
PAGES = [path for path in files(".md") if "node_modules" not in path.parts]


def adrs():
    return sorted((ROOT / "docs/adr").glob("[0-9]*.md"))


def links(page):
    """Return the relative links of a page, without anchors, outside code blocks."""
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return [link.partition("#")[0] for link in LINK.findall(prose) if not re.match(r"[a-z]+:|#", link)]


def make_targets():
    found = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return set(found)


def commands():
    """Return the names of the keeper's commands and command groups."""
    named = [c.name or c.callback.__name__ for c in app.registered_commands if c.callback]
    return {*named, *(str(group.name) for group in app.registered_groups)}


def test_adr__every_one__has_its_four_parts_in_order():
    odd = {}
    for path in adrs():
        text = path.read_text()
        places = [text.find(part) for part in ADR_PARTS]
        if path.name not in ADR_WITHOUT_PARTS and (-1 in places or places != sorted(places)):
            odd[path.name] = places

    assert odd == {}


def test_adr__numbers__have_no_gaps():
    assert [int(path.name[:4]) for path in adrs()] == list(range(1, len(adrs()) + 1))


def test_adr__number_in_the_title__is_that_of_the_file():
    titles = {path.name: path.read_text().splitlines()[0] for path in adrs()}

    assert [name for name, title in titles.items() if not title.startswith(f"# {int(name[:4])}. ")] == []


def test_files__every_one__names_no_machine():
    found = [
        f"{name_of(path)}:{number}"
        for path in files()
        if path != Path(__file__) and (text := text_of(path)) is not None
        for number, line in enumerate(text.splitlines(), start=1)
        if HOMES.search(line)
    ]

    assert found == []


@pytest.mark.parametrize("lock", LOCKS)
def test_lock__every_line__pins_bytes_and_no_server(lock):
    lines = (ROOT / lock).read_text().splitlines()
    found = [line.strip() for line in lines if HOSTS.search(MAY_NAME_A_HOST_LIKE_PACKAGE.sub("", line))]

    assert found == []


@pytest.mark.parametrize("lock", ["requirements/dev.txt", "requirements/node.txt"])
def test_lock__every_python_package__has_a_hash(lock):
    text = (ROOT / lock).read_text()
    packages = re.findall(r"^[\w.-]+==.*(?:\n    .*)*", text, re.MULTILINE)

    assert packages
    assert [package.split("==")[0] for package in packages if "--hash=sha256:" not in package] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links__relative_ones__lead_to_files(page):
    broken = [link for link in links(page) if not (page.parent / link).exists()]

    assert broken == []


def test_links__readme__shows_the_page():
    assert "docs/img/status-page.png" in links(ROOT / "README.md")


def test_makefile__targets_named_in_pages__exist():
    named = {
        target
        for page in PAGES
        for target in re.findall(r"`make ([a-z]+)|^make ([a-z]+)", page.read_text(), re.MULTILINE)
    }

    assert {first or second for first, second in named} <= make_targets()


def test_makefile__every_target__says_what_it_does():
    text = (ROOT / "Makefile").read_text()
    [phony] = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)

    assert {target for target in phony.split() if not re.search(rf"^{target}:.*## \S", text, re.MULTILINE)} == set()
    assert set(phony.split()) == make_targets()


def test_readme__commands__are_the_real_ones():
    block = re.search(r"^## Commands\n+```\n(.*?)```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)

    assert block is not None
    assert {line.split()[1] for line in block[1].splitlines() if line.startswith("keeper ")} <= commands()
