from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hub.connectors.base import Handover, Site
from hub.connectors.pages import exact_origin
from hub.connectors.webchat import Webchat
from hub.connectors.webchat.outbound import SocketCall, SocketTyping
from hub.errors import PayloadInvalid, ResponseUnexpected, Unsupported, WebhookRejected
from hub.testing import PUBLIC_URL, Answer, ConnectorCases, Outgoing, Signature, contents_of, post
from hub.types import (
    Address,
    DeliveryStatus,
    InboundMessage,
    Medium,
    OutboundMessage,
    SendReceipt,
    WebhookRequest,
)

NO_PROVIDER = "there is no provider between the hub and its own socket"


class TestWebchat(ConnectorCases):
    connector = Webchat
    options = {
        "allowed_origins": ["https://shop.example"],
        "identity_secret": "a-secret-that-signs-visitors",
    }
    payloads = Path(__file__).parent / "payloads/webchat"
    address = Address("webchat", "v_8f3kQ2", "webchat")
    signs_body = False
    exempt = {
        "test_a_good_signature_is_accepted": "nothing may be posted for web chat at all",
        "test_a_failing_provider_is_understood": NO_PROVIDER,
        "test_no_secret_shows_in_errors_and_logs": NO_PROVIDER,
        "test_no_button_is_lost": "a page shows the stored message, which never has any",
    }

    def request(self, body: bytes, signature: Signature = "good", path: str = "") -> WebhookRequest:
        return post("webchat", body, {}, path=path)

    def message(self, **changes: Any) -> OutboundMessage:
        message = super().message(**changes)
        self.stored = {message.id: message}
        return message

    def text_of(self, call: Any) -> str:
        """The page shows the stored message that the call names."""
        return self.stored[call.message_id].text

    def contents_of(self, call: Any) -> Iterator[str | bytes]:
        """The page shows all of the stored message."""
        return contents_of(self.stored[call.message_id])

    def outgoing(self) -> list[Outgoing]:
        call = SocketCall(self.address, "01HV0000000000000000000001")
        photo = self.attachment(Medium.IMAGE)
        return [
            Outgoing("a text", self.message(text="Yes, in 39"), [call]),
            Outgoing("a photo alone", self.message(attachments=(photo,)), [call]),
            Outgoing("ten photos", self.message(attachments=(photo,) * 10), [call]),
            Outgoing("eleven photos", self.message(attachments=(photo,) * 11), error=Unsupported),
            Outgoing("10,001 characters", self.message(text="a" * 10_001), error=Unsupported),
        ]

    def answers(self) -> list[Answer]:
        call = SocketCall(self.address, "m1")
        receipt = SendReceipt("m1", DeliveryStatus.SENT)
        return [
            Answer("stored for the session", call, receipt, call=call),
            Answer("typing was shown", SocketTyping(self.address, True), SendReceipt()),
            Answer("something else", None, ResponseUnexpected),
        ]

    # -- what only this channel does -----------------------------------------------------------

    def test_nobody_can_post_a_visitors_message(self) -> None:
        body = b'{"type": "message", "visitor": "v_8f3kQ2", "client_id": "1", "text": "forged"}'
        with pytest.raises(WebhookRejected, match="socket"):
            self.make().verify(post("webchat", body, {"authorization": "Bearer anything"}))

    def test_a_visitor_of_one_site_is_another_person_on_another_site(self) -> None:
        body = b'{"type": "message", "visitor": "v1", "client_id": "1", "text": "Hi"}'
        first, second = (
            Webchat(name, Webchat.Config(kind="webchat"), Site(PUBLIC_URL)).parse(
                self.request(body)
            )[0]
            for name in ("shop", "blog")
        )
        assert first.address != second.address
        assert first.address == Address("webchat", "v1", "shop")

    def test_two_visitors_with_one_client_id_have_keys_of_their_own(self) -> None:
        form = '{"type": "message", "visitor": "%s", "client_id": "%s", "text": "Hi"}'
        events = [
            self.make().parse(self.request((form % pair).encode()))[0]
            for pair in (("v1", "a:b"), ("v2", "a:b"))
        ]
        assert len({event.key for event in events}) == 2

    def test_a_visitor_id_cannot_hold_the_sign_that_parts_a_key(self) -> None:
        body = b'{"type": "message", "visitor": "v1:a", "client_id": "b", "text": "Hi"}'
        with pytest.raises(PayloadInvalid):
            self.make().parse(self.request(body))

    def test_what_a_visitor_wrote_is_not_repeated_when_it_is_refused(self) -> None:
        body = b'{"type": "message", "visitor": "v1", "client_id": "b", "text": ["my password"]}'
        with pytest.raises(PayloadInvalid) as caught:
            self.make().parse(self.request(body))
        assert "password" not in caught.value.message
        assert "text" in caught.value.message

    @pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
    def test_a_time_out_of_all_time_is_invalid(self, time: str) -> None:
        body = f'{{"type": "message", "visitor": "v", "client_id": "b", "sent_at": "{time}"}}'
        with pytest.raises(PayloadInvalid):
            self.make().parse(self.request(body.encode()))

    def test_an_upload_is_fetched_by_its_id(self) -> None:
        (event,) = self.make().parse(
            self.payload_request(self.payloads / "photo_without_text.json")
        )
        assert isinstance(event, InboundMessage)
        assert [attachment.source for attachment in event.attachments] == [
            "upload:up_77",
            "upload:up_78",
        ]

    def test_a_handover_link_keeps_its_token_out_of_requests(self) -> None:
        connector = self.make()
        assert isinstance(connector, Handover)
        assert connector.handover_link("TOKEN", "CODE") == f"{PUBLIC_URL}/chat/webchat#resume=TOKEN"

    # -- the configuration ---------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("given", "origin"),
        [
            ("https://shop.example", "https://shop.example"),
            ("https://Shop.Example/", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("https://käsitöö.example", "https://xn--ksit-loa5ia.example"),
        ],
    )
    def test_an_origin_is_kept_as_browsers_send_it(self, given: str, origin: str) -> None:
        config = self.make(allowed_origins=[given]).config
        assert config.allowed_origins == (origin,)

    @pytest.mark.parametrize(
        "given",
        [
            "*",
            "https://*",
            "https://*.shop.example",
            "https://shop.example/path",
            "https://shop.example?x=1",
            "https://user@shop.example",
            "https://shop.example:port",
            "https://",
            "shop.example",
            "null",
            "file:///index.html",
            "https://shop.example evil.example",
            "",
        ],
    )
    def test_anything_but_an_exact_origin_is_refused(self, given: str) -> None:
        with pytest.raises(ValueError, match="exact origin"):
            exact_origin(given)

    def test_a_required_identity_needs_the_secret_that_proves_it(self) -> None:
        with pytest.raises(ValidationError, match="identity_secret"):
            self.make(identity="required", identity_secret=None)
        assert self.make(identity="required").config.identity == "required"

    def test_nothing_is_required(self) -> None:
        config = Webchat.Config(kind="webchat")
        assert config.allowed_origins == ()
        assert config.identity == "optional"
