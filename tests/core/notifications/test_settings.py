"""Quiet hours and mutes, by the clock of the agent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from hub.notifications.settings import (
    NotificationSettings,
    QuietHours,
    read_settings,
    save_settings,
    settings_from_json,
)
from hub.schema.author import Author
from tests.core.desk import Desk


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def nights(zone: str = "Europe/Tallinn", **fields: object) -> NotificationSettings:
    hours = {"from": "22:00", "to": "07:30", "zone": zone, **fields}
    return NotificationSettings(quiet_hours=QuietHours.model_validate(hours))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-01-15T19:59", None),
        ("2026-01-15T20:00", "2026-01-16T05:30"),
        ("2026-01-16T05:29", "2026-01-16T05:30"),
        ("2026-01-16T05:30", None),
        # In summer the same clock is an hour earlier in UTC.
        ("2026-07-15T19:30", "2026-07-16T04:30"),
        # The night of the change to summer time is an hour shorter.
        ("2026-03-28T23:00", "2026-03-29T04:30"),
    ],
)
def test_quiet_hours_follow_the_wall_clock_over_midnight_and_summer_time(
    now: str, until: str | None
) -> None:
    assert nights().quiet_until(at(now)) == (until and at(until))


def test_quiet_hours_begin_on_the_chosen_days_alone() -> None:
    weekdays = nights("UTC", days=[1, 2, 3, 4])
    assert weekdays.quiet_until(at("2026-01-15T23:00")) is not None  # a Thursday
    assert weekdays.quiet_until(at("2026-01-16T06:00")) is not None  # it began on Thursday
    assert weekdays.quiet_until(at("2026-01-16T23:00")) is None


def test_a_mute_that_ends_within_quiet_hours_lasts_until_their_end() -> None:
    muted = nights("UTC").model_copy(update={"muted_until": at("2026-01-15T23:00")})
    assert muted.quiet_until(at("2026-01-15T20:00")) == at("2026-01-16T07:30")
    assert muted.quiet_until(at("2026-01-16T08:00")) is None


def test_a_mute_ends_by_itself() -> None:
    muted = NotificationSettings(muted_until=at("2026-01-15T12:00"))
    assert muted.quiet_until(at("2026-01-15T11:59")) == at("2026-01-15T12:00")
    assert muted.quiet_until(at("2026-01-15T12:00")) is None


@pytest.mark.parametrize(
    "hours",
    [
        {"zone": "Mars/Olympus"},
        {"zone": "../../etc/passwd"},
        {"from": "24:00"},
        {"from": "9:00"},
        {"from": "08:00", "to": "08:00"},
        {"days": [0]},
        {"unknown": 1},
    ],
)
def test_quiet_hours_that_cannot_be_are_refused(hours: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        QuietHours.model_validate(hours)


def test_settings_are_read_as_they_were_saved(desk: Desk, agent: Author) -> None:
    chosen = nights(days=[6, 7]).model_copy(update={"sound": "knock", "hide_text": True})
    assert agent.id is not None
    agent_id = agent.id
    desk.store.write(lambda tx: save_settings(tx, agent_id, chosen))
    with desk.store.read() as connection:
        assert read_settings(connection, agent_id) == chosen


@pytest.fixture
def agent(desk: Desk) -> Author:
    return desk.agent


def test_what_a_later_version_stored_is_left_out_and_the_rest_kept() -> None:
    stored = {"sound": "gong", "hide_text": True, "smell": "roses"}
    assert settings_from_json(stored) == NotificationSettings(hide_text=True)
