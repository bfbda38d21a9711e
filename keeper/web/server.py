"""The server: one page and its JSON, the API, health and metrics."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Final, cast

from aiohttp import web

from keeper.alerts import open_troubles
from keeper.core.paused import PAUSED_NOTE, paused_from
from keeper.errors import BadSettings
from keeper.telemetry.metrics import CONTENT_TYPE
from keeper.web import runbook
from keeper.web.answers import RENDERER, add_headers, as_json, errors, json_answer
from keeper.web.api.dispatch import api_routes
from keeper.web.cache import Answer, Kept, answer_of
from keeper.web.estimates import Estimates
from keeper.web.events import Hub, Pace
from keeper.web.guards import HEALTH, count, may_read, not_from_elsewhere, not_too_often, right_host
from keeper.web.health import Health, check_health
from keeper.web.keys import ESTIMATES, HUB, KEPT, LIMITER, PROBES, STATE
from keeper.web.limits import Limiter
from keeper.web.lines import alert_lines, decision_line
from keeper.web.pages import Records, build_card, build_cards, build_header, build_intents, build_page
from keeper.web.params import flag, known_only, whole
from keeper.web.render import STATIC, Renderer
from keeper.web.state import WebState
from keeper.web.views import all_views, pool_names, view_of
from keeper.web.wire import Connection, carry_on

MOST_BODY: Final = 4_096
"""Longest body of a request, in bytes."""
EVERY_ADDRESS: Final = "::"
"""What is listened on for every address of the machine."""
_PAGE_DECISIONS: Final = 30
_PAGE_ALERTS: Final = 15
_PAGE_INTENTS: Final = 200
_MOST: Final = 500
_HIGHEST_POOL: Final = 2**31 - 1
_STATIC_TYPES: Final = {"app.css": "text/css", "app.js": "text/javascript", "icon.svg": "image/svg+xml"}
_PORT_TROUBLE: Final = {
    errno.EADDRINUSE: "is taken by another program; stop that one or choose another port",
    errno.EACCES: "needs rights that the keeper does not have; choose a port above 1023",
}


def make_app(state: WebState, pace: Pace | None = None) -> web.Application:
    """Build the application; nothing is opened yet. `pace` is that of its streams."""
    guards = [count, errors, right_host, not_from_elsewhere, not_too_often, may_read]
    app = web.Application(middlewares=guards, client_max_size=MOST_BODY)
    app[STATE] = state
    app[RENDERER] = Renderer()
    app[KEPT], app[ESTIMATES] = Kept(), Estimates(state.found)
    app[HUB] = Hub(state.store, pace, news=app[KEPT].forget)
    app[LIMITER], app[PROBES] = Limiter(state.requests_per_minute), Limiter(state.requests_per_minute)
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(_end_streams)
    app.add_routes([_carried_on(route) for route in [*api_routes(), *_own_routes()]])
    return app


def _own_routes() -> list[web.RouteDef]:
    return [
        web.get("/", page),
        web.get(HEALTH, healthz),
        web.get("/metrics", metrics),
        web.get("/api/status", api_status),
        web.get("/api/pools", api_pools),
        web.get("/api/pools/{id}", api_pool),
        web.get("/api/decisions", api_decisions),
        web.get("/api/intents", api_intents),
        web.get("/api/alerts", api_alerts),
        web.get("/static/{name}", static),
        web.get(f"{runbook.PATH}/{{name}}", runbook.runbook_page),
    ]


def _carried_on(route: web.RouteDef) -> web.RouteDef:
    return web.RouteDef(route.method, route.path, route.handler, {**route.kwargs, "expect_handler": carry_on})


async def _end_streams(app: web.Application) -> None:
    await app[HUB].close()


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Serve `app` while the block runs; yields its address, with the port the system chose when `port` is 0.

    Raises BadSettings naming web_port or web_host when it cannot listen there.
    """
    runner = web.AppRunner(app, shutdown_timeout=2.0)
    await runner.setup()
    try:
        async with _listening(runner, host, port) as bound:
            yield f"http://{f'[{host}]' if ':' in host else host}:{bound}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _listening(runner: web.AppRunner, host: str, port: int) -> AsyncIterator[int]:
    """Take connections while the block runs; yields the port. `::` is every address, IPv4 too where one socket does both."""

    def connection() -> Connection:
        return Connection(cast("web.Server", runner.server), runner.app)

    loop, both = asyncio.get_running_loop(), host == EVERY_ADDRESS and socket.has_dualstack_ipv6()
    try:
        if both:
            every = socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=True)
            listening = await loop.create_server(connection, sock=every)
        else:
            listening = await loop.create_server(connection, host, port)
    except OSError as exc:
        raise _cannot_listen(host, port, exc) from exc
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


async def page(request: web.Request) -> web.Response:
    """Answer the status page."""
    known_only(request)
    kept = await request.app[KEPT].get("page", lambda: _page(request.app))
    return web.Response(body=kept.body, content_type="text/html", charset="utf-8")


async def _page(app: web.Application) -> Answer:
    state = app[STATE]
    store = state.store
    # Asked together: one by one, each would wait for its turn beside a cycle that is under way.
    views, decisions, alerts, intents, paused, troubles = await asyncio.gather(
        all_views(store),
        store.decisions(limit=_PAGE_DECISIONS),
        store.alerts(limit=_PAGE_ALERTS),
        store.intents(limit=_PAGE_INTENTS),
        store.note(PAUSED_NOTE),
        store.note(open_troubles.NOTE),
    )
    records = Records(views, decisions, alerts, intents, paused_from(paused), open_troubles.read(troubles))
    return await _beside(app, lambda state, health: app[RENDERER].page(build_page(records, state, health)))


async def _beside(app: web.Application, make: Callable[[WebState, Health], str]) -> Answer:
    """Return what `make` makes in another thread: with many pools that takes seconds, and the loop has better to do."""
    state, nodes = app[STATE], app[STATE].nodes()
    health = check_health(state.pulse, state.cycle_seconds)
    still = replace(state, nodes=lambda: nodes)  # they belong to the loop
    return await asyncio.to_thread(lambda: answer_of(make(still, health).encode()))


async def healthz(request: web.Request) -> web.Response:
    """Answer 200 while cycles finish or another keeper holds the lease, 503 while starting, stale or without a store."""
    state = request.app[STATE]
    health = check_health(state.pulse, state.cycle_seconds)
    return json_answer(health, HTTPStatus.OK if health.state in ("ok", "standby") else HTTPStatus.SERVICE_UNAVAILABLE)


async def metrics(request: web.Request) -> web.Response:
    """Answer the metrics in Prometheus' text format."""
    return web.Response(body=request.app[STATE].metrics.render(), headers={"Content-Type": CONTENT_TYPE})


async def api_status(request: web.Request) -> web.Response:
    """Answer the part of the page above the pools."""
    known_only(request)
    state = request.app[STATE]
    paused = paused_from(await state.store.note(PAUSED_NOTE))
    return json_answer(build_header(state, check_health(state.pulse, state.cycle_seconds), paused))


async def api_pools(request: web.Request) -> web.Response:
    """Answer all pools."""
    known_only(request)
    kept = await request.app[KEPT].get("cards", lambda: _cards(request.app))
    return web.Response(body=kept.body, content_type="application/json", charset="utf-8")


async def _cards(app: web.Application) -> Answer:
    store = app[STATE].store
    views, intents = await asyncio.gather(all_views(store), store.intents(limit=_PAGE_INTENTS))
    return await _beside(app, lambda state, health: as_json({"pools": build_cards(views, intents, state, health)}))


async def api_pool(request: web.Request) -> web.Response:
    """Answer one pool, or 404."""
    known_only(request)
    state = request.app[STATE]
    pool_id = whole(request.match_info["id"], "pool id", low=0, high=_HIGHEST_POOL)
    health = check_health(state.pulse, state.cycle_seconds)
    intents = await state.store.intents(pool_id=pool_id, limit=_PAGE_INTENTS)
    view = await view_of(state.store, pool_id)
    if view is None and pool_id not in state.pulse.pool_ids:
        raise web.HTTPNotFound(text=f"there is no pool {pool_id}")
    return json_answer(build_card(pool_id, view, intents, state, fresh=pool_id in health.fresh()))


async def api_decisions(request: web.Request) -> web.Response:
    """Answer the newest decisions, of one pool or of all."""
    pool_id, limit = _pool_and_limit(request)
    state = request.app[STATE]
    found = await state.store.decisions(pool_id=pool_id, limit=limit)
    names = await pool_names(state, {decision.pool_id for decision in found})
    now = state.now()
    return json_answer({"decisions": [decision_line(decision, names, now) for decision in found]})


async def api_intents(request: web.Request) -> web.Response:
    """Answer the newest transactions, of one pool or of all, open ones only when asked."""
    pool_id, limit = _pool_and_limit(request, "open")
    state = request.app[STATE]
    found = await state.store.intents(open_only=flag(request, "open"), pool_id=pool_id, limit=limit)
    return json_answer({"intents": build_intents(found, state.now())})


async def api_alerts(request: web.Request) -> web.Response:
    """Answer the newest alerts."""
    known_only(request, "limit")
    state = request.app[STATE]
    limit = whole(request.query.get("limit", "50"), "limit", low=1, high=_MOST)
    found, note = await state.store.alerts(limit=limit), await state.store.note(open_troubles.NOTE)
    return json_answer({"alerts": alert_lines(found, open_troubles.read(note).keys(), state.now())})


async def static(request: web.Request) -> web.StreamResponse:
    """Answer one of our own three files; their address changes with their content."""
    name = request.match_info["name"]
    if name not in _STATIC_TYPES:
        raise web.HTTPNotFound(text="there is nothing here")
    headers = {"Content-Type": f"{_STATIC_TYPES[name]}; charset=utf-8", "Cache-Control": "public, max-age=86400"}
    return web.FileResponse(STATIC / name, headers=headers)


def _pool_and_limit(request: web.Request, *others: str) -> tuple[int | None, int]:
    known_only(request, "pool", "limit", *others)
    limit = whole(request.query.get("limit", "50"), "limit", low=1, high=_MOST)
    if "pool" not in request.query:
        return None, limit
    return whole(request.query["pool"], "pool", low=0, high=_HIGHEST_POOL), limit


def _cannot_listen(host: str, port: int, exc: OSError) -> BadSettings:
    trouble = _PORT_TROUBLE.get(exc.errno or 0)
    if trouble:
        return BadSettings(f"Setting web_port (KEEPER_WEB_PORT) is {port}, which {trouble}.", setting="web_port")
    msg = f"Setting web_host (KEEPER_WEB_HOST) is {host!r}, where this machine cannot listen ({exc.strerror}); correct it."
    return BadSettings(msg, setting="web_host")
