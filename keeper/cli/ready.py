"""What commands begin with whose output has to stay readable by programs."""

from keeper.cli.commands import Config
from keeper.cli.commands import _settings as read_settings
from keeper.settings import Settings
from keeper.telemetry.logs import setup_logging


def ready(config: Config) -> Settings:
    """Read the settings and have warnings go to standard error, without secrets. Raises BadSettings."""
    settings = read_settings(config)
    setup_logging(level="warning", fmt="console", secrets=settings.secrets())
    return settings
