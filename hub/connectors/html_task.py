"""Cleans one page, in a worker process: a task module of `hub.processes`."""

from __future__ import annotations

from collections.abc import Iterator

from hub.connectors.html import clean_markup, plain_text, text_to_html


def prepare() -> None:
    """Imports nothing more."""
    clean_markup("<p>up</p>")


def run(request: bytes) -> Iterator[bytes]:
    """The page as simple HTML of its words, for a page that takes too long; then cleaned."""
    html = request.decode("utf-8", "replace")
    yield text_to_html(plain_text(html)).encode("utf-8", "replace")
    yield clean_markup(html).encode("utf-8", "replace")
