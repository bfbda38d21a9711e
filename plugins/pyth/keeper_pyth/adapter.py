"""Pyth Hermes as a PriceSource: one request for all feeds that are asked for."""

import json
from collections.abc import Sequence
from typing import Final, NoReturn

import aiohttp

from keeper.bounded_http import Answer, ask
from keeper.core.assets import Asset
from keeper.core.prices import PricePoint
from keeper.core.units import Seconds
from keeper.errors import SourceUnavailable
from keeper.ports import Clock
from keeper_pyth.parse import NAME, prices_from
from keeper_pyth.settings import PythSettings

PATH: Final = "/v2/updates/price/latest"
OK: Final = 200
TOO_MANY_REQUESTS: Final = 429
PENALTY_SECONDS: Final = 60
"""Hermes shuts an address out for this long after a 429; asking earlier gains nothing."""
MAX_BODY: Final = 1_000_000


class Pyth:
    """The `PriceSource` of Pyth Hermes. The key goes into a header and is shown nowhere."""

    def __init__(self, settings: PythSettings, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._settings = settings
        self._session = session
        self._clock = clock
        self._quiet_until = Seconds(0)

    @property
    def name(self) -> str:
        """Always `pyth`."""
        return NAME

    async def prices(self, assets: Sequence[Asset]) -> Sequence[PricePoint]:
        """Return USD prices of the assets that have a feed. Raises SourceUnavailable."""
        feeds = self._settings.feeds
        wanted = {asset.symbol: feeds[asset.symbol] for asset in assets if asset.symbol in feeds}
        if not wanted:
            return []
        now = self._clock.now()
        quiet = self._quiet_until - now
        if 0 < quiet <= PENALTY_SECONDS:  # longer means that the clock was set back
            self._fail("asked for quiet after too many requests", retry_after=quiet)
        body = await self._ask(sorted(set(wanted.values())))
        return prices_from(body, wanted, Seconds(now + self._settings.max_ahead_seconds))

    async def _ask(self, feed_ids: list[str]) -> object:
        answer = await self._get(feed_ids)
        status, trouble = answer.status, answer.trouble
        if status == TOO_MANY_REQUESTS:
            self._quiet_until = Seconds(self._clock.now() + PENALTY_SECONDS)
            self._fail("says too many requests", status=status, retry_after=PENALTY_SECONDS)
        if trouble or status != OK:
            self._fail(trouble or f"answered HTTP {status}", status=status)
        body: object = None
        try:
            body = json.loads(answer.body)
        except (ValueError, RecursionError):
            trouble = "answered something that is not JSON"
        if trouble:
            self._fail(trouble, status=status)
        return body

    async def _get(self, feed_ids: list[str]) -> Answer:
        params = [("ids[]", feed) for feed in feed_ids]
        params += [("encoding", "hex"), ("parsed", "true"), ("ignore_invalid_price_ids", "true")]
        url = self._settings.base_url.rstrip("/") + PATH
        return await ask(self._session, "GET", url, most=MAX_BODY, params=params, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        key = self._settings.api_key
        return {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}

    def _fail(self, why: str, **facts: object) -> NoReturn:
        msg = f"pyth {why}"
        raise SourceUnavailable(msg, source=NAME, **facts)
