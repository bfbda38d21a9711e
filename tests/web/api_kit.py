"""An open API over a store with samples, and its own document to hold its answers against."""

import hashlib
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
from jsonschema import Draft202012Validator
from samples import web_state

from keeper.web.access import Access
from keeper.web.api.openapi import document
from keeper.web.api.table import routes
from keeper.web.server import make_app, serve

ROOT = "/api/v1"
TOKEN = "0123456789abcdef0123456789abcdef-change"  # noqa: S105
READ_TOKEN = "fedcba9876543210fedcba9876543210-read"  # noqa: S105
DOCUMENT = json.loads(document(routes()))
CHANGE = {"Authorization": f"Bearer {TOKEN}"}


def digest(token):
    return hashlib.sha256(token.encode()).digest()


def access(*, read=False, change=True):
    return Access(read=digest(READ_TOKEN) if read else None, change=digest(TOKEN) if change else None)


@asynccontextmanager
async def api(store, pace=None, **changes):
    """Serve the API over `store`; yields a session whose paths begin at its address."""
    state = replace(web_state(store), **{"access": access(), **changes})
    async with serve(make_app(state, pace), "127.0.0.1", 0) as address, aiohttp.ClientSession(address) as session:
        yield session


async def ask(session, path, method="GET", **more):
    """Return (status, body as JSON if it is some, headers)."""
    async with session.request(method, path, **more) as answer:
        raw = await answer.read()
        is_json = answer.content_type == "application/json" and raw
        return answer.status, json.loads(raw) if is_json else raw.decode(), answer.headers


def without_more(schema):
    """Return a schema that allows no other fields: later ones may be added, but today's document names all of them."""
    return {"additionalProperties": False, **schema} if "properties" in schema else schema


COMPONENTS = {"schemas": {name: without_more(schema) for name, schema in DOCUMENT["components"]["schemas"].items()}}


def faults_of(path, method, status, content_type, body):
    """Return what is wrong with an answer by the document; empty when it is as promised and has nothing else."""
    promised = DOCUMENT["paths"][path][method.lower()]["responses"].get(str(status))
    if promised is None:
        return [f"{status} is not promised for {method} {path}"]
    media = promised.get("content")
    if media is None:
        return [] if not body else [f"{status} has a body"]
    if content_type not in media:
        return [f"{content_type} is not promised"]
    schema = {**media[content_type]["schema"], "components": COMPONENTS}
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(body)]
