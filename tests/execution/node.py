"""A node small enough to reason about: one account, a mempool by nonce, blocks made by hand, and the faults that matter."""

from dataclasses import dataclass, field

from keeper.chain.transactions import decode_transaction
from keeper.core.chain_types import Account, MempoolNonces, Tip
from keeper.core.units import MicroStx, Seconds
from keeper.errors import NodeUnavailable, TransactionRefused

CHAINED = 25
FATES = {
    "BadNonce": "spent",
    "ConflictingNonceInMempool": "contested",
    "TooMuchChaining": "wait",
    "ServerFailureDatabase": "wait",
    "NotEnoughFunds": "unaffordable",
    "FeeTooLow": "unaffordable",
    "NoSuchContract": "final",
}


@dataclass(frozen=True, slots=True)
class Status:
    status: str
    block_height: int | None
    result_hex: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    txid: str
    fee: int
    raw: bytes = b""


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
    refuse_only: str | None = None
    """The function whose calls are refused; all of them with None."""
    blind: bool = False
    """Whether the API says nothing of what waits."""
    late: bool = False
    """Whether the API does not know of any block yet."""
    told: int | None = None
    """What it says is the account's next nonce; the truth with None."""
    ghosts: frozenset[int] = frozenset()
    """Nonces that the API believes in and no node holds."""
    offered: list[bytes] = field(default_factory=list)
    mempool: dict[int, Waiting] = field(default_factory=dict)
    mined: dict[str, Status] = field(default_factory=dict)
    blocks: list[list[Waiting]] = field(default_factory=list)
    height: int = 100

    @property
    def waiting(self) -> dict[str, bytes]:
        return {item.txid: item.raw for item in self.mempool.values()}

    async def tip(self) -> Tip:
        return Tip(self.height, "00" * 32, Seconds(1_000 + self.height))

    async def account(self, principal: str) -> Account:
        return Account(MicroStx(10**9), self.nonce if self.told is None else self.told)

    async def mempool_nonces(self, principal: str) -> MempoolNonces:
        seen = set() if self.blind else set(self.mempool)
        pending = tuple(sorted(seen | self.ghosts))
        missing = tuple(n for n in range(self.nonce, max(pending, default=self.nonce)) if n not in pending)
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
        txid = self._take(raw)
        if self.auto_mine:
            self.mine()
        if self.lose_answers:
            self.lose_answers -= 1
            raise NodeUnavailable("the answer was lost")
        return txid

    def _take(self, raw: bytes) -> str:
        transaction = decode_transaction(raw)
        transaction.verify()
        if self.refuse is not None and self.refuse_only in (None, transaction.payload.function):
            raise refusal(self.refuse)
        nonce, fee = transaction.origin.nonce, transaction.origin.fee
        there = self.mempool.get(nonce)
        if there is not None and there.txid == transaction.txid:
            return there.txid
        if nonce < self.nonce:
            raise refusal("BadNonce")
        if nonce > self.nonce + CHAINED:
            raise refusal("TooMuchChaining")
        if there is not None and fee <= there.fee:
            raise refusal("ConflictingNonceInMempool")
        self.mempool[nonce] = Waiting(transaction.txid, fee, raw)
        return transaction.txid

    def foreign(self, nonce: int, fee: int = 1_000) -> None:
        """Let somebody else who has the key send something."""
        self.mempool[nonce] = Waiting(f"{nonce:064x}", fee)

    def drop(self, nonce: int) -> None:
        """Forget what waits at a nonce, as nodes do."""
        self.mempool.pop(nonce, None)

    def mine(self) -> None:
        """Make a block of everything that waits without a gap before it."""
        self.height += 1
        block = []
        while self.nonce in self.mempool:
            item = self.mempool.pop(self.nonce)
            self.nonce += 1
            self.mined[item.txid] = Status(self.result, self.height, self.result_hex)
            block.append(item)
        self.blocks.append(block)

    def reorganise(self, depth: int, *, lose: bool) -> None:
        """Undo the last blocks; what was in them waits again, or is lost."""
        for block in reversed(self.blocks[-depth:]):
            for item in reversed(block):
                self.nonce -= 1
                del self.mined[item.txid]
                if not lose:
                    self.mempool.setdefault(self.nonce, item)
        del self.blocks[-depth:]

    async def transaction(self, txid: str) -> Status | None:
        if txid in self.mined:
            return None if self.late else self.mined[txid]
        return Status("pending", None, None) if txid in self.waiting and not self.blind else None


def refusal(reason: str) -> TransactionRefused:
    fate = FATES[reason]
    return TransactionRefused(f"the node refused: {reason}", reason=reason, fate=fate, try_later=fate == "wait")
