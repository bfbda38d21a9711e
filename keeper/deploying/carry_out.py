"""Carries a plan out: what stands is left alone, what is missing is sent, and every step is journalled before it is sent."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from keeper.chain.contracts import ContractCall
from keeper.chain.hashing import sha512_256
from keeper.chain.nodes import Nodes
from keeper.chain.postconditions import Mode
from keeper.clock import ChainClock
from keeper.core.records import Intent, IntentKind
from keeper.deploying.plan import Call, DeploymentPlan, Publish
from keeper.errors import NodeUnavailable, TransactionRefused
from keeper.execution.inquiry import why_failed
from keeper.execution.orders import Order
from keeper.execution.sender import Sender
from keeper.ports import Store
from keeper.retry import READ

MOST_WAITS: Final = 40
"""How often in a row one transaction is waited for, about a minute and a half each."""

Progress = Callable[[int, int], None]
"""Told how many contracts have been compared, and of how many."""
What = Literal["there already", "done before", "done", "differs"]


@dataclass(frozen=True, slots=True)
class StepDone:
    """What became of one step."""

    number: int
    name: str
    what: What
    txid: str | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One contract of a plan beside what stands on the chain. Hashes are SHA-512/256 of the source, as hex."""

    contract: str
    state: Literal["same", "missing", "differs"]
    wanted: str
    found: str | None


async def verify(plan: DeploymentPlan, chain: Nodes, progress: Progress) -> list[Compared]:
    """Compare every contract's code with what the chain has, and tell `progress` of each. Raises NodeUnavailable."""
    steps, compared = plan.publishes(), list[Compared]()
    for step in steps:
        compared.append(await _compared(step, chain))
        progress(len(compared), len(steps))
    return compared


async def _compared(step: Publish, chain: Nodes) -> Compared:
    source = await READ(chain.source, step.contract)
    if source is None:
        return Compared(step.contract, "missing", step.code_hash, None)
    found = sha512_256(source.encode("utf-8")).hex()
    return Compared(step.contract, "same" if found == step.code_hash else "differs", step.code_hash, found)


class Deployment:
    """One plan on one chain. Running it again goes on where it stopped; nothing is done twice."""

    def __init__(self, plan: DeploymentPlan, chain: Nodes, sender: Sender, store: Store, clock: ChainClock) -> None:
        self._plan = plan
        self._chain = chain
        self._sender = sender
        self._store = store
        self._clock = clock

    async def run(
        self, before: Sequence[Compared], tell: Callable[[StepDone], None], stop: asyncio.Event
    ) -> list[StepDone]:
        """Do every step in order and `tell` of each; `before` is what `verify` said of the plan just now.

        A contract that stands with other code stops it: nothing is sent after that. Raises TransactionRefused,
        NodeUnavailable, FeeTooHigh.
        """
        await self._require_journal(before)
        done = []
        for number, step in enumerate(self._plan.steps, start=1):
            if stop.is_set():
                break
            self._clock.note(await READ(self._chain.tip))
            made = await self._publish(number, step) if isinstance(step, Publish) else await self._call(number, step)
            tell(made)
            done.append(made)
        return done

    async def _require_journal(self, before: Sequence[Compared]) -> None:
        """Refuse calls whose journal is elsewhere: whether they have been made cannot be read from the chain."""
        if not any(isinstance(step, Call) for step in self._plan.steps) or await self._store.intents(limit=1):
            return
        standing = [row.contract for row in before if row.state != "missing"]
        if standing:
            message = (
                f"{standing[0]} stands already, but this journal is empty, so that nobody can say which calls of the "
                "plan have been made; name the journal of the first run with --journal"
            )
            raise TransactionRefused(message)

    async def _publish(self, number: int, step: Publish) -> StepDone:
        before = await _compared(step, self._chain)
        if before.state == "differs":
            message = (
                f"{step.contract} stands with other code ({before.found}, not {step.code_hash}); a contract cannot be "
                "replaced: deploy under another address, or correct the plan"
            )
            raise TransactionRefused(message, contract=step.contract)
        if before.state == "same":
            return StepDone(number, step.contract, "there already")
        order = Order(
            purpose=f"deploy:{step.contract}:{step.code_hash[:16]}",
            kind=IntentKind.DEPLOY,
            pool_id=None,
            call=step.payload,
            mode=Mode.DENY,
            fee_ustx=step.fee_ustx,
            expects={"contract": step.contract, "code_hash": step.code_hash},
        )
        return await self._make(number, step.contract, order)

    async def _call(self, number: int, step: Call) -> StepDone:
        what = hashlib.sha256(b"".join((step.function.encode(), *step.args))).hexdigest()[:16]
        order = Order(
            purpose=f"launch:{number}:{step.contract}.{step.function}:{what}",
            kind=IntentKind.DEPLOY,
            pool_id=None,
            call=ContractCall(step.contract, step.function, step.args),
            # On testnet the doubles of venues are given a market, which moves tokens; a launch on mainnet moves none.
            mode=Mode.DENY if self._plan.network == "mainnet" else Mode.ALLOW,
            fee_ustx=step.fee_ustx,
        )
        return await self._make(number, f"{step.contract} {step.function}", order)

    async def _make(self, number: int, name: str, order: Order) -> StepDone:
        known = {intent.key for intent in await self._store.intents(limit=1_000)}
        intent = await self._sender.execute(order)
        fresh = intent.key not in known
        for _ in range(MOST_WAITS):
            if intent.succeeded or intent.failed:
                break
            self._clock.note(await READ(self._chain.tip))
            await self._sender.recover()
            intent = await self._sender.execute(order)
        if intent.failed:
            message = f"{name}: {intent.result.get('why') or why_failed(intent)}; mend the plan and run it again"
            raise TransactionRefused(message, txid=intent.txid)
        if not intent.succeeded:
            message = f"{name}: transaction {intent.txid} is still not in a block; run the same command again later"
            raise NodeUnavailable(message, txid=intent.txid)
        return StepDone(number, name, "done" if fresh else "done before", intent.txid, _height(intent))


def _height(intent: Intent) -> int | None:
    height = intent.result.get("block_height")
    return height if isinstance(height, int) else None
