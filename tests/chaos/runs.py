"""One run: bring the keeper down or the chain into disorder, let it recover, and hold it against the chain."""

import random
import traceback
from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.faults import FAULTS
from tests.chaos.ground import now
from tests.chaos.kills import NotReached, kill_at, maybe_again

AT_THE_END = "at the end"
TURN_EVERY = 8
"""After so many runs on one chain the whales trade, and the pools are adrift again."""


@dataclass
class Result:
    """What one run showed."""

    kind: str
    seed: int
    reached: bool = True
    keys: frozenset[str] = frozenset()
    """Intents that were begun in this run, or ended in it."""
    intended: int = 0
    once: int = 0
    given_up: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    points: Counter = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def clean(self):
        return not (self.lost or self.twice or self.wrong)

    def lines(self):
        """Return every finding in words, with what is needed to see it again."""
        found = [*(f"lost: {x}" for x in self.lost), *(f"twice: {x}" for x in self.twice), *self.wrong]
        return [f"{self.kind} seed {self.seed}: {line}" for line in found]


class Bench:
    """Runs one after the other on one ground."""

    def __init__(self, ground):
        self._ground = ground
        self._counted = set()
        self._complained = set()
        self._done = 0

    async def run(self, kind, seed):
        """Do one run of `kind`, a point or a fault, and return what it showed."""
        ground, result, started = self._ground, Result(kind, seed), now()
        rng = random.Random(f"{kind} {seed}")  # noqa: S311 - repeatable on purpose
        self._done += 1
        await ground.feed_whales(turn=self._done % TURN_EVERY == 0)
        try:
            await self._disorder(result, rng)
        except NotReached:
            result.reached = False
        except AssertionError as exc:
            result.wrong.append(f"ended: {exc}")
        except Exception:  # noqa: BLE001 - a run that breaks is a finding, and the others go on
            result.wrong.append(f"broke: {traceback.format_exc()}")
        await self._judge(result)
        result.seconds = now() - started
        return result

    async def _disorder(self, result, rng):
        ground = self._ground
        if result.kind in FAULTS:
            try:
                keys = await FAULTS[result.kind](ground, rng)
            finally:
                await ground.mend()
        else:
            await kill_at(ground, result.kind, rng)
            self._take(result, await ground.audited())
            await maybe_again(ground, rng)
            await ground.mend()
            keys = await ground.open_keys()
        await self._resolve(result, keys)

    async def _resolve(self, result, keys):
        left = await self._ground.resolve(keys)
        if left:
            result.lost += [f"{key} stays {state}" for key, state in (await self._ground.states(left)).items()]

    async def _judge(self, result):
        """Audit once more, and count what came to an end in this run."""
        ground = self._ground
        ground.keeper.calm()
        await ground.mend()
        found = await ground.audited()
        self._take(result, found)
        result.once = len(found.once - self._counted)
        result.given_up = len(found.given_up - self._counted)
        result.intended = result.once + result.given_up
        self._counted |= found.once | found.given_up
        for keeper in (ground.keeper, ground.second):
            result.points.update(keeper.newly_reached())

    def _take(self, result, found):
        """Take over what an audit found, each finding once."""
        for name, into in (("lost", "lost"), ("twice", "twice"), ("wrong", "wrong"), ("unknown", "wrong")):
            fresh = [line for line in getattr(found, name) if line not in self._complained]
            self._complained.update(fresh)
            getattr(result, into).extend(fresh)

    async def drain(self):
        """Let everything end that is still open at the end, and judge it."""
        result, started = Result(AT_THE_END, 0), now()
        await self._resolve(result, await self._ground.open_keys())
        await self._judge(result)
        result.seconds = now() - started
        return result
