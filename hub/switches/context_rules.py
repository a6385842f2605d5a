"""Rules for the context card of a switch: open question, details from the messages. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.schema.resources import ContextCard, Given, Place

#: How many messages of a conversation are read, newest first.
MAX_MESSAGES = 50
MAX_DETAILS = 20
MAX_QUESTION = 500

#: Question marks: English, Greek (U+037E), Arabic and Persian, Armenian, full width.
_QUESTION_MARKS = "?\u037e\u061f\u055e\uff1f"
_SENTENCE = re.compile(
    rf"[^.!\n{_QUESTION_MARKS}]*[.!\n{_QUESTION_MARKS}]+|[^.!\n{_QUESTION_MARKS}]+$"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]+\.)+[\w-]{2,}")
#: A phone number as people write it: with the country code, or with the leading zero.
_PHONE = re.compile(r"(?<![\w#/.-])(?:\+|0)\d(?:[ ().-]{0,2}\d){6,13}(?![\w-])")
_NUMBER = r"([A-Za-z]{0,5}-?\d[\dA-Za-z]{2,19}(?:[-/]\d{1,10})*)"
_ORDER_NUMBERS = (
    re.compile(rf"[#№]\s?{_NUMBER}"),
    re.compile(
        r"(?:\b(?:order|invoice|tellimus\w*|arve\w*|zamówieni\w*|faktur\w*)|طلب|سفارش|فاتورة|فاکتور)"
        rf"[\s:.#№-]{{0,3}}(?:(?:is|number|no|nr|numer|number|رقم|شماره)[\s:.#№]{{1,3}}){{0,2}}{_NUMBER}",
        re.IGNORECASE,
    ),
    # A word of capitals and digits is mostly the number of an order.
    re.compile(r"(?<![\w-])([A-Z]{1,5}-?\d{3,12}(?:-\d{1,6})?)(?![\w-])"),
)


@dataclass(frozen=True, slots=True)
class CardMessage:
    """The parts of a message that the rules read.

    `is_inbound` is True for a message of the customer, `is_answer` for one of an agent or a bot;
    both are False for automatic texts.
    """

    id: int
    text: str
    is_inbound: bool
    is_answer: bool = False
    file_names: tuple[str, ...] = ()


def build_card(
    messages: Sequence[CardMessage],
    *,
    from_: Place,
    to: Place,
    switched_at: datetime,
    waiting_since: datetime | None,
    form_details: Sequence[Given] = (),
    first_text: str = "",
) -> ContextCard:
    """Builds the context card of a switch.

    Args:
        messages: the messages before the switch, oldest first.
        form_details: the details that the customer typed into a form.
        first_text: the customer's first text on the new channel.
    """
    # The addresses of the switch itself are no news to the agent.
    switch_paths = {_path(from_), _path(to)}
    details = [*form_details, *_details(messages, switch_paths)]
    return ContextCard.model_validate(
        {
            "from": from_,
            "to": to,
            "switched_at": switched_at,
            "open_question": open_question(messages, first_text),
            "given": _without_repeats(details)[-MAX_DETAILS:],
            "waiting_since": waiting_since,
        }
    )


def open_question(messages: Sequence[CardMessage], first_text: str = "") -> str:
    """Returns the customer's last unanswered text that asks; else the last unanswered text."""
    last_answer = max((n for n, message in enumerate(messages) if message.is_answer), default=-1)
    unanswered = [
        message.text
        for message in messages[last_answer + 1 :]
        if message.is_inbound and message.text.strip()
    ]
    questions = [text for text in unanswered if _asks(text)] or [first_text] * _asks(first_text)
    return _short((questions or unanswered or [""])[-1])


def _asks(text: str) -> bool:
    return any(mark in text for mark in _QUESTION_MARKS)


def _short(text: str) -> str:
    """Returns the whole text, or of a long one the sentences that ask, cut to `MAX_QUESTION`."""
    text = text.strip()
    if len(text) > MAX_QUESTION and _asks(text):
        sentences = _SENTENCE.findall(text)
        text = " ".join(sentence.strip() for sentence in sentences if _asks(sentence))
    return text if len(text) <= MAX_QUESTION else text[: MAX_QUESTION - 1].rstrip() + "…"


def _details(messages: Iterable[CardMessage], switch_paths: set[str]) -> Iterator[Given]:
    """Yields files, mail addresses, phone numbers and order numbers in the customer's messages."""
    switch_digits = {_digits(path) for path in switch_paths}
    for message in messages:
        if not message.is_inbound:
            continue
        for name in message.file_names:
            yield Given(type="file", text=name, message_id=message.id)
        for email in _EMAIL.findall(message.text):
            if email.lower() not in switch_paths:
                yield Given(type="email", text=email, message_id=message.id)
        for match in _PHONE.finditer(message.text):
            if _digits(match.group()) not in switch_digits:
                yield Given(type="phone", text=match.group(), message_id=message.id)
        for number in _order_numbers(message.text):
            yield Given(type="order", text=number, message_id=message.id)


def _order_numbers(text: str) -> list[str]:
    text = _PHONE.sub(" ", _EMAIL.sub(" ", text))
    matches = (match for pattern in _ORDER_NUMBERS for match in pattern.finditer(text))
    return list(dict.fromkeys(match[1] for match in matches))


def _without_repeats(details: Iterable[Given]) -> list[Given]:
    return list({(detail.type, detail.text.lower()): detail for detail in details}.values())


def _path(place: Place) -> str:
    return place.address.partition(":")[2].lower()


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
