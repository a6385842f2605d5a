"""The conformance suite itself: a connector that keeps its promises passes, and each that breaks
one is caught by the test that is named after it."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError

from hub.connectors.base import ConnectorConfig, HttpConnector
from hub.connectors.http import HttpCall, HttpResponse, error_for
from hub.connectors.text import split_text
from hub.errors import (
    CredentialsRefused,
    PayloadInvalid,
    ResponseUnexpected,
    Unsupported,
    WebhookRejected,
)
from hub.types import (
    Address,
    Capabilities,
    InboundEvent,
    InboundMessage,
    Medium,
    OutboundMessage,
    SendReceipt,
    TextUnit,
    WebhookRequest,
)
from tests.connector_cases import ConnectorCases, Signature
from tests.connector_tools import FAULTS, Answer, Outgoing, json_response, post

SECRET = "sesame-12345"
PIGEON = Address("pigeon", "9")


class Note(BaseModel):
    """What a pigeon carries."""

    id: str = Field(min_length=1, max_length=40)
    sender: str = Field(min_length=1)
    text: str


class PigeonConfig(ConnectorConfig):
    token: SecretStr = Field(description="What the pigeons know us by.")


class Pigeon(HttpConnector[PigeonConfig]):
    kind = "pigeon"
    title = "Pigeon"
    scheme = "pigeon"
    Config = PigeonConfig
    capabilities = Capabilities(text_limit=100, text_unit=TextUnit.CHARACTERS)

    def verify(self, request: WebhookRequest) -> None:
        given = request.headers.get("x-signature", "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(given, sign(request.body).encode()):
            raise WebhookRejected("wrong signature")

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        try:
            note = Note.model_validate_json(request.body)
        except ValidationError:
            raise PayloadInvalid("not a note") from None
        address = self.address(note.sender)
        return [InboundMessage(key=note.id, address=address, raw=request.body, text=note.text)]

    def compose(self, message: OutboundMessage) -> Sequence[HttpCall]:
        if message.attachments or message.location:
            raise Unsupported("anything heavier than a note")
        url = f"https://pigeon.example/{self.config.token.get_secret_value()}"
        pieces = split_text(message.text, self.capabilities.text_limit)
        return [HttpCall(method="POST", url=url, json={"text": piece}) for piece in pieces]

    def accept(self, call: HttpCall, response: HttpResponse) -> SendReceipt:
        if not response.ok:
            raise error_for(response)
        answer = response.json()
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise ResponseUnexpected("no id came back")
        return SendReceipt(answer["id"])


def sign(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


class TestPigeon(ConnectorCases):
    connector = Pigeon
    options = {"token": SECRET}
    payloads = Path(__file__).parent / "payloads/pigeon"
    address = PIGEON
    exempt = {
        "test_the_registry_knows_the_kind": "it lives in this test only",
        "test_an_answer_means_exactly_this[exempt]": "to show that one case can be exempt",
    }

    def request(self, body: bytes, signature: Signature = "good", path: str = "") -> WebhookRequest:
        headers = {"good": {"x-signature": sign(body)}, "wrong": {"x-signature": "0" * 64}}
        return post("pigeon", body, headers.get(signature, {}), path=path)

    def text_of(self, call: HttpCall) -> str:
        return str(call.json["text"])

    def outgoing(self) -> list[Outgoing]:
        call = HttpCall(method="POST", url=f"https://pigeon.example/{SECRET}", json={"text": "Hi"})
        stone = self.attachment(Medium.FILE)
        return [
            Outgoing("a note", self.message(text="Hi"), [call]),
            Outgoing("a stone", self.message(attachments=(stone,)), error=Unsupported),
        ]

    def answers(self) -> list[Answer]:
        return [
            Answer("landed", json_response({"id": "5"}), SendReceipt("5")),
            Answer("not our pigeon", json_response({}, 401), CredentialsRefused),
            Answer("exempt", None, SendReceipt("never compared")),
        ]


def cases_of(**changes: Any) -> TestPigeon:
    """The suite on a pigeon with some of its methods replaced."""
    broken = type("Broken", (Pigeon,), changes)
    return type("BrokenCases", (TestPigeon,), {"connector": broken})()


NOTE = TestPigeon.payloads / "note.json"


def parsed(change: Callable[[WebhookRequest], dict[str, Any]]) -> Callable[..., Any]:
    def parse(self: Pigeon, request: WebhookRequest) -> Sequence[InboundEvent]:
        Pigeon.parse(self, request)
        values = {"key": "1", "address": PIGEON, "raw": request.body, **change(request)}
        return [InboundMessage(**values)]

    return parse


def test_a_signature_that_nobody_checks_is_found() -> None:
    cases = cases_of(verify=lambda self, request: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        cases.test_any_other_signature_is_refused(NOTE, "wrong")
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        cases.test_a_signature_is_good_for_its_own_body_only(NOTE)


def test_a_verify_that_trips_over_a_strange_header_is_found() -> None:
    def verify(self: Pigeon, request: WebhookRequest) -> None:
        if not hmac.compare_digest(request.headers.get("x-signature", ""), sign(request.body)):
            raise WebhookRejected

    with pytest.raises(TypeError, match="ASCII"):
        cases_of(verify=verify).test_verify_raises_nothing_but_its_own_error("")


def test_a_key_made_from_the_clock_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = cases_of(parse=parsed(lambda _: {"key": str(time.time())}))
    with pytest.raises(AssertionError):
        cases.test_parse_needs_no_network_and_no_clock(NOTE, monkeypatch)
    with pytest.raises(AssertionError):
        cases.test_the_same_payload_gives_the_same_events(NOTE)


def test_a_raw_that_cannot_be_replayed_is_found() -> None:
    cases = cases_of(parse=parsed(lambda _: {"raw": b"{}"}))
    with pytest.raises(PayloadInvalid):
        cases.test_what_the_journal_keeps_gives_the_event_again_and_alone(NOTE)


def test_a_value_of_the_wrong_type_is_found() -> None:
    cases = cases_of(parse=parsed(lambda _: {"text": 5}))
    with pytest.raises(ValidationError, match="string"):
        cases.test_events_are_well_formed(NOTE)


def test_a_parse_that_crashes_is_found() -> None:
    def parse(self: Pigeon, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [InboundMessage(key="1", address=PIGEON, raw=b"", text=request.body.decode())]

    with pytest.raises(UnicodeDecodeError):
        cases_of(parse=parse).test_random_bytes_are_never_a_crash("")


def test_a_text_that_is_cut_off_is_found() -> None:
    def compose(self: Pigeon, message: OutboundMessage) -> Sequence[HttpCall]:
        return [HttpCall(method="POST", url="https://x.example", json={"text": message.text[:100]})]

    with pytest.raises(AssertionError):
        cases_of(compose=compose).test_a_text_over_the_limit_is_split_and_nothing_is_lost("word ")


def test_a_secret_in_an_error_is_found(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def accept(self: Pigeon, call: HttpCall, response: HttpResponse) -> SendReceipt:
        raise error_for(response, f"{call.url} said no")

    (fault,) = (fault for fault in FAULTS if fault.name == "400")
    cases = cases_of(accept=accept)
    with pytest.raises(AssertionError, match=SECRET):
        cases.test_no_secret_shows_in_errors_and_logs(fault, monkeypatch, caplog)


def test_an_answer_that_makes_accept_crash_is_found() -> None:
    def accept(self: Pigeon, call: HttpCall, response: HttpResponse) -> SendReceipt:
        if not response.ok:
            raise error_for(response)
        return SendReceipt(response.json()["id"])

    with pytest.raises((TypeError, KeyError, ExceptionGroup)):
        cases_of(accept=accept).test_an_answer_of_another_form_is_never_a_crash()


def test_a_secret_kept_as_plain_text_is_found() -> None:
    class Config(ConnectorConfig):
        token: str = Field(description="Readable by everybody.")

    with pytest.raises(AssertionError, match="token"):
        cases_of(Config=Config).test_secrets_are_kept_as_secrets()
