"""Who was given something looks at it, or loses it again; so does who goes."""

from __future__ import annotations

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


def test_a_conversation_not_accepted_in_time_does_not_come_back_to_its_agent(
    office: Office,
) -> None:
    office.hires("Mari")
    found = office.waits("anna")
    office.assigns()
    overdue(office, found)
    office.assigns()
    office.assigns()
    assert office.has(found) is None


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
