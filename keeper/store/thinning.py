"""What SQLite is asked about history, and about what is no longer kept. Constants only; every value is bound."""

from typing import Final

from keeper.core.history import DAY_SECONDS, SLOT_SECONDS
from keeper.core.records import OPEN_STATES
from keeper.core.retention import LASTING, Retention
from keeper.core.units import Seconds

_WITHIN: Final = (
    # By slot to find them, by their own time to judge them.
    f"FROM history WHERE pool_id = :pool_id AND slot > :since - {SLOT_SECONDS} AND slot < :until "
    "AND at >= :since AND at < :until"
)
SPAN: Final = f"SELECT min(at), max(at), count(*) {_WITHIN}"
POINTS_OF: Final = (
    f"SELECT body, max((priced << 48) + at) {_WITHIN} GROUP BY (at - :low) / :step ORDER BY (at - :low) / :step"
)
"""With one max, SQLite takes the other columns from the row that has it: the last that has a value, else the last."""
FIRST_POINTS_OF: Final = f"SELECT body {_WITHIN} ORDER BY slot LIMIT :most"

_OPEN: Final = ", ".join(f"'{state.value}'" for state in sorted(OPEN_STATES))
LASTING_TEXTS: Final = ", ".join(f"'{outcome.value}'" for outcome in sorted(LASTING))
OLD: Final = {
    "decisions": (
        "decisions",
        "seq",
        (
            f"FROM decisions AS old WHERE at < :whole AND outcome NOT IN ({LASTING_TEXTS}) AND EXISTS ("  # noqa: S608 - constants
            "SELECT 1 FROM decisions AS later WHERE later.pool_id = old.pool_id "
            f"AND later.at / {DAY_SECONDS} = old.at / {DAY_SECONDS} AND later.seq > old.seq)"
        ),
    ),
    "history": (
        "history",
        "pool_id, slot",
        (
            "FROM history AS old WHERE slot < :whole AND EXISTS ("  # noqa: S608 - constants
            "SELECT 1 FROM history AS other WHERE other.pool_id = old.pool_id "
            f"AND other.slot >= old.slot / {DAY_SECONDS} * {DAY_SECONDS} "
            f"AND other.slot < (old.slot / {DAY_SECONDS} + 1) * {DAY_SECONDS} "
            "AND (other.priced, other.slot) > (old.priced, old.slot))"
        ),
    ),
    "alerts": ("alerts", "seq", "FROM alerts WHERE at < :alerts"),
    "intents": ("intents", "seq", f"FROM intents WHERE at < :intents AND state NOT IN ({_OPEN})"),
}
"""For each kind: its table, its key, and what selects those that are no longer kept."""


def bounds(rule: Retention, now: Seconds) -> dict[str, int]:
    """Return the moments before which things are old, by the names that OLD uses."""
    return {
        "whole": rule.whole_before(now),
        "alerts": rule.alerts_before(now),
        "intents": rule.intents_before(now),
    }
