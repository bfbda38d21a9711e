"""From a pool's last view to its answer. The view's body is a document: any part may be missing or something else."""

from typing import Final

from keeper.core.records import Outcome, PoolView
from keeper.web.api import pool_models as api
from keeper.web.api.shapes import amount, as_of, decimal, instant
from keeper.web.reading import Body, part, parts, whole, word
from keeper.web.state import WebState

_OUTCOMES: Final = frozenset(Outcome)
_NOTHING: Final[Body] = {}


def unseen(pool_id: int, state: WebState) -> api.Pool:
    """Return a configured pool that no cycle has seen yet."""
    return _pool(pool_id, state.pool_names.get(pool_id, f"Pool {pool_id}"), None, _NOTHING, fresh=False)


def pool(view: PoolView, *, fresh: bool) -> api.Pool:
    """Return one pool as its view has it."""
    return _pool(view.pool_id, view.name, view, view.body, fresh=fresh)


def proposal(view: PoolView) -> api.Proposal | None:
    """Return a pool's latest proposal."""
    found = part(view.body, "proposal")
    if found is None:
        return None
    return api.Proposal(
        pool_id=view.pool_id,
        proposal_id=whole(found, "id"),
        state=word(found, "state"),
        ends_at=instant(whole(found, "ends_at")),
        due_at=instant(whole(found, "due_at")),
        target_bps=_weights(found, "target_bps"),
        votes_for=decimal(found, "votes_for"),
        votes_against=decimal(found, "votes_against"),
        stake_total=decimal(found, "stake_total"),
        as_of=as_of(view.tip_height, view.at),
    )


def _pool(pool_id: int, name: str, view: PoolView | None, body: Body, *, fresh: bool) -> api.Pool:
    pauses, last = part(body, "pauses") or _NOTHING, part(body, "last_decision") or _NOTHING
    outcome = word(last, "outcome")
    return api.Pool(
        as_of=as_of(view.tip_height, view.at) if view is not None and view.tip_height else as_of(None, None),
        pool_id=pool_id,
        name=name,
        state="starting" if view is None else word(body, "state") or "unknown",
        fresh=fresh,
        pauses=api.Pauses(
            deposits=_yes(pauses, "deposits"),
            withdrawals=_yes(pauses, "withdrawals"),
            rebalances=_yes(pauses, "rebalances"),
        ),
        value_ustx=amount(body, "value_ustx"),
        share_price_stx=decimal(body, "share_price_stx"),
        total_shares=decimal(body, "total_shares"),
        drift=api.Drift(
            bps=whole(body, "drift_bps"),
            worst_bps=whole(body, "worst_bps"),
            threshold_bps=whole(body, "threshold_bps"),
            tolerance_bps=whole(body, "tolerance_bps"),
        ),
        coverage_bps=whole(body, "coverage_bps"),
        dropped_bps=_weights(body, "dropped_bps"),
        assets=tuple(_holding(row) for row in parts(body, "assets")),
        whales=tuple(_whale(row) for row in parts(body, "whales")),
        proposal=None if view is None else proposal(view),
        mandate=_mandate(part(body, "mandate")),
        queue=tuple(_waiting(row) for row in parts(body, "queue")) if isinstance(body.get("queue"), list) else None,
        last_outcome=Outcome(outcome) if outcome in _OUTCOMES else None,
        last_reason=word(last, "reason"),
        last_at=instant(whole(last, "at")),
    )


def _holding(row: Body) -> api.Holding:
    return api.Holding(
        symbol=word(row, "symbol"),
        amount=amount(row, "amount"),
        amount_decimal=decimal(row, "amount_human"),
        value_ustx=amount(row, "value_ustx"),
        share_bps=whole(row, "share_bps"),
        target_bps=whole(row, "target_bps"),
        gap_bps=whole(row, "gap_bps"),
        price=_price(part(row, "price")),
    )


def _price(row: Body | None) -> api.Price | None:
    if row is None:
        return None
    return api.Price(
        stx=decimal(row, "stx"),
        oldest_at=instant(whole(row, "oldest_at")),
        spread_bps=whole(row, "spread_bps"),
        trouble=word(row, "trouble"),
        sources=tuple(
            api.Quote(
                source=word(source, "source"),
                quote=word(source, "quote"),
                price=decimal(source, "price"),
                seen_at=instant(whole(source, "seen_at")),
            )
            for source in parts(row, "sources")
        ),
    )


def _whale(row: Body) -> api.Followed:
    return api.Followed(
        address=word(row, "address"),
        weight_bps=whole(row, "weight_bps"),
        score=decimal(row, "score"),
        win_rate_bps=whole(row, "win_rate_bps"),
        allocation_bps=_weights(row, "allocation_bps"),
        observed_at=instant(whole(row, "observed_at")),
    )


def _mandate(row: Body | None) -> api.Mandate | None:
    if row is None:
        return None
    return api.Mandate(
        mandate_id=whole(row, "id"),
        expires_at=instant(whole(row, "expires_at")),
        target_bps=_weights(row, "target_bps"),
        worst_bps=whole(row, "worst_bps"),
        slices=whole(row, "slices"),
        turnover_used_stx=decimal(row, "turnover_used_stx"),
        turnover_left_stx=decimal(row, "turnover_left_stx"),
        loss_used_stx=decimal(row, "loss_used_stx"),
        loss_left_stx=decimal(row, "loss_left_stx"),
    )


def _waiting(row: Body) -> api.Waiting:
    return api.Waiting(
        user=word(row, "user"),
        shares=decimal(row, "shares"),
        min_out_stx=decimal(row, "min_out_stx"),
        asked_at=instant(whole(row, "asked_at")),
    )


def _weights(body: Body, name: str) -> dict[str, int]:
    """Return basis points by name; whatever is none is left out."""
    found = part(body, name) or _NOTHING
    return {str(symbol): bps for symbol in found if (bps := whole(found, symbol)) is not None}


def _yes(body: Body, name: str) -> bool | None:
    value = body.get(name)
    return value if isinstance(value, bool) else None
