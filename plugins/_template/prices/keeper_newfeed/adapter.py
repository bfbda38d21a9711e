"""The service as a PriceSource."""

from collections.abc import Sequence
from typing import Final

import aiohttp

from keeper.bounded_http import ask
from keeper.core.assets import Asset
from keeper.core.prices import PricePoint
from keeper.errors import SourceUnavailable
from keeper_newfeed.parse import NAME, points_from
from keeper_newfeed.settings import NewFeedSettings

MOST_BYTES: Final = 200_000


class NewFeed:
    """A `PriceSource` over HTTP; shows neither its address nor its key."""

    def __init__(self, settings: NewFeedSettings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session

    @property
    def name(self) -> str:
        """Always `newfeed`."""
        return NAME

    async def prices(self, assets: Sequence[Asset]) -> Sequence[PricePoint]:
        """Ask for all prices at once. Raises SourceUnavailable."""
        if not assets:
            return []
        key = self._settings.api_key
        headers = {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}
        symbols = [asset.symbol for asset in assets]
        answer = await ask(
            self._session,
            "GET",
            str(self._settings.url),
            most=MOST_BYTES,
            params={"symbols": ",".join(symbols)},
            headers=headers,
        )
        if answer.trouble or answer.status != 200:  # noqa: PLR2004
            why = answer.trouble or f"answered {answer.status}"
            message = f"{NAME} {why}"
            raise SourceUnavailable(message, source=NAME, retry_after=answer.retry_after)
        return points_from(answer.body, symbols)
