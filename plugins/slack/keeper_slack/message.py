"""An alert as a Slack message: blocks of plain text, because everything in an alert is data.

Slack reads no mark-up and no mentions in plain text; `&`, `<` and `>` are written as entities all the
same, since the fallback line is read differently. Limits: a header 150 characters, a section 3000,
a message 50 blocks (Slack's block reference).
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from keeper import webhook
from keeper.core.records import Alert

HEADER_LIMIT: Final = 150
SECTION_LIMIT: Final = 3_000
FACT_LIMIT: Final = 200
MOST_FACTS: Final = 20
NOTHING: Final = "(nothing said)"
_ADDRESS: Final = re.compile(r"https?://[\w.~:/?#%@!$'()*+,;=-]{1,1000}", re.ASCII)
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def message_for(alert: Alert) -> dict[str, Any]:
    """Return the body to post: severity first, then what happened, what was done, what to do."""
    label = "RESOLVED" if alert.resolved else alert.severity.value.upper()
    heading = fitted(f"{label}: {alert.title}", HEADER_LIMIT)
    where = "all pools" if alert.pool_id is None else f"pool {alert.pool_id}"
    facts = "\n".join(f"{key}: {value}"[:FACT_LIMIT] for key, value in list(alert.facts.items())[:MOST_FACTS])
    sections = [("What happened", alert.what), ("What the keeper did", alert.done), ("What you can do", alert.remedy)]
    if facts:
        sections.append(("Facts", facts))
    return {
        "text": heading,
        "mrkdwn": False,
        "blocks": [
            {"type": "header", "text": _plain(heading)},
            *({"type": "section", "text": _plain(_section(label, text))} for label, text in sections),
            {"type": "context", "elements": [_plain(f"{where} · whale keeper"), *_runbook(alert.link)]},
        ],
    }


def _runbook(link: str) -> list[dict[str, Any]]:
    """Return the page of the runbook as a link where it is an address, else as text; nothing without one."""
    if _ADDRESS.fullmatch(link):
        # The only mark-up of ours: the address is the operator's own setting and cannot end the link.
        return [{"type": "mrkdwn", "text": f"<{link}|Runbook>", "verbatim": True}]
    return [_plain(fitted(f"Runbook: {link}", FACT_LIMIT))] if link else []


def fitted(text: str, limit: int) -> str:
    """Return data as Slack may show it: no control characters, entities for mark-up, at most `limit` long."""
    return webhook.fitted(_pieces(text), limit)


def _pieces(text: str) -> Iterable[str]:
    for char in text.encode("utf-8", "replace").decode():
        yield _ENTITIES.get(char, char if char.isprintable() or char == "\n" else " ")


def _section(label: str, text: str) -> str:
    return f"{label}\n" + (fitted(text, SECTION_LIMIT - len(label) - 1).strip() or NOTHING)


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
