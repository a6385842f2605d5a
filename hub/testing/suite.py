"""The promises of a connector, as tests that a connector's own test class inherits.

    class TestTelegram(ConnectorCases):
        connector = Telegram
        options = {"token": "123:SECRET"}
        payloads = Path(__file__).parent / "payloads/telegram"
        address = Address("telegram", "77")

        def request(self, body, signature="good", path=""): ...   # as the provider would send it
        def text_of(self, call): ...                              # what the customer reads of it
        def outgoing(self): return [Outgoing("a text", self.message(text="Hi"), calls=[...])]
        def answers(self): return [Answer("blocked", json_response({...}, 403), ContactStopped)]

**Payloads.** Every `NAME.json`, `NAME.eml` or `NAME.form` in `payloads` is a request's body as the
provider sends it; beside it `NAME.expected.json` is the list of its events, in the form of
`hub.testing.events.as_json`, or `{"ignored": "part of the reason"}`, or
`{"invalid": "part of it"}`.
A sub-directory is the path after `/webhooks/<connector>` (`status/delivered.form`). Run with
`CONNECTOR_CASES_WRITE=1` to have missing expected files written; read them before you keep them.

**Overriding.** Every hook may be overridden (a connector that speaks SMTP overrides `meet`). A test
that cannot apply is declared, with its reason: `exempt = {"test_name": "reason"}`, or for one case
of it `"test_name[case]"`; pytest shows it as skipped with that reason. An empty list of cases fails
unless it is exempt. Tests of what only this channel does stand in the same class.
"""

from __future__ import annotations

import json
import logging
import os
import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.connectors import registry
from hub.connectors.base import Acknowledges, Connector, Edits, Retracts, Typing
from hub.connectors.text import MEASURES
from hub.errors import EventIgnored, PayloadInvalid, SendError, Unsupported, WebhookRejected
from hub.testing.cases import PUBLIC_URL, Answer, Fault, Outgoing
from hub.testing.contents import has_file, is_in
from hub.testing.events import as_json, assert_well_formed
from hub.testing.fuzzing import any_json, damaged, fuzzed
from hub.testing.hooks import ConnectorHooks, Signature, chain_of, fields_of, read_payload
from hub.testing.stubs import StubHttp, forbid_network
from hub.types import (
    JournalOnlyEvent,
    Location,
    Medium,
    OutboundMessage,
    SendReceipt,
    WebhookRequest,
)

__all__ = ["ConnectorCases", "Signature"]

YEARS = ("2001-02-03T04:05:06Z", "2038-01-20T00:00:00Z")


class ConnectorCases(ConnectorHooks):
    """Every promise of the contract, as a test."""

    # -- the configuration ---------------------------------------------------------------------

    def test_the_registry_knows_the_kind(self) -> None:
        assert registry.kind(self.connector.kind) is self.connector

    def test_an_unknown_key_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="extra_forbidden"):
            self.make(no_such_key="x")

    def test_every_key_of_the_configuration_is_described(self) -> None:
        bare = [path for path, field in fields_of(self.connector.Config) if not field.description]
        assert bare == []

    def test_secrets_are_kept_as_secrets(self) -> None:
        readable = [
            path
            for path, field in fields_of(self.connector.Config)
            if re.search(r"(token|secret|password|api_key)$", path)
            and "SecretStr" not in str(field.annotation)
        ]
        assert readable == []
        assert all(secret not in repr(self.make().config) for secret in self._secrets())

    # -- verify --------------------------------------------------------------------------------

    def test_a_good_signature_is_accepted(self, payload: Path) -> None:
        self.make().verify(self.payload_request(payload, "good"))

    @pytest.mark.parametrize("signature", ["missing", "wrong"])
    def test_any_other_signature_is_refused(self, payload: Path, signature: Signature) -> None:
        with pytest.raises(WebhookRejected):
            self.make().verify(self.payload_request(payload, signature))

    def test_a_signature_is_good_for_its_own_body_only(self, signed_payload: Path) -> None:
        signed = self.payload_request(signed_payload)
        changed = self.request(signed.body + b" ", path=signed.path)
        with pytest.raises(WebhookRejected):
            self.make().verify(replace(signed, body=changed.body, form=changed.form))
        self.make().verify(signed)

    def test_verify_raises_nothing_but_its_own_error(self, path: str) -> None:
        connector = self.make()
        names = sorted({"authorization", *self.request(b"{}", path=path).headers})

        @fuzzed
        @given(body=st.binary(max_size=200), name=st.sampled_from(names), value=st.text())
        def check(body: bytes, name: str, value: str) -> None:
            request = self.request(body, path=path)
            try:
                connector.verify(replace(request, headers={**request.headers, name: value}))
            except WebhookRejected as error:
                assert not any(secret in str(error) for secret in self._secrets())

        check()

    # -- parse ---------------------------------------------------------------------------------

    def test_there_are_payloads(self) -> None:
        assert self._payload_files(), f"no payloads in {self.payloads}"

    def test_a_payload_gives_what_is_expected(self, payload: Path) -> None:
        expected_file = payload.parent / f"{payload.stem}.expected.json"
        try:
            actual = as_json(self.make().parse(self.payload_request(payload)))
        except EventIgnored as error:
            actual = {"ignored": error.message}
        except PayloadInvalid as error:
            actual = {"invalid": error.message}
        if not expected_file.exists():
            if os.environ.get("CONNECTOR_CASES_WRITE"):
                text = json.dumps(actual, indent=2, ensure_ascii=False, sort_keys=True)
                expected_file.write_text(text + "\n")
            pytest.fail(f"{expected_file.name} is missing; parsed: {actual}")
        expected = json.loads(expected_file.read_text())
        if isinstance(expected, dict) and isinstance(actual, dict):
            assert expected.keys() == actual.keys()
            assert all(part in actual[key] for key, part in expected.items()), actual
        else:
            assert actual == expected

    def test_the_same_payload_gives_the_same_events(self, payload: Path) -> None:
        *_, first = self._events(payload)
        *_, second = self._events(payload)
        assert first == second
        assert [event.key for event in first] == [event.key for event in second]

    def test_each_event_of_a_payload_has_its_own_key(self, payload: Path) -> None:
        *_, events = self._events(payload)
        assert len({event.key for event in events}) == len(events)

    def test_what_the_journal_keeps_gives_the_event_again_and_alone(self, payload: Path) -> None:
        connector, request, events = self._events(payload)
        for event in events:
            assert list(connector.parse(self.replayed(event, request))) == [event]

    def test_events_are_well_formed(self, payload: Path) -> None:
        connector, _, events = self._events(payload)
        for event in events:
            assert_well_formed(event, connector.scheme)
            assert not any(secret in repr(event) for secret in self._secrets())

    def test_parse_needs_no_network_and_no_clock(
        self, payload: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forbid_network(monkeypatch)
        results = []
        for year in YEARS:
            with time_machine.travel(year, tick=False):
                results.append(self._events(payload)[2])
        assert results[0] == results[1]

    def test_acknowledging_is_pure(self, payload: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        connector, _, events = self._events(payload)
        forbid_network(monkeypatch)
        if isinstance(connector, Acknowledges):
            for event in events:
                if not isinstance(event, JournalOnlyEvent):
                    assert list(connector.acknowledge(event)) == list(connector.acknowledge(event))

    def test_an_empty_body_is_invalid(self, path: str) -> None:
        self._parses_or_refuses(self.make(), self.request(b"", path=path), must_refuse=True)

    def test_random_bytes_are_never_a_crash(self, path: str) -> None:
        connector = self.make()

        @fuzzed
        @given(
            body=st.binary(max_size=400) | any_json.map(lambda value: json.dumps(value).encode())
        )
        def check(body: bytes) -> None:
            self._parses_or_refuses(connector, self.request(body, path=path))

        check()

    def test_a_damaged_payload_is_never_a_crash(self, payload: Path) -> None:
        connector = self.make()
        path = self.payload_request(payload).path

        @fuzzed
        @given(body=damaged(read_payload(payload)))
        def check(body: bytes) -> None:
            self._parses_or_refuses(connector, self.request(body, path=path))

        check()

    def _parses_or_refuses(
        self, connector: Connector[Any], request: WebhookRequest, *, must_refuse: bool = False
    ) -> None:
        try:
            events = connector.parse(request)
        except (PayloadInvalid, EventIgnored):
            return
        assert not must_refuse, f"this was read as {events}"
        for event in events:
            assert_well_formed(event, connector.scheme)

    # -- compose -------------------------------------------------------------------------------

    def test_there_are_outgoing_messages(self) -> None:
        assert list(self.outgoing()), "`outgoing` lists no message with the calls it becomes"

    def test_a_message_becomes_exactly_these_calls(self, outgoing_case: Outgoing) -> None:
        if outgoing_case.error is not None:
            with pytest.raises(outgoing_case.error):
                self.make().compose(outgoing_case.message)
        elif callable(outgoing_case.calls):
            outgoing_case.calls(self.make().compose(outgoing_case.message))
        else:
            assert list(self.make().compose(outgoing_case.message)) == list(outgoing_case.calls)

    def test_compose_needs_no_network_and_no_clock(
        self, outgoing_case: Outgoing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forbid_network(monkeypatch)
        results = []
        for year in YEARS:
            with time_machine.travel(year, tick=False):
                results.append(self._composed(outgoing_case.message))
        assert results[0] == results[1]

    def test_a_text_at_the_limit_is_one_message(self, sample: str) -> None:
        text = self._text_of_length(sample, self.connector.capabilities.text_limit)
        calls = self.make().compose(self.message(text=text))
        assert [part for part in map(self.text_of, calls) if part] == [text]

    def test_a_text_over_the_limit_is_split_and_nothing_is_lost(self, sample: str) -> None:
        limits = self.connector.capabilities
        measure = MEASURES[limits.text_unit]
        text = self._text_of_length(sample, limits.text_limit) + " and" + sample * 3 + "ends."
        if limits.max_text is not None and measure(text) > limits.max_text:
            with pytest.raises(Unsupported):
                self.make().compose(self.message(text=text))
            return
        parts = [part for part in map(self.text_of, self.make().compose(self.message(text=text)))]
        parts = [part for part in parts if part]
        assert len(parts) > 1
        assert all(measure(part) <= limits.text_limit for part in parts)
        assert "".join("".join(parts).split()) == "".join(text.split())

    def _text_of_length(self, sample: str, length: int) -> str:
        """The longest text of this kind within `length`, with no space at its ends."""
        measure = MEASURES[self.connector.capabilities.text_unit]
        text = (sample * (length // measure(sample) + 1))[:length]
        while measure(text) > length:
            text = text[: -max(1, (measure(text) - length) // 2)]
        return text[:-1] + "a" if text[-1].isspace() else text

    def test_a_medium_leaves_exactly_where_the_capabilities_say_so(self, medium: Medium) -> None:
        message = self.message(attachments=(self.attachment(medium),))
        if medium in self.connector.capabilities.media:
            assert len(self.make().compose(message)) >= 1
        else:
            with pytest.raises(Unsupported):
                self.make().compose(message)

    def test_the_text_beside_a_medium_is_not_lost(self, able_medium: Medium) -> None:
        message = self.message(text="See here", attachments=(self.attachment(able_medium),))
        calls = self.make().compose(message)
        assert [part for part in map(self.text_of, calls) if part] == ["See here"]

    def test_no_file_is_lost(self, able_medium: Medium) -> None:
        count = min(2, self.connector.capabilities.max_attachments)
        files = tuple(self.attachment(able_medium, **_numbered(number)) for number in range(count))
        contents = self._contents(self.message(text="See here", attachments=files))
        lost = [file.name for file in files if not has_file(file, contents)]
        assert lost == [], "files that are in no call"

    def test_no_button_is_lost(self) -> None:
        count = self.connector.capabilities.buttons
        labels = tuple(f"Choice {number} of all" for number in range(1, min(count, 3) + 1))
        if not labels:
            with pytest.raises(Unsupported):
                self.make().compose(self.message(text="Which one?", buttons=("Choice 1 of all",)))
            return
        contents = self._contents(self.message(text="Which one?", buttons=labels))
        lost = [label for label in labels if not is_in(label, contents)]
        assert lost == [], "buttons that are in no call"

    def test_an_answer_refers_to_the_message_it_answers(self) -> None:
        if not self.connector.capabilities.replies:
            pytest.skip("the capabilities say that answers refer to no message")
        contents = self._contents(self.message(text="Yes", reply_to=self.answered_id))
        assert is_in(self.answered_id, contents), f"{self.answered_id} is in no call"

    def test_a_file_over_the_limit_is_unsupported_and_not_read(self, able_medium: Medium) -> None:
        def read() -> bytes:
            raise AssertionError("a file that is too large was read")

        size = self.connector.capabilities.media[able_medium].max_bytes + 1
        huge = self.attachment(able_medium, size=size, content=read)
        with pytest.raises(Unsupported) as caught:
            self.make().compose(self.message(attachments=(huge,)))
        assert caught.value.feature

    def test_a_location_leaves_exactly_where_the_capabilities_say_so(self) -> None:
        message = self.message(text="Here", location=Location(59.437, 24.7536, "Town Hall Square"))
        if self.connector.capabilities.locations:
            assert is_in("59.437", self._contents(message)), "the location is in no call"
        else:
            with pytest.raises(Unsupported):
                self.make().compose(message)

    def test_a_message_with_nothing_in_it_makes_no_call(self) -> None:
        composed = self._composed(self.message(text=" \n"))
        assert composed == [] or composed[0] is Unsupported

    def _contents(self, message: OutboundMessage) -> list[str | bytes]:
        calls = self.make().compose(message)
        return [content for call in calls for content in self.contents_of(call)]

    def test_typing_is_pure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        connector = self.make()
        forbid_network(monkeypatch)
        assert self.connector.capabilities.typing_out == isinstance(connector, Typing)
        assert self.connector.capabilities.edit == isinstance(connector, Edits)
        assert self.connector.capabilities.retract == isinstance(connector, Retracts)
        if isinstance(connector, Typing):
            assert list(connector.typing(self.address, True)) != []
            assert connector.typing(self.address, True) == connector.typing(self.address, True)
            assert isinstance(list(connector.typing(self.address, False)), list)

    # -- accept --------------------------------------------------------------------------------

    def test_there_are_answers(self) -> None:
        assert list(self.answers()), "`answers` lists no answer of the provider"

    def test_an_answer_means_exactly_this(self, answer: Answer) -> None:
        connector = self.make()
        call = answer.call if answer.call is not None else self._a_call(connector)
        if isinstance(answer.expected, SendReceipt):
            assert connector.accept(call, answer.response) == answer.expected
            return
        with pytest.raises(answer.expected) as caught:
            connector.accept(call, answer.response)
        assert type(caught.value) is answer.expected
        if answer.retry_after is not None:
            assert caught.value.retry_after == timedelta(seconds=answer.retry_after)
        if answer.external_code is not None:
            assert caught.value.external_code == answer.external_code
        assert answer.says in caught.value.message

    def test_a_failing_provider_is_understood(
        self, fault: Fault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connector = self.meet(fault, monkeypatch)
        with pytest.raises(fault.expected) as caught:
            connector.send(self._a_call(connector))
        assert caught.value.retryable is fault.retryable
        assert caught.value.message
        if fault.retry_after is not None:
            assert caught.value.retry_after == fault.retry_after
        if fault.maybe_sent is not None:
            assert getattr(caught.value, "maybe_sent") is fault.maybe_sent  # noqa: B009

    def test_an_answer_of_another_form_is_never_a_crash(self) -> None:
        connector = self.make()
        call = self._a_call(connector)

        @fuzzed
        @given(answer=self.strange_answers())
        def check(answer: Any) -> None:
            if isinstance(connector.http, StubHttp):
                connector.http.answers = [answer]
            with suppress(SendError):
                assert isinstance(connector.send(call), SendReceipt)

        check()

    # -- secrets -------------------------------------------------------------------------------

    def test_no_secret_shows_in_what_is_printed(self, outgoing_case: Outgoing) -> None:
        connector = self.make()
        printed = [
            repr(connector),
            str(connector),
            *map(repr, self._composed(outgoing_case.message)),
        ]
        shown = [secret for secret in self._secrets() if any(secret in text for text in printed)]
        assert shown == []

    def test_no_secret_shows_in_errors_and_logs(
        self,
        fault: Fault,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        connector = self.meet(fault, monkeypatch)
        with pytest.raises(SendError) as caught:
            connector.send(self._a_call(connector))
        texts = [caplog.text, *chain_of(caught.value)]
        shown = [secret for secret in self._secrets() if any(secret in text for text in texts)]
        assert shown == []


def _numbered(number: int) -> dict[str, Any]:
    """Fields that tell one file of a message from the next."""
    content = f"file number {number}".encode()
    return {
        "name": f"file-{number}",
        "size": len(content),
        "content": lambda: content,
        "url": f"{PUBLIC_URL}/media/file-{number}?signed=1",
    }
