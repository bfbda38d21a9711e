"""Where everything that must survive is kept when it is not a file, and for how long."""

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr

from keeper.core.retention import Retention
from keeper.settings.sections import HiddenSection


def _mongo_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(("mongodb://", "mongodb+srv://")):
        msg = "must start with mongodb:// or mongodb+srv://; for a file use store_path"
        raise ValueError(msg)
    return value


def _database(value: str) -> str:
    if not value.replace("-", "").replace("_", "").isalnum() or not value.isascii():
        msg = "must be letters, digits, - and _; correct it"
        raise ValueError(msg)
    return value


MongoUrl = Annotated[SecretStr, AfterValidator(_mongo_url)]
DatabaseName = Annotated[str, Field(min_length=1, max_length=38), AfterValidator(_database)]


class StoreSettings(HiddenSection):
    """A store in MongoDB instead of the file of `store_path`, and how long what is kept (docs/stores.md)."""

    url: MongoUrl | None = None
    """Address of a MongoDB replica set, user and password included; absent: the file of store_path."""
    database: DatabaseName = "keeper"
    """Database in MongoDB; each installation has its own."""
    whole_days: int = Field(default=30, ge=1, le=3_650)
    """How long every decision and every point of the history is kept, in days; after that the last of each pool and day, and what was done."""
    alert_days: int = Field(default=365, ge=1, le=3_650)
    """How long alerts are kept, in days."""
    intent_days: int = Field(default=1_095, ge=30, le=36_500)
    """How long transactions that are over are kept for the books, in days."""

    def retention(self) -> Retention:
        """Return how long what is kept, as the store takes it."""
        return Retention(self.whole_days, self.alert_days, self.intent_days)


def url_secrets(url: SecretStr | None) -> Iterator[str]:
    """Yield an address and the password in it, as written and as meant."""
    if url is None:
        return
    text = url.get_secret_value()
    yield text
    try:
        password = urlsplit(text).password
    except ValueError:
        return
    if password:
        yield from {password, unquote(password)}
