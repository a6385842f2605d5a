"""What is wrong with a database that refuses, and what to do about it."""

from __future__ import annotations

from typing import Literal

from sqlalchemy.exc import DBAPIError

#: `full`: nothing can be stored. `unreadable`: what is stored is damaged, or cannot be reached.
State = Literal["ok", "full", "unreadable"]

#: The names of SQLite's results by their beginning. https://www.sqlite.org/rescode.html
_SQLITE: dict[str, tuple[State, str]] = {
    "SQLITE_FULL": ("full", "The disk is full. Make room and start the hub again."),
    "SQLITE_CORRUPT": (
        "unreadable",
        "The database is damaged. Stop the hub and restore the last backup, or save what can be "
        "read with: sqlite3 hub.db .recover",
    ),
    "SQLITE_NOTADB": (
        "unreadable",
        "The database file is no SQLite database. Restore the last backup, or name the right file "
        "in HUB_DATABASE_URL.",
    ),
    "SQLITE_CANTOPEN": (
        "unreadable",
        "The database file cannot be opened or made. Check that its folder exists, that this user "
        "may write in it, and that the disk has room.",
    ),
    "SQLITE_READONLY": (
        "unreadable",
        "The database file is read-only. Give this user the right to write it and its folder.",
    ),
    "SQLITE_PERM": ("unreadable", "This user may not read the database file."),
    # SQLite calls a quota, and a limit of the size of files, an error of writing.
    **dict.fromkeys(
        ("SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_SHMSIZE"),
        (
            "full",
            "The disk takes nothing more: it is full, or a quota is used up, or it is failing. "
            "Make room and start the hub again.",
        ),
    ),
    "SQLITE_IOERR": (
        "unreadable",
        "The disk reports an error. Check that it has room and is not failing, then start the hub "
        "again.",
    ),
}
_DISK_FULL_IN_POSTGRES = "53100"
_FULL_POSTGRES = "The disk of the PostgreSQL server is full. Make room there."


class DatabaseUnusable(Exception):
    """The hub cannot work with this database. The text says why, and what to do."""


def state_after(error: BaseException) -> State:
    """The state of the database that an error tells of; `ok` for an error of another kind."""
    fault = _find(error)
    return "ok" if fault is None else fault[0]


def sentence(error: DBAPIError) -> str:
    """What is wrong with the database and what to do, for the person who starts the hub."""
    fault = _find(error)
    if fault is not None:
        return fault[1]
    reason = str(error.orig).strip().splitlines()
    return (
        f"The database does not answer: {reason[0] if reason else type(error).__name__}. Check "
        "HUB_DATABASE_URL, and that the server runs."
    )


def _find(error: BaseException) -> tuple[State, str] | None:
    if not isinstance(error, DBAPIError):
        return None
    if getattr(error.orig, "pgcode", None) == _DISK_FULL_IN_POSTGRES:
        return "full", _FULL_POSTGRES
    name = getattr(error.orig, "sqlite_errorname", None) or ""
    return next((fault for begin, fault in _SQLITE.items() if name.startswith(begin)), None)
