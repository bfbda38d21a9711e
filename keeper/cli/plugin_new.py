"""Makes a plugin's project out of a template: the same files, with another name in them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import keeper
from keeper.errors import BadInput
from keeper.guarded import NAME

SKIPPED: Final = frozenset({"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"})


@dataclass(frozen=True, slots=True)
class Template:
    """A folder below `plugins/_template`, and the words in it that stand for the new name."""

    folder: str
    word: str
    type_name: str


TEMPLATES: Final = {
    "venue": Template("venue", "newdex", "NewDex"),
    "prices": Template("prices", "newfeed", "NewFeed"),
    "whales": Template("whales", "newpod", "NewPod"),
    "notifier": Template("notifier", "newchannel", "NewChannel"),
}


def templates() -> Path:
    """Return the folder of templates: beside an installed keeper, else in its checkout. Raises BadInput."""
    package = Path(keeper.__file__).parent
    for folder in (package / "testing" / "_template", package.parent / "plugins" / "_template"):
        if folder.is_dir():
            return folder
    message = "the templates are not there; install whale-keeper again"
    raise BadInput(message)


def make(name: str, kind: str, folder: Path) -> tuple[Path, ...]:
    """Write a project called `name` into `folder`, which must be empty or not there; return its files, sorted.

    Raises BadInput for a name that is none, an unknown kind, or a folder that cannot be used.
    """
    if not NAME.fullmatch(name) or not name.isidentifier():
        message = f"{name!r} is no name for a plugin; take one lower-case word of letters, digits and _, 32 at most"
        raise BadInput(message)
    if kind not in TEMPLATES:
        message = f"{kind!r} is no kind of plugin; take one of {', '.join(TEMPLATES)}"
        raise BadInput(message)
    try:
        if folder.exists() and any(folder.iterdir()):
            message = f"{folder} is not empty; name a folder that is not there yet"
            raise BadInput(message)
        return _copy(TEMPLATES[kind], name, folder)
    except OSError as exc:
        message = f"{folder} cannot be written: {exc.strerror}; name another folder"
        raise BadInput(message) from None


def _copy(template: Template, name: str, folder: Path) -> tuple[Path, ...]:
    source = templates() / template.folder
    camel = "".join(part.title() for part in name.split("_"))
    made = []
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if path.is_dir() or SKIPPED & set(inside.parts):
            continue
        target = folder / str(inside).replace(template.word, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8")
        target.write_text(text.replace(template.word, name).replace(template.type_name, camel), encoding="utf-8")
        made.append(target)
    return tuple(sorted(made))
