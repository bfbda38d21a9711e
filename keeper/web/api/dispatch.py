"""From a route to a handler: check what was asked, answer from what is kept, say it as promised."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, Final, cast

import structlog
from aiohttp import web

from keeper.web.api.openapi import document
from keeper.web.api.params import Nothing, from_body, from_path, from_query
from keeper.web.api.routes import CSV, CSV_TYPE, ROOT, Ask, Route
from keeper.web.api.shapes import Shape
from keeper.web.api.table import routes
from keeper.web.cache import Answer, answer_of
from keeper.web.guards import CHALLENGE
from keeper.web.keys import KEPT, STATE

CACHING: Final = "private, no-cache"
"""Answers may be kept by whoever asked, and have to be asked for again by their tag."""
_TYPES: Final = {CSV: CSV_TYPE}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = structlog.get_logger(__name__)


def api_routes() -> list[web.RouteDef]:
    """Return the whole API for an application, its OpenAPI document included."""
    every = routes()

    async def openapi(request: web.Request) -> web.StreamResponse:
        from_query(Nothing, request)
        return _said(request, _described(), "application/json")

    made = [web.get(r.path, _reader(r)) if r.method == "GET" else web.post(r.path, _changer(r)) for r in every]
    return [*made, web.get(f"{ROOT}/openapi.json", openapi)]


@cache
def _described() -> Answer:
    """Return the document; the same in every process of a version, and made only once it is asked for."""
    return answer_of(document(routes()))


def _reader(route: Route) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        path = from_path(route.path_params, request.match_info)
        ask = Ask(request, request.app[STATE], path, from_query(route.asked, request))
        if route.sends:
            return cast("web.StreamResponse", await route.answer(ask))
        kept = await request.app[KEPT].get(f"{route.name} {path!r} {ask.asked!r}", lambda: _made(route, ask))
        return _said(request, kept, _TYPES.get(route.media, route.media))

    return handle


def _changer(route: Route) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        _may_change(request)
        from_query(Nothing, request)
        path = from_path(route.path_params, request.match_info)
        ask = Ask(request, request.app[STATE], path, await from_body(route.asked, request))
        made = await _made(route, ask)
        return web.Response(body=made.body, status=route.status, content_type=route.media)

    return handle


async def _made(route: Route, ask: Ask[Any, Any]) -> Answer:
    answer = await route.answer(ask)
    return answer_of(answer.model_dump_json().encode() if isinstance(answer, Shape) else str(answer).encode())


def _said(request: web.Request, answer: Answer, media: str) -> web.Response:
    headers = {"ETag": answer.etag, "Cache-Control": CACHING, "Vary": "Authorization"}
    tags = request.if_none_match or ()
    if any(tag.value in ("*", answer.etag.strip('"')) for tag in tags):
        return web.Response(status=304, headers=headers)
    return web.Response(body=answer.body, headers={**headers, "Content-Type": media})


def _may_change(request: web.Request) -> None:
    """Let through whoever has the token. Raises HTTPForbidden, HTTPUnauthorized."""
    access = request.app[STATE].access
    if access.change is None:
        raise web.HTTPForbidden(text="changing is off; name a file with a token in the setting web.token_file")
    if access.may_change(request.headers.get("Authorization", "")):
        return
    _log.warning("wrong_token", caller=request.remote, path=request.path[:100])
    message = "this needs the token of web.token_file, sent as Authorization: Bearer …"
    raise web.HTTPUnauthorized(text=message, headers={"WWW-Authenticate": CHALLENGE})
