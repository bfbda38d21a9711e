"""Any order of taking, renewing, releasing and writing, by any holders who may have seen old news, against a model."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from conformance import intent
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from keeper.core.leases import FREE, SENDER, Lease
from keeper.errors import LeaseLost
from keeper.store.sqlite import open_store

HOLDERS = st.sampled_from(["one", "two", "three"])


class Terms(RuleBasedStateMachine):
    """Leases that somebody holds or once saw are kept in a bundle, so old ones are used as often as new ones."""

    known = Bundle("known")

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.open = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory()
        self.store = self.wait(self.open.enter_async_context(open_store(Path(self.folder.name) / "keeper.sqlite3")))
        self.model = None
        self.won = []
        self.written = {}

    def wait(self, awaitable):
        async def whole():
            return await awaitable

        return self.runner.run(whole())

    @initialize(target=known)
    def nobody_yet(self):
        return None

    @rule(target=known)
    def look(self):
        return self.wait(self.store.lease(SENDER))

    @rule(target=known, seen=known, holder=HOLDERS)
    def take(self, seen, holder):
        taken = self.wait(self.store.take_lease(SENDER, holder, seen=seen))
        before = self.model
        matches = (seen is None) == (before is None) and (
            seen is None or before is None or (seen.term, seen.beat) == (before.term, before.beat)
        )
        assert (taken is not None) == matches
        if taken is None:
            return multiple()
        self.model = Lease(SENDER, 1 if before is None else before.term + 1, holder, 0)
        self.won.append(taken.term)
        assert taken == self.model
        return taken

    @rule(target=known, lease=known)
    def renew(self, lease):
        if lease is None:
            return multiple()
        renewed = self.wait(self.store.renew_lease(lease))
        if not self.is_holder(lease):
            assert renewed is None
            return multiple()
        self.model = replace(self.model, beat=self.model.beat + 1)
        assert renewed == self.model
        return renewed

    @rule(lease=known)
    def release(self, lease):
        if lease is not None:
            self.wait(self.store.release_lease(lease))
            if self.is_holder(lease):
                self.model = replace(self.model, holder=FREE)

    @rule(lease=known, key=st.sampled_from(["a", "b"]))
    def write(self, lease, key):
        term = 0 if lease is None else lease.term
        record = replace(intent(key), nonce=term)
        if self.model is not None and term == self.model.term:
            self.wait(self.store.put_intent(record, term=term))
            self.written[key] = record
        else:
            with pytest.raises(LeaseLost):
                self.wait(self.store.put_intent(record, term=term))

    def is_holder(self, lease):
        return lease.holder != FREE and (lease.term, lease.holder) == (self.model.term, self.model.holder)

    @invariant()
    def the_store_is_as_the_model_says(self):
        assert self.wait(self.store.lease(SENDER)) == self.model
        assert {item.key: item for item in self.wait(self.store.intents())} == self.written

    @invariant()
    def no_term_was_won_twice(self):
        assert self.won == list(range(1, len(self.won) + 1))

    def teardown(self):
        self.wait(self.open.aclose())
        self.runner.close()
        self.folder.cleanup()


TestTerms = Terms.TestCase
