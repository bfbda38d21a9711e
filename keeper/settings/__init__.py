"""The keeper's settings: what there is (`model` and its `sections`), what goes together (`disagreements`), how it is read (`load`), how it is explained (`document`)."""

from keeper.settings.document import settings_markdown
from keeper.settings.load import CONFIG_ENV, STATE_ENV, env_name, load_settings
from keeper.settings.model import Settings
from keeper.settings.sections import AssetSettings, FeeSettings, PolicySettings, PoolSettings, WhaleSettings

__all__ = [
    "CONFIG_ENV",
    "STATE_ENV",
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
