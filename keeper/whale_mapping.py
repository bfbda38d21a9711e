"""Whales out of documents that somebody else's program wrote: which field is what is said by a mapping.

Nothing is guessed. A field that is named and not there, or of another kind, makes the document a bad one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

from keeper.chain.c32 import parse_principal
from keeper.core.assets import AssetBook
from keeper.core.units import BPS_ONE, USTX_PER_STX, Bps, MicroStx, Seconds, value_ustx_down
from keeper.core.whales import LATEST, MOST_SCORE, MOST_STACKED_USTX, Whale
from keeper.errors import BadInput

ShareUnit = Literal["fraction", "percent", "bps"]
HoldingUnit = Literal["fraction", "percent", "bps", "value", "tokens", "base_units"]
_BPS_OF: Final[Mapping[str, int]] = {"fraction": BPS_ONE, "percent": 100, "bps": 1}
_MOST_HOLDINGS: Final = 1_000
_MOST_DIGITS: Final = 60
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d{1,2})?")


@dataclass(frozen=True, slots=True)
class WhaleMapping:
    """Where in a document each thing stands, as dotted paths, and in which unit."""

    name: str
    address: str
    holdings: str
    holdings_unit: HoldingUnit
    """A share, a value in any one currency, or an amount of the token; amounts are priced."""
    observed_at: str
    observed_unit: Literal["seconds", "milliseconds"] = "seconds"
    """Of times that are numbers; dates say themselves what they are."""
    score: str | None = None
    """In points; absent: every whale has one point."""
    category: str | None = None
    fixed_category: str | None = None
    win_rate: str | None = None
    win_rate_unit: ShareUnit = "fraction"
    stacked: str | None = None
    stacked_unit: Literal["stx", "ustx"] = "stx"
    list_symbol: str = "symbol"
    list_amount: str = "amount"
    """Where symbol and amount stand in an entry, when the holdings are a list."""
    symbols: Mapping[str, str] = field(default_factory=dict)
    """What the documents call an asset, and what the keeper calls it."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A document that is not used, and why."""

    document: str
    why: str


def whale_of(found: Mapping[str, Any], rule: WhaleMapping, assets: AssetBook, prices: Mapping[str, int]) -> Whale:
    """Return the whale in a document. `prices` are in STX with 12 decimals, for holdings that are amounts.

    Raises BadInput, naming the path and what is wrong there.
    """
    address = _text(found, rule.address)
    try:
        parse_principal(address)
    except BadInput as exc:
        raise _bad(rule.address, str(exc)) from None
    return Whale(
        address=address,
        category=_category(found, rule),
        score=100 if rule.score is None else _whole(found, rule.score, 100, MOST_SCORE),
        win_rate_bps=_win_rate(found, rule),
        stacked_ustx=_stacked(found, rule),
        allocation_bps=_allocation(found, rule, assets, prices),
        observed_at=_time(found, rule),
    )


def at_path(found: Any, path: str) -> Any:
    """Return what stands at a dotted path, through objects and lists; None when nothing does."""
    for part in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def number(value: Any) -> Decimal | None:
    """Return a number exactly, however it was stored; None for what is no finite number."""
    if hasattr(value, "to_decimal"):  # MongoDB's own decimal
        value = value.to_decimal()
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    if isinstance(value, int) and abs(value) >= 10**_MOST_DIGITS:
        return None
    text = str(value)
    if len(text) > _MOST_DIGITS or _NUMBER.fullmatch(text) is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _category(found: Mapping[str, Any], rule: WhaleMapping) -> str:
    if rule.fixed_category is not None:
        return rule.fixed_category
    return _text(found, rule.category or "category")


def _win_rate(found: Mapping[str, Any], rule: WhaleMapping) -> Bps | None:
    if rule.win_rate is None or at_path(found, rule.win_rate) is None:
        return None  # not known is not zero
    return Bps(_whole(found, rule.win_rate, _BPS_OF[rule.win_rate_unit], BPS_ONE))


def _stacked(found: Mapping[str, Any], rule: WhaleMapping) -> MicroStx:
    if rule.stacked is None:
        return MicroStx(0)
    return MicroStx(_whole(found, rule.stacked, USTX_PER_STX if rule.stacked_unit == "stx" else 1, MOST_STACKED_USTX))


def _allocation(
    found: Mapping[str, Any], rule: WhaleMapping, assets: AssetBook, prices: Mapping[str, int]
) -> dict[str, int]:
    worth: dict[str, Decimal] = {}
    for name, value in _entries(at_path(found, rule.holdings), rule):
        symbol, amount = rule.symbols.get(name, name), number(value)
        if amount is None or amount < 0:
            raise _bad(_under(rule, name), "is not a number of 0 or more")
        worth[symbol] = worth.get(symbol, Decimal(0)) + _worth(symbol, amount, rule, assets, prices)
    whole = sum(worth.values(), Decimal(0))
    if whole <= 0:
        raise _bad(rule.holdings, "holds nothing of any worth")
    return {symbol: int(part * BPS_ONE / whole) for symbol, part in worth.items() if part}


def _entries(holdings: Any, rule: WhaleMapping) -> Sequence[tuple[str, Any]]:
    entries: list[tuple[Any, Any]] = []
    if isinstance(holdings, Mapping):
        entries = list(holdings.items())
    elif isinstance(holdings, list):
        entries = [(at_path(row, rule.list_symbol), at_path(row, rule.list_amount)) for row in holdings]
    if not 0 < len(entries) <= _MOST_HOLDINGS:
        raise _bad(rule.holdings, f"is not an object or a list of 1 to {_MOST_HOLDINGS} holdings")
    if not all(isinstance(name, str) and 0 < len(name) <= 60 for name, _ in entries):  # noqa: PLR2004 - as everywhere
        raise _bad(_under(rule, rule.list_symbol), "is not the name of an asset in every entry")
    return entries


def _worth(symbol: str, amount: Decimal, rule: WhaleMapping, assets: AssetBook, prices: Mapping[str, int]) -> Decimal:
    """Return a holding's worth in whatever unit all holdings of the document share."""
    if rule.holdings_unit not in {"tokens", "base_units"} or not amount:
        return amount
    if symbol not in assets:
        return Decimal(0)  # what no pool may hold is not followed, and has no price either
    decimals = assets[symbol].decimals
    units = int(amount.scaleb(decimals) if rule.holdings_unit == "tokens" else amount)
    if assets[symbol].is_stx:
        return Decimal(units)  # what everything is valued in, so that it needs no price
    if symbol not in prices:
        why = "cannot be valued: there is no agreed price of it yet; the keeper agrees on prices in its first round"
        raise _bad(_under(rule, symbol), why)
    return Decimal(value_ustx_down(units, prices[symbol], decimals))


def _time(found: Mapping[str, Any], rule: WhaleMapping) -> Seconds:
    value = at_path(found, rule.observed_at)
    if isinstance(value, str) and number(value) is None:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise _bad(rule.observed_at, "is not a time") from None
    if isinstance(value, datetime):
        at = int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
    else:
        counted = number(value)
        at = -1 if counted is None else int(counted / (1_000 if rule.observed_unit == "milliseconds" else 1))
    if not 0 < at < LATEST:
        raise _bad(rule.observed_at, "is not a time since 1970")
    return Seconds(at)


def _text(found: Mapping[str, Any], path: str) -> str:
    value = at_path(found, path)
    if not isinstance(value, str) or not 0 < len(value) <= 200:  # noqa: PLR2004 - as long as an address may be
        raise _bad(path, "is not a text")
    return value


def _whole(found: Mapping[str, Any], path: str, scale: int, most: int) -> int:
    value = number(at_path(found, path))
    if value is None or not 0 <= value * scale <= most:
        raise _bad(path, f"is not a number from 0 to {Decimal(most) / scale:f}")
    return int(value * scale)


def _under(rule: WhaleMapping, name: str) -> str:
    return f"{rule.holdings}.{name[:60]}"


def _bad(path: str, what: str) -> BadInput:
    return BadInput(f"{path} {what}", field=path)
