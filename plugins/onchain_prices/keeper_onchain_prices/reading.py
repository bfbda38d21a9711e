"""One read-only call at the newest block, as a price source makes it."""

from collections.abc import Sequence
from typing import Any, Final

from keeper.core.chain_types import Tip
from keeper.errors import MarketRefused, SourceUnavailable, Transient
from keeper.ports import TipReader
from keeper.retry import Retry

AT_TIP: Final = Retry(attempts=3, budget=5.0, first_wait=0.2, on_new_tip=True)
"""The chain may move on between the question for its tip and the read; then both are asked again."""


async def read_newest(
    chain: TipReader, source: str, contract: str, function: str, args: Sequence[bytes]
) -> tuple[Any, Tip]:
    """Return what the call gives and the block it was made at. Raises SourceUnavailable, which names `source`."""

    async def once() -> tuple[Any, Tip]:
        tip = await chain.tip()
        return await chain.read(contract, function, args, tip), tip

    try:
        return await AT_TIP(once)
    except (Transient, MarketRefused) as exc:  # the second: no such contract, or it failed
        message = f"{source} could not be read from the chain: {exc}"
        raise SourceUnavailable(message, source=source) from exc


def none_left(source: str, why: str, **facts: object) -> SourceUnavailable:
    """Return the error for a source with no usable price."""
    return SourceUnavailable(f"{source} has no usable price: {why}", source=source, **facts)
