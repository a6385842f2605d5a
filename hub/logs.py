"""Structured logs on standard error: coloured lines in a terminal, JSON elsewhere."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


class LossyStream:
    """A stream that loses what it cannot write: a log on a full disk must not end what it tells of.

    Args:
        stream: where the lines go.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure_logs(level: int = logging.INFO) -> None:
    """Sets up structlog for the whole process."""
    to_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if to_terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, LossyStream(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    # These libraries log the URLs of requests, and the URLs of Telegram contain the bot's token.
    for name in ("urllib3", "httpx", "telegram", "twilio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
