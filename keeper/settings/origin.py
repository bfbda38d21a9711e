"""Where each setting's value comes from, and what is known of a setting by its name."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from keeper.errors import BadInput
from keeper.settings.document import default_words, kind_words
from keeper.settings.load import (
    STATE_ENV,
    env_name,
    named_file,
    nearest,
    overlay,
    section_of,
    sources,
    stands_in_state,
)
from keeper.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting as it is in force; a secret's value is stars."""

    name: str
    value: Any
    origin: str
    """`default`, the file's path, or the name in the environment."""


def shown(settings: Settings, path: Path | None, env: Mapping[str, str]) -> list[Shown]:
    """Return every setting in force and where it comes from. `path` and `env` are what `settings` were loaded from."""
    in_file, in_env = sources(path, env)
    rows = list(_rows(settings.public(), "", in_file, in_env, str(named_file(path, env))))
    if stands_in_state(overlay(in_file, in_env), env):
        rows = [replace(row, origin=STATE_ENV) if row.name == "store_path" else row for row in rows]
    return rows


def _rows(
    values: Mapping[str, Any], prefix: str, in_file: Mapping[str, Any], in_env: Mapping[str, Any], file: str
) -> Iterator[Shown]:
    for name, value in values.items():
        dotted = f"{prefix}{name}"
        below_file, below_env = in_file.get(name), in_env.get(name)
        if isinstance(value, Mapping) and value:
            yield from _rows(value, f"{dotted}.", _table(below_file), _table(below_env), file)
        elif name in in_env:
            yield Shown(dotted, value, env_name(dotted))
        else:
            yield Shown(dotted, value, file if name in in_file else "default")


_STEPS: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


def in_force(rows: Iterable[Shown], name: str) -> Shown | None:
    """Return the setting of a dotted name, or that part of a list it names by number (`pools[0].cadence`); else None."""
    for row in rows:
        rest = name.removeprefix(row.name)
        if name.startswith(row.name) and rest[:1] in ("", ".", "["):
            try:
                return Shown(name, _part(row.value, rest), row.origin)
            except (KeyError, IndexError, TypeError):
                return None
    return None


def _part(value: Any, rest: str) -> Any:
    for name, number in _STEPS.findall(rest):
        value = value[int(number)] if number else value[name]
    return value


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def explained(name: str) -> dict[str, Any]:
    """Return what is known of a setting: meaning, kind and bounds, default and environment name.

    `name` is dotted; an entry of a list may carry its number (`pools[0].cadence`) or not. Below a table of free names,
    such as `plugin.slack`, it is the table that is explained. Raises BadInput.
    """
    field, parts = _field(name)
    dotted = ".".join(parts)
    inner = section_of(field.annotation)
    return {
        "name": dotted,
        "meaning": field.description or "",
        "kind": kind_words(field),
        "default": default_words(field).strip("`*"),
        "environment": env_name(parts[0] if _in_list(parts[0]) else dotted),
        "parts": [] if inner is None else [f"{dotted}.{part}" for part in inner.model_fields],
    }


def _field(name: str) -> tuple[FieldInfo, list[str]]:
    if not name:
        message = "name a setting, such as policy.max_slippage_bps"
        raise BadInput(message, field="name")
    first, *deeper = parts = [part.partition("[")[0] for part in name.split(".")]
    field = Settings.model_fields.get(first)
    for part in deeper:
        if field is None or (get_origin(field.annotation) is dict and part):
            break
        model = section_of(field.annotation)
        field = None if model is None else model.model_fields.get(part)
    if field is None:
        known = list(_names(Settings, ""))
        message = f"there is no setting {name[:80]}; {nearest(name, known)} (docs/settings.md lists them)"
        raise BadInput(message, field="name")
    return field, parts


def _in_list(top: str) -> bool:
    return top not in Settings.NESTED


def _names(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        inner = section_of(field.annotation)
        if inner is not None:
            yield from _names(inner, f"{prefix}{name}.")


def config_file(given: Path | None, default: Path) -> Path | None:
    """Return the file that commands read: `given`, else what KEEPER_CONFIG names, else `default` if it is there."""
    return named_file(given, os.environ) or (default if default.exists() else None)
