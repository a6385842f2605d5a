"""Macros in the database: listed, added, changed, deleted and restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from hub.accounts import sharing
from hub.accounts.agents import find_agent
from hub.accounts.principal import Principal
from hub.accounts.teams import find_team
from hub.canned_replies.storage import get_reply
from hub.conversations import kept_files
from hub.errors import Forbidden, Invalid, NotFound
from hub.macros.steps import Assign, ChangeTeam, Reply, Step, dump_step, load_steps
from hub.schema import resources
from hub.schema.storable_text import storable
from hub.store.engine import Store, Transaction
from hub.store.models import macros

#: How long a deleted macro can be restored.
KEPT_FOR = timedelta(days=1)
MAX_MACROS = 2000


def list_macros(connection: Connection, principal: Principal) -> list[resources.Macro]:
    """All macros that a principal sees, the most used first."""
    rows = connection.execute(
        select(macros)
        .where(sharing.is_visible(macros, principal), macros.c.deleted_at.is_(None))
        .order_by(macros.c.used.desc(), macros.c.name, macros.c.id)
        .limit(MAX_MACROS)
    ).all()
    return [_from_row(connection, row, principal) for row in rows]


def get_macro(connection: Connection, macro_id: int, principal: Principal) -> resources.Macro:
    """Raises NotFound: there is none, or the principal does not see it."""
    return _from_row(connection, _visible_row(connection, macro_id, principal), principal)


def steps_of(macro: resources.Macro) -> tuple[Step, ...]:
    """The steps of a macro as values."""
    return load_steps(macro.steps)


def add_macro(tx: Transaction, values: Mapping[str, Any], principal: Principal) -> resources.Macro:
    """Adds a macro.

    Args:
        values: `name`, `scope`, `team_id` and `steps` (a sequence of `Step`).

    Raises:
        Invalid: no name or no step; an agent, a team, a canned reply or a file is not there.
        Forbidden: the agent may not write in this scope.
    """
    sharing.check_scope(tx.connection, principal, values["scope"], values["team_id"])
    statement = insert(macros).values(
        **_columns(tx, values, principal),
        **sharing.owner_columns(principal),
        used=0,
        created_at=tx.now,
        updated_at=tx.now,
    )
    macro_id = int(tx.execute(statement.returning(macros.c.id)).scalar_one())
    _keep_files(tx, macro_id, values["steps"])
    return get_macro(tx.connection, macro_id, principal)


def change_macro(
    tx: Transaction, macro_id: int, changes: Mapping[str, Any], principal: Principal
) -> resources.Macro:
    """Changes the named fields of a macro, as `add_macro` has them.

    Raises:
        NotFound: there is none, or the principal does not see it.
        Forbidden: the agent may not write in its scope, or in the new one.
        Invalid: as for `add_macro`.
    """
    row = _writable_row(tx.connection, macro_id, principal)
    scope = changes.get("scope", row.scope)
    team_id = changes.get("team_id", row.team_id if scope == row.scope else None)
    sharing.check_scope(tx.connection, principal, scope, team_id)
    columns = _columns(tx, {**changes, "scope": scope, "team_id": team_id}, principal)
    if scope == "own" and row.scope != "own":
        columns |= sharing.owner_columns(principal)
    tx.execute(update(macros).where(macros.c.id == macro_id).values(**columns, updated_at=tx.now))
    if "steps" in changes:
        _keep_files(tx, macro_id, changes["steps"])
    return get_macro(tx.connection, macro_id, principal)


def delete_macro(tx: Transaction, macro_id: int, principal: Principal) -> None:
    """Deletes a macro, which can be restored for a day. Raises as `change_macro`."""
    _writable_row(tx.connection, macro_id, principal)
    tx.execute(update(macros).where(macros.c.id == macro_id).values(deleted_at=tx.now))


def restore_macro(tx: Transaction, macro_id: int, principal: Principal) -> resources.Macro:
    """Restores a macro that was deleted within a day. Raises as `change_macro`."""
    _writable_row(tx.connection, macro_id, principal, is_deleted=True)
    tx.execute(update(macros).where(macros.c.id == macro_id).values(deleted_at=None))
    return get_macro(tx.connection, macro_id, principal)


def count_use(tx: Transaction, macro_id: int) -> None:
    """Counts that a macro was run."""
    tx.execute(
        update(macros)
        .where(macros.c.id == macro_id)
        .values(used=macros.c.used + 1, last_used_at=tx.now)
    )


class DeletedMacros:
    """Deletes for good what can be restored no more; its files go as unused uploads go."""

    interval = timedelta(hours=1)

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self) -> None:
        """Releases the files first."""
        self._store.write(_delete_for_good)


def _delete_for_good(tx: Transaction) -> None:
    is_over = macros.c.deleted_at < tx.now - KEPT_FOR
    for macro_id in tx.execute(select(macros.c.id).where(is_over)).scalars().all():
        kept_files.release_uploads(tx, _keeper(macro_id))
    tx.execute(delete(macros).where(is_over))


# -- parts ---------------------------------------------------------------------------------------


def _columns(tx: Transaction, values: Mapping[str, Any], principal: Principal) -> dict[str, Any]:
    """The columns of a macro from its fields, as far as they are named. Raises Invalid."""
    names = ("name", "scope", "team_id")
    columns: dict[str, Any] = storable({name: values[name] for name in names if name in values})
    if "name" in columns:
        columns["name"] = columns["name"].strip()
        if not columns["name"]:
            raise Invalid("Give the macro a name.", "name")
    if "steps" in values:
        if not values["steps"]:
            raise Invalid("A macro has at least one step.", "steps")
        for number, step in enumerate(values["steps"]):
            _check_step(tx.connection, number, step, principal)
        columns["steps"] = [storable(dump_step(step)) for step in values["steps"]]
    return columns


def _check_step(connection: Connection, number: int, step: Step, principal: Principal) -> None:
    """Checks that what a step names is there. Raises Invalid."""
    field = f"steps.{number}"
    match step:
        case Assign(assignee_id=int(agent_id)):
            if find_agent(connection, agent_id) is None:
                raise Invalid("There is no such agent.", f"{field}.assignee_id")
        case ChangeTeam(team=int(team_id)):
            if find_team(connection, team_id) is None:
                raise Invalid("There is no such team.", f"{field}.team")
        case Reply(canned_reply_id=int(reply_id)):
            try:
                get_reply(connection, reply_id, principal)
            except NotFound as error:
                raise Invalid(error.message, f"{field}.canned_reply_id") from None


def _visible_row(
    connection: Connection, macro_id: int, principal: Principal, *, is_deleted: bool = False
) -> Row[Any]:
    deleted_at = macros.c.deleted_at
    is_there: ColumnElement[bool] = deleted_at.is_not(None) if is_deleted else deleted_at.is_(None)
    row = connection.execute(
        select(macros).where(
            macros.c.id == macro_id, is_there, sharing.is_visible(macros, principal)
        )
    ).first()
    if row is None:
        raise NotFound("There is no such macro.")
    return row


def _writable_row(
    connection: Connection, macro_id: int, principal: Principal, *, is_deleted: bool = False
) -> Row[Any]:
    row = _visible_row(connection, macro_id, principal, is_deleted=is_deleted)
    if not sharing.may_write(connection, principal, row.scope, row.team_id):
        raise Forbidden("Only admins change what is everybody's.")
    return row


def _keeper(macro_id: int) -> str:
    return f"macro:{macro_id}"


def _keep_files(tx: Transaction, macro_id: int, steps: Sequence[Step]) -> None:
    """Makes the files of these steps the files of a macro, and no others. Raises Invalid."""
    ids = {id_ for step in steps if isinstance(step, Reply) for id_ in step.attachments}
    if kept_files.keep_uploads(tx, ids, _keeper(macro_id)) != len(ids):
        raise Invalid("An attachment is not there, or was sent before.", "steps")


def _from_row(connection: Connection, row: Row[Any], principal: Principal) -> resources.Macro:
    return resources.Macro(
        id=row.id,
        name=row.name,
        scope=row.scope,
        team=row.team_id,
        steps=row.steps,
        owner=row.owner,
        may_change=sharing.may_write(connection, principal, row.scope, row.team_id),
        used=row.used,
        last_used_at=row.last_used_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
