"""Pyth's two services over HTTP. Both want a key, which goes into a header and is shown nowhere."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn, Protocol

import aiohttp
from pydantic import SecretStr

from keeper.bounded_http import Answer, ask
from keeper.core.prices import Fault, Observation
from keeper.core.units import Seconds
from keeper.errors import SourceUnavailable
from keeper.ports import Clock
from keeper_pyth.parse import NAME, Window, lazer_prices_from, prices_from
from keeper_pyth.settings import PythSettings

OK: Final = 200
TOO_MANY_REQUESTS: Final = 429
PENALTY_SECONDS: Final = 60
"""Pyth shuts an address out for this long after a 429; asking earlier gains nothing."""
MAX_BODY: Final = 1_000_000


class Service(Protocol):
    """One place where Pyth's prices can be had."""

    feeds: Mapping[str, Any]
    """Asset symbol to what the service calls its feed."""

    async def prices(self, symbols: list[str]) -> list[Observation]:
        """Return a price or a refusal for each symbol. Raises SourceUnavailable."""
        ...


class Line:
    """Requests with one key to one service, which stays quiet for as long as it shuts callers out."""

    def __init__(self, label: str, key: SecretStr, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._label = label
        self._key = key
        self._session = session
        self._clock = clock
        self._quiet_until = Seconds(0)

    def now(self) -> Seconds:
        """Return the keeper's time."""
        return self._clock.now()

    async def ask(self, method: str, url: str, **options: Any) -> object:
        """Return the decoded answer. Raises SourceUnavailable, which never shows the key."""
        quiet = self._quiet_until - self._clock.now()
        if 0 < quiet <= PENALTY_SECONDS:  # longer means that the clock was set back
            self._fail("asked for quiet after too many requests", retry_after=quiet)
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}"}
        answer = await ask(self._session, method, url, most=MAX_BODY, headers=headers, **options)
        return self._decoded(answer)

    def _decoded(self, answer: Answer) -> object:
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
            self._fail(trouble, status=status, fault=Fault.UNREADABLE)
        return body

    def _fail(self, why: str, **facts: object) -> NoReturn:
        msg = f"{self._label} {why}"
        raise SourceUnavailable(msg, source=NAME, **facts)


class Hermes:
    """Pyth's prices by 32-byte feed id."""

    PATH: Final = "/v2/updates/price/latest"

    def __init__(self, settings: PythSettings, line: Line) -> None:
        self.feeds: Mapping[str, str] = settings.feeds
        self._url = settings.base_url.rstrip("/") + self.PATH
        self._line = line
        self._ahead = settings.max_ahead_seconds

    async def prices(self, symbols: list[str]) -> list[Observation]:
        """Return a price or a refusal for each symbol. Raises SourceUnavailable."""
        wanted = {symbol: self.feeds[symbol] for symbol in symbols}
        params = [("ids[]", feed) for feed in sorted(set(wanted.values()))]
        params += [("encoding", "hex"), ("parsed", "true"), ("ignore_invalid_price_ids", "true")]
        body = await self._line.ask("GET", self._url, params=params)
        return prices_from(body, wanted, Window(self._line.now(), self._ahead))


def lazer_question(feeds: Iterable[int], *, formats: Iterable[str]) -> dict[str, object]:
    """Return what Lazer is asked for: everything that `lazer_prices_from` reads, of these feeds, once a second."""
    return {
        "priceFeedIds": sorted(set(feeds)),
        "properties": ["price", "exponent", "confidence", "publisherCount", "feedUpdateTimestamp"],
        "formats": list(formats),
        "channel": "fixed_rate@1000ms",
        "jsonBinaryEncoding": "hex",
    }


class Lazer:
    """Pyth's prices by feed number, from the service whose updates the contracts verify."""

    PATH: Final = "/v1/latest_price"

    def __init__(self, settings: PythSettings, line: Line) -> None:
        self.feeds: Mapping[str, int] = settings.lazer_feeds
        self._url = settings.lazer_url.rstrip("/") + self.PATH
        self._line = line
        self._ahead = settings.max_ahead_seconds

    async def prices(self, symbols: list[str]) -> list[Observation]:
        """Return a price or a refusal for each symbol. Raises SourceUnavailable."""
        wanted = {symbol: self.feeds[symbol] for symbol in symbols}
        question = lazer_question(wanted.values(), formats=("evm",))
        body = await self._line.ask("POST", self._url, json=question)
        return lazer_prices_from(body, wanted, Window(self._line.now(), self._ahead))
