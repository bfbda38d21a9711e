"""A chain small enough to read: it answers our contracts' reads from plain dicts and carries out what it is sent.

It decodes the very bytes the keeper signed, checks nonce, signature and post-conditions, changes its state and
answers with a Clarity value, as a node would. Rules of the contracts that no test here needs are left out.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from keeper.chain.clarity import bool_, decode, err, list_, ok, plain, tuple_, uint
from keeper.chain.postconditions import Compare, FtSent, Mode, StxSent
from keeper.chain.transactions import Transaction, decode_transaction
from keeper.core.assets import AssetBook
from keeper.core.chain_types import Account, MempoolNonces, Tip
from keeper.core.drift import pool_drift
from keeper.core.units import MicroStx, Seconds, value_ustx_down
from keeper.errors import NodeUnavailable, TipMoved, TransactionRefused
from keeper.testing.build import DEPLOYER
from keeper.testing.fakes import FakeDex, ManualClock
from tests.shell.model_reads import Reads
from tests.shell.model_state import Mandate, ModelPool, Proposal, Refusal

BLOCK_SECONDS = 5
VOTING_SECONDS = 3_600
WAIT_SECONDS = 3_600
DAY_SECONDS = 86_400
LEAST_OUTFLOW_USTX = 1_000_000_000
MAX_SLIPPAGE_BPS = 200
HOLDS = {
    Compare.EQ: int.__eq__,
    Compare.GT: int.__gt__,
    Compare.GE: int.__ge__,
    Compare.LT: int.__lt__,
    Compare.LE: int.__le__,
}


@dataclass(frozen=True, slots=True)
class Status:
    status: str
    block_height: int | None = None
    result_hex: str | None = None


@dataclass(slots=True)
class ModelChain:
    clock: ManualClock
    assets: AssetBook
    dexes: tuple[FakeDex, ...]
    pools: dict[int, ModelPool]
    oracle: dict[str, tuple[int, int]]
    """By principal: STX per whole token with 12 decimals, and the time of its oldest source."""
    tripped: set[str] = field(default_factory=set)
    trips_on_next_post: set[str] = field(default_factory=set)
    apart: set[str] = field(default_factory=set)
    """Assets whose sources disagreed when the oracle last judged them; the next report is judged anew."""
    asked_at: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By function: the heights at which it was read, in order, also where that block was no longer the newest."""
    moves_before: list[str] = field(default_factory=list)
    """Functions in whose next reads, in this order, a block comes first."""
    never_agrees: set[str] = field(default_factory=set)
    """Assets whose sources disagree whatever is reported."""
    differs_bps: dict[str, int] = field(default_factory=dict)
    """By principal: by how much the oracle's own view of an asset lies above what is reported, as its averages do."""
    answers_next: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Error codes that the next calls of a function answer with, in order."""
    lies_next: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    """What the next reads of a function are answered with, in order, whatever is true."""
    closed_venues: set[str] = field(default_factory=set)
    """Venues that answer every question and fail every swap."""
    thin_adapters: set[str] = field(default_factory=set)
    """Adapters that quote next to nothing, whatever was seen of their pools."""
    gifts: dict[str, int] = field(default_factory=dict)
    """By principal: what the vault has and has not booked."""
    proposals: dict[int, Proposal] = field(default_factory=dict)
    mandates: dict[int, Mandate] = field(default_factory=dict)
    height: int = 1_000
    nonce: int = 7
    balance: int = 50_000_000
    fee: int = 3_000
    mines_at_once: bool = True
    says_of_success: bytes | None = None
    """What every successful transaction is said to have answered, whatever it did; None is the truth."""
    down_after: int | None = None
    """How many more requests are answered; None is all of them."""
    sent: list[Transaction] = field(default_factory=list)
    waiting: dict[str, Transaction] = field(default_factory=dict)
    mined: dict[str, Status] = field(default_factory=dict)
    moves: list[tuple[str, str, int]] = field(default_factory=list)
    """What left whom in the transaction at hand: sender, asset, amount."""

    # --- the port ---

    async def tip(self) -> Tip:
        self._answer()
        return Tip(self.height, f"{self.height:064x}", Seconds(self.clock.at))

    async def read(self, contract, function, args, tip) -> Any:
        self._answer()
        self.asked_at[function].append(tip.height)
        if self.moves_before[:1] == [function]:
            self.moves_before.pop(0)
            self.pass_time(BLOCK_SECONDS)
        if tip.height != self.height:
            raise TipMoved
        if self.lies_next[function]:
            return self.lies_next[function].pop(0)
        return Reads(self).answer(contract, function, [decode(arg) for arg in args])

    async def account(self, principal) -> Account:
        self._answer()
        self.asked_at["account"].append(self.height)
        return Account(MicroStx(self.balance), self.nonce)

    async def mempool_nonces(self, principal) -> MempoolNonces:
        self._answer()
        pending = tuple(sorted(transaction.origin.nonce for transaction in self.waiting.values()))
        return MempoolNonces(self.nonce + len(pending), pending, ())

    async def estimate_fee(self, payload, length) -> MicroStx:
        self._answer()
        return MicroStx(self.fee)

    async def broadcast(self, raw) -> str:
        self._answer()
        transaction = decode_transaction(raw)
        transaction.verify()
        if transaction.origin.nonce != self.nonce + len(self.waiting):
            raise TransactionRefused("the node refused: BadNonce", reason="BadNonce")
        self.sent.append(transaction)
        self.waiting[transaction.txid] = transaction
        if self.mines_at_once:
            self.mine()
        return transaction.txid

    async def transaction(self, txid) -> Status | None:
        self._answer()
        status = Status("pending") if txid in self.waiting else self.mined.get(txid)
        if status is None or status.status != "success" or self.says_of_success is None:
            return status
        return replace(status, result_hex=self.says_of_success.hex())

    # --- what tests do to it ---

    def mine(self) -> None:
        """Put everything that waits into one block."""
        self.pass_time(BLOCK_SECONDS)
        for txid, transaction in list(self.waiting.items()):
            del self.waiting[txid]
            self.nonce += 1
            self.balance -= transaction.origin.fee
            self.mined[txid] = self._carry_out(transaction)

    def pass_time(self, seconds) -> None:
        """Let a block come after this long."""
        self.height += 1
        self.clock.advance(seconds)

    def believe(self, principal, bps) -> None:
        """Let the oracle's price of an asset lie so far above the one that is reported, from now on."""
        price, at = self.oracle[principal]
        agreed = price * 10_000 // (10_000 + self.differs_bps.get(principal, 0))
        self.differs_bps[principal] = bps
        self.oracle[principal] = (agreed * (10_000 + bps) // 10_000, at)

    def called(self) -> list[str]:
        """Return the functions that were called, in order."""
        return [transaction.payload.function for transaction in self.sent]

    def value_of(self, principal, amount) -> int:
        asset = self.assets.by_principal(principal)
        price = 10**12 if asset.is_stx else self.oracle[principal][0]
        return value_ustx_down(amount, price, asset.decimals)

    def total_value(self, pool) -> int:
        return sum(self.value_of(principal, amount) for principal, amount in pool.holdings.items())

    # --- carrying out ---

    def _answer(self) -> None:
        if self.down_after is None:
            return
        if self.down_after == 0:
            raise NodeUnavailable("the node does not answer")
        self.down_after -= 1

    def _carry_out(self, transaction) -> Status:
        function, self.moves = transaction.payload.function, []
        before = {number: pool.copy() for number, pool in self.pools.items()}
        try:
            result = ok(self._call(function, [plain(arg) for arg in transaction.payload.args]))
        except Refusal as exc:
            self.pools = before
            return Status("abort_by_response", self.height, "0x" + err(uint(exc.code)).hex())
        if not self._conditions_hold(transaction):
            self.pools = before
            return Status("abort_by_post_condition", self.height, "0x" + result.hex())
        return Status("success", self.height, "0x" + result.hex())

    def _call(self, function, args) -> bytes:
        if self.answers_next[function]:
            raise Refusal(self.answers_next[function].pop(0))
        functions: dict[str, Callable[..., bytes]] = {
            "propose-mandate": self._propose,
            "conclude": self._conclude,
            "post-prices": self._post_prices,
            "rebalance-pool": self._rebalance,
            "process-withdrawals": self._pay_withdrawals,
        }
        return functions[function](*args)

    def _conditions_hold(self, transaction) -> bool:
        named = set()
        for condition in transaction.conditions:
            assert isinstance(condition, (StxSent, FtSent))
            asset = "STX" if isinstance(condition, StxSent) else f"{condition.asset.contract}::{condition.asset.name}"
            sent = sum(amount for who, what, amount in self.moves if (who, what) == (str(condition.who), asset))
            named.add((str(condition.who), asset))
            if not HOLDS[condition.compare](sent, condition.amount):
                return False
        strangers = {(who, what) for who, what, _ in self.moves} - named
        return transaction.mode is not Mode.DENY or not strangers

    def _propose(self, pool_id, targets, limits, open_secs, plan_hash) -> bytes:
        pool, number = self.pools[pool_id], len(self.proposals) + 1
        if pool.latest_proposal and self.proposals[pool.latest_proposal].state == "voting":
            raise Refusal(1705)
        if sum(target["bps"] for target in targets) != 10_000:
            raise Refusal(1702)
        ends_at = self.clock.at + VOTING_SECONDS
        asked = (pool_id, targets, limits, open_secs, plan_hash)
        self.proposals[number] = Proposal(*asked, self.clock.at, ends_at, ends_at + WAIT_SECONDS)
        pool.latest_proposal = number
        return uint(number)

    def _conclude(self, number) -> bytes:
        proposal = self.proposals[number]
        if proposal.state != "voting":
            raise Refusal(3207)
        if self.clock.at < proposal.due_at:
            raise Refusal(3204)
        proposal.state = proposal.verdict(self.clock.at)
        passed = proposal.state == "passed"
        if passed:
            pool = self.pools[proposal.pool_id]
            pool.targets = {target["asset"]: target["bps"] for target in proposal.targets}
            expires_at = self.clock.at + proposal.open_secs
            self.mandates[number] = Mandate(proposal, self.clock.at, expires_at, self.total_value(pool))
            pool.latest_mandate = number
        return bool_(passed)

    def _post_prices(self, rows) -> bytes:
        for row in rows:
            view = row["price"] * (10_000 + self.differs_bps.get(row["asset"], 0)) // 10_000
            self.oracle[row["asset"]] = (view, row["at"])
            self.apart.discard(row["asset"])
        self.tripped |= self.trips_on_next_post
        self.trips_on_next_post = set()
        tripped = sum(row["asset"] in self.tripped for row in rows)
        return tuple_({"posted": uint(len(rows)), "tripped": uint(tripped)})

    def _rebalance(self, pool_id, mandate_id, number, fee, legs) -> bytes:
        pool, mandate = self.pools[pool_id], self.mandates[mandate_id]
        if pool.pauses.rebalances:
            raise Refusal(1309)
        if self.clock.at >= mandate.expires_at:
            raise Refusal(1717)
        if number != mandate.slices + 1:
            raise Refusal(1719)
        before, sold, bought, outs = self._drift(pool), 0, 0, []
        for leg in legs:
            out = self._run_leg_somewhere(pool, leg)
            given, got = self.value_of(leg["from"], leg["amount"]), self.value_of(leg["to"], out)
            if got * 10_000 < given * (10_000 - min(mandate.proposal.limits["slippage-bps"], MAX_SLIPPAGE_BPS)):
                raise Refusal(1346)
            sold, bought = sold + given, bought + got
            outs.append(out)
        self._move(pool, self.assets["STX"].principal, -(fee * 110 // 100), f"{DEPLOYER}.whale-pool-vault")
        after = self._drift(pool)
        if after >= before:
            raise Refusal(1408)
        mandate.slices += 1
        mandate.turnover_ustx += sold
        mandate.loss_ustx += max(sold - bought, 0)
        return tuple_(
            {
                "drift-before": uint(before),
                "drift-after": uint(after),
                "sold-ustx": uint(sold),
                "bought-ustx": uint(bought),
                "outs": list_([uint(out) for out in outs]),
            }
        )

    def _run_leg_somewhere(self, pool, leg) -> int:
        """Run a leg at its venue, or at the one it falls back on; what failed has changed nothing."""
        try:
            return self._run_leg(pool, leg, leg["dex"])
        except Refusal:
            if leg["fallback"] is None:
                raise
            return self._run_leg(pool, leg, leg["fallback"])

    def _run_leg(self, pool, leg, adapter) -> int:
        sell, buy = (self.assets.by_principal(leg[side]) for side in ("from", "to"))
        dex = next(dex for dex in self.dexes if adapter.endswith(f".{dex.name}-adapter"))
        if dex.name in self.closed_venues:
            raise Refusal(1336)
        key = next(key for key, book in dex.pools.items() if {book.x, book.y} == {sell.symbol, buy.symbol})
        out, moved = dex.pools[key].swap(sell.symbol, leg["amount"])
        if out < leg["min-out"]:
            raise Refusal(1338)
        dex.pools = {**dex.pools, key: moved}
        self._move(pool, leg["from"], -leg["amount"], f"{DEPLOYER}.whale-pool-vault")
        self._move(pool, leg["to"], out, f"{dex.deployer}.{dex.name}-vault")
        return out

    def _move(self, pool, principal, amount, sender) -> None:
        asset = self.assets.by_principal(principal)
        pool.holdings[principal] += amount
        self.moves.append((sender, "STX" if asset.is_stx else f"{principal}::{asset.token_name}", abs(amount)))

    def _drift(self, pool) -> int:
        symbol = {p: self.assets.by_principal(p).symbol for p in {*pool.holdings, *pool.targets}}
        values = {symbol[p]: self.value_of(p, amount) for p, amount in pool.holdings.items()}
        owed = self.total_value(pool) * pool.pending_shares // pool.total_shares
        return pool_drift(values, {symbol[p]: bps for p, bps in pool.targets.items()}, owed).drift_bps

    def _pay_withdrawals(self, pool_id, share) -> bytes:
        pool, stx, vault = self.pools[pool_id], self.assets["STX"].principal, f"{DEPLOYER}.whale-pool-vault"
        if share != pool.share:
            raise Refusal(1306)
        if pool.pauses.withdrawals:
            raise Refusal(1309)
        value, total, left, paid, burned, requests = self.total_value(pool), pool.total_shares, [], 0, 0, 0
        room = min(pool.holdings[stx], self._outflow_room(pool, value))
        for row in pool.queue:
            claim = row["shares"] * value // total
            if claim < row["min-out"]:
                left.append(row)
                continue
            part = row["shares"] if claim <= room else room * total // value
            ustx = claim if claim <= room else part * value // total
            room = room - claim if claim <= room else 0
            paid, burned, requests = paid + ustx, burned + part, requests + (ustx > 0)
            if rest := row["shares"] - part:
                left.append(row | {"shares": rest, "min-out": -(-row["min-out"] * rest // row["shares"])})
        pool.queue, pool.total_shares = left, total - burned
        pool.outflow = (self.clock.at // DAY_SECONDS, self.outflow(pool) + paid)
        if paid:
            self._move(pool, stx, -paid, vault)
            self.moves.append((vault, f"{pool.share}::pool-share", burned))
        return tuple_({"paid-requests": uint(requests), "paid-ustx": uint(paid)})

    def outflow(self, pool) -> int:
        """Return what left a pool in STX today."""
        day, ustx = pool.outflow
        return ustx if day == self.clock.at // DAY_SECONDS else 0

    def _outflow_room(self, pool, value) -> int:
        gone = self.outflow(pool)
        return max(max((value + gone) * 2_500 // 10_000, LEAST_OUTFLOW_USTX) - gone, 0)
