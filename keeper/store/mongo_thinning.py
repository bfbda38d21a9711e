"""Thinning in MongoDB: the same rules as thinning.py has for SQLite, tried by the same cases."""

from collections.abc import Mapping
from typing import Any, Final

from keeper.core.retention import LASTING, Retention, Thinned
from keeper.core.units import Seconds
from keeper.store.mongo_link import Link

_SECONDS: Final = 60.0
"""Longest that one step of thinning may take; nothing waits for it."""
_KEPT: Final = sorted(str(outcome) for outcome in LASTING)
_MOST_DAYS: Final = 50
"""Days of pools that one step looks into."""
Rule = dict[str, Any]
Question = list[Mapping[str, Any]]
_DAY: Final = {"pool": "$pool_id", "day": "$day"}
_PLACES: Final[Mapping[str, tuple[str, Rule]]] = {
    "decisions": ("seq", {"outcome": {"$nin": _KEPT}}),
    "history": ("slot", {}),
}
"""By collection: what tells the records of a day apart, and which of them may go."""


async def thin(link: Link, rule: Retention, now: Seconds, most: int) -> Thinned:
    """Remove up to `most` records of each kind that `rule` no longer keeps. Raises StoreUnavailable."""
    with link.call("thinned", seconds=_SECONDS):
        return Thinned(
            decisions=await _thin_days(link, "decisions", _crowded_decisions(rule.whole_before(now)), most),
            history=await _thin_days(link, "history", _crowded_points(rule.whole_before(now)), most),
            alerts=await _thin_all(link, "alerts", _old_alerts(rule, now), most),
            intents=await _thin_all(link, "intents", _old_intents(rule, now), most),
        )


async def thinnable(link: Link, rule: Retention, now: Seconds) -> Thinned:
    """Count what `thin` would remove in all. Raises StoreUnavailable."""
    before = rule.whole_before(now)
    with link.call("read", seconds=_SECONDS):
        return Thinned(
            decisions=await _count_days(link, "decisions", _crowded_decisions(before)),
            history=await _count_days(link, "history", _crowded_points(before)),
            alerts=await link["alerts"].count_documents(_old_alerts(rule, now)),
            intents=await link["intents"].count_documents(_old_intents(rule, now)),
        )


def _old_alerts(rule: Retention, now: Seconds) -> Rule:
    return {"at": {"$lt": rule.alerts_before(now)}}


def _old_intents(rule: Retention, now: Seconds) -> Rule:
    return {"at": {"$lt": rule.intents_before(now)}, "open": False}


def _crowded_decisions(before: int) -> Question:
    """Return the question for each pool's days: how many decisions go, and which is the last and stays."""
    lasting = {"$in": ["$outcome", _KEPT]}
    return [
        {"$match": {"at": {"$lt": before}}},
        {
            "$group": {
                "_id": _DAY,
                "kept": {"$max": "$seq"},
                "last_plain": {"$max": {"$cond": [lasting, None, "$seq"]}},
                "plain": {"$sum": {"$cond": [lasting, 0, 1]}},
            }
        },
        {"$set": {"gone": {"$subtract": ["$plain", {"$cond": [{"$eq": ["$kept", "$last_plain"]}, 1, 0]}]}}},
    ]


def _crowded_points(before: int) -> Question:
    """Return the question for each pool's days: how many points go, and which is the last with a value, or the last, and stays."""
    best = {"$max": {"priced": "$priced", "slot": "$slot"}}  # compared field by field
    return [
        {"$match": {"slot": {"$lt": before}}},
        {"$group": {"_id": _DAY, "best": best, "points": {"$sum": 1}}},
        {"$project": {"kept": "$best.slot", "gone": {"$subtract": ["$points", 1]}}},
    ]


async def _count_days(link: Link, collection: str, days: Question) -> int:
    question = [*days, {"$group": {"_id": None, "gone": {"$sum": "$gone"}}}]
    found = await link[collection].aggregate(question, allowDiskUse=True).to_list(1)
    return int(found[0]["gone"]) if found else 0


async def _thin_days(link: Link, collection: str, days: Question, most: int) -> int:
    crowded = [{"$match": {"gone": {"$gt": 0}}}, {"$sort": {"_id.day": 1, "_id.pool": 1}}, {"$limit": _MOST_DAYS}]
    order, kept = _PLACES[collection]
    done = 0
    for day in await link[collection].aggregate([*days, *crowded], allowDiskUse=True).to_list(None):
        if done >= most:
            break
        where = {"pool_id": day["_id"]["pool"], "day": day["_id"]["day"], order: {"$ne": day["kept"]}, **kept}
        done += await _thin_all(link, collection, where, most - done)
    return done


async def _thin_all(link: Link, collection: str, rule: Rule, most: int) -> int:
    keys = [row["_id"] for row in await link[collection].find(rule, {"_id": True}).limit(most).to_list(most)]
    if not keys:
        return 0
    # The rule again, so that an intent that was opened anew in between stays.
    gone = await link[collection].delete_many({"_id": {"$in": keys}, **rule})
    return int(gone.deleted_count)
