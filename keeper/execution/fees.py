"""What may be paid: a floor, a step for another try, and caps that nothing gets past, per transaction and per day."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from keeper.core.units import BPS_ONE, Bps, MicroStx, Seconds
from keeper.errors import FeeTooHigh, KeeperError, LeaseLost
from keeper.execution.fenced import Fenced
from keeper.points import reached
from keeper.ports import Clock

DAY_SECONDS: Final = 86_400
KEPT_BACK_BPS: Final = Bps(1_000)
"""This much of the day's cap is kept for what is urgent."""


@dataclass(frozen=True, slots=True)
class FeeRule:
    """What may be paid for one transaction and in one day (UTC, by block time), in µSTX."""

    floor: MicroStx
    cap: MicroStx
    day_cap: MicroStx = MicroStx(5_000_000)
    step_bps: Bps = Bps(2_500)
    """How much more is offered, of what was offered before, for a transaction that is not taken up."""

    def checked(self, asked: int) -> MicroStx:
        """Return what to pay where `asked` is asked. Raises FeeTooHigh above the cap."""
        fee = MicroStx(max(asked, self.floor))
        if fee > self.cap:
            message = f"the network asks for {fee} µSTX and fees.max_fee_ustx is {self.cap}"
            raise FeeTooHigh(message, asked=fee, cap=self.cap)
        return fee

    def raised(self, before: int, asked: int) -> MicroStx | None:
        """Return what to offer after `before` was not enough, at most the cap; None when that was the cap.

        A node takes any strictly higher fee for the same nonce; the step keeps the number of tries small.
        """
        step = max(before * self.step_bps // BPS_ONE, 1)
        fee = min(max(before + step, asked, self.floor), self.cap)
        return MicroStx(fee) if fee > before else None


class DayBudget:
    """Counts what the day's transactions may cost. Counted before signing, so that a crash counts too much, never too little."""

    def __init__(self, notes: Fenced, clock: Clock, rule: FeeRule) -> None:
        self._notes = notes
        self._clock = clock
        self._rule = rule

    async def spent(self) -> MicroStx:
        """Return what was set aside today."""
        return await self.spent_on(self._clock.now())

    async def spent_on(self, at: Seconds) -> MicroStx:
        """Return what was set aside on the day (UTC) that `at`, in seconds since 1970, is in."""
        return MicroStx(int((await self._notes.note(_name(at)) or {"ustx": 0})["ustx"]))

    @asynccontextmanager
    async def reserved(self, ustx: int, *, urgent: bool) -> AsyncIterator[None]:
        """Set `ustx` aside for what is signed within, and give it back when nothing comes of that.

        Raises FeeTooHigh when the day's cap would be passed.
        """
        await self.reserve(ustx, urgent=urgent)
        try:
            yield
        except LeaseLost:  # somebody else keeps the budget now
            raise
        except KeeperError:
            await self.release(ustx)
            raise

    async def reserve(self, ustx: int, *, urgent: bool) -> None:
        """Set `ustx` aside. Raises FeeTooHigh when the day's cap would be passed."""
        spent = await self.spent()
        cap = self._rule.day_cap if urgent else self._rule.day_cap * (BPS_ONE - KEPT_BACK_BPS) // BPS_ONE
        if spent + ustx > cap:
            message = f"today's transactions have cost {spent} µSTX; with {ustx} more they pass the day's cap of {cap}"
            raise FeeTooHigh(message, asked=ustx, spent=spent, cap=cap, setting="fees.max_day_ustx")
        reached("fee_reserve.before")
        await self._notes.put_note(self._name(), {"ustx": spent + ustx})
        reached("fee_reserve.after")

    async def release(self, ustx: int) -> None:
        """Give back what was set aside for bytes that no node took."""
        reached("fee_release.before")
        await self._notes.put_note(self._name(), {"ustx": max(await self.spent() - ustx, 0)})
        reached("fee_release.after")

    def _name(self) -> str:
        return _name(self._clock.now())


def _name(at: Seconds) -> str:
    return f"fees:{at // DAY_SECONDS}"
