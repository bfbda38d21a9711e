"""Where the parts of the server find each other."""

from typing import Final

from aiohttp import web

from keeper.web.cache import Kept
from keeper.web.estimates import Estimates
from keeper.web.events import Hub
from keeper.web.limits import Limiter
from keeper.web.state import WebState

STATE: Final = web.AppKey("state", WebState)
KEPT: Final = web.AppKey("kept", Kept)
HUB: Final = web.AppKey("hub", Hub)
LIMITER: Final = web.AppKey("limiter", Limiter)
PROBES: Final = web.AppKey("probes", Limiter)
"""Counts those who ask only whether the keeper lives."""
ESTIMATES: Final = web.AppKey("estimates", Estimates)
