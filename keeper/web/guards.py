"""What stands before every handler: it is counted, it came to the right host from no foreign page, not too often, and may read."""

import ipaddress
import math
import socket
import time
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from keeper.web.keys import LIMITER, PROBES, STATE

CHALLENGE: Final = 'Bearer realm="keeper"'
_BROWSER_CHALLENGE: Final = 'Basic realm="keeper", charset="UTF-8"'
HEALTH: Final = "/healthz"
_OPEN_PATHS: Final = (HEALTH, "/static/")
"""What a service manager and a browser's first look need; nothing about pools or money is there."""
_HERE: Final = frozenset({"localhost", "localhost.localdomain"})

_log = structlog.get_logger(__name__)


@web.middleware
async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count every answer by route and status, and how long it took."""
    started = time.perf_counter()
    response = await handler(request)
    resource = request.match_info.route.resource
    route = "unmatched" if resource is None else resource.canonical
    # How long a stream takes is its reader's doing; only what is sent at once has a length before.
    took = None if response.content_length is None else time.perf_counter() - started
    request.app[STATE].metrics.http_answered(route, response.status, took=took)
    return response


@web.middleware
async def right_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a name that is not ours: a foreign page whose name was pointed at this machine must not read it."""
    state = request.app[STATE]
    name = _name_in(request.headers.get("Host", ""))
    if not _cannot_be_pointed(name) and name not in (*state.hosts, state.host.lower(), socket.gethostname().lower()):
        message = f"this keeper is not called {name[:100]!r}; add the name to the setting web.hosts if it should be"
        raise web.HTTPMisdirectedRequest(text=message)
    return await handler(request)


@web.middleware
async def not_from_elsewhere(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what a page of another site has a browser ask for; a person who follows a link from there is let in.

    Such a page could read no answer, but take every place at the stream and use up the rate of the address. Browsers
    say where a request comes from; a program that does not is none.
    """
    if request.headers.get("Sec-Fetch-Site") == "cross-site" and not _follows_a_link(request):
        raise web.HTTPForbidden(text="pages of other sites may not ask this keeper; open its own page instead")
    return await handler(request)


@web.middleware
async def not_too_often(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse an address that asks too often."""
    # A service manager's look must not fail since a script at the same address asks too much.
    limiter = request.app[PROBES if request.path == HEALTH else LIMITER]
    seconds = limiter.wait_seconds(request.remote)
    if seconds:
        after = str(math.ceil(seconds))
        message = f"too many requests from this address; ask again in {after} s (setting web.requests_per_minute)"
        raise web.HTTPTooManyRequests(text=message, headers={"Retry-After": after})
    return await handler(request)


@web.middleware
async def may_read(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse whoever lacks the token, where one is set."""
    allowed = request.app[STATE].access.may_read(request.headers.get("Authorization", ""))
    if allowed or request.path.startswith(_OPEN_PATHS):
        return await handler(request)
    if "Authorization" in request.headers:
        _log.warning("wrong_token", caller=request.remote, path=request.path[:100])
    raise web.HTTPUnauthorized(
        text="reading needs the token of web.read_token_file, as a bearer token or as a browser's password",
        headers={"WWW-Authenticate": f"{_BROWSER_CHALLENGE}, {CHALLENGE}"},
    )


def _follows_a_link(request: web.Request) -> bool:
    return request.method == "GET" and request.headers.get("Sec-Fetch-Dest") == "document"


def _name_in(host: str) -> str:
    """Return the name in a Host header, without its port and in small letters."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().removesuffix(".")


def _cannot_be_pointed(name: str) -> bool:
    """Tell whether no stranger's name server decides where this leads: an address, or a name of every machine for itself."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in _HERE
    return True
