"""What a person is told: what happened, what the keeper did, what they can do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from keeper.core.policy import PoolRule
from keeper.core.records import Alert, Severity
from keeper.core.units import USTX_PER_STX, Bps, Seconds, percent


def proposal_opened(rule: PoolRule, proposal_id: int, drift: Bps, at: Seconds) -> Alert:
    """Tell FLOW stakers that there is something to vote on."""
    return Alert(
        key=f"proposal-opened:{rule.pool_id}:{proposal_id}",
        severity=Severity.INFO,
        title=f"{rule.name}: rebalance proposed",
        what=f"The pool has drifted {percent(drift)} from its whales (threshold {percent(rule.drift_threshold_bps)}).",
        done=f"Proposal {proposal_id} is open for votes.",
        remedy="FLOW stakers can vote until it ends; nothing is traded before it passes.",
        at=at,
        pool_id=rule.pool_id,
        facts={"proposal": proposal_id, "drift_bps": drift},
    )


def check_failed(failures: Mapping[str, str], at: Seconds) -> Alert:
    """Tell people what the daily look at everything the keeper depends on has found; `failures` are remedies by name."""
    return Alert(
        key=f"check-failed:{','.join(sorted(failures))}",
        severity=Severity.WARNING,
        title="The daily check found something",
        what=f"Not in order: {', '.join(failures)}.",
        done="The keeper goes on as far as that allows.",
        remedy="; ".join(f"{name}: {remedy}" for name, remedy in failures.items()),
        at=at,
        facts={"failed": list(failures)},
    )


def vote_failed(rule: PoolRule, proposal_id: int, state: str, why: str, at: Seconds) -> Alert:
    """Tell people that a proposal ended without a mandate: rejected, vetoed or expired."""
    return Alert(
        key=f"vote-failed:{rule.pool_id}:{proposal_id}",
        severity=Severity.WARNING,
        title=f"{rule.name}: rebalance {state}",
        what=f"Proposal {proposal_id} {why}.",
        done="Nothing was traded. The same target is left alone for a day.",
        remedy="If the pool should follow its whales, ask stakers to vote on the next proposal.",
        at=at,
        pool_id=rule.pool_id,
        facts={"proposal": proposal_id, "state": state},
    )


def rebalanced(rule: PoolRule, mandate_id: int, slices: int, drift: Bps, at: Seconds) -> Alert:
    """Tell people that a mandate has done its work."""
    return Alert(
        key=f"rebalanced:{rule.pool_id}:{mandate_id}",
        severity=Severity.INFO,
        title=f"{rule.name}: back on target",
        what=f"Every asset is within {percent(rule.tolerance_bps)} of its target; drift is {percent(drift)}.",
        done=f"Mandate {mandate_id} was carried out in {slices} slice(s).",
        remedy="Nothing to do.",
        at=at,
        pool_id=rule.pool_id,
        facts={"mandate": mandate_id, "slices": slices, "drift_bps": drift},
    )


def not_paid(rule: PoolRule, reason: str, facts: Mapping[str, Any], at: Seconds) -> Alert:
    """Tell people that a queued withdrawal could not be paid although the STX seemed to be there."""
    return Alert(
        key=f"not-paid:{rule.pool_id}",
        severity=Severity.WARNING,
        title=f"{rule.name}: a withdrawal was not paid",
        what=reason,
        done="The keeper goes on with the pool and tries the payment again.",
        remedy="If it stays, look at the request's own minimum; its owner can cancel it or redeem in kind.",
        at=at,
        pool_id=rule.pool_id,
        facts=facts,
    )


def node_unreachable(reason: str, cycles: int, at: Seconds) -> Alert:
    """Tell people that cycles are being skipped because nothing can be read."""
    return Alert(
        key="cycles-skipped",
        severity=Severity.CRITICAL,
        title="The keeper cannot work",
        what=f"{cycles} cycles in a row ended before the first pool: {reason}",
        done="It keeps trying; nothing is sent meanwhile.",
        remedy="Check the node, its API and the store with `keeper check`.",
        at=at,
        facts={"cycles": cycles},
    )


def withdrawals_paid(rule: PoolRule, requests: int, paid_ustx: int, facts: Mapping[str, Any], at: Seconds) -> Alert:
    """Tell people that queued withdrawals were paid, all of them in one alert."""
    users = ", ".join(str(payment["user"]) for payment in facts["expected"])
    return Alert(
        key=f"withdrawals-paid:{rule.pool_id}:{facts['txid']}",
        severity=Severity.INFO,
        title=f"{rule.name}: {'withdrawal' if requests == 1 else f'{requests} withdrawals'} paid",
        what=f"There was STX for {users}.",
        done=f"{paid_ustx / USTX_PER_STX:,.6f} STX were paid out.",
        remedy="Nothing to do; what could not be paid in full keeps its place in the queue.",
        at=at,
        pool_id=rule.pool_id,
        facts=dict(facts),
    )


REMEDIES = {
    "PriceDisagreement": "Compare the named sources by hand; trading resumes by itself once they agree again.",
    "StalePrice": "Check the named sources and their keys; trading resumes once prices are fresh.",
    "TooFewSources": "Check the silent sources and their keys, or configure another one.",
    "PriceJump": "Check whether the move is real. The keeper's own bound forgets after a day; where the oracle contract's "
    "breaker is out, governance or the emergency role has to reset it.",
    "WhalesUnknown": "Check the named source of whales; the pool goes on once it answers. To do without it, take it out of the settings.",
    "TransactionRefused": "See the record for the contract's reason; the keeper will not repeat it blindly.",
    "FeeTooHigh": "Wait for calmer blocks, or raise fees.max_fee_ustx.",
    "MarketRefused": "Check the named venue; another venue is used where one is configured.",
    "PlanRejected": "See the record for the limit that was hit.",
    "PriceLeftMandate": "Nothing has to be done: the mandate rests until the price is back, it ends or a new vote is held.",
    "ResultUnreadable": "Look the transaction up in an explorer and compare what it answered; if another node says otherwise, replace "
    "the one that is configured.",
    "SignerRefused": "See the rule that the signer names; change the signer's rules only if that transaction is one to allow.",
    "BadInput": "See what the reason names; an asset that a pool holds has to be listed in the settings' `assets`.",
}


def refused(rule: PoolRule, kind: str, reason: str, facts: Mapping[str, Any], at: Seconds) -> Alert:
    """Tell people that nothing safe could be done, and why."""
    return Alert(
        key=f"refused:{rule.pool_id}:{kind}",
        severity=Severity.WARNING,
        title=f"{rule.name}: nothing was traded",
        what=reason,
        done="The cycle was dropped; funds were not touched. The next cycle looks again.",
        remedy=REMEDIES.get(kind, "See the decision record for the numbers."),
        at=at,
        pool_id=rule.pool_id,
        facts={"error": kind, **facts},
    )


def unread(rule: PoolRule, reason: str, facts: Mapping[str, Any], at: Seconds) -> Alert:
    """Tell people that a transaction did something, and nobody can say what."""
    return replace(
        refused(rule, "ResultUnreadable", reason, facts, at),
        title=f"{rule.name}: a transaction's result cannot be read",
        done="It was not sent again. The next cycle looks at the pool as it is now.",
    )


def low_balance(address: str, balance_ustx: int, at: Seconds) -> Alert:
    """Tell people that the keeper will soon be unable to pay fees."""
    return Alert(
        key=f"low-balance:{address}",
        severity=Severity.WARNING,
        title="The keeper runs out of STX for fees",
        what=f"{address} has {balance_ustx / USTX_PER_STX:,.2f} STX left.",
        done="It goes on while it can pay.",
        remedy="Send STX to that address.",
        at=at,
        facts={"balance_ustx": str(balance_ustx)},
    )


def foreign_nonces(address: str, nonces: Sequence[int], at: Seconds) -> Alert:
    """Tell people that something the keeper did not send waits under its key."""
    return Alert(
        key=f"foreign-nonces:{address}",
        severity=Severity.CRITICAL,
        title="Somebody else uses the keeper's key",
        what=f"Transactions wait under {address} that this keeper did not make, at nonces {', '.join(map(str, nonces))}.",
        done="It goes on behind them, and sends nothing in their place.",
        remedy="Give every program a key of its own. If nobody you know sent them, revoke the key's role and replace the key.",
        at=at,
        facts={"nonces": list(nonces)},
    )


def stuck_at_the_cap(address: str, txids: Sequence[str], cap_ustx: int, at: Seconds) -> Alert:
    """Tell people that a transaction waits although it pays the most that it may."""
    return Alert(
        key=f"stuck:{address}",
        severity=Severity.WARNING,
        title="A transaction is stuck at the highest fee allowed",
        what=f"{', '.join(txids)} waits with a fee of {cap_ustx} µSTX, and everything behind it waits too.",
        done="The keeper keeps offering it.",
        remedy="Wait for calmer blocks, or raise fees.max_fee_ustx.",
        at=at,
        facts={"txids": list(txids), "cap_ustx": cap_ustx},
    )


def standing_by(holder: str, at: Seconds) -> Alert:
    """Tell people that another keeper holds the lease of this store."""
    return Alert(
        key="standing-by",
        severity=Severity.INFO,
        title="This keeper stands by",
        what=f"Another keeper holds the lease: {holder}.",
        done="It watches, sends nothing, and takes over when the other one falls silent.",
        remedy="Nothing to do, unless only one keeper should run.",
        at=at,
        facts={"holder": holder},
    )


def plugins_left_out(reasons: Mapping[str, str], at: Seconds) -> Alert:
    """Tell people that plugins the settings name are not in use; `reasons` is by plugin."""
    names = ", ".join(reasons)
    return Alert(
        key=f"plugins-left-out:{names}",
        severity=Severity.CRITICAL,
        title=f"Left out: {names}",
        what="; ".join(reasons.values()),
        done="The keeper works with the other plugins. A price still needs as many sources as before.",
        remedy="Mend the plugin or take it off the list `plugins`, run `keeper check`, then restart the service.",
        at=at,
        facts={"plugins": list(reasons)},
    )


def halted(kind: str, reason: str, at: Seconds) -> Alert:
    """Page a person: the keeper has stopped and will not start again by itself."""
    return Alert(
        key=f"halted:{kind}",
        severity=Severity.CRITICAL,
        title="The keeper has stopped",
        what=reason,
        done="It stopped with exit status 78; nothing is sent until a person starts it again.",
        remedy="Read the reason, mend it, run `keeper check`, then start the service.",
        at=at,
        facts={"error": kind},
    )
