"""How the keeper is brought to each named point, there to be killed; the rare ones need the chain's help."""

from keeper.core.records import OPEN_STATES, IntentState
from keeper.execution.inquiry import UNSPOKEN
from tests.chaos.ground import rest

SEND = "/v2/transactions"
REACH_SECONDS = 40.0
AGAIN_SECONDS = 8.0
LONG = 3_600
OFTEN = 3
"""The living keeper dies at one of the first so many passes of a point."""
PAST_GRACE_BLOCKS = 61
PAST_FILL_BLOCKS = 15
MOST_BLOCKS = 16
"""So many the local chain can undo."""
COMMON = (
    "recover.before",
    "account.after",
    "status.after",
    "journal.mined.before",
    "journal.settled.before",
    "journal.planned.after",
    "journal.signed.after",
    "offer.before",
    "offer.after",
    "recover.after",
)
"""Where a second kill may follow the first."""
REASONS = ("NotEnoughFunds", "FeeTooLow", "NoSuchContract", "BadFunctionArgument", "ConflictingNonceInMempool")


class NotReached(Exception):
    """The keeper lives on: what should have brought it to the point did not."""


async def kill_at(ground, point, rng):
    """Bring the keeper to `point` and have it die there; it is dead afterwards. Raises NotReached."""
    await ground.alive()
    await _recipe(point)(ground, point, rng)


async def maybe_again(ground, rng):
    """For one seed in three: start, and kill again at a point on every way; the keeper is dead afterwards."""
    if rng.random() < 1 / 3:
        await ground.alive()
        ground.keeper.order(rng.choice(COMMON), rng.randint(1, 2))
        await ground.dies(AGAIN_SECONDS)
        await ground.keeper.kill()
    ground.keeper.calm()


def _recipe(point):
    name = point.removesuffix(".before").removesuffix(".after")
    return _RECIPES.get(name, _on_the_way)


async def _die(ground, point, times=1):
    ground.keeper.order(point, times)
    await ground.alive()
    if not await ground.dies(REACH_SECONDS):
        await ground.keeper.kill()
        raise NotReached(point)


async def _on_the_way(ground, point, rng):
    await _die(ground, point, rng.randint(1, OFTEN))


async def _after_a_refusal(ground, point, rng):
    await ground.fault(match=SEND, kind="reject", value=rng.choice(REASONS), times=1)
    await _die(ground, point)


async def _after_a_long_wait(ground, point, rng):
    """The transaction is held back, so that the next life finds it waiting and offers more."""
    await ground.fault(match=SEND, kind="delay-tx", value=LONG, times=1)
    await _die(ground, rng.choice(("offer.after", "journal.sent.before", "journal.sent.after", "follow.begun")))
    await ground.pass_time(rng.randint(2, 4))
    await _die(ground, point)


async def _after_a_loss(ground, point, rng):
    """The transaction is gone, or was never taken, so that the next life offers the same bytes again."""
    await ground.fault(match=SEND, kind=rng.choice(("drop-tx", "lying-200")), times=1)
    await _die(ground, rng.choice(("offer.after", "journal.sent.after", "follow.begun")))
    await rest(0.6)  # two ticks of the chain, in which it forgets
    await _die(ground, point)


async def _after_a_fork(ground, point, rng):
    """The block that had the transaction is undone, and the transaction is gone with it."""
    await _die(ground, "journal.mined.after", rng.randint(1, OFTEN))
    await lose_blocks(ground)
    await _die(ground, point)


async def lose_blocks(ground, most=MOST_BLOCKS):
    """Undo the newest block that has something mined and not yet over, unless something over lies above it.

    The keeper's transactions in it are gone, not waiting again. At most `most` blocks are undone.
    """
    depths = {row.txid: row.depth for row in await ground.rows() if row.depth is not None}
    intents = [i for i in await ground.store.intents(limit=50) if i.txid in depths]
    mined = [depths[i.txid] for i in intents if i.state is IntentState.MINED]
    over = [depths[i.txid] for i in intents if i.state not in OPEN_STATES]
    depth = min(mined, default=1)
    if depth < min(over, default=most + 1) and depth <= most:
        await ground.fault(kind="reorg", depth=depth, lose=ground.address)


async def _after_a_plan_or_a_stranger(ground, point, rng):
    """Two ways to be dropped: never signed, or the nonce was spent by another user of the key."""
    if rng.random() < 1 / 2:
        await _die(ground, "journal.planned.after")
    else:
        await _die(ground, "journal.signed.after")
        [signed] = [i for i in await ground.store.intents(open_only=True) if i.state is IntentState.SIGNED]
        await ground.use_key_elsewhere(signed.nonce)
        await ground.mine()
        await ground.pass_time(PAST_GRACE_BLOCKS)
    await _die(ground, point)


async def _after_a_ghost(ground, point, rng):
    """Somebody's transaction holds a nonce, ours waits behind it, and then nobody knows the first any more."""
    await _die(ground, "recover.before")
    if any(intent.state in UNSPOKEN for intent in await ground.store.intents(open_only=True)):
        raise NotReached(point)
    await ground.fault(match=SEND, kind="delay-tx", value=LONG, times=1)
    ghost = await ground.use_key_elsewhere(await ground.next_nonce())
    await _die(ground, "follow.begun")
    await ground.fault(kind="forget", txid=ghost)
    await ground.pass_time(PAST_FILL_BLOCKS)
    await _die(ground, point)


_RECIPES = {
    "journal.refused": _after_a_refusal,
    "fee_refused": _after_a_refusal,
    "journal.replaced": _after_a_long_wait,
    "replace.decided": _after_a_long_wait,
    "offer_again": _after_a_loss,
    "journal.reopened": _after_a_fork,
    "journal.dropped": _after_a_plan_or_a_stranger,
    "gap.found": _after_a_ghost,
}
