"""Prices that contracts keep, as price sources: DIA's oracle and Stacking DAO's ratio. Neither wants a key."""

from collections.abc import Iterable

from keeper.hookspecs import hookimpl
from keeper.ports import PriceSource
from keeper.toolbox import Toolbox
from keeper_onchain_prices.dia import Dia
from keeper_onchain_prices.ratio import Ratio
from keeper_onchain_prices.settings import NAME, settings_from


@hookimpl
def keeper_price_sources(toolbox: Toolbox) -> Iterable[PriceSource]:
    """Add both sources. Raises ValueError where there is no chain to read."""
    settings = settings_from(toolbox.section(NAME))
    if toolbox.chain is None:
        message = "a price source on the chain needs the chain: pass it to the toolbox"
        raise ValueError(message)
    return [Dia(settings, toolbox.chain, toolbox.clock), Ratio(settings, toolbox.chain, toolbox.clock)]
