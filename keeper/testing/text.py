"""What the kits hold names and errors against."""

import traceback

from keeper.errors import KeeperError
from keeper.guarded import CONTRACT, NAME

__all__ = ["CONTRACT", "NAME", "fail", "text_of"]


def text_of(error: BaseException) -> str:
    """Return everything a log or a crash report could show of an error: message, facts, causes."""
    facts = repr(error.facts) if isinstance(error, KeeperError) else ""
    linked = [link for link in (error.__cause__, error.__context__) if link is not None]
    return "".join(traceback.format_exception(error)) + facts + "".join(text_of(link) for link in linked)


def fail(plugin: str, where: str) -> None:
    """Take the place of what counts failures, where there must be none."""
    message = f"{plugin} failed in {where}"
    raise AssertionError(message)
