"""A secret in a box that shows nothing: not printed, compared, copied or pickled."""

from typing import Final, NoReturn

from typing_extensions import override

STARS: Final = "**********"


class Secret:
    """Bytes that only `reveal` gives away, so that a traceback with local variables shows stars.

    `forget` drops them early. Python may have copied them meanwhile, and does not overwrite what it frees.
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """Return the secret itself, empty once forgotten. Use it in the expression that needs it; give it no name."""
        return self._value

    def forget(self) -> None:
        """Let go of it."""
        self._value = b""

    @override
    def __repr__(self) -> str:
        return f"Secret({STARS})"

    @override
    def __reduce_ex__(self, protocol: object) -> NoReturn:
        message = "a secret cannot be pickled or copied"
        raise TypeError(message)
