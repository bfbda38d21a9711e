"""What a transaction that came to its end means for its pool: the outcome, the words, the facts, and what people are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from keeper import narrate
from keeper.chain import plain, reasons
from keeper.chain.clarity import Err, decode
from keeper.core import alerting
from keeper.core.mandates import NOT_CARRIED_OUT, WHY_REJECTED, ProposalState
from keeper.core.policy import PoolRule
from keeper.core.records import Alert, Intent, Outcome
from keeper.core.units import USTX_PER_STX, Bps, Seconds, percent
from keeper.errors import KeeperError, Refused, TransactionRefused
from keeper.execution.inquiry import why_failed
from keeper.results import read_result


@dataclass(frozen=True, slots=True)
class Done:
    """How a step ended, and what a person should be told of it."""

    outcome: Outcome
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    alert: Alert | None = None
    intent: str | None = None
    """Key of the transaction that this is the outcome of; None where nothing was done."""


class Unfinished(Exception):
    """A transaction is on its way and has to be mined before the pool's next step; `done` says so."""

    def __init__(self, intent: Intent) -> None:
        reason = f"waiting for transaction {intent.txid} to be mined"
        super().__init__(reason)
        self.done = Done(Outcome.WAITING_FOR_TRANSACTION, reason, {"txid": intent.txid, "key": intent.key})


def traded(intent: Intent, **seen: Any) -> Done:
    """Say what a slice really did; `seen` are facts that only its own turn knows. Raises ResultUnreadable."""
    done = narrate.slice_facts(intent)
    venues = ", ".join(dict.fromkeys(str(leg["venue"]) for leg in done["legs"]))
    before, after = percent(done["drift_before_bps"]), percent(done["drift_after_bps"])
    reason = f"slice {done['slice']} at {venues}: drift {before} → {after}"
    return Done(Outcome.SLICE_EXECUTED, reason, {"slice": done, **seen}, intent=intent.key)


def proposed(rule: PoolRule, intent: Intent, at: Seconds, *, because: str = "", **seen: Any) -> Done:
    """Say that a vote is open; `because` is why, as its own turn put it. Raises ResultUnreadable."""
    proposal_id = read_result(intent, plain.number)
    drift = Bps(int(intent.call["expects"]["because"]["drift_bps"]))
    words = f"proposal {proposal_id} is open for votes"
    return Done(
        Outcome.PROPOSED,
        f"{because}; {words}" if because else words,
        {"txid": intent.txid, "proposal": proposal_id, **seen},
        alerting.proposal_opened(rule, proposal_id, drift, at),
        intent.key,
    )


def passed(intent: Intent, **seen: Any) -> Done | None:
    """Say that a vote passed; None when it did not. Raises ResultUnreadable."""
    if not read_result(intent, plain.flag):
        return None
    facts = _concluded(intent, seen)
    return Done(
        Outcome.VOTE_PASSED, f"proposal {facts['proposal']} passed; its mandate is open", facts, intent=intent.key
    )


def failed_vote(rule: PoolRule, intent: Intent, state: str, at: Seconds, **seen: Any) -> Done:
    """Say how a vote that did not pass ended: `state` is that of its proposal on the chain."""
    facts = _concluded(intent, seen)
    why = (
        WHY_REJECTED if state == "rejected" else NOT_CARRIED_OUT.get(cast("ProposalState", state), f"ended as {state}")
    )
    alert = alerting.vote_failed(rule, facts["proposal"], state, why, at)
    reason = f"proposal {facts['proposal']} {why}"
    return Done(Outcome.VOTE_FAILED, reason, {**facts, "state": state}, alert, intent.key)


def _concluded(intent: Intent, seen: Mapping[str, Any]) -> dict[str, Any]:
    return {"txid": intent.txid, "proposal": int(intent.call["expects"]["proposal"]), **seen}


def paid(rule: PoolRule, intent: Intent, at: Seconds) -> Done:
    """Say who of the queue was paid. Raises ResultUnreadable."""
    facts = narrate.payment_facts(intent)
    requests, ustx = int(facts["requests"]), int(facts["paid_ustx"])
    return Done(
        Outcome.WITHDRAWAL_PAID,
        f"{ustx / USTX_PER_STX:,.2f} STX were paid to {requests} queued withdrawal(s)",
        facts,
        alerting.withdrawals_paid(rule, requests, ustx, facts, at),
        intent.key,
    )


def refusal(intent: Intent) -> KeeperError:
    """Return what a refused transaction means: the contract's own reason where it gave one."""
    contract = str(intent.call["contract"]).partition(".")[2]
    code = _error_code(intent)
    if code is not None:
        error = reasons.error_for(contract, code)
        error.facts["txid"] = intent.txid
        return error
    message = f"{intent.call['function']} was refused: {intent.result.get('why') or why_failed(intent)}"
    return TransactionRefused(message, txid=intent.txid, key=intent.key)


def _error_code(intent: Intent) -> int | None:
    found = intent.result.get("result_hex")
    if intent.result.get("status") != "abort_by_response" or not isinstance(found, str):
        return None
    try:
        answer = decode(bytes.fromhex(found.removeprefix("0x")))
    except (Refused, ValueError):
        return None
    return answer.value if isinstance(answer, Err) and isinstance(answer.value, int) else None
