"""Log lines on stderr: one event a line, named in snake_case, with facts as fields and no secrets."""

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import Processor

from keeper.telemetry.redact import Redactor

LogFormat = Literal["console", "json"]

_HANDLER: Final = "keeper"
_OURS: Final = frozenset({"event", "level", "logger", "timestamp"})
_LOUD: Final = ("aiohttp.access", "aiosqlite", "asyncio")
"""Loggers of libraries that say more than an operator needs; only their warnings are kept."""


def setup_logging(
    *, level: str = "info", fmt: LogFormat = "console", secrets: Iterable[str] = (), stream: TextIO | None = None
) -> Redactor:
    """Send our log lines and those of libraries to `stream` (stderr), through one redactor, and return it.

    May be called again; the last call counts. `secrets` are values that must never appear.
    """
    redactor = Redactor(secrets)
    out = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(out)
    handler.set_name(_HANDLER)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            # Tracebacks become text before the redactor sees the line, so that it sees all of it.
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,
                _redaction(redactor),
                _renderer(fmt, out),
            ],
        )
    )
    _install(handler, level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return redactor


def _install(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    for old in [one for one in root.handlers if one.get_name() == _HANDLER]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def _redaction(redactor: Redactor) -> Processor:
    def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {
            name: redactor.value(value) if name in _OURS else redactor.field(name, value)
            for name, value in event.items()
        }

    return redact


def _renderer(fmt: LogFormat, out: TextIO) -> Processor:
    if fmt == "json":
        return structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=24
    )
