"""A working day of twenty agents, event by event, through the router's own rules and strategies.

The clock is the model's, so a day takes a few seconds: `python -m bench.router_sim --seed 7`.
The hub's own code decides: the rules, the candidates, the strategies, the order of the queue, the
opening hours. The customers are invented: when they write, how long an agent needs for them, and
which agent does not look at the screen just then.

The same day runs three times: `least_loaded` and `round_robin` at every event, as the router
does, and `least_loaded` on a tick of five minutes, as a router without events would.
"""

from __future__ import annotations

import argparse
import bisect
import heapq
import itertools
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench.router_day import CLOSES, CONFIG, DAY, OPENS, Arrival, agents, arrivals, shifts
from hub.config import Config
from hub.router.decisions.candidates import choose_agent
from hub.router.decisions.evaluation import assignment_policy, decide_assignment, open_hours
from hub.router.decisions.rules import ConversationSnapshot
from hub.router.decisions.values import Agent, QueuedConversation
from hub.router.engine import GATHER_SECONDS
from hub.router.queue import places

SEED = 20260105
TICK = timedelta(minutes=5)
#: The time in which the router gathers events, and a decision with its write.
REACTS = timedelta(seconds=GATHER_SECONDS + 0.02)


@dataclass
class Served:
    """The result of an arrival.

    Args:
        waited: the time in the queue until the assignment that its agent accepted.
        was_free: whether an agent was free when the customer wrote.
        agent: the agent that accepted.
        known: the agent of the customer's last conversation, if there was one.
    """

    waited: timedelta
    was_free: bool
    agent: int
    known: int | None


@dataclass
class Day:
    """The results of one day. `assigned` counts the accepted conversations of each agent."""

    served: list[Served] = field(default_factory=list)
    timeouts: int = 0
    left_waiting: int = 0
    assigned: dict[int, int] = field(default_factory=lambda: defaultdict(int))


# -- the day ---------------------------------------------------------------------------------------


class Model:
    """The state of the day. Without a `tick` a pass follows every event."""

    def __init__(
        self, config: Config, day_arrivals: Sequence[Arrival], tick: timedelta | None
    ) -> None:
        self.config, self.tick = config, tick
        self.agents = agents()
        self.waiting: dict[int, QueuedConversation] = {}
        self.day = Day()
        self._arrivals = day_arrivals
        self._was_free: dict[int, bool] = {}
        self._attempts: dict[int, int] = defaultdict(int)
        self._open_conversations: dict[int, int] = {}
        self._last_agents: dict[int, int] = {}
        self._order = itertools.count()
        self._events: list[tuple[datetime, int, str, Any]] = []

    def run(self) -> Day:
        """Runs the day to its end."""
        for arrival in self._arrivals:
            self._plan(arrival.at, "arrives", arrival)
        for number, spans in shifts().items():
            for start, end in spans:
                self._plan(start, "comes", number)
                self._plan(end, "goes", number)
        if self.tick is not None:
            at = DAY + timedelta(hours=OPENS)
            while at < DAY + timedelta(hours=CLOSES):
                self._plan(at, "looks", None)
                at += self.tick
        while self._events:
            at, _, name, subject = heapq.heappop(self._events)
            getattr(self, f"_{name}")(at, subject)
            if self.tick is None and name != "looks":
                # Events within the time to react have one pass together.
                self._plan(at + REACTS, "looks", None)
        self.day.left_waiting = len(self.waiting)
        return self.day

    def _plan(self, at: datetime, name: str, subject: Any) -> None:
        heapq.heappush(self._events, (at, next(self._order), name, subject))

    # -- the events -----------------------------------------------------------------------------

    def _arrives(self, at: datetime, arrival: Arrival) -> None:
        if arrival.customer in self._open_conversations:
            return  # the customer goes on in the open conversation
        self._open_conversations[arrival.customer] = arrival.number
        known = self._last_agents.get(arrival.customer)
        conversation = QueuedConversation(
            arrival.number, at, arrival.customer, weight=arrival.weight, known_agent_id=known
        )
        snapshot = replace(arrival.snapshot, open_hours=open_hours(self.config, at))
        decision = decide_assignment(
            snapshot, self.config, list(self.agents.values()), at, conversation
        )
        self._was_free[arrival.number] = decision.choice.agent is not None
        self.waiting[arrival.number] = decision.conversation

    def _comes(self, at: datetime, number: int) -> None:
        self.agents[number] = replace(self.agents[number], presence="online")

    def _goes(self, at: datetime, number: int) -> None:
        """The agent finishes the open conversations and gets no more."""
        self.agents[number] = replace(self.agents[number], presence="offline")

    def _looks(self, at: datetime, _subject: None) -> None:
        """Runs a pass over the waiting conversations, in the order of the queue."""
        policy = assignment_policy(self.config, at)
        for conversation in places.sort_queue(self.waiting.values(), self.config.assignment.order):
            choice = choose_agent(conversation, list(self.agents.values()), policy, at)
            if choice.agent is not None:
                self._assign(at, conversation, choice.agent)
            elif choice.retry_at is not None and choice.retry_at > at and self.tick is None:
                self._plan(choice.retry_at, "looks", None)

    def _assign(self, at: datetime, conversation: QueuedConversation, agent: Agent) -> None:
        arrival = self._arrivals[conversation.conversation_id]
        attempts = self._attempts[arrival.number]
        self._attempts[arrival.number] += 1
        del self.waiting[arrival.number]
        self.agents[agent.id] = agent.with_conversation(conversation, at)
        if attempts < len(arrival.missed) and arrival.missed[attempts]:
            self.day.timeouts += 1
            within = self.config.assignment.accept_within
            self._plan(at + within, "misses", (conversation, agent.id))
            return
        self.day.assigned[agent.id] += 1
        waited = at - arrival.at
        was_free = self._was_free[arrival.number]
        self.day.served.append(Served(waited, was_free, agent.id, conversation.known_agent_id))
        self._last_agents[arrival.customer] = agent.id
        self._plan(at + arrival.service_time, "ends", (arrival, agent.id))

    def _misses(self, at: datetime, subject: tuple[QueuedConversation, int]) -> None:
        """The agent did not accept in time: the conversation returns to the queue, for another."""
        conversation, number = subject
        self._release(number, conversation.root_id)
        missed = (*conversation.not_for, number)
        if len(missed) >= self.config.assignment.accept_attempts:
            team = self.config.teams[conversation.team or "support"].overflow or conversation.team
            conversation = replace(conversation, team=team, not_for=(number,))
        else:
            conversation = replace(conversation, not_for=missed)
        self.waiting[conversation.conversation_id] = conversation

    def _ends(self, at: datetime, subject: tuple[Arrival, int]) -> None:
        arrival, number = subject
        self._release(number, arrival.customer)
        del self._open_conversations[arrival.customer]

    def _release(self, number: int, customer: int) -> None:
        agent = self.agents[number]
        loads = {key: weight for key, weight in agent.loads.items() if key != customer}
        self.agents[number] = replace(agent, loads=loads, load=sum(loads.values()))


# -- the figures -----------------------------------------------------------------------------------


def figures(day: Day) -> dict[str, float]:
    """Returns the seconds of waiting, shares from 0 to 1, and counts of a day."""
    waits = [served.waited.total_seconds() for served in day.served]
    free = [served.waited.total_seconds() for served in day.served if served.was_free]
    known = [served for served in day.served if served.known is not None]
    hours = {
        number: sum((end - start).total_seconds() for start, end in spans) / 3600
        for number, spans in shifts().items()
    }
    return {
        "conversations": len(waits),
        "wait_p50": _percentile(waits, 50),
        "wait_p95": _percentile(waits, 95),
        "wait_p95_free": _percentile(free, 95),
        "share_free": len(free) / len(waits),
        "longest_wait": max(waits),
        "share_sticky": sum(served.agent == served.known for served in known) / max(1, len(known)),
        "jain": jain([day.assigned[number] / hours[number] for number in hours]),
        "timeouts": day.timeouts,
        "left_waiting": day.left_waiting,
    }


def jain(loads: Sequence[float]) -> float:
    """Returns the fairness index: 1 for equal loads, 1/n when one agent has all.

    Source: Jain, Chiu, Hawe 1984
    """
    return sum(loads) ** 2 / (len(loads) * sum(load * load for load in loads))


def _percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1]


def configured(strategy: str) -> Config:
    """Returns the configuration with another assignment strategy."""
    assignment = {**CONFIG["assignment"], "strategy": strategy}
    return Config.model_validate({**CONFIG, "assignment": assignment})


def run_days(seed: int) -> dict[str, dict[str, float]]:
    """Runs the same day three times, and returns the figures of each."""
    day_arrivals = arrivals(random.Random(seed))
    days = {}
    for name, strategy, tick in (
        ("least_loaded", "least_loaded", None),
        ("round_robin", "round_robin", None),
        ("tick of 5 min", "least_loaded", TICK),
    ):
        days[name] = figures(Model(configured(strategy), day_arrivals, tick).run())
    return days


def decision_ms(staff_size: int = 200, waiting: int = 5000, rounds: int = 200) -> dict[str, float]:
    """Measures a decision beside a long queue: rules, candidates, strategy, and the place in it.

    One agent in four has room, so that the strategy looks at all of them. Returns milliseconds.
    """
    config = configured("least_loaded")
    now = DAY + timedelta(hours=12)
    staff = [
        Agent(
            id=number,
            name=f"Agent {number}",
            teams=frozenset({"support"}),
            skills=frozenset({"arabic"} if number % 4 == 0 else ()),
            capacity=4.0,
            load=float(number % 4 + 1),
        )
        for number in range(1, staff_size + 1)
    ]
    conversations = [
        QueuedConversation(number, now - timedelta(seconds=number), number)
        for number in range(waiting)
    ]
    keys = sorted(
        places.conversation_key(conversation, config.assignment.order)
        for conversation in conversations
    )
    snapshot = ConversationSnapshot(
        kind="webchat", language="ar", text="hello", open_hours=frozenset({"office"})
    )
    spent = []
    for _ in range(rounds):
        begin = time.perf_counter()
        decision = decide_assignment(
            snapshot, config, staff, now, QueuedConversation(waiting, now, waiting)
        )
        bisect.bisect(keys, places.conversation_key(decision.conversation, config.assignment.order))
        spent.append((time.perf_counter() - begin) * 1000)
    if decision.choice.agent is None:
        raise RuntimeError("no agent was chosen though some are free")
    return {"p50_ms": _percentile(spent, 50), "p99_ms": _percentile(spent, 99)}


def run(_folder: Path) -> dict[str, Any]:
    """Measures a day by policy, and how much sooner than on a tick a free agent is assigned."""
    days = run_days(SEED)
    event_driven = max(days["least_loaded"]["wait_p95_free"], REACTS.total_seconds())
    return {
        "seed": SEED,
        "days": days,
        "faster": days["tick of 5 min"]["wait_p95_free"] / event_driven,
        "goal_faster": 10,
        "goal_jain": 0.95,
        "decision": decision_ms(),
        "goal_decision_ms": 2.0,
    }


def lines(days: dict[str, dict[str, float]]) -> Iterator[str]:
    """Writes the figures as a table, a column for each day."""
    names = list(next(iter(days.values())))
    yield f"{'':16}" + "".join(f"{name:>16}" for name in days)
    for name in names:
        yield f"{name:16}" + "".join(f"{day[name]:16.2f}" for day in days.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    seed = parser.parse_args().seed
    print(f"seed {seed}")
    began = time.perf_counter()
    for line in lines(run_days(seed)):
        print(line)
    print(f"decision: {decision_ms()}")
    print(f"{time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
