"""CoinGecko as a price source."""

from collections.abc import Iterable

from keeper.hookspecs import hookimpl
from keeper.ports import PriceSource
from keeper.toolbox import Toolbox
from keeper_coingecko.adapter import CoinGecko
from keeper_coingecko.parse import NAME
from keeper_coingecko.settings import settings_from


@hookimpl
def keeper_price_sources(toolbox: Toolbox) -> Iterable[PriceSource]:
    """Add CoinGecko; a key is optional."""
    return [CoinGecko(settings_from(toolbox.section(NAME)), toolbox.assets, toolbox.session, toolbox.clock)]
