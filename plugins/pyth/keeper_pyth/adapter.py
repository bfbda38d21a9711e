"""Pyth Hermes as a PriceSource: one request for all feeds that are asked for."""

import json
from collections.abc import Sequence
from typing import Final, NoReturn

import aiohttp

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
        status, raw, trouble = await self._get(feed_ids)
        if status == TOO_MANY_REQUESTS:
            self._quiet_until = Seconds(self._clock.now() + PENALTY_SECONDS)
            self._fail("says too many requests", status=status, retry_after=PENALTY_SECONDS)
        if trouble or status != OK:
            self._fail(trouble or f"answered HTTP {status}", status=status)
        body: object = None
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            trouble = "answered something that is not JSON"
        if trouble:
            self._fail(trouble, status=status)
        return body

    async def _get(self, feed_ids: list[str]) -> tuple[int, bytes, str]:
        """Return status, body and what went wrong, so that no error of the client, with its request, travels on."""
        params = [("ids[]", feed) for feed in feed_ids]
        params += [("encoding", "hex"), ("parsed", "true"), ("ignore_invalid_price_ids", "true")]
        status, raw = 0, bytearray()
        try:
            async with self._session.get(
                self._settings.base_url.rstrip("/") + PATH,
                params=params,
                headers=self._headers(),
                allow_redirects=False,
            ) as response:
                status = response.status
                async for chunk in response.content.iter_chunked(65_536):
                    raw += chunk
                    if len(raw) > MAX_BODY:
                        return status, b"", "answered far more than was asked"
        except TimeoutError:
            return status, b"", "did not answer in time"
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            return status, b"", f"could not be reached ({type(exc).__name__})"
        return status, bytes(raw), ""

    def _headers(self) -> dict[str, str]:
        key = self._settings.api_key
        return {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}

    def _fail(self, why: str, **facts: object) -> NoReturn:
        msg = f"pyth {why}"
        raise SourceUnavailable(msg, source=NAME, **facts)
