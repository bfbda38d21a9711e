"""Connections, and the answer to bytes on them that are no request: like every other answer, and of no use for filling a log."""

import asyncio
import math
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import HttpVersion11, web
from aiohttp.http import HttpProcessingError
from typing_extensions import override

from keeper.web.answers import fault, make_strict
from keeper.web.keys import LIMITER, STATE

_HOW: Final[dict[str, Any]] = {"access_log": None, "keepalive_timeout": 30.0}
"""Nobody reads a log of every request; a silent connection stays open for half a minute."""
_NO_REQUEST: Final = (
    "this is no request that can be read: a line, a header or the body is malformed, unknown or too long"
)
_OURS: Final = "something went wrong; the keeper's log says what"
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_log = structlog.get_logger(__name__)


class Connection(web.RequestHandler):
    """One connection. What cannot be read as a request never comes to the guards, so it is counted and refused here."""

    __slots__ = ("_app",)

    def __init__(self, server: web.Server, app: web.Application) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **_HOW)
        self._app = app

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what aiohttp found wrong by itself, without saying back what was sent. The connection ends."""
        if isinstance(exc, HttpProcessingError):
            answer = self._refuse(request, exc)
        else:
            super().handle_error(request, status, exc, message)  # for its log
            answer = fault(HTTPStatus(status), _OURS)
        make_strict(answer)
        answer.force_close()
        return answer

    def _refuse(self, request: web.BaseRequest, exc: HttpProcessingError) -> web.Response:
        _log.debug("request_not_read", caller=request.remote, error=type(exc).__name__)
        answer = fault(HTTPStatus.BAD_REQUEST, _NO_REQUEST)
        if seconds := self._app[LIMITER].wait_seconds(request.remote):
            answer = fault(HTTPStatus.TOO_MANY_REQUESTS, "too many requests from this address")
            answer.headers["Retry-After"] = str(math.ceil(seconds))
        self._app[STATE].metrics.http_answered("unmatched", answer.status, took=None)
        return answer


async def carry_on(request: web.Request) -> None:
    """Have the caller send the body it holds back. Other expectations are ignored, as a server may (RFC 9110, 10.1.1)."""
    if request.version == HttpVersion11 and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(_CONTINUE)
        request.writer.output_size = 0  # the answer itself has not begun
