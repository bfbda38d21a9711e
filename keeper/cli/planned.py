"""What `keeper status` says beside the decisions: whether a person paused the keeper, and what is due next."""

from datetime import UTC, datetime
from typing import Any

from keeper import console as output
from keeper.core.paused import PAUSED_NOTE, paused_from
from keeper.housekeeping import next_thinning
from keeper.ports import Store
from keeper.settings import Settings
from keeper.timetable import upcoming_of
from keeper.web.text import instant
from keeper.whale_watch import next_reading


async def plans(store: Store, settings: Settings) -> dict[str, Any]:
    """Return the pause and the next due times, JSON-safe: seconds since 1970 and the same in ISO 8601, UTC."""
    rules = settings.pool_rules()
    due, health = await upcoming_of(store, rules, settings.schedule.periods(), settings.deployer)
    paused = paused_from(await store.note(PAUSED_NOTE))
    whales = [(each.category, await next_reading(store, each.watched())) for each in settings.watched_whales]
    return {
        "paused": None if paused is None else {**paused.note(), "words": paused.words()},
        "due": [
            {
                "pool_id": rule.pool_id,
                "name": rule.name,
                "cadence": rule.cadence,
                **{job: _time(at) for job, at in due.get(rule.pool_id, {}).items()},
            }
            for rule in rules
        ],
        "health_due": _time(health),
        "thinning_due": _time(await next_thinning(store)),
        "whales_due": [{"category": category, "reading": _time(at)} for category, at in whales],
    }


def show_pause(planned: dict[str, Any]) -> None:
    """Print that the keeper is paused, when it is."""
    if planned["paused"]:
        at = planned["paused"]["at"]
        since = "" if at is None else f" (since {instant(at)})"
        output.out.print(f"{planned['paused']['words']}{since}", markup=False)


def show_due(planned: dict[str, Any]) -> None:
    """Print what is due next."""
    rows = [
        (row["name"], *(_shown(row.get(job)) for job in ("look", "proposals", "date")), row["cadence"])
        for row in planned["due"]
    ]
    output.table(("due next (UTC)", "look by", "proposals from", "own date", "cadence"), rows)
    output.out.print(f"next check of everything else: {_shown(planned['health_due'])} UTC", markup=False)
    output.out.print(f"next thinning of the store: {_shown(planned['thinning_due'])} UTC", markup=False)
    for each in planned["whales_due"]:
        output.out.print(
            f"next reading of the whales of {each['category']}: {_shown(each['reading'])} UTC", markup=False
        )


def _time(at: int | None) -> dict[str, Any] | None:
    return None if at is None else {"at": at, "utc": f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"}


def _shown(time: dict[str, Any] | None) -> str:
    return "—" if time is None else f"{datetime.fromtimestamp(time['at'], UTC):%Y-%m-%d %H:%M}"
