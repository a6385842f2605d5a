"""What the hub says on its own where the file says nothing else, in five languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from hub.config import Config, default_texts
from hub.router.auto_replies import formats
from hub.router.auto_replies.rules import fill_template, placeholder_names

LANGUAGES = {"en", "ar", "et", "fa", "pl"}
NOW = datetime(2026, 1, 2, 18, 0, tzinfo=UTC)
MONDAY = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)

every_text = pytest.mark.parametrize(
    "by_language",
    [default_texts.QUEUED, default_texts.OFFLINE, default_texts.WELCOME, default_texts.OFFER],
    ids=["queued", "offline", "welcome", "offer"],
)


@every_text
def test_a_default_is_there_in_all_languages_of_the_chat(by_language: Mapping[str, str]) -> None:
    assert set(by_language) == LANGUAGES
    assert len(set(by_language.values())) == len(LANGUAGES)


@every_text
def test_a_default_fills_the_same_places_in_all_languages(by_language: Mapping[str, str]) -> None:
    for text in by_language.values():
        assert sorted(placeholder_names(text)) == sorted(placeholder_names(by_language["en"]))


@every_text
def test_arabic_and_persian_have_their_own_marks(by_language: Mapping[str, str]) -> None:
    for language in ("ar", "fa"):
        assert not set(",;?\"'%") & set(by_language[language])


def test_a_file_without_replies_has_the_defaults() -> None:
    replies = Config.model_validate({}).replies
    assert (replies.queued, replies.offline) == (default_texts.QUEUED, default_texts.OFFLINE)


@pytest.mark.parametrize(
    ("language", "minutes", "said"),
    [
        ("en", 5, "You are number 2. About 5 minutes."),
        ("et", 1, "Olete järjekorras number 2. Ooteaeg on umbes 1 minut."),
        ("et", 5, "Olete järjekorras number 2. Ooteaeg on umbes 5 minutit."),
        ("pl", 3, "Numer w kolejce: 2. Przewidywany czas oczekiwania: 3 minuty."),
        ("pl", 5, "Numer w kolejce: 2. Przewidywany czas oczekiwania: 5 minut."),
        ("ar", 2, "رقمك في قائمة الانتظار: 2. مدة الانتظار المتوقعة: دقيقتان."),
        ("ar", 5, "رقمك في قائمة الانتظار: 2. مدة الانتظار المتوقعة: 5 دقائق."),
        ("fa", 5, "شمارهٔ شما در صف: ۲. زمان انتظار: حدود ۵ دقیقه."),
    ],
)
def test_who_waits_is_told_their_place_in_their_language(
    language: str, minutes: int, said: str
) -> None:
    wait = formats.format_wait(timedelta(minutes=minutes), language)
    values = {"position": formats.format_digits("2", language), "wait": wait}
    assert fill_template(default_texts.QUEUED[language], values) == said
    only_the_place = said.partition(". ")[0] + "."
    assert fill_template(default_texts.QUEUED[language], {**values, "wait": ""}) == only_the_place


@pytest.mark.parametrize(
    ("language", "back", "invited"),
    [
        (
            "en",
            "We are back Monday 09:00.",
            "Leave your question, the answer will find you here or by email.",
        ),
        (
            "et",
            "Oleme tagasi esmaspäeval kell 09:00.",
            "Jätke oma küsimus: vastus jõuab teieni siin või muu kanali kaudu (e-post).",
        ),
        (
            "pl",
            "Wrócimy w poniedziałek o 09:00.",
            "Prosimy zostawić pytanie: odpowiedź przyjdzie tutaj lub innym kanałem (e-mail).",
        ),
        (
            "ar",
            "سنعود يوم الاثنين الساعة 09:00.",
            "يمكنك ترك سؤالك الآن، وستصلك الإجابة هنا أو عبر البريد الإلكتروني.",
        ),
        (
            "fa",
            "دوشنبه ساعت ۰۹:۰۰ برمی‌گردیم.",
            "پرسش خود را بنویسید؛ پاسخ همین‌جا یا از راه ایمیل به شما می‌رسد.",
        ),
    ],
)
def test_who_comes_outside_hours_is_told_when_and_where_in_their_language(
    language: str, back: str, invited: str
) -> None:
    values = {
        "opens": formats.format_opening(MONDAY, NOW, "Europe/Tallinn", language),
        "fallback": formats.channel_name("email", language),
    }
    assert fill_template(default_texts.OFFLINE[language], values) == f"{back} {invited}"
    assert fill_template(default_texts.OFFLINE[language], {**values, "fallback": ""}) == back
