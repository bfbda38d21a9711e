"""How often what is done."""

from pydantic import Field

from keeper.core.calendar import Periods
from keeper.core.units import Seconds
from keeper.settings.sections import Section


class ScheduleSettings(Section):
    """How often what is done, by block time. Each wait is up to a twentieth longer, so that not all is asked at once; what was missed is done once."""

    analysis_seconds: int = Field(default=21_600, ge=1, le=604_800)
    """Longest time between two looks at a pool where nothing is under way, in seconds."""
    after_block_seconds: int = Field(default=300, ge=0, le=86_400)
    """A new block is reason for a look when the last one is so long ago, in seconds; 0 looks by analysis_seconds alone, and the oracle's prices then age between looks."""
    proposals_seconds: int = Field(default=3_600, ge=1, le=604_800)
    """How long after one look at which a proposal could be opened the next one may open one, in seconds."""
    health_seconds: int = Field(default=86_400, ge=60, le=604_800)
    """How often the running keeper looks at everything it depends on, as `keeper check` does, in seconds."""
    looks_at_once: int = Field(default=10, ge=1, le=10_000)
    """Most pools that are looked at in one round beside those where something is under way; those that were not seen longest come first."""

    def periods(self) -> Periods:
        """Return the same as the core takes it."""
        return Periods(
            analysis=Seconds(self.analysis_seconds),
            proposals=Seconds(self.proposals_seconds),
            health=Seconds(self.health_seconds),
            after_block=Seconds(self.after_block_seconds),
            looks_at_once=self.looks_at_once,
        )
