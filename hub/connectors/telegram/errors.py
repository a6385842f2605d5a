"""What Telegram's refusals mean for a message and for the agent who sent it.

Source: https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, Field, ValidationError

from hub.connectors.http import HttpResponse, error_for, retry_after
from hub.errors import (
    AddressInvalid,
    ConnectionFailed,
    ContactStopped,
    CredentialsRefused,
    Rejected,
    SendError,
    Throttled,
)

#: Parts of Telegram's sentence for 403, and ours.
STOPPED = {
    "blocked": "The customer has blocked this bot. Write on another channel.",
    "deactivated": "The customer has deleted their Telegram account. Write on another channel.",
    "initiate": "The customer has never pressed Start in this bot, and a bot may not write first.",
    "kicked": "The bot was removed from this chat.",
}
#: Parts of Telegram's sentence for a 400 that is about the chat and not about the message.
NOBODY_THERE = (
    "chat not found", "user not found", "peer_id_invalid", "chat_id is empty",
    "group chat was deactivated", "group chat was upgraded",
)  # fmt: skip
#: It would not show this picture as a photo; as a file it goes. Seen in tdlib/telegram-bot-api 10.
NOT_A_PHOTO = (
    "photo_invalid_dimensions", "image_process_failed", "photo_ext_invalid", "too big for a photo",
)  # fmt: skip


class Parameters(BaseModel):
    """https://core.telegram.org/bots/api#responseparameters"""

    migrate_to_chat_id: int | None = None
    retry_after: int | None = Field(None, ge=0)


class Refusal(BaseModel):
    """The body of an answer that is not 2xx. A proxy's HTML reads as an empty one."""

    description: str = ""
    parameters: Parameters = Parameters()

    @classmethod
    def of(cls, response: HttpResponse) -> Refusal:
        try:
            return cls.model_validate_json(response.body)
        except ValidationError:
            return cls()

    def says(self, *parts: str) -> bool:
        return any(part in self.description.lower() for part in parts)


def refusal(response: HttpResponse) -> SendError:
    """The error that an answer other than 2xx means."""
    said = Refusal.of(response)
    code = str(response.status)
    match response.status:
        case 400:
            return _bad_request(said)
        case 401 | 404:
            return CredentialsRefused(
                "Telegram does not accept this bot's token. Get the token from @BotFather and put "
                "it into connectors.yaml.",
                external_code=code,
            )
        case 403:
            return _forbidden(said)
        case 409:
            return _conflict(said)
        case 413:
            too_large = "The file is too large for Telegram: 50 MB at most."
            return Rejected(too_large, external_code=code)
        case 429:
            return Throttled(
                "Telegram takes no more messages just now. This one waits in line.",
                external_code=code,
                retry_after=_wait(said, response),
            )
        case status if status >= 500:
            # 502 and 504 also come when Telegram has lost its own answer.
            return ConnectionFailed(
                "Telegram is out of order. The message stays in line and is tried again.",
                external_code=code,
                retry_after=retry_after(response),
                maybe_sent=True,
            )
    return error_for(response, _sentence(said))


def migrated_to(response: HttpResponse) -> int | None:
    """The id that a group got when it became a supergroup."""
    return Refusal.of(response).parameters.migrate_to_chat_id


def is_no_photo(response: HttpResponse) -> bool:
    return response.status == 400 and Refusal.of(response).says(*NOT_A_PHOTO)


def _sentence(said: Refusal) -> str:
    return f"Telegram refused the message: {said.description or 'it gave no reason'}."


def _bad_request(said: Refusal) -> SendError:
    if said.parameters.migrate_to_chat_id or said.says(*NOBODY_THERE):
        return AddressInvalid(
            f"Telegram knows no such chat ({said.description}). Write on another channel.",
            external_code="400",
        )
    return Rejected(_sentence(said), external_code="400")


def _forbidden(said: Refusal) -> SendError:
    found = (sentence for part, sentence in STOPPED.items() if said.says(part))
    default = f"Telegram does not let this bot write here: {said.description or 'forbidden'}."
    return ContactStopped(next(found, default), external_code="403")


def _conflict(said: Refusal) -> SendError:
    if said.says("other getupdates"):
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


def _wait(said: Refusal, response: HttpResponse) -> timedelta | None:
    seconds = said.parameters.retry_after
    return retry_after(response) if seconds is None else timedelta(seconds=min(seconds, 3600))
