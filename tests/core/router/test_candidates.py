"""Who gets a conversation, from values alone; and the order of the queue."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.config import Config
from hub.router.decisions.candidates import MAX_RESULTS, choose_agent
from hub.router.decisions.evaluation import decide_assignment
from hub.router.decisions.reasons import summarize_obstacles
from hub.router.decisions.rules import ConversationSnapshot
from hub.router.decisions.values import Agent, AssignmentPolicy, Choice, QueuedConversation
from hub.router.queue import ordering

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TERMS = AssignmentPolicy()


def queued(**fields: Any) -> QueuedConversation:
    return QueuedConversation(**({"conversation_id": 1, "root_id": 1, "queued_at": NOW} | fields))


def agent(number: int, **fields: Any) -> Agent:
    loads = fields.pop("loads", {})
    values = {"id": number, "name": f"A{number}", "loads": loads, "load": sum(loads.values())}
    return Agent(**(values | fields))


def name_of(choice: Choice) -> str | None:
    return None if choice.agent is None else choice.agent.name


def code_of(choice: Choice, number: int) -> str:
    return next(one for one in choice.results if one.agent_id == number).reasons[0].code


FULL = {number: 1.0 for number in range(100, 108)}

#: What is in the way of the first agent, by the reason's code; the second always could.
IN_THE_WAY: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "not_allowed": ({"may_answer": False}, {}),
    "not_member": ({"teams": frozenset({"sales"})}, {"team": "support"}),
    "offline": ({"presence": "offline"}, {}),
    "away": ({"presence": "away"}, {}),
    "full": ({"loads": FULL}, {}),
    "let_go": ({}, {"not_for": (1,)}),
    "lacks_skills": ({}, {"skills": ("arabic",)}),
    "lacks_language": ({"languages": frozenset({"en"})}, {"language": "et"}),
    "later_turn": ({"assigned_at": NOW}, {}),
    "busier": ({"loads": {7: 1.0}}, {}),
}


@pytest.mark.parametrize("code", IN_THE_WAY)
def test_each_obstacle_of_an_agent_is_named(code: str) -> None:
    columns, wanted = IN_THE_WAY[code]
    other = agent(
        2,
        teams=frozenset({"support"}),
        skills=frozenset({"arabic"}),
        languages=frozenset({"et", "en"}),
    )
    found = choose_agent(queued(**wanted), [agent(1, **columns), other], TERMS, NOW)
    assert (name_of(found), code_of(found, 1)) == ("A2", code)


def test_a_closed_team_gets_no_conversation() -> None:
    member = agent(1, teams=frozenset({"support"}))
    found = choose_agent(
        queued(team="support"), [member], AssignmentPolicy(closed=frozenset({"support"})), NOW
    )
    assert (name_of(found), code_of(found, 1)) == (None, "closed")


def test_skills_are_required_until_the_wait_is_too_long() -> None:
    wanted, unskilled = queued(skills=("arabic",)), agent(1)
    early = choose_agent(wanted, [unskilled], TERMS, NOW + timedelta(seconds=119))
    assert (early.agent, early.retry_at) == (None, NOW + timedelta(minutes=2))
    late = choose_agent(wanted, [unskilled], TERMS, NOW + timedelta(minutes=2))
    assert name_of(late) == "A1"
    assert "skills_relaxed" in [reason.code for reason in late.results[0].reasons]
    skilled = agent(2, skills=frozenset({"arabic"}), loads={9: 1.0})
    assert (
        name_of(choose_agent(wanted, [unskilled, skilled], TERMS, NOW + timedelta(hours=1))) == "A2"
    )


def test_a_language_that_no_agent_writes_is_not_waited_for() -> None:
    english = agent(1, languages=frozenset({"en"}))
    assert name_of(choose_agent(queued(language="fi"), [english], TERMS, NOW)) == "A1"
    finnish = agent(2, languages=frozenset({"fi"}), loads=FULL)
    assert choose_agent(queued(language="fi"), [english, finnish], TERMS, NOW).agent is None
    later = NOW + timedelta(minutes=3)
    assert name_of(choose_agent(queued(language="fi"), [english, finnish], TERMS, later)) == "A1"


def test_one_customer_counts_once_and_by_the_heaviest_channel() -> None:
    has_room = agent(1, capacity=1.0, loads={7: 1.0})
    assert has_room.has_room_for(queued(root_id=7, weight=1.0))
    assert not has_room.has_room_for(queued(root_id=7, weight=2.0))
    assert not has_room.has_room_for(queued(root_id=8, weight=0.5))
    assert has_room.with_conversation(queued(root_id=7, weight=1.0), NOW).load == 1.0


def test_an_agent_without_capacity_gets_no_conversation() -> None:
    assert choose_agent(queued(weight=0.0), [agent(1, capacity=0.0)], TERMS, NOW).agent is None


def test_round_robin_assigns_in_turns() -> None:
    terms, agents = (
        AssignmentPolicy(strategy="round_robin"),
        [agent(1), agent(2), agent(3, loads={5: 1.0})],
    )
    served = []
    for number in range(6):
        one = queued(conversation_id=number, root_id=number)
        chosen = choose_agent(one, agents, terms, NOW).agent
        assert chosen is not None
        at = NOW + timedelta(seconds=number)
        agents[agents.index(chosen)] = chosen.with_conversation(one, at)
        served.append(chosen.id)
    assert served == [1, 2, 3, 1, 2, 3]


def test_a_known_agent_who_is_away_is_not_waited_for() -> None:
    known, other = agent(1, presence="away"), agent(2)
    assert name_of(choose_agent(queued(known_agent_id=1), [known, other], TERMS, NOW)) == "A2"


def test_a_known_agent_is_not_waited_for_when_all_are_busy() -> None:
    known, other = agent(1, loads=FULL), agent(2, loads=FULL)
    assert choose_agent(queued(known_agent_id=1), [known, other], TERMS, NOW).retry_at is None


def test_only_the_nearest_candidates_are_kept() -> None:
    agents = [agent(number, presence="offline") for number in range(100)]
    agents.append(agent(500, loads={7: 1.0}))
    agents.append(agent(501))
    found = choose_agent(queued(), agents, TERMS, NOW)
    assert [one.agent_id for one in found.results[:2]] == [501, 500]
    assert len(found.results) == MAX_RESULTS
    assert found.obstacle_counts == {"offline": 100}


def test_the_obstacles_are_summarized_in_a_sentence() -> None:
    assert (
        summarize_obstacles({"offline": 2, "full": 1})
        == "Nobody is free: 2 offline, 1 without room."
    )
    assert summarize_obstacles({"not_member": 3}) == "There is nobody who may answer."


# -- properties -----------------------------------------------------------------------------------

_words = st.frozensets(st.sampled_from(["a", "b"]))
_agents = st.lists(
    st.builds(
        agent,
        st.integers(1, 10**6),
        presence=st.sampled_from(["online", "online", "online", "away", "offline"]),
        may_answer=st.booleans(),
        teams=_words,
        skills=_words,
        languages=st.frozensets(st.sampled_from(["en", "et"])),
        capacity=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
        loads=st.dictionaries(st.integers(1, 6), st.sampled_from([0.5, 1.0]), max_size=3),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)
_needs = st.builds(
    queued,
    root_id=st.integers(1, 6),
    team=st.sampled_from([None, "a", "b"]),
    skills=_words.map(tuple),
    language=st.sampled_from(["", "en", "et", "fi"]),
    weight=st.sampled_from([0.5, 1.0]),
    queued_at=st.sampled_from([NOW, NOW - timedelta(hours=1)]),
    priority=st.sampled_from(["urgent", "normal", "low"]),
)
_terms = st.builds(
    AssignmentPolicy,
    strategy=st.sampled_from(["least_loaded", "round_robin"]),
    closed=st.sampled_from([frozenset(), frozenset({"a"})]),
)


def could(one: Agent, wanted: QueuedConversation, terms: AssignmentPolicy) -> bool:
    """What nothing relaxes, told in other words than the code's."""
    load = sum(one.loads.values())
    more = max(0.0, wanted.weight - one.loads.get(wanted.root_id, 0.0))
    return (
        one.may_answer
        and one.presence == "online"
        and (wanted.team is None or wanted.team in one.teams)
        and wanted.team not in terms.closed
        and one.capacity > 0
        and load + more <= one.capacity
        and one.id not in wanted.not_for
    )


@given(_agents, _needs, _terms)
def test_an_agent_who_may_not_answer_or_has_no_room_is_never_chosen(
    agents: list[Agent], wanted: QueuedConversation, terms: AssignmentPolicy
) -> None:
    found = choose_agent(wanted, agents, terms, NOW)
    assert found.agent is None or could(found.agent, wanted, terms)
    assert [one.chosen for one in found.results].count(True) == (found.agent is not None)
    assert all(one.reasons for one in found.results)


@given(_agents, _needs, _terms)
def test_no_conversation_waits_while_a_free_agent_fits(
    agents: list[Agent], wanted: QueuedConversation, terms: AssignmentPolicy
) -> None:
    found = choose_agent(wanted, agents, terms, NOW)
    free = [one for one in agents if could(one, wanted, terms)]
    skilled = [one for one in free if one.skills.issuperset(wanted.skills)]
    fitting = [one for one in skilled if not one.languages or wanted.language in one.languages]
    has_waited = NOW - wanted.queued_at >= terms.relax_skills_after
    assert (found.agent is not None) >= bool(fitting if wanted.language else skilled)
    if has_waited:
        assert (found.agent is not None) == bool(free)
    elif found.agent is None and free:
        assert found.retry_at == wanted.queued_at + terms.relax_skills_after


@given(_agents, st.lists(_needs, max_size=30), _terms)
def test_no_agent_gets_more_than_their_capacity(
    agents: list[Agent], needs: list[QueuedConversation], terms: AssignmentPolicy
) -> None:
    too_full = {one.id for one in agents if one.load > one.capacity}
    for wanted in needs:
        chosen = choose_agent(wanted, agents, terms, NOW).agent
        if chosen is not None:
            agents[agents.index(chosen)] = chosen.with_conversation(wanted, NOW)
    assert all(one.load <= one.capacity for one in agents if one.id not in too_full)
    assert all(one.load == pytest.approx(sum(one.loads.values())) for one in agents)


# -- the order ------------------------------------------------------------------------------------

_dues = st.one_of(st.none(), st.integers(0, 7200).map(lambda seconds: timedelta(seconds=seconds)))
_times = st.integers(0, 10**5).map(lambda seconds: NOW + timedelta(seconds=seconds))


def key(**fields: Any) -> ordering.QueueKey:
    values = {"conversation_id": 1, "priority": "normal", "queued_at": NOW, "sla_due": None}
    return ordering.queue_key(
        fields.pop("order", ("priority", "sla", "waiting")), **(values | fields)
    )


@given(_times, _times)
def test_of_two_equal_conversations_the_first_is_assigned_first(
    one: datetime, other: datetime
) -> None:
    assert (key(queued_at=one) < key(queued_at=other)) == (one < other)


@given(_times, st.sampled_from(["urgent", "high", "low"]))
def test_priority_goes_before_and_age_before_priority(at: datetime, priority: str) -> None:
    normal = key(queued_at=at)
    levels = ordering.PRIORITY_LEVELS["normal"] - ordering.PRIORITY_LEVELS[priority]
    assert (key(queued_at=at, priority=priority) < normal) == (levels > 0)
    overtakes = timedelta(seconds=ordering.LEVEL_SECONDS * (abs(levels) + 1))
    assert normal < key(queued_at=at + overtakes, priority=priority)


_priorities = st.sampled_from(list(ordering.PRIORITY_LEVELS))
_higher_and_lower = st.sampled_from(
    [
        (high, low)
        for high, low in itertools.product(ordering.PRIORITY_LEVELS, repeat=2)
        if ordering.PRIORITY_LEVELS[high] < ordering.PRIORITY_LEVELS[low]
    ]
)
_orders = st.sampled_from([("priority", "sla", "waiting"), ("priority", "waiting"), ("priority",)])


@given(_times, st.integers(0, 3 * 600), _higher_and_lower, _orders)
def test_a_conversation_goes_before_a_lower_one_that_came_less_than_a_level_earlier(
    at: datetime, seconds: int, priorities: tuple[str, str], order: tuple[str, ...]
) -> None:
    """On either side of any mark of the wall clock."""
    high, low = priorities
    levels = ordering.PRIORITY_LEVELS[low] - ordering.PRIORITY_LEVELS[high]
    assume(seconds != levels * ordering.LEVEL_SECONDS)
    later = at + timedelta(seconds=seconds)
    is_higher_first = key(queued_at=later, priority=high, order=order) < key(
        queued_at=at, priority=low, order=order
    )
    assert is_higher_first == (seconds < levels * ordering.LEVEL_SECONDS)


@given(_times, st.integers(0, 299), _higher_and_lower, _dues, _dues)
def test_no_clock_puts_a_conversation_before_a_higher_one_that_came_soon_after(
    at: datetime, seconds: int, priorities: tuple[str, str], due: Any, other_due: Any
) -> None:
    high, low = priorities
    later = at + timedelta(seconds=seconds)
    assert key(queued_at=later, priority=high, sla_due=None if due is None else later + due) < key(
        queued_at=at, priority=low, sla_due=None if other_due is None else at + other_due
    )


@given(st.lists(st.tuples(_times, _priorities, _dues), max_size=12), st.randoms())
def test_the_order_is_total_and_does_not_depend_on_the_order_of_reading(
    waiting: list[tuple[datetime, str, Any]], random: Any
) -> None:
    keys = [
        key(
            conversation_id=id_,
            queued_at=at,
            priority=priority,
            sla_due=None if due is None else at + due,
        )
        for id_, (at, priority, due) in enumerate(waiting)
    ]
    assert len(set(keys)) == len(keys)
    shuffled = list(keys)
    random.shuffle(shuffled)
    assert sorted(shuffled) == sorted(keys)


def test_a_sooner_due_answer_goes_before_a_slightly_longer_wait() -> None:
    later = NOW + timedelta(minutes=1)
    due = NOW + timedelta(minutes=2)
    assert key(queued_at=later, sla_due=due) < key(queued_at=NOW)
    by_waiting = ("waiting", "sla")
    assert key(queued_at=NOW, order=by_waiting) < key(
        queued_at=later, sla_due=due, order=by_waiting
    )


# -- the whole decision ---------------------------------------------------------------------------


def test_a_decision_is_a_value_of_values() -> None:
    config = Config.model_validate(
        {
            "teams": {"support": {}, "sales": {}},
            "routing": [
                {"name": "prices", "when": {"words": "price"}, "team": "sales", "priority": "high"},
                {"name": "rest", "team": "support", "skills": ["patience"]},
            ],
        }
    )
    sales = agent(1, teams=frozenset({"sales"}))
    support = agent(2, teams=frozenset({"support"}), skills=frozenset({"patience"}))
    found = decide_assignment(
        ConversationSnapshot(text="The price?"), config, [sales, support], NOW
    )
    assert (found.outcome.rule, found.conversation.priority, name_of(found.choice)) == (
        "prices",
        "high",
        "A1",
    )
    assert (
        name_of(
            decide_assignment(
                ConversationSnapshot(text="Hello"), config, [sales, support], NOW
            ).choice
        )
        == "A2"
    )
