"""Waiting that ends at once when the keeper is told to stop."""

import asyncio


async def pause(stop: asyncio.Event, seconds: float, nudge: asyncio.Event | None = None) -> bool:
    """Wait `seconds`, or until `stop` or `nudge`; return whether we were told to stop."""
    if nudge is not None:
        waits = [asyncio.ensure_future(event.wait()) for event in (stop, nudge)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        return stop.is_set()
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True
