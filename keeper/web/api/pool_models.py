"""The answers of the API about pools. Amounts are texts of base units, parts are basis points, what is not known is null."""

from pydantic import Field

from keeper.core.records import Outcome
from keeper.web.api.shapes import Amount, AsOf, Decimal, Instant, Shape


class Drift(Shape):
    """How far a pool is from its whales, in basis points of its value."""

    bps: int | None
    """Half the sum of all gaps."""
    worst_bps: int | None
    """The largest gap of one asset."""
    threshold_bps: int | None
    """Above it a rebalance is proposed."""
    tolerance_bps: int | None
    """Within it a pool is on target."""


class Quote(Shape):
    """What one source says."""

    source: str | None
    """Its name."""
    quote: str | None
    """Currency of the price."""
    price: Decimal | None
    """The price in it."""
    seen_at: Instant | None
    """When the source saw it."""


class Price(Shape):
    """An agreed price, or why there is none."""

    stx: Decimal | None
    """STX for one whole token."""
    oldest_at: Instant | None
    """Time of the oldest source behind it."""
    spread_bps: int | None
    """Distance between the sources."""
    trouble: str | None
    """Why there is none."""
    sources: tuple[Quote, ...]
    """What each source said."""


class Holding(Shape):
    """One asset of a pool."""

    symbol: str | None
    """Short name."""
    amount: Amount | None
    """Base units held."""
    amount_decimal: Decimal | None
    """The same in whole tokens."""
    value_ustx: Amount | None
    """Value at the agreed price."""
    share_bps: int | None
    """Part of the pool's value."""
    target_bps: int | None
    """Part it should be."""
    gap_bps: int | None
    """Share less target."""
    price: Price | None
    """The agreed price."""


class Followed(Shape):
    """A whale the pool follows."""

    address: str | None
    """Its wallet."""
    weight_bps: int | None
    """Its part in the target."""
    score: Decimal | None
    """Its score."""
    win_rate_bps: int | None
    """Its win rate."""
    allocation_bps: dict[str, int]
    """What it holds, by symbol."""
    observed_at: Instant | None
    """When that was seen."""


class Proposal(Shape):
    """A pool's latest proposal."""

    pool_id: int
    """Number of the pool."""
    proposal_id: int | None
    """Number of the proposal."""
    state: str | None
    """As governance has it: voting, passed, failed, vetoed, expired, …"""
    ends_at: Instant | None
    """End of the vote."""
    due_at: Instant | None
    """From then on it can be carried out."""
    target_bps: dict[str, int]
    """What it asks for, by symbol."""
    votes_for: Decimal | None
    """FLOW for it."""
    votes_against: Decimal | None
    """FLOW against it."""
    stake_total: Decimal | None
    """All staked FLOW."""
    as_of: AsOf
    """When the keeper read it."""


class Mandate(Shape):
    """What voters have allowed, and how much of it is used."""

    mandate_id: int | None
    """Number of the mandate."""
    expires_at: Instant | None
    """When it ends."""
    target_bps: dict[str, int]
    """Where it leads, by symbol."""
    worst_bps: int | None
    """The largest gap from there."""
    slices: int | None
    """Slices done."""
    turnover_used_stx: Decimal | None
    """STX worth sold under it."""
    turnover_left_stx: Decimal | None
    """STX worth it still allows to sell."""
    loss_used_stx: Decimal | None
    """STX lost under it."""
    loss_left_stx: Decimal | None
    """STX it still allows to lose."""


class Waiting(Shape):
    """A withdrawal that waits for STX."""

    user: str | None
    """Whose."""
    shares: Decimal | None
    """How many shares."""
    min_out_stx: Decimal | None
    """Least that the user accepts."""
    asked_at: Instant | None
    """Since when."""


class Pauses(Shape):
    """What is stopped on the chain; null when it is not known."""

    deposits: bool | None
    """Nobody can come in."""
    withdrawals: bool | None
    """Nobody is paid in STX; leaving in kind always works."""
    rebalances: bool | None
    """Nothing is proposed or traded."""


class Pool(Shape):
    """One pool as the keeper saw it last."""

    as_of: AsOf
    """Which block all of this speaks of."""
    pool_id: int
    """Number of the pool in the vault."""
    name: str
    """Its name."""
    state: str
    """A word or two: on target, drifting, in vote, rebalancing, paused, no agreed price, not read yet, starting, …"""
    fresh: bool
    """False when no cycle of this process has finished for it lately."""
    pauses: Pauses
    """What is stopped on the chain."""
    value_ustx: Amount | None
    """What it is worth."""
    share_price_stx: Decimal | None
    """What one share is worth."""
    total_shares: Decimal | None
    """How many there are."""
    drift: Drift
    """How far it is from its whales."""
    coverage_bps: int | None
    """Part of the whales' value that it may hold."""
    dropped_bps: dict[str, int]
    """What the whales hold and it may not, by symbol."""
    assets: tuple[Holding, ...]
    """What it holds and should hold."""
    whales: tuple[Followed, ...]
    """Whom it follows."""
    proposal: Proposal | None
    """Its latest proposal."""
    mandate: Mandate | None
    """Its open mandate."""
    queue: tuple[Waiting, ...] | None
    """Who waits to be paid, oldest first."""
    last_outcome: Outcome | None
    """How its last cycle ended."""
    last_reason: str | None
    """And why."""
    last_at: Instant | None
    """And when: later than `as_of` where the pool could not be read."""


class Pools(Shape):
    """Every pool."""

    as_of: AsOf
    """Newest block seen."""
    pools: tuple[Pool, ...]
    """By number."""


class Proposals(Shape):
    """The latest proposal of every pool that has one."""

    as_of: AsOf
    """Newest block seen."""
    proposals: tuple[Proposal, ...]
    """By pool."""


class Point(Shape):
    """One pool at one moment."""

    at: Instant | None
    """When."""
    block: int | None
    """At which block."""
    value_ustx: Amount | None
    """What the pool was worth."""
    share_price_stx: Decimal | None
    """What one share was worth."""
    total_shares: Decimal | None
    """How many shares there were."""
    drift_bps: int | None
    """How far it was from its whales."""
    worst_bps: int | None
    """The largest gap of one asset."""


class History(Shape):
    """One pool over time, oldest first. More points than the limit are thinned evenly, and `thinned` says so."""

    as_of: AsOf
    """Newest block seen."""
    pool_id: int
    """Which pool."""
    thinned: bool
    """Whether there are more points in that time than are shown: a larger limit, a part of the time or the table has them."""
    points: tuple[Point, ...]
    """At most as many as the limit."""


class Part(Shape):
    """A cost: what is expected, and the least and the most it can come to."""

    expected_ustx: Amount
    """What is expected; below zero is a gain."""
    low_ustx: Amount
    """The least."""
    high_ustx: Amount
    """The most."""
    expected_percent: float | None
    """In percent of the pool's value."""
    low_percent: float | None
    """The least, in percent."""
    high_percent: float | None
    """The most, in percent."""


class Estimate(Shape):
    """What bringing a pool to its whales' target would cost."""

    as_of: AsOf
    """The block whose prices and reserves this was worked out from."""
    pool_id: int
    """Which pool."""
    name: str
    """Its name."""
    value_ustx: Amount
    """What the pool is worth."""
    legs: int = Field(ge=0)
    """Swaps."""
    slices: int = Field(ge=0)
    """Transactions that they are spread over."""
    gas: Part
    """Fees of the network."""
    slippage: Part
    """Fees and price impact of the venues."""
    total: Part
    """Both."""
    benefit_ustx: Amount | None
    """What being on target is taken to be worth; nothing where no trade is possible."""
    benefit_percent: float | None
    """The same in percent of the pool's value."""
    worth_it: bool | None
    """Whether the expected cost is no more than the benefit, so that a rebalance would be proposed."""
    reason: str
    """What the plan says of itself."""
