"""A customer with a mobile phone, as verbs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.sandbox.base import sample_files
from hub.sandbox.base.screen import Bubble, Media, Screen
from hub.sandbox.base.waitable import Waitable

# Source: https://help.twilio.com/articles/223134027 (one keyword alone, in any case).
STOP = frozenset(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"])
START = frozenset(["START", "YES", "UNSTOP"])
HELP = frozenset(["HELP", "INFO"])

STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this "
    "number. Reply START to resubscribe."
)
STARTED = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELPED = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."


class PhoneNetwork(Protocol):
    """The part of the stand-in that a customer needs: Twilio between the phone and the hub."""

    def send_to_hub(self, customer: SmsCustomer, text: str, media: Sequence[Media]) -> Bubble:
        """Brings a message of the customer to the hub."""

    def send_automatic_reply(self, customer: SmsCustomer, text: str) -> None:
        """Shows the customer an answer that Twilio itself wrote."""


class SmsCustomer:
    """Every verb that writes returns the Bubble that it put on the screen; its id is the sid."""

    def __init__(self, network: PhoneNetwork, number: str, screen: Screen, name: str = "") -> None:
        self._network = network
        self.number = number
        self.name = name
        self.screen = screen
        self.stopped = False
        self.outcome: tuple[str, int | None] = ("delivered", None)

    @property
    def received(self) -> Waitable[Bubble]:
        """The messages that arrived on this phone."""
        return self.screen.received

    def texts(self, text: str, media: Sequence[Media] = ()) -> Bubble:
        """Sends an SMS, or an MMS with `media`. Twilio itself answers STOP, START and HELP."""
        bubble = self._network.send_to_hub(self, text, media)
        self._apply_keyword(text.strip().upper())
        return bubble

    # One verb for all phones, where a test goes over every channel.
    says = texts

    def sends_mms(
        self,
        data: bytes | None = None,
        text: str = "",
        media_type: str = "image/png",
        name: str = "photo.png",
    ) -> Bubble:
        return self.texts(text, [Media(data or sample_files.photo(), media_type, name)])

    def phone_is_off(self) -> None:
        """Lets messages to this phone be reported `undelivered` with 30003."""
        self.outcome = ("undelivered", 30003)

    def phone_is_on(self) -> None:
        self.outcome = ("delivered", None)

    def carrier_blocks(self, error_code: int = 30007) -> None:
        """Lets messages to this phone be reported `undelivered` with this code."""
        self.outcome = ("undelivered", error_code)

    def _apply_keyword(self, keyword: str) -> None:
        answer = ""
        if keyword in STOP and not self.stopped:
            self.stopped, answer = True, STOPPED
        elif keyword in START and self.stopped:
            self.stopped, answer = False, STARTED
        elif keyword in HELP:
            answer = HELPED
        if answer:
            self._network.send_automatic_reply(self, answer)
