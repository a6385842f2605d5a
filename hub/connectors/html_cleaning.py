"""Cleans HTML in worker processes, because hostile HTML takes all memory that it can get."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from hub.connectors.html import MAX_LENGTH
from hub.processes.pool import Pool
from hub.types import InboundMessage, ParsedEvent


@cache
def shared_pool() -> Pool:
    """The one pool of this process for HTML that no connector has cleaned."""
    return Pool("hub.connectors.html_task", size=1)


def clean_in_process(html: str) -> str:
    """HTML as `clean_markup` returns it; simple HTML of its words where it takes too long.

    Raises:
        Overloaded: no process is free or could be started.
    """
    values = shared_pool().run(html[:MAX_LENGTH].encode("utf-8", "replace")).values
    return values[-1].decode() if values else ""


def with_clean_html(event: ParsedEvent) -> ParsedEvent:
    """The event with clean HTML; the event itself where its connector has cleaned it already.

    Raises:
        Overloaded: no process is free or could be started.
    """
    if not isinstance(event, InboundMessage) or event.html_is_clean or not event.html:
        return event
    return replace(event, html=clean_in_process(event.html), html_is_clean=True)
