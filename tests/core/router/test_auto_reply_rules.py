"""What the hub says on its own: which text, when, in which language. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.config import Config
from hub.config.hours import Hours
from hub.router.auto_replies.formats import channel_name
from hub.router.auto_replies.rules import (
    ReplyContext,
    fill_template,
    is_machine_address,
    opening_text,
    replies_due,
    team_hours,
)

#: A Friday evening in Tallinn.
FRIDAY = datetime(2026, 1, 2, 18, 0, tzinfo=UTC)
OFFICE = {"timezone": "Europe/Tallinn", "mon-fri": "09:00-17:00"}


def config(**sections: Any) -> Config:
    return Config.model_validate(sections)


# -- texts -----------------------------------------------------------------------------------------

OFFLINE = (
    "We are back {opens}. Leave your question, the answer will find you here or by {fallback}."
)


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        (
            OFFLINE,
            {"opens": "Monday 09:00", "fallback": "email"},
            "We are back Monday 09:00. Leave your question, the answer will find you here or by"
            " email.",
        ),
        (OFFLINE, {"opens": "Monday 09:00", "fallback": ""}, "We are back Monday 09:00."),
        (OFFLINE, {"opens": "", "fallback": ""}, ""),
        ("You are number {position}. About {wait}.", {"position": "2"}, "You are number 2."),
        ("Zu spät? Ab {opens}! Danke.", {"opens": ""}, "Zu spät? Danke."),
        ("سنعود {opens}؟ شكرًا.", {"opens": ""}, "شكرًا."),
        ("Back {opens}", {"opens": "today 10:00"}, "Back today 10:00"),
        ("{{braces}} stay. {opens} goes.", {}, "{braces} stay."),
        ("Hello, {name}! How can we help?", {"name": "Anna"}, "Hello, Anna! How can we help?"),
        ("Hello, {name}! How can we help?", {"name": ""}, "Hello! How can we help?"),
        ("{name}, welcome.", {"name": ""}, "welcome."),
        ("Hello {name}", {"name": "{opens}"}, "Hello {opens}"),
    ],
)
def test_a_sentence_that_nothing_fills_is_left_out(
    text: str, values: dict[str, str], said: str
) -> None:
    assert fill_template(text, values) == said


def test_channels_have_a_name_in_the_customers_language() -> None:
    assert channel_name("email", "en") == "email"
    assert channel_name("sms", "et") == "SMS"
    assert channel_name("telegram", "ar") == "Telegram"
    assert channel_name("email", "pl-PL") == "e-mail"


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("no-reply@example.com", True),
        ("NoReply@example.com", True),
        ("donotreply+17@example.com", True),
        ("MAILER-DAEMON@example.com", True),
        ("bounces-17=x@example.com", True),
        ("anna@example.com", False),
        ("norepository@example.com", False),
        ("anna@no-reply.example", False),
    ],
)
def test_an_address_that_no_person_reads_is_known_by_its_name(path: str, is_one: bool) -> None:
    assert is_machine_address(path) is is_one


# -- what is said when -----------------------------------------------------------------------------

GREETS = config(replies={"greeting": "Hello!"}, routing=[{"name": "all"}])
SECONDS = timedelta(seconds=10)


@pytest.mark.parametrize(
    ("situation", "said"),
    [
        (ReplyContext("sms", is_new=True), ["greeting"]),
        (ReplyContext("sms"), []),
        (ReplyContext("sms", is_new=True, sent=frozenset({"greeting"})), []),
        (ReplyContext("sms", is_new=True, is_routed=True, is_held=True), ["greeting"]),
        (ReplyContext("sms", is_new=True, is_routed=True, is_closed=True), ["greeting", "offline"]),
        (ReplyContext("webchat", is_page=True, is_routed=True, is_closed=True), ["offline"]),
        (ReplyContext("sms", is_closed=True), []),  # which team it is for is not known yet
        (ReplyContext("sms", is_routed=True, is_closed=True, is_held=True), []),
        (ReplyContext("sms", is_routed=True, waited=SECONDS, is_served=True), ["queued"]),
        (ReplyContext("sms", is_routed=True, waited=SECONDS), []),  # nobody serves the queue
        (ReplyContext("sms", is_routed=True, waited=timedelta(), is_served=True), []),
        (ReplyContext("webchat", is_page=True, is_routed=True, waited=SECONDS, is_served=True), []),
        (ReplyContext("sms", is_routed=True, waited=SECONDS, is_held=True), []),
        (
            ReplyContext("sms", is_routed=True, waited=SECONDS, is_served=True, is_closed=True),
            ["offline"],
        ),
    ],
)
def test_each_text_has_its_moment(situation: ReplyContext, said: list[str]) -> None:
    assert replies_due(GREETS, situation) == said


def test_a_configured_queue_text_is_sent_also_while_no_agent_is_online() -> None:
    waits = ReplyContext("sms", is_routed=True, waited=SECONDS)
    assert replies_due(config(replies={"queued": "Number {position}."}), waits) == ["queued"]
    assert replies_due(config(), waits) == []


def test_a_file_with_connectors_alone_sends_no_reply() -> None:
    waits = ReplyContext("sms", is_new=True, is_routed=True, waited=SECONDS, is_served=True)
    nothing = {"teams": {}, "hours": {}, "routing": [], "assignment": {}, "replies": {}, "sla": {}}
    assert replies_due(config(), waits) == []
    assert replies_due(config(**nothing), waits) == []
    assert replies_due(config(assignment={"capacity": {"default": 1}}), waits) == ["queued"]
    assert replies_due(config(teams={"support": {}}), waits) == ["queued"]


def test_without_a_greeting_text_no_greeting_is_sent() -> None:
    assert replies_due(config(), ReplyContext("sms", is_new=True)) == []


def test_the_hours_are_those_of_the_team() -> None:
    night = {"timezone": "UTC", "mon-sun": "22:00-06:00"}
    both = config(
        hours={"office": OFFICE, "night": night},
        teams={"sales": {"hours": "office"}, "guard": {"hours": "night"}, "always": {}},
    )
    assert team_hours(both, "sales") == [both.hours["office"]]
    assert team_hours(both, "always") == []
    assert team_hours(both, None) == []  # one of the teams is always there
    two = config(hours={"office": OFFICE, "night": night}, teams={"sales": {"hours": "office"}})
    assert team_hours(two, None) == [two.hours["office"]]
    assert team_hours(config(hours={"office": OFFICE}), None) == [Hours.model_validate(OFFICE)]
    assert team_hours(config(), None) == []


def test_the_first_to_open_is_told_in_the_readers_own_zone() -> None:
    late = Hours.model_validate({"timezone": "UTC", "mon": "12:00-13:00"})
    hours = [late, Hours.model_validate(OFFICE)]
    assert opening_text(hours, FRIDAY, "", "en") == "Monday 09:00"
    assert opening_text(hours, FRIDAY, "America/New_York", "en") == "Monday 02:00"
    assert opening_text(hours, FRIDAY, "Not/AZone", "en") == "Monday 09:00"
    assert opening_text([Hours.model_validate({"mon": "closed"})], FRIDAY, "", "en") == ""
