"""`keeper contracts deploy | verify`: a plan put on the chain through the keeper's own client, and held against it."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import aiohttp
import typer

from keeper import console as output
from keeper.chain.nodes import NodeAddress, Nodes, open_nodes
from keeper.chain.transactions import Network
from keeper.cli.commands import Json
from keeper.clock import ChainClock
from keeper.core.units import USTX_PER_STX, MicroStx, Seconds
from keeper.deploying.carry_out import Compared, Deployment, Progress, StepDone, verify
from keeper.deploying.plan import DeploymentPlan, read_plan
from keeper.errors import BadSettings, FeeTooHigh, NodeUnavailable
from keeper.execution.fees import FeeRule
from keeper.execution.lease import Tenancy
from keeper.execution.sender import Sender, SendRule
from keeper.pause import pause
from keeper.ports import Signer
from keeper.retry import READ
from keeper.settings.shapes import node_url as checked_url
from keeper.signers.opening import KeyFile, SealedKey, open_key
from keeper.store.opening import SqlitePlace, open_store
from keeper.supervisor import stop_on_signals
from keeper.telemetry.logs import setup_logging

SECONDS: Final = 30.0
LEASE_SECONDS: Final = 9
HOLDING_LOOKS: Final = 60
TELL_EVERY: Final = 10
"""Contracts between two words of progress: a node that is asked without a key answers about 25 times a minute."""
RAISES: Final = 4
"""A transaction that is not taken up may come to cost up to so many times what the plan says."""

Plan = Annotated[Path, typer.Argument(help="A plan, such as contracts/deployments/default.testnet-plan.yaml.")]
NodeUrl = Annotated[
    str | None, typer.Option("--node-url", help="Another node than the plan's; KEEPER_NODE_API_KEY is its key.")
]
KeyPlace = Annotated[str | None, typer.Option("--key-file", help="File (or credential:NAME) with the deployer's key.")]
Keystore = Annotated[
    str | None, typer.Option("--keystore", help="Keystore (or credential:NAME) with the deployer's key.")
]
PassphraseFile = Annotated[str | None, typer.Option("--passphrase-file", help="File with the keystore's passphrase.")]
JournalFile = Annotated[
    Path | None,
    typer.Option("--journal", help="Where every step is written down; var/deploy-NETWORK.sqlite3 when left out."),
]


def register(app: typer.Typer) -> None:
    """Put the group on the command line."""
    contracts = typer.Typer(
        help="The contracts of a plan: put on the chain, held against it.\n\nExample: keeper contracts verify contracts/deployments/default.testnet-plan.yaml",
        no_args_is_help=True,
    )
    contracts.command("deploy")(deploy)
    contracts.command("verify")(verify_)
    app.add_typer(contracts, name="contracts")


def deploy(
    plan: Plan,
    *,
    key_file: KeyPlace = None,
    keystore: Keystore = None,
    passphrase_file: PassphraseFile = None,
    node_url: NodeUrl = None,
    journal: JournalFile = None,
    json: Json = False,
) -> None:
    """Put a plan's contracts on the chain and make its calls, in order; run again, it goes on where it stopped.

    Example: keeper contracts deploy contracts/deployments/default.testnet-plan.yaml --key-file deployer_key
    """
    wanted = read_plan(plan)
    url = _url(wanted, node_url)
    signer = _signer(wanted, key_file, keystore, passphrase_file)
    place = journal or Path(f"var/deploy-{wanted.network}.sqlite3")
    done, compared = asyncio.run(_deploy(wanted, signer, url, place, json=json))
    whole = len(done) == len(wanted.steps) and all(row.state == "same" for row in compared)
    if json:
        output.as_json(
            {"ok": whole, "steps": [asdict(row) for row in done], "contracts": [asdict(r) for r in compared]}
        )
    else:
        _show(compared)
    if not whole:
        raise typer.Exit(1)


def verify_(plan: Plan, *, node_url: NodeUrl = None, json: Json = False) -> None:
    """Compare the code of every contract of a plan with what stands on the chain; exit status 1 when any differs.

    Example: keeper contracts verify contracts/deployments/default.testnet-plan.yaml --json
    """
    wanted = read_plan(plan)
    url = _url(wanted, node_url)

    async def look() -> list[Compared]:
        _quiet()
        async with _nodes(url, asyncio.Event()) as chain:
            return await verify(wanted, chain, _comparing(json=json))

    compared = asyncio.run(look())
    if json:
        output.as_json({"ok": all(row.state == "same" for row in compared), "contracts": [asdict(r) for r in compared]})
    else:
        _show(compared)
    if any(row.state != "same" for row in compared):
        raise typer.Exit(1)


def _url(plan: DeploymentPlan, given: str | None) -> str:
    """Return the node's address. Raises BadSettings, without repeating it: it may hold a password."""
    try:
        return checked_url(plan.node_url if given is None else given)
    except ValueError as exc:
        message = f"{'the stacks-node of the plan' if given is None else '--node-url'} {exc}"
        raise BadSettings(message) from None


def _quiet() -> None:
    """Log only what is wrong, and to standard error: what is printed has to stay readable by programs."""
    key = os.environ.get("KEEPER_NODE_API_KEY")
    setup_logging(level="warning", fmt="console", secrets=[key] if key else [])


async def _deploy(
    plan: DeploymentPlan, signer: Signer, node_url: str, journal: Path, *, json: bool
) -> tuple[list[StepDone], list[Compared]]:
    _quiet()
    stop, clock = asyncio.Event(), ChainClock()
    journal.parent.mkdir(parents=True, exist_ok=True)
    with stop_on_signals(stop):
        async with _nodes(node_url, stop) as chain, open_store(SqlitePlace(journal)) as store:
            await _require_network(plan, chain)
            clock.note(await READ(chain.tip))
            before = await verify(plan, chain, _comparing(json=json))
            await _require_balance(plan, before, chain)
            tenancy = Tenancy(store, lease_seconds=LEASE_SECONDS)
            sender = Sender(
                chain,
                store,
                signer,
                _network(plan),
                _fees(plan),
                clock,
                stop,
                rule=SendRule(1, Seconds(300)),
                term=tenancy.require,
            )
            async with _holding(tenancy, stop, journal):
                await sender.recover()
                deployment = Deployment(plan, chain, sender, store, clock)
                if not json:
                    output.err.print(
                        f"{len(plan.steps)} steps; each is told once it is in a block, which takes its time"
                    )
                done = await deployment.run(before, lambda row: _progress(row, len(plan.steps), json=json), stop)
            return done, await verify(plan, chain, _comparing(json=json))


def _network(plan: DeploymentPlan) -> Network:
    return Network.MAINNET if plan.network == "mainnet" else Network.TESTNET


def _fees(plan: DeploymentPlan) -> FeeRule:
    dearest = max(step.fee_ustx for step in plan.steps)
    return FeeRule(MicroStx(1), MicroStx(dearest * RAISES), MicroStx(plan.fees_ustx() * RAISES))


def _signer(plan: DeploymentPlan, key_file: str | None, keystore: str | None, passphrase_file: str | None) -> Signer:
    if (key_file is None) == (keystore is None):
        message = "say where the deployer's key lies: either --key-file or --keystore"
        raise BadSettings(message)
    source = KeyFile(key_file) if key_file is not None else SealedKey(keystore or "", passphrase_file)
    signer = open_key(source, _network(plan), os.environ)
    if signer.address != plan.sender:
        message = f"the key is that of {signer.address}, and the plan is carried out by {plan.sender}; give that key"
        raise BadSettings(message)
    return signer


@asynccontextmanager
async def _nodes(url: str, stop: asyncio.Event) -> AsyncIterator[Nodes]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        address = NodeAddress(url=url, api_url=None, api_key=os.environ.get("KEEPER_NODE_API_KEY") or None)
        yield open_nodes(session, [address], stop)


async def _require_network(plan: DeploymentPlan, chain: Nodes) -> None:
    wanted = _network(plan).value[1]
    for name, found in (await chain.networks()).items():
        if isinstance(found, str):
            message = f"{name}: {found}"
            raise NodeUnavailable(message)
        if found != wanted:
            message = (
                f"{name} answers for network {found!r}, and the plan is for {plan.network} ({wanted}); give --node-url"
            )
            raise BadSettings(message)


async def _require_balance(plan: DeploymentPlan, before: Sequence[Compared], chain: Nodes) -> None:
    missing = [row.contract for row in before if row.state == "missing"]
    due = sum(step.fee_ustx for step in plan.publishes() if step.contract in missing)
    has = (await READ(chain.account, plan.sender)).balance_ustx
    if has < due:
        message = (
            f"{plan.sender} has {has / USTX_PER_STX:,.2f} STX, and the contracts that are missing cost "
            f"{due / USTX_PER_STX:,.2f} STX in fees; send it the difference first"
        )
        raise FeeTooHigh(message, has=has, due=due)


@asynccontextmanager
async def _holding(tenancy: Tenancy, stop: asyncio.Event, journal: Path) -> AsyncIterator[None]:
    """Hold the journal's lease, so that two deployments do not use one key at once."""
    quiet = asyncio.Event()
    task = asyncio.create_task(tenancy.run(quiet), name="lease")
    try:
        looks = 0
        while tenancy.held() is None:
            looks += 1
            if looks > HOLDING_LOOKS or await pause(stop, 0.25):
                message = f"another deployment works with {journal}; wait for it, or stop it"
                raise BadSettings(message)
        yield
    finally:
        quiet.set()
        await task


def _comparing(*, json: bool) -> Progress:
    def tell(done: int, of: int) -> None:
        if not json and (done % TELL_EVERY == 0 or done == of):
            output.err.print(f"compared {done} of {of} contracts with the chain")

    return tell


def _progress(row: StepDone, steps: int, *, json: bool) -> None:
    if not json:
        where = "" if row.txid is None else f" in block {row.height}, transaction {row.txid}"
        output.out.print(f"{row.number}/{steps} {row.name}: {row.what}{where}", markup=False)


def _show(compared: list[Compared]) -> None:
    rows = [(row.contract.partition(".")[2], row.state, row.wanted[:16], (row.found or "—")[:16]) for row in compared]
    output.table(("contract", "code", "hash in the plan", "on the chain"), rows)
