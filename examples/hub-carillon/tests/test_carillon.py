"""Carillon. Payloads follow https://carillon.example/docs/webhooks; all names are made up."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from hub_carillon import Carillon

from hub.connector_kit import (
    Address,
    AddressInvalid,
    ContactEvent,
    ContactStopped,
    HttpCall,
    HttpResponse,
    Location,
    Medium,
    Rejected,
    ResponseUnexpected,
    SendReceipt,
    Unsupported,
    WebhookRequest,
)
from hub.testing import (
    OUR_ID,
    Answer,
    ConnectorCases,
    Outgoing,
    Signature,
    StubHttp,
    json_response,
    post,
)

SECRET = "carillon-webhook-secret"
TOKEN = "carillon-api-token"
NOOR = Address("carillon", "u_77")


def signature_of(body: bytes) -> str:
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def sent(number: int = 0, **body: str) -> HttpCall:
    return HttpCall(
        method="POST",
        url="https://api.carillon.example/v1/messages",
        headers={"Authorization": f"Bearer {TOKEN}"},
        json={"to": "u_77", "ref": f"{OUR_ID}-{number}", **body},
    )


def refused(code: str, status: int = 400) -> HttpResponse:
    return json_response({"error": {"code": code, "message": "no"}}, status)


class TestCarillon(ConnectorCases):
    connector = Carillon
    options = {"bot": "shoe_shop", "api_token": TOKEN, "webhook_secret": SECRET}
    payloads = Path(__file__).parent / "payloads"
    address = NOOR

    def request(self, body: bytes, signature: Signature = "good", path: str = "") -> WebhookRequest:
        signatures = {"good": signature_of(body), "wrong": signature_of(body + b"!")}
        headers = {"x-carillon-signature": signatures[signature]} if signature in signatures else {}
        return post("carillon", body, headers, path=path)

    def text_of(self, call: HttpCall) -> str:
        return str(call.json["text"])

    def outgoing(self) -> list[Outgoing]:
        photo, form = self.attachment(Medium.IMAGE), self.attachment(Medium.FILE)
        return [
            Outgoing("a text", self.message(text="Hi"), [sent(text="Hi")]),
            Outgoing(
                "an answer to a message",
                self.message(text="Hi", reply_to="m_1"),
                [sent(text="Hi", reply_to="m_1")],
            ),
            Outgoing(
                "a photo and a form",
                self.message(text="See", attachments=(photo, form)),
                [sent(0, text="See", file_url=photo.url), sent(1, text="", file_url=form.url)],
            ),
            Outgoing(
                "a location", self.message(location=Location(59.437, 24.7536)), error=Unsupported
            ),
        ]

    def answers(self) -> list[Answer]:
        return [
            Answer("taken", json_response({"id": "m_5"}, 201), SendReceipt("m_5")),
            Answer("taken without an id", json_response({}, 201), ResponseUnexpected),
            Answer("blocked", refused("blocked", 403), ContactStopped, external_code="blocked"),
            Answer("gone", refused("no_such_user", 404), AddressInvalid, says="does not exist"),
            Answer("a bad file", refused("file_refused"), Rejected, says="fetch the file"),
            Answer("a new reason", refused("odd"), Rejected, external_code="odd"),
        ]

    def test_a_file_is_fetched_with_the_token_and_without_it_in_its_address(self) -> None:
        call = self.make().locate("f_1/../me")
        assert call.url == "https://api.carillon.example/v1/files/f_1%2F..%2Fme"
        assert call.headers["Authorization"] == f"Bearer {TOKEN}"

    def test_a_lost_answer_is_followed_by_the_same_ref(self) -> None:
        carillon, message = self.make(), self.message(text="Hi")
        (call,) = carillon.compose(message)
        assert carillon.reconcile(message, call, message.now) is None
        assert carillon.compose(message) == [call]

    def test_a_handover_link_brings_its_token_back(self) -> None:
        carillon = self.make()
        link = carillon.handover_link("abc-123", "7KHF2MNP")
        assert link == "https://carillon.example/shoe_shop?start=abc-123"
        (event,) = carillon.parse(self.payload_request(self.payloads / "started_by_link.json"))
        assert isinstance(event, ContactEvent)
        assert event.handover_token == "abc-123"

    def test_the_test_button_names_the_bot(self) -> None:
        carillon = self.make(http=StubHttp(json_response({"name": "Shoe shop"})))
        assert carillon.check() == "The bot Shoe shop answers."
