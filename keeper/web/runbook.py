"""The runbook's pages as they were written, so that a link to what to do needs no other server."""

import re
from pathlib import Path
from typing import Final

from aiohttp import web

import keeper
from keeper.alerts.rules import RUNBOOK
from keeper.web.params import known_only

PATH: Final = "/runbook"
_PAGE: Final = re.compile(r"[A-Za-z-]{1,80}\.md")


def folder() -> Path:
    """Return the folder of pages: inside an installed keeper, else in its checkout."""
    package = Path(keeper.__file__).parent
    shipped = package / "web" / "_runbook"
    return shipped if shipped.is_dir() else package.parent / RUNBOOK


async def runbook_page(request: web.Request) -> web.StreamResponse:
    """Answer a page of the runbook as plain text, or 404."""
    known_only(request)
    name = request.match_info["name"]
    if _PAGE.fullmatch(name) is None or not (file := folder() / name).is_file():
        raise web.HTTPNotFound(text="there is no such page in the runbook")
    return web.FileResponse(file, headers={"Content-Type": "text/plain; charset=utf-8"})


def href(link: str) -> str | None:
    """Return where a browser on this page finds a page of the runbook; None for a path that means nothing to it."""
    if link.startswith(("https://", "http://")):
        return link
    root, _, name = link.rpartition("/")
    return f"{PATH}/{name}" if root == RUNBOOK and _PAGE.fullmatch(name) else None
