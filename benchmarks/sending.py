"""From the decision to the node's acceptance: one slice after the other, over HTTP, against the local chain."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any, Final

from benchmarks import slice as work
from keeper.chain.nodes import NodeAddress, open_nodes
from keeper.chain.postconditions import Mode
from keeper.chain.transactions import DeployPayload, Network, unsigned
from keeper.core.records import IntentKind
from keeper.core.units import MicroStx, Seconds
from keeper.demo.local_chain import LocalChain, local_chain
from keeper.errors import KeeperError
from keeper.execution.fees import FeeRule
from keeper.execution.orders import Order
from keeper.execution.sender import Sender
from keeper.ports import Chain
from keeper.signers.local import KeySigner, sign_transaction
from keeper.store.sqlite import open_store
from keeper.testing.fakes import ManualClock

TIMES: Final = 120
WARM_UP: Final = 10
WHEN_TOLD: Final = ("--bare", "--block-ms", "3600000")
FEES: Final = FeeRule(MicroStx(1_000), MicroStx(10**6), MicroStx(10**12))
REBALANCER: Final = """(define-public (rebalance-pool (pool uint) (mandate uint) (slice uint) (fee uint)
  (legs (list 10 {from: principal, to: principal, amount: uint, min-out: uint, dex: principal,
                  fallback: (optional principal)})))
  (ok (len legs)))
"""


@dataclass(frozen=True, slots=True)
class Sending:
    """Milliseconds from `Sender.execute` to the acceptance, and the processor's part of them; or why there are none."""

    times: int
    median_ms: float
    p99_ms: float
    cpu_ms: float
    why: str = ""


class Accepting:
    """A chain that notes when a broadcast was accepted."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self.at = (0.0, 0.0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chain, name)

    async def broadcast(self, raw: bytes) -> str:
        """Broadcast, and note time and processor time."""
        txid = await self._chain.broadcast(raw)
        self.at = (perf_counter(), process_time())
        return txid


@dataclass(frozen=True, slots=True)
class Bench:
    """What one run needs."""

    local: LocalChain
    chain: Accepting
    sender: Sender

    async def once(self, number: int) -> tuple[float, float]:
        """Send one slice; return milliseconds on the wall and of the processor. Blocks are made between the runs."""
        call = replace(work.order(), contract=f"{self.sender.address}.pool-rebalancer")
        order = Order(
            purpose=f"bench:{number}",
            kind=IntentKind.REBALANCE,
            pool_id=work.POOL,
            call=call,
            mode=Mode.ORIGINATOR,
            conditions=tuple(work.conditions()),
        )
        began, spent = perf_counter(), process_time()
        await self.sender.execute(order)
        accepted, cpu = self.chain.at
        assert accepted > began  # noqa: S101 - a refusal must not pass for an acceptance
        await self.local.post("/devnet/mine", {})
        await self.sender.recover()
        return (accepted - began) * 1_000, (cpu - spent) * 1_000


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Bench]:
    """Open a local chain with a contract of the right shape, a store and a sender."""
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(local_chain(folder / "chain.log", *WHEN_TOLD))
        store = await stack.enter_async_context(open_store(folder / "keeper.sqlite3"))
        key = (await local.get("/devnet/actors/keeper/key"))["key"]
        signer = KeySigner(bytes.fromhex(key[:64]), Network.TESTNET)
        nodes = open_nodes(local.session, [NodeAddress(url=local.url, api_url=local.url)], asyncio.Event())
        await deploy(local, nodes, signer)
        at_once = asyncio.Event()
        at_once.set()  # the sender does not wait for blocks
        chain = Accepting(nodes)
        clock = ManualClock(Seconds(1_000))
        yield Bench(local, chain, Sender(chain, store, signer, Network.TESTNET, FEES, clock, at_once))


async def deploy(local: LocalChain, chain: Chain, signer: KeySigner) -> None:
    """Put the contract that is called onto the chain."""
    payload = DeployPayload("pool-rebalancer", REBALANCER, 3)
    account = await chain.account(signer.address)
    draft = unsigned(Network.TESTNET, signer.public_key, payload, nonce=account.nonce, fee=10_000)
    await chain.broadcast((await sign_transaction(draft, signer)).encode())
    await local.post("/devnet/mine", {})


async def run(folder: Path) -> Sending:
    """Send, and sum up."""
    async with bench(folder) as made:
        for number in range(WARM_UP):
            await made.once(-1 - number)
        found = [await made.once(number) for number in range(TIMES)]
    wall, cpu = [one for one, _ in found], [one for _, one in found]
    return Sending(TIMES, median(wall), quantiles(wall, n=100, method="inclusive")[98], median(cpu))


def measure() -> Sending:
    """Measure in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return asyncio.run(run(Path(folder)))
        except KeeperError as exc:
            return Sending(0, 0, 0, 0, why=str(exc).splitlines()[0])
