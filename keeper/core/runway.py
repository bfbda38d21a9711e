"""How long the signer's balance lasts at the rate at which fees were paid lately."""

from collections.abc import Sequence


def runway_days(balance_ustx: int, fees_ustx: Sequence[int]) -> float | None:
    """Return days until the balance is used up; None where no fees say at what rate.

    `fees_ustx` is what was set aside for fees by day, in µSTX, today first. Days before the first fee do not
    count. Today counts alone only as long as there is no whole day, since it is not over.
    """
    today, past = fees_ustx[0], list(fees_ustx[1:])
    while past and past[-1] == 0:
        past.pop()
    days = past or [today]
    spent = sum(days)
    return None if spent <= 0 else balance_ustx * len(days) / spent
