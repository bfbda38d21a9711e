"""Rules about the code that no linter knows."""

import ast
import inspect
import re
from collections import Counter

import pytest

from keeper import errors
from tests.house.code import ROOT, files, functions, imported, name_of, product, tree_of

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
ANYTHING = {"Exception", "BaseException"}
MAY_CATCH_ANYTHING = {
    "keeper/web/answers.py": (1, "the last stop of a request: a stranger gets one sentence, the log the traceback"),
    "keeper/observe.py": (2, "a plugin is somebody else's code: one that breaks is named, logged and left out"),
    "keeper/registry.py": (1, "a plugin is somebody else's code: whatever it raises at start, it is left out"),
    "keeper/guarded.py": (5, "a plugin is somebody else's code: whatever it does becomes an error the keeper knows"),
}
"""How often each file may catch whatever comes, and why."""
ONE_DOOR = {
    "tenacity": {"keeper/retry.py"},
    "sentry_sdk": {"keeper/telemetry/sentry.py"},
    "aiosqlite": {"keeper/store/sqlite.py", "keeper/store/sqlite_file.py"},
    "sqlite3": {"keeper/store/sqlite.py", "keeper/store/sqlite_file.py"},
    "motor": {"keeper/store/mongo_link.py"},
    "pymongo": {"keeper/store/mongo_link.py"},
    "pluggy": {"keeper/hookspecs.py", "keeper/registry.py"},
    "coincurve": {"keeper/signers/local.py", "keeper/chain/auth.py"},
    "pydantic_settings": {"keeper/settings/model.py", "keeper/settings/load.py"},
    "prometheus_client": {"keeper/telemetry/series.py"},
    "rich": {"keeper/console.py"},
}
"""Which files may import a library; to change one's mind about it later means to change these."""

THE_VAULTS = {"whale-pool-vault", "pool-desk", "pool-office"}
"""One block of codes: the desk and the office only ever answer the vault, which passes their answers on."""


def drawn_tree():
    """Return {error: its parent} as the drawing at the top of keeper/errors.py has it."""
    above, found = ["KeeperError"], {}
    for line in (errors.__doc__ or "").splitlines():
        drawn = re.match(r"^((?:│   |    )*)[├└]── (\w+)", line)
        if drawn:
            depth = len(drawn[1]) // 4 + 1
            above[depth:] = [drawn[2]]
            found[drawn[2]] = above[depth - 1]
    return found


def real_tree():
    """Return {error: its parent} as Python has it."""
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == errors.__name__]
    return {c.__name__: c.__mro__[1].__name__ for c in classes if c is not errors.KeeperError}


def caught(handler):
    """Return the names that an except clause catches; a bare one catches everything."""
    if handler.type is None:
        return {"BaseException"}
    return {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}


def test_errors__drawing__is_the_real_tree():
    assert drawn_tree() == real_tree()


def test_errors__every_one__says_what_it_means():
    undescribed = [name for name in real_tree() if not inspect.getdoc(getattr(errors, name))]

    assert undescribed == []


def test_files__every_one__can_be_read_in_one_sitting():
    long = {name_of(path): n for path in product() if (n := len(path.read_text().splitlines())) > MAX_FILE_LINES}

    assert long == {}


def test_functions__every_one__fits_a_screen():
    long = {
        f"{name_of(path)}:{function.lineno} {function.name}": length
        for path in product()
        for function in functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION_LINES
    }

    assert long == {}


def test_except__anything__is_caught_in_the_listed_places_only():
    found = Counter(
        name_of(path)
        for path in product()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler) and caught(node) & ANYTHING
    )

    assert found == {place: times for place, (times, _) in MAY_CATCH_ANYTHING.items()}


@pytest.mark.parametrize("library", ONE_DOOR)
def test_library__each__comes_in_by_its_own_door(library):
    found = {name_of(path) for path in product() if library in imported(path)}

    assert found <= ONE_DOOR[library]
    assert found, f"nobody imports {library} any more: take it out of the list and of the requirements"


def test_tests__none__replaces_our_own_code():
    """Fakes that behave stand in for what is outside; the one patch is the closed door in tests/conftest.py."""
    patching = {
        name_of(path)
        for path in files(".py", under="tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute)
        and node.attr == "setattr"
        and isinstance(node.value, ast.Name)
        and node.value.id == "monkeypatch"
    }
    mocking = {
        name_of(path)
        for path in files(".py", under="tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unittest")
    }

    assert (patching, mocking) == ({"tests/conftest.py"}, set())


def test_tests__every_name__is_a_sentence():
    short = [
        f"{name_of(path)}:{function.lineno} {function.name}"
        for path in files(".py", under="tests")
        for function in functions(path)
        if function.name.startswith("test_") and function.name.count("__") < 1
    ]

    assert short == []


def test_tests__none__is_skipped():
    skipped = {
        name_of(path)
        for path in files(".py", under="tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr in {"skip", "skipif", "xfail", "importorskip"}
    }

    assert skipped == set()


def test_contracts__error_codes__mean_one_thing_each():
    seen = {}
    for path in files(".clar", under="contracts/src"):
        for name, code in re.findall(
            r"^\(define-constant (ERR[\w-]*) \(err u(\d+)\)\)", path.read_text(), re.MULTILINE
        ):
            block = "the vault's" if path.stem in THE_VAULTS else path.stem
            seen.setdefault(int(code), set()).add(f"{block} {name}")

    assert len(seen) > 100
    assert {code: names for code, names in seen.items() if len(names) > 1} == {}


def test_contracts__errors__are_all_written_the_way_this_rule_reads_them():
    lines = [
        line
        for path in files(".clar", under="contracts/src")
        for line in path.read_text().splitlines()
        if line.startswith("(define-constant ERR")
        and not re.fullmatch(r"\(define-constant ERR_\w+ \(err u\d+\)\)", line)
    ]

    assert lines == []


def test_root__is_the_checkout():
    assert (ROOT / "pyproject.toml").is_file()
