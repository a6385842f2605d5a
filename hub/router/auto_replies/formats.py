"""Formats times, waits and names of channels in the customer's language. Pure.

The texts are our own: five languages of times and days are two screens, a library of all of them
is thirty megabytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

#: Days up to this far ahead are named by the weekday; later ones by the date.
_NAMED_DAYS = 6
_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def _singular_or_plural(singular: str, plural: str) -> Callable[[int], str]:
    return lambda count: f"{count} {singular if count == 1 else plural}"


def _polish(singular: str, few: str, many: str) -> Callable[[int], str]:
    """Source: https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html"""

    def counted(count: int) -> str:
        if count == 1:
            return f"1 {singular}"
        is_few = count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14)
        return f"{count} {few if is_few else many}"

    return counted


def _arabic(singular: str, dual: str, few: str, many: str) -> Callable[[int], str]:
    """Source: https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html"""

    def counted(count: int) -> str:
        if count in (1, 2):
            return (singular, dual)[count - 1]
        return f"{count} {few if 3 <= count % 100 <= 10 else many}"

    return counted


@dataclass(frozen=True, slots=True)
class _Formats:
    """The texts of a language; `days` and `months` in the form of a date: on Monday, of January."""

    today: str
    tomorrow: str
    clock: str
    days: tuple[str, ...]
    date: str
    months: tuple[str, ...]
    minutes: Callable[[int], str]
    hours: Callable[[int], str]
    digits: dict[int, int] | None = None


_FORMATS = {
    "en": _Formats(
        today="today",
        tomorrow="tomorrow",
        clock="{day} {time}",
        days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        date="{day} {month}",
        months=(
            *("January", "February", "March", "April", "May", "June"),
            *("July", "August", "September", "October", "November", "December"),
        ),
        minutes=_singular_or_plural("minute", "minutes"),
        hours=_singular_or_plural("hour", "hours"),
    ),
    "et": _Formats(
        today="täna",
        tomorrow="homme",
        clock="{day} kell {time}",
        days=(
            *("esmaspäeval", "teisipäeval", "kolmapäeval", "neljapäeval"),
            *("reedel", "laupäeval", "pühapäeval"),
        ),
        date="{day}. {month}",
        months=(
            *("jaanuaril", "veebruaril", "märtsil", "aprillil", "mail", "juunil"),
            *("juulil", "augustil", "septembril", "oktoobril", "novembril", "detsembril"),
        ),
        minutes=_singular_or_plural("minut", "minutit"),
        hours=_singular_or_plural("tund", "tundi"),
    ),
    "pl": _Formats(
        today="dzisiaj",
        tomorrow="jutro",
        clock="{day} o {time}",
        days=(
            *("w poniedziałek", "we wtorek", "w środę", "w czwartek"),
            *("w piątek", "w sobotę", "w niedzielę"),
        ),
        date="{day} {month}",
        months=(
            *("stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca"),
            *("lipca", "sierpnia", "września", "października", "listopada", "grudnia"),
        ),
        minutes=_polish("minuta", "minuty", "minut"),
        hours=_polish("godzina", "godziny", "godzin"),
    ),
    "ar": _Formats(
        today="اليوم",
        tomorrow="غدًا",
        clock="{day} الساعة {time}",
        days=(
            *("يوم الاثنين", "يوم الثلاثاء", "يوم الأربعاء", "يوم الخميس"),
            *("يوم الجمعة", "يوم السبت", "يوم الأحد"),
        ),
        date="يوم {day} {month}",
        months=(
            *("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو"),
            *("يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
        ),
        minutes=_arabic("دقيقة واحدة", "دقيقتان", "دقائق", "دقيقة"),
        hours=_arabic("ساعة واحدة", "ساعتان", "ساعات", "ساعة"),
    ),
    "fa": _Formats(
        today="امروز",
        tomorrow="فردا",
        clock="{day} ساعت {time}",
        days=("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه"),
        date="{day} {month}",
        months=(
            *("ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن"),
            *("ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر"),
        ),
        minutes=_singular_or_plural("دقیقه", "دقیقه"),
        hours=_singular_or_plural("ساعت", "ساعت"),
        digits=_PERSIAN_DIGITS,
    ),
}


def format_opening(at: datetime, now: datetime, zone: str, locale: str) -> str:
    """A moment as text: `today 14:00`, `tomorrow 09:00`, `Monday 09:00`, `4 January 09:00`.

    Args:
        zone: the time zone of the reader, `Europe/Tallinn`.
        locale: a language tag; English where there are no texts for it.
    """
    texts = _formats_for(locale)
    timezone = ZoneInfo(zone)
    local = at.astimezone(timezone)
    days_ahead = (local.date() - now.astimezone(timezone).date()).days
    if days_ahead <= 0:
        day = texts.today
    elif days_ahead == 1:
        day = texts.tomorrow
    elif days_ahead <= _NAMED_DAYS:
        day = texts.days[local.weekday()]
    else:
        day = texts.date.format(day=local.day, month=texts.months[local.month - 1])
    return format_digits(texts.clock.format(day=day, time=f"{local:%H:%M}"), locale)


def format_wait(wait: timedelta, locale: str) -> str:
    """A wait as text, in whole minutes or from an hour on in whole hours, rounded up."""
    texts = _formats_for(locale)
    minutes = max(1, -(-int(wait.total_seconds()) // 60))
    wait_text = texts.minutes(minutes) if minutes < 60 else texts.hours(-(-minutes // 60))
    return format_digits(wait_text, locale)


def format_digits(text: str, locale: str) -> str:
    """The text with the digits of the language."""
    digits = _formats_for(locale).digits
    return text if digits is None else text.translate(digits)


def _formats_for(locale: str) -> _Formats:
    return _FORMATS.get(primary_language(locale), _FORMATS["en"])


def primary_language(locale: str) -> str:
    """The language of a locale: `pt` for `pt-BR` and `pt_BR`. Source: RFC 5646."""
    return locale.replace("_", "-").partition("-")[0].lower()


#: The names of kinds of channels that differ between languages.
_CHANNELS = {
    "email": {
        "en": "email",
        "et": "e-post",
        "pl": "e-mail",
        "ar": "البريد الإلكتروني",
        "fa": "ایمیل",
    },
    "webchat": {"en": "chat", "et": "vestlus", "pl": "czat", "ar": "الدردشة", "fa": "گفتگو"},
    "sms": {"en": "SMS", "ar": "الرسائل القصيرة", "fa": "پیامک"},
}


def channel_name(kind: str, locale: str) -> str:
    """The name of a kind of channel for a customer: `email`, `SMS`, `Telegram`."""
    names = _CHANNELS.get(kind, {})
    return names.get(primary_language(locale)) or names.get("en") or kind.capitalize()
