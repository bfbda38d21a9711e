"""The OpenAPI 3.1 document, made from the same routes and models as the server."""

import json
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from keeper import __version__
from keeper.web.api.routes import JSON, STREAM, Route
from keeper.web.api.shapes import Problem

_REF: Final = "#/components/schemas/{model}"
_EVERYWHERE: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.MISDIRECTED_REQUEST,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_CHANGING: Final = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
_ABOUT: Final = (
    "What a keeper of Whale Strategy Pools sees, decides and sends. Amounts are texts of base units (1 STX is 1,000,000 "
    "µSTX), parts are basis points, instants are block time both as seconds since 1970 and as ISO 8601 in UTC; what is "
    "not known is null. Paths under /api/v1 keep their meaning: fields may be added, none is taken away or changed. "
    "HEAD is answered wherever GET is, without a body; OPTIONS with 204 and the methods in Allow."
)
_HEADERS: Final = {
    "ETag": {"description": "Changes when the answer does.", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "In how many seconds to ask again.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "WWW-Authenticate": {"description": "How to send the token.", "schema": {"type": "string"}},
}
_FAULT_HEADERS: Final = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.TOO_MANY_REQUESTS: "Retry-After",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
}
"""Some 503 say when to come back, others cannot know it."""
_EVENTS: Final = (
    "One event for each decision (data: Decision), alert (data: Alert) and transaction that moved on (data: Transaction), and "
    "`pause` when a person paused the keeper or had it go on (data: Changed). "
    "`ready` begins a stream when nothing was missed; `reset` says that something was missed and the lists have to be read anew. "
    "A comment every 15 s says that the stream is alive; Last-Event-ID goes on where a stream broke off."
)


def document(routes: Iterable[Route]) -> bytes:
    """Return the document as JSON."""
    every = tuple(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in every:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    made = {
        "openapi": "3.1.0",
        "info": {"title": "Keeper", "version": __version__, "description": _ABOUT, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}, {"password": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(_schemas(every).items())),
            "headers": _HEADERS,
            "securitySchemes": _schemes(),
        },
    }
    return json.dumps(made, ensure_ascii=False).encode()


def _schemas(routes: Iterable[Route]) -> dict[str, Any]:
    pairs: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization")]
    for route in routes:
        if route.gives is not None:
            pairs.append((route.gives, "serialization"))
        if route.changes and route.asked.model_fields:
            pairs.append((route.asked, "validation"))
    _, made = models_json_schema(pairs, ref_template=_REF)
    asked = {route.asked.__name__ for route in routes if route.changes}
    return {name: schema if name in asked else _open(schema) for name, schema in made["$defs"].items()}


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an answer without the promise that nothing will be added; a new field breaks no reader."""
    return {key: value for key, value in schema.items() if key != "additionalProperties" or value is not False}


def _schemes() -> dict[str, Any]:
    return {
        "token": {"type": "http", "scheme": "bearer", "description": "The token for reading or for changing."},
        "password": {"type": "http", "scheme": "basic", "description": "For browsers: the token as the password."},
    }


def _operation(route: Route) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": list(_parameters(route)),
        "responses": _responses(route),
    }
    if route.media == STREAM:
        made["description"] = _EVENTS
        made["parameters"] = [
            _header("Last-Event-ID", "Id of the last event that arrived.", "^[0-9a-f]{8}-[0-9]{1,15}$")
        ]
    if _is_tagged(route):
        made["parameters"].append(_header("If-None-Match", "Tag of the answer that one has already."))
    if route.changes:
        made["security"] = [{"token": []}]
    if route.changes and route.asked.model_fields:
        schema = {"$ref": _REF.format(model=route.asked.__name__)}
        made["requestBody"] = {"required": False, "content": {JSON: {"schema": schema}}}
    return made


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    yield from _from_model(route.path_params, "path")
    if not route.changes:
        yield from _from_model(route.asked, "query")


def _from_model(model: type[BaseModel], place: str) -> Iterator[dict[str, Any]]:
    schema = model.model_json_schema(mode="validation")
    for name, field in schema.get("properties", {}).items():
        about = dict(field)
        about.pop("title", None)
        description = about.pop("description", "")
        # A parameter that is left out is how null is said in a query.
        given = next((kind for kind in about.get("anyOf", ()) if kind.get("type") != "null"), about)
        yield {
            "name": name,
            "in": place,
            "required": name in schema.get("required", ()),
            "description": description,
            "schema": given,
        }


def _is_tagged(route: Route) -> bool:
    return not route.changes and not route.sends


def _header(name: str, description: str, pattern: str | None = None) -> dict[str, Any]:
    schema = {"type": "string"} if pattern is None else {"type": "string", "pattern": pattern}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _responses(route: Route) -> dict[str, Any]:
    schema = {"type": "string"} if route.gives is None else {"$ref": _REF.format(model=route.gives.__name__)}
    given = {"description": route.summary, "content": {route.media: {"schema": schema}}}
    made: dict[str, Any] = {str(int(route.status)): given}
    if _is_tagged(route):
        given["headers"] = _headers("ETag")
        made["304"] = {"description": "As the given If-None-Match has it already.", "headers": _headers("ETag")}
    problem = {JSON: {"schema": {"$ref": _REF.format(model=Problem.__name__)}}}
    faults = {*_EVERYWHERE, *route.faults, *(_CHANGING if route.changes else ())}
    for status in sorted(faults):
        made[str(int(status))] = {"description": status.phrase, "content": problem}
        if status in _FAULT_HEADERS:
            made[str(int(status))]["headers"] = _headers(_FAULT_HEADERS[status])
    return made


def _headers(name: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"}}
