"""What a demo round did, from the same decision records, journal and alerts that the page shows."""

from collections.abc import Mapping, Sequence
from typing import Any

from keeper import console as output
from keeper import narrate
from keeper.app import Keeper
from keeper.core.policy import PoolRule
from keeper.core.records import AlertRecord, Decision, Intent, IntentKind, Outcome
from keeper.core.views import decimal

MANY = 1_000


async def round_facts(keeper: Keeper, number: int, decisions: Mapping[int, Sequence[Decision]]) -> dict[str, Any]:
    """Return what one round did, pool by pool."""
    intents = await keeper.store.intents(limit=MANY)
    alerts = await keeper.store.alerts(limit=MANY)
    pools = [pool_facts(rule, decisions.get(rule.pool_id, ()), intents, alerts) for rule in keeper.pools]
    return {"round": number, "pools": pools}


def pool_facts(
    rule: PoolRule, decisions: Sequence[Decision], intents: Sequence[Intent], alerts: Sequence[AlertRecord]
) -> dict[str, Any]:
    """Return one pool's round. Numbers that are not known are None."""
    drifts = [decision.drift_bps for decision in decisions if decision.drift_bps is not None]
    txids = {found for decision in decisions if (found := _txid(decision)) is not None}
    own = [intent for intent in reversed(intents) if intent.pool_id == rule.pool_id and intent.txid in txids]
    since = decisions[0].at if decisions else None
    slices = [narrate.slice_facts(intent) for intent in own if intent.kind is IntentKind.REBALANCE and intent.succeeded]
    return {
        "pool_id": rule.pool_id,
        "name": rule.name,
        "drift_before_bps": drifts[0] if drifts else None,
        "drift_after_bps": drifts[-1] if drifts else None,
        "worst_after_bps": _last(decisions, "worst_bps"),
        "tolerance_bps": int(rule.tolerance_bps),
        "within_tolerance": _within(rule, decisions),
        "proposal": _proposal(decisions),
        "slices": slices,
        "cost_bps": _cost(slices),
        "withdrawals": [
            _chosen(d, "txid", "requests", "paid_ustx", "expected")
            for d in decisions
            if _is(d, Outcome.WITHDRAWAL_PAID)
        ],
        "transactions": [{"kind": str(i.kind), "txid": i.txid, "state": str(i.state)} for i in own],
        "decisions": [decision_facts(decision) for decision in decisions],
        "alerts": [alert_facts(a) for a in reversed(alerts) if _belongs(a, rule, since)],
    }


async def build(keeper: Keeper, rounds: Sequence[dict[str, Any]], *, elapsed: float) -> dict[str, Any]:
    """Return the whole report, with what did not hold; `ok` is whether everything did."""
    failures = [
        f"{pool['name']} ended outside its tolerance of {pool['tolerance_bps']} bps: {_why(pool)}"
        for pool in rounds[-1]["pools"]
        if not pool["within_tolerance"]
    ]
    tip = await keeper.observer.tip()
    found = await keeper.observer.books(tip)
    for symbol, (booked, has) in found.items():
        if booked != has:
            failures.append(f"the vault has booked {booked} {symbol} and the chain says {has}")
    return {
        "ok": not failures,
        "failures": failures,
        "chain": {"height": tip.height, "block_id": tip.block_id, "time": int(tip.time)},
        "books": {symbol: {"booked": str(booked), "chain": str(has)} for symbol, (booked, has) in found.items()},
        "rounds": list(rounds),
        "pools": rounds[0]["pools"],
        "decimals": {asset.symbol: asset.decimals for asset in keeper.assets.all()},
        "elapsed_seconds": round(elapsed, 1),
    }


def decision_facts(decision: Decision) -> dict[str, Any]:
    """Return a decision record as JSON."""
    return {
        "id": decision.decision_id,
        "at": int(decision.at),
        "block": decision.tip_height,
        "outcome": str(decision.outcome),
        "reason": decision.reason,
        "drift_bps": decision.drift_bps,
        "facts": dict(decision.facts),
    }


def alert_facts(record: AlertRecord) -> dict[str, Any]:
    """Return an alert and where it went as JSON."""
    alert = record.alert
    return {
        "severity": str(alert.severity),
        "title": alert.title,
        "what": alert.what,
        "done": alert.done,
        "at": int(alert.at),
        "delivered_to": list(record.delivered_to),
        "failed": list(record.failed),
    }


def show(body: Mapping[str, Any]) -> None:
    """Print the report for a person."""
    for one in body["rounds"]:
        columns = ("pool", "drift before", "after", "slices", "cost", "vote", "withdrawals", "ended")
        title = f"Round {one['round']}" if len(body["rounds"]) > 1 else None
        output.table(columns, [_row(pool) for pool in one["pools"]], title=title)
        for pool in one["pools"]:
            for item in pool["slices"]:
                _show_slice(pool["name"], item, body["decimals"])
    for failure in body["failures"]:
        output.fail(failure)
    if body["ok"]:
        output.out.print("every pool is within its tolerance, and the vault's books equal the chain's balances")


def _show_slice(name: str, item: Mapping[str, Any], decimals: Mapping[str, int]) -> None:
    output.out.print(
        f"\n{name}, slice {item['slice']}, cost {output.percentage(item['cost_bps'])}, txid {item['txid']}",
        markup=False,
    )
    for leg in item["legs"]:
        sold = decimal(int(leg["amount_in"]), decimals[leg["sell"]])
        bought, least = (decimal(int(leg[which]), decimals[leg["buy"]]) for which in ("actual_out", "min_out"))
        words = f"  {leg['venue']}: {sold} {leg['sell']} → {bought} {leg['buy']} (at least {least})"
        output.out.print(words, markup=False)


def _row(pool: Mapping[str, Any]) -> tuple[str, ...]:
    proposal = pool["proposal"]
    return (
        pool["name"],
        output.percentage(pool["drift_before_bps"]),
        output.percentage(pool["drift_after_bps"]),
        str(len(pool["slices"])),
        output.percentage(pool["cost_bps"]),
        "—" if proposal is None else proposal["result"],
        "—" if not pool["withdrawals"] else f"{len(pool['withdrawals'])} paid",
        "on target" if pool["within_tolerance"] else "OFF TARGET",
    )


def _txid(decision: Decision) -> str | None:
    found = decision.facts.get("txid") or decision.facts.get("slice", {}).get("txid")
    return None if found is None else str(found)


def _last(decisions: Sequence[Decision], name: str) -> Any:
    return next((d.facts[name] for d in reversed(decisions) if name in d.facts), None)


def _within(rule: PoolRule, decisions: Sequence[Decision]) -> bool:
    """On target means: at rest, valued, nothing queued that waits, every asset within the tolerance."""
    if not decisions or decisions[-1].outcome not in (Outcome.WITHIN_THRESHOLD, Outcome.REBALANCED):
        return False
    worst = decisions[-1].facts.get("worst_bps")
    return worst is not None and worst <= rule.tolerance_bps


def _why(pool: Mapping[str, Any]) -> str:
    last = pool["decisions"][-1] if pool["decisions"] else None
    if last is None:
        return "no cycle ended"
    worst = "an unknown distance" if pool["worst_after_bps"] is None else output.percentage(pool["worst_after_bps"])
    return f"its furthest asset is {worst} away; last decision: {last['outcome']}, {last['reason']}"


def _proposal(decisions: Sequence[Decision]) -> dict[str, Any] | None:
    opened = next((d for d in decisions if _is(d, Outcome.PROPOSED)), None)
    ended = next((d for d in decisions if d.outcome in (Outcome.VOTE_PASSED, Outcome.VOTE_FAILED)), None)
    if opened is None:
        return None
    votes = {} if ended is None else _chosen(ended, "votes_for", "votes_against", "stake_total")
    result = "in vote" if ended is None else ("passed" if _is(ended, Outcome.VOTE_PASSED) else "rejected")
    facts = {"id": opened.facts["proposal"], "txid": opened.facts["txid"], "result": result}
    return {**facts, "votes": votes, "concluded_txid": None if ended is None else ended.facts["txid"]}


def _cost(slices: Sequence[Mapping[str, Any]]) -> float | None:
    sold = sum(int(item["sold_ustx"]) for item in slices)
    bought = sum(int(item["bought_ustx"]) for item in slices)
    return None if sold == 0 else round((sold - bought) * 10_000 / sold, 2)


def _is(decision: Decision, outcome: Outcome) -> bool:
    return decision.outcome is outcome


def _chosen(decision: Decision, *names: str) -> dict[str, Any]:
    return {name: decision.facts.get(name) for name in names}


def _belongs(record: AlertRecord, rule: PoolRule, since: int | None) -> bool:
    return record.alert.pool_id == rule.pool_id and since is not None and record.alert.at >= since
