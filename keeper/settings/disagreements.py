"""Values that are fine alone but not together: each is named with its remedy."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from keeper.core.assets import STX
from keeper.settings.sections import AssetSettings, PoolSettings
from keeper.settings.signer import signer_disagreements
from keeper.settings.whale_sources import whale_disagreements

if TYPE_CHECKING:
    from keeper.settings.model import Settings


def disagreements(settings: "Settings") -> Iterator[tuple[str, str]]:
    """Yield (dotted setting, what is wrong and the remedy) for values that are fine alone but not together."""
    letters = ("SP", "SM") if settings.network == "mainnet" else ("ST", "SN")
    if not settings.deployer.startswith(letters):
        yield "deployer", f"does not belong to {settings.network}; use an address that starts with {letters[0]}"
    yield from signer_disagreements(settings.signer, settings.signer_key_file)
    if settings.store.url is not None and "store_path" in settings.model_fields_set:
        yield "store.url", "says where the store is, and so does store_path; remove one of them"
    yield from whale_disagreements(settings.whale_mappings, settings.watched_whales, settings.store)
    yield from _node_disagreements(settings)
    yield from _asset_disagreements(settings.assets)
    yield from _pool_disagreements(settings)
    if settings.fees.floor_ustx > settings.fees.max_fee_ustx:
        yield "fees.floor_ustx", f"is above fees.max_fee_ustx ({settings.fees.max_fee_ustx}); lower it"
    if settings.fees.max_fee_ustx > settings.fees.max_day_ustx:
        yield "fees.max_fee_ustx", f"is above fees.max_day_ustx ({settings.fees.max_day_ustx}); lower it"


def _node_disagreements(settings: "Settings") -> Iterator[tuple[str, str]]:
    urls = [node.url for node in settings.every_node()]
    for index in range(1, len(urls)):
        if urls[index] in urls[:index]:
            yield f"nodes[{index - 1}].url", "is the address of another node already; give each its own or remove one"


def _asset_disagreements(assets: tuple[AssetSettings, ...]) -> Iterator[tuple[str, str]]:
    for index, asset in enumerate(assets):
        here = f"assets[{index}]"
        if any(other.symbol == asset.symbol for other in assets[:index]):
            yield f"{here}.symbol", f"is {asset.symbol!r}, which another asset has already; give each its own"
        if any(other.contract == asset.contract for other in assets[:index]):
            yield f"{here}.contract", "is the contract of another asset already; give each its own"
        if (asset.contract == "stx") != (asset.symbol == STX):
            yield f"{here}.contract", 'must be "stx" for the symbol STX and for no other; correct it'
        if (asset.contract == "stx") != (asset.token_name is None):
            yield f"{here}.token_name", "is needed for every token and must be absent for STX; correct it"


def _pool_disagreements(settings: "Settings") -> Iterator[tuple[str, str]]:
    known = {asset.symbol for asset in settings.assets}
    for index, pool in enumerate(settings.pools):
        here, earlier = f"pools[{index}]", settings.pools[:index]
        if any(other.pool_id == pool.pool_id for other in earlier):
            yield f"{here}.pool_id", f"is {pool.pool_id}, which another pool has already; give each its own"
        if any(other.share_token == pool.share_token for other in earlier):
            yield f"{here}.share_token", "is the share token of another pool already; give each its own"
        yield from _pool_asset_disagreements(here, pool, known)
        if pool.tolerance_bps >= pool.drift_threshold_bps:
            yield f"{here}.tolerance_bps", f"must be below drift_threshold_bps ({pool.drift_threshold_bps}); lower it"


def _pool_asset_disagreements(here: str, pool: PoolSettings, known: set[str]) -> Iterator[tuple[str, str]]:
    for symbol in pool.assets:
        if symbol not in known:
            yield f"{here}.assets", f"names {symbol!r}, which is not in assets; add it there or remove it here"
    if len(set(pool.assets)) != len(pool.assets):
        yield f"{here}.assets", "names an asset twice; remove one"
    if STX not in pool.assets:
        yield f"{here}.assets", "lacks STX, which every pool takes and pays; add it"
