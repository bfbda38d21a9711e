"""Reports unexpected errors to Sentry when a DSN is set. The only importer of sentry_sdk."""

from typing import Any

import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.argv import ArgvIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.modules import ModulesIntegration
from sentry_sdk.transport import Transport
from sentry_sdk.types import Event, Hint

from keeper.errors import KeeperError
from keeper.telemetry.redact import Redactor


def init_sentry(
    dsn: str | None,
    *,
    redactor: Redactor,
    release: str,
    environment: str,
    transport: type[Transport] | None = None,
) -> bool:
    """Start reporting and return True; without a DSN do nothing and return False.

    Nothing is sent but errors given to `report` and crashes: no logs, no traces, no local variables, no
    request bodies, and (the SDK's default) no personal data. `transport` is for tests.
    """
    if not dsn:
        return False

    def scrub(event: Event, _: Hint) -> Event | None:
        return scrubbed(event, redactor)

    sentry_sdk.init(
        dsn=dsn,
        release=release,
        environment=environment,
        before_send=scrub,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        server_name="",
        auto_enabling_integrations=False,
        disabled_integrations=_unwanted(),
        transport=transport,
    )
    return True


def report(error: BaseException, **facts: object) -> None:
    """Send one unexpected error with its facts; without a DSN nothing happens."""
    with sentry_sdk.new_scope() as scope:
        scope.set_context("facts", {**(error.facts if isinstance(error, KeeperError) else {}), **facts})
        scope.capture_exception(error)


def flush(seconds: float = 2.0) -> None:
    """Give waiting reports a last chance at shutdown."""
    sentry_sdk.flush(timeout=seconds)


def scrubbed(event: Event, redactor: Redactor) -> Event:
    """Return the event without secrets, host name and request data."""
    clean: Any = {name: redactor.value(value) for name, value in event.items()}
    for name in ("server_name", "request", "user", "breadcrumbs", "modules"):
        clean.pop(name, None)
    return clean  # type: ignore[no-any-return]  # the same keys, each starred where needed


def _unwanted() -> list[Integration]:
    """Logging would send every log line of level error a second time; argv may name files."""
    return [ArgvIntegration(), LoggingIntegration(), ModulesIntegration()]
