"""Every kind of disorder around a living keeper; in half of the runs it is killed in the middle of it."""

import resource
import signal
import sqlite3
from contextlib import closing, contextmanager, suppress

from tests.chaos.ground import CONFIRMATIONS, LIVELY, TURN_SECONDS, now, rest
from tests.chaos.kills import SEND, lose_blocks

UNDER_SECONDS = 4.0
MET_SECONDS = 30.0
LATENCIES_MS = (300, 1_500, 6_000)
FAILURES = (500, 502, 503)
PATHS = (SEND, "/v2/accounts", "/v2/fees", "/extended/v3/transactions", "/extended", "/v2", "/")
JUMPS = (120, 900, 7_200)
LOCKED_SECONDS = (2.0, 7.0)
"""Less than the store waits for a lock, and more."""
LEASE_SECONDS = float(LIVELY["KEEPER_SENDING__LEASE_SECONDS"])


async def _met(ground, rng):
    """Wait until the disorder has met the keeper, then let it live in it."""
    end = now() + MET_SECONDS
    while now() < end and not await ground.is_met():
        await ground.mine()
        await ground.keeper.ended(TURN_SECONDS)
    return await _under(ground, rng)


async def _under(ground, rng, seconds=UNDER_SECONDS):
    """Let the keeper live in disorder for a while; return the keys of what was open at any bad moment."""
    keys, end = set(await ground.open_keys()), now() + seconds
    dies_at = now() + rng.uniform(0.5, seconds - 0.5) if rng.random() < 1 / 2 else end + 1
    while now() < end:
        await ground.alive()
        await ground.mine()
        await ground.keeper.ended(TURN_SECONDS)
        if now() > dies_at:
            await ground.keeper.kill()
            keys |= await ground.open_keys()
            dies_at = end + 1
    return keys | await ground.open_keys()


def _http(kind, values):
    async def disorder(ground, rng):
        await ground.busy()
        for path in rng.sample(PATHS, 2):
            await ground.fault(match=path, kind=kind, value=rng.choice(values), times=rng.randint(2, 12))
        return await _met(ground, rng)

    return disorder


def _sending(kind, values):
    async def disorder(ground, rng):
        await ground.busy()
        await ground.fault(match=SEND, kind=kind, value=rng.choice(values), times=rng.randint(1, 3))
        return await _met(ground, rng)

    return disorder


async def _fork(ground, rng):
    """Blocks are undone and their transactions wait again, in other blocks."""
    await ground.busy()
    for _ in range(3):
        await _under(ground, rng, 2.0)
        await ground.fault(kind="reorg", depth=rng.randint(1, CONFIRMATIONS - 1))
    return await _under(ground, rng)


async def _fork_that_loses(ground, rng):
    await ground.busy()
    for _ in range(2):
        await _under(ground, rng, 2.0)
        await lose_blocks(ground, most=CONFIRMATIONS - 1)
    return await _under(ground, rng)


async def _clock_forwards(ground, rng):
    await ground.busy()
    await ground.fault(kind="clock-jump", seconds=rng.choice(JUMPS))
    return await _under(ground, rng)


async def _clock_backwards(ground, rng):
    """A jump forwards that the chain then takes back."""
    await ground.busy()
    await ground.fault(kind="clock-jump", seconds=rng.choice(JUMPS))
    await ground.keeper.ended(rng.uniform(0.0, 1.0))
    await ground.fault(kind="reorg", depth=1)
    return await _under(ground, rng)


async def _store_locked(ground, rng):
    """Another process holds the store's write lock."""
    await ground.busy()
    keys, seconds = await _under(ground, rng, 1.5), rng.choice(LOCKED_SECONDS)
    with closing(sqlite3.connect(ground.folder / "keeper.sqlite3", timeout=10, isolation_level=None)) as other:
        with suppress(sqlite3.OperationalError):
            other.execute("BEGIN IMMEDIATE")
        keys |= await _under(ground, rng, seconds)
    return keys | await _under(ground, rng, 2.0)


@contextmanager
def _full_disk(pid):
    """No file may grow, or be written at all, by that process."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


async def _disk_full(ground, rng):
    await ground.busy()
    keys = await _under(ground, rng, 1.5)
    await ground.alive()
    with _full_disk(ground.keeper.pid):
        keys |= await _under(ground, rng, 4.0)
    return keys | await _under(ground, rng, 2.0)


async def _stranger(ground, rng):
    """Somebody else uses the key at the nonce that comes next, or some way ahead."""
    await ground.busy()
    for _ in range(2):
        await _under(ground, rng, 1.5)
        await ground.use_key_elsewhere(await ground.next_nonce() + rng.choice((0, 0, 1)))
    return await _under(ground, rng)


async def _two_keepers(ground, rng):
    """Two on one store and key; the one that sends is stopped for longer than its lease, and goes on."""
    await ground.busy()
    await ground.second.start()
    keys = await _under(ground, rng, 3.0)
    try:
        for _ in range(2):
            first, other = rng.sample((ground.keeper, ground.second), 2)
            if not first.is_alive():
                first, other = other, first
            first.send(signal.SIGSTOP)
            await _mined_for(ground, LEASE_SECONDS * rng.uniform(0.5, 2.5))
            keys |= await ground.open_keys()
            first.send(signal.SIGCONT)
            await _mined_for(ground, rng.uniform(0.5, 3.0))
    finally:
        await (ground.second.kill() if rng.random() < 1 / 2 else ground.second.stop())
    return keys | await _under(ground, rng, 3.0)


async def _mined_for(ground, seconds):
    end = now() + seconds
    while now() < end:
        await ground.mine()
        await rest(TURN_SECONDS)


FAULTS = {
    "latency": _http("latency", LATENCIES_MS),
    "429": _http("status", (429,)),
    "5xx": _http("status", FAILURES),
    "cut bodies": _http("cut", (0,)),
    "malformed bodies": _http("malformed", (0,)),
    "lying 200": _sending("lying-200", (0,)),
    "answer lost": _sending("taken-status", (502, 504)),
    "dropped transactions": _sending("drop-tx", (0,)),
    "late transactions": _sending("delay-tx", (1, 3, 8)),
    "refusals": _sending(
        "reject", ("NotEnoughFunds", "ConflictingNonceInMempool", "ServerFailureDatabase", "BadNonce")
    ),
    "reorganisation": _fork,
    "reorganisation that loses": _fork_that_loses,
    "clock forwards": _clock_forwards,
    "clock backwards": _clock_backwards,
    "store locked": _store_locked,
    "disk full": _disk_full,
    "key used elsewhere": _stranger,
    "two keepers": _two_keepers,
}
"""Name: what is done. Each returns the keys of what was open in disorder."""
