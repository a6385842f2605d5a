"""Telegram's errors: what each means for a message and for the agent who sent it.

Source: https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

import re
from datetime import timedelta

from pydantic import ValidationError

from hub.connectors.http import HttpResponse, error_for, retry_after
from hub.connectors.telegram.payloads import ErrorBody
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    Rejected,
    SendError,
    Throttled,
)

#: Telegram has no codes beyond the status: parts of its sentence for a 403, and ours.
STOPPED = {
    "blocked": "The customer has blocked this bot. Write on another channel.",
    "deactivated": "The customer has deleted their Telegram account. Write on another channel.",
    "initiate": "The customer has never pressed Start in this bot, and a bot may not write first.",
    "kicked": "The bot was removed from this chat.",
}
#: Parts of Telegram's sentence for a 400 that is about the chat and not about the message.
NO_SUCH_CHAT = (
    "chat not found", "user not found", "peer_id_invalid", "chat_id is empty",
    "group chat was deactivated", "group chat was upgraded",
)  # fmt: skip
#: Of its sentence for a file that it does not show as its medium, and may take as a document:
#: PHOTO_INVALID_DIMENSIONS, IMAGE_PROCESS_FAILED, VOICE_MESSAGES_FORBIDDEN. Seen in
#: tdlib/telegram-bot-api 10.
NOT_OF_THE_MEDIUM = re.compile(
    r"\b(photo|image|video|audio|voice|sticker|animation|gif|media)_[a-z]|too big for a photo"
)
#: Parts of its sentence for a topic that is closed or deleted, or was never there.
NO_SUCH_TOPIC = ("thread not found", "topic_closed", "topic_deleted", "topic_id_invalid")


def error_from(response: HttpResponse) -> SendError:
    """The error that an answer other than 2xx means."""
    body = _body(response)
    code = str(response.status)
    match response.status:
        case 400:
            return _bad_request(body)
        case 401 | 404:
            return CredentialsRefused(
                "Telegram does not accept this bot's token. Get the token from @BotFather and put "
                "it into connectors.yaml.",
                external_code=code,
            )
        case 403:
            return _forbidden(body)
        case 409:
            return _conflict(body)
        case 413:
            too_large = "The file is too large for Telegram: 50 MB at most."
            return Rejected(too_large, external_code=code)
        case 429:
            return Throttled(
                "Telegram takes no more just now.",
                external_code=code,
                retry_after=_wait(body, response),
            )
        case status if status >= 500:
            # 502 and 504 also come when Telegram has lost its own answer.
            return ConnectionFailed(
                "Telegram is out of order.",
                external_code=code,
                retry_after=retry_after(response),
                maybe_sent=True,
            )
    return error_for(response, _sentence(body))


def migrated_to(response: HttpResponse) -> int | None:
    """The id that a group got when it became a supergroup, None where the error is another."""
    return _body(response).parameters.migrate_to_chat_id


def is_not_of_the_medium(response: HttpResponse) -> bool:
    """Whether Telegram refused a file as its medium only: as a document it may go."""
    description = _body(response).description.lower()
    return response.status == 400 and NOT_OF_THE_MEDIUM.search(description) is not None


def is_no_topic(response: HttpResponse) -> bool:
    """Whether the topic of a message takes none: the chat itself may."""
    return response.status == 400 and _mentions(_body(response), *NO_SUCH_TOPIC)


def is_missing(response: HttpResponse) -> bool:
    """Whether a message that was to be deleted is not there."""
    return response.status == 400 and _mentions(_body(response), "message to delete not found")


def is_unchanged(response: HttpResponse) -> bool:
    """Whether a message has the text already that it was to get."""
    return response.status == 400 and _mentions(_body(response), "message is not modified")


def _body(response: HttpResponse) -> ErrorBody:
    """The body of an error. The HTML of a proxy reads as an empty one."""
    try:
        return ErrorBody.model_validate_json(response.body)
    except ValidationError:
        return ErrorBody()


def _mentions(body: ErrorBody, *parts: str) -> bool:
    return any(part in body.description.lower() for part in parts)


def _sentence(body: ErrorBody) -> str:
    return f"Telegram refused the message: {body.description or 'it gave no reason'}."


def _bad_request(body: ErrorBody) -> SendError:
    if body.parameters.migrate_to_chat_id or _mentions(body, *NO_SUCH_CHAT):
        return AddressInvalid(
            f"Telegram knows no such chat ({body.description}). Write on another channel.",
            external_code="400",
        )
    return Rejected(_sentence(body), external_code="400")


def _forbidden(body: ErrorBody) -> SendError:
    sentences = (sentence for part, sentence in STOPPED.items() if _mentions(body, part))
    default = f"Telegram does not let this bot write here: {body.description or 'forbidden'}."
    return ContactStopped(next(sentences, default), external_code="403")


def _conflict(body: ErrorBody) -> SendError:
    if _mentions(body, "other getupdates"):
        # So it is for a moment while one hub takes over from another.
        return ConnectionFailed(
            "Another program asks Telegram for this bot's messages too. Only one may: stop the "
            "other one, or make a bot of its own for it.",
            external_code="409",
        )
    return CredentialsRefused(
        "A webhook is set for this bot, so Telegram does not answer long polling. Set `mode: "
        "webhook`, or restart the hub with `mode: polling`: it then takes the webhook away.",
        external_code="409",
    )


def _wait(body: ErrorBody, response: HttpResponse) -> timedelta | None:
    seconds = body.parameters.retry_after
    return retry_after(response) if seconds is None else timedelta(seconds=min(seconds, 3600))
