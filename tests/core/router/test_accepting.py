"""Who was given something looks at it, or loses it again; so does who goes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.errors import Conflict, NotFound
from tests.core.router.office import Office
from tests.core.toys import a_moment_ago

# -- accepting ------------------------------------------------------------------------------------


def overdue(office: Office, conversation: str) -> None:
    office.sets(conversation, accept_by=a_moment_ago(seconds=1))


def test_a_conversation_not_accepted_in_time_goes_to_another_agent_and_keeps_its_place(
    office: Office,
) -> None:
    office.hires("Mari")
    found = office.waits("anna")
    office.assigns()
    queued_at = office.row(found).queued_at
    office.hires("Jaan")
    overdue(office, found)
    office.assigns()
    assert office.has(found) == "Jaan"
    row = office.row(found)
    assert (row.attempts, row.queued_at) == (1, queued_at)
    assert "conversation.unanswered" in office.lines(found)


def test_a_conversation_not_accepted_in_time_stays_with_the_only_agent_who_could_have_it(
    office: Office,
) -> None:
    office.hires("Mari")
    found = office.waits("anna")
    office.assigns()
    overdue(office, found)
    office.assigns()
    office.assigns()
    row = office.row(found)
    assert office.has(found) == "Mari"
    assert row.accept_by > datetime.now(UTC)
    assert "conversation.unanswered" not in office.lines(found)
    # The next agent to come gets it when it is overdue again.
    office.hires("Jaan")
    office.assigns()
    assert office.has(found) == "Mari"
    overdue(office, found)
    office.assigns()
    assert office.has(found) == "Jaan"


@pytest.mark.parametrize(
    "colleague",
    [{"capacity": 0}, {"presence": "away"}, {"disabled_at": datetime(2026, 1, 1, tzinfo=UTC)}],
)
def test_a_colleague_who_could_not_have_it_takes_nothing_away(
    office: Office, colleague: dict[str, Any]
) -> None:
    office.hires("Mari")
    office.hires("Jaan", **colleague)
    found = office.waits("anna")
    office.assigns()
    overdue(office, found)
    office.assigns()
    assert office.has(found) == "Mari"


def test_a_colleague_takes_over_no_more_than_they_have_room_for(office: Office) -> None:
    office.hires("Mari")
    waiting = [office.waits(name) for name in ("anna", "boris", "clara")]
    office.assigns()
    office.hires("Jaan", capacity=1)
    for found in waiting:
        overdue(office, found)
    office.assigns()
    assert sorted(str(office.has(found)) for found in waiting) == ["Jaan", "Mari", "Mari"]


def test_a_conversation_goes_around_all_agents_but_the_last_one(office: Office) -> None:
    office.hires("Mari")
    found = office.waits("anna")
    office.assigns()
    office.hires("Jaan")
    overdue(office, found)
    office.assigns()
    assert office.has(found) == "Jaan"
    overdue(office, found)
    office.assigns()
    assert office.has(found) == "Mari"


def test_an_agent_who_comes_back_first_has_again_what_they_lost_by_going(office: Office) -> None:
    mari = office.hires("Mari", capacity=1)
    waiting = [office.waits(name) for name in ("anna", "boris", "clara")]
    for found in waiting:
        office.assigns()
        office.changes(found, mari, assignee_id=mari)
    office.goes(mari)
    office.assigns()
    assert [office.has(found) for found in waiting] == [None, None, None]
    office.hires("Jaan", online=False)
    office.comes(mari)
    office.assigns()
    assert [office.has(found) for found in waiting] == ["Mari", "Mari", "Mari"]
    assert office.decisions(waiting[0])[-1].candidates[0]["reasons"][0]["code"] == "returned"


def test_what_an_agent_lost_by_going_and_a_colleague_took_stays_with_the_colleague(
    office: Office,
) -> None:
    mari = office.hires("Mari")
    found = office.waits("anna")
    office.assigns()
    office.goes(mari)
    office.assigns()
    office.hires("Jaan")
    office.assigns()
    office.comes(mari)
    office.assigns()
    assert office.has(found) == "Jaan"
    assert office.row(found).left_by_id is None


def test_after_the_last_try_the_overflow_team_gets_it_with_an_alarm(teams: Office) -> None:
    teams.hires("Liis")
    found = teams.waits("anna", "The price?")
    teams.assigns()
    assert teams.has(found) == "Liis"
    teams.hires("Mari")
    teams.sets(found, attempts=2)
    overdue(teams, found)
    teams.assigns()
    assert teams.has(found) == "Mari"
    assert "conversation.overflowed" in teams.lines(found)
    assert teams.desk.conversation(found).team.name == "support"  # type: ignore[union-attr]
    assert teams.row(found).attempts == 0


def test_an_agent_who_looks_or_answers_keeps_the_conversation(office: Office) -> None:
    mari = office.hires("Mari")
    looked, answered = office.waits("anna"), office.waits("boris")
    office.assigns()
    office.looks_at(looked, mari)
    office.answers(answered, mari)
    for one in (looked, answered):
        row = office.row(one)
        assert row.accepted_at is not None
        assert row.accept_by is None
    office.looks_at(looked, mari)  # once more changes nothing


def test_an_agent_cannot_accept_the_conversation_of_another(office: Office) -> None:
    office.hires("Mari")
    jaan = office.hires("Jaan", online=False)
    found = office.waits("anna")
    with pytest.raises(Conflict):
        office.looks_at(found, jaan)
    office.assigns()
    with pytest.raises(Conflict):
        office.looks_at(found, jaan)
    with pytest.raises(NotFound):
        office.looks_at("4711", jaan)


def test_a_conversation_taken_by_hand_need_not_be_accepted(office: Office) -> None:
    mari = office.hires("Mari", online=False)
    found = office.waits("anna")
    office.changes(found, mari, assignee_id=mari)
    office.assigns()
    assert office.has(found) == "Mari"
    assert office.row(found).accept_by is None


def test_a_released_conversation_goes_to_another_agent(office: Office) -> None:
    mari = office.hires("Mari")
    found = office.waits("anna")
    office.assigns()
    office.looks_at(found, mari)
    office.changes(found, mari, assignee_id=None)
    office.assigns()
    assert office.has(found) is None
    office.hires("Jaan")
    office.assigns()
    assert office.has(found) == "Jaan"
    office.changes(found, mari, assignee_id=mari)  # by hand they may
    assert office.has(found) == "Mari"


# -- agents who go --------------------------------------------------------------------------------


def test_an_unanswered_conversation_moves_on_when_its_agent_is_gone(office: Office) -> None:
    mari = office.hires("Mari")
    looked, answered = office.waits("anna"), office.waits("boris")
    office.assigns()
    office.looks_at(looked, mari)
    office.answers(answered, mari)
    office.customer("boris").says("And?", key="and", external_id="and")
    office.hires("Jaan")
    office.goes(mari)
    office.assigns()
    assert office.has(looked) == "Jaan"
    assert office.has(answered) == "Mari"
    assert "conversation.agent_left" in office.lines(looked)


def test_an_unanswered_conversation_moves_on_also_where_accepting_is_off(office: Office) -> None:
    office.configures(assignment={"accept_within": "0s"})
    mari = office.hires("Mari")
    found = office.waits("anna")
    office.assigns()
    assert (office.has(found), office.row(found).accept_by) == ("Mari", None)
    office.goes(mari)
    office.hires("Jaan")
    office.assigns()
    assert office.has(found) == "Jaan"


def test_an_answered_conversation_moves_on_where_the_file_says_so(office: Office) -> None:
    office.configures(assignment={"answered_when_offline": "move"})
    mari = office.hires("Mari")
    found = office.waits("boris")
    office.assigns()
    office.answers(found, mari)
    office.customer("boris").says("And?", key="and", external_id="and")
    office.hires("Jaan")
    office.goes(mari)
    office.assigns()
    assert office.has(found) == "Jaan"


def test_what_a_colleague_gave_stays_also_with_who_is_away(office: Office) -> None:
    mari, jaan = office.hires("Mari"), office.hires("Jaan", online=False)
    found = office.waits("anna")
    office.assigns()
    office.changes(found, mari, assignee_id=jaan)
    office.assigns()
    office.assigns()
    assert office.has(found) == "Jaan"
