"""The keeper's settings: what there is (`model`), how it is read (`load`), how it is explained (`document`)."""

from keeper.settings.document import settings_markdown
from keeper.settings.load import CONFIG_ENV, env_name, load_settings
from keeper.settings.model import (
    AssetSettings,
    FeeSettings,
    PolicySettings,
    PoolSettings,
    Settings,
    WhaleSettings,
)

__all__ = [
    "CONFIG_ENV",
    "AssetSettings",
    "FeeSettings",
    "PolicySettings",
    "PoolSettings",
    "Settings",
    "WhaleSettings",
    "env_name",
    "load_settings",
    "settings_markdown",
]
