"""The doctor: looks at everything a keeper depends on, and gives each failure its remedy."""

import asyncio
from collections.abc import Callable
from functools import partial

from keeper import surroundings
from keeper.analysis import agree, held_or_wanted
from keeper.app import Keeper
from keeper.chain.clarity import ascii_, principal
from keeper.chain.contracts import PoolContracts
from keeper.core.chain_types import Tip
from keeper.core.following import follow
from keeper.core.pauses import RUNNING
from keeper.core.policy import PoolRule
from keeper.core.units import USTX_PER_STX
from keeper.errors import (
    Halt,
    LedgerMismatch,
    MarketRefused,
    NodeUnavailable,
    Refused,
    SourceUnavailable,
    StoreUnavailable,
    Transient,
    WhalesUnknown,
)
from keeper.findings import Check, Finding, Unwell
from keeper.ports import ContractReader, Dex
from keeper.price_check import check_prices
from keeper.registry import Broken
from keeper.web.text import instant

LOW_BALANCE_USTX = 5 * USTX_PER_STX
CODE_HASH_BYTES = 32
NODE_REMEDY = "check node_url and that the node is running and synced"
STORE_REMEDY = "check store_path and the rights of its folder, or store.url and its server"
PRICES_REMEDY = "check the named sources, their keys and their venues, or configure another source"
WHALES_REMEDY = "check the address and the rights of the named source, or take it out of the settings"
ROLES = {"keeper": "proposes and trades", "reporter": "reports prices"}


async def examine(keeper: Keeper, progress: Callable[[], None] = lambda: None, *, send: bool = False) -> list[Finding]:
    """Run every check, each on its own, so that one failure hides no other; `progress` is called before each.

    Nothing is sent to anybody, but with `send` a message to each alert channel.
    """
    node, *others = [*_around(keeper, send=send), *_of_pools(keeper)]

    async def look(name: str, check: Check, remedy: str) -> Finding:
        progress()
        return await _look(name, check, remedy)

    found = [await look(*node)]
    if found[0].ok:  # one after the other, so that each finds what the one before has read
        found += [await look(*other) for other in others]
    else:  # at once, since most will wait in vain
        found += await asyncio.gather(*(look(*other) for other in others))
    return [*found, *(left_out(broken) for broken in keeper.registry.broken)]


def _around(keeper: Keeper, *, send: bool) -> list[tuple[str, Check, str]]:
    """Return the checks of what everything else stands on, the node first: it tells the time."""
    return [
        ("node", partial(_node, keeper), NODE_REMEDY),
        ("network", partial(surroundings.nodes, keeper), NODE_REMEDY),
        ("contracts", partial(surroundings.contracts, keeper), NODE_REMEDY),
        ("signer", partial(surroundings.signer, keeper), "see docs/signers.md"),
        ("clock", partial(surroundings.clock, keeper), NODE_REMEDY),
        ("disk", partial(surroundings.disk, keeper), "check store_path and the rights of its folder"),
        ("port of the page", partial(surroundings.port, keeper), "check web_host and web_port"),
        ("tokens of the page", partial(surroundings.tokens, keeper), "mend the file, or take the setting away"),
        ("alert channels", partial(surroundings.channels, keeper, send=send), "check the channels' plugins"),
        ("pools", partial(surroundings.pools, keeper), "add a pool to the configuration"),
        ("runway", partial(surroundings.runway, keeper), STORE_REMEDY),
        ("lease", partial(surroundings.lease, keeper), STORE_REMEDY),
        ("retention", partial(surroundings.retention, keeper), STORE_REMEDY),
    ]


def _of_pools(keeper: Keeper) -> list[tuple[str, Check, str]]:
    """Return the checks of balance, store, books, prices, roles, pools and venues."""
    checks: list[tuple[str, Check, str]] = [
        ("keeper balance", partial(_balance, keeper), "send STX to the keeper's address for fees"),
        ("store", partial(_store, keeper), STORE_REMEDY),
        ("books", partial(books, keeper), "stop the keeper and find out where the assets went"),
        ("price sources", partial(_sources, keeper), PRICES_REMEDY),
    ]
    for role, purpose in ROLES.items():
        remedy = f"have governance grant the role {role!r} to {keeper.sender.address} ({purpose})"
        checks.append((f"role {role}", partial(_role, keeper, role), remedy))
    for rule in keeper.pools:
        checks.append(
            (f"pool {rule.pool_id}", partial(_pool, keeper, rule), "compare the configuration with the vault")
        )
        checks.append((f"prices of pool {rule.pool_id}", partial(_prices, keeper, rule), PRICES_REMEDY))
        checks.append((f"whales of pool {rule.pool_id}", partial(_whales, keeper, rule), "load whales into the store"))
    for dex in keeper.registry.dexes:
        remedy = (
            "have governance admit its adapter contract (`admit-adapter`), or take the venue off the list `plugins`"
        )
        checks.append((f"venue {dex.name}", partial(_venue, keeper, dex), remedy))
    return checks


def left_out(broken: Broken) -> Finding:
    """Report a plugin that the settings name and that is not in use."""
    remedy = f"correct its section [plugin.{broken.plugin}], mend it, or take it off the list `plugins`"
    return Finding(f"plugin {broken.plugin}", ok=False, detail=broken.why, remedy=remedy)


async def _look(name: str, check: Check, remedy: str) -> Finding:
    """Run one check. Where node or store do not answer, that is to be mended first, whatever was looked at."""
    try:
        return Finding(name, ok=True, detail=await check())
    except Unwell as exc:
        return Finding(name, ok=False, detail=str(exc), remedy=exc.remedy)
    except NodeUnavailable as exc:
        return Finding(name, ok=False, detail=str(exc), remedy=NODE_REMEDY)
    except StoreUnavailable as exc:
        return Finding(name, ok=False, detail=str(exc), remedy=STORE_REMEDY)
    except (Transient, Refused, Halt) as exc:
        return Finding(name, ok=False, detail=str(exc), remedy=remedy)


async def _node(keeper: Keeper) -> str:
    tip = await keeper.observer.tip()
    return f"block {tip.height:,} of {instant(tip.time)}"


async def _balance(keeper: Keeper) -> str:
    balance = await keeper.observer.balance(keeper.sender.address)
    words = f"{keeper.sender.address} has {balance / USTX_PER_STX:,.2f} STX"
    if balance < LOW_BALANCE_USTX:
        remedy = "send at least 5 STX to it; every transaction costs a fee"
        raise Unwell(words, remedy)
    return words


async def _store(keeper: Keeper) -> str:
    await keeper.store.put_note("doctor", {"seen": int(keeper.clock.now())})
    return keeper.settings.store_place().words()


async def _role(keeper: Keeper, role: str) -> str:
    tip = await keeper.observer.tip()
    access = keeper.contracts.name("pool-access")
    has = await keeper.chain.read(access, "has-role", [principal(keeper.sender.address), ascii_(role)], tip)
    if has is not True:
        detail = f"{keeper.sender.address} does not hold it"
        remedy = f"have governance grant the role {role!r} to that address"
        raise Unwell(detail, remedy)
    return f"{keeper.sender.address} holds it"


async def _venue(keeper: Keeper, dex: Dex) -> str:
    return await admitted(dex, keeper.chain, keeper.contracts, await keeper.observer.tip())


async def admitted(dex: Dex, reader: ContractReader, contracts: PoolContracts, tip: Tip) -> str:
    """Return a sentence naming the adapters of a venue, all admitted. Raises Unwell for one that is not.

    Of a venue that cannot be read now, those are asked about that it says it needs.
    """
    routes, trouble = 0, ""
    try:
        view = await dex.market(reader, tip)
        routes, adapters = len(view.routes), sorted({route.adapter for route in view.routes})
    except (SourceUnavailable, MarketRefused) as exc:
        trouble, adapters = str(exc), sorted(dex.adapters)
    refused = []
    for adapter in adapters:
        code = await reader.read(contracts.name("pool-portfolios"), "get-adapter", [principal(adapter)], tip)
        if not isinstance(code, bytes) or len(code) != CODE_HASH_BYTES:
            refused.append(adapter)
    if refused:
        also = f"; and {trouble}" if trouble else ""
        detail = f"governance has not admitted {', '.join(refused)}, so no pool can trade there{also}"
        remedy = f"have governance call admit-adapter for it, or take the venue {dex.name} off the list `plugins`"
        raise Unwell(detail, remedy)
    if trouble:
        raise Unwell(trouble, "check the venue; without it the keeper trades elsewhere or not at all")
    return f"{routes} routes; admitted: {', '.join(adapters)}" if adapters else "it has no pools to trade in"


async def _pool(keeper: Keeper, rule: PoolRule) -> str:
    facts = await keeper.observer.pool(rule)
    if facts.info.share != rule.share:
        detail = f"the vault's share token is {facts.info.share}, the configuration says {rule.share}"
        remedy = f"correct share_token of pool {rule.pool_id} in the configuration"
        raise Unwell(detail, remedy)
    missing = [name for name in facts.silent_venues if name not in facts.market.absent]
    if missing:
        detail = "; ".join(f"{name}: {facts.silent_venues[name]}" for name in missing)
        remedy = "check the named venue; without it the keeper trades elsewhere or not at all"
        raise Unwell(detail, remedy)
    paused = f"; {facts.info.pauses.words()}" if facts.info.pauses != RUNNING else ""
    absent = "".join(f"; {name} is absent: {why}" for name, why in facts.market.absent.items())
    waiting = f"{len(facts.queue)} waiting withdrawal{'' if len(facts.queue) == 1 else 's'}"
    return f"{facts.info.name}, {len(facts.assets)} assets, {waiting}{paused}{absent}"


async def _sources(keeper: Keeper) -> str:
    """Name every configured asset with too few live sources, and what a key that is not set would add."""
    report = await check_prices(keeper.observer, keeper.assets.symbols(), keeper.settings.limits(), keeper.clock)
    hints = "".join(f"; {hint}" for hint in report.hints.values())
    if report.thin_assets:
        raise Unwell(report.shortage() + hints, f"{PRICES_REMEDY}, for {' and '.join(report.thin_assets)}")
    rate = "".join(f"; {why}" for why in report.thin.values())
    return report.words() + rate + hints


async def _prices(keeper: Keeper, rule: PoolRule) -> str:
    web = await keeper.observer.web_prices()
    facts = await keeper.observer.pool(rule)
    symbols = held_or_wanted(rule, facts)
    points = (*web.points, *facts.venue_points)
    agreement = agree(symbols, points, keeper.settings.limits(), {}, keeper.clock.now())
    short = {symbol: str(refusal) for symbol, refusal in agreement.failed.items()}
    if short:
        detail = "; ".join(short.values())
        remedy = f"{PRICES_REMEDY}, for {' and '.join(short)}"
        raise Unwell(detail, remedy)
    silent = "".join(f"; {name} is silent: {why}" for name, why in web.silent.items())
    sources = {s: sorted(p.source for p in agreement.agreed[s].points) for s in symbols if agreement.agreed[s].points}
    return ", ".join(f"{symbol} from {' and '.join(names)}" for symbol, names in sources.items()) + silent


async def _whales(keeper: Keeper, rule: PoolRule) -> str:
    now = keeper.clock.now()
    known = await keeper.whales.known(rule.whales.category, now)
    try:
        followed = follow(known, rule.whales, now)
    except WhalesUnknown as exc:
        raise Unwell(str(exc), WHALES_REMEDY) from exc
    target = followed.wanted(rule.symbols).target
    words = ", ".join(f"{bps / 100:g} % {symbol}" for symbol, bps in target.target_bps.items())
    return f"{len(followed.whales)} followed of {len(known.whales)}: {words}; coverage {target.coverage_bps / 100:g} %"


async def books(keeper: Keeper) -> str:
    """Compare the vault's books with the chain's balances. Raises LedgerMismatch when anything booked is missing."""
    found = await keeper.observer.books(await keeper.observer.tip())
    missing = {symbol: pair for symbol, pair in found.items() if pair[1] < pair[0]}
    if missing:
        words = "; ".join(f"{s}: booked {booked}, on chain {has}" for s, (booked, has) in missing.items())
        message = f"the vault holds less than its books say: {words}"
        raise LedgerMismatch(message)
    gifts = [symbol for symbol, (booked, has) in found.items() if has > booked]
    words = f"; more than booked, which changes no price: {', '.join(gifts)}" if gifts else ""
    return f"the vault holds what its books say of {', '.join(found)}{words}"
