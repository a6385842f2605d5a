"""Macros: their steps in order, what fails is said, and all is undone as one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import update

from hub.conversations import attachments
from hub.errors import Forbidden, Invalid, NotFound
from hub.macros import storage
from hub.macros.running import NOT_ANSWERED, MacroRunner
from hub.macros.steps import Step, dump_step, load_steps
from hub.schema import resources
from hub.store.models import agents
from hub.store.models import attachments as files
from hub.types import Medium
from hub.undo import undoing
from tests.core.desk import Customer, Desk
from tests.core.undo.test_undo import principal_of

STEPS: TypeAdapter[tuple[Step, ...]] = TypeAdapter(tuple[Step, ...])


class Macros:
    """An agent with macros."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.principal = principal_of(desk.agent)

    def has(self, *steps: dict[str, Any], **fields: Any) -> resources.Macro:
        values = {
            "name": "Refund",
            "scope": "own",
            "team_id": None,
            "steps": STEPS.validate_python(steps),
        } | fields
        return self.desk.store.write(lambda tx: storage.add_macro(tx, values, self.principal))

    @property
    def runner(self) -> MacroRunner:
        channels = self.desk.connectors.outbound_channels()
        return MacroRunner(self.desk.store, self.principal, channels)

    def run(
        self, conversation: str, *steps: dict[str, Any], texts: dict[int, str] | None = None
    ) -> resources.MacroRun:
        macro = self.has(*steps)
        return self.runner.run(int(macro.id), int(conversation), texts or {})

    def undoes(self, run: resources.MacroRun) -> resources.UndoReport:
        return undoing.undo(self.desk.store, int(run.undo), self.principal)


@pytest.fixture
def conversation(anna: Customer) -> str:
    return anna.says("My shoes are too small").conversation_id


@pytest.fixture
def macros(desk: Desk) -> Macros:
    return Macros(desk)


def does(items: list[dict[str, Any]]) -> list[str]:
    return [item["do"] for item in items]


def uploads(desk: Desk, name: str) -> int:
    row = desk.store.write(
        lambda tx: attachments.add_upload(
            tx,
            uploader="agent:1",
            medium=Medium.FILE,
            name=name,
            media_type="application/pdf",
            size=7,
            key=f"key-of-{name}",
        )
    )
    return int(row.id)


def test_the_steps_are_done_in_their_order(desk: Desk, conversation: str, macros: Macros) -> None:
    run = macros.run(
        conversation,
        {"do": "reply", "text": "Hello {contact.first_name|there}, send them back."},
        {"do": "note", "text": "By {agent.name}"},
        {"do": "label", "labels": ["return", "shoes"]},
        {"do": "unlabel", "label": "shoes"},
        {"do": "priority", "priority": "high"},
        {"do": "assign", "assignee_id": "me"},
        {"do": "resolve"},
    )
    assert run.failed == []
    assert does(run.done) == ["reply", "note", "label", "unlabel", "priority", "assign", "resolve"]
    shown = desk.conversation(conversation)
    assert (shown.status, shown.labels, shown.priority) == ("resolved", ["return"], "high")
    assert shown.assignee is not None and shown.assignee.name == "Kadri"
    said = [(one.type, one.text) for one in desk.thread(conversation)[1:]]
    assert said == [
        ("message", "Hello Anna, send them back."),
        ("note", "By Kadri"),
    ]
    assert [one.text for one in run.messages] == [text for _, text in said]


def test_a_reply_with_a_file_leaves_before_the_reply_after_it(
    desk: Desk, conversation: str, macros: Macros
) -> None:
    file = uploads(desk, "form.pdf")
    run = macros.run(
        conversation,
        {"do": "reply", "text": "Here is the form.", "attachments": [file]},
        {"do": "reply", "text": "Please fill it in."},
    )
    first, second = run.messages
    assert [one.name for one in first.attachments] == ["form.pdf"]
    assert int(first.id) < int(second.id)


def test_the_file_of_a_macro_is_sent_again_and_again_and_is_kept(
    desk: Desk, conversation: str, macros: Macros
) -> None:
    macro = macros.has({"do": "reply", "text": "Form", "attachments": [uploads(desk, "form.pdf")]})
    old = files.update().values(created_at=datetime.now(UTC) - timedelta(days=40))
    desk.store.write(lambda tx: tx.execute(old).rowcount)
    for _ in range(2):
        assert desk.store.write(attachments.delete_unused_uploads) == []
        run = macros.runner.run(int(macro.id), int(conversation), {})
        assert [one.name for one in run.messages[0].attachments] == ["form.pdf"]
    desk.store.write(lambda tx: storage.delete_macro(tx, int(macro.id), macros.principal))
    # The bytes stay: messages have them.
    assert desk.store.write(attachments.delete_unused_uploads) == []
    assert desk.count(files) == 3


def test_a_step_that_cannot_be_done_is_said_and_the_next_ones_are_done(
    desk: Desk, conversation: str, macros: Macros
) -> None:
    run = macros.run(
        conversation,
        {"do": "assign", "assignee_id": None},
        {"do": "reply", "text": "Hi", "connector": "nowhere"},
        {"do": "label", "labels": ["seen"]},
    )
    (failed,) = run.failed
    assert (failed.index, failed.step["do"]) == (1, "reply")
    assert "nowhere" in failed.reason
    assert does(run.done) == ["assign", "label"]
    assert desk.conversation(conversation).labels == ["seen"]


@pytest.mark.parametrize("after", [{"do": "resolve"}, {"do": "snooze", "hours": 2}])
def test_a_conversation_whose_reply_was_not_sent_is_neither_resolved_nor_snoozed(
    desk: Desk, conversation: str, macros: Macros, after: dict[str, Any]
) -> None:
    run = macros.run(
        conversation,
        {"do": "reply", "text": "Size {size} is here"},
        {"do": "priority", "priority": "low"},
        after,
    )
    assert [(one.index, one.reason) for one in run.failed] == [
        (0, "Not filled in: size."),
        (2, NOT_ANSWERED),
    ]
    shown = desk.conversation(conversation)
    assert (shown.status, shown.priority) == ("open", "low")
    assert shown.waiting_since is not None
    assert len(desk.thread(conversation)) == 1


def test_the_agents_own_words_take_the_place_of_a_text(
    desk: Desk, conversation: str, macros: Macros
) -> None:
    run = macros.run(
        conversation,
        {"do": "reply", "text": "Size {size} is here"},
        texts={0: "Size 40 is here, with {braces}"},
    )
    assert [one.text for one in run.messages] == ["Size 40 is here, with {braces}"]
    blank = macros.run(conversation, {"do": "note", "text": "x"}, texts={0: "Size ⟦size⟧"})
    assert [one.reason for one in blank.failed] == ["Not filled in: size."]


def test_a_disabled_agent_and_a_stopped_customer_are_said(
    desk: Desk, anna: Customer, conversation: str, macros: Macros
) -> None:
    mari = desk.hires("Mari")
    macro = macros.has({"do": "assign", "assignee_id": mari.id}, {"do": "reply", "text": "Hello"})
    disable = update(agents).where(agents.c.id == mari.id).values(disabled_at=datetime.now(UTC))
    desk.store.write(lambda tx: tx.execute(disable).rowcount)
    anna.stops()
    run = macros.runner.run(int(macro.id), int(conversation), {})
    assert [one.index for one in run.failed] == [0, 1]
    assert all(one.reason.endswith(".") for one in run.failed)


# -- undoing --------------------------------------------------------------------------------------


def test_a_macro_is_undone_as_one(desk: Desk, conversation: str, macros: Macros) -> None:
    before = desk.conversation(conversation)
    run = macros.run(
        conversation,
        {"do": "label", "labels": ["spam"]},
        {"do": "priority", "priority": "low"},
        {"do": "resolve"},
    )
    report = macros.undoes(run)
    assert {one.field for one in report.undone} == {"labels", "priority", "status"}
    after = desk.conversation(conversation)
    for name in ("status", "labels", "priority", "assignee", "waiting_since", "unread_count"):
        assert getattr(after, name) == getattr(before, name)
    assert desk.events_in(conversation)[-1]["title"] == "Refund"


def test_a_customer_who_was_answered_does_not_wait_again_when_the_rest_is_undone(
    desk: Desk, conversation: str, macros: Macros
) -> None:
    desk.changes(conversation, snoozed_until=datetime.now(UTC) + timedelta(days=1))
    run = macros.run(conversation, {"do": "reply", "text": "Done."}, {"do": "resolve"})
    desk.sets_delivery(run.messages[0], status="sent", attempts=1)
    macros.undoes(run)
    shown = desk.conversation(conversation)
    assert (shown.status, shown.assignee) == ("snoozed", None)
    assert (shown.waiting_since, shown.unread_count) == (None, 0)


# -- previews -------------------------------------------------------------------------------------


def test_a_preview_shows_the_texts_and_the_problems_and_does_nothing(
    desk: Desk, conversation: str, macros: Macros
) -> None:
    macro = macros.has(
        {"do": "reply", "text": "Hello {contact.first_name|there}, {size}?"},
        {"do": "note", "text": "By {agent.name}"},
        {"do": "snooze", "snoozed_until": "2001-01-01T00:00:00Z"},
        {"do": "resolve"},
    )
    heard = len(desk.events)
    reply, note, snooze, resolve = macros.runner.preview(int(macro.id), int(conversation)).steps
    assert (reply.text, reply.missing) == ("Hello Anna, ⟦size⟧?", ["size"])
    assert "size" in reply.problem
    assert (note.text, note.problem) == ("By Kadri", "")
    assert snooze.problem
    assert resolve.problem == ""
    assert len(desk.events) == heard
    with desk.store.read() as connection:
        assert storage.get_macro(connection, int(macro.id), macros.principal).used == 0


# -- keeping --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [
        {"do": "dance"},
        {"do": "reply"},
        {"do": "reply", "text": "  "},
        {"do": "reply", "text": "x", "canned_reply_id": 1},
        {"do": "note", "text": ""},
        {"do": "label", "labels": []},
        {"do": "label", "labels": ["x" * 65]},
        {"do": "assign"},
        {"do": "priority", "priority": "loud"},
        {"do": "snooze"},
        {"do": "snooze", "hours": 1, "snoozed_until": "2030-01-01T00:00:00Z"},
        {"do": "snooze", "hours": -1},
        {"do": "resolve", "status": "open"},
        {"text": "x"},
    ],
    ids=str,
)
def test_a_step_that_makes_no_sense_is_refused(step: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        STEPS.validate_python([step])


def test_steps_are_stored_as_they_were_given() -> None:
    steps = STEPS.validate_python(
        [
            {"do": "assign", "assignee_id": None},
            {"do": "assign", "assignee_id": 7},
            {"do": "team", "team": None},
            {"do": "reply", "text": "<b> {a} \\", "attachments": [3]},
            {"do": "snooze", "hours": 2.5},
        ]
    )
    dumped = [dump_step(step) for step in steps]
    assert dumped[1] == {"do": "assign", "assignee_id": "7"}
    assert dumped[3] == {"do": "reply", "text": "<b> {a} \\", "attachments": ["3"]}
    assert load_steps(dumped) == steps


@pytest.mark.parametrize(
    ("step", "field"),
    [
        ({"do": "assign", "assignee_id": 4711}, "steps.0.assignee_id"),
        ({"do": "team", "team": 4711}, "steps.0.team"),
        ({"do": "reply", "canned_reply_id": 4711}, "steps.0.canned_reply_id"),
        ({"do": "reply", "text": "x", "attachments": [4711]}, "steps"),
    ],
    ids=str,
)
def test_a_step_that_names_what_is_not_there_is_refused(
    macros: Macros, step: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        macros.has(step)
    assert refused.value.field == field


def test_own_macros_are_seen_by_nobody_else_and_everybodys_are_changed_by_admins(
    desk: Desk, conversation: str, macros: Macros
) -> None:
    own = macros.has({"do": "resolve"})
    mari = Macros(desk)
    mari.principal = principal_of(desk.hires("Mari"))
    with pytest.raises(NotFound):
        mari.runner.run(int(own.id), int(conversation), {})
    with pytest.raises(Forbidden):
        macros.has({"do": "resolve"}, scope="all")
    boss = Macros(desk)
    boss.principal = principal_of(desk.hires("Boss"), "admin")
    everybodys = boss.has({"do": "resolve"}, scope="all")
    assert mari.runner.run(int(everybodys.id), int(conversation), {}).failed == []
    with pytest.raises(Forbidden):
        desk.store.write(lambda tx: storage.delete_macro(tx, int(everybodys.id), mari.principal))


def test_a_deleted_macro_is_restored(desk: Desk, macros: Macros) -> None:
    macro = macros.has({"do": "resolve"})
    desk.store.write(lambda tx: storage.delete_macro(tx, int(macro.id), macros.principal))
    with desk.store.read() as connection:
        assert storage.list_macros(connection, macros.principal) == []
    desk.store.write(lambda tx: storage.restore_macro(tx, int(macro.id), macros.principal))
    with desk.store.read() as connection:
        assert [one.id for one in storage.list_macros(connection, macros.principal)] == [macro.id]
