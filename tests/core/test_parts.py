"""Parts of a process: started in the order they declare, stopped in the reverse one."""

from __future__ import annotations

import pytest

from hub.parts import Part, Parts, RunsIn


class Journal:
    """Parts that write down what happens to them."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def part(self, name: str, *after: str, runs_in: RunsIn = RunsIn.EVERY_PROCESS) -> Part:
        return Part(
            name,
            lambda: self.lines.append(f"start {name}"),
            lambda: self.lines.append(f"stop {name}"),
            runs_in,
            after,
        )


@pytest.fixture
def journal() -> Journal:
    return Journal()


def test_a_part_starts_behind_those_it_names_and_stops_before_them(journal: Journal) -> None:
    parts = Parts(
        [
            journal.part("delivery", "store", "broadcast"),
            journal.part("broadcast"),
            journal.part("store"),
        ]
    )
    parts.start(web=True, worker=True)
    parts.stop()
    assert journal.lines == [
        "start store",
        "start broadcast",
        "start delivery",
        "stop delivery",
        "stop broadcast",
        "stop store",
    ]


def test_parts_without_order_keep_the_declared_one(journal: Journal) -> None:
    parts = Parts([journal.part("b"), journal.part("a"), journal.part("c")])
    parts.start(web=True, worker=True)
    assert journal.lines == ["start b", "start a", "start c"]


@pytest.mark.parametrize(
    ("web", "worker", "started"),
    [
        (True, True, ["all", "web", "worker"]),
        (True, False, ["all", "web", "web only"]),
        (False, True, ["all", "worker"]),
    ],
)
def test_a_process_starts_its_own_parts_and_stops_all(
    journal: Journal, web: bool, worker: bool, started: list[str]
) -> None:
    parts = Parts(
        [
            journal.part("all"),
            journal.part("web", runs_in=RunsIn.WEB),
            journal.part("worker", runs_in=RunsIn.WORKER),
            journal.part("web only", runs_in=RunsIn.WEB_ONLY),
        ]
    )
    parts.start(web=web, worker=worker)
    assert journal.lines == [f"start {name}" for name in started]
    journal.lines.clear()
    parts.stop()
    assert len(journal.lines) == 4


def test_parts_that_wait_for_each_other_are_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="a > b > a"):
        Parts([journal.part("a", "b"), journal.part("b", "a")])


def test_a_part_that_waits_for_a_missing_one_is_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="a comes after b"):
        Parts([journal.part("a", "b")])


def test_two_parts_of_one_name_are_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="same name"):
        Parts([journal.part("a"), journal.part("a")])
