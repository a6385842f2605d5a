"""The router on a database: who gets what, and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.router import routing_pass
from hub.router.engine import Assigner
from hub.types import MessageOrigin
from tests.core.desk import at_once, eventually
from tests.core.router.office import Office
from tests.core.toys import a_moment_ago

# -- rules ----------------------------------------------------------------------------------------


def test_the_outcome_of_the_rules_is_written_in_the_conversation(teams: Office) -> None:
    found = teams.waits("anna", "What is the price?")
    teams.assigns()
    row = teams.row(found)
    shown = teams.desk.conversation(found)
    assert (row.rule, row.priority) == ("prices", "high")
    assert shown.team is not None
    assert shown.team.name == "sales"
    assert teams.lines(found) == ["conversation.queued"]
    other = teams.waits("boris", "Hello")
    teams.assigns()
    assert teams.desk.conversation(other).labels == ["seen"]
    assert [one.id for one in teams.desk.conversations(label="seen")] == [other]


def test_rules_look_once_and_again_when_it_is_opened_again(teams: Office) -> None:
    anna = teams.customer("anna")
    found = anna.says("Hello").conversation_id
    teams.assigns()
    anna.says("What is the price?")
    teams.assigns()
    assert teams.row(found).rule == "rest"
    teams.desk.changes(found, status="resolved")
    assert anna.says("What is the price?").conversation_id == found
    teams.assigns()
    assert teams.row(found).rule == "prices"
    assert teams.desk.conversation(found).team.name == "sales"  # type: ignore[union-attr]


def test_the_detected_language_is_kept(teams: Office) -> None:
    found = teams.waits("anna", "Gdzie jest moje zamówienie? Miało przyjść wczoraj.")
    teams.assigns()
    assert teams.row(found).language == "pl"


def test_rules_see_where_a_customer_came_from_also_when_it_was_told_before(
    office: Office,
) -> None:
    office.configures(
        teams={"sales": {}, "press": {}},
        routing=[
            {"name": "spring", "when": {"origin": {"kind": "start", "ref": "spring*"}},
             "team": "sales"},
            {"name": "stories", "when": {"origin": {"kind": "story"}}, "team": "press"},
        ],
    )  # fmt: skip
    anna, boris, carl = (office.customer(name) for name in ("anna", "boris", "carl"))
    anna.starts(origin=MessageOrigin("start", ref="spring-2"))
    by_link = anna.says("Hello").conversation_id
    boris.says("Lovely!", origin=MessageOrigin("story", ref="7"))
    by_story = boris.says("And how much is it?").conversation_id
    by_nothing = carl.says("Hello").conversation_id
    office.assigns()
    rules = [office.row(each).rule for each in (by_link, by_story, by_nothing)]
    assert rules == ["spring", "stories", ""]


def test_a_merged_conversation_is_not_routed(teams: Office) -> None:
    teams.hires("Mari")
    first, second = teams.waits("anna"), teams.waits("boris")
    teams.sets(second, merged_into_id=int(first))
    teams.assigns()
    assert teams.held() == {"Mari": 1, None: 1}
    assert teams.has(second) is None


# -- who gets it ----------------------------------------------------------------------------------


def test_an_agent_without_the_right_to_answer_gets_nothing(teams: Office) -> None:
    teams.hires("Liis")
    gone = teams.hires("Mari")
    teams.sets_agent(gone, disabled_at=datetime.now(UTC))
    found = teams.waits("anna")
    teams.assigns()
    assert teams.has(found) is None
    teams.hires("Jaan")
    teams.assigns()
    assert teams.has(found) == "Jaan"


def test_only_members_get_the_conversations_of_their_team(teams: Office) -> None:
    for name in ("Mari", "Jaan", "Liis", "Stranger"):
        teams.hires(name)
    found = teams.waits("anna", "The price, please")
    teams.assigns()
    assert teams.has(found) == "Liis"


def test_a_burst_is_spread_over_the_agents(office: Office) -> None:
    for name in ("Mari", "Jaan", "Liis"):
        office.hires(name)
    for number in range(12):
        office.waits(f"customer {number}")
    office.assigns()
    assert office.held() == {"Mari": 4, "Jaan": 4, "Liis": 4}


def test_an_agent_with_more_capacity_gets_more(office: Office) -> None:
    office.hires("Mari", capacity=6.0)
    office.hires("Jaan", capacity=2.0)
    for number in range(9):
        office.waits(f"customer {number}")
    office.assigns()
    assert office.held() == {"Mari": 6, "Jaan": 2, None: 1}


def test_a_conversation_without_room_waits_until_another_is_resolved(office: Office) -> None:
    mari = office.hires("Mari", capacity=1.0)
    first, second = office.waits("anna"), office.waits("boris")
    office.assigns()
    assert (office.has(first), office.has(second)) == ("Mari", None)
    office.changes(first, mari, status="resolved")
    office.assigns()
    assert office.has(second) == "Mari"


def test_one_customer_on_three_channels_counts_once(office: Office) -> None:
    office.hires("Mari", capacity=2.0)
    anna = office.customer("anna")
    others = [office.desk.customer("anna elsewhere", "other"), office.customer("anna third")]
    made = [one.says("Hello").conversation_id for one in (anna, *others)]
    office.are_one_person(anna, *others)
    boris = office.waits("boris")
    office.assigns()
    assert {office.has(one) for one in made} == {"Mari"}
    assert office.has(boris) == "Mari"
    assert office.waits("cecilia") is not None
    office.assigns()
    assert office.held()[None] == 1


def test_a_customer_comes_back_to_the_agent_they_know(office: Office) -> None:
    mari = office.hires("Mari")
    anna = office.customer("anna")
    first = anna.says("Hello").conversation_id
    office.assigns()
    office.answers(first, mari)
    office.hires("Jaan")
    office.changes(first, mari, status="resolved")
    office.sets(first, resolved_at=a_moment_ago(days=2))
    for number in range(3):
        office.changes(office.waits(f"customer {number}"), mari, assignee_id=mari)
    second = anna.says("Me again").conversation_id
    assert second != first
    office.assigns()
    assert office.has(second) == "Mari"
    assert office.decisions(second)[-1].candidates[0]["reasons"][0]["code"] == "known"


def test_a_known_agent_who_is_busy_is_waited_for_a_little(office: Office) -> None:
    mari = office.hires("Mari", capacity=1.0)
    anna = office.customer("anna")
    first = anna.says("Hello").conversation_id
    office.assigns()
    office.answers(first, mari)
    office.changes(first, mari, status="resolved")
    office.sets(first, resolved_at=a_moment_ago(days=2))
    office.waits("boris")
    office.assigns()
    office.hires("Jaan")
    second = anna.says("Me again").conversation_id
    office.assigns()
    assert office.has(second) is None
    office.sets(second, queued_at=a_moment_ago(seconds=61))
    office.assigns()
    assert office.has(second) == "Jaan"


def test_the_manual_strategy_assigns_nothing(office: Office) -> None:
    office.configures(assignment={"strategy": "manual"})
    office.hires("Mari")
    found = office.waits("anna")
    office.assigns()
    assert office.has(found) is None


def test_a_team_outside_its_hours_gets_nothing(office: Office) -> None:
    office.configures(
        hours={"never": {}},
        teams={"support": {"members": ["mari@example.org"], "hours": "never"}},
        routing=[{"team": "support"}],
    )
    office.hires("Mari")
    found = office.waits("anna")
    office.assigns()
    assert office.has(found) is None
    assert office.decisions(found)[-1].candidates[0]["reasons"][0]["code"] == "closed"


# -- opened again ---------------------------------------------------------------------------------


def resolved_by(office: Office, agent_id: int, name: str = "anna") -> str:
    found = office.waits(name)
    office.assigns()
    office.changes(found, agent_id, assignee_id=agent_id)
    office.answers(found, agent_id)
    office.changes(found, agent_id, status="resolved")
    return found


def test_a_reopened_conversation_goes_to_the_agent_who_had_it(office: Office) -> None:
    mari = office.hires("Mari")
    found = resolved_by(office, mari)
    office.hires("Jaan")
    for number in range(3):
        office.changes(office.waits(f"customer {number}"), mari, assignee_id=mari)
    office.customer("anna").says("One more thing", key="again", external_id="again")
    office.assigns()
    assert office.has(found) == "Mari"
    assert office.row(found).accept_by is not None


def test_a_reopened_conversation_does_not_go_to_an_offline_agent(office: Office) -> None:
    mari = office.hires("Mari")
    found = resolved_by(office, mari)
    office.hires("Jaan")
    office.goes(mari)
    office.customer("anna").says("One more thing", key="again", external_id="again")
    office.assigns()
    assert office.has(found) == "Jaan"


def test_a_reopened_conversation_waits_for_the_team_when_no_agent_is_online(office: Office) -> None:
    mari = office.hires("Mari")
    found = resolved_by(office, mari)
    office.goes(mari)
    office.customer("anna").says("One more thing", key="again", external_id="again")
    office.assigns()
    assert office.has(found) is None
    office.hires("Jaan")
    office.assigns()
    assert office.has(found) == "Jaan"


# -- driven by events -----------------------------------------------------------------------------


@pytest.fixture
def at_work(office: Office, patient: None) -> Any:
    with _at_work(office):
        yield office


@contextmanager
def _at_work(office: Office) -> Iterator[None]:
    office.assigner.start()
    yield
    office.assigner.stop()


def test_a_backlog_is_assigned_when_an_agent_comes_online(at_work: Office) -> None:
    mari = at_work.hires("Mari", online=False)
    found = at_work.waits("anna")
    eventually(lambda: at_work.row(found).rule is not None)
    at_work.comes(mari)
    eventually(lambda: at_work.has(found) == "Mari")


def test_the_next_conversation_is_assigned_when_one_is_resolved(at_work: Office) -> None:
    mari = at_work.hires("Mari", capacity=1.0)
    first = at_work.waits("anna")
    eventually(lambda: at_work.has(first) == "Mari")
    second = at_work.waits("boris")
    eventually(lambda: at_work.row(second).rule is not None)
    at_work.changes(first, mari, status="resolved")
    eventually(lambda: at_work.has(second) == "Mari")


def test_a_conversation_not_accepted_moves_on_by_itself(office: Office, patient: None) -> None:
    # Before it starts: a round that has begun goes by the configuration it began with.
    office.configures(assignment={"accept_within": "1s"})
    with _at_work(office):
        office.hires("Mari")
        office.hires("Jaan")
        found = office.waits("anna")
        first = eventually(lambda: office.has(found))
        eventually(lambda: office.has(found) == {"Mari": "Jaan", "Jaan": "Mari"}[first])


def test_an_agent_gets_back_as_many_reopened_conversations_as_fit(office: Office) -> None:
    jaan = office.hires("Jaan", capacity=2.0)
    kept, *left = [office.waits(name) for name in ("anna", "boris")]
    office.assigns()
    for one in left:
        office.changes(one, jaan, status="resolved")
    left.append(office.waits("clara"))
    office.assigns()
    office.changes(left[1], jaan, status="resolved")
    for name in ("boris", "clara"):
        office.customer(name).says("And?", key=f"again {name}", external_id=f"again {name}")
    office.assigns()
    assert office.has(kept) == "Jaan"
    assert sorted(str(office.has(one)) for one in left) == ["Jaan", "None"]


def test_a_conversation_accepted_before_the_rules_look_stays_in_its_team(
    teams: Office,
) -> None:
    liis = teams.hires("Liis")
    found = teams.waits("anna", "What is the price?")
    teams.assigns()
    teams.changes(found, liis, status="resolved")
    teams.customer("anna").says("And?", key="again", external_id="again")
    teams.looks_at(found, liis)
    teams.assigns()
    assert teams.has(found) == "Liis"
    team = teams.desk.conversation(found).team
    assert team is not None and team.name == "sales"


def test_of_very_many_at_once_the_first_are_queued_for_their_turn(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing_pass, "UNROUTED_LIMIT", 3)
    office.hires("Mari", capacity=2.0)
    found = [office.waits(f"customer {number}") for number in range(5)]
    office.assigns()
    assert office.held() == {"Mari": 2, None: 3}
    told = next(one for one in office.desk.events_in(found[0]) if one["name"].endswith("queued"))
    assert told["reason"] == "Very many came at once: it waits for its turn."
    assert office.decisions(found[0])[0].candidates == []


def test_without_sticky_agents_the_agent_before_is_not_waited_for(office: Office) -> None:
    office.configures(assignment={"sticky": "0s"})
    jaan = office.hires("Jaan", capacity=1.0)
    found = office.waits("anna")
    office.assigns()
    office.changes(found, jaan, status="resolved")
    office.waits("boris")
    office.assigns()
    office.hires("Mari")
    office.customer("anna").says("And?", key="again", external_id="again")
    office.assigns()
    assert office.has(found) == "Mari"


# -- two at once ----------------------------------------------------------------------------------


def test_two_engines_at_once_assign_nothing_twice_and_no_agent_too_much(office: Office) -> None:
    for name in ("Mari", "Jaan", "Liis"):
        office.hires(name, capacity=4.0)
    made = [office.waits(f"customer {number}") for number in range(15)]
    engines = [Assigner(office.store, lambda: office.config) for _ in range(3)]
    at_once(*[one.assign_waiting for one in engines])
    office.assigns()
    assert office.held() == {"Mari": 4, "Jaan": 4, "Liis": 4, None: 3}
    for one in made:
        assert office.lines(one).count("conversation.assigned") <= 1


# -- why ------------------------------------------------------------------------------------------


def test_every_decision_has_reasons_for_and_against(office: Office) -> None:
    office.configures(routing=[{"name": "all", "skills": ["arabic"]}])
    office.hires("Mari", skills=["arabic"], capacity=4.0)
    office.hires("Jaan")
    office.hires("Liis", online=False, skills=["arabic"])
    found = office.waits("anna")
    office.assigns()
    last = office.decisions(found)[-1]
    assert last.rule == "all"
    said = {
        (one["agent_id"], one["chosen"]): [reason["code"] for reason in one["reasons"]]
        for one in last.candidates
    }
    by_name = {name: code for (_, chosen), code in said.items() for name in [chosen]}
    assert by_name[True] == ["least_loaded", "skills"]
    assert ["lacks_skills"] in said.values()
    assert ["offline"] in said.values()
    event = office.desk.events_in(found)[-1]
    assert (event["agent"], event["rule"], event["code"]) == ("Mari", "all", "least_loaded")
