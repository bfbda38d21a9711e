"""The cheapest continuous plan: prices at which no lane is worth using more, and none worth using less.

Every asset gets a shadow price. A lane sells until its marginal rate has come down to the ratio of the two
shadow prices, which has a closed form for the curves here; so the whole plan follows from the shadow prices
alone, one number per asset, and Newton's method finds those at which every asset ends inside its band. At
the kinks (a lane not used, an asset at rest inside its band) the problem is rounded off, less and less, so
that every step sees which way to go. All numbers are floats in parts of the whole value: they guide, and
exact quotes decide afterwards.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, inf, log, sqrt
from typing import Final

PATHS: Final = ((5e-2, 1e-5, 11), (2e-1, 1e-5, 16))
"""How much the kinks are rounded off at first and at last, and in how many steps between; a second try for where
the first does not get there."""
NEARBY: Final = (1e-2, 1e-5, 10)
"""The same where a problem much like this one was solved before."""
GENTLER: Final = (1e-5, 1e-6, 1e-7)
"""Where a path ends too far from the exact prices for a last leap, these lie between."""
FINER: Final = (3e-2, 1e-2, 5e-3, 2e-3, 1e-3, 4e-4, 2e-4, 1e-4, 4e-5, 1e-5, 3e-6, 1e-6, 1e-7)
"""The stages of a last try, with several steps for each."""
SHARP: Final = 1e-8
DEEPEST: Final = 1.0
"""While kinks are rounded off, no lane counts as deeper than this divided by the rounding: deep lanes are kinks too."""
AT_REST: Final = 100
"""A lane that lies this many times the width of its rounded kink below what would move it is left at rest."""
LEAST_PRICE: Final = 1e-4
"""Shadow prices nearer to 1 than this count as 1 in part: what that costs is of second order."""
LOST: Final = 1e-2
"""Where some assets give up, a path that ends further off than this has led nowhere."""
STRAIGHT: Final = 2
FEW_STEPS: Final = 3
LAST_STEPS: Final = 6
MORE_STEPS: Final = 8
MOST_STEPS: Final = 15
SOLVED: Final = 1e-6
EXACT: Final = 1e-9
"""The search ends when no asset is further from where it should be than this part of the value."""
LARGEST_STEP: Final = 0.7
NARROWEST: Final = 2e-7
"""Even an asset without slack has this much, so that the shadow prices are determined."""
FARTHEST: Final = 2.5
"""An asset that cannot reach its band gives up at this logarithm of its shadow price, or where no lane could ever lead."""
GIVES_WAY: Final = 1.0
"""By how much of the value it does, for each further unit of that logarithm."""
OUTERMOST: Final = 6.0
ANCHOR: Final = 2e-6
"""Only ratios of shadow prices matter; this little pull towards 1 decides how large they all are."""
HOPELESS: Final = 3e-4
"""An asset that is short of its band, or beyond it, by this much together with all it can be traded for gives up at once."""
SHORTENINGS: Final = 7
TURNS_BACK: Final = 3
ON_THE_PATH: Final = 1e-3
"""A step that ends twice as far off as the last one, and further than this, was too long."""
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
    curves: Sequence[Curve],
    held: Sequence[float],
    goals: Sequence[Goal],
    start: Sequence[float] | None = None,
    *,
    near: bool = False,
    trial: bool = False,
) -> Balance:
    """Return the cheapest way to bring `held` into the bands of `goals`, or as near to them as the curves lead.

    `start` are the logarithms of shadow prices to begin with, from a problem much like this one, or all but the
    same (`near`). A `trial` is not searched for as patiently where it seems to lead nowhere.
    """
    search = _Search(curves, held, goals)
    if start is not None and near:
        found, off = search.sharply(list(start))
        if off <= SOLVED:
            return search.result(found)
    found, off = [0.0] * len(held), inf
    for tried, size in _tries(search, start, trial=trial):
        if size < off:
            found, off = tried, size
        if off <= SOLVED:
            break
    return search.result(found)


def _tries(search: "_Search", start: Sequence[float] | None, *, trial: bool) -> Iterator[tuple[list[float], float]]:
    """Search in one way after the other, each only when it is asked for; the quickest first."""
    zero = search.nowhere()
    first = (zero, PATHS[0]) if start is None else (list(start), NEARBY)
    yield search.along(search.aside(first[0]), first[1])
    if trial:
        return
    if search.astray:
        # Where assets give up, what did not lead there along one path seldom does along another.
        yield search.by_stages(zero, FINER, MORE_STEPS)
    yield search.along(search.aside(zero), PATHS[1])
    if not search.astray:
        yield search.by_stages(zero, FINER, MORE_STEPS)


class _Search:
    """Newton's method on the logarithms of the shadow prices."""

    def __init__(self, curves: Sequence[Curve], held: Sequence[float], goals: Sequence[Goal]) -> None:
        self._curves = [(c.sell, c.buy, c.rate, c.depth, c.most) for c in curves]
        self._pairs = [(c.sell, c.buy) for c in curves]
        self._held = list(held)
        self._goals = [(g.share, g.fixed, max(g.room, NARROWEST)) for g in goals]
        self._ends = goals
        self.astray = False
        """Whether some assets are known to end outside their bands."""
        self._far = min(FARTHEST, max(len(held) - 1, 1) * max(map(_steepest, curves), default=FARTHEST))

    def nowhere(self) -> list[float]:
        """Return the shadow prices at which nothing is scarcer than anything else."""
        return [0.0] * len(self._held)

    def aside(self, logs: list[float]) -> list[float]:
        """Move assets that no trade can bring into their bands to where they give up, so that no step is lost on it."""
        moved, gaps = list(logs), gaps_of(self._held, self._ends)
        for group in groups_of(self._pairs, len(logs)):
            lacks = lacking(group, gaps)
            if abs(lacks) > HOPELESS:
                self.astray = True
                mean = sum(logs[i] for i in group) / len(group)
                way = self._far + abs(lacks) / (GIVES_WAY * len(group))
                for i in group:
                    moved[i] += (way if lacks > 0 else -way) - mean
        return moved

    def sharply(self, logs: list[float]) -> tuple[list[float], float]:
        """Return the exact shadow prices where `logs` are all but those, and how far off they are."""
        return self._solve(logs, SHARP, STRAIGHT)

    def along(self, logs: list[float], path: tuple[float, float, int]) -> tuple[list[float], float]:
        """Take one step for each rounding of a path, then find the exact shadow prices; tell how far off they are."""
        rounding, last, steps = path
        less = (last / rounding) ** (1 / (steps - 1))
        before, size_before = logs, inf
        for _ in range(steps):
            off, slopes = self._look(logs, rounding)
            size = _size(off)
            for _ in range(TURNS_BACK):
                if size <= max(2 * size_before, ON_THE_PATH):
                    break
                logs = [b + (y - b) / 3 for y, b in zip(logs, before, strict=True)]
                off, slopes = self._look(logs, rounding)
                size = _size(off)
            before, size_before = logs, size
            logs = _moved(logs, solve_dense(slopes, off))
            rounding *= less
        found, left = self._solve(logs, SHARP, LAST_STEPS)
        if left <= SOLVED or (self.astray and left > LOST):
            return found, left
        return self.by_stages(logs, GENTLER, FEW_STEPS)

    def by_stages(self, logs: list[float], roundings: Sequence[float], steps: int) -> tuple[list[float], float]:
        """Return the shadow prices found by rounding off less and less, several steps for each rounding."""
        for rounding in roundings:
            logs, _ = self._solve(logs, rounding, steps)
        return self._solve(logs, SHARP, MOST_STEPS)

    def _solve(self, logs: list[float], rounding: float, steps: int) -> tuple[list[float], float]:
        """Take up to `steps` steps; a step that leads away is shortened."""
        off, slopes = self._look(logs, rounding)
        worst = _size(off)
        for _ in range(steps):
            if worst < EXACT:
                break
            move = solve_dense(slopes, off)
            scale = min(1.0, LARGEST_STEP / max(*map(abs, move), SMALLEST))
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
            near = 2 * rounding / (depth if depth > 1 else 1.0)
            root = sqrt(rate * prices[buy] / prices[sell])
            gap = root - 1
            if gap < -AT_REST * near:
                continue
            hyp = sqrt(gap * gap + near * near)
            part = (gap + hyp) / 2
            bend = part / hyp
            if most < inf:
                over = part - most / depth
                hyp = sqrt(over * over + near * near)
                part -= (over + hyp) / 2
                bend *= (1 - over / hyp) / 2
            more = 1 + part
            ends[sell] -= depth * part
            ends[buy] += rate * depth * part / more
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
            if not -self._far < y < self._far:
                beyond = y - self._far if y > 0 else y + self._far
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


def groups_of(pairs: Iterable[tuple[int, int]], count: int) -> list[list[int]]:
    """Return the assets, given by their place, by which of them can be traded for each other at all."""
    group = list(range(count))
    for one, other in pairs:
        kept, gone = group[one], group[other]
        if kept != gone:
            group = [kept if g == gone else g for g in group]
    return [[i for i, g in enumerate(group) if g == name] for name in sorted(set(group))]


Gap = tuple[float, float]
"""The value by which an asset lies below the low end of its band, and above the high end; below zero where it does not."""


def gaps_of(held: Sequence[float], goals: Sequence[Goal]) -> list[Gap]:
    """Return how far each asset lies outside its band before anything is traded."""
    total = sum(held)
    bands = (goal.band(total) for goal in goals)
    return [(low - has, has - high) for has, (low, high) in zip(held, bands, strict=True)]


def lacking(group: Sequence[int], gaps: Sequence[Gap]) -> float:
    """Return the value that a group of assets lacks for its bands even if its trades cost nothing; below zero, has too much."""
    return max(sum(gaps[i][0] for i in group), 0.0) - max(sum(gaps[i][1] for i in group), 0.0)


def cut_off(pairs: Iterable[tuple[int, int]], gaps: Sequence[Gap]) -> float:
    """Return the value by which assets must end outside their bands because none of the pairs leads to them."""
    return sum(abs(lacking(group, gaps)) for group in groups_of(pairs, len(gaps)))


def _steepest(curve: Curve) -> float:
    """Return how far apart the logarithms of two shadow prices can be for a curve that is used as far as it goes."""
    return abs(log(curve.rate)) + 2 * log(1 + min(curve.most, 1.0) / curve.depth)


def _moved(logs: list[float], move: list[float]) -> list[float]:
    scale = min(1.0, LARGEST_STEP / max(*map(abs, move), SMALLEST))
    return [min(max(y - scale * d, -OUTERMOST), OUTERMOST) for y, d in zip(logs, move, strict=True)]


def _size(off: list[float]) -> float:
    return sqrt(sum(v * v for v in off))


def solve_dense(rows: list[list[float]], right: list[float]) -> list[float]:
    """Solve a small dense system by elimination; destroys nothing that is given."""
    # Each row backwards, so that what is eliminated next is popped off its end.
    left = [[value, *reversed(row)] for row, value in zip(rows, right, strict=True)]
    tops: list[tuple[float, list[float]]] = []
    while left:
        # Every asset answers most to its own shadow price, so the largest element is on the diagonal already.
        top, *others = left
        head = top.pop()
        if abs(head) < SMALLEST:
            head = SMALLEST
        tops.append((head, top))
        left = []
        for row in others:
            factor = row.pop() / head
            left.append([a - factor * b for a, b in zip(row, top, strict=True)] if factor else row)
    found: list[float] = []
    for head, top in reversed(tops):
        known = sum(a * x for a, x in zip(top[1:], found, strict=True))
        found.append((top[0] - known) / head)
    return found[::-1]
