"""Makes the message that a connector composes from what the database has of a delivery."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from hub.connectors.base import Connector
from hub.errors import ContactStopped
from hub.outbound import message_details
from hub.outbound.outbox import ClaimedDelivery
from hub.schema.tokens import ReplyToken, make_reply_token
from hub.store.engine import Store
from hub.store.media import MediaFolder, MediaLinks
from hub.types import Attachment, Medium, OutboundMessage


class MessageBuilder:
    """Reads messages for their connectors."""

    def __init__(self, store: Store, media: MediaFolder, links: MediaLinks, secret: bytes) -> None:
        self._store = store
        self._media = media
        self._links = links
        self._secret = secret

    def message(self, connector: Connector[Any], claim: ClaimedDelivery) -> OutboundMessage:
        """Everything a channel may say of a message. Raises ContactStopped: it must not leave."""
        with self._store.read() as connection:
            found = message_details.read_message_details(connection, claim)
        if found.stopped_reason is not None:
            raise ContactStopped(found.stopped_reason)
        row = found.row
        token = ReplyToken(row.conversation_id, claim.address_id)
        return OutboundMessage(
            id=str(row.id),
            address=found.address,
            text=row.text,
            subject=found.subject,
            attachments=tuple(self._attachment(file) for file in found.files),
            author_name=row.author_name,
            # The time of writing, not of the try: a retry composes the same calls.
            now=row.created_at if claim.parts_sent or claim.unknown_since else datetime.now(UTC),
            last_inbound_at=found.last_inbound_at,
            written_by_person=row.author_type == "agent",
            automatic=row.author_type == "system",
            reply_to=found.reply_to,
            references=found.references,
            conversation_id=str(row.conversation_id),
            reply_token=make_reply_token(self._secret, token),
            status_url=f"{connector.site.webhook_url(connector.name)}/status?message={row.id}",
            locale=found.locale,
        )

    def _attachment(self, file: Any) -> Attachment:
        return Attachment(
            medium=Medium(file.medium),
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            content=partial(self._media.read, file.key),
            url=self._links.public_url(file.id, file.name),
        )
