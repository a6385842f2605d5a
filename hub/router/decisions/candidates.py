"""Who could take a conversation, and what speaks against everybody else. Pure.

Every agent is asked the same questions in the same order; the first that is answered with no is
the reason. Of those who are left, the one the customer knows goes first, then the strategy says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from hub.router.decisions.reasons import OBSTACLES, Reason, against, for_chosen, in_words
from hub.router.decisions.strategies import STRATEGIES

NOBODY: Mapping[int, float] = MappingProxyType({})
#: How many candidates a decision keeps: whoever was nearest to getting it.
KEPT = 20


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
    people: Mapping[int, float] = field(default_factory=lambda: NOBODY)
    given_at: datetime | None = None
    load: float = 0.0

    @property
    def share(self) -> float:
        """How much of what they can hold they do."""
        return self.load / self.capacity if self.capacity else 1.0

    def room_for(self, need: Need) -> bool:
        return self.load + self._more(need) <= self.capacity + 1e-9 and self.capacity > 0

    def holding(self, need: Need, now: datetime) -> Agent:
        """The same agent once they have it too."""
        more = self._more(need)
        people = {**self.people, need.person_id: self.people.get(need.person_id, 0.0) + more}
        return replace(self, people=people, load=self.load + more, given_at=now)

    def can_do(self, need: Need) -> bool:
        return self.skills.issuperset(need.skills)

    def writes(self, need: Need) -> bool:
        """Whoever named no languages writes any."""
        if not need.language or not self.languages:
            return True
        return any(one.partition("-")[0] == need.language for one in self.languages)

    def _more(self, need: Need) -> float:
        return max(0.0, need.weight - self.people.get(need.person_id, 0.0))


@dataclass(frozen=True, slots=True)
class Need:
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
class Terms:
    """What the configuration says of choosing, as it holds at one moment."""

    strategy: str = "least_loaded"
    sticky_wait: timedelta = timedelta(seconds=60)
    relax_skills_after: timedelta = timedelta(minutes=2)
    #: Teams outside their hours.
    closed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about one agent."""

    agent_id: int
    chosen: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets it, if anybody; what was found about everybody; when waiting alone may change it."""

    agent: Agent | None
    verdicts: tuple[Verdict, ...]
    retry_at: datetime | None = None
    #: How many of all agents each thing kept from getting it, in the order of the questions.
    counts: Mapping[str, int] = field(default_factory=dict)


def choose(need: Need, agents: Sequence[Agent], terms: Terms, now: datetime) -> Choice:
    """Who of these agents gets the conversation, and why each of the others does not."""
    found = [(agent, _obstacle(agent, need, terms)) for agent in agents]
    fitting = [agent for agent, obstacle in found if obstacle is None]
    retry_at: datetime | None = None
    relaxed_at = need.queued_at + terms.relax_skills_after
    for code, has in (("lacks_skills", Agent.can_do), ("lacks_language", Agent.writes)):
        able = [agent for agent in fitting if has(agent, need)]
        if len(able) == len(fitting) or not (able or _somebody(code, found, need)):
            continue
        if able or now < relaxed_at:
            found = [
                (agent, obstacle or (None if has(agent, need) else code))
                for agent, obstacle in found
            ]
            retry_at = relaxed_at if not able else retry_at
            fitting = able
    counts = _counted(found)
    known, waits_for = _known(need, found, terms, now)
    if known is None and waits_for is not None and fitting:
        until = need.queued_at + terms.sticky_wait
        return Choice(None, _awaiting(need, found, waits_for), until, {"awaited": len(fitting)})
    chosen = known or STRATEGIES[terms.strategy](fitting)
    if chosen is None and terms.strategy == "manual" and fitting:
        reason = Reason("manual", "Could take it: here conversations are taken, not given.")
        verdicts = _verdicts(need, found, lambda _: (reason,))
        return Choice(None, verdicts, None, {"manual": len(fitting)})
    verdicts = _chosen(need, found, chosen, terms, known is not None)
    return Choice(chosen, verdicts, None if chosen else retry_at, counts)


def _obstacle(agent: Agent, need: Need, terms: Terms) -> str | None:
    """The first thing in the way, apart from what time relaxes."""
    if not agent.may_answer:
        return "not_allowed"
    if need.team is not None and need.team not in agent.teams:
        return "not_member"
    if agent.presence != "online":
        return "away" if agent.presence == "away" else "offline"
    if need.team is not None and need.team in terms.closed:
        return "closed"
    if not agent.room_for(need):
        return "full"
    if agent.id in need.not_for:
        return "let_go"
    return None


def _somebody(code: str, found: Sequence[tuple[Agent, str | None]], need: Need) -> bool:
    """Whether it is worth a wait: a language that nobody of the team writes is not waited for."""
    if code == "lacks_skills":
        return True
    return any(
        agent.languages and agent.writes(need)
        for agent, obstacle in found
        if obstacle not in ("not_allowed", "not_member")
    )


def _known(
    need: Need, found: Sequence[tuple[Agent, str | None]], terms: Terms, now: datetime
) -> tuple[Agent | None, Agent | None]:
    """The agent the customer knows, if free; else the one to wait for a little, if busy."""
    if need.known_agent is None or terms.strategy == "manual":
        return None, None
    for agent, obstacle in found:
        if agent.id == need.known_agent:
            if obstacle is None or (need.is_reopened and obstacle in _SOFT):
                return agent, None
            if obstacle == "full" and now < need.queued_at + terms.sticky_wait:
                return None, agent
    return None, None


#: What does not keep a conversation that was resolved from who resolved it.
_SOFT = frozenset({"lacks_skills", "lacks_language"})


def _awaiting(
    need: Need, found: Sequence[tuple[Agent, str | None]], awaited: Agent
) -> tuple[Verdict, ...]:
    reason = Reason("awaited", f"Could take it, but {awaited.name} knows this customer.")
    return _verdicts(need, found, lambda _: (reason,))


def _chosen(
    need: Need,
    found: Sequence[tuple[Agent, str | None]],
    chosen: Agent | None,
    terms: Terms,
    is_known: bool,
) -> tuple[Verdict, ...]:
    def of_fitting(agent: Agent) -> tuple[Reason, ...]:
        if agent is chosen:
            return tuple(for_chosen(agent, need, terms, is_known))
        assert chosen is not None
        return (against(agent, chosen, terms, is_known),)

    return _verdicts(need, found, of_fitting, chosen)


def _counted(found: Sequence[tuple[Agent, str | None]]) -> dict[str, int]:
    obstacles = [obstacle for _, obstacle in found]
    return {code: obstacles.count(code) for code in OBSTACLES if code in obstacles}


def _verdicts(
    need: Need,
    found: Sequence[tuple[Agent, str | None]],
    of_fitting: Callable[[Agent], tuple[Reason, ...]],
    chosen: Agent | None = None,
) -> tuple[Verdict, ...]:
    """The nearest first, and of many only the nearest."""

    def rank(pair: tuple[Agent, str | None]) -> tuple[bool, int, int]:
        agent, obstacle = pair
        passed = len(OBSTACLES) if obstacle is None else OBSTACLES.index(obstacle)
        return agent is not chosen, -passed, agent.id

    return tuple(
        Verdict(
            agent.id,
            agent is chosen,
            of_fitting(agent)
            if obstacle is None or agent is chosen
            else (Reason(obstacle, in_words(obstacle, agent, need)),),
        )
        for agent, obstacle in sorted(found, key=rank)[:KEPT]
    )
