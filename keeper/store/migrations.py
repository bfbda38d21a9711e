"""The shape of the SQLite file, step by step. A step that was released is never edited; add one after it.

Thirty lines here stand in for a migration library: steps are plain SQL, run once each and in order,
and SQLite itself keeps the number of the last one (`PRAGMA user_version`).
"""

from typing import Final

STEPS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """
        CREATE TABLE decisions (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            decision_id TEXT NOT NULL UNIQUE,
            pool_id INTEGER NOT NULL,
            at INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            body TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX decisions_by_pool ON decisions (pool_id, seq)",
        """
        CREATE TABLE intents (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL UNIQUE,
            pool_id INTEGER,
            state TEXT NOT NULL,
            txid TEXT,
            body TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX intents_by_pool ON intents (pool_id, seq)",
        "CREATE INDEX intents_by_state ON intents (state, seq)",
        """
        CREATE TABLE alerts (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL,
            at INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT
        """,
        "CREATE TABLE views (pool_id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT",
        """
        CREATE TABLE whales (
            category TEXT NOT NULL,
            address TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (category, address)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE TABLE notes (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID",
    ),
    (
        # Rows are never deleted, so a term is never given out twice.
        """
        CREATE TABLE leases (
            name TEXT PRIMARY KEY,
            term INTEGER NOT NULL CHECK (term >= 1),
            holder TEXT NOT NULL CHECK (length(holder) <= 200),
            beat INTEGER NOT NULL CHECK (beat >= 0)
        ) STRICT, WITHOUT ROWID
        """,
        # Almost every intent is over: an index of the few that are not is all that recovery has to read.
        """
        CREATE INDEX intents_open ON intents (seq)
        WHERE state IN ('mined', 'planned', 'sent', 'signed')
        """,
        "DROP INDEX intents_by_state",
    ),
    (
        """
        CREATE TABLE history (
            pool_id INTEGER NOT NULL,
            slot INTEGER NOT NULL,
            at INTEGER NOT NULL,
            priced INTEGER NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (pool_id, slot)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX history_by_slot ON history (slot)",
        # What follows is for finding what is old without walking what is not.
        "CREATE INDEX decisions_by_at ON decisions (at)",
        "CREATE INDEX decisions_by_day ON decisions (pool_id, at / 86400, seq)",
        "CREATE INDEX alerts_by_at ON alerts (at)",
        "ALTER TABLE intents ADD COLUMN at INTEGER NOT NULL DEFAULT 0",
        "UPDATE intents SET at = json_extract(body, '$.intent.updated_at')",
        "CREATE INDEX intents_by_at ON intents (at)",
    ),
    (
        # So that pools can be named, and unchanged ones be told, without their long bodies.
        "ALTER TABLE views ADD COLUMN name TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE views ADD COLUMN version INTEGER NOT NULL DEFAULT 0",
        """
        UPDATE views SET name = json_extract(body, '$.view.name')
        WHERE CASE WHEN json_valid(body) THEN json_type(body, '$.view.name') = 'text' END
        """,
        # The few that are kept for ever, to find earlier proposals and what became of them.
        """
        CREATE INDEX decisions_lasting ON decisions (outcome, seq)
        WHERE outcome IN ('proposed', 'rebalanced', 'slice_executed', 'vote_failed', 'vote_passed', 'withdrawal_paid')
        """,
    ),
)
