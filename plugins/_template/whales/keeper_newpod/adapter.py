"""The service as a WhaleFeed."""

from collections.abc import Sequence
from typing import Final

import aiohttp

from keeper.bounded_http import ask
from keeper.core.whales import Whale
from keeper.errors import SourceUnavailable
from keeper_newpod.parse import NAME, whales_from
from keeper_newpod.settings import NewPodSettings

MOST_BYTES: Final = 2_000_000


class NewPod:
    """A `WhaleFeed` over HTTP; shows neither its address nor its key."""

    def __init__(self, settings: NewPodSettings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session

    @property
    def name(self) -> str:
        """Always `newpod`."""
        return NAME

    async def whales(self, category: str) -> Sequence[Whale]:
        """Ask for the whales of a category. Raises SourceUnavailable."""
        key = self._settings.api_key
        headers = {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}
        url, params = str(self._settings.url), {"category": category}
        answer = await ask(self._session, "GET", url, most=MOST_BYTES, params=params, headers=headers)
        if answer.trouble or answer.status != 200:  # noqa: PLR2004
            why = answer.trouble or f"answered {answer.status}"
            message = f"{NAME} {why}"
            raise SourceUnavailable(message, source=NAME, retry_after=answer.retry_after)
        return whales_from(answer.body, category)
