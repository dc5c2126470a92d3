"""Set up structured logs: one event a line, with fields; for a person in colours, else as JSON."""

from __future__ import annotations

import logging
import sys

import structlog

QUIET = ("httpx", "apscheduler", "alembic", "uvicorn", "sqlalchemy")
"""Libraries whose own lines say nothing that our events do not."""


def set_up_logs(*, level: str = "info", is_json: bool | None = None) -> None:
    """Send events of `level` and above to standard error."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    as_json = not sys.stderr.isatty() if is_json is None else is_json
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
