"""The code base as the house rules see it: files, syntax trees, words."""

import ast
import os
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = {
    ".git",
    ".venv",
    "node_modules",
    "var",
    ".cache",
    "__pycache__",
    "deployments",
    "dist",
    "build",
    "coverage",
}


@cache
def files(*suffixes, under="."):
    """Return every file of ours with one of `suffixes`, leaving out what is installed or produced."""
    found = []
    for folder, folders, names in os.walk(ROOT / under):
        folders[:] = [name for name in folders if name not in INSTALLED and not name.endswith(("_cache", ".egg-info"))]
        found += [Path(folder) / name for name in names if not suffixes or name.endswith(suffixes)]
    return tuple(sorted(path for path in found if ".hypothesis" not in path.parts))


def name_of(path):
    """Return a file's path as people write it."""
    return path.relative_to(ROOT).as_posix()


def text_of(path):
    """Return a file's text; None when it holds none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


@cache
def tree_of(path):
    """Return a Python file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def product():
    """Return the Python files that ship: the keeper and its plugins."""
    return (*files(".py", under="keeper"), *files(".py", under="plugins"))


def imported(path):
    """Return the top-level names of everything that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def functions(path):
    """Return every function of a file."""
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
