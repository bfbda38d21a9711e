"""docs/settings.md, made from the settings themselves so that it cannot be wrong."""

import tomllib
from collections.abc import Iterator
from typing import Any, Final, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from keeper.settings.alerts import AlertSettings
from keeper.settings.load import CONFIG_ENV, env_name
from keeper.settings.model import Settings
from keeper.settings.schedule import ScheduleSettings
from keeper.settings.sections import (
    AssetSettings,
    FeeSettings,
    NodeSettings,
    PolicySettings,
    PoolSettings,
    SendingSettings,
    WhaleSettings,
)
from keeper.settings.signer import SignerSettings
from keeper.settings.store import StoreSettings
from keeper.settings.web import WebSettings
from keeper.settings.whale_sources import WatchedSettings, WhaleMappingSettings

EXAMPLE: Final = """\
network = "mainnet"
node_url = "https://api.hiro.so"
deployer = "SP000000000000000000002Q6VF78"
signer_key_file = "/etc/keeper/signer_key"
store_path = "/var/lib/keeper/keeper.sqlite3"
plugins = ["alex", "velar", "coingecko", "onchain_prices", "slack"]

[policy]
max_slippage_bps = 100

[[assets]]
symbol = "STX"
decimals = 6
contract = "stx"

[[assets]]
symbol = "WELSH"
decimals = 6
contract = "SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token"
token_name = "welshcorgicoin"

[[pools]]
pool_id = 2
name = "Meme Whale Portfolio"
share_token = "pool-share-2"
assets = ["STX", "WELSH"]

[pools.whales]
category = "meme"
top = 3
rank_by = "score"
min_win_rate_bps = 6000
"""

_INTRO: Final = f"""\
# Settings

Made by `keeper.settings.settings_markdown()` from the settings themselves; do not edit by hand.

The keeper reads its settings once, at start: first the TOML file that is passed to it or named by `{CONFIG_ENV}`,
then the environment over it. Environment names are `KEEPER_` and the setting in capitals, with `__` for each dot.
Lists of sections (assets, pools) are easiest in the file; in the environment they are one JSON value that replaces
the whole list. A setting that is unknown, missing or out of bounds stops the start with exit code 78 and one
sentence that names it. Secrets are never logged or shown.

The private key is never a setting: `signer_key_file`, or the section `signer`, says where it lies.
"""

_HEAD: Final = "| Setting | Environment | Kind and bounds | Default | Meaning |\n|---|---|---|---|---|\n"
_ITEM_HEAD: Final = "| Name | Kind and bounds | Default | Meaning |\n|---|---|---|---|\n"
_SECTIONS: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("signer", SignerSettings),
    ("policy", PolicySettings),
    ("fees", FeeSettings),
    ("sending", SendingSettings),
    ("alerts", AlertSettings),
    ("schedule", ScheduleSettings),
    ("web", WebSettings),
    ("store", StoreSettings),
)
_ITEMS: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("Each entry of nodes", NodeSettings),
    ("Each entry of assets", AssetSettings),
    ("Each entry of pools", PoolSettings),
    ("whales of a pool", WhaleSettings),
    ("Each entry of whale_mappings", WhaleMappingSettings),
    ("Each entry of watched_whales", WatchedSettings),
)


def settings_markdown() -> str:
    """Return the text of docs/settings.md."""
    parts = [
        _INTRO,
        "## General\n\n" + _HEAD + "".join(_rows(Settings, "")),
        *(f"## {name}\n\n{model.__doc__}\n\n{_HEAD}{''.join(_rows(model, f'{name}.'))}" for name, model in _SECTIONS),
        *(f"## {title}\n\n{_ITEM_HEAD}{''.join(_item_rows(model))}" for title, model in _ITEMS),
        "## Example\n\n```toml\n" + EXAMPLE + "```\n",
    ]
    return "\n".join(parts)


def example() -> dict[str, Any]:
    """Return the example of the page as values."""
    return tomllib.loads(EXAMPLE)


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        setting = prefix + name
        env = f"`{env_name(setting)}" + ("__…`" if prefix == "" and name in Settings.NESTED else "`")
        yield f"| `{setting}` | {env} | {kind_words(field)} | {default_words(field)} | {field.description} |\n"


def _item_rows(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"| `{name}` | {kind_words(field)} | {default_words(field)} | {field.description} |\n"


def default_words(field: FieldInfo) -> str:
    """Return a setting's default as the page writes it."""
    if field.is_required():
        return "**required**"
    value = field.default
    if value is None:
        return "absent"
    if isinstance(value, BaseModel) or value == () or field.default_factory is not None:
        return "empty" if not isinstance(value, BaseModel) else "see below"
    return f"`{value}`"


def kind_words(field: FieldInfo) -> str:
    """Return what kind a setting is, and its bounds."""
    bounds = [text for rule in field.metadata if (text := _bound(rule))]
    return ", ".join([_type_name(field.annotation), *bounds])


def _bound(rule: object) -> str:
    match rule:
        case Ge(ge=low):
            return f"at least {low}"
        case Le(le=high):
            return f"at most {high}"
        case MinLen(min_length=low):
            return f"{low} or more long"
        case MaxLen(max_length=high):
            return f"at most {high} long"
        case _:
            return ""


def _type_name(annotation: Any) -> str:
    choices = [choice for choice in get_args(annotation) if choice is not type(None)]
    if str(get_origin(annotation)) == "typing.Literal":
        return " or ".join(f'"{choice}"' for choice in choices)
    if get_origin(annotation) is tuple:
        return f"list of {_type_name(choices[0])}s"
    if get_origin(annotation) is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "section"
    if choices:
        return _type_name(choices[0])
    if annotation is SecretStr:
        return "secret text"
    return {"int": "whole number", "str": "text", "Path": "path"}[annotation.__name__]
