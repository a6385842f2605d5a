"""Opening hours: what the clock on the wall shows, also on the nights when it is changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.config.hours import Hours
from hub.router.auto_replies.formats import format_opening, format_wait
from hub.router.hours import _open_spans, add_open_time, is_open, open_time_between, opens_at

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def hours(timezone: str = "UTC", holidays: tuple[str, ...] = (), **week: Any) -> Hours:
    days = {name.replace("_", "-"): spans for name, spans in week.items()}
    return Hours.model_validate({"timezone": timezone, "holidays": holidays, **days})


def at(text: str) -> datetime:
    """`2026-03-29 01:00+00:00`; without an offset it is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def closes_at(opening_hours: Hours, moment: datetime) -> datetime | None:
    """When the open time around a moment ends. None: closed, or open for a year."""
    year = timedelta(days=366)
    moment = end = moment.astimezone(UTC)
    for begin, stop in _open_spans(opening_hours, moment, year):
        if begin > end:
            break
        end = stop
    return end if moment < end < moment + year - timedelta(days=1) else None


OFFICE = hours("Europe/Tallinn", mon_fri="09:00-17:00", sat="10:00-14:00", holidays=("2026-12-24",))


# -- an ordinary week ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "is_it"),
    [
        ("2026-01-05 08:59:59+02:00", False),
        ("2026-01-05 09:00+02:00", True),
        ("2026-01-05 16:59:59+02:00", True),
        ("2026-01-05 17:00+02:00", False),
        ("2026-01-05 07:00", True),  # the same nine o'clock, told in UTC
        ("2026-01-10 10:00+02:00", True),
        ("2026-01-11 12:00+02:00", False),
        ("2026-12-24 12:00+02:00", False),  # a holiday, though a Thursday
        ("2026-12-25 12:00+02:00", True),
    ],
)
def test_the_week_says_when_it_is_open(moment: str, is_it: bool) -> None:
    assert is_open(OFFICE, at(moment)) is is_it


@pytest.mark.parametrize(
    ("after", "opens"),
    [
        ("2026-01-05 06:00+02:00", "2026-01-05 09:00+02:00"),
        ("2026-01-05 12:34+02:00", "2026-01-05 12:34+02:00"),
        ("2026-01-05 17:00+02:00", "2026-01-06 09:00+02:00"),
        ("2026-01-10 14:00+02:00", "2026-01-12 09:00+02:00"),
        ("2026-12-23 18:00+02:00", "2026-12-25 09:00+02:00"),
    ],
)
def test_it_opens_again_at_the_next_open_moment(after: str, opens: str) -> None:
    assert opens_at(OFFICE, at(after)) == at(opens)


def test_hours_without_a_day_never_open() -> None:
    closed = hours(mon_sun="closed")
    now = at("2026-01-05 12:00")
    assert not is_open(closed, now)
    assert opens_at(closed, now) is None
    assert closes_at(closed, now) is None
    assert add_open_time(closed, now, MINUTE) is None
    assert open_time_between(closed, now, now + timedelta(days=9)) == timedelta()


def test_a_year_of_holidays_never_opens() -> None:
    every_day = tuple(str(date(2026, 1, 1) + timedelta(days=n)) for n in range(400))
    assert (
        opens_at(hours(mon_sun="09:00-17:00", holidays=every_day), at("2026-01-01 00:00")) is None
    )


def test_hours_around_the_clock_never_close() -> None:
    always = hours("America/New_York", mon_sun="00:00-24:00")
    now = at("2026-03-07 12:00")
    assert is_open(always, now)
    assert closes_at(always, now) is None
    assert add_open_time(always, now, timedelta(days=2)) == now + timedelta(days=2)
    assert open_time_between(always, now, now + timedelta(days=300)) == timedelta(days=300)


def test_a_lunch_break_is_closed() -> None:
    office = hours(mon="09:00-12:00, 13:00-17:00")
    monday = at("2026-01-05 11:30")
    assert closes_at(office, monday) == at("2026-01-05 12:00")
    assert not is_open(office, at("2026-01-05 12:30"))
    assert opens_at(office, at("2026-01-05 12:30")) == at("2026-01-05 13:00")
    assert add_open_time(office, monday, HOUR) == at("2026-01-05 13:30")


def test_spans_that_touch_are_one() -> None:
    office = hours(mon="09:00-12:00, 12:00-17:00", tue="00:00-01:00", wed="00:00-24:00")
    assert closes_at(office, at("2026-01-05 09:00")) == at("2026-01-05 17:00")
    night = hours(mon="22:00-24:00", tue="00:00-02:00")
    assert closes_at(night, at("2026-01-05 23:00")) == at("2026-01-06 02:00")


def test_a_span_goes_on_after_midnight() -> None:
    bar = hours("Europe/Tallinn", fri="22:00-02:00")
    assert is_open(bar, at("2026-01-10 01:59+02:00"))
    assert not is_open(bar, at("2026-01-10 02:00+02:00"))
    assert not is_open(bar, at("2026-01-09 01:00+02:00"))
    assert closes_at(bar, at("2026-01-09 22:00+02:00")) == at("2026-01-10 02:00+02:00")
    assert add_open_time(bar, at("2026-01-10 01:00+02:00"), 2 * HOUR) == at(
        "2026-01-16 23:00+02:00"
    )


def test_a_holiday_is_closed_from_midnight_to_midnight() -> None:
    bar = hours(mon_sun="22:00-02:00", holidays=("2026-01-10",))
    assert is_open(bar, at("2026-01-09 23:59"))
    assert not is_open(bar, at("2026-01-10 00:30"))  # what began the evening before
    assert not is_open(bar, at("2026-01-10 23:00"))
    assert not is_open(bar, at("2026-01-11 01:00"))  # what would have begun on it
    assert opens_at(bar, at("2026-01-10 00:00")) == at("2026-01-11 22:00")


def test_a_sum_ends_with_the_day_and_not_on_the_next() -> None:
    assert add_open_time(OFFICE, at("2026-01-05 09:00+02:00"), 8 * HOUR) == at(
        "2026-01-05 17:00+02:00"
    )
    assert add_open_time(OFFICE, at("2026-01-05 20:00+02:00"), timedelta()) == at(
        "2026-01-05 20:00+02:00"
    )


def test_moments_told_in_a_local_zone_count_like_those_in_utc() -> None:
    zone = ZoneInfo("Europe/Tallinn")
    before, after = (datetime(2026, 3, day, 12, tzinfo=zone) for day in (28, 30))
    always = hours(mon_sun="00:00-24:00")
    assert open_time_between(always, before, after) == timedelta(hours=47)
    assert add_open_time(always, before, timedelta(hours=47)) == after


# -- the nights when the clock is changed ----------------------------------------------------------

#: zone, written hours of the Sunday, a moment, open there, and how long the Sunday is open.
#: Clocks in 2026: Tallinn 29 March 03:00 -> 04:00, 25 October 04:00 -> 03:00; New York 8 March
#: 02:00 -> 03:00, 1 November 02:00 -> 01:00; Lord Howe 4 October 02:00 -> 02:30, 5 April
#: 02:00 -> 01:30. Source: https://www.iana.org/time-zones
CHANGES = [
    ("Europe/Tallinn", "2026-03-29", "02:00-06:00", "00:00", "03:00", 3 * HOUR),
    ("Europe/Tallinn", "2026-03-29", "03:30-05:00", "01:00", "02:00", HOUR),
    ("Europe/Tallinn", "2026-03-29", "02:00-03:30", "00:00", "01:00", HOUR),
    ("Europe/Tallinn", "2026-10-25", "02:00-06:00", "-1 23:00", "04:00", 5 * HOUR),
    ("Europe/Tallinn", "2026-10-25", "03:30-05:00", "00:30", "03:00", 2.5 * HOUR),
    ("Europe/Tallinn", "2026-10-25", "01:00-03:30", "-1 22:00", "01:30", 3.5 * HOUR),
    ("America/New_York", "2026-03-08", "01:00-04:00", "06:00", "08:00", 2 * HOUR),
    ("America/New_York", "2026-03-08", "02:30-04:00", "07:00", "08:00", HOUR),
    ("America/New_York", "2026-11-01", "00:00-03:00", "04:00", "08:00", 4 * HOUR),
    ("America/New_York", "2026-11-01", "01:30-03:00", "05:30", "08:00", 2.5 * HOUR),
    ("Australia/Lord_Howe", "2026-10-04", "01:00-03:00", "-1 14:30", "-1 16:00", 1.5 * HOUR),
    ("Australia/Lord_Howe", "2026-10-04", "02:15-03:00", "-1 15:30", "-1 16:00", HOUR / 2),
    ("Australia/Lord_Howe", "2026-04-05", "01:00-03:00", "-1 14:00", "-1 16:30", 2.5 * HOUR),
    ("Australia/Lord_Howe", "2026-04-05", "01:45-03:00", "-1 14:45", "-1 16:30", 1.75 * HOUR),
]


def utc_on(day: str, clock: str) -> datetime:
    """`-1 23:00` is on the day before, in UTC."""
    shift, _, clock = clock.rpartition(" ")
    return at(f"{day} {clock}") + timedelta(days=int(shift or 0))


@pytest.mark.parametrize(("zone", "day", "written", "opens", "closes", "length"), CHANGES)
def test_the_hours_of_a_changed_night(
    zone: str, day: str, written: str, opens: str, closes: str, length: timedelta
) -> None:
    office = hours(zone, sun=written)
    start, end = utc_on(day, opens), utc_on(day, closes)
    assert opens_at(office, start - 12 * HOUR) == start
    assert closes_at(office, start) == end
    assert not is_open(office, start - MINUTE)
    assert is_open(office, start)
    assert is_open(office, end - MINUTE)
    assert not is_open(office, end)
    assert open_time_between(office, start - 12 * HOUR, end + 12 * HOUR) == length == end - start
    assert add_open_time(office, start - 12 * HOUR, length) == end


@pytest.mark.parametrize(
    ("zone", "day", "written"),
    [
        ("Europe/Tallinn", "2026-03-29", "03:10-03:50"),
        ("America/New_York", "2026-03-08", "02:00-03:00"),
        ("Australia/Lord_Howe", "2026-10-04", "02:05-02:25"),
    ],
)
def test_hours_that_the_clock_leaves_out_are_not_open_that_day(
    zone: str, day: str, written: str
) -> None:
    office = hours(zone, sun=written)
    noon = at(f"{day} 12:00")
    assert (
        open_time_between(office, noon - timedelta(days=2), noon + timedelta(days=2)) == timedelta()
    )
    found = opens_at(office, noon - timedelta(days=2))
    assert found is not None
    assert found > noon + timedelta(days=2)


def test_two_spans_in_an_hour_that_comes_twice_are_counted_once() -> None:
    office = hours("Europe/Tallinn", sun="02:00-03:30, 03:40-05:00")
    night = at("2026-10-24 12:00")
    assert open_time_between(office, night, night + timedelta(days=1)) == 4 * HOUR
    assert closes_at(office, at("2026-10-24 23:00")) == at("2026-10-25 03:00")


@pytest.mark.parametrize("zone", ["Europe/Tallinn", "America/New_York", "Australia/Lord_Howe"])
def test_an_office_day_is_as_long_and_as_late_before_and_after_the_change(zone: str) -> None:
    office = hours(zone, mon_sun="09:00-17:00")
    start = datetime(2026, 1, 1, tzinfo=ZoneInfo(zone))
    end = datetime(2027, 1, 1, tzinfo=ZoneInfo(zone))
    assert open_time_between(office, start, end) == 365 * 8 * HOUR
    moment = start.astimezone(UTC)
    for _ in range(365):
        opens = opens_at(office, moment)
        assert opens is not None
        assert opens.astimezone(ZoneInfo(zone)).strftime("%H:%M") == "09:00"
        closes = closes_at(office, opens)
        assert closes == opens + 8 * HOUR
        moment = closes


# -- properties ------------------------------------------------------------------------------------

#: What a busy machine takes for one example says nothing.
patient = settings(deadline=None)
ZONES = ("UTC", "Europe/Tallinn", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo")


@st.composite
def weeks(draw: st.DrawFn) -> Hours:
    days = {}
    for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"):
        marks = draw(st.lists(st.integers(0, 1439), max_size=6, unique=True).map(sorted))
        pairs = [f"{clock(a)}-{clock(b)}" for a, b in zip(marks[::2], marks[1::2], strict=False)]
        if pairs:
            days[day] = pairs
    if draw(st.booleans()):
        days["fri"], days["sat"] = ["18:00-02:30"], ["03:00-04:00"]
    holidays = draw(st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=4))
    zone = draw(st.sampled_from(ZONES))
    return hours(zone, tuple(str(day) for day in holidays), **days)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


MOMENTS = st.integers(0, 360 * 86400).map(lambda n: at("2026-01-01 00:00") + timedelta(seconds=n))
LENGTHS = st.timedeltas(timedelta(seconds=1), timedelta(days=20))


@patient
@given(weeks(), MOMENTS, LENGTHS)
@example(OFFICE, at("2026-03-29 00:30"), 3 * HOUR)
def test_a_sum_of_open_time_is_as_much_open_time_later(
    office: Hours, start: datetime, length: timedelta
) -> None:
    due = add_open_time(office, start, length)
    if due is None:  # half an hour a week is not nine days in ten years
        assert open_time_between(office, start, start + timedelta(days=3650)) < length
        return
    assert open_time_between(office, start, due) == length
    # It is the first such moment: a little earlier there was less.
    assert open_time_between(office, start, due - timedelta(microseconds=1)) < length
    assert is_open(office, due - timedelta(microseconds=1))


@patient
@given(weeks(), MOMENTS, LENGTHS)
def test_the_open_time_between_two_moments_leads_from_one_to_the_other(
    office: Hours, start: datetime, length: timedelta
) -> None:
    end = start + length
    spent = open_time_between(office, start, end)
    assert timedelta() <= spent <= length
    reached = add_open_time(office, start, spent)
    assert reached is not None
    assert reached <= end
    assert open_time_between(office, reached, end) == timedelta()


@patient
@given(weeks(), MOMENTS, LENGTHS)
def test_open_time_adds_up(office: Hours, start: datetime, length: timedelta) -> None:
    middle, end = start + length / 3, start + length
    parts = open_time_between(office, start, middle) + open_time_between(office, middle, end)
    assert parts == open_time_between(office, start, end)


@patient
@given(weeks(), MOMENTS)
def test_it_is_closed_until_it_opens_and_open_until_it_closes(
    office: Hours, moment: datetime
) -> None:
    opens = opens_at(office, moment)
    if opens is None:
        assert not is_open(office, moment)
        return
    assert is_open(office, opens)
    assert (opens == moment) == is_open(office, moment)
    assert open_time_between(office, moment, opens) == timedelta()
    closes = closes_at(office, opens)
    if closes is not None:
        assert not is_open(office, closes)
        assert open_time_between(office, opens, closes) == closes - opens > timedelta()


def test_what_the_clock_on_the_wall_shows_decides_minute_by_minute() -> None:
    """Against a plain reading of the table, over a week with both kinds of day in three zones."""
    for zone in ("Europe/Tallinn", "America/New_York", "Australia/Lord_Howe"):
        office = hours(zone, mon_fri="08:15-12:00, 12:45-18:30", sat="20:00-23:15")
        for start in (at("2026-03-26 00:00"), at("2026-10-22 00:00")):
            for step in range(0, 7 * 24 * 60, 15):
                moment = start + step * MINUTE
                local = moment.astimezone(ZoneInfo(zone))
                minute = local.hour * 60 + local.minute
                spans = office.week[local.weekday()]
                assert is_open(office, moment) == any(a <= minute < b for a, b in spans), local


def test_a_sum_that_would_take_decades_has_no_end() -> None:
    rare = hours("Europe/Tallinn", mon="09:00-09:30")
    assert add_open_time(rare, at("2026-01-01 00:00"), timedelta(days=30)) is None


# -- in words --------------------------------------------------------------------------------------

NOW = at("2026-01-02 16:00+02:00")  # a Friday
WORDS = [
    ("en", "today 18:00", "tomorrow 09:00", "Monday 09:00", "12 January 09:00"),
    ("et", "täna kell 18:00", "homme kell 09:00", "esmaspäeval kell 09:00",
     "12. jaanuaril kell 09:00"),
    ("pl", "dzisiaj o 18:00", "jutro o 09:00", "w poniedziałek o 09:00", "12 stycznia o 09:00"),
    ("ar", "اليوم الساعة 18:00", "غدًا الساعة 09:00", "يوم الاثنين الساعة 09:00",
     "يوم 12 يناير الساعة 09:00"),
    ("fa", "امروز ساعت ۱۸:۰۰", "فردا ساعت ۰۹:۰۰", "دوشنبه ساعت ۰۹:۰۰",
     "۱۲ ژانویه ساعت ۰۹:۰۰"),
]  # fmt: skip


@pytest.mark.parametrize(("locale", "today", "tomorrow", "weekday", "later"), WORDS)
def test_when_it_opens_is_said_in_the_customers_language(
    locale: str, today: str, tomorrow: str, weekday: str, later: str
) -> None:
    for moment, said in (
        ("2026-01-02 18:00+02:00", today),
        ("2026-01-03 09:00+02:00", tomorrow),
        ("2026-01-05 09:00+02:00", weekday),
        ("2026-01-12 09:00+02:00", later),
    ):
        assert format_opening(at(moment), NOW, "Europe/Tallinn", locale) == said


def test_an_unknown_language_is_english_and_a_region_does_not_matter() -> None:
    monday = at("2026-01-05 09:00+02:00")
    assert format_opening(monday, NOW, "Europe/Tallinn", "tlh") == "Monday 09:00"
    assert format_opening(monday, NOW, "Europe/Tallinn", "") == "Monday 09:00"
    assert format_opening(monday, NOW, "Europe/Tallinn", "et-EE") == "esmaspäeval kell 09:00"


def test_the_day_is_the_readers_own() -> None:
    monday = at("2026-01-05 09:00+02:00")
    assert format_opening(monday, NOW, "Pacific/Auckland", "en") == "Monday 20:00"
    assert format_opening(monday, NOW, "Pacific/Honolulu", "en") == "Sunday 21:00"


def test_the_same_weekday_of_next_week_comes_with_its_date() -> None:
    friday = at("2026-01-09 09:00+02:00")
    assert format_opening(friday, NOW, "Europe/Tallinn", "en") == "9 January 09:00"


@pytest.mark.parametrize(
    ("locale", "seconds", "said"),
    [
        ("en", 0, "1 minute"),
        ("en", 60, "1 minute"),
        ("en", 61, "2 minutes"),
        ("en", 3600, "1 hour"),
        ("en", 3601, "2 hours"),
        ("et", 300, "5 minutit"),
        ("pl", 120, "2 minuty"),
        ("pl", 300, "5 minut"),
        ("pl", 720, "12 minut"),
        ("pl", 1320, "22 minuty"),
        ("ar", 120, "دقيقتان"),
        ("ar", 300, "5 دقائق"),
        ("ar", 660, "11 دقيقة"),
        ("fa", 300, "۵ دقیقه"),
        ("de", 300, "5 minutes"),
    ],
)
def test_how_long_it_takes_is_said_in_the_customers_language(
    locale: str, seconds: int, said: str
) -> None:
    assert format_wait(timedelta(seconds=seconds), locale) == said
