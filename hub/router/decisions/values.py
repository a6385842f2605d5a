"""The values that a decision is made from, and the values that it gives. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

NO_LOADS: Mapping[int, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as the router sees them.

    Args:
        presence: `online`, `away` or `offline`; offline too while none of their screens is open.
        may_answer: False for an agent whose account is disabled.
        loads: the customers that they serve now, by the id of the root contact, with the weight of
            each: that of the heaviest channel.
        assigned_at: when the router last gave them a conversation.
        load: the sum of `loads`, in the units of `capacity`.
    """

    id: int
    name: str = ""
    presence: str = "online"
    may_answer: bool = True
    teams: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    capacity: float = 8.0
    loads: Mapping[int, float] = field(default_factory=lambda: NO_LOADS)
    assigned_at: datetime | None = None
    load: float = 0.0

    @property
    def load_share(self) -> float:
        """The part of their capacity that is in use, from 0.0 to 1.0."""
        return self.load / self.capacity if self.capacity else 1.0

    def has_room_for(self, conversation: QueuedConversation) -> bool:
        return self.load + self._added_load(conversation) <= self.capacity + 1e-9 and (
            self.capacity > 0
        )

    def with_conversation(self, conversation: QueuedConversation, now: datetime) -> Agent:
        """The same agent after the conversation was assigned to them at `now`."""
        added = self._added_load(conversation)
        root_id = conversation.root_id
        loads = {**self.loads, root_id: self.loads.get(root_id, 0.0) + added}
        return replace(self, loads=loads, load=self.load + added, assigned_at=now)

    def has_skills_for(self, conversation: QueuedConversation) -> bool:
        return self.skills.issuperset(conversation.skills)

    def writes_language_of(self, conversation: QueuedConversation) -> bool:
        """Whether they write the customer's language; an agent without languages writes any."""
        if not conversation.language or not self.languages:
            return True
        return any(tag.partition("-")[0] == conversation.language for tag in self.languages)

    def _added_load(self, conversation: QueuedConversation) -> float:
        return max(0.0, conversation.weight - self.loads.get(conversation.root_id, 0.0))


@dataclass(frozen=True, slots=True)
class QueuedConversation:
    """A conversation that waits for an agent.

    Args:
        root_id: the root contact of the customer; the load of an agent counts by it.
        team: the team it is for; None when any agent may answer.
        weight: the load that the customer is, by the heaviest of their channels here.
        sla_due: when the next answer is due, where a clock runs.
        not_for: the agents who let it go or did not accept it in time: it is not assigned to them
            again.
        left_by_id: the agent who lost it by going offline.
        known_agent_id: the agent who answered this customer last, not too long ago.
        is_reopened: `known_agent_id` had it when it was resolved.
        rule: the rule that decided about it.
    """

    conversation_id: int
    queued_at: datetime
    root_id: int = 0
    team: str | None = None
    skills: tuple[str, ...] = ()
    language: str = ""
    priority: str = "normal"
    weight: float = 1.0
    sla_due: datetime | None = None
    not_for: tuple[int, ...] = ()
    left_by_id: int | None = None
    known_agent_id: int | None = None
    is_reopened: bool = False
    rule: str = ""


@dataclass(frozen=True, slots=True)
class AssignmentPolicy:
    """The part of the configuration that chooses an agent, as it holds at one moment.

    Args:
        sticky_wait: how long a conversation waits for the agent who knows its customer.
        relax_skills_after: how long it waits for an agent with the skills and the language.
        closed: the teams outside their hours.
    """

    strategy: str = "least_loaded"
    sticky_wait: timedelta = timedelta(seconds=60)
    relax_skills_after: timedelta = timedelta(minutes=2)
    closed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for or against an agent, for a program (`code`) and for a person (`text`)."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """The result for one agent: chosen or not, and the reasons."""

    agent_id: int
    chosen: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The agent chosen for a conversation, with the reasons.

    Args:
        agent: None when the conversation has to wait.
        results: one for each agent, the nearest first; of many agents only the nearest.
        retry_at: when time alone may change the choice.
        obstacle_counts: for how many of all agents each obstacle stood in the way, in the order
            in which obstacles are checked.
    """

    agent: Agent | None
    results: tuple[CandidateResult, ...]
    retry_at: datetime | None = None
    obstacle_counts: Mapping[str, int] = field(default_factory=dict)
