"""How often one address may ask: a bucket that refills, in a table that cannot grow."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

MOST_ADDRESSES: Final = 2_048
"""Addresses remembered at once; the one that was silent longest is forgotten first."""
BURST_SECONDS: Final = 10
"""A bucket holds what this time would bring."""


class Limiter:
    """Lets each address ask `per_minute` times a minute, and a part of that at once."""

    def __init__(self, per_minute: int, timer: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._most = max(1.0, self._per_second * BURST_SECONDS)
        self._timer = timer
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, address: str | None) -> float:
        """Take one from the bucket of `address` and return 0, or return in how many seconds there will be one."""
        name, now = household(address), self._timer()
        left, at = self._left.pop(name, (self._most, now))
        left = min(self._most, left + (now - at) * self._per_second)
        waits = 0.0 if left >= 1 else (1 - left) / self._per_second
        self._left[name] = (left if waits else left - 1, now)
        if len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)
        return waits

    def __len__(self) -> int:
        return len(self._left)


def household(address: str | None) -> str:
    """Return what counts as one asker: an IPv4 address, or the /64 that one IPv6 line is given."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Network((found, 64), strict=False).network_address)
