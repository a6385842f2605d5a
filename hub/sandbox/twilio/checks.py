"""The sends that Twilio refuses, with its codes.

Source: https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import phonenumbers

from hub.sandbox.twilio.messages import TwilioError

BODY_CHARACTERS = 1600
MEDIA_COUNT = 10
VALIDITY_SECONDS = 36_000
E164 = re.compile(r"\+[1-9]\d{6,14}")


def check_message(to: str, sender: str, number: str, body: str | None, media: list[str]) -> None:
    """Raises TwilioError 400 for a message that Twilio does not accept."""
    if not to:
        raise TwilioError(400, 21604, "A 'To' phone number is required.")
    if not is_number(to):
        raise TwilioError(400, 21211, f"Invalid 'To' Phone Number: {masked(to)}")
    if not sender:
        raise TwilioError(400, 21603, "A 'From' phone number is required.")
    if sender != number:
        raise TwilioError(
            400,
            21606,
            f"The 'From' phone number {sender} is not a valid, message-capable Twilio phone "
            "number for this destination/account",
        )
    if to == sender:
        raise TwilioError(400, 21266, "'To' and 'From' number cannot be the same")
    if body is None and not media:
        raise TwilioError(400, 21619, "A text message body or media urls must be specified.")
    if not (body or "").strip() and not media:
        raise TwilioError(400, 21602, "Message body is required.")
    if len(body or "") > BODY_CHARACTERS:
        raise TwilioError(
            400, 21617, "The concatenated message body exceeds the 1600 character limit."
        )
    if len(media) > MEDIA_COUNT:
        raise TwilioError(400, 21623, "Number of media files exceeds allowed limit.")
    for url in media:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise TwilioError(400, 21620, f"Invalid media URL(s): {url}")


def check_callback(url: str) -> None:
    """Raises TwilioError 21609. Loopback is allowed here, because the hub under test is there."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname:
        raise TwilioError(400, 21609, f"The 'StatusCallback' URL {url} is not a valid URL.")


def check_validity(text: str | None) -> None:
    if text is not None and not (text.isdigit() and 1 <= int(text) <= VALIDITY_SECONDS):
        raise TwilioError(400, 21624, "The validity period must be between 1 and 36000 seconds.")


def is_number(text: str) -> bool:
    if not E164.fullmatch(text):
        return False
    return phonenumbers.is_possible_number(phonenumbers.parse(text))


def masked(number: str) -> str:
    """Hides the last digits of a number, as Twilio's errors do."""
    return number[:-4] + "XXXX" if len(number) > 6 else number
