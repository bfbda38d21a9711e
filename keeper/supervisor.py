"""Runs the cycle again and again, stops at once when told, and lets only deliberate stops end the process."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog

from keeper.errors import Refused, Transient
from keeper.pause import pause
from keeper.telemetry import sentry

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


@asynccontextmanager
async def beside(name: str, step: Step, *, every: float, stop: asyncio.Event) -> AsyncIterator[None]:
    """Repeat `step` for as long as the block lasts. An error that ends it is told at once and leaves the block alone."""
    task = asyncio.create_task(repeat(name, step, every=every, stop=stop), name=name)
    task.add_done_callback(_tell_what_ended_it)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _tell_what_ended_it(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("loop_ended", loop=task.get_name(), error=type(error).__name__, reason=str(error), exc_info=error)
        sentry.report(error, loop=task.get_name())


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
