"""What the keeper wants a contract to do, with the conditions under which it may happen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keeper.chain.contracts import ContractCall
from keeper.chain.postconditions import Mode, PostCondition, encode_condition
from keeper.core.records import IntentKind
from keeper.core.units import MicroStx


@dataclass(frozen=True, slots=True)
class Order:
    """One transaction to make. `purpose` is the same whenever the same thing is wanted, and only then."""

    purpose: str
    kind: IntentKind
    pool_id: int | None
    call: ContractCall
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
            "contract": self.call.contract,
            "function": self.call.function,
            "args": [arg.hex() for arg in self.call.args],
            "mode": self.mode.name.lower(),
            "conditions": [encode_condition(condition).hex() for condition in self.conditions],
            "expects": dict(self.expects),
        }
