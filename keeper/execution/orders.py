"""What the keeper wants a contract to do, with the conditions under which it may happen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keeper.chain.contracts import ContractCall
from keeper.chain.hashing import sha512_256
from keeper.chain.payloads import DeployPayload
from keeper.chain.postconditions import Mode, PostCondition, encode_condition
from keeper.core.records import IntentKind
from keeper.core.units import MicroStx


@dataclass(frozen=True, slots=True)
class Order:
    """One transaction to make. `purpose` is the same whenever the same thing is wanted, and only then."""

    purpose: str
    kind: IntentKind
    pool_id: int | None
    call: ContractCall | DeployPayload
    """A function to call, or a contract to put on the chain."""
    mode: Mode
    conditions: tuple[PostCondition, ...] = ()
    fee_ustx: MicroStx | None = None
    """What to pay, where the call itself has to name it; None leaves it to the estimate."""
    urgent: bool = False
    """Whether it takes the nonce of something that can wait, and may use what the day's cap keeps back."""
    expects: Mapping[str, Any] = field(default_factory=dict)
    """JSON-safe numbers to hold the result against later: legs, minimums, prices."""

    def describe(self) -> dict[str, Any]:
        """Return the JSON-safe description that the journal keeps."""
        return {
            **_described(self.call),
            "mode": self.mode.name.lower(),
            "conditions": [encode_condition(condition).hex() for condition in self.conditions],
            "expects": dict(self.expects),
        }


def _described(what: ContractCall | DeployPayload) -> dict[str, Any]:
    if isinstance(what, DeployPayload):
        code_hash = sha512_256(what.source.encode("ascii")).hex()
        return {"contract": what.name, "function": "(deploy)", "args": [], "code_hash": code_hash}
    return {"contract": what.contract, "function": what.function, "args": [arg.hex() for arg in what.args]}
