"""Who may ask the page and the API, and how often. Where they listen is `web_host` and `web_port`."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from keeper.settings.sections import HiddenSection
from keeper.settings.shapes import SecretPlace


def _host_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9.:-]{0,251}[a-z0-9])?", value):
        msg = "must be a host name in small letters without port, such as keeper.example; correct it"
        raise ValueError(msg)
    return value


class WebSettings(HiddenSection):
    """Who may ask, and how often."""

    token_file: SecretPlace | None = None
    """File with the token for changing things (pause, resume, analyse), or `credential:NAME`; absent: changing is off."""
    read_token_file: SecretPlace | None = None
    """File with a token that reading needs too, or `credential:NAME`; absent: reading is open."""
    hosts: tuple[Annotated[str, AfterValidator(_host_name)], ...] = Field(default=(), max_length=16)
    """Names that requests may come for besides addresses, localhost, the host name and web_host, such as that of a proxy in front or of a container among others; as JSON in the environment."""
    requests_per_minute: int = Field(default=3_000, ge=10, le=1_000_000)
    """Most requests a minute of one address, a sixth of it at once."""
