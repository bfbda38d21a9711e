"""`keeper health`, as a container's health check runs it."""

import asyncio
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer


async def ask(keeper, config, status, text, *more):
    async def answer(request):
        return web.Response(status=status, text=text)

    app = web.Application()
    app.router.add_get("/healthz", answer)
    async with TestServer(app) as page:
        config.write_text(f"web_port = {page.port}\n{config.read_text()}")
        return await asyncio.to_thread(keeper, "health", "-c", config, *more)


@pytest.mark.parametrize(("status", "state", "code"), [(200, "ok", 0), (200, "standby", 0), (503, "stale", 1)])
async def test_health__keeper_answers__its_word_decides(keeper, config, status, state, code):
    found, out, _ = await ask(keeper, config, status, json.dumps({"state": state}))

    assert (found, out.strip()) == (code, state)


async def test_health__as_json__is_a_document(keeper, config):
    _, out, _ = await ask(keeper, config, 503, '{"state": "starting"}', "--json")

    assert json.loads(out) == {"ok": False, "health": {"state": "starting"}}


@pytest.mark.parametrize("text", ["<html>", "[1]"])
async def test_health__something_else_answers__fails_without_a_traceback(keeper, config, text):
    found, out, err = await ask(keeper, config, 500, text)

    assert (found, "no answer that can be read" in out, "Traceback" in err) == (1, True, False)


def test_health__nobody_there__says_so(keeper, config):
    config.write_text(f"web_port = 1\n{config.read_text()}")

    found, _, err = keeper("health", "-c", config)

    assert (found, "no keeper answers" in err) == (1, True)


def test_health__nobody_there__is_a_document_too(keeper, config):
    config.write_text(f"web_port = 1\n{config.read_text()}")

    found, out, err = keeper("health", "-c", config, "--json")
    body = json.loads(out)

    assert (found, body["ok"], body["health"]) == (1, False, None)
    assert body["trouble"] == err.strip()
