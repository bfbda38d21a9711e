r"""An alert as a Discord message: one coloured embed, mentions off, mark-up in data written out.

Limits of an embed (Discord's API reference): title 256, description 4096, a field's value 1024, 6000
in all. The parts below add up to less than 6000 whatever an alert holds.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from keeper import webhook
from keeper.core.records import Alert, Severity

TITLE_LIMIT: Final = 256
DESCRIPTION_LIMIT: Final = 2_000
VALUE_LIMIT: Final = 1_024
FACT_LIMIT: Final = 200
MOST_FACTS: Final = 20
NOTHING: Final = "(nothing said)"
COLOURS: Final = {Severity.INFO: 0x3498DB, Severity.WARNING: 0xF1C40F, Severity.CRITICAL: 0xE74C3C}
OVER: Final = 0x2ECC71
_ADDRESS: Final = re.compile(r"https?://[!-~]{1,1000}")
_MARK_UP: Final = frozenset("\\*_~`|<>[]()#-")
_YEAR_10000: Final = 253_402_300_800


def message_for(alert: Alert) -> dict[str, Any]:
    """Return the body to post: severity first, then what happened, what was done, what to do."""
    is_address = _ADDRESS.fullmatch(alert.link) is not None
    where = "all pools" if alert.pool_id is None else f"pool {alert.pool_id}"
    facts = "\n".join(f"{key}: {value}"[:FACT_LIMIT] for key, value in list(alert.facts.items())[:MOST_FACTS])
    fields = [("What the keeper did", alert.done), ("What you can do", alert.remedy)]
    if facts:
        fields.append(("Facts", facts))
    if alert.link and not is_address:
        fields.append(("Runbook", alert.link[:FACT_LIMIT]))
    label = "RESOLVED" if alert.resolved else alert.severity.value.upper()
    embed = {
        "title": fitted(f"{label}: {alert.title}", TITLE_LIMIT),
        "description": fitted(alert.what, DESCRIPTION_LIMIT),
        "color": OVER if alert.resolved else COLOURS[alert.severity],
        "fields": [{"name": name, "value": fitted(text, VALUE_LIMIT), "inline": False} for name, text in fields],
        "footer": {"text": f"{where} · whale keeper"},
    }
    if is_address:
        embed["url"] = alert.link  # makes the title a link
    if 0 <= alert.at < _YEAR_10000:
        embed["timestamp"] = datetime.fromtimestamp(alert.at, UTC).isoformat()
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def fitted(text: str, limit: int) -> str:
    """Return data as Discord may show it: mark-up escaped, mentions broken, never empty, at most `limit` long."""
    return webhook.fitted(_pieces(text), limit).strip() or NOTHING


def _pieces(text: str) -> Iterable[str]:
    for char in text.encode("utf-8", "replace").decode():
        if char in _MARK_UP:
            yield f"\\{char}"
        elif char == "@":
            yield "@\u200b"  # a space without width: everyone is not told
        else:
            yield char if char.isprintable() or char == "\n" else " "
