"""A node small enough to reason about: one account, a mempool, blocks made by hand, and the faults that matter."""

from dataclasses import dataclass, field

from keeper.chain.transactions import decode_transaction
from keeper.core.chain_types import Account, MempoolNonces, Tip
from keeper.core.units import MicroStx, Seconds
from keeper.errors import NodeUnavailable, TransactionRefused


@dataclass(frozen=True, slots=True)
class Status:
    status: str
    block_height: int | None
    result_hex: str | None


@dataclass(slots=True)
class ModelNode:
    nonce: int = 7
    fee: int = 3_000
    auto_mine: bool = True
    result: str = "success"
    result_hex: str | None = "0703"
    lose_answers: int = 0
    """How many broadcasts are taken but not answered."""
    lose_requests: int = 0
    """How many broadcasts never arrive."""
    refuse: str | None = None
    offered: list[bytes] = field(default_factory=list)
    waiting: dict[str, bytes] = field(default_factory=dict)
    mined: dict[str, Status] = field(default_factory=dict)
    height: int = 100

    async def tip(self) -> Tip:
        return Tip(self.height, "00" * 32, Seconds(1_000 + self.height))

    async def account(self, principal: str) -> Account:
        return Account(MicroStx(10**9), self.nonce)

    async def next_nonce(self, principal: str) -> int:
        return self.nonce + len(self.waiting)

    async def mempool_nonces(self, principal: str) -> MempoolNonces:
        pending = tuple(sorted(decode_transaction(raw).origin.nonce for raw in self.waiting.values()))
        span = range(self.nonce, max(pending, default=self.nonce))
        missing = tuple(nonce for nonce in span if nonce not in pending)
        return MempoolNonces(max(pending, default=self.nonce - 1) + 1, pending, missing)

    async def estimate_fee(self, payload: bytes, length: int) -> MicroStx:
        return MicroStx(self.fee)

    async def read(self, contract: str, function: str, args: object, tip: Tip) -> object:
        raise AssertionError("the sender reads no contract")

    async def broadcast(self, raw: bytes) -> str:
        self.offered.append(raw)
        if self.lose_requests:
            self.lose_requests -= 1
            raise NodeUnavailable("no answer")
        if self.refuse is not None:
            later = self.refuse in ("TooMuchChaining", "ServerFailureDatabase")
            raise TransactionRefused(f"the node refused: {self.refuse}", reason=self.refuse, try_later=later)
        transaction = decode_transaction(raw)
        transaction.verify()
        if transaction.origin.nonce < self.nonce:
            raise TransactionRefused("the node refused: BadNonce", reason="BadNonce")
        self.waiting[transaction.txid] = raw
        if self.auto_mine:
            self.mine()
        if self.lose_answers:
            self.lose_answers -= 1
            raise NodeUnavailable("the answer was lost")
        return transaction.txid

    def mine(self) -> None:
        self.height += 1
        for txid in list(self.waiting):
            del self.waiting[txid]
            self.nonce += 1
            self.mined[txid] = Status(self.result, self.height, self.result_hex)

    async def transaction(self, txid: str) -> Status | None:
        if txid in self.waiting:
            return Status("pending", None, None)
        return self.mined.get(txid)
