"""Runs a macro in a conversation, step by step, or shows what it would do.

Each step is a transaction of its own, in the order of the macro. A step that cannot be done is
reported and the next one is done all the same, but for one rule: where a reply was not sent, the
conversation is neither resolved nor snoozed, so that the customer still waits for an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from hub.accounts.agents import find_agent
from hub.accounts.principal import Principal
from hub.accounts.teams import find_team
from hub.canned_replies import choice
from hub.canned_replies import storage as canned_replies
from hub.canned_replies.values import ReplyContext, read_context
from hub.canned_replies.variables import FilledText, fill, find_blanks
from hub.conversations import actions, lifecycle
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.macros import storage
from hub.macros.steps import (
    AddLabels,
    Assign,
    ChangePriority,
    ChangeTeam,
    Note,
    RemoveLabels,
    Reply,
    Resolve,
    Snooze,
    Step,
    dump_step,
)
from hub.outbound import send
from hub.outbound.destinations import OutboundChannel
from hub.outbound.send import Draft
from hub.schema import resources
from hub.schema.author import Author
from hub.store.engine import Store, Transaction
from hub.undo import recording

NOT_ANSWERED = "The reply before it was not sent, so the customer still waits."
#: The errors that say why a step cannot be done.
_REFUSALS = (Conflict, Forbidden, Invalid, NotFound)
_Change = Callable[[Transaction], resources.Message | None]


@dataclass(frozen=True, slots=True)
class _FilledStep:
    """The text of a reply or a note, with the files that go with it."""

    filled: FilledText
    attachments: tuple[resources.Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class MacroRunner:
    """Runs macros for one principal.

    Args:
        channels: the connectors that are turned on, by name.
    """

    store: Store
    principal: Principal
    channels: Mapping[str, OutboundChannel]

    def preview(self, macro_id: int, conversation_id: int) -> resources.MacroPreview:
        """What each step would do now. Raises NotFound."""
        with self.store.read() as connection:
            macro = storage.get_macro(connection, macro_id, self.principal)
            steps = storage.steps_of(macro)
            context = self._context(connection, conversation_id)
            return resources.MacroPreview(
                steps=[self._previewed(connection, step, context) for step in steps]
            )

    def run(
        self, macro_id: int, conversation_id: int, texts: Mapping[int, str]
    ) -> resources.MacroRun:
        """Does the steps of a macro in a conversation.

        Args:
            texts: by the index of a step, the text of a reply or note as the agent changed it.

        Raises:
            NotFound: there is no such macro or conversation.
        """
        with self.store.read() as connection:
            macro = storage.get_macro(connection, macro_id, self.principal)
            context = self._context(connection, conversation_id)
        steps = storage.steps_of(macro)
        record_id = self.store.write(
            lambda tx: recording.begin_record(tx, macro.name, self.principal.author)
        )
        run = resources.MacroRun(done=[], failed=[], undo=record_id, messages=[])
        is_unanswered = False
        for index, step in enumerate(steps):
            try:
                if is_unanswered and isinstance(step, Resolve | Snooze):
                    raise Conflict(NOT_ANSWERED)
                change = self._change(step, conversation_id, context, texts.get(index))
                message = self.store.write(
                    partial(
                        _do_step,
                        record_id=record_id,
                        conversation_id=conversation_id,
                        change=change,
                    )
                )
            except _REFUSALS as error:
                is_unanswered = is_unanswered or isinstance(step, Reply)
                run.failed.append(
                    resources.FailedStep(step=dump_step(step), index=index, reason=error.message)
                )
                continue
            run.done.append(dump_step(step))
            if message is not None:
                run.messages.append(message)
        self.store.write(lambda tx: storage.count_use(tx, macro_id))
        return run

    def _context(self, connection: Connection, conversation_id: int) -> ReplyContext:
        return read_context(connection, conversation_id, self.principal, self.channels)

    # -- one step --------------------------------------------------------------------------------

    def _change(
        self, step: Step, conversation_id: int, context: ReplyContext, text: str | None
    ) -> _Change:
        """What a step does in its transaction.

        Raises:
            Invalid: a text has blanks, or the step is for agents alone.
            NotFound: the canned reply is gone.
        """
        by = self.principal.author
        if isinstance(step, Reply | Note):
            filled_step = self._filled_step(step, context, text)
            if filled_step.filled.missing:
                raise Invalid(_missing_text(filled_step.filled))
            draft = Draft(
                text=filled_step.filled.text,
                type="message" if isinstance(step, Reply) else "note",
                connector=step.connector if isinstance(step, Reply) else None,
                attachment_ids=tuple(int(file.id) for file in filled_step.attachments)
                or (step.attachments if isinstance(step, Reply) else ()),
            )

            def say(tx: Transaction) -> resources.Message:
                sent = send.send_message(tx, conversation_id, draft, by, self.channels)
                return sent.message

            return say
        if isinstance(step, AddLabels | RemoveLabels):
            return partial(_relabel, step=step, conversation_id=conversation_id, by=by)
        columns = self._columns(step)

        def change(tx: Transaction) -> None:
            actions.change_conversation(tx, conversation_id, columns, by)

        return change

    def _columns(self, step: Step) -> dict[str, Any]:
        """The columns that a step changes. Raises Invalid."""
        match step:
            case Assign(assignee_id="me"):
                if self.principal.agent_id is None:
                    raise Invalid("A service account takes no conversations.")
                return {"assignee_id": self.principal.agent_id}
            case Assign():
                return {"assignee_id": step.assignee_id}
            case ChangeTeam():
                return {"team_id": step.team}
            case ChangePriority():
                return {"priority": step.priority}
            case Snooze(hours=float(hours)):
                return {"snoozed_until": datetime.now(UTC) + timedelta(hours=hours)}
            case Snooze():
                return {"snoozed_until": step.snoozed_until}
            case _:
                return {"status": "resolved"}

    def _filled_step(
        self, step: Reply | Note, context: ReplyContext, text: str | None = None
    ) -> _FilledStep:
        """The text of a step in this conversation. Raises NotFound: the canned reply is gone."""
        files: tuple[resources.Attachment, ...] = ()
        template = step.text
        if isinstance(step, Reply) and step.canned_reply_id is not None:
            reply = self._canned_reply(step.canned_reply_id, context)
            template, files = reply.text, tuple(reply.attachments)
        return _FilledStep(fill(template, context.value_of) if text is None else _read(text), files)

    def _canned_reply(self, reply_id: int, context: ReplyContext) -> resources.CannedReply:
        """The version of a canned reply for a conversation. Raises NotFound."""
        with self.store.read() as connection:
            reply = canned_replies.get_reply(connection, reply_id, self.principal)
            every = canned_replies.list_replies(connection, self.principal)
        return choice.version_for(every, reply, context.language, context.kind)

    def _previewed(
        self, connection: Connection, step: Step, context: ReplyContext
    ) -> resources.PreviewedStep:
        filled_step = _FilledStep(FilledText("", ()))
        try:
            if isinstance(step, Reply | Note):
                filled_step = self._filled_step(step, context)
            problem = _missing_text(filled_step.filled) or self._problem(connection, step)
        except _REFUSALS as error:
            problem = error.message
        return resources.PreviewedStep(
            step=dump_step(step),
            text=filled_step.filled.text,
            missing=list(filled_step.filled.missing),
            attachments=list(filled_step.attachments),
            problem=problem,
        )

    def _problem(self, connection: Connection, step: Step) -> str:
        """Why a step could not be done now; empty when nothing stands against it."""
        match step:
            case Assign(assignee_id=int(agent_id)):
                agent = find_agent(connection, agent_id)
                return "" if agent else "There is no such agent."
            case ChangeTeam(team=int(team_id)):
                return "" if find_team(connection, team_id) else "There is no such team."
            case Snooze(snoozed_until=datetime() as end) if end <= datetime.now(UTC):
                return "The time until which it snoozes is over."
            case Reply(connector=str(name)) if name not in self.channels:
                return f"There is no connector {name!r} that is turned on."
        return ""


def _do_step(
    tx: Transaction, record_id: int, conversation_id: int, change: _Change
) -> resources.Message | None:
    return recording.record_changes(tx, record_id, conversation_id, lambda: change(tx))


def _relabel(
    tx: Transaction, step: AddLabels | RemoveLabels, conversation_id: int, by: Author
) -> None:
    present = lifecycle.lock_conversation(tx, conversation_id).labels
    wanted = (
        [*present, *(label for label in step.labels if label not in present)]
        if isinstance(step, AddLabels)
        else [label for label in present if label not in step.labels]
    )
    actions.change_conversation(tx, conversation_id, {"labels": wanted}, by)


def _read(text: str) -> FilledText:
    """A text that an agent has changed: what it still has as a blank is missing."""
    return FilledText(text, tuple(find_blanks(text)))


def _missing_text(filled: FilledText) -> str:
    if not filled.missing:
        return ""
    return f"Not filled in: {', '.join(filled.missing)}."
