"""One or more Stacks nodes behind the keeper's `Chain` port (ADR 17).

A tip belongs to the endpoint that gave it, and so do all reads at it. What needs no tip may go to another endpoint
when one fails; a broadcast goes to exactly one. Nothing here is tried again at the same endpoint.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import aiohttp

from keeper.chain.budget import Budget
from keeper.chain.http import host_of
from keeper.chain.members import Member, NodeHealth, awake, in_order
from keeper.chain.rpc import StacksNode
from keeper.chain.statuses import TxInfo
from keeper.chain.tips import Jury, Report, refuse_the_future
from keeper.core.chain_types import Account, MempoolNonces, Tip
from keeper.core.units import MicroStx
from keeper.errors import NodeUnavailable, TipMoved

T = TypeVar("T")

GRACE: Final = 2.0
"""Seconds that the others may take for their tip once one endpoint has told its own."""
LATE_REST: Final = 15.0
REQUEST_SECONDS: Final = 10.0
TIPS_KEPT: Final = 64
HIRO_KEYLESS: Final = 25
"""Requests a minute that Hiro allows without a key."""


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """Where one endpoint is; `requests_per_minute` of None means no limit, but Hiro's where there is no key."""

    url: str
    api_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    requests_per_minute: int | None = None


class Nodes:
    """The `Chain` port over one or more endpoints, in the order of trust."""

    def __init__(
        self,
        nodes: Sequence[tuple[str, StacksNode]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        grace: float = GRACE,
        wall: Callable[[], float] | None = None,
    ) -> None:
        self._members = tuple(Member(index, name, node, monotonic) for index, (name, node) in enumerate(nodes))
        self._leader = self._members[0]
        self._jury = Jury(monotonic)
        self._grace = grace
        self._wall = wall
        self._owners: OrderedDict[str, Member] = OrderedDict()

    def health(self) -> tuple[NodeHealth, ...]:
        """Return how every endpoint does, in the order of the settings."""
        return tuple(member.snapshot(leads=member is self._leader) for member in self._members)

    async def tip(self) -> Tip:
        """Return the newest block of the best endpoint, and pin it to that endpoint. Raises NodeUnavailable.

        All endpoints that are not at rest are asked. One of another fork, one that is behind, and one whose block is
        far ahead of the machine's clock, where that is to be compared, gives no tip.
        """
        reports = await self._reports()
        chosen = reports[0] if len(self._members) == 1 else await self._jury.choose(reports)
        self._leader = chosen.member
        self._owners[chosen.tip.block_id] = chosen.member
        self._owners.move_to_end(chosen.tip.block_id)
        while len(self._owners) > TIPS_KEPT:
            self._owners.popitem(last=False)
        return chosen.tip

    async def read(self, contract: str, function: str, args: Sequence[bytes], tip: Tip) -> Any:
        """Call a function at `tip`, of the endpoint that gave the tip; see `keeper.ports.ContractReader`.

        Raises TipMoved also when that endpoint is at rest and another is not: read again at a new tip.
        """
        owner = self._owner(tip)
        return await owner.ask(owner.node.read, contract, function, args, tip)

    async def account(self, principal: str) -> Account:
        """Return unlocked µSTX and the next nonce by confirmed transactions only. Raises NodeUnavailable."""
        return await self._any(lambda node: node.account(principal))

    async def source(self, contract: str) -> str | None:
        """Return a contract's source as deployed, None when there is none; see `StacksNode.source`. Raises NodeUnavailable."""
        return await self._any(lambda node: node.source(contract))

    async def networks(self) -> dict[str, int | str]:
        """Ask every endpoint, by name, for its network's id; the reason where one did not answer."""
        told: dict[str, int | str] = {}
        for member in self._members:
            try:
                told[member.name] = await member.ask(member.node.network_id)
            except NodeUnavailable as exc:
                told[member.name] = str(exc)
        return told

    async def mempool_nonces(self, principal: str) -> MempoolNonces:
        """Return what waits in one endpoint's mempool, and the gaps that hold it up. Raises NodeUnavailable."""
        return await self._any(lambda node: node.mempool_nonces(principal))

    async def estimate_fee(self, payload: bytes, length: int) -> MicroStx:
        """Return the middle estimate in µSTX, or the floor; see `StacksNode.estimate_fee`. Raises NodeUnavailable."""
        return await self._any(lambda node: node.estimate_fee(payload, length))

    async def transaction(self, txid: str) -> TxInfo | None:
        """Return what the first endpoint that answers knows about a transaction. Raises NodeUnavailable."""
        return await self._any(lambda node: node.transaction(txid))

    async def broadcast(self, raw: bytes) -> str:
        """Offer signed bytes to exactly one endpoint and return the txid; see `StacksNode.broadcast`."""
        member = in_order(self._members, self._leader)[0]
        return await member.ask(member.node.broadcast, raw)

    async def _any(self, call: Callable[[StacksNode], Awaitable[T]]) -> T:
        """Ask one endpoint after the other until one answers; the last error comes out."""
        *others, last = in_order(self._members, self._leader)
        for member in others:
            try:
                return await member.ask(call, member.node)
            except NodeUnavailable:  # noted by the member; the next one may answer
                continue
        return await last.ask(call, last.node)

    def _owner(self, tip: Tip) -> Member:
        if len(self._members) == 1:
            return self._leader
        owner = self._owners.get(tip.block_id)
        if owner is None:
            message = f"no endpoint is known to have given the tip at height {tip.height}; ask for a new one"
            raise TipMoved(message, height=tip.height)
        others = [member for member in self._members if member is not owner and member.trusted()]
        if owner.health.resting() > 0 and awake(others):
            message = f"{owner.name}, which gave the tip at height {tip.height}, fails; read again at another's tip"
            raise TipMoved(message, height=tip.height, endpoint=owner.name)
        return owner

    async def _reports(self) -> list[Report]:
        """Return the tips of those that answer in time. Raises NodeUnavailable when nobody does."""
        asked = awake(self._members)
        if not any(member.trusted() for member in asked):
            asked = [*asked, *(m for m in in_order(self._members, self._leader) if m not in asked)]
        tasks = [asyncio.create_task(self._report(member)) for member in asked]
        try:
            await self._first_and_grace(tasks)
        finally:
            late = [member for member, task in zip(asked, tasks, strict=True) if not task.done()]
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        reports = [outcome for outcome in outcomes if isinstance(outcome, Report)]
        for error in outcomes:
            if isinstance(error, BaseException) and not isinstance(error, (NodeUnavailable, asyncio.CancelledError)):
                raise error
        if not reports:
            raise next(error for error in outcomes if isinstance(error, NodeUnavailable))
        for member in late:
            member.rest(LATE_REST, f"no tip within {self._grace:g} s of the others")
        return reports

    async def _report(self, member: Member) -> Report:
        tip = await member.ask(self._vetted_tip, member)
        member.height = tip.height
        return Report(member, tip)

    async def _vetted_tip(self, member: Member) -> Tip:
        tip = await member.node.tip()
        if self._wall is not None:
            refuse_the_future(tip, member.name, self._wall())
        return tip

    async def _first_and_grace(self, tasks: Sequence[asyncio.Task[Report]]) -> None:
        """Wait until one has reported, then a little for the others; until all are done when none reports."""
        waiting = set(tasks)
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if waiting and any(task.exception() is None for task in done):
                await asyncio.wait(waiting, timeout=self._grace)
                return


def open_nodes(
    session: aiohttp.ClientSession,
    addresses: Sequence[NodeAddress],
    stop: asyncio.Event,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    timeout: float = REQUEST_SECONDS,
    grace: float = GRACE,
    wall: Callable[[], float] | None = None,
) -> Nodes:
    """Return the nodes at `addresses`, each host with a budget of its own where it has a limit.

    `wall` is the machine's clock in seconds since 1970, which no block may be far ahead of; None compares with none.
    """
    nodes = [(name, _open(session, address, stop, monotonic, timeout)) for name, address in _named(addresses)]
    return Nodes(nodes, monotonic=monotonic, grace=grace, wall=wall)


def _open(
    session: aiohttp.ClientSession,
    address: NodeAddress,
    stop: asyncio.Event,
    monotonic: Callable[[], float],
    timeout: float,
) -> StacksNode:
    hosts = [_host(address.url), _host(address.api_url or address.url)]
    limits = {host: _limit(host, address) for host in hosts}
    budgets = {host: Budget(most, stop, monotonic=monotonic) for host, most in limits.items() if most is not None}
    return StacksNode(
        session,
        address.url,
        api_url=address.api_url,
        api_key=address.api_key,
        timeout=timeout,
        budgets=(budgets.get(hosts[0]), budgets.get(hosts[1])),
        monotonic=monotonic,
    )


def _limit(host: str, address: NodeAddress) -> int | None:
    if address.requests_per_minute is not None:
        return address.requests_per_minute
    is_hiro = host == "hiro.so" or host.endswith(".hiro.so")
    return HIRO_KEYLESS if is_hiro and address.api_key is None else None


def _host(url: str) -> str:
    return (urlsplit(url).hostname or url).lower()


def _named(addresses: Sequence[NodeAddress]) -> list[tuple[str, NodeAddress]]:
    """Name each endpoint by its host, which may be shown where its path may not; numbered where hosts repeat."""
    hosts = [host_of(address.url) for address in addresses]
    return [
        (host if hosts.count(host) == 1 else f"{host} ({number})", address)
        for number, (host, address) in enumerate(zip(hosts, addresses, strict=True), start=1)
    ]
