"""A keeper in the middle of its work, for tests and for looking at the page."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keeper.chain.members import NodeHealth, Standing
from keeper.core.allocation import TargetAllocation
from keeper.core.assets import Asset, AssetBook
from keeper.core.chain_types import Tip
from keeper.core.mandates import Mandate, NextStep, Proposal
from keeper.core.pauses import RUNNING
from keeper.core.policy import PoolRule
from keeper.core.prices import AgreedPrice, PricePoint
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
from keeper.core.slicing import MandateBudget
from keeper.core.units import BaseUnits, Bps, MicroStx, PriceE12, Seconds
from keeper.core.valuation import value_portfolio
from keeper.core.views import PoolFacts, QueuedWithdrawal, Votes, pool_body, whale_rows
from keeper.core.whales import Whale, WhaleRule
from keeper.errors import NodeUnavailable
from keeper.ports import Store
from keeper.store.sqlite import open_store
from keeper.telemetry.metrics import Metrics
from keeper.telemetry.pulse import Pulse
from keeper.web.server import make_app, serve
from keeper.web.state import WebState

NOW = Seconds(1_795_255_200)
DEPLOYER = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
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


def agreed(asset: str, price_e12: int, spread_bps: int) -> AgreedPrice:
    points = (
        PricePoint("alex", asset, "STX", PriceE12(price_e12), Seconds(NOW - 12)),
        PricePoint("coingecko", asset, "USD", PriceE12(price_e12 * 4_724 // 10_000), Seconds(NOW - 71)),
    )
    return AgreedPrice(asset, PriceE12(price_e12), Seconds(NOW - 71), Bps(spread_bps), points)


PRICES = {
    "STX": agreed("STX", 10**12, 0),
    "ALEX": agreed("ALEX", 1_306_900_000, 80),
    "DIKO": agreed("DIKO", 9_907_000_000, 46),
    "WELSH": agreed("WELSH", 225_800_000, 112),
}
BOOK = AssetBook(
    (
        Asset("STX", 6, f"{DEPLOYER}.stx-token", None),
        Asset("ALEX", 8, "SP102V8P0F7JX67ARQ77WEA3D3CFB5XW39REDT0AM.token-alex", "alex"),
        Asset("DIKO", 6, "SP2C2YFP12AJZB4MABJBAJ55XECVS7E4PMMZ89YZR.arkadiko-token", "diko"),
        Asset("WELSH", 6, "SP3NE50GEXFG9SZGTT51P40X2CKYSZ5CC4ZTZ7A2G.welshcorgicoin-token", "welshcorgicoin"),
        Asset("stSTX", 6, "SP4SZE494VC2YC5JYG7AYFQ44F5Q4PYV7DVMDPBG.ststx-token", "ststx"),
    )
)


def rule(pool_id: int, name: str, symbols: tuple[str, ...]) -> PoolRule:
    share = f"{DEPLOYER}.pool-share-{pool_id}"
    return PoolRule(pool_id, name, share, symbols, Bps(1_000), Bps(200), WhaleRule("defi", 3))


def whale(number: int, score: int, allocation: dict[str, int]) -> Whale:
    return Whale(WHALES[number], "defi", score, Bps(6_400), MicroStx(5_000_000), allocation, Seconds(NOW - 3_600))


def decided(outcome: Outcome, reason: str) -> Decision:
    return Decision("d", 1, Seconds(NOW - 8), 4_381_220, outcome, reason)


def valued(pool: PoolRule, holdings: dict[str, int], target: dict[str, int]) -> PoolFacts:
    prices = {symbol: PRICES[symbol] for symbol in holdings}
    whales = (whale(0, 9_120, {"STX": 5_600, "ALEX": 4_400}), whale(1, 8_744, {"STX": 10_000}))
    weights = {WHALES[0]: 6_500, WHALES[1]: 3_500}
    portfolio = value_portfolio(holdings, prices, BOOK, pending_shares=0, total_shares=17_400_000_000)
    return PoolFacts(
        rule=pool,
        holdings=holdings,
        pauses=RUNNING,
        portfolio=portfolio,
        target=TargetAllocation(target, Bps(9_340), {"XBTC": 660}, weights),
        drift=portfolio.drift(target),
        prices=prices,
        whale_rows=whale_rows(whales, weights),
        queue=(),
        total_shares=17_400_000_000,
    )


def defi_facts(**changes: Any) -> PoolFacts:
    facts = valued(
        rule(1, "DeFi Whale Index", ("STX", "ALEX", "DIKO")),
        {"STX": 13_902_114_000, "ALEX": 231_088_201_000_000, "DIKO": 88_120_400_000},
        {"STX": 6_000, "ALEX": 3_000, "DIKO": 1_000},
    )
    defaults: dict[str, Any] = {
        "step": NextStep.WAIT_VOTE,
        "proposal": Proposal(
            4, "voting", Seconds(NOW + 41_000), Seconds(NOW + 44_600), {"STX": 6_000, "ALEX": 3_000, "DIKO": 1_000}
        ),
        "votes": Votes(31_200_000_000_000, 4_100_000_000_000, 60_000_000_000_000),
        "decision": decided(
            Outcome.WAITING_FOR_VOTE, "Drift is above 10.00 %; proposal 4 is in its vote until 21:23 UTC."
        ),
    }
    return replace(facts, **{**defaults, **changes})


def meme_facts() -> PoolFacts:
    facts = valued(
        rule(2, "Meme Whale Portfolio", ("STX", "WELSH")),
        {"STX": 9_120_000_000, "WELSH": 31_220_410_500_000},
        {"STX": 5_000, "WELSH": 5_000},
    )
    used = MandateBudget(
        Bps(12_000), Bps(180), Bps(150), MicroStx(16_200_000_000), MicroStx(2_480_000_000), MicroStx(9_000_000)
    )
    return replace(
        facts,
        step=NextStep.EXECUTE,
        proposal=Proposal(3, "passed", Seconds(NOW - 9_000), Seconds(NOW - 5_400), {"STX": 5_000, "WELSH": 5_000}),
        mandate=Mandate(3, Seconds(NOW + 130_000), {"STX": 5_000, "WELSH": 5_000}, Bps(640)),
        budget=used,
        slices=2,
        decision=decided(Outcome.SLICE_EXECUTED, "Slice 2 of mandate 3 sold 1,240 STX for WELSH."),
    )


def stacker_facts() -> PoolFacts:
    return PoolFacts(
        rule=rule(3, "Conservative Stacker", ("STX", "stSTX")),
        holdings={"STX": 4_102_500_000, "stSTX": 10_911_200_000},
        pauses=RUNNING,
        price_trouble={"stSTX": "1 source where 2 are needed; alex is 22 min old"},
        queue=(QueuedWithdrawal(USER, 4_950_120_000, BaseUnits(5_000_000_000), Seconds(NOW - 7_300)),),
        decision=decided(Outcome.REFUSED, "stSTX: 1 source where 2 are needed (alex is 22 min old)."),
    )


def view(facts: PoolFacts) -> PoolView:
    return body_view(facts.rule.pool_id, facts.rule.name, pool_body(facts, BOOK))


def body_view(pool_id: int, name: str, body: Mapping[str, Any]) -> PoolView:
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
    for facts in (defi_facts(), meme_facts(), stacker_facts()):
        await store.put_view(view(facts))
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


NODE = NodeHealth("node.example", Standing.IN_LINE, True, 0, 0.0, None, 4_381_221, 480.0)  # noqa: FBT003


async def show(folder: Path, port: int, kind: str) -> None:
    """Serve the samples for a person to look at: python tests/web/samples.py FOLDER PORT full|empty|starting|stale."""
    async with open_store(folder / f"{kind}.sqlite3") as store:
        if kind in {"full", "stale"}:
            await fill(store)
        hands = Hands()
        pools = () if kind == "empty" else (1, 2, 3)
        state = replace(web_state(store, hands, pools=pools, beats=kind != "starting"), nodes=lambda: (NODE,))
        if kind == "stale":
            hands.at = NOW + 900
        async with serve(make_app(state), "127.0.0.1", port) as address:
            print(address, flush=True)  # noqa: T201 - for the person who started it
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(show(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
