"""Stand-ins that behave: they keep state, remember what they were asked, and fail when told to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha512
from itertools import pairwise
from typing import Any

from keeper.core.assets import Asset
from keeper.core.chain_types import Account, MempoolNonces, Tip
from keeper.core.market import Books, Fill, MarketView
from keeper.core.prices import PricePoint
from keeper.core.records import Alert
from keeper.core.units import BaseUnits, Bps, MicroStx, PriceE12, Seconds
from keeper.errors import (
    MarketRefused,
    NodeUnavailable,
    NotifierUnavailable,
    SourceUnavailable,
    TipMoved,
    TransactionRefused,
)
from keeper.ports import ContractReader, TxStatus


@dataclass(slots=True)
class ManualClock:
    """Stands still until it is moved."""

    at: int = 1_795_000_000

    def now(self) -> Seconds:
        """Return the set time."""
        return Seconds(self.at)

    def advance(self, seconds: int) -> None:
        """Move the clock; a negative number moves it back."""
        self.at += seconds


@dataclass(frozen=True, slots=True)
class Call:
    """One read that was asked for."""

    contract: str
    function: str
    args: tuple[bytes, ...]
    tip: Tip


Answer = Any
"""What a read returns: a plain value, an exception to raise, or a function of the arguments."""


@dataclass(slots=True)
class ScriptedReader:
    """A ContractReader that answers from a mapping of (contract, function) to an answer.

    An answer is a plain value, an exception (raised), or a callable that gets the serialised
    arguments. `at` is the only tip answered when it is set; others raise TipMoved. The next
    `outages` reads raise NodeUnavailable. A read nobody scripted is a LookupError: the test is wrong.
    """

    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    at: Tip | None = None
    outages: int = 0
    asked: list[Call] = field(default_factory=list)

    async def read(self, contract: str, function: str, args: Sequence[bytes], tip: Tip) -> Any:
        """Answer as scripted. Raises NodeUnavailable, TipMoved, LookupError or the scripted exception."""
        self.asked.append(Call(contract, function, tuple(args), tip))
        if self.outages:
            self.outages -= 1
            raise NodeUnavailable
        if self.at is not None and tip != self.at:
            raise TipMoved
        if (contract, function) not in self.answers:
            msg = f"nobody scripted {contract} {function}"
            raise LookupError(msg)
        answer = self.answers[contract, function]
        if isinstance(answer, BaseException):
            raise answer
        return answer(*args) if callable(answer) else answer


@dataclass(frozen=True, slots=True)
class FakeTransaction:
    """A transaction as FakeChain reports it."""

    status: str
    block_height: int | None = None
    result_hex: str | None = None


@dataclass(slots=True)
class FakeChain:
    """A chain of one node: transactions wait in a mempool until `mine` or `drop` is called.

    Reads go to `reader`. `refusal` makes the next broadcast fail with that reason. `waiting` is how
    many transactions of a principal the mempool counts towards its next nonce; the fake does not
    decode bytes, so a test that wants that sets it.
    """

    reader: ContractReader = field(default_factory=ScriptedReader)
    head: Tip = field(default_factory=lambda: Tip(height=1_000, block_id="aa" * 32, time=Seconds(1_795_000_000)))
    accounts: dict[str, Account] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    fee: MicroStx = MicroStx(3_000)
    outages: int = 0
    refusal: str | None = None
    transactions: dict[str, FakeTransaction] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)

    async def read(self, contract: str, function: str, args: Sequence[bytes], tip: Tip) -> Any:
        """Pass the read on to `reader`."""
        self._answer()
        return await self.reader.read(contract, function, args, tip)

    async def tip(self) -> Tip:
        """Return the head."""
        self._answer()
        return self.head

    async def account(self, principal: str) -> Account:
        """Return the account; one never set is empty, as on the chain."""
        self._answer()
        return self.accounts.get(principal, Account(balance_ustx=MicroStx(0), nonce=0))

    async def mempool_nonces(self, principal: str) -> MempoolNonces:
        """Return the nonces that wait, one after the other; the fake has no gaps."""
        first = (await self.account(principal)).nonce
        end = first + self.waiting.get(principal, 0)
        return MempoolNonces(next_nonce=end, pending=tuple(range(first, end)), missing=())

    async def estimate_fee(self, payload: bytes, length: int) -> MicroStx:  # noqa: ARG002  the port's shape
        """Return `fee`, at least one µSTX a byte."""
        self._answer()
        return MicroStx(max(self.fee, length))

    async def broadcast(self, raw: bytes) -> str:
        """Take the bytes into the mempool and return their txid; offering the same bytes again changes nothing."""
        self._answer()
        if self.refusal is not None:
            reason, self.refusal = self.refusal, None
            raise TransactionRefused(reason, reason=reason)
        txid = sha512(raw).hexdigest()[:64]
        self.sent.append(raw)
        self.transactions.setdefault(txid, FakeTransaction(status="pending"))
        return txid

    async def transaction(self, txid: str) -> TxStatus | None:
        """Return what became of it; None when the chain never saw it."""
        self._answer()
        return self.transactions.get(txid)

    def mine(self, txid: str, *, status: str = "success", result_hex: str = "0703") -> None:
        """Put a waiting transaction into a new block with this status."""
        self.advance()
        self.transactions[txid] = FakeTransaction(status, self.head.height, result_hex)

    def drop(self, txid: str, *, status: str = "dropped_stale_garbage_collect") -> None:
        """Let the mempool forget a transaction."""
        self.transactions[txid] = FakeTransaction(status)

    def advance(self, blocks: int = 1, *, seconds_per_block: int = 10) -> None:
        """Move the head."""
        height = self.head.height + blocks
        time = Seconds(self.head.time + blocks * seconds_per_block)
        self.head = Tip(height=height, block_id=f"{height:064x}", time=time)

    def _answer(self) -> None:
        if self.outages:
            self.outages -= 1
            raise NodeUnavailable


@dataclass(slots=True)
class FakePriceSource:
    """Knows the prices it was given, stamped now or at `seen_at`; fails the next `outages` calls."""

    clock: ManualClock
    usd_e12: dict[str, int] = field(default_factory=dict)
    stx_e12: dict[str, int] = field(default_factory=dict)
    name: str = "fake"
    seen_at: int | None = None
    confidence_bps: Bps | None = None
    outages: int = 0
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def prices(self, assets: Sequence[Asset]) -> Sequence[PricePoint]:
        """Return the set prices of `assets`. Raises SourceUnavailable while it is out."""
        symbols = tuple(asset.symbol for asset in assets)
        self.asked.append(symbols)
        if self.outages:
            self.outages -= 1
            raise SourceUnavailable(source=self.name)
        in_usd = [self._point(s, "USD", self.usd_e12[s]) for s in symbols if s in self.usd_e12]
        in_stx = [self._point(s, "STX", self.stx_e12[s]) for s in symbols if s in self.stx_e12]
        return [*in_usd, *in_stx]

    def _point(self, symbol: str, quote: Any, price: int) -> PricePoint:
        at = Seconds(self.clock.at if self.seen_at is None else self.seen_at)
        return PricePoint(self.name, symbol, quote, PriceE12(price), at, self.confidence_bps)


@dataclass(frozen=True, slots=True)
class FakePool:
    """A constant-product pool: base units of both sides, and a fee that stays in the pool."""

    x: str
    y: str
    reserve_x: int
    reserve_y: int
    fee_bps: int = 30

    def swap(self, sell: str, amount_in: int) -> tuple[int, "FakePool"]:
        """Return what selling pays, rounded down, and the pool after it."""
        forward = sell == self.x
        reserve_in, reserve_out = (self.reserve_x, self.reserve_y) if forward else (self.reserve_y, self.reserve_x)
        net = amount_in * (10_000 - self.fee_bps) // 10_000
        out = reserve_out * net // (reserve_in + net)
        after_in, after_out = reserve_in + amount_in, reserve_out - out
        new_x, new_y = (after_in, after_out) if forward else (after_out, after_in)
        return out, replace(self, reserve_x=new_x, reserve_y=new_y)


@dataclass(frozen=True, slots=True)
class FakeRoute:
    """A route over one or more FakePools."""

    venue: str
    adapter: str
    payer: str
    path: tuple[str, ...]
    pool_keys: tuple[str, ...]

    @property
    def sell(self) -> str:
        """The first symbol of the path."""
        return self.path[0]

    @property
    def buy(self) -> str:
        """The last symbol of the path."""
        return self.path[-1]

    def quote(self, books: Books, amount_in: BaseUnits) -> Fill:
        """Return what the path pays. Raises MarketRefused for nothing in or nothing out."""
        amount, after = int(amount_in), dict(books)
        for sell, key in zip(self.path, self.pool_keys, strict=False):
            pool = after.get(key)
            if not isinstance(pool, FakePool) or amount <= 0:
                raise MarketRefused(venue=self.venue, pool=key)
            amount, after[key] = pool.swap(sell, amount)
        if amount == 0:
            raise MarketRefused(venue=self.venue)
        return Fill(amount_in, BaseUnits(amount), after)


@dataclass(slots=True)
class FakeDex:
    """A venue of constant-product pools, by pool id; its routes run both ways over every pool.

    `paths` adds longer routes as symbols (they too run both ways). Fails the next `outages` reads.
    """

    pools: Mapping[str, FakePool]
    name: str = "fake"
    deployer: str = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
    paths: Sequence[tuple[str, ...]] = ()
    outages: int = 0
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def adapters(self) -> tuple[str, ...]:
        """One adapter for all its routes."""
        return (f"{self.deployer}.{self.name}-adapter",)

    async def market(self, reader: ContractReader, tip: Tip) -> MarketView:  # noqa: ARG002  the port's shape
        """Return the pools as they are set. Raises SourceUnavailable while it is out."""
        if self.outages:
            self.outages -= 1
            raise SourceUnavailable(venue=self.name)
        paths = [(pool.x, pool.y) for pool in self.pools.values()] + list(self.paths)
        keys = [(key,) for key in self.pools] + [self._keys(path) for path in self.paths]
        routes = [self._route(p, k) for p, k in zip(paths, keys, strict=True)]
        backwards = [self._route(p[::-1], k[::-1]) for p, k in zip(paths, keys, strict=True)]
        books = {f"{self.name}:{key}": pool for key, pool in self.pools.items()}
        return MarketView(books=books, routes=(*routes, *backwards), absent=self.absent)

    def _keys(self, path: tuple[str, ...]) -> tuple[str, ...]:
        hops = pairwise(path)
        return tuple(next(k for k, p in self.pools.items() if {p.x, p.y} == set(hop)) for hop in hops)

    def _route(self, path: tuple[str, ...], keys: tuple[str, ...]) -> FakeRoute:
        [adapter], payer = self.adapters, f"{self.deployer}.{self.name}-vault"
        return FakeRoute(self.name, adapter, payer, path, tuple(f"{self.name}:{key}" for key in keys))


@dataclass(slots=True)
class FakeNotifier:
    """Keeps what it delivers; fails the next `outages` sends."""

    name: str = "fake"
    outages: int = 0
    delivered: list[Alert] = field(default_factory=list)
    on_send: Callable[[Alert], None] | None = None

    async def send(self, alert: Alert) -> None:
        """Deliver the alert. Raises NotifierUnavailable while it is out."""
        if self.outages:
            self.outages -= 1
            raise NotifierUnavailable(notifier=self.name)
        if self.on_send is not None:
            self.on_send(alert)
        self.delivered.append(alert)
