"""A visitor's message as an event of the hub.

The page layer has written the message as a `hub.connectors.pages.PageMessage`, so there is no
provider's form to read: the payloads of a web chat are those of every page.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from hub.connectors.pages import PageMessage, PageUpload, PageView, PageVisitor
from hub.errors import PayloadInvalid
from hub.types import Address, Attachment, InboundMessage, Profile


def read_message(body: bytes, address_of: Callable[[str], Address]) -> InboundMessage:
    """The message in a request.

    Args:
        body: a `PageMessage` as JSON.
        address_of: makes the address of a visitor's id.

    Raises:
        PayloadInvalid: the body is not a `PageMessage`.
    """
    try:
        message = PageMessage.model_validate_json(body)
    except ValidationError as error:
        raise PayloadInvalid(_invalid_part(error)) from None
    return InboundMessage(
        key=f"{message.visitor}:{message.client_id}",
        raw=body,
        address=address_of(message.visitor),
        client_id=message.client_id,
        sent_at=message.sent_at,
        text=message.text,
        reply_to=message.reply_to,
        attachments=tuple(_attachment(upload) for upload in message.attachments),
        profile=_profile(message.profile),
        extra=_page(message.page) | _department(message.department),
    )


def _attachment(upload: PageUpload) -> Attachment:
    return Attachment(
        medium=upload.medium,
        name=upload.name,
        media_type=upload.media_type,
        size=upload.size,
        source=f"upload:{upload.upload}",
    )


def _profile(visitor: PageVisitor) -> Profile:
    typed = {"email": visitor.email, "phone": visitor.phone}
    return Profile(
        name=visitor.name,
        locale=visitor.locale,
        attributes={**visitor.attributes, **{key: value for key, value in typed.items() if value}},
    )


def _page(page: PageView | str) -> dict[str, str]:
    if isinstance(page, str):
        page = PageView(url=page)
    fields = {"page": page.url, "page_title": page.title, "referrer": page.referrer}
    return {key: value for key, value in fields.items() if value}


def _department(department: str) -> dict[str, str]:
    return {"department": department} if department else {}


def _invalid_part(error: ValidationError) -> str:
    """Names the part that is wrong, without a word of what the visitor wrote."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(step) for step in first["loc"][:3]) or "body"
    return f"Not a web chat event: {place[:100]} ({first['type']})."
