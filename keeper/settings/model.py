"""Every setting, its bounds and its sentence. Read once at start, checked once, frozen, handed down."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from keeper.core.assets import Asset, AssetBook
from keeper.core.policy import Policy, PoolRule
from keeper.core.units import USTX_PER_STX, Bps, MicroStx, Seconds
from keeper.execution.fees import FeeRule
from keeper.execution.sender import SendRule
from keeper.settings.alerts import AlertSettings
from keeper.settings.disagreements import disagreements
from keeper.settings.schedule import ScheduleSettings
from keeper.settings.sections import (
    AssetSettings,
    FeeSettings,
    NodeSettings,
    PolicySettings,
    PoolSettings,
    SendingSettings,
)
from keeper.settings.shapes import Address, KeyFile, NodeUrl
from keeper.settings.signer import SignerSettings
from keeper.settings.store import StoreSettings, url_secrets
from keeper.settings.web import WebSettings
from keeper.settings.whale_sources import WatchedSettings, WhaleMappingSettings, whale_places
from keeper.signers.opening import KeyFile as KeyFileSource
from keeper.signers.opening import Source
from keeper.store.opening import MongoPlace, Place, SqlitePlace
from keeper.telemetry.redact import Redactor, is_secret_name, is_secret_url
from keeper.whale_mongo import WhalePlace

PREFIX: Final = "KEEPER_"


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
    """File that holds the keeper's private key as hex, or `credential:NAME`; read by the signer, never logged. The section `signer` can take its place, and wins over the environment."""
    signer: SignerSettings | None = None
    """Who signs, where it is not a plain key file."""
    store_path: Path = Path("var/keeper.sqlite3")
    """SQLite file with everything that must survive a restart; the section `store` can name a MongoDB instead. Under the shipped unit and container it is `keeper.sqlite3` in their folder of state, whatever the settings file says."""
    store: StoreSettings = StoreSettings()
    """MongoDB instead of a file, and how long what is kept."""
    web_host: str = Field(default="127.0.0.1", min_length=1)
    """Address that the status page listens on; 0.0.0.0 is every IPv4 address, :: every address of either kind."""
    web_port: int = Field(default=5182, ge=0, le=65_535)
    """Port that the status page listens on; 0 lets the system choose."""
    web: WebSettings = WebSettings()
    """Who may ask the page and the API, and how often."""
    cycle_seconds: int = Field(default=60, ge=1, le=86_400)
    """Time between two rounds, in seconds; a round goes on with what is under way and does what the section `schedule` says is due."""
    plugins: tuple[str, ...] = ()
    """Names of the plugins to load; as JSON in the environment."""
    plugin: dict[str, dict[str, Any]] = Field(default_factory=dict, repr=False)
    """Each plugin's own section, checked by the plugin; values under secret-looking names are never shown."""
    assets: tuple[AssetSettings, ...] = ()
    """Assets that pools may hold; as JSON in the environment."""
    pools: tuple[PoolSettings, ...] = ()
    """Pools that the keeper looks after; as JSON in the environment."""
    whale_mappings: tuple[WhaleMappingSettings, ...] = Field(default=(), max_length=16)
    """Whales that another program keeps in MongoDB; as JSON in the environment."""
    watched_whales: tuple[WatchedSettings, ...] = Field(default=(), max_length=16)
    """Whales whose balances are read from the chain; as JSON in the environment."""
    policy: PolicySettings = PolicySettings()
    """The keeper's own limits."""
    fees: FeeSettings = FeeSettings()
    """What the keeper pays the network."""
    sending: SendingSettings = SendingSettings()
    """When a transaction counts as done, and who may send."""
    schedule: ScheduleSettings = ScheduleSettings()
    """How often what is done; each round does only what is due."""
    alerts: AlertSettings = AlertSettings()
    """Which alerts go where, and how often."""
    sentry_dsn: SecretStr | None = None
    """Where unexpected errors are reported; nowhere when absent."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe log line that is written."""
    log_format: Literal["console", "json"] = "console"
    """Log lines for people, or one JSON object a line for machines."""

    NESTED: ClassVar[frozenset[str]] = frozenset(
        {"web", "policy", "fees", "signer", "sending", "schedule", "alerts", "store", "plugin"}
    )
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
                cadence=pool.cadence,
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
            pace=policy.pace(),
            benefit=policy.benefit(),
            venue_probe_ustx=MicroStx(policy.venue_probe_stx * USTX_PER_STX),
            venue_probe_bps=Bps(policy.venue_probe_bps),
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

    def longest_rest_seconds(self) -> int:
        """Return how long a pool at rest may go without a look while all is well."""
        return self.schedule.periods().longest_rest(len(self.pools), self.cycle_seconds)

    def store_place(self) -> Place:
        """Return where the store is, as `open_store` takes it."""
        url = self.store.url
        return SqlitePlace(self.store_path) if url is None else MongoPlace(url.get_secret_value(), self.store.database)

    def whale_places(self) -> tuple[WhalePlace, ...]:
        """Return where whales are read from, as `open_whale_feeds` takes it."""
        return whale_places(self.whale_mappings, self.store)

    def every_node(self) -> tuple[NodeSettings, ...]:
        """Return all nodes, the one of node_url first."""
        limit = self.node_requests_per_minute
        first = NodeSettings(url=self.node_url, api_key=self.node_api_key, requests_per_minute=limit)
        return (first, *self.nodes)

    def secrets(self) -> tuple[str, ...]:
        """Return every secret value, for the log redactor and for nothing else."""
        held = (*(node.api_key for node in self.every_node()), self.sentry_dsn)
        named = [item.get_secret_value() for item in held if item is not None]
        urls = (self.store.url, *(each.url for each in self.whale_mappings))
        return (*named, *(text for url in urls for text in url_secrets(url)), *secret_texts(self.plugin))

    def public(self) -> dict[str, Any]:
        """Return everything that is safe to log or show, JSON-safe; secrets are stars."""
        shown = self.model_dump(mode="json")
        shown["plugin"] = Redactor(self.secrets()).value(self.plugin)
        return shown


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
