"""Changes a message, or takes it back, wherever it is: waiting, in line, or with the customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hub.connectors.base import Connector, Edits, Retracts
from hub.conversations import views
from hub.errors import Conflict, SendError
from hub.outbound import cancelling, holding, sent_changes
from hub.outbound.sent_changes import Sent
from hub.schema import resources
from hub.store.engine import Store, Transaction
from hub.transport.running import RunningConnectors
from hub.transport.send_calls import send_call


def take_back(
    store: Store, connectors: RunningConnectors, message_id: int, agent_name: str
) -> resources.Draft | resources.Message:
    """Takes a message back.

    Returns: the draft that it came from, where it had not left; else the message, which its
        customer has no longer.

    Raises:
        NotFound: there is no such message of ours.
        Conflict: it is on its way, or its channel cannot take it back.
    """

    def cancel(tx: Transaction) -> resources.Draft | None:
        return holding.take_back(tx, message_id) or cancelling.cancel_queued(tx, message_id)

    draft = store.write(cancel)
    if draft is not None:
        return draft
    sent = _find_sent(store, message_id)
    connector = connectors.get(sent.connector)
    if not isinstance(connector, Retracts):
        raise Conflict(
            f"{_title(connector, sent)} cannot take a message back that the customer has."
        )
    _change(connector, lambda: connector.retract(sent.message))
    store.write(lambda tx: sent_changes.record_retraction(tx, message_id, agent_name))
    with store.read() as connection:
        return views.get_message(connection, message_id)


def change_text(
    store: Store, connectors: RunningConnectors, message_id: int, text: str
) -> resources.Message:
    """Gives a message another text. Raises NotFound and Conflict, as `take_back`."""
    if not store.write(lambda tx: holding.change_text(tx, message_id, text)):
        sent = _find_sent(store, message_id)
        connector = connectors.get(sent.connector)
        if not isinstance(connector, Edits):
            raise Conflict(
                f"{_title(connector, sent)} cannot change a message that the customer has."
            )
        _change(connector, lambda: connector.edit(sent.message, text))
        store.write(lambda tx: sent_changes.record_edit(tx, message_id, text))
    with store.read() as connection:
        return views.get_message(connection, message_id)


def _find_sent(store: Store, message_id: int) -> Sent:
    with store.read() as connection:
        return sent_changes.find_sent(connection, message_id, datetime.now(UTC))


def _change(connector: Any, compose: Any) -> None:
    """Makes the calls of a change. Raises Conflict, with the reason for the agent."""
    try:
        calls: Sequence[Any] = compose()
        for call in calls:
            send_call(connector, call)
    except SendError as error:
        raise Conflict(error.message) from None


def _title(connector: Connector[Any] | None, sent: Sent) -> str:
    return sent.connector if connector is None else connector.title
