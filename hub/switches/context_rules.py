"""What to know of somebody who goes on elsewhere: read from what they said, by rules. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.schema.resources import ContextCard, Given, Place

#: How much of a conversation is read, newest first.
MAX_SAID = 50
MAX_GIVEN = 20
MAX_QUESTION = 500

#: English, Greek (U+037E), Arabic and Persian, Armenian, full width.
_ASKS = "?\u037e\u061f\u055e\uff1f"
_SENTENCE = re.compile(rf"[^.!\n{_ASKS}]*[.!\n{_ASKS}]+|[^.!\n{_ASKS}]+$")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]+\.)+[\w-]{2,}")
#: As people write a number that is to be called: from abroad, or with the leading zero.
_PHONE = re.compile(r"(?<![\w#/.-])(?:\+|0)\d(?:[ ().-]{0,2}\d){6,13}(?![\w-])")
_NUMBER = r"([A-Za-z]{0,5}-?\d[\dA-Za-z]{2,19}(?:[-/]\d{1,10})*)"
_ORDERS = (
    re.compile(rf"[#№]\s?{_NUMBER}"),
    re.compile(
        r"(?:\b(?:order|invoice|tellimus\w*|arve\w*|zamówieni\w*|faktur\w*)|طلب|سفارش|فاتورة|فاکتور)"
        rf"[\s:.#№-]{{0,3}}(?:(?:is|number|no|nr|numer|number|رقم|شماره)[\s:.#№]{{1,3}}){{0,2}}{_NUMBER}",
        re.IGNORECASE,
    ),
    # Capitals and digits in one word are nothing else, mostly.
    re.compile(r"(?<![\w-])([A-Z]{1,5}-?\d{3,12}(?:-\d{1,6})?)(?![\w-])"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """One message as far as it matters here. `files` are the names of what came with it.

    `is_answer` is True for what an agent or a bot said; both are False for automatic texts.
    """

    id: int
    text: str
    is_theirs: bool
    is_answer: bool = False
    files: tuple[str, ...] = ()


def card(
    said: Sequence[Said],
    *,
    from_: Place,
    to: Place,
    switched_at: datetime,
    waiting_since: datetime | None,
    typed: Sequence[Given] = (),
    words: str = "",
) -> ContextCard:
    """The card of a switch.

    Args:
        said: what was said before it, oldest first.
        typed: what they typed into a form.
        words: what they said first on the new channel.
    """
    given = [*typed, *_given(said, own={_path(from_), _path(to)})]
    return ContextCard.model_validate(
        {
            "from": from_,
            "to": to,
            "switched_at": switched_at,
            "open_question": open_question(said, words),
            "given": _once(given)[-MAX_GIVEN:],
            "waiting_since": waiting_since,
        }
    )


def open_question(said: Sequence[Said], words: str = "") -> str:
    """Their last words that ask and have no answer yet; else their last that have none."""
    answered = max((n for n, one in enumerate(said) if one.is_answer), default=-1)
    open_ = [one.text for one in said[answered + 1 :] if one.is_theirs and one.text.strip()]
    asking = [text for text in open_ if _asks(text)] or [words] * _asks(words)
    return _short((asking or open_ or [""])[-1])


def _asks(text: str) -> bool:
    return any(mark in text for mark in _ASKS)


def _short(text: str) -> str:
    """The whole text, or of a long one the sentences that ask; never more than fits a card."""
    text = text.strip()
    if len(text) > MAX_QUESTION and _asks(text):
        text = " ".join(one.strip() for one in _SENTENCE.findall(text) if _asks(one))
    return text if len(text) <= MAX_QUESTION else text[: MAX_QUESTION - 1].rstrip() + "…"


def _given(said: Iterable[Said], own: set[str]) -> Iterator[Given]:
    for one in said:
        if not one.is_theirs:
            continue
        for name in one.files:
            yield Given(type="file", text=name, message_id=one.id)
        for email in _EMAIL.findall(one.text):
            if email.lower() not in own:
                yield Given(type="email", text=email, message_id=one.id)
        for match in _PHONE.finditer(one.text):
            if _digits(match.group()) not in {_digits(path) for path in own}:
                yield Given(type="phone", text=match.group(), message_id=one.id)
        for number in _orders(one.text):
            yield Given(type="order", text=number, message_id=one.id)


def _orders(text: str) -> list[str]:
    plain = _PHONE.sub(" ", _EMAIL.sub(" ", text))
    return list(dict.fromkeys(match[1] for form in _ORDERS for match in form.finditer(plain)))


def _once(given: Iterable[Given]) -> list[Given]:
    return list({(one.type, one.text.lower()): one for one in given}.values())


def _path(place: Place) -> str:
    return place.address.partition(":")[2].lower()


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
