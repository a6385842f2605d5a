"""Telegram against the conformance suite, Telegram's own words and python-telegram-bot's types."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from telegram import Message

from hub.connectors.base import (
    Acknowledges,
    DescribesContacts,
    FetchesMedia,
    Handover,
    Polls,
    Registers,
    Typing,
)
from hub.connectors.http import Http, HttpResponse
from hub.connectors.telegram import Telegram
from hub.connectors.telegram.client import drive
from hub.connectors.telegram.connector import OUTSIDE_TOPIC
from hub.connectors.telegram.outbound import BotCall
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    RefusedTogether,
    Rejected,
    ResponseUnexpected,
    SendError,
    Throttled,
    Unsupported,
    WebhookRejected,
)
from hub.testing import Answer, ConnectorCases, Outgoing, Signature, StubHttp, json_response, post
from hub.types import (
    Address,
    Attachment,
    Location,
    Medium,
    SendReceipt,
    UnreadableEvent,
    WebhookRequest,
)

TOKEN = "100200300:AAE-secret-token-of-a-made-up-bot"
SECRET = "made-up_Secret-42"
ANN = Address("telegram", "77")


def refused(status: int, description: str, **parameters: Any) -> HttpResponse:
    body = {"ok": False, "error_code": status, "description": description}
    return json_response({**body, **({"parameters": parameters} if parameters else {})}, status)


def sent(number: int = 500) -> dict[str, Any]:
    chat = {"id": 77, "type": "private", "first_name": "Ann"}
    return {"message_id": number, "date": 1772442000, "chat": chat, "text": "Hello"}


@pytest.mark.filterwarnings("ignore:.*message_auto_delete_time")
class TestTelegram(ConnectorCases):
    connector = Telegram
    options = {"token": TOKEN, "secret_token": SECRET}
    payloads = Path(__file__).parent / "payloads/telegram"
    address = ANN
    signs_body = False

    def request(self, body: bytes, signature: Signature = "good", path: str = "") -> WebhookRequest:
        header = "x-telegram-bot-api-secret-token"
        headers = {"good": {header: SECRET}, "missing": {}, "wrong": {header: SECRET + "x"}}
        return post("telegram", body, headers[signature], path=path)

    def text_of(self, call: BotCall) -> str:
        return str(call.options.get("text") or call.options.get("caption") or "")

    def outgoing(self) -> list[Outgoing]:
        def files(*media: Medium, **changes: Any) -> Any:
            return tuple(self.attachment(medium, **changes) for medium in media)

        image, video, file = files(Medium.IMAGE, Medium.VIDEO, Medium.FILE)
        large = self.attachment(Medium.IMAGE, size=11 * 1024 * 1024)
        gif = self.attachment(Medium.IMAGE, media_type="image/gif", name="cat.gif")
        webm = self.attachment(Medium.VOICE, media_type="audio/webm;codecs=opus", name="note.webm")
        sticker = self.attachment(Medium.STICKER)
        square = Location(59.437, 24.7536, "Town Hall Square", "Raekoja plats")
        long = "word " * 300

        def media_call(method: str, *attachments: Any, **options: Any) -> BotCall:
            return BotCall(method, "77", options, attachments)

        def text_call(text: str, **options: Any) -> BotCall:
            return BotCall("send_message", "77", {"text": text, **options})

        answered = {"message_id": 41, "allow_sending_without_reply": True}
        keys = {
            "keyboard": [[{"text": "Size 41"}], [{"text": "Size 42"}]],
            "one_time_keyboard": True,
            "resize_keyboard": True,
        }
        say = self.message
        return [
            Outgoing("a text", say(text=" Tere! <b>*_ \n"), [text_call("Tere! <b>*_")]),
            Outgoing(
                "an answer",
                say(text="Yes", reply_to="41"),
                [text_call("Yes", reply_parameters=answered)],
            ),
            Outgoing(
                "an answer to a message of another channel",
                say(text="Yes", reply_to="<a@mail.example>"),
                [text_call("Yes")],
            ),
            Outgoing(
                "a photo with a short text",
                say(text="The left one", attachments=(image,)),
                [media_call("send_photo", image, caption="The left one")],
            ),
            Outgoing(
                "a photo with a long text",
                say(text=long, attachments=(image,)),
                [media_call("send_photo", image), text_call(long.strip())],
            ),
            Outgoing(
                "a photo too large for a photo",
                say(attachments=(large,)),
                [media_call("send_document", large)],
            ),
            Outgoing("an animation", say(attachments=(gif,)), [media_call("send_animation", gif)]),
            Outgoing(
                "a voice note of a browser",
                say(attachments=(webm,)),
                [media_call("send_document", webm)],
            ),
            Outgoing(
                "a sticker with a text",
                say(text="Thanks!", attachments=(sticker,)),
                [media_call("send_sticker", sticker), text_call("Thanks!")],
            ),
            Outgoing(
                "an album",
                say(text="Both", attachments=(image, video), reply_to="41"),
                [
                    media_call(
                        "send_media_group", image, video, caption="Both", reply_parameters=answered
                    )
                ],
            ),
            Outgoing(
                "eleven photos",
                say(attachments=(image,) * 11),
                [media_call("send_media_group", *(image,) * 10), media_call("send_photo", image)],
            ),
            Outgoing(
                "photos around a file",
                say(attachments=(image, file, image, video)),
                [
                    media_call("send_photo", image),
                    media_call("send_document", file),
                    media_call("send_media_group", image, video),
                ],
            ),
            Outgoing(
                "buttons",
                say(text="Which?", buttons=("Size 41", "Size 42")),
                [text_call("Which?", reply_markup=keys)],
            ),
            Outgoing(
                "buttons below a photo",
                say(text="Which?", buttons=("Size 41", "Size 42"), attachments=(image,)),
                [media_call("send_photo", image), text_call("Which?", reply_markup=keys)],
            ),
            Outgoing(
                "a place",
                say(location=Location(59.437, 24.7536)),
                [BotCall("send_location", "77", {"latitude": 59.437, "longitude": 24.7536})],
            ),
            Outgoing(
                "a place with a name",
                say(text="Here", location=square),
                [
                    text_call("Here"),
                    BotCall(
                        "send_venue",
                        "77",
                        {
                            "latitude": 59.437,
                            "longitude": 24.7536,
                            "title": "Town Hall Square",
                            "address": "Raekoja plats",
                        },
                    ),
                ],
            ),
            Outgoing(
                "buttons without a text",
                say(text="", buttons=("A",), attachments=(image,)),
                error=Unsupported,
            ),
        ]

    def answers(self) -> list[Answer]:
        message = Message.de_json(sent())
        return [
            Answer("sent", message, SendReceipt("500")),
            Answer("an album sent", (message, Message.de_json(sent(501))), SendReceipt("500")),
            Answer("done", True, SendReceipt()),
            Answer("a Message of a newer kind", {"message_id": 9, "x": 1}, SendReceipt("9")),
            Answer("nonsense", {"message": 1}, ResponseUnexpected),
            Answer(
                "blocked",
                refused(403, "Forbidden: bot was blocked by the user"),
                ContactStopped,
                says="blocked this bot",
                external_code="403",
            ),
            Answer(
                "deleted account",
                refused(403, "Forbidden: user is deactivated"),
                ContactStopped,
                says="deleted their Telegram account",
            ),
            Answer(
                "never started",
                refused(403, "Forbidden: bot can't initiate conversation with a user"),
                ContactStopped,
                says="never pressed Start",
            ),
            Answer("no such chat", refused(400, "Bad Request: chat not found"), AddressInvalid),
            Answer("no such user", refused(400, "Bad Request: PEER_ID_INVALID"), AddressInvalid),
            Answer(
                "bad request",
                refused(400, "Bad Request: message is too long"),
                Rejected,
                says="message is too long",
            ),
            Answer(
                "moved",
                refused(
                    400,
                    "Bad Request: group chat was upgraded to a supergroup chat",
                    migrate_to_chat_id=-1001234567890,
                ),
                AddressInvalid,
            ),
            Answer("revoked token", refused(401, "Unauthorized"), CredentialsRefused, says="@BotF"),
            Answer("malformed token", refused(404, "Not Found"), CredentialsRefused),
            Answer(
                "too fast",
                refused(429, "Too Many Requests: retry after 14", retry_after=14),
                Throttled,
                retry_after=14,
            ),
            Answer(
                "webhook set",
                refused(409, "Conflict: can't use getUpdates method while webhook is active"),
                CredentialsRefused,
                says="webhook",
            ),
            Answer(
                "two pollers",
                refused(409, "Conflict: terminated by other getUpdates request"),
                ConnectionFailed,
                says="Another program",
            ),
            Answer("proxy's 413", HttpResponse(413, {}, b"<html>"), Rejected, says="50 MB"),
            Answer("out of order", refused(502, "Bad Gateway"), ConnectionFailed),
        ]

    # -- what only Telegram does ---------------------------------------------------------------

    def test_it_has_the_abilities_it_should_have(self) -> None:
        abilities = (
            Polls, Registers, Typing, FetchesMedia, DescribesContacts, Acknowledges, Handover,
        )  # fmt: skip
        assert all(isinstance(self.make(), ability) for ability in abilities)

    def test_a_message_is_posted_as_a_plain_form(self) -> None:
        connector = self.make(http=StubHttp(json_response({"ok": True, "result": sent(7)})))
        calls = connector.compose(self.message(text="*not bold*", reply_to="41"))
        assert connector.send(calls[0]) == SendReceipt("7")
        (call,) = connector.http.calls
        assert call.url == f"https://api.telegram.org/bot{TOKEN}/sendMessage"
        assert dict(call.form) == {
            "chat_id": "77",
            "text": "*not bold*",
            "reply_parameters": '{"message_id": 41, "allow_sending_without_reply": true}',
        }

    def test_a_file_is_uploaded_and_never_sent_as_a_link(self) -> None:
        connector = self.make(http=StubHttp(json_response({"ok": True, "result": sent()})))
        image = self.attachment(Medium.IMAGE, url="https://hub.example/secret.jpg")
        connector.send(connector.compose(self.message(attachments=(image,)))[0])
        (call,) = connector.http.calls
        assert [(file.part, file.name, file.media_type) for file in call.files] == [
            ("photo", "photo.jpg", "image/jpeg")
        ]
        assert image.content is not None
        assert call.files[0].content == image.content()
        assert dict(call.form) == {"chat_id": "77"}

    def test_a_group_that_moved_gets_the_message_at_its_new_id(self) -> None:
        moved = refused(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1009)
        done = json_response({"ok": True, "result": sent(8)})
        connector = self.make(http=StubHttp(moved, done))
        receipt = connector.send(self._a_call(connector))
        assert receipt == SendReceipt("8", moved_to=Address("telegram", "-1009"))
        assert [dict(call.form)["chat_id"] for call in connector.http.calls] == ["77", "-1009"]

    def test_a_group_that_moves_again_and_again_is_followed_once(self) -> None:
        moved = refused(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1009)
        connector = self.make(http=StubHttp(moved))
        with pytest.raises(AddressInvalid):
            connector.send(self._a_call(connector))
        assert len(connector.http.calls) == 2

    def test_a_picture_of_odd_shape_goes_as_a_file(self) -> None:
        odd = refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
        connector = self.make(http=StubHttp(odd, json_response({"ok": True, "result": sent(9)})))
        image = self.attachment(Medium.IMAGE)
        message = self.message(text="tall", attachments=(image,))
        assert connector.send(connector.compose(message)[0]) == SendReceipt("9")
        first, second = connector.http.calls
        assert first.url.endswith("/sendPhoto")
        assert second.url.endswith("/sendDocument")
        assert dict(second.form)["caption"] == "tall"

    @pytest.mark.parametrize(
        ("method", "description"),
        [
            ("sendVideo", "Bad Request: VIDEO_CONTENT_TYPE_INVALID"),
            ("sendVoice", "Bad Request: VOICE_MESSAGES_FORBIDDEN"),
            ("sendAnimation", "Bad Request: MEDIA_INVALID"),
        ],
    )
    def test_a_file_that_is_not_shown_as_its_medium_goes_as_a_document(
        self, method: str, description: str
    ) -> None:
        media = {
            "sendVideo": (Medium.VIDEO, "video/mp4"),
            "sendVoice": (Medium.VOICE, "audio/ogg"),
            "sendAnimation": (Medium.IMAGE, "image/gif"),
        }
        connector = self.make(
            http=StubHttp(refused(400, description), json_response({"ok": True, "result": sent(9)}))
        )
        file = replace(self.attachment(media[method][0]), media_type=media[method][1])
        message = self.message(text="listen", attachments=(file,))
        assert connector.send(connector.compose(message)[0]) == SendReceipt("9")
        first, second = connector.http.calls
        assert first.url.endswith(f"/{method}")
        assert second.url.endswith("/sendDocument")
        assert dict(second.form)["disable_content_type_detection"] == "true"

    @pytest.mark.parametrize(
        ("status", "description"),
        [
            (400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
            (400, "Bad Request: failed to send message #2"),
            (413, "Request Entity Too Large"),
        ],
    )
    def test_an_album_that_is_refused_is_to_go_file_by_file(
        self, status: int, description: str
    ) -> None:
        connector = self.make(http=StubHttp(refused(status, description)))
        image, video = self.attachment(Medium.IMAGE), self.attachment(Medium.VIDEO)
        message = self.message(
            text="both sides", attachments=(image, video), reply_to="7", topic="31"
        )
        (album,) = connector.compose(message)
        with pytest.raises(RefusedTogether):
            connector.send(album)
        first, second = connector.singly(album)
        assert (first.method, first.attachments) == ("send_photo", (image,))
        assert first.options == album.options
        assert (second.method, second.attachments) == ("send_video", (video,))
        assert second.options == {"message_thread_id": 31}
        assert connector.singly(first) == [first]

    @pytest.mark.parametrize("status", [401, 403, 429, 502])
    def test_an_album_that_is_refused_as_any_message_would_be_is_not_taken_apart(
        self, status: int
    ) -> None:
        connector = self.make(http=StubHttp(refused(status, "Forbidden: bot was blocked")))
        files = (self.attachment(Medium.IMAGE), self.attachment(Medium.IMAGE))
        (album,) = connector.compose(self.message(attachments=files))
        with pytest.raises(SendError) as caught:
            connector.send(album)
        assert not isinstance(caught.value, Rejected)

    def test_an_answer_goes_into_the_topic_with_all_of_its_parts(self) -> None:
        connector = self.make()
        message = self.message(
            text="long " * 2000,
            topic="31",
            attachments=(self.attachment(Medium.IMAGE), self.attachment(Medium.FILE)),
            location=Location(59.4, 24.7),
        )
        calls = connector.compose(message)
        assert len(calls) > 4
        assert {call.options["message_thread_id"] for call in calls} == {31}

    @pytest.mark.parametrize(
        "description",
        ["message thread not found", "TOPIC_CLOSED", "TOPIC_DELETED"],
    )
    def test_an_answer_whose_topic_takes_nothing_goes_into_the_chat_and_says_so(
        self, description: str
    ) -> None:
        connector = self.make(
            http=StubHttp(
                refused(400, f"Bad Request: {description}"),
                json_response({"ok": True, "result": sent(9)}),
            )
        )
        (call,) = connector.compose(self.message(text="Here", topic="31"))
        assert connector.send(call) == SendReceipt("9", note=OUTSIDE_TOPIC)
        first, second = connector.http.calls
        assert dict(first.form)["message_thread_id"] == "31"
        assert "message_thread_id" not in dict(second.form)

    def test_a_picture_of_odd_shape_for_a_closed_topic_goes_as_a_file_into_the_chat(self) -> None:
        connector = self.make(
            http=StubHttp(
                refused(400, "Bad Request: TOPIC_CLOSED"),
                refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
                json_response({"ok": True, "result": sent(9)}),
            )
        )
        message = self.message(topic="31", attachments=(self.attachment(Medium.IMAGE),))
        assert connector.send(connector.compose(message)[0]).note == OUTSIDE_TOPIC
        assert connector.http.calls[-1].url.endswith("/sendDocument")

    def test_a_bad_request_is_not_sent_again_though_the_library_calls_it_a_network_error(
        self,
    ) -> None:
        connector = self.make(http=StubHttp(refused(400, "Bad Request: message text is empty")))
        with pytest.raises(Rejected) as caught:
            connector.send(self._a_call(connector))
        assert caught.value.retryable is False

    def test_an_answer_lost_by_telegram_may_have_been_sent(self) -> None:
        connector = self.make(http=StubHttp(HttpResponse(504, {}, b"<html>Gateway Time-out")))
        with pytest.raises(ConnectionFailed) as caught:
            connector.send(self._a_call(connector))
        assert caught.value.maybe_sent is True

    def test_a_sent_message_is_sent_even_if_the_library_cannot_read_the_answer(self) -> None:
        newer = {"message_id": 11, "chat": {"shape": "of another year"}}
        connector = self.make(http=StubHttp(json_response({"ok": True, "result": newer})))
        assert connector.send(self._a_call(connector)) == SendReceipt("11")

    def test_a_button_that_was_too_old_to_be_acknowledged_is_only_refused(self) -> None:
        too_old = refused(400, "Bad Request: query is too old and response timeout expired")
        connector = self.make(http=StubHttp(too_old))
        event = connector.parse(self.payload_request(self.payloads / "button.json"))[0]
        (call,) = connector.acknowledge(event)
        with pytest.raises(Rejected):
            connector.send(call)
        assert dict(connector.http.calls[0].form) == {"callback_query_id": "331000000000001"}

    def test_a_message_that_is_no_button_is_not_acknowledged(self) -> None:
        event = self.make().parse(self.payload_request(self.payloads / "text.json"))[0]
        assert self.make().acknowledge(event) == []

    def test_without_a_secret_token_one_is_derived_and_checked_all_the_same(self) -> None:
        connector = self.make(secret_token=None)
        connector.http.answers = [json_response({"ok": True, "result": []})]
        bare = post("telegram", b"{}", {})
        empty = post("telegram", b"{}", {"x-telegram-bot-api-secret-token": ""})
        for request in (bare, empty):
            with pytest.raises(WebhookRejected):
                connector.verify(request)
        connector = self.make(secret_token="", mode="webhook")
        connector.http.answers = [json_response({"ok": True, "result": True})]
        connector.register()
        secret = dict(connector.http.calls[0].form)["secret_token"]
        assert len(secret) == 64
        assert secret not in TOKEN
        connector.verify(post("telegram", b"{}", {"x-telegram-bot-api-secret-token": secret}))

    @pytest.mark.parametrize("secret", ["with space", "ünïcode", "x" * 257])
    def test_a_secret_token_that_telegram_refuses_is_refused_here(self, secret: str) -> None:
        with pytest.raises(ValidationError, match="256 characters at most"):
            self.make(secret_token=secret)

    @pytest.mark.parametrize("token", ["", "12 3:abc", "123:abc/../x", "123:abc?x"])
    def test_a_token_that_does_not_fit_into_a_url_is_refused(self, token: str) -> None:
        with pytest.raises(ValidationError, match="no bot token"):
            self.make(token=token)

    def test_polling_asks_for_every_kind_of_update_by_name(self) -> None:
        connector = self.make(http=StubHttp(json_response({"ok": True, "result": []})))
        result = connector.poll("870000001", 25)
        assert result.cursor == "870000001"
        assert result.requests == ()
        (call,) = connector.http.calls
        assert call.json["offset"] == 870000001
        assert call.json["timeout"] == 25
        assert set(call.json["allowed_updates"]) >= {"message_reaction", "my_chat_member"}
        assert call.seconds > 25

    def test_polling_hands_on_what_the_library_could_not_read(self) -> None:
        strange = {"update_id": 5, "message": {"chat": "nonsense"}}
        connector = self.make(http=StubHttp(json_response({"ok": True, "result": [strange]})))
        result = connector.poll("", 0)
        assert "offset" not in connector.http.calls[0].json
        assert result.cursor == "6"
        (event,) = connector.parse(result.requests[0])
        assert isinstance(event, UnreadableEvent)

    def test_a_webhook_in_the_way_of_polling_is_explained(self) -> None:
        conflict = "Conflict: can't use getUpdates method while webhook is active"
        connector = self.make(http=StubHttp(refused(409, conflict)))
        with pytest.raises(CredentialsRefused, match="A webhook is set for this bot"):
            connector.poll("", 0)

    @pytest.mark.parametrize(
        "body",
        [
            {"ok": True, "result": [{"message": {}}]},
            {"ok": True, "result": {}},
            {"ok": True},
            [],
        ],
    )
    def test_a_poll_answered_with_nonsense_is_an_error_of_its_own(self, body: Any) -> None:
        connector = self.make(http=StubHttp(json_response(body)))
        with pytest.raises(ResponseUnexpected):
            connector.poll("", 0)

    def test_a_coroutine_that_waits_is_an_error_and_not_a_hang(self) -> None:
        class Never:
            def __await__(self) -> Iterator[None]:
                yield

        async def waits() -> None:
            await Never()

        with pytest.raises(RuntimeError, match="event loop"):
            drive(waits())


def test_a_large_file_may_take_longer_to_upload_than_to_connect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hub.connectors.http.CONNECT_SECONDS", 0.3)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    took = []

    def reads_slowly() -> None:
        connection, _ = listener.accept()
        began, body = time.monotonic(), b""
        while not body.endswith(b"--\r\n"):
            body = body[-100:] + connection.recv(65536)
            time.sleep(0.001)
        took.append(time.monotonic() - began)
        answer = b'{"ok": true, "result": {"message_id": 3}}'
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer))
        connection.sendall(answer)
        connection.close()

    reader = threading.Thread(target=reads_slowly, daemon=True)
    reader.start()
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    telegram = TestTelegram().make(http=Http(), api_base=base)
    film = Attachment(Medium.FILE, "film.bin", content=lambda: bytes(8_000_000))
    (call,) = telegram.compose(TestTelegram().message(attachments=(film,)))
    assert telegram.send(call) == SendReceipt("3")
    reader.join(5)
    listener.close()
    assert took[0] > 0.3
