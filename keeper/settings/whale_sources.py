"""Whales from elsewhere: out of a MongoDB through a mapping, and by their balances on the chain."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from keeper.core.units import Seconds
from keeper.settings.sections import HiddenSection
from keeper.settings.shapes import Address, Name
from keeper.settings.store import DatabaseName, MongoUrl, StoreSettings
from keeper.whale_mapping import HoldingUnit, ShareUnit, WhaleMapping
from keeper.whale_mongo import WhalePlace
from keeper.whale_watch import POINT, Watched


def _path(value: str) -> str:
    if any(not part or part.startswith("$") for part in value.split(".")):
        msg = "must be the names of fields joined by dots, none of them empty or with $ in front; correct it"
        raise ValueError(msg)
    return value


FieldPath = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_path)]


class WhaleMappingSettings(HiddenSection):
    """One collection of whales in MongoDB that another program keeps; `keeper whales preview` shows what is read."""

    name: Name
    """Name used in logs."""
    url: MongoUrl | None = None
    """Address of the MongoDB; absent: that of store.url."""
    database: DatabaseName
    """Database that the collection is in."""
    collection: FieldPath
    """Collection whose documents are read; nothing is written to it."""
    address: FieldPath
    """Field with the whale's Stacks address."""
    holdings: FieldPath
    """Field with what it holds: an object of asset and number, or a list of objects."""
    holdings_unit: HoldingUnit
    """What the numbers are: shares, values in any one currency, or amounts of the token, which are priced in STX."""
    observed_at: FieldPath
    """Field with when this was seen: a date, an ISO text, or a number."""
    observed_unit: Literal["seconds", "milliseconds"] = "seconds"
    """What the number counts since 1970."""
    score: FieldPath | None = None
    """Field with the composite score, in points; absent: all are alike."""
    category: FieldPath | None = None
    """Field with the category; absent: fixed_category."""
    fixed_category: Name | None = None
    """Category of every whale in the collection."""
    win_rate: FieldPath | None = None
    """Field with the share of winning trades over 30 days; absent, or not there in a document: not known."""
    win_rate_unit: ShareUnit = "fraction"
    """Whether 0.6, 60 or 6000 is sixty percent."""
    stacked: FieldPath | None = None
    """Field with the STX stacked; absent: none."""
    stacked_unit: Literal["stx", "ustx"] = "stx"
    """Unit of that."""
    list_symbol: FieldPath = "symbol"
    """Field of an entry with the asset, when holdings are a list."""
    list_amount: FieldPath = "amount"
    """Field of an entry with the number, when holdings are a list."""
    symbols: dict[str, Name] = Field(default_factory=dict, max_length=200)
    """What the documents call an asset that is called otherwise here."""

    def rule(self) -> WhaleMapping:
        """Return the mapping as the reader takes it."""
        return WhaleMapping(**{name: getattr(self, name) for name in WhaleMapping.__slots__})


class WatchedSettings(HiddenSection):
    """Wallets whose balances the keeper reads from the chain itself, as whales of one category."""

    category: Name
    """Category that pools know these whales by."""
    addresses: tuple[Address, ...] = Field(min_length=1, max_length=200)
    """Their addresses, the most trusted first."""
    scores: tuple[Annotated[int, Field(ge=1, le=10_000_000)], ...] = Field(default=(), max_length=200)
    """Composite score of each, in points; empty: all are alike."""
    hours: int = Field(default=6, ge=1, le=168)
    """How often their balances are read, in hours."""

    def watched(self) -> Watched:
        """Return the same as the reader takes it."""
        scores = [score * POINT for score in self.scores] or [POINT] * len(self.addresses)
        return Watched(self.category, dict(zip(self.addresses, scores, strict=True)), Seconds(self.hours * 3_600))


def whale_places(mappings: tuple[WhaleMappingSettings, ...], store: StoreSettings) -> tuple[WhalePlace, ...]:
    """Return where whales are read from; call it only on settings that agree."""
    places = []
    for index, each in enumerate(mappings):
        url = each.url or store.url
        if url is not None:
            setting = f"whale_mappings[{index}].url"
            text = url.get_secret_value()
            places.append(WhalePlace(text, each.database, each.collection, each.rule(), setting))
    return tuple(places)


def whale_disagreements(
    mappings: tuple[WhaleMappingSettings, ...], watched: tuple[WatchedSettings, ...], store: StoreSettings
) -> Iterator[tuple[str, str]]:
    """Yield (dotted setting, what is wrong and the remedy)."""
    for index, each in enumerate(mappings):
        here = f"whale_mappings[{index}]"
        if each.url is None and store.url is None:
            yield f"{here}.url", "is missing, and there is no store.url to take instead; add it"
        if (each.category is None) == (each.fixed_category is None):
            yield f"{here}.category", "or fixed_category has to be there, and not both; correct it"
        if any(other.name == each.name for other in mappings[:index]):
            yield f"{here}.name", "is the name of another mapping already; give each its own"
    yield from _watched_disagreements(watched)


def _watched_disagreements(watched: tuple[WatchedSettings, ...]) -> Iterator[tuple[str, str]]:
    for index, one in enumerate(watched):
        here = f"watched_whales[{index}]"
        if one.scores and len(one.scores) != len(one.addresses):
            yield f"{here}.scores", f"are {len(one.scores)} for {len(one.addresses)} addresses; give each its own"
        if len(set(one.addresses)) != len(one.addresses):
            yield f"{here}.addresses", "names an address twice; remove one"
        if any(other.category == one.category for other in watched[:index]):
            yield f"{here}.category", "is watched by another entry already; put the addresses into one"
