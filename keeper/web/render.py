"""Page objects to HTML. The only importer of jinja2; a field that a template misspells is an error."""

import hashlib
import re
from pathlib import Path
from typing import Any, Final

import jinja2

from keeper.web.pages import Page

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
_UNIT: Final = re.compile(r"(?<=\d) (?=%|(?:s|min|h|d)\b)")


class Renderer:
    """Templates compiled once, with the version of the static files in their addresses."""

    def __init__(self) -> None:
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_unbroken,
        )
        self._templates.globals["assets_version"] = _version()
        for name in ("page.html", "error.html"):
            self._templates.get_template(name)  # compiled now, so that the first reader holds nobody up

    def page(self, page: Page) -> str:
        """Return the status page."""
        return self._templates.get_template("page.html").render(page=page)

    def error(self, title: str, message: str) -> str:
        """Return a page that says in one sentence what went wrong."""
        return self._templates.get_template("error.html").render(title=title, message=message)


def _unbroken(value: Any) -> Any:
    """Keep a number and its unit on one line."""
    if type(value) is not str:
        return value
    return _UNIT.sub("\u00a0", value)


def _version() -> str:
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(STATIC.iterdir())))
    return digest.hexdigest()[:10]
