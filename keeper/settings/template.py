"""A settings file with every setting in it: what was chosen stands, the rest is a comment with its default and its sentence."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from keeper.settings.load import env_name, section_of
from keeper.settings.model import Settings

_WIDTH: Final = 110
_HEAD: Final = """\
# Settings of the keeper. docs/settings.md says the same of each with its bounds; `keeper config explain NAME` does too.
# What stands behind # is the default. The environment (KEEPER_…) wins over this file.
"""
_MORE: Final = """\
# The assets and pools to look after. STX is always one of the assets; token_name is the name of the fungible token
# inside its contract. Take the # away from an entry of each and fill it in. What a plugin needs is written into a
# section of its own, such as [plugin.slack]; plugins/NAME/README.md says what that is.
"""


def commented(chosen: Mapping[str, Any]) -> str:
    """Return the file's text; `chosen` has plain values by the names of Settings' fields."""
    fields = Settings.model_fields
    plain = {name: field for name, field in fields.items() if section_of(field.annotation) is None}
    parts = [_HEAD, *(_setting(name, field, chosen) for name, field in plain.items() if not _is_table(field))]
    for name, field in fields.items():
        inner = section_of(field.annotation)
        if inner is not None and not _is_list(field):
            live = isinstance(field.get_default(call_default_factory=True), inner)
            parts.append("".join(_one(name, field, inner, live=live)))
    parts.append(_MORE)
    for name, field in fields.items():
        inner = section_of(field.annotation)
        if inner is not None and _is_list(field):
            parts.append("".join(_entry(name, field, inner)))
    return "\n".join(parts)


def _setting(name: str, field: FieldInfo, chosen: Mapping[str, Any]) -> str:
    value = chosen.get(name)
    line = _line(name, field) if value is None else f"{name} = {toml(value)}\n"
    return "".join(_sentence(field, secret=env_name(name) if _is_secret(field) else None)) + line


def _one(name: str, field: FieldInfo, inner: type[BaseModel], *, live: bool) -> Iterator[str]:
    yield from _sentence(field)
    yield f"[{name}]\n" if live else f"#[{name}]\n"
    for part, of in inner.model_fields.items():
        yield from _sentence(of, secret=env_name(f"{name}.{part}") if _is_secret(of) else None)
        yield _line(part, of)


def _entry(name: str, field: FieldInfo, inner: type[BaseModel]) -> Iterator[str]:
    yield from _sentence(field)
    yield f"#[[{name}]]\n"
    nested = []
    for part, of in inner.model_fields.items():
        below = section_of(of.annotation)
        if below is not None and not _is_list(of):
            nested.append((part, of, below))
            continue
        yield from _sentence(of)
        yield _line(part, of)
    for part, of, below in nested:
        yield from _one(f"{name}.{part}", of, below, live=False)


def _sentence(field: FieldInfo, secret: str | None = None) -> Iterator[str]:
    words = field.description or ""
    if secret is not None:
        words += f" Better kept out of this file: {secret} in the environment."
    for line in textwrap.wrap(words, _WIDTH):
        yield f"# {line}\n"


def _line(name: str, field: FieldInfo) -> str:
    """Return a setting that was not chosen: its default as a comment."""
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    return f"#{name} =\n" if default is None else f"#{name} = {toml(default)}\n"


def toml(value: Any) -> str:
    """Return a plain value as TOML: text, numbers, yes or no, paths, and lists and tables of them."""
    if isinstance(value, BaseModel):
        return toml(value.model_dump(exclude_none=True))
    if isinstance(value, Mapping):
        return (
            "{}"
            if not value
            else "{ " + ", ".join(f"{json.dumps(name)} = {toml(item)}" for name, item in value.items()) + " }"
        )
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(toml(item) for item in value)}]"
    return json.dumps(str(value) if isinstance(value, Path) else value)


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))


def _is_table(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is dict


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple
