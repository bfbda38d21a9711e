"""Runs the cycle again and again, stops at once when told, and lets only deliberate stops end the process."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog

from keeper.errors import Refused, Transient
from keeper.pause import pause

log = structlog.get_logger("keeper.supervisor")

Step = Callable[[], Awaitable[None]]


async def repeat(
    name: str, step: Step, *, every: float, stop: asyncio.Event, nudge: asyncio.Event | None = None
) -> None:
    """Run `step` every `every` seconds until `stop`, and at once when `nudge` is set, which `step` has to clear.

    A Transient or Refused error skips one round, anything else ends.
    """
    while not stop.is_set():
        try:
            await step()
        except (Transient, Refused) as exc:
            log.warning("step_skipped", loop=name, error=type(exc).__name__, reason=str(exc))
        if await pause(stop, every, nudge):
            return


def settle_memory() -> None:
    """Take what is there by now out of the garbage collector's sight; call it once, when everything is open.

    Modules and models live as long as the process. Looked through again and again they would hold up every answer
    and every cycle for some fifty milliseconds now and then.
    """
    gc.collect()
    gc.freeze()


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` on SIGINT and SIGTERM; a second signal is left to the default action, so nothing can hang for ever."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def told() -> None:
        stop.set()
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        loop.add_signal_handler(number, told)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
