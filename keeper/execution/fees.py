"""What may be paid: a floor, a step for another try, and caps that nothing gets past, per transaction and per day."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

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
    """Counts what the day's transactions may cost. Counted before signing, so that a crash counts too much, never too little.

    Bytes that a node turned away stay counted, for it may have kept them. What is signed next under their nonce costs
    only what it pays more, because the chain takes one of them. One such nonce is remembered, the last.
    """

    def __init__(self, notes: Fenced, clock: Clock, rule: FeeRule) -> None:
        self._notes = notes
        self._clock = clock
        self._rule = rule

    async def spent(self) -> MicroStx:
        """Return what was set aside today."""
        return await self.spent_on(self._clock.now())

    async def spent_on(self, at: Seconds) -> MicroStx:
        """Return what was set aside on the day (UTC) that `at`, in seconds since 1970, is in."""
        return MicroStx(int((await self._day(at))["ustx"]))

    async def counted(self, nonce: int) -> MicroStx:
        """Return the most that was counted today for what was turned away under `nonce`; 0 when that is not known."""
        day = await self._day(self._clock.now())
        return MicroStx(int(day["refused_ustx"])) if day.get("refused_nonce") == nonce else MicroStx(0)

    async def refused(self, nonce: int, ustx: MicroStx) -> None:
        """Remember that bytes for `nonce` that pay `ustx` are counted and were turned away."""
        most = max(ustx, await self.counted(nonce))
        reached("fee_refused.before")
        await self._put(await self.spent(), {"refused_nonce": nonce, "refused_ustx": most})
        reached("fee_refused.after")

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
            kept = "" if urgent else f", less the {self._rule.day_cap - cap} kept for what is urgent"
            what = f"fees.max_day_ustx of {self._rule.day_cap}{kept}"
            message = f"today's transactions may cost {spent} µSTX already; with {ustx} more they pass {what}"
            raise FeeTooHigh(message, asked=ustx, spent=spent, cap=cap, setting="fees.max_day_ustx")
        reached("fee_reserve.before")
        await self._put(spent + ustx)
        reached("fee_reserve.after")

    async def release(self, ustx: int) -> None:
        """Give back what was set aside for what nobody signed."""
        await self._put(max(await self.spent() - ustx, 0))

    async def _day(self, at: Seconds) -> Mapping[str, Any]:
        return await self._notes.note(_name(at)) or {"ustx": 0}

    async def _put(self, ustx: int, changes: Mapping[str, int] = MappingProxyType({})) -> None:
        """Write down today's sum, with what else changes."""
        now = self._clock.now()
        await self._notes.put_note(_name(now), {**await self._day(now), **changes, "ustx": ustx})


def _name(at: Seconds) -> str:
    return f"fees:{at // DAY_SECONDS}"
