"""The sender against a model of node and mempool: crashes, lost and doubled answers, refusals, foreign use, undone blocks."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from keeper.chain.contracts import ContractCall
from keeper.chain.postconditions import Mode
from keeper.chain.transactions import Network, decode_transaction
from keeper.core.records import IntentKind, IntentState
from keeper.core.units import MicroStx, Seconds
from keeper.errors import KeeperError
from keeper.execution.fees import DAY_SECONDS, FeeRule
from keeper.execution.orders import Order
from keeper.execution.sender import Sender, SendRule
from keeper.points import POINTS, listen
from keeper.signers.local import KeySigner
from keeper.store.sqlite import open_store
from keeper.testing.fakes import ManualClock
from tests.execution.node import FATES, ModelNode

VAULT = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM.whale-pool-vault"
CONFIRMATIONS = 3
SIGNER = KeySigner(bytes(31) + b"\x01", Network.TESTNET)
CAP = 40_000
BEGIN = Seconds(1_000_000)
ABORT = "0801" + "00" * 15 + "05"
KILL = st.one_of(st.just(0), st.integers(1, 40))
"""At which point on the way the process ends; 0 for a quiet way."""


class Killed(BaseException):
    """The process ends here."""


def order(purpose, *, urgent=False, kind=IntentKind.PAY_WITHDRAWAL):
    # The purpose is in the bytes, so that two transactions are never the same by chance.
    return Order(purpose, kind, 1, ContractCall(VAULT, f"do-{purpose.replace(':', '-')}", ()), Mode.DENY, urgent=urgent)


HAPPENINGS = st.one_of(
    st.tuples(st.just("time_passes"), st.sampled_from([5, 130, 310, 650])),
    st.tuples(st.just("api_is_late")),
    st.tuples(st.just("drop"), st.integers(0, 3)),
    st.tuples(st.just("reorganise"), st.integers(1, CONFIRMATIONS - 1), st.booleans()),
    st.tuples(st.just("foreign"), st.integers(0, 2), st.integers(500, 9_000)),
    st.tuples(st.just("answers_are_lost"), st.integers(1, 2)),
    st.tuples(st.just("requests_are_lost"), st.integers(1, 2)),
    st.tuples(st.just("refuse"), st.sampled_from([None, *sorted(FATES)])),
    st.tuples(st.just("blur"), st.booleans(), st.frozensets(st.integers(7, 12), max_size=2)),
    st.tuples(st.just("ask"), st.sampled_from([900, 3_000, 12_000, CAP + 1])),
    st.tuples(st.just("contract_says"), st.booleans()),
)


class SenderMachine(RuleBasedStateMachine):
    @initialize()
    def boot(self):
        self.runner, self.stack = asyncio.Runner(), AsyncExitStack()
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.node, self.clock = ModelNode(auto_mine=False), ManualClock(BEGIN)
        self.store = self.run(self.stack.enter_async_context(open_store(Path(self.folder) / "keeper.sqlite3")))
        self.executed: dict[str, str] = {}
        self.wanted: set[str] = set()
        self.restart()

    def run(self, work):
        return self.runner.run(work)

    def teardown(self):
        if hasattr(self, "runner"):
            try:
                self.come_to_rest()
            finally:
                listen(None)
                self.run(self.stack.aclose())
                self.runner.close()

    def attempt(self, work, kill):
        """Do something, perhaps killed at the nth point on the way; a killed keeper starts again."""
        left = kill

        def reached(point):
            nonlocal left
            assert point in POINTS
            left -= 1
            if left == 0:
                raise Killed

        listen(reached)
        try:
            self.run(work)
        except Killed:
            self.restart()
        except KeeperError:
            pass
        finally:
            listen(None)

    # --- what the keeper does ---

    @rule(n=st.integers(0, 2), urgent=st.sampled_from([False, False, True]), kill=KILL)
    def execute(self, n, urgent, kill):
        purpose = f"{'stop' if urgent else 'pay'}:{n}"
        self.wanted.add(purpose)
        self.attempt(self.sender.execute(order(purpose, urgent=urgent)), kill)

    @rule(kill=KILL)
    def recover(self, kill):
        self.attempt(self.sender.recover(), kill)

    def restart(self):
        stop = asyncio.Event()
        stop.set()
        fees = FeeRule(MicroStx(1_000), MicroStx(CAP), MicroStx(10**9))
        self.sender = Sender(
            self.node, self.store, SIGNER, Network.TESTNET, fees, self.clock, stop,
            rule=SendRule(CONFIRMATIONS), filler=lambda n: order(f"fill:{n}", kind=IntentKind.FILL_GAP),
        )  # fmt: skip

    # --- what happens to it ---

    @rule()
    def mine(self):
        self.node.mine()

    @rule(happens=HAPPENINGS)
    def happen(self, happens):
        what, *how = happens
        getattr(self, f"then_{what}")(*how)

    def then_time_passes(self, seconds):
        self.node.late = False  # an API is late by less than that
        self.clock.advance(seconds)

    def then_api_is_late(self):
        self.node.late = True

    def then_drop(self, ahead):
        self.node.drop(self.node.nonce + ahead)

    def then_reorganise(self, depth, lose):
        self.node.reorganise(min(depth, len(self.node.blocks)), lose=lose)
        for _ in range(CONFIRMATIONS):  # so that no block is undone that was deep enough to be believed
            self.node.mine()

    def then_foreign(self, ahead, fee):
        if self.node.nonce + ahead not in self.node.mempool:
            self.node.foreign(self.node.nonce + ahead, fee)

    def then_answers_are_lost(self, times):
        self.node.lose_answers = times

    def then_requests_are_lost(self, times):
        self.node.lose_requests = times

    def then_refuse(self, reason):
        self.node.refuse = reason

    def then_blur(self, blind, ghosts):
        self.node.blind, self.node.ghosts = blind, ghosts

    def then_ask(self, fee):
        self.node.fee = fee

    def then_contract_says(self, ok):
        self.node.result, self.node.result_hex = ("success", "0703") if ok else ("abort_by_response", ABORT)

    # --- what must always hold ---

    def intents(self):
        return {intent.key: intent for intent in self.run(self.store.intents(limit=10_000))}

    def mined(self):
        return [item for block in self.node.blocks for item in block if item.raw]

    @invariant()
    def happens_once(self):
        """No purpose is carried out twice, and nothing is in a block that the journal does not know."""
        if not hasattr(self, "runner"):
            return
        known = {txid: key for key, intent in self.intents().items() for txid in intent.txids}
        done = [known[item.txid].partition("#")[0] for item in self.mined() if self.succeeded(item)]
        assert len(done) == len(set(done)), f"carried out twice: {sorted(done)}"

    def succeeded(self, item):
        return self.node.mined[item.txid].status == "success"

    @invariant()
    def is_told_as_it_is(self):
        """What is settled is in a block; what was given up is in none."""
        if not hasattr(self, "runner"):
            return
        for intent in self.intents().values():
            there = [txid for txid in intent.txids if txid in self.node.mined]
            assert len(there) <= 1
            if intent.state is IntentState.SETTLED:
                assert there == [intent.txid]
            if intent.state is IntentState.DROPPED:
                assert there == []

    @invariant()
    def no_bytes_unrecorded(self):
        """Every version that was ever offered is in the journal, under its own nonce."""
        if not hasattr(self, "runner"):
            return
        known = {txid: intent.nonce for intent in self.intents().values() for txid in intent.txids}
        for raw in self.node.offered:
            transaction = decode_transaction(raw)
            assert known[transaction.txid] == transaction.origin.nonce
            assert transaction.origin.fee <= CAP

    @invariant()
    def is_paid_for(self):
        """What was set aside is enough for whatever of all bytes that a node has seen may be mined: one at each nonce."""
        if not hasattr(self, "runner"):
            return
        dearest: dict[int, int] = {}
        for raw in self.node.offered:
            origin = decode_transaction(raw).origin
            dearest[origin.nonce] = max(origin.fee, dearest.get(origin.nonce, 0))
        days = range(BEGIN // DAY_SECONDS, self.clock.now() // DAY_SECONDS + 1)
        counted = sum(self.run(self.sender.fees_on(Seconds(day * DAY_SECONDS))) for day in days)
        assert sum(dearest.values()) <= counted

    def come_to_rest(self):
        """With a quiet node everything is resolved and everything wanted is carried out."""
        node = self.node
        node.refuse, node.blind, node.ghosts, node.fee, node.late = None, False, frozenset(), 3_000, False
        node.lose_answers = node.lose_requests = 0
        self.then_contract_says(ok=True)
        for _ in range(12):
            self.run(self.sender.recover())
            node.mine()
            self.clock.advance(1_000)
        for _ in range(4):
            for purpose in sorted(self.wanted):
                self.attempt(self.sender.execute(order(purpose, urgent=purpose.startswith("stop"))), 0)
                node.mine()
            for _ in range(6):
                self.run(self.sender.recover())
                node.mine()
                self.clock.advance(1_000)
        left = [i for i in self.intents().values() if i.state in (IntentState.SIGNED, IntentState.SENT)]
        assert left == [], f"never resolved: {left}"
        known = {txid: key for key, intent in self.intents().items() for txid in intent.txids}
        done = sorted(known[item.txid].partition("#")[0] for item in self.mined() if self.succeeded(item))
        assert {purpose for purpose in done if not purpose.startswith("fill")} == self.wanted
        self.happens_once()


TestSender = SenderMachine.TestCase
TestSender.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
