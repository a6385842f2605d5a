"""The sections beside the connectors."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.config import Config
from hub.config.hours import Hours, parse_days, parse_spans
from hub.config.values import format_duration, parse_duration

ROUTER = """\
connectors:
  website: {kind: webchat}
hours:
  office: {timezone: Europe/Tallinn, mon-fri: "09:00-17:00", sat: "10:00-14:00",
           holidays: ["2026-12-24", "2026-12-25"]}
teams:
  support: {members: [Agent1@example.com, agent2@example.com], hours: office}
  sales:   {members: [agent3@example.com], hours: office, overflow: support}
routing:
  - {name: pricing, when: {connector: website, page: "*/pricing*"}, team: sales, priority: high}
  - {name: arabic, when: {language: [ar, fa]}, skills: [arabic], team: support}
  - {name: shoes,  when: {words: ["refund", "wrong size"]}, labels: [returns], team: support}
  - {name: vip,    when: {contact: {plan: gold}}, priority: urgent, sla: vip}
  - {name: rest, team: support}
assignment:
  strategy: least_loaded
  sticky: 7d
  sticky_wait: 60s
  capacity: {default: 8, weights: {webchat: 1, messenger: 1, telegram: 1, sms: 1, email: 0.5}}
  accept_within: 90s
  offline_grace: 30s
  order: [priority, sla, waiting]
replies:
  greeting: {en: "Hello!", ar: "مرحبا!"}
  queued:   {en: "You are number {position}. About {wait}."}
  offline:  {en: "We are back {opens}. Leave your question, you hear from us by {fallback}."}
  handover: {expires: 24h}
  fallback: {after: 10m, kinds: [telegram, email]}
sla:
  default: {first_reply: 5m, next_reply: 15m, resolve: 2d, within: office}
  vip:     {first_reply: 1m, next_reply: 5m, resolve: 4h}
agents:
  agent1@example.com: {name: Ann, role: admin, teams: [support], skills: [arabic],
                       languages: [en, ar], capacity: 4}
limits: {upload_max_bytes: 1048576}
"""


def test_a_file_with_every_section_loads(loaded: Callable[..., Config]) -> None:
    config = loaded(ROUTER)
    assert config.teams["support"].members == ("agent1@example.com", "agent2@example.com")
    assert config.hours["office"].week[4] == ((540, 1020),)
    assert config.hours["office"].week[6] == ()
    assert config.hours["office"].holidays[0] == date(2026, 12, 24)
    assert config.routing[0].when.page == ("*/pricing*",)
    assert config.routing[3].when.contact == {"plan": ("gold",)}
    assert config.routing[4].when == type(config.routing[4].when)()
    assert config.assignment.sticky == timedelta(days=7)
    assert config.assignment.capacity.weights["email"] == 0.5
    assert config.replies.fallback.kinds == ("telegram", "email")
    assert config.sla["vip"].resolve == timedelta(hours=4)
    assert config.sla["vip"].within is None
    assert config.agents["agent1@example.com"].capacity == 4
    assert config.limits.upload_max_bytes == 1048576


def test_connectors_alone_are_enough(loaded: Callable[..., Config]) -> None:
    config = loaded("connectors: {}")
    assert config.assignment.strategy == "least_loaded"
    assert config.assignment.sticky_wait == timedelta(seconds=60)
    assert config.replies.handover.expires == timedelta(hours=24)
    limits = config.limits
    assert limits.visitor_messages_per_minute == 30
    assert limits.visitor_messages_burst == 10
    assert limits.sessions_per_minute == 60
    assert limits.sign_in_tries_per_minute == 10
    assert limits.upload_max_bytes == 25 * 1024 * 1024


def test_empty_sections_are_as_good_as_none(loaded: Callable[..., Config]) -> None:
    text = "connectors:\nteams:\nhours: {}\nrouting: []\nassignment: {}\nreplies: {}\nsla: {}\n"
    assert loaded(text) == loaded("connectors: {}")


def test_a_plain_reply_is_english(loaded: Callable[..., Config]) -> None:
    config = loaded("connectors: {}\nreplies: {greeting: 'Hello {name}'}")
    assert config.replies.greeting == {"en": "Hello {name}"}


def test_a_configuration_cannot_be_changed(loaded: Callable[..., Config]) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        loaded(ROUTER).assignment.strategy = "manual"


# -- durations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("2h", 7200), ("7d", 604800), ("1w", 604800), ("1h30m", 5400)],
)
def test_a_duration_has_its_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5 m", "-5m", "5M", "1.5h", "5min", "99999d", "٥m5"]
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_duration(text)


@given(st.integers(0, 3650 * 86400))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    value = timedelta(seconds=seconds)
    assert parse_duration(format_duration(value)) == value


# -- hours -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("mon", (0,)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("sun-thu", (6, 0, 1, 2, 3)),
        ("sat,sun", (5, 6)),
        ("mon-wed,fri", (0, 1, 2, 4)),
    ],
)
def test_days_are_named_alone_in_ranges_and_lists(key: str, days: tuple[int, ...]) -> None:
    assert parse_days(key) == days


@pytest.mark.parametrize("key", ["", "monday", "mon-", "mon - fri", "Mon", "mon-wed-fri"])
def test_other_words_are_no_days(key: str) -> None:
    with pytest.raises(ValueError, match="must be a day"):
        parse_days(key)


@pytest.mark.parametrize(
    ("value", "spans"),
    [
        ("09:00-17:00", ((540, 1020),)),
        ("13:00-17:00, 09:00-12:00", ((540, 720), (780, 1020))),
        (["09:00-12:00", "13:00-17:00"], ((540, 720), (780, 1020))),
        ("00:00-24:00", ((0, 1440),)),
        ("22:00-02:00", ((1320, 1560),)),
        ("closed", ()),
        ([], ()),
    ],
)
def test_a_day_may_have_several_spans(value: object, spans: object) -> None:
    assert parse_spans(value) == spans


@pytest.mark.parametrize(
    "value",
    ["", "9-17", "09:00", "09:60-10:00", "25:00-26:00", "09:00-24:30", "09:00-09:00", None, 9,
     "09:00-12:00, 11:00-13:00", ["closed", "09:00-10:00"], [None]],
)  # fmt: skip
def test_what_is_no_span_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_spans(value)


def test_a_day_of_its_own_goes_before_a_range() -> None:
    hours = Hours.model_validate({"fri": "09:00-13:00", "mon-fri": "09:00-17:00"})
    assert hours.week[3] == ((540, 1020),)
    assert hours.week[4] == ((540, 780),)


def test_two_ranges_with_one_day_contradict_each_other() -> None:
    with pytest.raises(ValidationError, match="gives wed a second time"):
        Hours.model_validate({"mon-wed": "09:00-17:00", "wed-fri": "10:00-17:00"})


def test_a_night_may_not_run_into_the_next_morning() -> None:
    with pytest.raises(ValidationError, match="runs into the hours of tue"):
        Hours.model_validate({"mon": "22:00-08:00", "tue": "07:00-12:00"})


def test_hours_say_what_is_wrong_with_all_their_parts() -> None:
    with pytest.raises(ValidationError) as caught:
        Hours.model_validate({"timezone": "Nowhere", "mon": "x", "funday": "x", "holidays": ["x"]})
    places = {error["loc"][0] for error in caught.value.errors()}
    assert places == {"timezone", "mon", "funday", "holidays"}


@pytest.mark.parametrize("zone", ["../etc/passwd", "/etc/passwd", "", "Europe", "\x00", "a" * 5000])
def test_a_time_zone_is_one_that_exists(zone: str) -> None:
    with pytest.raises(ValidationError, match="time zone"):
        Hours.model_validate({"timezone": zone})
