"""What the keeper that runs with these settings says of itself over HTTP, whatever its store does."""

import json as json_
import os
from typing import Any, Final

import aiohttp

from keeper import console as output
from keeper.errors import BadSettings
from keeper.settings import Settings
from keeper.signers.places import locate, read_line
from keeper.surroundings import page_of
from keeper.web.text import span

SECONDS: Final = 3.0
"""Longest that the running keeper may take to answer."""
MOST_BYTES: Final = 1 << 20
OK: Final = 200
_HEALTHY: Final = (OK, 503)
"""How it answers when asked for its health: 503 says that it is not well, and how."""


async def ask_running(settings: Settings) -> dict[str, Any]:
    """Ask the keeper that runs with these settings, if one does, for what only it knows.

    Where it may not or cannot say how its nodes do, as without its store, its health alone; `trouble` says why.
    """
    page = page_of(settings.web_host, settings.web_port)
    said: dict[str, Any] = {"page": page, "answers": False, "trouble": None, "health": None, "nodes": None}
    try:
        return said | await _ask(page, _key(settings))
    except BadSettings as exc:
        trouble = str(exc)
    except TimeoutError:
        trouble = f"no answer within {SECONDS:g} s"
    except (aiohttp.ClientError, OSError):
        trouble = "nobody answers there"
    except (ValueError, RecursionError, KeyError, TypeError):
        trouble = "something answers there that is not a keeper of this version"
    return said | {"trouble": trouble}


async def _ask(page: str, key: dict[str, str]) -> dict[str, Any]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        status, body = await _get(session, f"{page}/api/v1/status", key)
        if status == OK:
            return {"answers": True, "health": body["health"], "nodes": body["nodes"]}
        trouble = f"it answers with status {status}"
        status, body = await _get(session, f"{page}/healthz", {})
        well_formed = status in _HEALTHY and "loop_age_seconds" in body
        return {"answers": well_formed, "health": body if well_formed else None, "trouble": trouble}


async def _get(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> tuple[int, Any]:
    async with session.get(url, headers=headers, allow_redirects=False) as answer:
        return answer.status, json_.loads(await answer.content.read(MOST_BYTES))


def _key(settings: Settings) -> dict[str, str]:
    """Return the header that lets us read, where reading needs a token. Raises BadSettings."""
    place = settings.web.read_token_file
    if place is None:
        return {}
    token = read_line(locate(place, os.environ), "the file of setting web.read_token_file,")
    return {"Authorization": f"Bearer {token.reveal().decode('ascii', 'replace')}"}


def show_running(running: dict[str, Any]) -> None:
    """Print how the running keeper and its nodes do, or why that is not known."""
    if not running["answers"]:
        why = "" if running["trouble"] is None else f": {running['trouble']}"
        output.out.print(f"no keeper seen running at {running['page']}{why}", markup=False)
        return
    health = running["health"]
    useful = "" if health["useful"] or health["state"] != "ok" else ", but every pool was refused or could not be read"
    ended = "" if health["age_seconds"] is None else f"; last cycle ended {span(health['age_seconds'])} ago"
    moved = "" if health["loop_age_seconds"] is None else f", loop last moved {span(health['loop_age_seconds'])} ago"
    output.out.print(f"keeper at {running['page']}: {health['state']}{useful}{ended}{moved}", markup=False)
    if running["nodes"] is None:
        output.out.print(f"its nodes are not known: {running['trouble']}", markup=False)
        return
    for node in running["nodes"]:
        output.out.print(f"node {node['name']}: {_node_words(node)}", markup=False)


def _node_words(node: dict[str, Any]) -> str:
    rests, left, error = node["resting_seconds"], node["requests_left"], node["last_error"]
    parts = [
        f"rests {span(rests)} more" if rests else "used" if node["leads"] else "spare",
        *([] if node["standing"] == "in line" else [node["standing"]]),
        *([] if node["height"] is None else [f"block {node['height']:,}"]),
        *([] if left is None else [f"{left:,} requests left now"]),
        *([] if error is None else [str(error)]),
    ]
    return ", ".join(parts)
