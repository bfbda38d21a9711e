"""What a pool can hold."""

from dataclasses import dataclass

STX = "STX"


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset, as configuration names it and as the vault keys it.

    `principal` is the SIP-010 contract the vault books it under; for STX that is the vault's own
    `stx-token` face, and `token_name` is None because post-conditions on STX need no token name.
    """

    symbol: str
    decimals: int
    principal: str
    token_name: str | None

    @property
    def is_stx(self) -> bool:
        """Tell whether this is native STX."""
        return self.token_name is None


class AssetBook:
    """The configured assets, found by symbol or by principal."""

    def __init__(self, assets: tuple[Asset, ...]) -> None:
        self._by_symbol = {asset.symbol: asset for asset in assets}
        self._by_principal = {asset.principal: asset for asset in assets}

    def __getitem__(self, symbol: str) -> Asset:
        """Return the asset called `symbol`; KeyError when it is not configured."""
        return self._by_symbol[symbol]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._by_symbol

    def by_principal(self, principal: str) -> Asset | None:
        """Return the asset booked under `principal`, or None."""
        return self._by_principal.get(principal)

    def symbols(self) -> tuple[str, ...]:
        """Return all symbols in configured order."""
        return tuple(self._by_symbol)

    def all(self) -> tuple[Asset, ...]:
        """Return all assets in configured order."""
        return tuple(self._by_symbol.values())
