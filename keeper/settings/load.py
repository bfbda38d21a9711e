"""Read the settings file and the environment, and say in one sentence what is wrong with them."""

import difflib
import os
import re
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource, SettingsError, TomlConfigSettingsSource
from typing_extensions import override

from keeper.errors import BadSettings
from keeper.settings.model import PREFIX, Settings
from keeper.telemetry.redact import is_secret_name

CONFIG_ENV: Final = "KEEPER_CONFIG"
STATE_ENV: Final = "KEEPER_STATE_DIRECTORY"
"""Names the folder of a service's or container's state. The store's file is there, unless the store is elsewhere."""
_OTHER_NAMES: Final = frozenset({CONFIG_ENV, STATE_ENV, "KEEPER_VECTORS"})
"""Names with our prefix that are not settings: the file to read, where state goes, and a directory that only the tests read."""
_LONGEST_SHOWN: Final = 60
_WHOLE: Final = ("must be a whole number", "correct it")
_PHRASES: Final[Mapping[str, tuple[str, str]]] = {
    "greater_than_equal": ("must be at least {ge}", "raise it"),
    "less_than_equal": ("must be at most {le}", "lower it"),
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "literal_error": ("must be {expected}", "choose one"),
    "string_type": ("must be text", "quote it"),
    "string_too_short": ("must have at least {min_length} characters", "lengthen it"),
    "string_too_long": ("must have at most {max_length} characters", "shorten it"),
    "too_short": ("must have at least {min_length} entries", "add one"),
    "too_long": ("must have at most {max_length} entries", "remove some"),
    "tuple_type": ("must be a list", "write it as a list"),
    "dict_type": ("must be a section of its own", "give it names and values"),
    "model_type": ("must be a section of its own", "give it names and values"),
}


def load_settings(path: Path | None, env: Mapping[str, str]) -> Settings:
    """Read the TOML file (`path`, else the one KEEPER_CONFIG names, else none) and `env` over it.

    Raises BadSettings with one sentence that names the setting, what is wrong and the remedy.
    """
    _refuse_unknown_names(env)
    values = overlay(*sources(path, env))
    if stands_in_state(values, env):
        values["store_path"] = Path(env[STATE_ENV]) / "keeper.sqlite3"
    try:
        return Settings(**values)
    except ValidationError as exc:
        first, *others = exc.errors()
        setting = str(first.get("ctx", {}).get("setting") or dotted(first["loc"]))
        if first["type"] == "missing" and named_file(path, env) is None:
            raise BadSettings(_no_file(setting), setting=setting, others=len(others)) from None
        # No cause: pydantic's own text repeats the rejected input, which may be a secret.
        raise BadSettings(_sentence(setting, first), setting=setting, others=len(others)) from None


def sources(path: Path | None, env: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the file says and what the environment says over it, section by section. Raises BadSettings.

    The unit and the container give KEEPER_SIGNER_KEY_FILE to whoever says nothing else: a section `signer` wins over it.
    """
    in_file, in_env = read_file(named_file(path, env)), _read_env(env)
    if "signer" in in_file or "signer" in in_env:
        in_env.pop("signer_key_file", None)
    return in_file, in_env


class _GivenEnv(EnvSettingsSource):
    """The environment as passed in, so that nothing reads the process's own behind the caller's back."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        super().__init__(Settings)

    @override
    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._given.items() if value != ""}


def named_file(path: Path | None, env: Mapping[str, str]) -> Path | None:
    """Return the settings file: `path`, else the one KEEPER_CONFIG names, else none."""
    return path or (Path(env[CONFIG_ENV]) if env.get(CONFIG_ENV) else None)


def stands_in_state(values: Mapping[str, Any], env: Mapping[str, str]) -> bool:
    """Return whether the store is the file in the folder that `env` names for state, whatever store_path is in the file.

    `values` are the settings as they were read, the environment's over the file's.
    """
    store = values.get("store")
    elsewhere = isinstance(store, Mapping) and store.get("url") is not None
    return bool(env.get(STATE_ENV)) and not elsewhere and "store_path" not in _read_env(env)


def _read_env(env: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that the environment names, section by section. Raises BadSettings."""
    try:
        return _GivenEnv(env)()
    except SettingsError as exc:
        name = re.search(r'field "(\w+)"', str(exc))
        setting = name.group(1) if name else "settings"
        msg = f"Setting {setting} ({env_name(setting)}) is not valid JSON; quote it as JSON or use the TOML file."
        raise BadSettings(msg, setting=setting) from None


def read_file(file: Path | None) -> dict[str, Any]:
    """Return the settings of a file as they stand in it, nothing for None. Raises BadSettings."""
    if file is None:
        return {}
    try:
        if not file.is_file():
            msg = f"Setting config ({CONFIG_ENV}) names {file}, which is not a file; create it or correct the path."
            raise BadSettings(msg, setting="config")
        return TomlConfigSettingsSource(Settings, file)()
    except OSError as exc:
        why = f"cannot be read by user id {os.geteuid()} ({exc.strerror}); change the rights of file and folder"
        msg = f"Setting config ({CONFIG_ENV}) names {file}, which {why}."
        raise BadSettings(msg, setting="config") from None
    except ValueError as exc:
        msg = f"Setting config ({CONFIG_ENV}) names {file}, which is not valid TOML: {exc}; mend the file."
        raise BadSettings(msg, setting="config") from None


def overlay(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `under` with `over` on top, section by section; lists are replaced whole."""
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _refuse_unknown_names(env: Mapping[str, str]) -> None:
    """Catch misspelt KEEPER_* names, which would otherwise be silently without effect."""
    for name in sorted(env):
        if not name.upper().startswith(PREFIX) or name.upper() in _OTHER_NAMES:
            continue
        field, *deeper = name[len(PREFIX) :].lower().split("__")
        if field not in Settings.model_fields or (deeper and field not in Settings.NESTED):
            known = (PREFIX + field.upper() for field in Settings.model_fields)
            setting = ".".join([field, *deeper])
            msg = f"Setting {setting} ({name}) is unknown; {nearest(name.upper(), known)}."
            raise BadSettings(msg, setting=setting)


def dotted(loc: Iterable[int | str]) -> str:
    """Return pydantic's location as people write it: pools[0].whales.top."""
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def env_name(setting: str) -> str:
    """Return the environment name of a dotted setting; entries of lists share the name of their list."""
    return PREFIX + setting.split("[", maxsplit=1)[0].replace(".", "__").upper()


def _no_file(setting: str) -> str:
    found = "is missing, and no settings file was found"
    remedy = f"name one with --config or {CONFIG_ENV}, or write one with `keeper init`"
    return f"Setting {setting} ({env_name(setting)}) {found}; {remedy}."


def _sentence(setting: str, error: ErrorDetails) -> str:
    """Say which setting, what is wrong and the remedy, without ever repeating a value that may be a secret."""
    name = f"Setting {setting} ({env_name(setting)})"
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return f"{name} is missing; add it (docs/settings.md says what it means)."
        case "extra_forbidden":
            return f"{name} is unknown; {nearest(str(error['loc'][-1]), _siblings(error['loc']))}."
        case "disagreement":
            return f"{name} {context['trouble']}."
        case "value_error":
            rule, _, remedy = str(context["error"]).partition("; ")
        case kind if kind in _PHRASES:
            rule, remedy = (text.format(**context) for text in _PHRASES[kind])
        case _:
            rule, remedy = f"is not accepted: {error['msg'][:1].lower()}{error['msg'][1:]}", "correct it"
    shown = _shown(setting, error["input"])
    return f"{name} {shown}{rule}; {remedy or 'correct it'}."


def _shown(setting: str, value: Any) -> str:
    """Return "is VALUE but " when the value is short and cannot be a secret, else nothing."""
    top = re.split(r"[.\[]", setting, maxsplit=1)[0]
    secret = top in {
        "plugin",
        "node_url",
        "nodes",
        "signer_key_file",
        "signer",
        "store",
        "whale_mappings",
    } or is_secret_name(setting.rsplit(".", maxsplit=1)[-1])
    if secret or not isinstance(value, (bool, int, float, str)) or len(str(value)) > _LONGEST_SHOWN:
        return ""
    return f"is {value!r} but "


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the remedy for a name that is unknown: the one that was probably meant."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}? Correct or remove it" if close else "remove it or correct its name"


def _siblings(loc: tuple[int | str, ...]) -> list[str]:
    """Return the names that are known where an unknown one was found."""
    model: Any = Settings
    for part in loc[:-1]:
        if isinstance(part, str):
            model = section_of(model.model_fields[part].annotation)
    return list(model.model_fields)


def section_of(annotation: Any) -> type[BaseModel] | None:
    """Return the section class of `Section`, `Section | None` or `tuple[Section, ...]`, None when there is none."""
    if get_origin(annotation) in (tuple, Union, types.UnionType):
        return next((found for part in get_args(annotation) if (found := section_of(part)) is not None), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
