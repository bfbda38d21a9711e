"""One demo from start to end: local chain up, keeper built against it, rounds run, everything down again."""

import asyncio
import json
import os
import shutil
import string
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from keeper import console as output
from keeper.app import Keeper, open_keeper
from keeper.core.records import Decision, Outcome
from keeper.daemon import holding_lease, may_send_soon, serve_and_repeat, set_up_voices
from keeper.demo import report
from keeper.demo.local_chain import LocalChain, local_chain
from keeper.errors import BadInput, KeeperError
from keeper.pause import pause
from keeper.settings import Settings, load_settings
from keeper.supervisor import beside, stop_on_signals
from keeper.surroundings import page_of

log = structlog.get_logger("keeper.demo")

STATE = Path("var/demo")
TEMPLATE = Path(__file__).with_name("keeper.toml")
ROUND_SECONDS = 150.0
"""A round that has not ended by then has failed, and the report says how far it came."""
ROUND_PAUSE = 1.0
WHALES_SECONDS = 3.0
TIMELINE_SECONDS = "20"
"""How long after the first round the scenario goes on: whales trade, prices move, a second round follows."""
PATIENCE = 4
"""How often in a row a pool may be refused before its round counts as over."""
AT_REST = frozenset({Outcome.WITHIN_THRESHOLD, Outcome.REBALANCED, Outcome.VOTE_FAILED})
STUCK = frozenset({Outcome.REFUSED, Outcome.UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    once: bool = False
    as_json: bool = False
    port: int | None = None
    rounds: int = 1
    faults: tuple[str, ...] = ()


@dataclass(slots=True)
class Round:
    """What happened to each pool in one round."""

    number: int
    decisions: dict[int, list[Decision]] = field(default_factory=dict)

    def add(self, decisions: tuple[Decision, ...]) -> None:
        """Take over what one cycle decided."""
        for decision in decisions:
            self.decisions.setdefault(decision.pool_id, []).append(decision)

    def over(self) -> bool:
        """Tell whether every pool has come to rest, or is refused again and again."""
        return bool(self.decisions) and all(_over(turns) for turns in self.decisions.values())


def _over(turns: list[Decision]) -> bool:
    if turns[-1].outcome in AT_REST:
        return True
    return len(turns) >= PATIENCE and all(turn.outcome in STUCK for turn in turns[-PATIENCE:])


async def run(options: Options) -> int:
    """Run the demo and return the exit status: 0 when every pool ended on target and the books are right."""
    for rule in options.faults:
        _fault(rule)
    state = _fresh_folder(options)
    stop = asyncio.Event()
    with stop_on_signals(stop):
        status = await _run(options, state, stop)
    _tidy(state, status)
    return status


async def _run(options: Options, state: Path, stop: asyncio.Event) -> int:
    async with AsyncExitStack() as stack:
        if not options.as_json:
            output.err.print("starting the local chain (the real Clarity VM) …")
        arguments = () if options.once else ("--timeline", TIMELINE_SECONDS)
        chain = await stack.enter_async_context(
            local_chain(state / "chain.log", *arguments, waiting=_no_word if options.as_json else _still_starting)
        )
        settings = await write_settings(chain, state, options)
        set_up_voices(settings)
        keeper = await stack.enter_async_context(open_keeper(settings, stop))
        await keeper.observer.tip()
        await keeper.store.put_whales(await chain.whales())
        for rule in options.faults:
            await chain.post("/devnet/faults", _fault(rule))
        if options.once:
            return await _once(keeper, chain, stop, options)
        return await _live(keeper, chain, stop)


def _still_starting(seconds: int) -> None:
    output.err.print(f"… still deploying the contracts, {seconds} s so far")


def _no_word(_: int) -> None:
    pass


async def _once(keeper: Keeper, chain: LocalChain, stop: asyncio.Event, options: Options) -> int:
    started = time.monotonic()
    rounds = []
    async with holding_lease(keeper):
        for number in range(1, options.rounds + 1):
            done = await _round(keeper, chain, stop, number)
            rounds.append(await report.round_facts(keeper, done.number, done.decisions))
    body = await report.build(keeper, rounds, elapsed=time.monotonic() - started)
    body["webhooks"] = await chain.get("/devnet/webhooks")
    if options.as_json:
        output.as_json(body)
    else:
        report.show(body)
    return 0 if body["ok"] else 1


async def _round(keeper: Keeper, chain: LocalChain, stop: asyncio.Event, number: int) -> Round:
    current = Round(number)
    deadline = time.monotonic() + ROUND_SECONDS
    while not current.over() and time.monotonic() < deadline and not stop.is_set():
        try:
            await keeper.store.put_whales(await chain.whales())
            if await may_send_soon(keeper, stop):
                current.add(await keeper.cycle.run())
        except KeeperError as exc:
            log.warning("cycle_failed", error=type(exc).__name__, reason=str(exc))
        await pause(stop, ROUND_PAUSE)
    return current


async def _live(keeper: Keeper, chain: LocalChain, stop: asyncio.Event) -> int:
    address = page_of(keeper.settings.web_host, keeper.settings.web_port)
    output.err.print(f"the page is at [bold]{address}[/bold]; Ctrl-C ends the demo and everything it started")
    config = keeper.settings.store_path.with_name("keeper.toml")
    output.err.print(f"other commands can look too, for example: keeper status -c {config}", markup=False)
    async with _whale_indexer(keeper, chain, stop):
        await serve_and_repeat(keeper, stop)
    output.err.print("stopped")
    return 0


@asynccontextmanager
async def _whale_indexer(keeper: Keeper, chain: LocalChain, stop: asyncio.Event) -> AsyncIterator[None]:
    """Stand in for the whale indexer that keeps the store up to date in a real installation."""

    async def load() -> None:
        with suppress(OSError, TimeoutError, aiohttp.ClientError):
            await keeper.store.put_whales(await chain.whales())

    async with beside("whales", load, every=WHALES_SECONDS, stop=stop):
        yield


def _fresh_folder(options: Options) -> Path:
    """Return an empty folder for this run; runs that print a report may stand side by side."""
    state = (STATE / f"{'once' if options.once else 'live'}-{os.getpid()}").resolve()
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    return state


def _tidy(state: Path, status: int) -> None:
    """Keep what a failed run leaves to look at; a good one leaves nothing."""
    if status == 0:
        shutil.rmtree(state, ignore_errors=True)
    else:
        output.err.print(f"store, settings and chain log are kept in {state}", markup=False)


async def write_settings(chain: LocalChain, state: Path, options: Options) -> Settings:
    """Write the demo's settings file and key, and read them back as a real start would."""
    deployer = (await chain.get("/devnet/state"))["deployer"]
    key = state / "keeper.key"
    key.touch(mode=0o600)
    key.write_text((await chain.get("/devnet/actors/keeper/key"))["key"])
    file = state / "keeper.toml"
    text = string.Template(TEMPLATE.read_text()).substitute(chain=chain.url, state=state, deployer=deployer)
    # Written down and not only meant for this process, so that `keeper status` and `keeper health` find the page too.
    file.write_text(text if options.port is None else f"web_port = {options.port}\n{text}")
    given: dict[str, str] = {name: value for name, value in os.environ.items() if name.startswith("KEEPER_")}
    given.pop("KEEPER_CONFIG", None)
    if options.port is not None:
        given.pop("KEEPER_WEB_PORT", None)
    if options.as_json:
        given.setdefault("KEEPER_LOG_LEVEL", "warning")
    return load_settings(file, given)


def _fault(rule: str) -> Mapping[str, Any]:
    try:
        found = json.loads(rule)
    except json.JSONDecodeError as exc:
        message = f'--fault takes a JSON object such as {{"kind": "venue-pause", "venue": "alex"}}: {exc}'
        raise BadInput(message) from None
    if not isinstance(found, dict):
        message = "--fault takes a JSON object"
        raise BadInput(message)
    return found
