"""Makes and carries out the calls of a message; a mistake in a connector is a verdict, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from hub.connectors.base import Connector
from hub.errors import ConnectionFailed, ResponseUnexpected, SendError
from hub.types import OutboundMessage, SendReceipt

log = structlog.get_logger()


def compose_calls(connector: Connector[Any], message: OutboundMessage) -> Sequence[Any]:
    """The calls of a message. A mistake here fails it: the next try would make the same one."""
    try:
        calls = connector.compose(message)
    except SendError:
        raise
    except Exception as error:
        log.exception("delivery.compose_broke", connector=connector.name, message_id=message.id)
        raise ResponseUnexpected(
            "This message could not be prepared for its channel; the log has the details."
        ) from error
    if not calls:
        raise ResponseUnexpected("There was nothing to send in this message.")
    return calls


def send_call(connector: Connector[Any], call: Any) -> SendReceipt:
    """The receipt of a call. A mistake here leaves the outcome unknown."""
    try:
        return connector.send(call)
    except SendError:
        raise
    except Exception as error:
        log.exception("delivery.send_broke", connector=connector.name)
        raise ConnectionFailed(
            "Something broke while this was sent; it is tried again, and the log has the details.",
            maybe_sent=True,
        ) from error
