"""The conformance suite itself: a connector that keeps its promises passes, and each that breaks
one is caught by the test that is named after it."""

from __future__ import annotations

import hashlib
import hmac
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
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
from hub.testing import FAULTS, Answer, ConnectorCases, Outgoing, Signature, json_response, post
from hub.types import (
    Address,
    Capabilities,
    InboundEvent,
    InboundMessage,
    Medium,
    MediumLimit,
    OutboundMessage,
    SendReceipt,
    TextUnit,
    WebhookRequest,
)

ROOT = Path(__file__).parents[2]
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
        if message.attachments or message.location or message.buttons:
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


# -- compose that loses a part of a message --------------------------------------------------------


class Parrot(Pigeon):
    """A pigeon that carries more: buttons, files, and the message that is answered."""

    capabilities = Capabilities(
        text_limit=100,
        text_unit=TextUnit.CHARACTERS,
        media={Medium.FILE: MediumLimit(1_000_000, caption=100)},
        buttons=3,
        replies=True,
    )

    def compose(self, message: OutboundMessage) -> Sequence[HttpCall]:
        if message.location:
            raise Unsupported("a location")
        for file in message.attachments:
            if file.medium is not Medium.FILE or (file.size or 0) > 1_000_000:
                raise Unsupported("anything but files up to 1 MB")
        bodies: list[dict[str, Any]] = [{"file": file.url} for file in message.attachments]
        bodies += [{"text": piece} for piece in split_text(message.text, 100)]
        if bodies and message.buttons:
            bodies[-1]["buttons"] = list(message.buttons)
        if bodies and message.reply_to:
            bodies[0]["reply_to"] = message.reply_to
        return [HttpCall(method="POST", url="https://x.example", json=body) for body in bodies]


class TestParrot(TestPigeon):
    connector = Parrot

    def text_of(self, call: HttpCall) -> str:
        return str(call.json.get("text", ""))

    def outgoing(self) -> list[Outgoing]:
        call = HttpCall(method="POST", url="https://x.example", json={"text": "Hi"})
        return [Outgoing("a note", self.message(text="Hi"), [call])]


def cases_without(part: str) -> TestParrot:
    """The suite on a parrot whose `compose` leaves a part out of its calls."""

    def compose(self: Parrot, message: OutboundMessage) -> Sequence[HttpCall]:
        calls = Parrot.compose(self, message)
        return [
            replace(call, json={key: value for key, value in call.json.items() if key != part})
            for call in calls
        ]

    broken = type("Broken", (Parrot,), {"compose": compose})
    return type("BrokenCases", (TestParrot,), {"connector": broken})()


def test_a_compose_that_drops_the_buttons_is_found() -> None:
    with pytest.raises(AssertionError, match="buttons that are in no call"):
        cases_without("buttons").test_no_button_is_lost()


def test_a_compose_that_drops_buttons_it_does_not_declare_is_found() -> None:
    def compose(self: Pigeon, message: OutboundMessage) -> Sequence[HttpCall]:
        return Pigeon.compose(self, replace(message, buttons=()))

    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        cases_of(compose=compose).test_no_button_is_lost()


def test_a_compose_that_drops_the_answered_message_is_found() -> None:
    with pytest.raises(AssertionError, match="4711 is in no call"):
        cases_without("reply_to").test_an_answer_refers_to_the_message_it_answers()


def test_a_compose_that_drops_a_file_is_found() -> None:
    with pytest.raises(AssertionError, match="files that are in no call"):
        cases_without("file").test_no_file_is_lost(Medium.FILE)


def test_a_compose_that_drops_all_files_but_the_first_is_found() -> None:
    def compose(self: Parrot, message: OutboundMessage) -> Sequence[HttpCall]:
        return Parrot.compose(self, replace(message, attachments=message.attachments[:1]))

    broken = type("Broken", (Parrot,), {"compose": compose})
    cases = type("BrokenCases", (TestParrot,), {"connector": broken})()
    with pytest.raises(AssertionError, match="files that are in no call"):
        cases.test_no_file_is_lost(Medium.FILE)


# -- a test class that is not complete -------------------------------------------------------------


def test_a_test_class_without_outgoing_messages_fails() -> None:
    cases = type("EmptyCases", (TestPigeon,), {"outgoing": lambda self: []})()
    with pytest.raises(AssertionError, match="`outgoing` lists no message"):
        cases.test_there_are_outgoing_messages()


def test_a_test_class_without_answers_fails() -> None:
    cases = type("EmptyCases", (TestPigeon,), {"answers": lambda self: []})()
    with pytest.raises(AssertionError, match="`answers` lists no answer"):
        cases.test_there_are_answers()


def test_a_test_class_without_payloads_fails(tmp_path: Path) -> None:
    cases = type("EmptyCases", (TestPigeon,), {"payloads": tmp_path})()
    with pytest.raises(AssertionError, match="no payloads"):
        cases.test_there_are_payloads()


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"address": "pigeon:9"}, r"`address` must be an Address, and is 'pigeon:9'"),
        ({"address": Address("dove", "9")}, "scheme of the connector, 'pigeon', and has 'dove'"),
        ({"connector": "Pigeon"}, "`connector` must be a Connector class"),
        ({"options": {"tokn": "x"}}, "tokn: Extra inputs are not permitted"),
        ({"options": ["token"]}, "`options` must be a mapping"),
        ({"payloads": "payloads"}, "`payloads` must be the Path"),
        ({"payloads": Path("/no/such/folder")}, "/no/such/folder is none"),
        ({"exempt": {"test_no_such_test": "a reason"}}, "the suite has no such test"),
        ({"exempt": {"test_there_are_answers": ""}}, "gives no reason"),
        ({"text_of": ConnectorCases.text_of}, "the method `text_of` must be defined"),
    ],
)
def test_a_mistake_in_a_test_class_is_one_clear_message(
    attributes: dict[str, Any], message: str
) -> None:
    with pytest.raises(pytest.fail.Exception, match=message):
        type("MistakenCases", (TestPigeon,), attributes)


def test_a_mistake_in_a_test_class_is_one_error_of_the_collection(tmp_path: Path) -> None:
    module = tmp_path / "test_mistaken.py"
    module.write_text(
        "from tests.testing.test_suite import TestPigeon\n\n\n"
        "class TestMistaken(TestPigeon):\n    address = 'pigeon:9'\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", tmp_path, module],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert run.stdout.count("`address` must be an Address") <= 2, run.stdout  # body and summary
    assert "1 error" in run.stdout
    assert "failed" not in run.stdout


def test_a_hub_runs_without_the_suite_and_without_pytest() -> None:
    code = (
        "import sys, hub.app, hub.connector_kit\n"
        "print([name for name in sys.modules if name in ('pytest', 'hypothesis', 'hub.testing')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
