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


async def thin(link: Link, rule: Retention, now: Seconds, most: int) -> Thinned:
    """Remove up to `most` records of each kind that `rule` no longer keeps. Raises StoreUnavailable."""
    with link.call("thinned", seconds=_SECONDS):
        return Thinned(
            decisions=await _thin_days(link, "decisions", "seq", rule.whole_before(now), most),
            history=await _thin_days(link, "history", "slot", rule.whole_before(now), most),
            alerts=await _thin_all(link, "alerts", _old_alerts(rule, now), most),
            intents=await _thin_all(link, "intents", _old_intents(rule, now), most),
        )


async def thinnable(link: Link, rule: Retention, now: Seconds) -> Thinned:
    """Count what `thin` would remove in all. Raises StoreUnavailable."""
    before = rule.whole_before(now)
    with link.call("read", seconds=_SECONDS):
        return Thinned(
            decisions=await _count_days(link, "decisions", "seq", before),
            history=await _count_days(link, "history", "slot", before),
            alerts=await link["alerts"].count_documents(_old_alerts(rule, now)),
            intents=await link["intents"].count_documents(_old_intents(rule, now)),
        )


def _old_alerts(rule: Retention, now: Seconds) -> Rule:
    return {"at": {"$lt": rule.alerts_before(now)}}


def _old_intents(rule: Retention, now: Seconds) -> Rule:
    return {"at": {"$lt": rule.intents_before(now)}, "open": False}


def _crowded_days(order: str, before: int) -> list[Mapping[str, Any]]:
    """Return the question for the days of pools that hold more than is kept: which is last, how many can go."""
    lasting = {"$in": ["$outcome", _KEPT]}
    place = f"${order}"
    return [
        {"$match": {"slot" if order == "slot" else "at": {"$lt": before}}},
        {
            "$group": {
                "_id": {"pool": "$pool_id", "day": "$day"},
                "last": {"$max": place},
                "last_plain": {"$max": {"$cond": [lasting, None, place]}},
                "plain": {"$sum": {"$cond": [lasting, 0, 1]}},
            }
        },
        {"$set": {"gone": {"$subtract": ["$plain", {"$cond": [{"$eq": ["$last", "$last_plain"]}, 1, 0]}]}}},
        {"$match": {"gone": {"$gt": 0}}},
    ]


async def _count_days(link: Link, collection: str, order: str, before: int) -> int:
    question = [*_crowded_days(order, before), {"$group": {"_id": None, "gone": {"$sum": "$gone"}}}]
    found = await link[collection].aggregate(question, allowDiskUse=True).to_list(1)
    return int(found[0]["gone"]) if found else 0


async def _thin_days(link: Link, collection: str, order: str, before: int, most: int) -> int:
    question = [*_crowded_days(order, before), {"$sort": {"_id.day": 1, "_id.pool": 1}}, {"$limit": _MOST_DAYS}]
    done = 0
    for day in await link[collection].aggregate(question, allowDiskUse=True).to_list(None):
        if done >= most:
            break
        where = {"pool_id": day["_id"]["pool"], "day": day["_id"]["day"], order: {"$lt": day["last"]}}
        done += await _thin_all(link, collection, {**where, "outcome": {"$nin": _KEPT}}, most - done)
    return done


async def _thin_all(link: Link, collection: str, rule: Rule, most: int) -> int:
    keys = [row["_id"] for row in await link[collection].find(rule, {"_id": True}).limit(most).to_list(most)]
    if not keys:
        return 0
    # The rule again, so that an intent that was opened anew in between stays.
    gone = await link[collection].delete_many({"_id": {"$in": keys}, **rule})
    return int(gone.deleted_count)
