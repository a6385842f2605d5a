"""Telegram against the conformance suite, Telegram's own words and python-telegram-bot's types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from telegram import Message

from hub.connectors.http import HttpResponse
from hub.connectors.telegram import Telegram
from hub.connectors.telegram.outgoing import BotCall
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    Rejected,
    ResponseUnexpected,
    Throttled,
    Unsupported,
)
from hub.types import Address, Location, Medium, SendReceipt, WebhookRequest
from tests.connector_cases import ConnectorCases, Signature
from tests.connector_tools import Answer, Outgoing, json_response, post

TOKEN = "100200300:AAE-secret-token-of-a-made-up-bot"
SECRET = "made-up_Secret-42"
ANN = Address("telegram", "77")


def refused(status: int, description: str, **parameters: Any) -> HttpResponse:
    body = {"ok": False, "error_code": status, "description": description}
    return json_response({**body, **({"parameters": parameters} if parameters else {})}, status)


def sent(number: int = 500) -> dict[str, Any]:
    chat = {"id": 77, "type": "private", "first_name": "Ann"}
    return {"message_id": number, "date": 1772442000, "chat": chat, "text": "Hello"}


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
            Answer("nonsense", {"message_id": 1}, ResponseUnexpected),
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
