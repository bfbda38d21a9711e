"""The keeper's own command line, with an ear at keeper.points that ends the process where it was told to.

Orders come in a file, so that a keeper at work can be told where to die: `<number> <point> <times>`, or nothing.
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from keeper import points
from keeper.execution import sender

FOLLOW_SECONDS = 6.0
"""In place of a minute and a half: how long one cycle follows a transaction before the next one takes over."""
ORDERS = "CHAOS_ORDERS"
SEEN = "CHAOS_SEEN"


class Ear:
    """Notes every point that is reached, and ends the process with SIGKILL at the one that was ordered."""

    def __init__(self, orders, seen):
        self._orders = orders
        self._seen = os.open(seen, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._order = ""
        self._left = 0

    def __call__(self, point):
        with suppress(OSError):  # the disk may be full by order
            os.write(self._seen, f"{point}\n".encode())
        order = self._orders.read_text()
        if order != self._order:
            self._order = order
            self._left = int(order.split()[2]) if order else 0
        if order and order.split()[1] == point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def main():
    """Listen, then be the keeper, in more of a hurry than usual."""
    sender.WAIT_SECONDS = FOLLOW_SECONDS
    points.listen(Ear(Path(os.environ[ORDERS]), os.environ[SEEN]))
    from keeper.cli import main as keeper  # noqa: PLC0415 - nothing may be reached before somebody listens

    keeper()


if __name__ == "__main__":
    sys.exit(main())
