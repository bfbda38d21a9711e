import pytest

from keeper.telemetry.redact import STARS, Redactor, is_secret_name, is_secret_url


@pytest.mark.parametrize(
    "name",
    [
        "key",
        "api_key",
        "X-Api-Key",
        "signerKey",
        "SECRET",
        "bot_token",
        "Authorization",
        "webhook_url",
        "webhookUrl",
        "password",
    ],
)
def test_name__that_may_hold_a_secret__is_known(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["monkey", "keeper", "pool_id", "tokenised", "asset", "turkey_bps", ""])
def test_name__that_only_looks_alike__is_left_alone(name):
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("https://hooks.slack.com/services/T/B/x", True),
        ("https://discord.com/api/webhooks/1/x", True),
        ("https://user:pw@node.example/v2", True),
        ("https://node.example/?apikey=1", True),
        ("http://127.0.0.1:20443", False),
        ("not an address", False),
    ],
)
def test_url__with_or_without_credentials__is_told_apart(url, secret):
    assert is_secret_url(url) is secret


def test_text__holding_told_secrets__loses_them_longest_first():
    redactor = Redactor(["secret-one", "secret-one-and-more", "tiny"])

    said = redactor.text("a secret-one-and-more, a secret-one and a tiny thing")

    assert said == f"a {STARS}, a {STARS} and a tiny thing"


def test_text__with_credentials_nobody_told__loses_them():
    said = Redactor().text(
        "GET https://me:pw@node.example/v2 Authorization: Bearer abcdefghijkl https://discord.com/api/webhooks/1/zzz"
    )

    assert "pw" not in said
    assert "abcdefghijkl" not in said
    assert "zzz" not in said
    assert "node.example/v2" in said


def test_value__nested__is_starred_by_name_and_by_content():
    redactor = Redactor(["sesame-open"])

    clean = redactor.value(
        {
            "plugin": {"slack": {"webhook_url": "x", "channel": "#ops"}},
            "list": ["say sesame-open", b"sesame-open", 3, None],
        }
    )

    assert clean == {
        "plugin": {"slack": {"webhook_url": STARS, "channel": "#ops"}},
        "list": [f"say {STARS}", STARS, 3, None],
    }


def test_value__inside_itself__ends():
    loop: dict[str, object] = {}
    loop["again"] = loop

    assert "again" in str(Redactor().value(loop))


def test_field__secret_name_without_a_value__shows_that_it_is_empty():
    assert Redactor().field("api_key", None) is None
