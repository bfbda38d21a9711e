"""Parameters of requests: checked, bounded, and refused by name."""

from aiohttp import web


def known_only(request: web.Request, *names: str) -> None:
    """Refuse a parameter that would silently do nothing, or one given twice."""
    for name in request.query:
        if name not in names:
            raise web.HTTPBadRequest(text=f"there is no parameter {name[:40]!r} here")
        if len(request.query.getall(name)) > 1:
            raise web.HTTPBadRequest(text=f"{name} is given more than once")


def whole(value: str, name: str, *, low: int, high: int) -> int:
    """Return a whole number within bounds, or refuse."""
    plain = value.isascii() and value.isdigit() and len(value) <= len(str(high))
    if not plain or not low <= int(value) <= high:
        raise web.HTTPBadRequest(text=f"{name} must be a whole number from {low} to {high}")
    return int(value)


def flag(request: web.Request, name: str) -> bool:
    """Return whether a yes-or-no parameter says yes; absent is no."""
    value = request.query.get(name, "false")
    if value not in {"true", "false"}:
        raise web.HTTPBadRequest(text=f"{name} must be true or false")
    return value == "true"
