"""The slice of ten legs that both libraries work on, in the keeper's own words and in the other side's."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from keeper.chain.c32 import parse_principal
from keeper.chain.contracts import ContractCall, PoolContracts, SwapLeg
from keeper.chain.postconditions import Compare, FtSent, PostCondition, StxSent, parse_asset
from keeper.core.units import MicroStx
from keeper.testing.build import ALEX, DEPLOYER, DIKO, STSTX, STX, WELSH

KEY: Final = bytes(31) + b"\x01"
NONCE, FEE = 7, 30_000
POOL, MANDATE, SLICE = 1, 3, 2
VAULT: Final = f"{DEPLOYER}.whale-pool-vault"
TOKENS: Final = (ALEX, DIKO, WELSH, STSTX)
COMPARE: Final = {Compare.LE: "lte", Compare.GE: "gte"}


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


def order() -> ContractCall:
    """Return the call; its arguments are put together anew."""
    return PoolContracts(DEPLOYER).rebalance_pool(POOL, MANDATE, SLICE, MicroStx(FEE), legs())


def described() -> dict[str, Any]:
    """Return the same slice for the other side, as JSON with the reference library's own field names."""
    return {
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
