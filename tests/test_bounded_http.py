"""How long a server asks us to stay away."""

import pytest

from keeper.bounded_http import asked_wait

NOW = "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": " 0.3 "}, 0.3),
        ({"Retry-After": "9" * 400}, 86_400.0),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:20 GMT", "Date": NOW}, 20.0),
        ({"Retry-After": "Sat, 21 Nov 2026 09:00:00 GMT", "Date": NOW}, 0.0),
        ({"Retry-After": "Sat, 21 Nov 2036 10:00:00 GMT", "Date": NOW}, 86_400.0),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:20 GMT"}, None),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:20", "Date": NOW}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan", "Date": NOW}, None),
        ({"Retry-After": "٣"}, None),
        ({}, None),
    ],
)
def test_asked_wait__any_header__is_bounded_or_left_out(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers) == seconds
