"""What an agent chose to be told, where, and when not. Pure but for reading and writing the row."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import Connection, select

from hub.schema.resources import Moment
from hub.store.engine import Transaction, Upsert
from hub.store.models import notification_settings

Kind = Literal["message", "assigned", "mention", "sla"]
Sound = Literal["chime", "drop", "knock", "bell"]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; name one as Europe/Tallinn") from None
    return name


def _each_once(days: list[int]) -> list[int]:
    return sorted(set(days))


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Places(_Part):
    """Where one kind of notification is told."""

    sound: bool = True
    browser: bool = True
    push: bool = True


class Matrix(_Part):
    """What is told, and where."""

    message: Places = Places()
    assigned: Places = Places()
    mention: Places = Places()
    sla: Places = Places()


ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Weekday = Annotated[int, Field(ge=1, le=7)]


class QuietHours(_Part):
    """The hours without sound, browser notification and push, by the clock of a time zone.

    `days` are the weekdays on which they begin, Monday is 1. An end before the start is on the
    next day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    from_: ClockTime = Field("22:00", alias="from")
    to: ClockTime = "07:00"
    zone: Annotated[str, Field(max_length=64), AfterValidator(_known_zone)] = "UTC"
    days: Annotated[list[Weekday], AfterValidator(_each_once)] = [1, 2, 3, 4, 5, 6, 7]

    @model_validator(mode="after")
    def _has_length(self) -> QuietHours:
        if self.from_ == self.to:
            raise ValueError("quiet hours end at another time than they begin")
        return self


class NotificationSettings(_Part):
    """All that an agent chose. Without `quiet_hours` every hour is loud."""

    kinds: Matrix = Matrix()
    sound: Sound = "chime"
    quiet_hours: QuietHours | None = None
    muted_until: Moment | None = None
    hide_text: bool = False
    silent_connectors: list[Annotated[str, Field(max_length=64)]] = Field([], max_length=100)

    def places(self, kind: str) -> Places:
        """Where a kind of notification is told."""
        places = getattr(self.kinds, kind)
        assert isinstance(places, Places)
        return places

    def quiet_until(self, now: datetime) -> datetime | None:
        """When sound and pushes begin again; None while they are on.

        Args:
            now: an aware time.
        """
        end = now
        # The end of the mute may lie within quiet hours, and their end within the mute.
        while later := [each for each in (self._muted(end), self._in_quiet_hours(end)) if each]:
            end = max(later)
        return None if end == now else end

    def _muted(self, now: datetime) -> datetime | None:
        return self.muted_until if self.muted_until and self.muted_until > now else None

    def _in_quiet_hours(self, now: datetime) -> datetime | None:
        if self.quiet_hours is None:
            return None
        hours, zone = self.quiet_hours, ZoneInfo(self.quiet_hours.zone)
        today = now.astimezone(zone).date()
        begins, ends = time.fromisoformat(hours.from_), time.fromisoformat(hours.to)
        for day in (today - timedelta(days=1), today):
            if day.isoweekday() not in hours.days:
                continue
            last_day = day if ends > begins else day + timedelta(days=1)
            begin = datetime.combine(day, begins, zone).astimezone(UTC)
            end = datetime.combine(last_day, ends, zone).astimezone(UTC)
            if begin <= now < end:
                return end
        return None


DEFAULTS = NotificationSettings()


def settings_from_json(stored: dict[str, Any] | None) -> NotificationSettings:
    """The settings of a row; what a later version stored and this one does not know is left out."""
    if not stored:
        return DEFAULTS
    try:
        return NotificationSettings.model_validate(stored)
    except ValidationError:
        known = {
            name: value
            for name, value in stored.items()
            if name in NotificationSettings.model_fields and _is_valid(name, value)
        }
        return NotificationSettings.model_validate(known)


def _is_valid(name: str, value: Any) -> bool:
    try:
        NotificationSettings.model_validate({name: value})
    except ValidationError:
        return False
    return True


def read_settings(connection: Connection, agent_id: int) -> NotificationSettings:
    """The settings of an agent."""
    stored = connection.execute(
        select(notification_settings.c.settings).where(notification_settings.c.agent_id == agent_id)
    ).scalar()
    return settings_from_json(stored)


@cache
def _save() -> Upsert:
    return Upsert(notification_settings, ["agent_id"], update=["settings", "updated_at"])


def save_settings(tx: Transaction, agent_id: int, settings: NotificationSettings) -> None:
    """Stores the settings of an agent."""
    tx.execute(
        _save(),
        {
            "agent_id": agent_id,
            "settings": settings.model_dump(mode="json"),
            "updated_at": tx.now,
        },
    )
