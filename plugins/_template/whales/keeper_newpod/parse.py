"""What the service answered, as whales. Pure. Replace it with your service's own format.

`{"whales": [{"address": "SP…", "score": 9100, "win_rate_bps": 6500, "stacked_ustx": 0, "allocation_bps": {"STX": 10000}, "at": 1795000000}]}`
"""

import json
import re
from typing import Any, Final

from keeper.core.units import Bps, MicroStx, Seconds
from keeper.core.whales import Whale
from keeper.errors import SourceUnavailable

NAME: Final = "newpod"
ADDRESS: Final = re.compile(r"S[0-9A-Z]{27,41}")
LARGEST: Final = 2**63


def whales_from(body: bytes, category: str) -> list[Whale]:
    """Return the whales of an answer, all of them or none. Raises SourceUnavailable."""
    try:
        found = [_whale(row, category) for row in json.loads(body)["whales"]]
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
        message = "the service answered something that cannot be used"
        raise SourceUnavailable(message, source=NAME) from None
    if len({whale.address for whale in found}) != len(found):
        message = "the service named a whale twice"
        raise SourceUnavailable(message, source=NAME)
    return found


def _whale(row: Any, category: str) -> Whale:
    rate = row["win_rate_bps"]
    if not ADDRESS.fullmatch(row["address"]) or not row["allocation_bps"]:
        raise ValueError
    return Whale(
        address=row["address"],
        category=category,
        score=_number(row["score"]),
        win_rate_bps=None if rate is None else Bps(_number(rate)),
        stacked_ustx=MicroStx(_number(row["stacked_ustx"])),
        allocation_bps={str(symbol): _number(bps) for symbol, bps in row["allocation_bps"].items()},
        observed_at=Seconds(_number(row["at"])),
    )


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < LARGEST:  # a bool is an int to isinstance
        raise ValueError
    return value
