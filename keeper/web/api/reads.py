"""What can be read, one function for each address."""

from aiohttp import web

from keeper import __version__
from keeper.alerts.open_troubles import NOTE as OPEN_TROUBLES
from keeper.core.paused import PAUSED_NOTE, paused_from
from keeper.core.records import Outcome
from keeper.errors import Refused
from keeper.web.api import build, build_pools, models, pool_models
from keeper.web.api.paging import page
from keeper.web.api.params import (
    DecisionsAsked,
    HistoryAsked,
    Nothing,
    OneDecision,
    OnePool,
    OneTransaction,
    PagedInTime,
    TransactionsAsked,
)
from keeper.web.api.routes import ROOT, Ask
from keeper.web.api.shapes import as_of
from keeper.web.health import check_health
from keeper.web.keys import ESTIMATES
from keeper.web.state import WebState
from keeper.web.views import pool_names, view_of


async def status(ask: Ask[Nothing, Nothing]) -> models.Status:
    """Return the keeper itself."""
    health = check_health(ask.state.pulse, ask.state.cycle_seconds)
    return build.status(ask.state, health, paused_from(await ask.state.store.note(PAUSED_NOTE)))


async def pool(ask: Ask[OnePool, Nothing]) -> pool_models.Pool:
    """Return one pool. Raises HTTPNotFound."""
    pool_id, state = ask.path.pool_id, ask.state
    view = await view_of(state.store, pool_id)
    if view is not None:
        fresh = check_health(state.pulse, state.cycle_seconds).fresh()
        return build_pools.pool(view, fresh=pool_id in fresh)
    if pool_id not in state.pulse.pool_ids:
        raise _no_pool(pool_id)
    return build_pools.unseen(pool_id, state)


async def estimate(ask: Ask[OnePool, Nothing]) -> pool_models.Estimate:
    """Return what a rebalance would cost. Raises HTTPNotFound, HTTPConflict, HTTPServiceUnavailable."""
    pool_id = ask.path.pool_id
    if pool_id not in ask.state.pulse.pool_ids:
        raise _no_pool(pool_id)
    try:
        made = await ask.request.app[ESTIMATES].of(pool_id)
    except Refused as exc:
        raise web.HTTPConflict(text=f"nothing can be said now: {exc}") from exc
    if made is None:
        message = f"pool {pool_id} was not valued since the keeper began; ask again after its next cycle"
        raise web.HTTPServiceUnavailable(text=message, headers={"Retry-After": str(ask.state.cycle_seconds)})
    tip, facts = made
    return pool_models.Estimate.model_validate({**facts, "as_of": as_of(tip.height, tip.time)})


async def history(ask: Ask[OnePool, HistoryAsked]) -> pool_models.History:
    """Return a pool over time. Raises HTTPNotFound."""
    pool_id, asked = ask.path.pool_id, ask.asked
    await must_be_known(pool_id, ask.state)
    found = await ask.state.store.history(
        pool_id, since=asked.within.since, until=asked.within.until, limit=asked.limit
    )
    points = tuple(build.point(each) for each in found)
    return pool_models.History(as_of=build.newest(ask.state), pool_id=pool_id, thinned=found.more, points=points)


async def decisions(ask: Ask[Nothing, DecisionsAsked]) -> models.Decisions:
    """Return a page of decisions."""
    store, asked = ask.state.store, ask.asked
    outcome = None if asked.outcome is None else Outcome(asked.outcome)
    found, after = await page(
        asked,
        lambda most, before: store.decisions(
            pool_id=asked.pool, outcome=outcome, limit=most, before=before, within=asked.within
        ),
        f"{ROOT}/decisions",
    )
    names = await pool_names(ask.state, {record.pool_id for record in found})
    told = tuple(build.decision(record, names) for record in found)
    return models.Decisions(as_of=build.newest(ask.state), decisions=told, next=after)


async def decision(ask: Ask[OneDecision, Nothing]) -> models.Decision:
    """Return one decision. Raises HTTPNotFound."""
    found = await ask.state.store.decision(ask.path.decision_id)
    if found is None:
        message = (
            f"there is no decision {ask.path.decision_id[:100]!r}, or it is no longer kept; {ROOT}/decisions lists them"
        )
        raise web.HTTPNotFound(text=message)
    return build.decision(found, await pool_names(ask.state, {found.pool_id}))


async def transactions(ask: Ask[Nothing, TransactionsAsked]) -> models.Transactions:
    """Return a page of transactions."""
    store, asked = ask.state.store, ask.asked
    found, after = await page(
        asked,
        lambda most, before: store.intents(
            open_only=asked.open, pool_id=asked.pool, limit=most, before=before, within=asked.within
        ),
        f"{ROOT}/transactions",
    )
    seen = build.newest(ask.state)
    told = tuple(build.transaction(intent, seen) for intent in found)
    return models.Transactions(as_of=seen, transactions=told, next=after)


async def transaction(ask: Ask[OneTransaction, Nothing]) -> models.Transaction:
    """Return one transaction. Raises HTTPNotFound."""
    found = await ask.state.store.intent(ask.path.key)
    if found is None:
        raise web.HTTPNotFound(text=f"there is no transaction {ask.path.key[:100]!r}; {ROOT}/transactions lists them")
    return build.transaction(found, build.newest(ask.state))


async def alerts(ask: Ask[Nothing, PagedInTime]) -> models.Alerts:
    """Return a page of alerts."""
    found, after = await page(
        ask.asked,
        lambda most, before: ask.state.store.alerts(limit=most, before=before, within=ask.asked.within),
        f"{ROOT}/alerts",
    )
    seen = build.newest(ask.state)
    told = tuple(build.alert(record, seen) for record in found)
    going_on = build.troubles(await ask.state.store.note(OPEN_TROUBLES), ask.state)
    return models.Alerts(as_of=seen, open=going_on, alerts=told, next=after)


def index_of(routes: tuple[models.Link, ...]) -> models.Index:
    """Return what there is."""
    return models.Index(service="keeper", version=__version__, openapi=f"{ROOT}/openapi.json", routes=routes)


async def must_be_known(pool_id: int, state: WebState) -> None:
    """Raise HTTPNotFound for a pool that is not configured and was never seen."""
    if pool_id not in state.pulse.pool_ids and await view_of(state.store, pool_id) is None:
        raise _no_pool(pool_id)


def _no_pool(pool_id: int) -> web.HTTPNotFound:
    return web.HTTPNotFound(text=f"there is no pool {pool_id}; {ROOT}/pools lists them")
