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
        presence: `online`, `away` or `offline`; offline too while no screen of theirs is open.
        may_answer: False for whoever has no account any more.
        people: whom they serve now, and what each of them counts for: by the heaviest channel.
        given_at: when the router last gave them something.
    """

    id: int
    name: str = ""
    presence: str = "online"
    may_answer: bool = True
    teams: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    capacity: float = 8.0
    people: Mapping[int, float] = field(default_factory=lambda: NO_LOADS)
    given_at: datetime | None = None
    load: float = 0.0

    @property
    def share(self) -> float:
        """How much of what they can hold they do."""
        return self.load / self.capacity if self.capacity else 1.0

    def room_for(self, need: QueuedConversation) -> bool:
        return self.load + self._more(need) <= self.capacity + 1e-9 and self.capacity > 0

    def holding(self, need: QueuedConversation, now: datetime) -> Agent:
        """The same agent once they have it too."""
        more = self._more(need)
        people = {**self.people, need.person_id: self.people.get(need.person_id, 0.0) + more}
        return replace(self, people=people, load=self.load + more, given_at=now)

    def can_do(self, need: QueuedConversation) -> bool:
        return self.skills.issuperset(need.skills)

    def writes(self, need: QueuedConversation) -> bool:
        """Whoever named no languages writes any."""
        if not need.language or not self.languages:
            return True
        return any(one.partition("-")[0] == need.language for one in self.languages)

    def _more(self, need: QueuedConversation) -> float:
        return max(0.0, need.weight - self.people.get(need.person_id, 0.0))


@dataclass(frozen=True, slots=True)
class QueuedConversation:
    """A conversation that waits for somebody.

    Args:
        team: the team it is for; None when anybody may answer.
        weight: what the person counts for, by the heaviest of their channels here.
        not_for: who let it go, or did not look in time: it does not come back to them by itself.
        known_agent: who answered this person last, not too long ago.
        is_reopened: `known_agent` had it when it was resolved.
        rule: the rule that decided about it.
    """

    conversation_id: int
    queued_at: datetime
    person_id: int = 0
    team: str | None = None
    skills: tuple[str, ...] = ()
    language: str = ""
    priority: str = "normal"
    weight: float = 1.0
    sla_due: datetime | None = None
    not_for: tuple[int, ...] = ()
    known_agent: int | None = None
    is_reopened: bool = False
    rule: str = ""


@dataclass(frozen=True, slots=True)
class AssignmentPolicy:
    """What the configuration says of choosing, as it holds at one moment."""

    strategy: str = "least_loaded"
    sticky_wait: timedelta = timedelta(seconds=60)
    relax_skills_after: timedelta = timedelta(minutes=2)
    #: Teams outside their hours.
    closed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, for a program (`code`) and for a person (`text`)."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """What was found about one agent."""

    agent_id: int
    chosen: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets it, if anybody; what was found about everybody; when waiting alone may change it."""

    agent: Agent | None
    verdicts: tuple[CandidateResult, ...]
    retry_at: datetime | None = None
    #: How many of all agents each thing kept from getting it, in the order of the questions.
    counts: Mapping[str, int] = field(default_factory=dict)
