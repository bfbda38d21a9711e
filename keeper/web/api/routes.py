"""What one address of the API is: the server and the OpenAPI document are both made from these."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Generic, Literal, TypeVar

from aiohttp import web

from keeper.web.api.params import Nothing, Params
from keeper.web.api.shapes import Shape
from keeper.web.state import WebState

JSON: Final = "application/json"
CSV: Final = "text/csv"
CSV_TYPE: Final = "text/csv; charset=utf-8; header=present"
STREAM: Final = "text/event-stream"
ROOT: Final = "/api/v1"

P = TypeVar("P", bound=Params)
A = TypeVar("A", bound=Params)


@dataclass(frozen=True, slots=True)
class Ask(Generic[P, A]):
    """One request, already checked: `path` from the path, `asked` from the query, or from the body of a change."""

    request: web.Request
    state: WebState
    path: P
    asked: A


@dataclass(frozen=True, slots=True)
class Route:
    """One address and everything that is promised about it."""

    method: Literal["GET", "POST"]
    path: str
    name: str
    summary: str
    answer: Callable[[Ask[Any, Any]], Awaitable[Shape | str | web.StreamResponse]]
    gives: type[Shape] | None = None
    """Model of a JSON answer; None for another media type."""
    media: str = JSON
    path_params: type[Params] = Nothing
    asked: type[Params] = Nothing
    """Model of the query, or of the body of a POST."""
    status: HTTPStatus = HTTPStatus.OK
    sends: bool = False
    """Whether `answer` sends its answer itself, as it comes, and gives what it sent."""
    faults: tuple[HTTPStatus, ...] = ()
    """What may go wrong here, besides what may go wrong everywhere."""

    @property
    def changes(self) -> bool:
        """Whether it needs the token for changing."""
        return self.method == "POST"
