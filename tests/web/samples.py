"""A keeper in the middle of its work, for tests and for looking at the page."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keeper.core.chain_types import Tip
from keeper.core.records import (
    Alert,
    AlertRecord,
    Decision,
    Intent,
    IntentKind,
    IntentState,
    Outcome,
    PoolView,
    Severity,
)
from keeper.core.units import Bps, MicroStx, Seconds
from keeper.errors import NodeUnavailable
from keeper.ports import Store
from keeper.store.sqlite import open_store
from keeper.telemetry.metrics import Metrics
from keeper.telemetry.pulse import Pulse
from keeper.web.server import make_app, serve
from keeper.web.state import WebState

NOW = Seconds(1_795_255_200)
KEEPER = "ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG"
USER = "ST2JHG361ZXG51QTKY2NQCVBPPRRE2KZB1HR05NNC"
WHALES = ("SP3QTBDGQ57ZE5DMEZHV8QY2XCWKZQX40G11Y7KVH", "SP1XBTAYSTQ3G3GNG74GDRVJZ4W5ERJ3D15JQ3ZXB")


@dataclass
class Hands:
    """A clock and a timer that are set by hand."""

    at: int | None = NOW

    def now(self) -> Seconds:
        if self.at is None:
            raise NodeUnavailable
        return Seconds(self.at)

    def __call__(self) -> float:
        return float(self.at or 0)


def row(symbol: str, text: str, value: int, share: int, target: int) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "amount": value * 3,
        "amount_text": text,
        "value_ustx": value,
        "share_bps": share,
        "target_bps": target,
        "gap_bps": share - target,
    }


def price(symbol: str, price_e12: int, spread: int) -> dict[str, Any]:
    sources = [
        {"source": "alex", "price_e12": price_e12, "at": NOW - 12},
        {"source": "coingecko", "price_e12": price_e12 * 1008 // 1000, "at": NOW - 71},
    ]
    return {"symbol": symbol, "price_e12": price_e12, "spread_bps": spread, "oldest_at": NOW - 71, "sources": sources}


def defi_body(**changes: Any) -> Mapping[str, Any]:
    body = {
        "name": "DeFi Whale Index",
        "state": "voting",
        "drift_bps": 1812,
        "threshold_bps": 1000,
        "tolerance_bps": 200,
        "rows": [
            row("STX", "13,902.114000 STX", 13_902_114_000, 7812, 6000),
            row("ALEX", "2,310,882.01 ALEX", 3_020_000_000, 1697, 3000),
            row("DIKO", "88,120.4 DIKO", 873_000_000, 491, 1000),
        ],
        "prices": [price("ALEX", 1_306_900_000, 80), price("DIKO", 9_907_000_000, 46)],
        "whales": [
            {"address": WHALES[0], "weight_bps": 6500, "score": 9120},
            {"address": WHALES[1], "weight_bps": 3500, "score": 8744},
        ],
        "coverage_bps": 9340,
        "proposal": {
            "id": 4,
            "state": "voting",
            "votes_for": 31_200_000_000_000,
            "votes_against": 4_100_000_000_000,
            "stake_total": 60_000_000_000_000,
            "ends_at": NOW + 41_000,
        },
        "mandate": None,
        "queue": [],
        "share_price_e12": 1_018_220_000_000,
        "value_ustx": 17_795_114_000,
        "last": {
            "outcome": "waiting_for_vote",
            "reason": "Drift is 18.12 %, above 10.00 %; proposal 4 is in its vote until 2026-11-21 21:23 UTC.",
            "at": NOW - 8,
        },
    }
    return {**body, **changes}


def meme_body() -> Mapping[str, Any]:
    return defi_body(
        state="executing",
        drift_bps=640,
        rows=[
            row("STX", "9,120.000000 STX", 9_120_000_000, 5640, 5000),
            row("WELSH", "31,220,410.5 WELSH", 7_050_000_000, 4360, 5000),
        ],
        prices=[price("WELSH", 225_800_000, 112)],
        proposal=None,
        mandate={"id": 3, "slices": 2, "expires_at": NOW + 130_000},
        value_ustx=16_170_000_000,
        last={"outcome": "slice_executed", "reason": "Slice 2 of mandate 3 sold 1,240 STX for WELSH.", "at": NOW - 9},
    )


def stacker_body() -> Mapping[str, Any]:
    return defi_body(
        state="refused",
        drift_bps=None,
        rows=[
            row("STX", "4,102.5 STX", 4_102_500_000, 2510, 1000),
            row("stSTX", "10,911.2 stSTX", 12_240_000_000, 7490, 9000),
        ],
        prices=[],
        whales=[{"address": WHALES[1], "weight_bps": 10_000, "score": None}],
        proposal=None,
        queue=[{"user": USER, "shares": 4_950_120_000}],
        value_ustx=None,
        share_price_e12=None,
        last={
            "outcome": "refused",
            "reason": "stSTX: 1 source where 2 are needed (alex is 22 min old).",
            "at": NOW - 10,
        },
    )


def view(pool_id: int, name: str, body: Mapping[str, Any]) -> PoolView:
    return PoolView(pool_id, name, Seconds(NOW - 8), 4_381_220, body)


def decision(number: int, pool_id: int, outcome: Outcome, reason: str) -> Decision:
    return Decision(f"d{number}", pool_id, Seconds(NOW - number * 60), 4_381_220 - number, outcome, reason, Bps(1812))


def intent(key: str, kind: IntentKind, state: IntentState, pool_id: int | None = 1) -> Intent:
    return Intent(
        key=key,
        kind=kind,
        pool_id=pool_id,
        state=state,
        created_at=Seconds(NOW - 300),
        updated_at=Seconds(NOW - 240),
        sender=KEEPER,
        nonce=17,
        fee_ustx=MicroStx(12_000),
        txid="0x" + (key.encode().hex() * 32)[:64],
        raw_hex="00aa11bb",
    )


def alert(title: str, severity: Severity, *, failed: tuple[str, ...] = ()) -> AlertRecord:
    raised = Alert(
        key=title,
        severity=severity,
        title=title,
        what="The keeper's address holds 8.10 STX.",
        done="It keeps working until the balance reaches the fee cap.",
        remedy="Send at least 20 STX to it.",
        at=Seconds(NOW - 700),
    )
    return AlertRecord(raised, delivered_to=("slack",), failed=failed)


async def fill(store: Store) -> None:
    await store.put_view(view(1, "DeFi Whale Index", defi_body()))
    await store.put_view(view(2, "Meme Whale Portfolio", meme_body()))
    await store.put_view(view(3, "Conservative Stacker", stacker_body()))
    for number in range(24, 0, -1):
        outcome = (Outcome.WITHIN_THRESHOLD, Outcome.WAITING_FOR_VOTE, Outcome.REFUSED)[number % 3]
        reason = (
            "Drift is 3.10 %, below 10.00 %.",
            "Proposal 4 is in its vote.",
            "stSTX: 1 source where 2 are needed.",
        )[number % 3]
        await store.add_decision(decision(number, 1 + number % 3, outcome, reason))
    await store.put_intent(intent("propose:1:4", IntentKind.PROPOSE, IntentState.SETTLED))
    await store.put_intent(intent("post:1", IntentKind.POST_PRICES, IntentState.SENT))
    await store.put_intent(intent("slice:2:3:2", IntentKind.REBALANCE, IntentState.MINED, 2))
    await store.add_alert(alert("Signer is low", Severity.WARNING, failed=("discord",)))
    await store.add_alert(alert("Books differ <b>here</b>", Severity.CRITICAL))


def web_state(
    store: Store, hands: Hands | None = None, *, pools: tuple[int, ...] = (1, 2, 3), beats: bool = True
) -> WebState:
    hands = hands or Hands()
    pulse = Pulse(pools, hands)
    if beats:
        pulse.saw_tip(Tip(4_381_221, "ab" * 32, Seconds(NOW - 4)))
        pulse.saw_balance(MicroStx(8_100_000))
        for pool_id in pools:
            pulse.cycle_finished(pool_id, Outcome.WAITING_FOR_VOTE)
    return WebState(
        store=store,
        clock=hands,
        metrics=Metrics(),
        pulse=pulse,
        cycle_seconds=60,
        network="testnet",
        address=KEEPER,
        plugins=("alex", "velar", "coingecko", "slack"),
        pool_names={pool_id: f"Configured {pool_id}" for pool_id in pools if pool_id > 3},
    )


async def show(folder: Path, port: int, kind: str) -> None:
    """Serve the samples for a person to look at: python tests/web/samples.py FOLDER PORT full|empty|starting|stale."""
    async with open_store(folder / f"{kind}.sqlite3") as store:
        if kind in {"full", "stale"}:
            await fill(store)
        hands = Hands()
        pools = () if kind == "empty" else (1, 2, 3)
        state = web_state(store, hands, pools=pools, beats=kind != "starting")
        if kind == "stale":
            hands.at = NOW + 900
        async with serve(make_app(state), "127.0.0.1", port) as address:
            print(address, flush=True)  # noqa: T201 - for the person who started it
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(show(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
