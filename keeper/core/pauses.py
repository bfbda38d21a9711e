"""What of a pool is paused, and how people say it. Leaving in kind cannot be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pauses:
    """The kinds that are stopped, by the pool's own pauses or by those of all pools."""

    deposits: bool = False
    withdrawals: bool = False
    rebalances: bool = False

    def words(self) -> str:
        """Return what is paused, as the state of a pool; empty when nothing is."""
        kinds = [kind for kind in ("deposits", "withdrawals", "rebalances") if getattr(self, kind)]
        if not kinds:
            return ""
        return "paused" if len(kinds) == len(self.__slots__) else f"{' and '.join(kinds)} paused"


RUNNING = Pauses()
