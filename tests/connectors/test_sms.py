"""SMS and MMS through Twilio.

Payloads follow the fields of https://www.twilio.com/docs/messaging/guides/webhook-request and
https://www.twilio.com/docs/messaging/api/message-resource; numbers, names and ids are made up.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import ValidationError

from hub.connectors.base import FetchesMedia, Handover, Reconciles
from hub.connectors.http import HttpCall, HttpResponse
from hub.connectors.sms import Sms
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    EventIgnored,
    Invalid,
    Rejected,
    ResponseUnexpected,
    SendError,
    Throttled,
    Unsupported,
    WebhookRejected,
)
from hub.phones import canonical
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
    SendReceipt,
    WebhookRequest,
)
from tests.connectors.twilio_account import ACCOUNT, NUMBER, signature_of

SERVICE = "MG" + "b" * 32
CUSTOMER = "+14133881111"
SID = "SM" + "5" * 32
SEND_URL = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
STATUS_URL = f"{PUBLIC_URL}/webhooks/sms/status?message={OUR_ID}"
FORM = "application/x-www-form-urlencoded"


def signed(body: bytes, token: str, path: str = "") -> WebhookRequest:
    """As Twilio posts it; without a token, unsigned."""
    query = urlencode({"message": OUR_ID}) if path == "status" else ""
    request = post("sms", body, {}, path=path, query=query, media_type=FORM)
    signature = signature_of(token, request.url, request.form)
    headers = {"x-twilio-signature": signature} if token else {}
    return replace(request, headers={**request.headers, **headers})


def sent(*content: tuple[str, str], to: str = CUSTOMER) -> HttpCall:
    return HttpCall(method="POST", url=SEND_URL, form=(("To", to), ("From", NUMBER), *content))


def resource(**changes: Any) -> dict[str, Any]:
    """A message as the REST API shows it right after it took it."""
    return {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "body": "Hello",
        "date_created": "Mon, 02 Mar 2026 09:00:01 +0000",
        "date_sent": None,
        "date_updated": "Mon, 02 Mar 2026 09:00:01 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": NUMBER,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": SID,
        "status": "queued",
        "to": CUSTOMER,
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}.json",
        **changes,
    }


def refusal(code: int, status: int = 400, message: str = "No.") -> HttpResponse:
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": more, "status": status}
    return json_response(body, status)


class TestSms(ConnectorCases):
    connector = Sms
    options = {
        "provider": "twilio",
        "account_sid": ACCOUNT,
        "auth_token": "auth-token-secret",
        "auth_token_old": "old-token-secret",
        "number": NUMBER,
    }
    payloads = Path(__file__).parent / "payloads/sms"
    address = Address("tel", CUSTOMER)
    paths = ("", "status")
    more_secrets = (base64.b64encode(f"{ACCOUNT}:auth-token-secret".encode()).decode(),)

    def request(self, body: bytes, signature: Signature = "good", path: str = "") -> WebhookRequest:
        token = {"good": "auth-token-secret", "wrong": "another-token", "missing": ""}[signature]
        return signed(body, token, path)

    def text_of(self, call: HttpCall) -> str:
        return dict(call.form or ()).get("Body", "")

    def outgoing(self) -> Iterable[Outgoing]:
        picture, form = self.attachment(Medium.IMAGE), self.attachment(Medium.FILE)
        reported = ("StatusCallback", STATUS_URL)
        yield Outgoing("text", self.message(text="Hi"), [sent(("Body", "Hi"))])
        yield Outgoing(
            "text with reports",
            self.message(text="Hi", status_url=STATUS_URL),
            [sent(("Body", "Hi"), reported)],
        )
        yield Outgoing(
            "reports to a host with an underscore are left out",
            self.message(text="Hi", status_url="https://my_hub.example/webhooks/sms/status"),
            [sent(("Body", "Hi"))],
        )
        yield Outgoing(
            "text beside two files is one message",
            self.message(text="See", attachments=(picture, form), status_url=STATUS_URL),
            [
                sent(
                    ("Body", "See"),
                    ("MediaUrl", f"{PUBLIC_URL}/media/photo.jpg?signed=1"),
                    ("MediaUrl", f"{PUBLIC_URL}/media/form.pdf?signed=1"),
                    reported,
                )
            ],
        )
        yield Outgoing(
            "picture alone",
            self.message(text="", attachments=(picture,)),
            [sent(("MediaUrl", f"{PUBLIC_URL}/media/photo.jpg?signed=1"))],
        )
        yield Outgoing(
            "files go with the first part of a long text",
            self.message(text="a" * 1600 + "b", attachments=(picture,)),
            [
                sent(
                    ("Body", "a" * 1600),
                    ("MediaUrl", f"{PUBLIC_URL}/media/photo.jpg?signed=1"),
                ),
                sent(("Body", "b")),
            ],
        )
        yield Outgoing(
            "a number as people write it",
            self.message(text="Hi", address=Address("tel", "+372 5551 2345")),
            [sent(("Body", "Hi"), to="+37255512345")],
        )
        yield Outgoing("buttons", self.message(text="Which?", buttons=("A",)), error=Unsupported)
        yield Outgoing("eleven files", self.message(attachments=(picture,) * 11), error=Unsupported)
        large = replace(picture, size=3_000_000)
        yield Outgoing("5 MB together", self.message(attachments=(large, large)), error=Unsupported)

    def answers(self) -> Iterable[Answer]:
        yield Answer("taken", json_response(resource(), 201), SendReceipt(SID))
        yield Answer(
            "taken by a messaging service",
            json_response(resource(status="accepted", num_segments="0"), 201),
            SendReceipt(SID),
        )
        yield Answer(
            "failed at once",
            json_response(resource(status="failed", error_code=21610), 201),
            ContactStopped,
            external_code="21610",
        )
        yield Answer("no JSON", HttpResponse(201, body=b"<html>"), ResponseUnexpected)
        yield Answer("no sid", json_response({"status": "queued"}, 201), ResponseUnexpected)
        yield Answer("a redirect", HttpResponse(302), ResponseUnexpected)
        verdicts: dict[type[SendError], tuple[int, ...]] = {
            ContactStopped: (21610,),
            AddressInvalid: (21211, 21604, 21614, 21266, 30005, 30006),
            Rejected: (
                21612, 21408, 21606, 21602, 21617, 21620, 21623, 21608,
                30004, 30007, 30011, 30019, 30023, 30032, 30034, 21999,
            ),
            CredentialsRefused: (20404, 30002),
            Throttled: (21611, 30001, 14107),
            ConnectionFailed: (30003, 30008),
        }  # fmt: skip
        for error, codes in verdicts.items():
            for code in codes:
                yield Answer(str(code), refusal(code), error, external_code=str(code))
        yield Answer("keys", refusal(20003, 401), CredentialsRefused, says="auth_token")
        busy = replace(refusal(20429, 429), headers={"retry-after": "3"})
        yield Answer("too many", busy, Throttled, retry_after=3, external_code="20429")
        yield Answer("an unknown reason is told", refusal(99, 400, "Odd."), Rejected, says="Odd.")

    # -- only here -----------------------------------------------------------------

    def test_it_accepts_the_token_before_while_it_is_being_replaced(self) -> None:
        request = signed(self._body("text"), "old-token-secret")
        self.make().verify(request)
        with pytest.raises(WebhookRejected):
            self.make(auth_token_old=None).verify(request)

    def test_a_refused_webhook_is_403(self) -> None:
        with pytest.raises(WebhookRejected) as caught:
            self.make().verify(self.request(self._body("text"), "missing"))
        assert caught.value.status == 403

    @pytest.mark.parametrize("other", [{"account_sid": "ACother"}], ids=str)
    def test_it_refuses_what_is_signed_for_somebody_else(self, other: dict[str, str]) -> None:
        with pytest.raises(WebhookRejected):
            self.make(**other).verify(self.request(self._body("text")))

    def test_a_text_to_another_number_of_the_account_is_ignored_with_its_reason(self) -> None:
        connector = self.make(number="+12028832222")
        request = self.request(self._body("text"))
        connector.verify(request)
        with pytest.raises(EventIgnored, match="another number"):
            connector.parse(request)

    def test_any_number_of_its_messaging_service_is_ours(self) -> None:
        body = self._body("text") + b"&MessagingServiceSid=" + SERVICE.encode()
        other = {"number": "+12028832222", "messaging_service_sid": SERVICE}
        self.make(**other).verify(self.request(body))

    def test_reports_on_messages_from_any_number_of_the_account_are_taken(self) -> None:
        body = (self.payloads / "status/delivered.form").read_bytes().strip()
        self.make(number="+12028832222").verify(self.request(body, path="status"))

    def test_it_answers_with_empty_twiml(self) -> None:
        reply = self.make().reply(self.request(self._body("stop")))
        assert (reply.status, reply.media_type) == (200, "text/xml")
        assert reply.body.endswith("<Response/>")

    def test_a_report_carries_our_id_also_when_it_is_read_again(self) -> None:
        body = (self.payloads / "status/sent.form").read_bytes().strip()
        (update,) = self.make().parse(self.request(body, path="status"))
        again = WebhookRequest("POST", f"{PUBLIC_URL}/webhooks/sms", update.raw)
        assert self.make().parse(again) == [update]
        assert getattr(update, "message_id") == OUR_ID  # noqa: B009

    def test_an_early_part_of_a_long_text_tells_of_failure_only(self) -> None:
        message = self.message(text="a" * 1601, status_url=STATUS_URL)
        urls = [dict(call.form)["StatusCallback"] for call in self.make().compose(message)]
        assert urls == [f"{STATUS_URL}&more=1", STATUS_URL]

        def told(name: str) -> Any:
            request = self.request((self.payloads / f"status/{name}.form").read_bytes().strip())
            query = {"message": OUR_ID, "more": "1"}
            (update,) = self.make().parse(replace(request, query=query))
            return update

        failed = told("undelivered_landline")
        assert (failed.message_id, failed.status) == (OUR_ID, "failed")
        assert self.make().parse(self.request(failed.raw)) == [failed]
        with pytest.raises(EventIgnored):
            told("delivered")

    def test_it_sends_through_the_messaging_service_where_there_is_one(self) -> None:
        (call,) = self.make(messaging_service_sid=SERVICE).compose(self.message(text="Hi"))
        form = dict(call.form)
        assert form["MessagingServiceSid"] == SERVICE
        assert "From" not in form

    def test_files_need_a_public_https_address(self) -> None:
        local = self.attachment(Medium.IMAGE, url="http://localhost:8000/media/photo.jpg")
        message = self.message(attachments=(local,))
        with pytest.raises(Unsupported, match="HUB_PUBLIC_URL"):
            self.make().compose(message)
        assert self.make(api_base="http://127.0.0.1:9/twilio").compose(message)

    def test_it_goes_out_as_twilios_client_sends_it(self) -> None:
        http = StubHttp(json_response(resource(), 201))
        connector = self.make(http=http, api_base="http://127.0.0.1:9/twilio/")
        picture = self.attachment(Medium.IMAGE)
        (call,) = connector.compose(self.message(text="Hi & ho", attachments=(picture,) * 2))
        assert connector.send(call) == SendReceipt(SID)
        (went,) = http.calls
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        assert went.url == f"http://127.0.0.1:9/twilio{path}"
        assert went.form == [*call.form]
        assert went.basic_auth == (ACCOUNT, "auth-token-secret")
        assert went.headers["User-Agent"].startswith("twilio-python/")

    def test_an_edge_in_the_environment_does_not_move_the_api(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TWILIO_EDGE", "dublin")
        http = StubHttp(json_response(resource(), 201))
        connector = self.make(http=http)
        connector.send(connector.compose(self.message(text="Hi"))[0])
        assert http.calls[0].url == SEND_URL

    @pytest.mark.parametrize(
        ("typed", "number"),
        [
            ("+372 5551 2345", "+37255512345"),
            ("00372 5551-2345", "+37255512345"),
            ("+37255512345", "+37255512345"),
            ("72345", "72345"),
        ],
    )
    def test_a_typed_number_becomes_the_one_its_owner_writes_from(
        self, typed: str, number: str
    ) -> None:
        assert self.make().normalized(Address("tel", typed)) == Address("tel", number)

    @pytest.mark.parametrize("typed", ["5551234567", "+1", "+999123456", "ACME", "+372 CALL"])
    def test_what_no_message_can_be_addressed_to_is_refused(self, typed: str) -> None:
        with pytest.raises(Invalid, match="international"):
            self.make().normalized(Address("tel", typed))

    # -- what became of it ---------------------------------------------------------

    def reconciled(self, *messages: dict[str, Any], message: OutboundMessage) -> Any:
        http = StubHttp(json_response({"messages": list(messages), "page": 0}))
        connector = self.make(http=http)
        assert isinstance(connector, Reconciles)
        result = connector.reconcile(message, connector.compose(message)[0], NOW)
        assert http.calls[0].query == [("To", CUSTOMER), ("PageSize", "50")]
        return result

    def test_a_lost_answer_is_found_by_words_and_time(self) -> None:
        older = resource(sid="SMold", date_created="Mon, 02 Mar 2026 08:50:00 +0000")
        other = resource(sid="SMother", body="Hello?")
        theirs = resource(sid="SMtheirs", direction="inbound")
        picture = resource(sid="MMpicture", num_media="1")
        found = self.reconciled(
            theirs, other, picture, resource(), older, message=self.message(text="Hello")
        )
        assert found == SendReceipt(SID)

    def test_a_trial_accounts_prefix_is_seen_through(self) -> None:
        listed = resource(body="Sent from your Twilio trial account - Hello")
        assert self.reconciled(listed, message=self.message()) == SendReceipt(SID)

    def test_a_message_that_twilio_does_not_have_may_be_sent_again(self) -> None:
        older = resource(date_created="Mon, 02 Mar 2026 08:50:00 +0000")
        assert self.reconciled(older, message=self.message()) is None

    def test_it_says_so_when_twilio_cannot_be_asked(self) -> None:
        connector = self.make(http=StubHttp(refusal(20003, 401)))
        message = self.message()
        with pytest.raises(CredentialsRefused):
            connector.reconcile(message, connector.compose(message)[0], NOW + timedelta(1))

    # -- media, handover, check ----------------------------------------------------

    def test_credentials_are_shown_to_the_api_and_to_nobody_else(self) -> None:
        connector = self.make()
        assert isinstance(connector, FetchesMedia)
        media = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1"
        assert connector.locate(media).basic_auth == (ACCOUNT, "auth-token-secret")
        for elsewhere in (
            "https://mms.twiliocdn.com/photo.jpg",
            "http://api.twilio.com/photo.jpg",
            "https://api.twilio.com.example/photo.jpg",
            "https://api.twilio.com@evil.example/photo.jpg",
            "https://api.twilio.com/media-store/photo.jpg",
            f"https://api.twilio.com:444/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1",
            "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM1/Media/ME1",
            f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/../x/Media/ME1",
            f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/%2e%2e/x",
        ):
            assert connector.locate(elsewhere).basic_auth is None

    def test_a_handover_opens_a_message_with_the_code(self) -> None:
        connector = self.make()
        assert isinstance(connector, Handover)
        assert connector.handover_link("t0ken", "4711 AB") == f"sms:{NUMBER}?body=4711%20AB"

    def checked(self, sms_url: str | None, status: str = "active", numbers: int = 1) -> str:
        number = {"phone_number": NUMBER, "sms_url": sms_url, "sid": "PN1"}
        answers = [
            json_response({"sid": ACCOUNT, "friendly_name": "Shop", "status": status}),
            json_response({"incoming_phone_numbers": [number] * numbers}),
        ]
        return str(self.make(http=StubHttp(*answers)).check())

    def test_the_check_says_where_messages_go(self) -> None:
        here = f"{PUBLIC_URL}/webhooks/sms"
        assert "come here" in self.checked(f"{here}#rc=5&rp=all")
        assert here in self.checked("https://demo.twilio.com/welcome/sms/reply")
        assert here in self.checked(None)

    def test_the_check_fails_on_a_foreign_number_and_a_suspended_account(self) -> None:
        with pytest.raises(Rejected, match="not of this"):
            self.checked(None, numbers=0)
        with pytest.raises(Rejected, match="suspended"):
            self.checked(None, status="suspended")

    @pytest.mark.parametrize("number", ["12028831111", "+", "ACME", "+0123456789"])
    def test_a_number_has_the_international_form(self, number: str) -> None:
        with pytest.raises(ValidationError):
            self.make(number=number)

    def _body(self, name: str) -> bytes:
        return (self.payloads / f"{name}.form").read_bytes().strip()


# -- segments and numbers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("+37255512345", "+37255512345"),
        (" +372 5551-2345 ", "+37255512345"),
        ("+15005550006", "+15005550006"),
        ("+5215512345678", "+525512345678"),
        ("+525512345678", "+525512345678"),
        ("+551187654321", "+5511987654321"),
        ("+5511987654321", "+5511987654321"),
        ("+551132345678", "+551132345678"),
        ("72345", "72345"),
        ("ACME Post", "ACME Post"),
        ("+999123", "+999123"),
        ("", ""),
    ],
)
def test_one_number_has_one_form(number: str, written: str) -> None:
    assert canonical(number) == written


def test_a_name_in_the_place_of_a_number_proves_nothing() -> None:
    case = TestSms()
    for name, proved in (("named_sender", False), ("short_code", True), ("text", True)):
        (event,) = case.make().parse(case.request(case._body(name)))
        assert isinstance(event, InboundMessage)
        assert event.authenticated is proved
