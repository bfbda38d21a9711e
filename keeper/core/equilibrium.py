"""The cheapest continuous plan: prices at which no lane is worth using more, and none worth using less.

Every asset gets a shadow price. A lane sells until its marginal rate has come down to the ratio of the two
shadow prices, which has a closed form for the curves here; so the whole plan follows from the shadow prices
alone, one number per asset, and Newton's method finds those at which every asset ends inside its band. At
the kinks (a lane not used, an asset at rest inside its band) the problem is rounded off, less and less, so
that every step sees which way to go. All numbers are floats in parts of the whole value: they guide, and
exact quotes decide afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, sqrt
from typing import Final

ROUNDINGS: Final = (1e-2, 2e-3, 4e-4, 6e-5, 5e-6)
"""How much the kinks are rounded off, stage by stage."""
FINER: Final = (3e-2, 1e-2, 5e-3, 2e-3, 1e-3, 4e-4, 2e-4, 1e-4, 4e-5, 1e-5, 3e-6, 1e-6, 1e-7)
"""The stages of a second try, where the first did not get there."""
SHARP: Final = 1e-8
DEEPEST: Final = 1.0
"""While kinks are rounded off, no lane counts as deeper than this divided by the rounding: deep lanes are kinks too."""
LEAST_PRICE: Final = 1e-4
"""Shadow prices nearer to 1 than this count as 1 in part: what that costs is of second order."""
STEPS: Final = 3
MORE_STEPS: Final = 8
LAST_STEPS: Final = 25
SOLVED: Final = 1e-6
EXACT: Final = 1e-9
"""The search ends when no asset is further from where it should be than this part of the value."""
LARGEST_STEP: Final = 0.7
NARROWEST: Final = 2e-7
"""Even an asset without slack has this much, so that the shadow prices are determined."""
FARTHEST: Final = 2.5
"""An asset that cannot reach its band gives up at this logarithm of its shadow price."""
GIVES_WAY: Final = 1.0
"""By how much of the value it does, for each further unit of that logarithm."""
OUTERMOST: Final = 6.0
ANCHOR: Final = 2e-6
"""Only ratios of shadow prices matter; this little pull towards 1 decides how large they all are."""
SHORTENINGS: Final = 7
SMALLEST: Final = 1e-300
"""Nothing smaller is divided by."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What a lane pays for `x`: rate · x / (1 + x / depth), for `x` up to `most`; values, not amounts."""

    sell: int
    buy: int
    rate: float
    depth: float
    most: float = inf

    def pays(self, x: float) -> float:
        """Return the value paid for the value `x`."""
        return self.rate * x / (1 + x / self.depth)


@dataclass(frozen=True, slots=True)
class Goal:
    """Where one asset should end: share · V + fixed, give or take room · V, for V the value left at the end."""

    share: float
    fixed: float
    room: float

    def band(self, total: float) -> tuple[float, float]:
        """Return the lowest and the highest value when all together are worth `total`."""
        want, room = self.share * total + self.fixed, max(self.room, NARROWEST) * total
        return max(want - room, 0.0), max(want + room, 0.0)


@dataclass(frozen=True, slots=True)
class Balance:
    """The plan: what every curve sells, what using it gains at the shadow prices, and where assets end."""

    logs: list[float]
    sold: list[float]
    gains: list[float]
    """A plan without that curve loses at least this much more."""
    values: list[float]
    misfit: float
    """By how much all assets together lie outside their bands."""

    @property
    def worth(self) -> float:
        """Return what is left after all trades."""
        return sum(self.values)


def balance(
    curves: Sequence[Curve], held: Sequence[float], goals: Sequence[Goal], start: Sequence[float] | None = None
) -> Balance:
    """Return the cheapest way to bring `held` into the bands of `goals`, or as near to them as the curves lead.

    `start` are the logarithms of shadow prices to begin with, from a problem much like this one.
    """
    search = _Search(curves, held, goals)
    logs = [0.0] * len(held) if start is None else list(start)
    found, off = search.by_stages(logs, ROUNDINGS if start is None else ROUNDINGS[-2:], STEPS)
    if off > SOLVED and start is not None:
        found, off = search.by_stages([0.0] * len(held), ROUNDINGS, STEPS)
    if off > SOLVED:
        found, off = search.by_stages(logs, FINER, MORE_STEPS)
    return search.result(found)


class _Search:
    """Newton's method on the logarithms of the shadow prices."""

    def __init__(self, curves: Sequence[Curve], held: Sequence[float], goals: Sequence[Goal]) -> None:
        self._curves = [(c.sell, c.buy, c.rate, c.depth, c.most) for c in curves]
        self._held = list(held)
        self._goals = [(g.share, g.fixed, max(g.room, NARROWEST)) for g in goals]
        self._ends = goals

    def by_stages(self, logs: list[float], roundings: Sequence[float], steps: int) -> tuple[list[float], float]:
        """Return the shadow prices found by rounding off less and less, and how far off an asset still is."""
        for rounding in roundings:
            logs, _ = self._solve(logs, rounding, steps)
        return self._solve(logs, SHARP, LAST_STEPS)

    def _solve(self, logs: list[float], rounding: float, steps: int) -> tuple[list[float], float]:
        """Take up to `steps` steps; a step that leads away is shortened."""
        off, slopes = self._look(logs, rounding)
        worst = _size(off)
        for _ in range(steps):
            if worst < EXACT:
                break
            move = solve_dense(slopes, off)
            scale = min(1.0, LARGEST_STEP / max(_size(move), SMALLEST))
            for _ in range(SHORTENINGS):
                tried = [min(max(y - scale * d, -OUTERMOST), OUTERMOST) for y, d in zip(logs, move, strict=True)]
                off, slopes = self._look(tried, rounding)
                size = _size(off)
                if size < worst:
                    break
                scale /= 3
            else:
                break
            logs, worst = tried, size
        return logs, worst

    def _look(self, logs: list[float], rounding: float) -> tuple[list[float], list[list[float]]]:
        """Return how far each asset is from where it should be, and how that answers to the shadow prices."""
        n = len(logs)
        ends = list(self._held)
        slopes = [[0.0] * n for _ in range(n)]
        prices = [exp(y) for y in logs]
        deepest = DEEPEST / rounding
        for sell, buy, rate, full, most in self._curves:
            depth = min(deepest, full)
            root = sqrt(rate * prices[buy] / prices[sell])
            gap = root - 1
            near = 2 * rounding / (depth if depth > 1 else 1.0)
            hyp = sqrt(gap * gap + near * near)
            part = (gap + hyp) / 2
            bend = part / hyp
            sold = depth * part
            if sold > most:
                sold, part, bend = most, most / depth, 0.0
            more = 1 + part
            ends[sell] -= sold
            ends[buy] += rate * sold / more
            if bend > 0:
                eager = depth * bend * root / 2
                gained = eager * rate / (more * more)
                slopes[sell][sell] += eager
                slopes[sell][buy] -= eager
                slopes[buy][buy] += gained
                slopes[buy][sell] -= gained
        return self._against_goals(logs, ends, slopes, rounding), slopes

    def _against_goals(
        self, logs: list[float], ends: list[float], slopes: list[list[float]], rounding: float
    ) -> list[float]:
        """Subtract where assets should be at these prices, in place for the slopes."""
        total = sum(ends)
        worth = [sum(column) for column in zip(*slopes, strict=True)]
        two = max(rounding, LEAST_PRICE) ** 2
        off = []
        for i, (share, fixed, room) in enumerate(self._goals):
            y = logs[i]
            square = y * y + two
            side = y / sqrt(square)  # from -1 (at the upper end of the band) to 1 (at the lower end)
            goal, per_total = (share - room * side) * total + fixed, share - room * side
            if goal < 0:
                goal = per_total = 0.0
            row = slopes[i]
            slopes[i] = row = [own - per_total * whole for own, whole in zip(row, worth, strict=True)]
            row[i] += room * total * two / (square * sqrt(square))
            if not -FARTHEST < y < FARTHEST:
                beyond = y - FARTHEST if y > 0 else y + FARTHEST
                goal -= GIVES_WAY * beyond
                row[i] += GIVES_WAY
            row[i] += ANCHOR
            off.append(ends[i] - goal + ANCHOR * y)
        return off

    def result(self, logs: list[float]) -> Balance:
        """Return the plan at these shadow prices, without any rounding off."""
        prices = [exp(y) for y in logs]
        sales, gains, ends = [], [], list(self._held)
        for sell, buy, rate, depth, most in self._curves:
            part = sqrt(rate * prices[buy] / prices[sell]) - 1
            sold = min(depth * part, most) if part > 0 else 0.0
            paid = rate * sold / (1 + sold / depth)
            ends[sell] -= sold
            ends[buy] += paid
            sales.append(sold)
            gains.append(prices[buy] * paid - prices[sell] * sold)
        total = sum(ends)
        bands = [goal.band(total) for goal in self._ends]
        misfit = sum(max(value - high, low - value, 0.0) for value, (low, high) in zip(ends, bands, strict=True))
        return Balance(logs, sales, gains, ends, misfit)


def _size(off: list[float]) -> float:
    return sqrt(sum(v * v for v in off))


def solve_dense(rows: list[list[float]], right: list[float]) -> list[float]:
    """Solve a small dense system by elimination; destroys nothing that is given."""
    n = len(right)
    table = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for i, top in enumerate(table):
        # Every asset answers most to its own shadow price, so the largest element is on the diagonal already.
        head = top[i] if abs(top[i]) > SMALLEST else SMALLEST
        tail = top[i + 1 :]
        for row in table[i + 1 :]:
            factor = row[i] / head
            if factor:
                row[i + 1 :] = [a - factor * b for a, b in zip(row[i + 1 :], tail, strict=True)]
    found = [0.0] * n
    for i in range(n - 1, -1, -1):
        row = table[i]
        head = row[i] if abs(row[i]) > SMALLEST else SMALLEST
        found[i] = (row[n] - sum(row[k] * found[k] for k in range(i + 1, n))) / head
    return found
