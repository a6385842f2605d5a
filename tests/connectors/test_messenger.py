"""Facebook Messenger.

Payloads follow https://developers.facebook.com/docs/messenger-platform/reference/webhook-events,
written as Meta writes JSON (ASCII, slashes escaped); ids, texts and addresses are made up.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.connectors.base import (
    DescribesContacts,
    FetchesMedia,
    Handover,
    Handshake,
    Reconciles,
    Registers,
)
from hub.connectors.http import HttpCall, HttpFile, HttpResponse
from hub.connectors.messenger import Messenger
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    PayloadInvalid,
    Rejected,
    ResponseUnexpected,
    SendError,
    Throttled,
    Unsupported,
    WebhookRejected,
    WindowClosed,
)
from hub.testing import (
    NOW,
    OUR_ID,
    PUBLIC_URL,
    Answer,
    ConnectorCases,
    Outgoing,
    Signature,
    StubHttp,
    json_response,
    post,
)
from hub.types import (
    Address,
    InboundMessage,
    Medium,
    OutboundMessage,
    Profile,
    SendReceipt,
    WebhookRequest,
)

PAGE = "1234567890"
SECRET = "app-secret"
TOKEN = "PAGE_TOKEN"
#: Of these two; made once with OpenSSL.
PROOF = "4a59b332efe897fe2ef17216309d4c6bb19d81bd7eaf8fd062effed966ae7aa5"
BASE = f"https://graph.facebook.com/v24.0/{PAGE}"
RESPONSE = {"messaging_type": "RESPONSE"}
HUMAN = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}


def call(path: str = "/messages", method: str = "POST", **parts: Any) -> HttpCall:
    query = (*parts.pop("query", ()), ("appsecret_proof", PROOF))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return HttpCall(method=method, url=f"{BASE}{path}", headers=headers, query=query, **parts)


def sent(kind: dict[str, str] | None = None, **message: Any) -> HttpCall:
    return call(
        json={
            "recipient": {"id": "5678"},
            **(kind or RESPONSE),
            "message": {**message, "metadata": OUR_ID},
        }
    )


def refusal(code: int, subcode: int | None = None, status: int = 400, **more: Any) -> HttpResponse:
    error = {"message": f"(#{code}) No.", "type": "OAuthException", "code": code, **more}
    if subcode is not None:
        error["error_subcode"] = subcode
    return json_response({"error": {**error, "fbtrace_id": "AmadeUp"}}, status)


class TestMessenger(ConnectorCases):
    connector = Messenger
    options = {
        "page_id": PAGE,
        "page_access_token": TOKEN,
        "app_secret": SECRET,
        "verify_token": "verify-token",
    }
    payloads = Path(__file__).parent / "payloads/messenger"
    address = Address("messenger", "5678", PAGE)
    more_secrets = (PROOF,)

    def request(self, body: bytes, signature: Signature = "good", path: str = "") -> WebhookRequest:
        secret = {"good": SECRET, "wrong": "another", "missing": ""}[signature]
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"x-hub-signature-256": f"sha256={digest}"} if secret else {}
        return post("messenger", body, headers, path=path)

    def text_of(self, call: HttpCall) -> str:
        return str(call.json["message"].get("text", "")) if call.json else ""

    def outgoing(self) -> Iterable[Outgoing]:
        picture = self.attachment(Medium.IMAGE)
        assert picture.content is not None
        yield Outgoing("text", self.message(text="Hi"), [sent(text="Hi")])
        yield Outgoing(
            "a text and a picture are two messages",
            self.message(text="See", attachments=(picture,)),
            [
                sent(text="See"),
                call(
                    form=(
                        ("recipient", '{"id":"5678"}'),
                        ("messaging_type", "RESPONSE"),
                        (
                            "message",
                            '{"attachment":{"type":"image","payload":{}},'
                            f'"metadata":"{OUR_ID}"}}',
                        ),
                    ),
                    files=(HttpFile("filedata", "photo.jpg", picture.content(), "image/jpeg"),),
                ),
            ],
        )
        yield Outgoing(
            "a file by address where its bytes are not at hand",
            self.message(attachments=(replace(picture, content=None),)),
            [sent(attachment={"type": "image", "payload": {"url": picture.url}})],
        )
        yield Outgoing(
            "buttons stand under the last message",
            self.message(text="a" * 2000 + "b", buttons=("Yes", "No, I should like another one")),
            [
                sent(text="a" * 2000),
                sent(
                    text="b",
                    quick_replies=[
                        {"content_type": "text", "title": "Yes", "payload": "Yes"},
                        {
                            "content_type": "text",
                            "title": "No, I should like a…",
                            "payload": "No, I should like another one",
                        },
                    ],
                ),
            ],
        )
        yield Outgoing("14 buttons", self.message(buttons=("x",) * 14), error=Unsupported)
        for name, hours, person, expected in (
            ("at 24 hours", 24, False, RESPONSE),
            ("a person after a day", 24.1, True, HUMAN),
            ("a person at 7 days", 168, True, HUMAN),
            ("a bot after a day", 24.1, False, None),
            ("a person after 7 days", 168.1, True, None),
        ):
            message = self.message(
                text="Hi",
                last_inbound_at=NOW - timedelta(hours=hours),
                written_by_person=person,
            )
            if expected:
                yield Outgoing(name, message, [sent(expected, text="Hi")])
            else:
                yield Outgoing(name, message, error=WindowClosed)
        yield Outgoing(
            "nobody may be written to first",
            self.message(text="Hi", last_inbound_at=None),
            error=WindowClosed,
        )

    def answers(self) -> Iterable[Answer]:
        yield Answer(
            "taken",
            json_response({"recipient_id": "5678", "message_id": "m_ours"}),
            SendReceipt("m_ours"),
        )
        typing = self.make().typing(self.address, True)[0]
        yield Answer("typing", json_response({"recipient_id": "5678"}), SendReceipt(), call=typing)
        yield Answer("no id", json_response({"recipient_id": "5678"}), ResponseUnexpected)
        yield Answer("no JSON", HttpResponse(200, body=b"<html>"), ResponseUnexpected)
        verdicts: dict[type[SendError], tuple[tuple[int, int | None], ...]] = {
            WindowClosed: ((10, 2018278), (10, 2534022)),
            Rejected: (
                (10, 2018065), (10, 2018108), (200, 1545041), (100, 33), (100, 2018047),
                (10, None), (100, None), (999, 1),
            ),
            ContactStopped: ((551, None), (551, 1545041)),
            AddressInvalid: ((100, 2018001),),
            CredentialsRefused: (
                (190, None), (190, 460), (190, 463), (190, 490), (104, None),
                (200, None), (230, None), (368, None),
            ),
            Throttled: ((4, None), (32, None), (613, None), (80006, None)),
            ConnectionFailed: ((1, 99), (2, None), (1200, None)),
        }  # fmt: skip
        for error, codes in verdicts.items():
            for code, subcode in codes:
                name = str(code) if subcode is None else f"{code}/{subcode}"
                yield Answer(name, refusal(code, subcode), error, external_code=name)
        yield Answer("transient", refusal(9999, is_transient=True), ConnectionFailed)
        yield Answer("a busy moment", refusal(4, is_transient=True), Throttled)
        yield Answer("500 with a code", refusal(2, status=500), ConnectionFailed)
        proof = {"message": "Invalid appsecret_proof provided in the API argument", "code": 100}
        yield Answer(
            "a wrong app secret",
            json_response({"error": proof}, 400),
            CredentialsRefused,
            says="app_secret",
        )
        yield Answer("an unknown reason is told", refusal(100), Rejected, says="(#100) No.")

    # -- who sent it ---------------------------------------------------------------

    def test_the_signature_is_over_the_bytes_and_not_over_what_they_mean(self) -> None:
        body = (self.payloads / "text.json").read_bytes()
        known = "sha256=3e453844c9b91e46ad6cda67bfe914c25952d741e901535830f546163329a23a"
        request = post("messenger", body, {"x-hub-signature-256": known})
        connector = self.make()
        connector.verify(request)
        again = json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()
        for other in (
            replace(request, body=again),
            replace(request, headers={"x-hub-signature-256": known.upper()}),
            replace(request, headers={"x-hub-signature": known}),
            replace(request, headers={"x-hub-signature-256": known.removeprefix("sha256=")}),
        ):
            with pytest.raises(WebhookRejected) as caught:
                connector.verify(other)
            assert caught.value.status == 401

    def handshake(self, **changes: str) -> Any:
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": "1158201444",
            "hub.verify_token": "verify-token",
            **{f"hub.{name}": value for name, value in changes.items()},
        }
        connector = self.make()
        assert isinstance(connector, Handshake)
        url = f"{PUBLIC_URL}/webhooks/messenger"
        return connector.handshake(WebhookRequest("GET", url, b"", query=query))

    def test_it_hands_the_challenge_back_as_plain_text(self) -> None:
        reply = self.handshake()
        assert (reply.status, reply.body, reply.media_type) == (200, "1158201444", "text/plain")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"verify_token": "guess"},
            {"verify_token": "é\ud800"},
            {"mode": "unsubscribe"},
            {"challenge": "<script>alert(1)</script>"},
            {"challenge": ""},
            {"challenge": "1" * 101},
        ],
        ids=ascii,
    )
    def test_any_other_handshake_is_403(self, wrong: dict[str, str]) -> None:
        with pytest.raises(WebhookRejected) as caught:
            self.handshake(**wrong)
        assert caught.value.status == 403

    # -- what it says --------------------------------------------------------------

    def test_deep_nesting_is_invalid_and_no_crash(self) -> None:
        with pytest.raises(PayloadInvalid):
            self.make().parse(self.request(b"[" * 100_000))

    def test_what_was_said_in_the_pages_own_inbox_is_ours_and_goes_to_the_customer(self) -> None:
        (event,) = self._parse("echo_of_the_page_inbox")
        assert isinstance(event, InboundMessage)
        assert event.sent_by_us
        assert event.address == self.address

    def test_an_echo_names_our_message_so_that_nothing_needs_reconciling(self) -> None:
        (event,) = self._parse("echo_of_ours")
        assert isinstance(event, InboundMessage)
        assert event.metadata == OUR_ID
        assert not isinstance(self.make(), Reconciles)

    def test_one_person_is_somebody_else_on_another_page(self) -> None:
        (here,) = self._parse("text")
        body = (self.payloads / "text.json").read_bytes().replace(PAGE.encode(), b"99")
        (there,) = self.make(page_id="99").parse(self.request(body))
        assert here.address != there.address

    # -- what leaves ---------------------------------------------------------------

    def test_a_file_is_measured_again_when_it_is_read(self) -> None:
        picture = self.attachment(Medium.IMAGE, size=None, content=lambda: b"x" * (25 << 20 | 1))
        with pytest.raises(Unsupported):
            self.make().compose(self.message(attachments=(picture,)))

    def test_a_file_neither_at_hand_nor_at_an_address_is_unsupported(self) -> None:
        picture = self.attachment(Medium.IMAGE, content=None, url="")
        with pytest.raises(Unsupported):
            self.make().compose(self.message(attachments=(picture,)))

    def test_a_closed_window_says_until_when(self) -> None:
        def closed(**changes: Any) -> str:
            message: OutboundMessage = self.message(text="Hi", **changes)
            with pytest.raises(WindowClosed) as caught:
                self.make().compose(message)
            return caught.value.message

        assert "7 days" in closed(last_inbound_at=NOW - timedelta(days=8))
        late = NOW - timedelta(days=2)
        assert "24 hours" in closed(last_inbound_at=late, written_by_person=False)
        assert "write first" in closed(last_inbound_at=None)

    def test_the_token_stays_out_of_addresses(self) -> None:
        http = StubHttp(json_response({"recipient_id": "5678", "message_id": "m_1"}))
        connector = self.make(http=http)
        connector.send(connector.compose(self.message())[0])
        (went,) = http.calls
        assert TOKEN not in went.url
        assert TOKEN not in str(went.query)
        assert went.headers["Authorization"] == f"Bearer {TOKEN}"

    def test_typing_is_shown_and_taken_away(self) -> None:
        for on, action in ((True, "typing_on"), (False, "typing_off")):
            body = {"recipient": {"id": "5678"}, "sender_action": action}
            assert list(self.make().typing(self.address, on)) == [call(json=body)]

    # -- more ----------------------------------------------------------------------

    def test_it_knows_names_and_faces(self) -> None:
        face = "https://scontent.xx.fbcdn.net/face.jpg"
        person = {"id": "5678", "first_name": "Mari", "last_name": "Maasikas", "profile_pic": face}
        http = StubHttp(json_response(person))
        connector = self.make(http=http)
        assert isinstance(connector, DescribesContacts)
        assert connector.describe(self.address) == Profile("Mari Maasikas", face)
        query = (("fields", "first_name,last_name,profile_pic"), ("appsecret_proof", PROOF))
        expected = call(method="GET", query=query[:1])
        assert http.calls == [replace(expected, url="https://graph.facebook.com/v24.0/5678")]

    def test_a_person_who_is_gone_is_an_error_and_no_name(self) -> None:
        with pytest.raises(SendError):
            self.make(http=StubHttp(refusal(100, 33))).describe(self.address)

    def test_media_are_fetched_without_the_token(self) -> None:
        connector = self.make()
        assert isinstance(connector, FetchesMedia)
        url = "https://scontent.xx.fbcdn.net/photo.jpg?oh=1"
        assert connector.locate(url) == HttpCall(method="GET", url=url)

    def test_a_handover_opens_the_page_with_the_token(self) -> None:
        connector = self.make()
        assert isinstance(connector, Handover)
        assert connector.handover_link("t0k3n-A_b", "4711") == f"https://m.me/{PAGE}?ref=t0k3n-A_b"

    def test_it_subscribes_the_app_to_all_it_understands(self) -> None:
        http = StubHttp(json_response({"success": True}))
        connector = self.make(http=http)
        assert isinstance(connector, Registers)
        connector.register()
        (went,) = http.calls
        assert went.url == f"{BASE}/subscribed_apps"
        fields = dict(went.form or ())["subscribed_fields"].split(",")
        assert {"messages", "message_echoes", "message_reads"} <= set(fields)
        http.answers = [json_response({"success": False})]
        with pytest.raises(Rejected):
            connector.register()

    def checked(self, *fields: str, page: str = PAGE) -> str:
        answers = [
            json_response({"id": page, "name": "Sample Shoes"}),
            json_response({"data": [{"id": "9", "subscribed_fields": fields}]}),
        ]
        return str(self.make(http=StubHttp(*answers)).check())

    def test_the_check_names_the_page_and_what_is_missing(self) -> None:
        http = StubHttp(json_response({"success": True}))
        connector = self.make(http=http)
        connector.register()
        all_of_them = dict(http.calls[0].form or ())["subscribed_fields"].split(",")
        assert "Sample Shoes answers and its messages come here" in self.checked(*all_of_them)
        assert "does not tell us of messages" in self.checked("message_reads")
        with pytest.raises(Rejected):
            self.checked(page="99")

    def test_a_page_id_without_quotes_is_fine(self) -> None:
        assert self.make(page_id=1234567890).config.page_id == PAGE

    def _parse(self, name: str) -> Any:
        return self.make().parse(self.request((self.payloads / f"{name}.json").read_bytes()))
