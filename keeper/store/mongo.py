"""The store in MongoDB, for those who run one already: a replica set, durable majority writes, majority reads.

A write that the keeper gave up on may still reach the server later, after newer ones. So every replacing write
takes a number first, and never replaces what was written under a higher one (ADR 27).
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

from typing_extensions import override

from keeper.core.archive import Row, Unreadable
from keeper.core.history import MOST_POINTS, Points, point_of, spread
from keeper.core.leases import FREE, SENDER, Lease, check_holder
from keeper.core.paging import ALWAYS, Page, Span
from keeper.core.records import AlertRecord, Decision, Intent, Outcome, PoolView, Turn, ViewHead
from keeper.core.retention import Retention, Thinned
from keeper.core.units import Seconds
from keeper.core.whales import Whale
from keeper.ports import Store
from keeper.store import mongo_rows, mongo_thinning
from keeper.store.mongo_link import Duplicate, Link, open_link
from keeper.store.mongo_shape import migrate
from keeper.store.promises import LAST_PLACE, NEWEST_INTENTS, check_outcome, lease_lost
from keeper.store.records import ALERTS, DECISIONS, INTENTS, POINTS, VIEWS, WHALES, Kind, from_json, to_json

T = TypeVar("T")
_BODY: Final = {"_id": False, "body": True}


class MongoStore(Store):
    """What must survive a crash, in one database. Build it with `open_mongo_store`."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._fencing = asyncio.Lock()

    @override
    async def whales(self, category: str) -> Sequence[Whale]:
        found = await self._bodies("whales", {"category": category}, [("address", 1)])
        return tuple(WHALES.record(body) for body in found)

    @override
    async def put_whales(self, whales: Sequence[Whale]) -> None:
        documents = [mongo_rows.whale(whale, WHALES.document(whale)) for whale in whales]
        with self._link.call("written") as until:
            # Wholly or not at all, so that an outage cannot leave half of them.
            await self._link.transact(lambda session: self._link.replace_all("whales", documents, session), until=until)

    @override
    async def remove_whales(self, addresses: Sequence[str], category: str | None = None) -> int:
        rule = {"address": {"$in": list(addresses)}, **({} if category is None else {"category": category})}
        with self._link.call("written"):
            gone = await self._link["whales"].delete_many(rule)
        return int(gone.deleted_count)

    @override
    async def add_decision(self, decision: Decision) -> None:
        """Append a decision; the same decision_id again changes nothing, so an unsure writer may repeat."""
        await self._add_decision(decision, DECISIONS.document(decision))

    @override
    async def decisions(
        self,
        *,
        pool_id: int | None = None,
        outcome: Outcome | None = None,
        limit: int = 50,
        before: int | None = None,
        within: Span = ALWAYS,
    ) -> Page[Decision]:
        check_outcome(outcome)
        rule = {
            **_of_pool(pool_id),
            **({} if outcome is None else {"outcome": str(outcome)}),
            **mongo_rows.timed(within),
        }
        return await self._newest("decisions", DECISIONS, rule, limit, before)

    @override
    async def decision(self, decision_id: str) -> Decision | None:
        found = await self._bodies("decisions", {"_id": decision_id})
        return DECISIONS.record(found[0]) if found else None

    @override
    async def put_intent(self, intent: Intent, *, term: int | None = None) -> None:
        fields = mongo_rows.intent(intent, INTENTS.document(intent))
        await self._replace("intents", intent.key, fields, term=term)

    @override
    async def intent(self, key: str) -> Intent | None:
        found = await self._bodies("intents", {"_id": key})
        return INTENTS.record(found[0]) if found else None

    @override
    async def intents(
        self,
        *,
        open_only: bool = False,
        pool_id: int | None = None,
        limit: int | None = None,
        before: int | None = None,
        within: Span = ALWAYS,
    ) -> Page[Intent]:
        wanted = NEWEST_INTENTS if limit is None and not open_only else limit
        rule = {**_of_pool(pool_id), **({"open": True} if open_only else {}), **mongo_rows.timed(within)}
        return await self._newest("intents", INTENTS, rule, wanted, before)

    @override
    async def add_alert(self, record: AlertRecord) -> None:
        body = ALERTS.document(record)
        with self._link.call("written"):
            await self._link["alerts"].insert_one(mongo_rows.alert(record, body, await self._number()))

    @override
    async def alerts(self, *, limit: int = 50, before: int | None = None, within: Span = ALWAYS) -> Page[AlertRecord]:
        return await self._newest("alerts", ALERTS, mongo_rows.timed(within), limit, before, place="_id")

    @override
    async def put_view(self, view: PoolView) -> None:
        await self._put_view(view, VIEWS.document(view))

    @override
    async def record(self, turns: Sequence[Turn], notes: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        # All texts first: what is not JSON-safe has to be found before anything is written.
        decided = [(turn.decision, DECISIONS.document(turn.decision)) for turn in turns]
        seen = [None if turn.view is None else (turn.view, VIEWS.document(turn.view)) for turn in turns]
        texts = {key: to_json(body) for key, body in (notes or {}).items()}
        for decision, view in zip(decided, seen, strict=True):
            await self._add_decision(*decision)
            if view is not None:
                await self._put_view(*view)
        for key, text in texts.items():
            await self._replace("notes", key, {"body": text})

    @override
    async def views(self, pool_ids: Collection[int] | None = None) -> Sequence[PoolView]:
        rule = {} if pool_ids is None else {"_id": {"$in": list(pool_ids)}}
        return tuple(VIEWS.record(body) for body in await self._bodies("views", rule, [("_id", 1)]))

    @override
    async def view_heads(self) -> Sequence[ViewHead]:
        with self._link.call("read"):
            rows = await self._link["views"].find({}, {"name": True, "wrote": True}).sort([("_id", 1)]).to_list(None)
        # An earlier keeper wrote no name beside the view: until it is replaced, it has to be read for it.
        unnamed = [row["_id"] for row in rows if "name" not in row]
        names = {view.pool_id: view.name for view in await self.views(unnamed)} if unnamed else {}
        names |= {row["_id"]: row["name"] for row in rows if "name" in row}
        return tuple(ViewHead(row["_id"], names[row["_id"]], row["wrote"]) for row in rows)

    @override
    async def history(
        self,
        pool_id: int,
        *,
        since: Seconds | None = None,
        until: Seconds | None = None,
        limit: int = 500,
        evenly: bool = True,
    ) -> Points:
        most = max(0, min(limit, MOST_POINTS))
        rule = {"pool_id": pool_id, **mongo_rows.timed(Span(since, until))}
        with self._link.call("read"):
            history = self._link["history"]
            if not evenly:
                found = await history.find(rule, _BODY).sort([("at", 1)]).limit(most + 1).to_list(None)
                return Points(tuple(POINTS.record(row["body"]) for row in found[:most]), len(found) > most)
            span = await history.aggregate(mongo_rows.span(rule)).to_list(1)
            if not span or not most:
                return Points((), bool(span))
            first, last, count = (span[0][name] for name in ("first", "last", "count"))
            step = 1 if count <= most else spread(first, last, most)
            found = await history.aggregate(mongo_rows.points(rule, first, step)).to_list(None)
        return Points(tuple(POINTS.record(row["body"]) for row in found), count > most)

    @override
    async def thin(self, rule: Retention, now: Seconds, *, most: int) -> Thinned:
        return await mongo_thinning.thin(self._link, rule, now, most)

    @override
    async def thinnable(self, rule: Retention, now: Seconds) -> Thinned:
        return await mongo_thinning.thinnable(self._link, rule, now)

    @override
    async def put_note(self, key: str, body: Mapping[str, Any], *, term: int | None = None) -> None:
        await self._replace("notes", key, {"body": to_json(body)}, term=term)

    @override
    async def note(self, key: str) -> Mapping[str, Any] | None:
        found = await self._bodies("notes", {"_id": key})
        return from_json(found[0]) if found else None

    @override
    async def lease(self, name: str) -> Lease | None:
        with self._link.call("read"):
            return _lease(await self._link["leases"].find_one({"_id": name}))

    @override
    async def take_lease(self, name: str, holder: str, *, seen: Lease | None) -> Lease | None:
        check_holder(holder)
        if seen is not None:
            rule = {"_id": name, "term": seen.term, "beat": seen.beat}
            return await self._swap(rule, {"$inc": {"term": 1}, "$set": {"holder": holder, "beat": 0}})
        with self._link.call("written"):
            try:
                await self._link["leases"].insert_one({"_id": name, "term": 1, "holder": holder, "beat": 0})
            except Duplicate:
                return None
        return Lease(name, 1, holder, 0)

    @override
    async def renew_lease(self, lease: Lease) -> Lease | None:
        if lease.holder == FREE:
            return None
        return await self._swap(_held(lease), {"$inc": {"beat": 1}})

    @override
    async def release_lease(self, lease: Lease) -> None:
        await self._swap(_held(lease), {"$set": {"holder": FREE}})

    @override
    def dump(self) -> AsyncIterator[Row | Unreadable]:
        return mongo_rows.dump(self._link)

    @override
    async def restore(self, rows: Sequence[Row]) -> None:
        await mongo_rows.restore(self._link, rows)

    @override
    async def close(self) -> None:
        self._link.close()

    async def _bodies(
        self, collection: str, rule: Mapping[str, Any], order: Sequence[tuple[str, int]] = ()
    ) -> list[str]:
        """Return the documents that fit, as text, in order."""
        with self._link.call("read"):
            found = self._link[collection].find(rule, _BODY)
            found = found.sort(list(order)) if order else found
            return [row["body"] for row in await found.to_list(None)]

    async def _newest(
        self,
        collection: str,
        kind: Kind[T],
        rule: Mapping[str, Any],
        limit: int | None,
        before: int | None,
        *,
        place: str = "seq",
    ) -> Page[T]:
        """Return up to `limit` records (all when None) of places below `before`; `place` is the field it stands in."""
        if limit is not None and limit < 1:
            return Page.of(())  # MongoDB takes 0 for no limit
        below = {} if before is None else {place: {"$lt": max(0, min(before, LAST_PLACE))}}
        fields = {"_id": False, "body": True} | {place: True}
        with self._link.call("read"):
            found = self._link[collection].find({**rule, **below}, fields).sort([(place, -1)])
            rows = await (found if limit is None else found.limit(limit)).to_list(None)
        return Page.of((row[place], kind.record(row["body"])) for row in rows)

    async def _number(self) -> int:
        """Return a number that is higher than every one given before, by any keeper."""
        after = await self._link.swap("meta", {"_id": "numbers"}, {"$inc": {"next": 1}})
        return 0 if after is None else int(after["next"])

    async def _add_decision(self, decision: Decision, body: str) -> None:
        with self._link.call("written"):
            document = mongo_rows.decision(decision, body, await self._number())
            try:
                await self._link["decisions"].insert_one(document)
            except Duplicate:
                return

    async def _put_view(self, view: PoolView, body: str) -> None:
        point = mongo_rows.point(found := point_of(view), POINTS.document(found))
        rule = {"_id": point.pop("_id"), "priced": {"$lt": point["priced"]}}
        with self._link.call("written"), suppress(Duplicate):  # the slot has its point
            await self._link["history"].update_one(rule, {"$set": point}, upsert=True)
        await self._replace("views", view.pool_id, {"name": view.name, "body": body})

    async def _replace(
        self, collection: str, key: str | int, fields: Mapping[str, Any], *, term: int | None = None
    ) -> None:
        """Insert or replace one document, with a `term` only while the lease `sender` has it. Raises LeaseLost."""
        with self._link.call("written") as until:
            number = await self._number()
            rule = {"_id": key, "wrote": {"$lt": number}}
            change = {"$set": {**fields, "wrote": number}, "$setOnInsert": {"seq": number}}
            try:
                if term is None:
                    await self._link[collection].update_one(rule, change, upsert=True)
                else:
                    await self._replace_fenced(collection, rule, change, term, until)
            except Duplicate:
                return  # it is there under a higher number: this write came first, and was replaced

    async def _replace_fenced(
        self, collection: str, rule: Mapping[str, Any], change: Mapping[str, Any], term: int, until: float
    ) -> None:
        async def work(session: Any) -> bool:
            # Changing the lease, not only looking at it, is what keeps another one from taking it in between.
            fence = {"_id": SENDER, "term": term}
            held = await self._link["leases"].update_one(fence, {"$inc": {"writes": 1}}, session=session)
            if held.matched_count:
                await self._link[collection].update_one(rule, change, upsert=True, session=session)
            return bool(held.matched_count)

        async with asyncio.timeout_at(until):  # writes of one keeper would only be in each other's way at the lease
            await self._fencing.acquire()
        try:
            held = await self._link.transact(work, until=until)
        finally:
            self._fencing.release()
        if not held:
            raise lease_lost(term)

    async def _swap(self, rule: Mapping[str, Any], change: Mapping[str, Any]) -> Lease | None:
        with self._link.call("written"):
            return _lease(await self._link.swap("leases", rule, change))


@asynccontextmanager
async def open_mongo_store(url: str, database: str, *, setting: str = "store.url") -> AsyncIterator[MongoStore]:
    """Connect, bring the database to the newest shape, and close it at the end.

    Raises BadSettings when the address cannot be the store of this keeper, StoreUnavailable when nobody is there.
    """
    async with open_link(url, database, setting=setting) as link:
        await migrate(link, setting)
        yield MongoStore(link)


def _of_pool(pool_id: int | None) -> dict[str, Any]:
    return {} if pool_id is None else {"pool_id": pool_id}


def _held(lease: Lease) -> dict[str, Any]:
    return {"_id": lease.name, "term": lease.term, "holder": lease.holder}


def _lease(found: Mapping[str, Any] | None) -> Lease | None:
    return None if found is None else Lease(found["_id"], found["term"], found["holder"], found["beat"])
