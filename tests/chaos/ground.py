"""Where one worker's runs happen: one local chain, one store, one key, and the keeper that lives and dies there."""

import asyncio
import signal
import string
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from urllib.parse import urlencode

from keeper.chain.auth import Condition, signer_hash
from keeper.chain.c32 import parse_principal
from keeper.chain.payloads import MEMO_LENGTH, TransferPayload
from keeper.chain.transactions import Network, Transaction
from keeper.core.units import Seconds
from keeper.demo import local_chain as chains
from keeper.demo.session import TEMPLATE
from keeper.errors import StoreUnavailable
from keeper.pause import pause
from keeper.signers.local import KeySigner, sign_transaction
from keeper.store.sqlite import open_store
from tests.chaos.audit import Row, audit
from tests.chaos.daemon import Daemon

BLOCK_MS = "250"
CONFIRMATIONS = 3
EVERYTHING = 1_000_000
LIVELY = {
    "KEEPER_WEB_PORT": "0",
    "KEEPER_CYCLE_SECONDS": "1",
    "KEEPER_POLICY__PRICE_HEARTBEAT_SECONDS": "10",
    "KEEPER_FEES__MAX_DAY_USTX": "1000000000",
    "KEEPER_FEES__RAISE_AFTER_SECONDS": "10",
    "KEEPER_SENDING__CONFIRMATIONS": str(CONFIRMATIONS),
    "KEEPER_SENDING__LEASE_SECONDS": "3",
}
QUIET = {"KEEPER_POLICY__PRICE_HEARTBEAT_SECONDS": "0"}
RESOLVE_SECONDS = 150.0
PATIENT_SECONDS = 10.0
"""After so long the chain has been quiet, and block time moves on past every wait the keeper has."""
MOVE_BLOCKS = 35
MOVE_EVERY = 10
TURN_SECONDS = 0.4
HELP_EVERY = 2
"""Turns between helping a block along, and between moving time on; oftener, and reading becomes a race."""
BUSY_SECONDS = 30.0
BOOT_SECONDS = 300
"""Nobody waits for this one, and the machine may have other work to do."""
LEFT_OUT = "Meme Whale Portfolio"
"""One pool less makes a cycle shorter; what is left still proposes, votes, trades, pays and reports."""
FOREIGN_FEE = 3_000
PERSON_NEEDED = 78


async def rest(seconds):
    """Let others work for so long."""
    await pause(asyncio.Event(), seconds)


def now():
    """Return the seconds of the running loop."""
    return asyncio.get_running_loop().time()


class Ground:
    """The chain, the store and the key of one worker."""

    def __init__(self, chain, folder, store, address, signer):
        self.chain, self.folder, self.store = chain, folder, store
        self.address, self.signer = address, signer
        self.keeper = Daemon(folder, LIVELY)
        self.second = Daemon(folder, LIVELY, name="second")
        self.foreign = set()
        self._whales = ()
        self._mixed = False

    async def look_around(self):
        """Remember the whales, and put them where the keeper reads them."""
        self._whales = await self.chain.whales()
        await self.feed_whales()

    async def feed_whales(self, *, turn=False):
        """Renew what is known of the whales; with `turn` they have traded, and the pools are adrift."""
        self._mixed ^= turn
        at = Seconds((await self.chain.get("/devnet/state"))["time"])
        with suppress(StoreUnavailable):  # it is locked by order; the next run feeds them
            await self.store.put_whales([self._whale(whale, at) for whale in self._whales])

    def _whale(self, whale, at):
        if not self._mixed:
            return replace(whale, observed_at=at)
        symbols, parts = list(whale.allocation_bps), list(whale.allocation_bps.values())
        return replace(whale, observed_at=at, allocation_bps=dict(zip(symbols, reversed(parts), strict=True)))

    async def fault(self, **rule):
        """Make the chain misbehave."""
        return await self.chain.post("/devnet/faults", rule)

    async def mend(self):
        """Make the chain behave."""
        async with self.chain.session.delete(f"{self.chain.url}/devnet/faults") as answer:
            answer.raise_for_status()

    async def is_met(self):
        """Tell whether some fault has had its effect on somebody; True as well when none is left to have one."""
        rules = (await self.chain.get("/devnet/state"))["faults"]
        return not rules or any(rule["left"] is not None and rule["left"] < rule["times"] for rule in rules)

    async def mine(self):
        await self.chain.post("/devnet/mine", {})

    async def pass_time(self, blocks):
        """Let block time move on by ten seconds a block."""
        await self.chain.post("/devnet/advance", {"blocks": blocks})

    async def rows(self):
        """Return every transaction the chain ever took for the keeper's key."""
        found = await self.chain.get(f"/devnet/transactions?{urlencode({'sender': self.address})}")
        rows = found["transactions"]
        return [
            Row(row["txid"].removeprefix("0x"), row["nonce"], row["status"], row["block_height"], row["depth"])
            for row in rows
        ]

    async def next_nonce(self):
        return (await self.chain.get(f"/v2/accounts/{self.address}?proof=0"))["nonce"]

    async def open_keys(self):
        return {intent.key for intent in await self.store.intents(open_only=True)}

    async def audited(self):
        """Hold journal and chain against each other while no keeper moves."""
        alive = [keeper for keeper in (self.keeper, self.second) if keeper.is_alive()]
        for keeper in alive:
            keeper.send(signal.SIGSTOP)
        try:
            intents = await self.store.intents(limit=EVERYTHING)
            return audit(intents, await self.rows(), self.foreign)
        finally:
            for keeper in alive:
                keeper.send(signal.SIGCONT)

    async def use_key_elsewhere(self, nonce):
        """Send a transfer with the keeper's key from outside of the keeper; return its txid."""
        version, chain_id = Network.TESTNET.value
        condition = Condition(signer=signer_hash(self.signer.public_key), nonce=nonce, fee=FOREIGN_FEE)
        to = parse_principal((await self.chain.get("/devnet/state"))["actors"]["guardian"])
        draft = Transaction(version, chain_id, condition, TransferPayload(to, 1, bytes(MEMO_LENGTH)))
        signed = await sign_transaction(draft, self.signer)
        self.foreign.add(signed.txid)
        headers = {"content-type": "application/octet-stream"}
        url = f"{self.chain.url}/v2/transactions"
        async with self.chain.session.post(url, data=signed.encode(), headers=headers) as answer:
            await answer.read()
        return signed.txid

    async def alive(self, **settings):
        """Have a keeper live, as systemd would: one that ended is started again, unless it asks for a person."""
        if self.keeper.is_alive():
            return
        if self.keeper.status == PERSON_NEEDED:
            message = f"the keeper asked for a person: {self.keeper.log[-600:]}"
            raise AssertionError(message)
        await self.keeper.start(**settings)

    async def busy(self):
        """Have a keeper live that has begun something, so that disorder meets it at work."""
        end = now() + BUSY_SECONDS
        await self.alive()
        while now() < end and not await self.open_keys():
            await self.alive()
            await self.keeper.ended(TURN_SECONDS)

    async def dies(self, seconds):
        """Help blocks along until the keeper has ended by itself; return whether it did."""
        deadline = now() + seconds
        while now() < deadline:
            if await self.keeper.ended(TURN_SECONDS) is not None:
                return True
            await self.mine()
        return False

    async def resolve(self, keys):
        """Let the keeper live until none of `keys` is open; return those that still are when patience ends."""
        started, turn, left = now(), 0, set(keys)
        while (left := left & await self.open_keys()) and now() - started < RESOLVE_SECONDS:
            await self.alive()
            turn += 1
            if now() - started < PATIENT_SECONDS:
                if turn % HELP_EVERY == 0:
                    await self.mine()
            elif turn % MOVE_EVERY == 0:
                await self.pass_time(MOVE_BLOCKS)
            await self.keeper.ended(TURN_SECONDS)
        return left

    async def states(self, keys):
        """Return key: state for a message."""
        found = await self.store.intents(limit=EVERYTHING)
        return {intent.key: str(intent.state) for intent in found if intent.key in keys}


def _without(name, settings):
    """Return the settings without the pool of that name."""
    head, *pools = settings.split("[[pools]]")
    kept = [pool for pool in pools if f'"{name}"' not in pool]
    assert len(kept) == len(pools) - 1
    return "[[pools]]".join([head, *kept])


@asynccontextmanager
async def ground(folder, booting):
    """Start a chain of pools adrift and lay out settings, key and store for a keeper; all down at the end.

    Starting takes a core to itself, so chains start one at a time, under the lock `booting`.
    """
    chains.BOOT_SECONDS = BOOT_SECONDS
    async with AsyncExitStack() as stack:
        async with booting:
            chain = await stack.enter_async_context(chains.local_chain(folder / "chain.log", "--block-ms", BLOCK_MS))
        state = await chain.get("/devnet/state")
        key = folder / "keeper.key"
        key.touch(mode=0o600)
        key.write_text((await chain.get("/devnet/actors/keeper/key"))["key"])
        text = string.Template(TEMPLATE.read_text())
        settings = text.substitute(chain=chain.url, state=folder, deployer=state["deployer"])
        (folder / "keeper.toml").write_text(_without(LEFT_OUT, settings))
        store = await stack.enter_async_context(open_store(folder / "keeper.sqlite3"))
        signer = KeySigner.from_file(key, Network.TESTNET)
        here = Ground(chain, folder, store, state["actors"]["keeper"], signer)
        stack.push_async_callback(here.keeper.kill)
        stack.push_async_callback(here.second.kill)
        await here.look_around()
        yield here
