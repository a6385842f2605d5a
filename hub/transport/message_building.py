"""Builds the message that a connector composes from what the database has of a delivery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from hub.connectors.base import Connector
from hub.errors import ContactStopped
from hub.outbound import message_details
from hub.outbound.claims import ClaimedDelivery
from hub.outbound.message_details import MessageDetails, OutgoingFile
from hub.schema.tokens import ReplyToken, make_reply_token
from hub.store.engine import Store
from hub.store.media import MediaFolder, MediaLinks
from hub.types import Attachment, Medium, OutboundMessage


class MessageBuilder:
    """Builds outbound messages. `secret` signs their reply tokens."""

    def __init__(self, store: Store, media: MediaFolder, links: MediaLinks, secret: bytes) -> None:
        self._store = store
        self._media = media
        self._links = links
        self._secret = secret

    def read_details(
        self, connector: Connector[Any], claims: Sequence[ClaimedDelivery]
    ) -> dict[int, MessageDetails]:
        """What `build_message` needs of claimed deliveries, by the ids of their messages."""
        with self._store.read() as connection:
            return message_details.read_message_details(
                connection, claims, with_thread=connector.capabilities.subject
            )

    def build_message(
        self, connector: Connector[Any], claim: ClaimedDelivery, details: MessageDetails
    ) -> OutboundMessage:
        """The message of a claimed delivery, with everything that a channel may need.

        Raises:
            ContactStopped: the address is closed for us; the message must not leave.
        """
        if details.stopped_reason is not None:
            raise ContactStopped(details.stopped_reason)
        receivers = {*(details.to or (details.address,)), *details.cc}
        # A token that others get too proves no address when it comes back.
        proves = receivers == {details.address}
        token = ReplyToken(details.conversation_id, claim.address_id if proves else 0)
        is_repeated = claim.parts_sent or claim.unknown_since
        webhook_url = connector.site.webhook_url(connector.name)
        return OutboundMessage(
            id=str(details.message_id),
            address=details.address,
            to=details.to,
            cc=details.cc,
            text=details.text,
            subject=details.subject,
            attachments=tuple(self._attachment(file) for file in details.files),
            author_name=details.author_name,
            # The time of writing, not of the attempt: a retry composes the same calls.
            now=details.created_at if is_repeated else datetime.now(UTC),
            last_inbound_at=details.last_inbound_at,
            written_by_person=details.author_type == "agent",
            automatic=details.author_type == "system",
            reply_to=details.reply_to,
            topic=details.topic,
            references=details.references,
            conversation_id=str(details.conversation_id),
            reply_token=make_reply_token(self._secret, token),
            status_url=f"{webhook_url}/status?message={details.message_id}",
            locale=details.locale,
        )

    def _attachment(self, file: OutgoingFile) -> Attachment:
        return Attachment(
            medium=Medium(file.medium),
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            content=partial(self._media.read, file.key),
            url=self._links.public_url(file.id, file.name),
        )
