"""CoinGecko as a PriceSource: one request for all ids, kept for a while."""

import asyncio
from collections.abc import Sequence
from typing import Final, NoReturn

import aiohttp

from keeper.bounded_http import Answer, ask
from keeper.core.assets import Asset, AssetBook
from keeper.core.prices import Observation
from keeper.core.units import Seconds
from keeper.errors import SourceUnavailable
from keeper.ports import Clock
from keeper_coingecko.parse import NAME, decoded, prices_from
from keeper_coingecko.settings import KEY_HEADERS, CoinGeckoSettings

PATH: Final = "/simple/price"
OK: Final = 200
TOO_MANY_REQUESTS: Final = 429
LEAST_QUIET: Final = 60
MOST_QUIET: Final = 600
"""Seconds of quiet after a 429, whatever Retry-After says or leaves out."""
MAX_BODY: Final = 1_000_000
NO_KEY: Final = (
    "no CoinGecko key is set: a free demo key as api_key in plugin.coingecko would give this keeper a limit of its "
    "own instead of one shared with everybody behind the same address"
)


class CoinGecko:
    """The `PriceSource` of CoinGecko. The key goes into a header and is shown nowhere."""

    def __init__(
        self, settings: CoinGeckoSettings, assets: AssetBook, session: aiohttp.ClientSession, clock: Clock
    ) -> None:
        self._settings = settings
        self._session = session
        self._clock = clock
        self._ids = {symbol: settings.ids[symbol] for symbol in assets.symbols() if symbol in settings.ids}
        self._kept: tuple[Seconds, list[Observation]] | None = None
        self._quiet_until = Seconds(0)
        self._asking = asyncio.Lock()

    @property
    def name(self) -> str:
        """Always `coingecko`."""
        return NAME

    @property
    def hint(self) -> str | None:
        """What a key would add, when there is none."""
        return NO_KEY if self._settings.api_key is None else None

    async def prices(self, assets: Sequence[Asset]) -> Sequence[Observation]:
        """Return USD prices and refusals of the assets that have an id. Raises SourceUnavailable."""
        asked = {asset.symbol for asset in assets} & set(self._ids)
        if not asked:
            return []
        async with self._asking:
            found = await self._fresh()
        return [item for item in found if item.asset in asked]

    async def _fresh(self) -> list[Observation]:
        now = self._clock.now()
        if self._kept is not None and 0 <= now - self._kept[0] < self._settings.min_interval:
            return self._kept[1]
        quiet = self._quiet_until - now
        if 0 < quiet <= MOST_QUIET:  # longer means that the clock was set back
            self._fail("asked for quiet after too many requests", retry_after=quiet)
        body = decoded(await self._ask())
        found = prices_from(body, self._ids, now=now, ahead=self._settings.max_ahead_seconds)
        self._kept = now, found
        return found

    async def _ask(self) -> bytes:
        answer = await self._get()
        status, trouble = answer.status, answer.trouble
        if status == TOO_MANY_REQUESTS:
            wait = min(max(answer.retry_after or 0, LEAST_QUIET), MOST_QUIET)
            self._quiet_until = Seconds(self._clock.now() + wait)
            self._fail("says too many requests", status=status, retry_after=wait)
        if trouble or status != OK:
            self._fail(trouble or f"answered HTTP {status}{_error_code(answer.body)}", status=status)
        return answer.body

    async def _get(self) -> Answer:
        ids = ",".join(coin for coins in self._ids.values() for coin in coins)
        params = {"ids": ids, "vs_currencies": "usd", "include_last_updated_at": "true", "precision": "full"}
        url = self._settings.root + PATH
        return await ask(self._session, "GET", url, most=MAX_BODY, params=params, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        key = self._settings.api_key
        return {} if key is None else {KEY_HEADERS[self._settings.plan]: key.get_secret_value()}

    def _fail(self, why: str, **facts: object) -> NoReturn:
        msg = f"coingecko {why}"
        raise SourceUnavailable(msg, source=NAME, **facts)


def _error_code(raw: bytes) -> str:
    """Return CoinGecko's own error number, which tells a key of the wrong plan (10010, 10011) from a missing one."""
    try:
        body = decoded(raw)
    except SourceUnavailable:
        return ""
    match body:
        case {"status": {"error_code": int(code)}} | {"error_code": int(code)}:
            return f", error {code}"
        case _:
            return ""
