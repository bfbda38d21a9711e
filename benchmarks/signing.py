"""A slice of ten legs, built and signed: the keeper's own code beside the reference library's."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from keeper.chain.c32 import parse_principal
from keeper.chain.contracts import PoolContracts, SwapLeg
from keeper.chain.postconditions import Compare, FtSent, Mode, PostCondition, StxSent, parse_asset
from keeper.chain.transactions import Network, call, unsigned
from keeper.core.units import MicroStx
from keeper.signers.local import KeySigner
from keeper.testing.build import ALEX, DEPLOYER, DIKO, STSTX, STX, WELSH

SECONDS = 2.0
KEY = bytes(31) + b"\x01"
NONCE, FEE = 7, 30_000
POOL, MANDATE, SLICE = 1, 3, 2
VAULT = f"{DEPLOYER}.whale-pool-vault"
TOKENS = (ALEX, DIKO, WELSH, STSTX)
COMPARE = {Compare.LE: "lte", Compare.GE: "gte"}


@dataclass(frozen=True, slots=True)
class Node:
    """How often a second the reference library signed; None where it could not be measured, and why."""

    per_second: float | None
    why: str
    same_bytes: bool | None


@dataclass(frozen=True, slots=True)
class Signing:
    """Both sides."""

    python_per_second: float
    node: Node


def legs() -> list[SwapLeg]:
    """Return ten legs: every token sold and bought, at two venues."""
    pairs = [(token.principal, STX.principal) for token in TOKENS] + [(STX.principal, t.principal) for t in TOKENS]
    pairs += pairs[:2]
    return [
        SwapLeg(sell, buy, 10**9 + i, 9 * 10**8 + i, f"{DEPLOYER}.{('alex', 'velar')[i % 2]}-adapter")
        for i, (sell, buy) in enumerate(pairs)
    ]


def conditions() -> list[PostCondition]:
    """Return what the vault may send of each asset, and what a venue must pay."""
    vault, venue = parse_principal(VAULT), parse_principal(f"{DEPLOYER}.alex-adapter")
    sold = [FtSent(vault, parse_asset(f"{t.principal}::{t.token_name}"), Compare.LE, 2 * 10**9) for t in TOKENS]
    paid = [FtSent(venue, parse_asset(f"{t.principal}::{t.token_name}"), Compare.GE, 9 * 10**8) for t in TOKENS]
    return [StxSent(vault, Compare.LE, 4 * 10**9), *sold, *paid]


async def sign_once(signer: KeySigner) -> bytes:
    """Build and sign as the sender does; everything is made anew from plain values."""
    order = PoolContracts(DEPLOYER).rebalance_pool(POOL, MANDATE, SLICE, MicroStx(FEE), legs())
    payload = call(parse_principal(order.contract), order.function, order.args)
    draft = unsigned(Network.TESTNET, signer.public_key, payload, nonce=NONCE, fee=FEE)
    made = replace(draft, conditions=tuple(conditions()), mode=Mode.ORIGINATOR)
    return made.with_signature(await signer.sign(made)).encode()


async def repeat(seconds: float) -> tuple[float, bytes]:
    """Return how often a second, and the bytes."""
    signer, times, raw = KeySigner(KEY, Network.TESTNET), 0, b""
    began = perf_counter()
    while perf_counter() - began < seconds:
        raw = await sign_once(signer)
        times += 1
    return times / (perf_counter() - began), raw


def task() -> dict[str, Any]:
    """Return the same slice for the other side, as JSON with the reference library's own field names."""
    return {
        "seconds": SECONDS,
        "key": KEY.hex() + "01",
        "nonce": NONCE,
        "fee": FEE,
        "contract": f"{DEPLOYER}.pool-rebalancer",
        "function": "rebalance-pool",
        "head": [POOL, MANDATE, SLICE, FEE],
        "legs": [asdict(leg) for leg in legs()],
        "conditions": list(named_conditions()),
    }


def named_conditions() -> Iterator[dict[str, Any]]:
    """Yield the conditions in the reference library's form."""
    for condition in conditions():
        assert isinstance(condition, (StxSent, FtSent))  # noqa: S101 - made above
        common = {
            "address": str(condition.who),
            "condition": COMPARE[condition.compare],
            "amount": str(condition.amount),
        }
        if isinstance(condition, StxSent):
            yield {"type": "stx-postcondition", **common}
        else:
            yield {
                "type": "ft-postcondition",
                "asset": f"{condition.asset.contract}::{condition.asset.name}",
                **common,
            }


def node_program() -> str | None:
    """Return the Node that `make setup` installed, else the machine's."""
    beside = Path(sys.executable).parent / "node"
    return str(beside) if beside.exists() else shutil.which("node")


def measure() -> Signing:
    """Sign here, there, and here again, so that a machine that slows down slows both sides."""
    asyncio.run(repeat(SECONDS / 4))
    first, raw = asyncio.run(repeat(SECONDS))
    theirs = measure_node(raw)
    second, _ = asyncio.run(repeat(SECONDS))
    return Signing((first + second) / 2, theirs)


def measure_node(raw: bytes) -> Node:
    """Sign with the reference library; `raw` is what it should come to."""
    node = node_program()
    if node is None:
        return Node(None, "there is no Node", None)
    script = Path(__file__).with_name("node_sign.mjs")
    done = subprocess.run(  # noqa: S603 - our own script
        [node, str(script)], input=json.dumps(task()), capture_output=True, text=True, timeout=30, check=False
    )
    if done.returncode != 0:
        return Node(None, (done.stderr.strip().splitlines() or ["no answer"])[-1], None)
    answer = json.loads(done.stdout)
    return Node(answer["perSecond"], "", answer["raw"] == raw.hex())
