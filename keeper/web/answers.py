"""Answers: JSON and errors in one shape, strict headers on everything, nothing about our insides."""

import json
from dataclasses import asdict, is_dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from keeper.errors import KeeperError
from keeper.web.render import Renderer

RENDERER: Final = web.AppKey("renderer", Renderer)
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "keeper",
}
NOTHING_HERE: Final = "there is nothing at this address; /api/v1 lists what there is"
_TOLD: Final = ("Allow", "Retry-After", "WWW-Authenticate")
"""Headers that say more of what went wrong."""

_log = structlog.get_logger(__name__)


def json_answer(value: Any, status: int = HTTPStatus.OK) -> web.Response:
    """Return page objects, or anything made of them, as JSON."""
    return web.json_response(value, status=status, dumps=as_json)


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Put the strict headers on every answer just before it leaves."""
    make_strict(response)


def make_strict(response: web.StreamResponse) -> None:
    """Put the strict headers on an answer that has not left yet."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")


def fault(status: HTTPStatus, message: str) -> web.Response:
    """Return what is wrong as JSON."""
    return json_answer({"error": {"status": int(status), "message": message}}, status)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into an answer of our own."""
    try:
        return await handler(request)
    except web.HTTPException as exc:
        if exc.status < HTTPStatus.BAD_REQUEST:
            raise
        if exc.status == HTTPStatus.METHOD_NOT_ALLOWED and request.method == "OPTIONS":
            return web.Response(status=HTTPStatus.NO_CONTENT, headers={"Allow": f"{exc.headers['Allow']},OPTIONS"})
        answer = _error(request, HTTPStatus(exc.status), _sentence(request, exc))
        answer.headers.update({name: exc.headers[name] for name in _TOLD if name in exc.headers})
        return answer
    except KeeperError as exc:
        _log.warning("page_unavailable", path=request.path, error=f"{type(exc).__name__}: {exc}")
        return _error(request, HTTPStatus.SERVICE_UNAVAILABLE, "the keeper's records cannot be read just now")
    except Exception:  # noqa: BLE001 - the last stop: a stranger gets one sentence, the log gets the traceback
        _log.exception("page_failed", path=request.path)
        return _error(request, HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong; the keeper's log says what")


def _sentence(request: web.Request, exc: web.HTTPException) -> str:
    """Return what was wrong; what the router itself refuses has no words of ours yet."""
    if exc.text and exc.text != f"{exc.status}: {exc.reason}":
        return exc.text
    if exc.status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{request.method[:20]} is not for this address; it takes {exc.headers['Allow'].replace(',', ', ')}"
    if exc.status == HTTPStatus.NOT_FOUND:
        return NOTHING_HERE
    return exc.reason


def _error(request: web.Request, status: HTTPStatus, message: str) -> web.Response:
    wants_page = "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/api/")
    if request.path == "/" or wants_page:
        body = request.app[RENDERER].error(status.phrase, f"{message[:1].upper()}{message[1:]}.")
        return web.Response(text=body, status=status, content_type="text/html")
    return fault(status, message)


def as_json(value: Any) -> str:
    """Return page objects, or anything made of them, as JSON text."""
    return json.dumps(value, default=_plain, allow_nan=False, ensure_ascii=False)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    message = f"{type(value).__name__} has no place in a JSON answer"
    raise TypeError(message)
