"""Builders for tests: one call, sensible defaults, every field open to change."""

from collections.abc import Mapping
from typing import Any

import aiohttp

from keeper.core.assets import Asset, AssetBook
from keeper.core.chain_types import Tip
from keeper.core.prices import PricePoint, Quote
from keeper.core.records import Alert, Severity
from keeper.core.units import Bps, PriceE12, Seconds
from keeper.ports import Clock
from keeper.toolbox import Toolbox

DEPLOYER = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
"""The address simulated chains deploy under."""

STX = Asset("STX", 6, f"{DEPLOYER}.stx-token", None)
ALEX = Asset("ALEX", 8, "SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-alex", "alex")
DIKO = Asset("DIKO", 6, "SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.arkadiko-token", "diko")
WELSH = Asset("WELSH", 6, "SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token", "welshcorgicoin")
STSTX = Asset("stSTX", 6, "SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token", "ststx")

LAUNCH_ASSETS = (STX, ALEX, DIKO, WELSH, STSTX)


def tip(height: int = 1_000, *, time: int = 1_795_000_000) -> Tip:
    """Return a block whose id follows from its height."""
    return Tip(height=height, block_id=f"{height:064x}", time=Seconds(time))


def toolbox(
    session: aiohttp.ClientSession,
    clock: Clock,
    *,
    assets: tuple[Asset, ...] = LAUNCH_ASSETS,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> Toolbox:
    """Return a toolbox for one plugin; `settings` is by plugin name."""
    return Toolbox(session=session, clock=clock, assets=AssetBook(assets), deployer=DEPLOYER, settings=settings or {})


def price_point(
    asset: str = "STX",
    price_e12: int = 472_400_000_000,
    *,
    quote: Quote = "USD",
    source: str = "fake",
    seen_at: int = 1_795_000_000,
    confidence_bps: int | None = None,
) -> PricePoint:
    """Return one observed price."""
    confidence = None if confidence_bps is None else Bps(confidence_bps)
    return PricePoint(source, asset, quote, PriceE12(price_e12), Seconds(seen_at), confidence)


def alert(
    severity: Severity = Severity.WARNING,
    *,
    title: str = "Prices disagree",
    what: str = "ALEX: pyth and alex are 1 240 bps apart.",
    done: str = "Nothing was traded in this cycle.",
    remedy: str = "Look at both sources; the keeper resumes by itself once they agree.",
    facts: Mapping[str, Any] | None = None,
    pool_id: int | None = 1,
) -> Alert:
    """Return an alert a person could get."""
    return Alert(
        key=f"test:{title}",
        severity=severity,
        title=title,
        what=what,
        done=done,
        remedy=remedy,
        at=Seconds(1_795_000_000),
        pool_id=pool_id,
        facts=facts or {},
    )
