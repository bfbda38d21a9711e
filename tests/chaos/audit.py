"""Holds the journal against the chain's own record of every transaction it ever took for the keeper's key.

Pure: rows and intents go in, findings come out.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from keeper.core.records import OPEN_STATES, SUCCESS, IntentState

NEVER_TAKEN = (IntentState.DROPPED, IntentState.REFUSED)


@dataclass(frozen=True)
class Row:
    """One transaction as the chain knows it; `height` is None while no block has it."""

    txid: str
    nonce: int
    status: str
    height: int | None
    depth: int | None = None
    """Blocks from the newest one down to its own, that one included."""

    @property
    def mined(self):
        return self.height is not None


@dataclass
class Findings:
    """What an audit found. `lost`, `twice`, `wrong` and `unknown` must stay empty."""

    lost: list[str] = field(default_factory=list)
    """Intents the journal has given up though nothing else has their nonce."""
    twice: list[str] = field(default_factory=list)
    """Purposes that were carried out more than once, and intents with more than one mined transaction."""
    wrong: list[str] = field(default_factory=list)
    """Intents of which the journal says other than the chain."""
    unknown: list[str] = field(default_factory=list)
    """Transactions of the key that no intent knows, and holes in its nonces."""
    once: frozenset[str] = frozenset()
    """Keys of intents that are over and were carried out exactly once."""
    given_up: frozenset[str] = frozenset()
    """Keys of intents that are over and were not carried out; their purpose is free again."""

    @property
    def clean(self):
        return not (self.lost or self.twice or self.wrong or self.unknown)

    def lines(self):
        """Return every finding in words."""
        kinds = ("lost", "twice", "wrong", "unknown")
        return [f"{kind}: {what}" for kind in kinds for what in getattr(self, kind)]


def audit(intents, rows, foreign):
    """Judge every intent and every transaction; `foreign` are txids that somebody else made with the key."""
    # What a node refused may be signed again bit by bit under the next key: the transaction is that key's.
    owner = {txid: intent for intent in sorted(intents, key=_was_taken) for txid in intent.txids}
    mined = [row for row in rows if row.mined]
    found = Findings()
    by_key, by_nonce = defaultdict(list), defaultdict(list)
    for row in rows:
        if row.txid not in owner and row.txid not in foreign:
            found.unknown.append(f"{row.txid} at nonce {row.nonce} is in no intent")
    for row in mined:
        by_nonce[row.nonce].append(row)
        if row.txid in owner:
            by_key[owner[row.txid].key].append(row)
    found.unknown += _holes(by_nonce)
    found.twice += _twice(intents, by_key)
    once, given_up = set(), set()
    for intent in intents:
        _judge(intent, by_key[intent.key], by_nonce, found)
        if intent.state not in OPEN_STATES:
            (once if _done(by_key[intent.key]) else given_up).add(intent.key)
    found.once, found.given_up = frozenset(once), frozenset(given_up)
    return found


def _was_taken(intent):
    return intent.state is not IntentState.REFUSED or "block_height" in intent.result


def _done(rows):
    return sum(row.status == SUCCESS for row in rows) == 1


def _holes(by_nonce):
    shared = [f"nonce {nonce} was spent {len(rows)} times" for nonce, rows in by_nonce.items() if len(rows) > 1]
    missing = set(range(max(by_nonce, default=-1) + 1)) - set(by_nonce)
    return shared + [f"nonce {nonce} was passed over" for nonce in sorted(missing)]


def _twice(intents, by_key):
    successes = Counter()
    for intent in intents:
        successes[intent.key.partition("#")[0]] += sum(row.status == SUCCESS for row in by_key[intent.key])
    several = [f"{purpose} was carried out {n} times" for purpose, n in successes.items() if n > 1]
    return several + [f"{key} was mined {len(rows)} times" for key, rows in by_key.items() if len(rows) > 1]


def _judge(intent, rows, by_nonce, found):
    """Hold one intent's state against the chain's rows of it."""
    succeeded = any(row.status == SUCCESS for row in rows)
    if intent.state is IntentState.SETTLED and not succeeded:
        found.wrong.append(f"{intent.key} is settled and no block has a success of it")
    if intent.state is IntentState.REFUSED and succeeded:
        found.wrong.append(f"{intent.key} is refused and a block has a success of it")
    if intent.state is IntentState.DROPPED:
        if rows:
            found.wrong.append(f"{intent.key} is dropped and a block has it")
        elif intent.nonce is not None and not by_nonce[intent.nonce]:
            found.lost.append(f"{intent.key} is dropped and nothing has spent its nonce {intent.nonce}")
    if intent.state is IntentState.REFUSED and "block_height" in intent.result and not rows:
        found.lost.append(f"{intent.key} is refused by a block that no longer has it")
