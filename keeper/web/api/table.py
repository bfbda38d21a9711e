"""Every address of the API, with everything that is promised about it."""

from http import HTTPStatus
from typing import Final

from keeper.web.api import changes, models, params, pool_models, reads
from keeper.web.api.download import Tables
from keeper.web.api.every_pool import EveryPool
from keeper.web.api.routes import CSV, ROOT, STREAM, Ask, Route
from keeper.web.api.stream import events

_MISSING: Final = (HTTPStatus.NOT_FOUND,)


async def _index(_: Ask[params.Nothing, params.Nothing]) -> models.Index:
    links = tuple(models.Link(method=route.method, path=route.path, summary=route.summary) for route in routes())
    return reads.index_of(links)


def _reading() -> tuple[Route, ...]:
    every = EveryPool()
    return (
        Route("GET", ROOT, "index", "What there is", _index, models.Index),
        Route(
            "GET",
            f"{ROOT}/status",
            "status",
            "The keeper: block, balance, nodes, health, pause",
            reads.status,
            models.Status,
        ),
        Route("GET", f"{ROOT}/pools", "pools", "Every pool as the keeper saw it last", every.pools, pool_models.Pools),
        Route(
            "GET",
            f"{ROOT}/proposals",
            "proposals",
            "The latest proposal of every pool; earlier ones are decisions whose outcome is `proposed`",
            every.proposals,
            pool_models.Proposals,
            asked=params.OfPool,
        ),
    )


def _of_one_pool(tables: Tables) -> tuple[Route, ...]:
    one = f"{ROOT}/pools/{{pool_id}}"
    return (
        Route(
            "GET", one, "pool", "One pool", reads.pool, pool_models.Pool, path_params=params.OnePool, faults=_MISSING
        ),
        Route(
            "GET",
            f"{one}/estimate",
            "estimate",
            "What bringing the pool to its whales' target would cost, at the block it was last seen",
            reads.estimate,
            pool_models.Estimate,
            path_params=params.OnePool,
            faults=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
        ),
        Route(
            "GET",
            f"{one}/history",
            "history",
            "Value, share price and drift over time",
            reads.history,
            pool_models.History,
            path_params=params.OnePool,
            asked=params.HistoryAsked,
            faults=_MISSING,
        ),
        Route(
            "GET",
            f"{one}/history.csv",
            "history_table",
            "The same for a spreadsheet",
            tables.history,
            media=CSV,
            path_params=params.OnePool,
            asked=params.HistoryTableAsked,
            sends=True,
            faults=_MISSING,
        ),
    )


def _decisions(tables: Tables) -> tuple[Route, ...]:
    return (
        Route(
            "GET",
            f"{ROOT}/decisions",
            "decisions",
            "Why each cycle did, or did not do, something; newest first",
            reads.decisions,
            models.Decisions,
            asked=params.DecisionsAsked,
        ),
        Route(
            "GET",
            f"{ROOT}/decisions/{{decision_id}}",
            "decision",
            "One decision",
            reads.decision,
            models.Decision,
            path_params=params.OneDecision,
            faults=_MISSING,
        ),
        Route(
            "GET",
            f"{ROOT}/decisions.csv",
            "decisions_table",
            "All decisions for a spreadsheet, newest first",
            tables.decisions,
            media=CSV,
            asked=params.TableAsked,
            sends=True,
        ),
    )


def _records() -> tuple[Route, ...]:
    return (
        Route(
            "GET",
            f"{ROOT}/transactions",
            "transactions",
            "What the keeper sent, newest first",
            reads.transactions,
            models.Transactions,
            asked=params.TransactionsAsked,
        ),
        Route(
            "GET",
            f"{ROOT}/transactions/{{key}}",
            "transaction",
            "One transaction",
            reads.transaction,
            models.Transaction,
            path_params=params.OneTransaction,
            faults=_MISSING,
        ),
        Route(
            "GET",
            f"{ROOT}/alerts",
            "alerts",
            "What people were told, newest first",
            reads.alerts,
            models.Alerts,
            asked=params.PagedInTime,
        ),
        Route(
            "GET",
            f"{ROOT}/events",
            "events",
            "Decisions, alerts, transactions and pauses as they happen (server-sent events)",
            events,
            media=STREAM,
            sends=True,
        ),
    )


def _changing() -> tuple[Route, ...]:
    return (
        Route(
            "POST",
            f"{ROOT}/pause",
            "pause",
            "Send nothing new until resumed; what is on its way is followed to its end",
            changes.pause,
            models.Changed,
            asked=params.Why,
        ),
        Route("POST", f"{ROOT}/resume", "resume", "Go on after a pause", changes.resume, models.Changed),
        Route(
            "POST",
            f"{ROOT}/analyse",
            "analyse",
            "Begin the next cycle now",
            changes.Analysing(),
            models.Asked,
            status=HTTPStatus.ACCEPTED,
            faults=(HTTPStatus.CONFLICT,),
        ),
    )


def routes() -> tuple[Route, ...]:
    """Return every route; each call makes new ones, since some remember what they were asked for."""
    tables = Tables()
    return (*_reading(), *_of_one_pool(tables), *_decisions(tables), *_records(), *_changing())
