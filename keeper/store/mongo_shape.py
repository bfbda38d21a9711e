"""The shape of the MongoDB database, step by step. A step that was released is never edited; add one after it.

Each document holds its record as the same JSON text that SQLite has, since whole numbers of 128 bits have no
place in BSON, beside the few fields that it is found by. Every step may run twice: two keepers may start at once.
"""

from collections.abc import Mapping
from typing import Any, Final

from keeper.store.mongo_link import Link, bad_store

Index = tuple[str, tuple[tuple[str, int], ...], Mapping[str, Any]]
STEPS: Final[tuple[tuple[Index, ...], ...]] = (
    (
        ("decisions", (("seq", -1),), {"unique": True}),
        ("decisions", (("pool_id", 1), ("seq", -1)), {}),
        ("decisions", (("at", 1),), {}),
        ("decisions", (("pool_id", 1), ("day", 1), ("seq", 1)), {}),
        ("intents", (("seq", -1),), {"unique": True}),
        ("intents", (("pool_id", 1), ("seq", -1)), {}),
        # Almost every intent is over: an index of the few that are not is all that recovery has to read.
        ("intents", (("open", 1), ("seq", -1)), {"partialFilterExpression": {"open": True}}),
        ("intents", (("at", 1),), {}),
        ("alerts", (("at", 1),), {}),
        ("history", (("pool_id", 1), ("at", 1)), {}),
        ("history", (("slot", 1),), {}),
        ("whales", (("category", 1), ("address", 1)), {"unique": True}),
    ),
    (("decisions", (("outcome", 1), ("seq", -1)), {}),),
)
"""Indexes, for that is all that MongoDB has to be told."""
COLLECTIONS: Final = ("decisions", "intents", "alerts", "views", "whales", "notes", "leases", "history", "meta")


async def migrate(link: Link, setting: str) -> None:
    """Bring the database to the newest shape. Raises BadSettings for one of a newer keeper, StoreUnavailable.

    Nothing is written to one that has it already, so that it can be looked at where nothing can be written.
    """
    with link.call("opened", seconds=60.0):  # an index over a large collection takes its time
        known = await link["meta"].find_one({"_id": "schema"})
        done = 0 if known is None else int(known["form"])
        if done > len(STEPS):
            why = f"leads to a database that was written by a newer keeper (form {done}); upgrade this one"
            raise bad_store(setting, why)
        if done == len(STEPS) and await link["meta"].find_one({"_id": "numbers"}) is not None:
            return
        for step in STEPS[done:]:
            for collection, keys, options in step:
                await link[collection].create_index(list(keys), **options)
        # $max, so that an older keeper that started at the same moment cannot turn it back.
        await link["meta"].update_one({"_id": "schema"}, {"$max": {"form": len(STEPS)}}, upsert=True)
        await link["meta"].update_one({"_id": "numbers"}, {"$max": {"next": 0}}, upsert=True)
