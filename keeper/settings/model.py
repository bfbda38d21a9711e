"""Every setting, its bounds and its sentence. Read once at start, checked once, frozen, handed down."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from keeper.core.assets import STX, Asset, AssetBook
from keeper.core.policy import Policy, PoolRule
from keeper.core.units import USTX_PER_STX, Bps, MicroStx, Seconds
from keeper.core.whales import RankBy, WhaleRule
from keeper.execution.fees import FeeRule
from keeper.execution.sender import SendRule
from keeper.settings.shapes import Address, ContractName, KeyFile, Name, NodeUrl, Principal
from keeper.settings.signer import SignerSettings, signer_disagreements
from keeper.signers.opening import KeyFile as KeyFileSource
from keeper.signers.opening import Source
from keeper.telemetry.redact import Redactor, is_secret_name, is_secret_url

PREFIX: Final = "KEEPER_"


class _Section(BaseModel):
    """Common rules of every nested section."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class AssetSettings(_Section):
    """One asset that pools may hold."""

    symbol: Name
    """Short name used in settings, logs and pages; STX for native STX."""
    decimals: int = Field(ge=0, le=18)
    """Decimal places of the token's base unit."""
    contract: Principal
    """Principal of the SIP-010 contract, or "stx" for native STX."""
    token_name: Name | None = None
    """Name of the fungible token inside its contract, needed for post-conditions; absent for STX."""


class NodeSettings(_Section):
    """One further Stacks node, asked when it is ahead of the others or they fail."""

    url: NodeUrl
    """Address of the node's RPC."""
    api_url: NodeUrl | None = None
    """Address of the API when it is not served beside the RPC; the key goes there and nowhere else."""
    api_key: SecretStr | None = None
    """Key for a node or API provider that asks for one."""
    requests_per_minute: int | None = Field(default=None, ge=10, le=100_000)
    """Most requests a minute to each of its hosts; absent: 25 to a Hiro host without a key, else no limit."""


class WhaleSettings(_Section):
    """Which whales a pool follows."""

    category: Name
    """Category of whales in the store."""
    top: int = Field(default=3, ge=1, le=50)
    """How many of the best are followed."""
    rank_by: RankBy = "score"
    """What "best" means: composite score, or STX stacked."""
    min_win_rate_bps: int | None = Field(default=None, ge=0, le=10_000)
    """When set, a whale's 30-day win rate must be above this, in basis points."""
    max_age_seconds: int = Field(default=604_800, ge=60, le=31_536_000)
    """Oldest observation of a whale that still counts, in seconds."""

    def rule(self) -> WhaleRule:
        """Return the same choice as the core's rule."""
        floor = None if self.min_win_rate_bps is None else Bps(self.min_win_rate_bps)
        return WhaleRule(self.category, self.top, self.rank_by, floor, Seconds(self.max_age_seconds))


class PoolSettings(_Section):
    """One pool that the keeper looks after."""

    pool_id: int = Field(ge=1)
    """Number of the pool in the vault."""
    name: Name
    """Name shown on the page and in alerts."""
    share_token: ContractName
    """Name of the pool's share token contract under the deployer."""
    assets: tuple[str, ...] = Field(min_length=1, max_length=10)
    """Symbols of the assets the pool may hold; STX is always one of them."""
    drift_threshold_bps: int = Field(default=1_000, ge=10, le=10_000)
    """Drift above which a rebalance is proposed, in basis points of the pool's value."""
    tolerance_bps: int = Field(default=200, ge=1, le=10_000)
    """How far from its target any asset may be for the pool to count as on target, in basis points of its value."""
    whales: WhaleSettings
    """The whales it follows."""


class PolicySettings(_Section):
    """The limits that the keeper holds itself to; contracts hold their own besides."""

    max_price_age_seconds: int = Field(default=900, ge=10, le=86_400)
    """Oldest price that is ever used, in seconds; sources that renew theirs seldom have the next bound."""
    max_slow_price_age_seconds: int = Field(default=1_800, ge=10, le=86_400)
    """Oldest price of a source that renews its prices seldom (DIA, every quarter of an hour or so), in seconds."""
    max_price_spread_bps: int = Field(default=1_000, ge=1, le=1_000)
    """Most that two sources of one price may differ, in basis points."""
    max_price_jump_bps: int = Field(default=1_000, ge=1, le=1_000)
    """Most that an agreed price may move between cycles, in basis points."""
    min_sources: int = Field(default=2, ge=2, le=10)
    """Fewest sources that must agree on a price."""
    price_basis: Literal["median", "first"] = "median"
    """What an agreed price is: the middle of all sources, or that of the first there is: Pyth, the venues' average, DIA, the stSTX ratio, CoinGecko."""
    venue_probe_stx: int = Field(default=1_000, ge=1, le=1_000_000)
    """Size at which a venue's price is taken, in STX bought and sold back in thought; about what a slice trades."""
    max_slippage_bps: int = Field(default=150, ge=1, le=200)
    """Most that one swap's minimum may lie below the agreed price, in basis points; contracts allow 200."""
    max_slice_bps: int = Field(default=3_500, ge=1, le=10_000)
    """Most of a pool's value that one slice may sell, in basis points."""
    max_legs: int = Field(default=6, ge=1, le=10)
    """Most swaps in one slice; the rebalancer takes 10."""
    mandate_turnover_bps: int = Field(default=6_000, ge=1, le=20_000)
    """Turnover asked for in a mandate over all its slices, in basis points of the pool's value."""
    mandate_loss_bps: int = Field(default=100, ge=1, le=200)
    """Loss of value asked for in a mandate over all its slices, in basis points of the pool's value."""
    mandate_open_seconds: int = Field(default=172_800, ge=3_600, le=604_800)
    """How long a passed mandate stays open, in seconds of block time."""
    price_heartbeat_seconds: int = Field(default=600, ge=0, le=86_400)
    """How long after the last report a pool at rest reports its prices again, in seconds; 0 lets them age, and deposits with them. Above 900 the oracle's averages of venues begin anew each time."""
    dust_bps: int = Field(default=10, ge=0, le=500)
    """Differences below this share of the pool's value are left alone, in basis points."""


class FeeSettings(_Section):
    """What the keeper pays the network."""

    max_fee_ustx: int = Field(default=200_000, ge=1, le=1_000_000)
    """Most that one transaction may cost, in µSTX."""
    floor_ustx: int = Field(default=1_000, ge=1, le=1_000_000)
    """Least that is offered however low the estimate, in µSTX."""
    max_day_ustx: int = Field(default=5_000_000, ge=1, le=1_000_000_000)
    """Most that all transactions of a day (UTC, by block time) may cost, in µSTX; a tenth of it is kept for what is urgent."""
    raise_bps: int = Field(default=2_500, ge=1, le=10_000)
    """How much more is offered for a transaction that is not taken up, in basis points of what was offered before."""
    raise_after_seconds: int = Field(default=300, ge=10, le=86_400)
    """How long a transaction waits before more is offered for it, in seconds of block time."""


class SendingSettings(_Section):
    """When a transaction counts as done, and who may send."""

    confirmations: int = Field(default=3, ge=1, le=100)
    """Blocks, its own included, that a transaction lies deep before it counts as settled."""
    lease_seconds: int = Field(default=9, ge=1, le=60)
    """How long the keeper that sends may be silent before another one on the same store takes over, in seconds."""


class Settings(BaseSettings):
    """The whole configuration: a TOML file, then the environment (`KEEPER_*`, nested with `__`) over it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
    )

    network: Literal["mainnet", "testnet"]
    """Stacks network whose addresses and transactions are used; the local chain is a testnet."""
    node_url: NodeUrl
    """Address of the Stacks node's RPC."""
    node_api_key: SecretStr | None = None
    """Key for a node or API provider that asks for one."""
    node_requests_per_minute: int | None = Field(default=None, ge=10, le=100_000)
    """Most requests a minute to the node; absent: 25 to a Hiro host without a key, else no limit."""
    nodes: tuple[NodeSettings, ...] = Field(default=(), max_length=8)
    """Further nodes, most trusted first, after the one of node_url; as JSON in the environment."""
    deployer: Address
    """Address under which the pool contracts are deployed."""
    signer_key_file: KeyFile | None = None
    """File that holds the keeper's private key as hex, or `credential:NAME`; read by the signer, never logged. The section `signer` can take its place."""
    signer: SignerSettings | None = None
    """Who signs, where it is not a plain key file."""
    store_path: Path = Path("var/keeper.sqlite3")
    """SQLite file with everything that must survive a restart."""
    web_host: str = Field(default="127.0.0.1", min_length=1)
    """Address that the status page listens on."""
    web_port: int = Field(default=5182, ge=0, le=65_535)
    """Port that the status page listens on; 0 lets the system choose."""
    cycle_seconds: int = Field(default=60, ge=1, le=86_400)
    """Time between the starts of two cycles, in seconds."""
    plugins: tuple[str, ...] = ()
    """Names of the plugins to load; as JSON in the environment."""
    plugin: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Each plugin's own section, checked by the plugin; values under secret-looking names are never shown."""
    assets: tuple[AssetSettings, ...] = ()
    """Assets that pools may hold; as JSON in the environment."""
    pools: tuple[PoolSettings, ...] = ()
    """Pools that the keeper looks after; as JSON in the environment."""
    policy: PolicySettings = PolicySettings()
    """The keeper's own limits."""
    fees: FeeSettings = FeeSettings()
    """What the keeper pays the network."""
    sending: SendingSettings = SendingSettings()
    """When a transaction counts as done, and who may send."""
    sentry_dsn: SecretStr | None = None
    """Where unexpected errors are reported; nowhere when absent."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe log line that is written."""
    log_format: Literal["console", "json"] = "console"
    """Log lines for people, or one JSON object a line for machines."""

    NESTED: ClassVar[frozenset[str]] = frozenset({"policy", "fees", "signer", "sending", "plugin"})
    """Fields whose parts have environment names of their own."""

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what is passed in: `load_settings` has read and merged the sources by then."""
        return (init_settings,)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for setting, trouble in disagreements(self):
            kind = "disagreement"
            raise PydanticCustomError(kind, "{trouble}", {"setting": setting, "trouble": trouble})
        return self

    def asset_book(self) -> AssetBook:
        """Return the configured assets as the core keys them; STX is booked under the vault's stx-token."""
        return AssetBook(
            tuple(
                Asset(
                    symbol=asset.symbol,
                    decimals=asset.decimals,
                    principal=f"{self.deployer}.stx-token" if asset.contract == "stx" else asset.contract,
                    token_name=asset.token_name,
                )
                for asset in self.assets
            )
        )

    def pool_rules(self) -> tuple[PoolRule, ...]:
        """Return the configured pools as the core takes them; share tokens stand under the deployer."""
        return tuple(
            PoolRule(
                pool_id=pool.pool_id,
                name=pool.name,
                share=f"{self.deployer}.{pool.share_token}",
                symbols=pool.assets,
                drift_threshold_bps=Bps(pool.drift_threshold_bps),
                tolerance_bps=Bps(pool.tolerance_bps),
                whales=pool.whales.rule(),
            )
            for pool in self.pools
        )

    def limits(self) -> Policy:
        """Return the limits as the core takes them."""
        policy = self.policy
        return Policy(
            max_price_age=Seconds(policy.max_price_age_seconds),
            max_price_spread_bps=Bps(policy.max_price_spread_bps),
            max_price_jump_bps=Bps(policy.max_price_jump_bps),
            min_sources=policy.min_sources,
            max_slippage_bps=Bps(policy.max_slippage_bps),
            max_slice_bps=Bps(policy.max_slice_bps),
            max_legs=policy.max_legs,
            dust_bps=Bps(policy.dust_bps),
            mandate_turnover_bps=Bps(policy.mandate_turnover_bps),
            mandate_loss_bps=Bps(policy.mandate_loss_bps),
            mandate_open=Seconds(policy.mandate_open_seconds),
            price_heartbeat=Seconds(policy.price_heartbeat_seconds),
            max_fee_ustx=MicroStx(self.fees.max_fee_ustx),
            max_slow_price_age=Seconds(policy.max_slow_price_age_seconds),
            price_basis=policy.price_basis,
            venue_probe_ustx=MicroStx(policy.venue_probe_stx * USTX_PER_STX),
        )

    def fee_rule(self) -> FeeRule:
        """Return what may be paid, as the sender takes it."""
        fees = self.fees
        return FeeRule(
            MicroStx(fees.floor_ustx), MicroStx(fees.max_fee_ustx), MicroStx(fees.max_day_ustx), Bps(fees.raise_bps)
        )

    def send_rule(self) -> SendRule:
        """Return how patient the sender is, as it takes it."""
        return SendRule(self.sending.confirmations, Seconds(self.fees.raise_after_seconds))

    def signer_source(self) -> Source:
        """Return who signs, as `open_signer` takes it."""
        return KeyFileSource(str(self.signer_key_file)) if self.signer is None else self.signer.source()

    def every_node(self) -> tuple[NodeSettings, ...]:
        """Return all nodes, the one of node_url first."""
        limit = self.node_requests_per_minute
        first = NodeSettings(url=self.node_url, api_key=self.node_api_key, requests_per_minute=limit)
        return (first, *self.nodes)

    def secrets(self) -> tuple[str, ...]:
        """Return every secret value, for the log redactor and for nothing else."""
        held = (*(node.api_key for node in self.every_node()), self.sentry_dsn)
        named = [item.get_secret_value() for item in held if item is not None]
        return (*named, *secret_texts(self.plugin))

    def public(self) -> dict[str, Any]:
        """Return everything that is safe to log or show, JSON-safe; secrets are stars."""
        shown = self.model_dump(mode="json")
        shown["plugin"] = Redactor(self.secrets()).value(self.plugin)
        return shown


def disagreements(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield (dotted setting, what is wrong and the remedy) for values that are fine alone but not together."""
    letters = ("SP", "SM") if settings.network == "mainnet" else ("ST", "SN")
    if not settings.deployer.startswith(letters):
        yield "deployer", f"does not belong to {settings.network}; use an address that starts with {letters[0]}"
    yield from signer_disagreements(settings.signer, settings.signer_key_file)
    yield from _node_disagreements(settings)
    yield from _asset_disagreements(settings.assets)
    yield from _pool_disagreements(settings)
    if settings.fees.floor_ustx > settings.fees.max_fee_ustx:
        yield "fees.floor_ustx", f"is above fees.max_fee_ustx ({settings.fees.max_fee_ustx}); lower it"
    if settings.fees.max_fee_ustx > settings.fees.max_day_ustx:
        yield "fees.max_fee_ustx", f"is above fees.max_day_ustx ({settings.fees.max_day_ustx}); lower it"


def _node_disagreements(settings: Settings) -> Iterator[tuple[str, str]]:
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


def _pool_disagreements(settings: Settings) -> Iterator[tuple[str, str]]:
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


def secret_texts(value: Any, *, secret: bool = False) -> Iterator[str]:
    """Yield every text of a plugin section that stands under a secret-looking name or is a secret address."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from secret_texts(item, secret=secret or is_secret_name(str(name)))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from secret_texts(item, secret=secret)
    elif isinstance(value, str) and (secret or is_secret_url(value)):
        yield value
