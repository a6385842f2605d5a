"""Web chat: the widget on a site's pages and the hub's own chat page.

There is no provider: the hub's own socket is the channel (`hub.connectors.pages`). A message to a
visitor is one `SocketCall`, which the socket layer carries to every page of the session.

Reference:
    docs/channels/webchat.md says what sites set up, and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.connectors.page_identity import Identity, SignedId, read_identity
from hub.connectors.pages import PageConnector, PageLook
from hub.connectors.webchat import inbound, outbound
from hub.connectors.webchat.config import WebchatConfig
from hub.connectors.webchat.outbound import SocketCall, SocketTyping
from hub.errors import Unsupported
from hub.types import (
    Address,
    Capabilities,
    DeliveryStatus,
    InboundEvent,
    OutboundMessage,
    SendReceipt,
    SentMessage,
    TextUnit,
    WebhookRequest,
)


class Webchat(PageConnector[WebchatConfig, SocketCall | SocketTyping, SocketCall | SocketTyping]):
    """One web chat, on the pages of any number of sites."""

    kind = "webchat"
    title = "Web chat"
    scheme = "webchat"
    Config = WebchatConfig
    capabilities = Capabilities(
        text_limit=outbound.TEXT_LIMIT,
        text_unit=TextUnit.CHARACTERS,
        max_text=outbound.TEXT_LIMIT,
        media=outbound.MEDIA,
        max_attachments=outbound.MAX_FILES,
        replies=True,
        typing_in=True,
        typing_out=True,
        edit=True,
        retract=True,
        receipts=(DeliveryStatus.DELIVERED, DeliveryStatus.READ),
    )

    # -- parse ---------------------------------------------------------------------

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [inbound.read_message(request.body, self.address)]

    # -- compose -------------------------------------------------------------------

    def compose(self, message: OutboundMessage) -> Sequence[SocketCall]:
        return outbound.compose_message(message)

    def typing(self, address: Address, on: bool) -> Sequence[SocketTyping]:
        return [SocketTyping(address, on)]

    def edit(self, message: SentMessage, text: str) -> Sequence[SocketCall]:
        """No call: the page shows each message as the hub has it."""
        if len(text) > outbound.TEXT_LIMIT:
            raise Unsupported(
                "the text", f"A chat message has at most {outbound.TEXT_LIMIT} characters."
            )
        return []

    def retract(self, message: SentMessage) -> Sequence[SocketCall]:
        """No call: the page shows each message as the hub has it."""
        return []

    # -- accept --------------------------------------------------------------------

    def transmit(self, call: SocketCall | SocketTyping) -> SocketCall | SocketTyping:
        """The call is its own answer: a reply is sent once it is stored for the session."""
        return call

    def accept(
        self, call: SocketCall | SocketTyping, response: SocketCall | SocketTyping
    ) -> SendReceipt:
        return outbound.accept_answer(response)

    # -- the page ------------------------------------------------------------------

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        return self.config.allowed_origins

    @property
    def look(self) -> PageLook:
        return PageLook(
            title=self.config.title or self.config.label,
            color=self.config.color,
            position=self.config.position,
            languages=self.config.languages,
            departments=self.config.departments,
        )

    @property
    def identity_required(self) -> bool:
        return self.config.identity == "required"

    def identify(self, proof: str | SignedId, now: datetime) -> Identity:
        """The person that a JWT, or an id with its hash, names. Raises IdentityRefused."""
        secret = self.config.identity_secret
        return read_identity(proof, secret.get_secret_value() if secret else "", now)

    # -- more that web chat can do -------------------------------------------------

    def check(self) -> str:
        sites = ", ".join(self.config.allowed_origins) or "the hub's own chat page"
        return f"Shown on {sites}."

    def handover_link(self, token: str, code: str) -> str:
        # After the hash, so that the token is in no server's log and in no referrer.
        return f"{self.site.public_url}/chat/{self.name}#resume={token}"
