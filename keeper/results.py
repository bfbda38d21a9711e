"""What a mined transaction answered, taken out of its `(ok …)`. An answer of another shape is named, never guessed at."""

from collections.abc import Callable
from typing import Any, TypeVar

from keeper.chain.clarity import Ok, decode
from keeper.core.records import Intent
from keeper.errors import BadInput, NodeUnavailable, ResultUnreadable

Answer = TypeVar("Answer")


def read_result(intent: Intent, take: Callable[[Any, str], Answer]) -> Answer:
    """Return what `take` finds in a successful intent's answer; its getters are those of `keeper.chain.plain`.

    Raises ResultUnreadable: the transaction is on the chain all the same, and must not be sent again for that.
    """
    function = str(intent.call["function"])
    try:
        answer = decode(bytes.fromhex(str(intent.result.get("result_hex")).removeprefix("0x")))
        return take(answer.value if isinstance(answer, Ok) else answer, f"the result of {function}")
    except (NodeUnavailable, BadInput, ValueError) as exc:
        message = f"{function} was mined as a success, but its result cannot be read: {exc}"
        raise ResultUnreadable(message, txid=intent.txid, key=intent.key) from None
