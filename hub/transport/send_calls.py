"""Composes and carries out the calls of a message. A bug in a connector becomes a SendError."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from hub.connectors.base import Connector, SendsSingly
from hub.errors import ConnectionFailed, ResponseUnexpected, SendError
from hub.types import OutboundMessage, SendReceipt

log = structlog.get_logger()


def compose_calls(
    connector: Connector[Any], message: OutboundMessage, singly_from: int | None = None
) -> Sequence[Any]:
    """The calls of a message, at least one.

    Args:
        singly_from: the call from which on each file has a call of its own, None for none.

    Raises:
        SendError: the message cannot be composed. A bug in the connector fails the message, since
            the next attempt would meet it again.
    """
    try:
        calls = connector.compose(message)
        if singly_from is not None:
            calls = _one_file_each(connector, calls, singly_from)
    except SendError:
        raise
    except Exception as error:
        log.exception("delivery.compose_broke", connector=connector.name, message_id=message.id)
        raise ResponseUnexpected(
            "This message could not be prepared for its channel; an admin finds why in the log."
        ) from error
    if not calls:
        raise ResponseUnexpected("There was nothing to send in this message.")
    return calls


def _one_file_each(connector: Connector[Any], calls: Sequence[Any], begin: int) -> list[Any]:
    if not isinstance(connector, SendsSingly):
        return list(calls)
    return [*calls[:begin], *(each for call in calls[begin:] for each in connector.singly(call))]


def send_call(connector: Connector[Any], call: Any) -> SendReceipt:
    """Carries out one call of a message.

    Raises:
        SendError: the provider did not take the call. A bug in the connector leaves the outcome
            unknown.
    """
    try:
        return connector.send(call)
    except SendError:
        raise
    except Exception as error:
        log.exception("delivery.send_broke", connector=connector.name)
        raise ConnectionFailed(
            "Something broke while this was sent; an admin finds the details in the log.",
            maybe_sent=True,
        ) from error
