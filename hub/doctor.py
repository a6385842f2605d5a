"""`hub doctor`: looks at everything that a hub stands on, and says what to do about it.

It repairs nothing, and may run beside a running hub.
"""

from __future__ import annotations

import os
import resource
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from hub.config import Config
from hub.connectors.base import Site
from hub.errors import ConfigError, HubError, SendError
from hub.oauth.token_sources import TokenSources
from hub.settings import KEY_FILE, Settings
from hub.store import faults
from hub.store.engine import Store, database_exists
from hub.store.faults import DatabaseUnusable
from hub.store.migrate import is_current
from hub.store.models import attachments, messages
from hub.transport.running import RunningConnectors

Level = Literal["ok", "warn", "fail"]

#: Below this the disk is as good as full.
FULL_BYTES = 200 * 2**20
#: Below this there is time to act.
LOW_BYTES = 2 * 2**30
#: Checkpoints keep the write-ahead log at about 16 MB; a long reader may hold it up.
LARGE_WAL_BYTES = 256 * 2**20
#: Each open socket takes one, and the database and the files some more.
FEW_DESCRIPTORS = 4096
#: The newest files are looked at, not all of them.
FILES_CHECKED = 1000
CLOCK_SLIP = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: a sentence, and what to do where it is not right."""

    level: Level
    subject: str
    sentence: str


def examine(
    settings: Settings, load: Callable[[], Config], *, asks_providers: bool
) -> Iterator[Finding]:
    """Looks at one thing after the other; a look that fails hides none of the others.

    Args:
        load: reads the configuration.
        asks_providers: whether each connector's provider is asked over the network.
    """
    looks: list[Callable[[], Iterator[Finding]]] = [
        lambda: _permissions(settings),
        lambda: _disk(settings.data_dir),
        _descriptors,
        lambda: _in_database(settings),
        lambda: _redis(settings.redis_url),
        lambda: _connectors(settings, load, asks_providers),
    ]
    for look in looks:
        try:
            yield from look()
        except (OSError, SQLAlchemyError, HubError) as error:
            yield Finding("fail", "doctor", f"A look failed: {error}")


# -- the machine -----------------------------------------------------------------------------------


def _permissions(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.exists():
        yield Finding(
            "warn", "permissions", f"{folder} is not there yet; the first start makes it."
        )
        return
    known = [folder, folder / "media", folder / KEY_FILE, *sorted(folder.glob("hub.db*"))]
    open_to_others = [
        path for path in known if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if open_to_others:
        names = ", ".join(str(path) for path in open_to_others)
        yield Finding("fail", "permissions", f"Others can read {names}. Run: chmod -R go= {folder}")
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield Finding("fail", "permissions", f"{folder} cannot be written by this user.")
    else:
        yield Finding("ok", "permissions", f"Only this user can read {folder}.")


def _disk(folder: Path) -> Iterator[Finding]:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    text_ = f"{free / 2**30:.1f} GB are free at {existing}."
    if free < FULL_BYTES:
        yield Finding("fail", "disk", f"{text_} Make room: nothing can be stored without it.")
    elif free < LOW_BYTES:
        yield Finding("warn", "disk", f"{text_} Make room soon.")
    else:
        yield Finding("ok", "disk", text_)
    inodes = os.statvfs(existing)
    if inodes.f_files and inodes.f_favail < 1000:
        yield Finding("fail", "disk", f"{inodes.f_favail} files can still be made at {existing}.")


def _descriptors() -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # `hub serve` raises the soft limit by itself, as far as the hard one allows.
    if hard != resource.RLIM_INFINITY and hard < FEW_DESCRIPTORS:
        yield Finding(
            "warn",
            "descriptors",
            f"A process may open {hard} files and sockets (now {soft}). Raise the hard limit: "
            "LimitNOFILE=65536 in systemd, or ulimit -Hn.",
        )
    else:
        yield Finding("ok", "descriptors", f"A process may open {soft} now, and at most {hard}.")


# -- the database ----------------------------------------------------------------------------------


def _in_database(settings: Settings) -> Iterator[Finding]:
    if not database_exists(settings.database_url):
        yield Finding("warn", "database", "There is none yet; the first start makes it.")
        return
    store = Store(settings.database_url)
    try:
        yield from _database(store)
        if store.is_sqlite:
            yield from _wal(store, settings)
        yield from _clock(store)
        yield from _files(store, settings)
    except DatabaseUnusable as error:
        yield Finding("fail", "database", str(error))
    except DBAPIError as error:
        yield Finding("fail", "database", faults.sentence(error))
    finally:
        store.close()


def _database(store: Store) -> Iterator[Finding]:
    if not is_current(store):
        yield Finding(
            "fail", "database", "Its schema is not this version's. Start the newest hub once."
        )
        return
    if store.is_sqlite:
        with store.read() as connection:
            problems = list(connection.execute(text("PRAGMA quick_check(3)")).scalars())
        if problems != ["ok"]:
            yield Finding(
                "fail", "database", f"It is damaged: {problems[0]}. Restore the last backup."
            )
            return
    yield Finding("ok", "database", "It answers, is whole, and has this version's schema.")


def _wal(store: Store, settings: Settings) -> Iterator[Finding]:
    with store.read() as connection:
        mode = connection.execute(text("PRAGMA journal_mode")).scalar_one()
    path = Path(f"{store.engine.url.database}-wal")
    size = path.stat().st_size if path.exists() else 0
    if mode != "wal":
        yield Finding(
            "fail",
            "wal",
            f"The journal mode is {mode}: the file system of {settings.data_dir} takes no "
            "write-ahead log. Use a local disk.",
        )
    elif size > LARGE_WAL_BYTES:
        yield Finding(
            "warn",
            "wal",
            f"The write-ahead log has {size // 2**20} MB. Something reads for a very long time, "
            "a backup for instance; a restart empties it.",
        )
    else:
        yield Finding("ok", "wal", f"The write-ahead log has {size // 2**20} MB.")


def _clock(store: Store) -> Iterator[Finding]:
    now = datetime.now(UTC)
    with store.read() as connection:
        if not store.is_sqlite:
            slip = connection.execute(text("SELECT clock_timestamp()")).scalar_one() - now
            if abs(slip) > CLOCK_SLIP:
                yield Finding(
                    "fail",
                    "clock",
                    f"The database's clock and this machine's differ by {abs(slip)}. Let NTP set "
                    "both.",
                )
                return
        newest = connection.execute(select(func.max(messages.c.received_at))).scalar()
    if now.year < 2025:
        yield Finding("fail", "clock", f"It says {now:%Y-%m-%d}. Let NTP set it.")
    elif newest is not None and newest > now + CLOCK_SLIP:
        yield Finding(
            "fail",
            "clock",
            f"It says {now:%Y-%m-%d %H:%M}, but a message came at {newest:%Y-%m-%d %H:%M}. Let NTP "
            "set it; what is due waits for that time.",
        )
    else:
        # The monotonic clock stands in for nothing else: a machine without one cannot wait.
        uptime = timedelta(seconds=int(time.monotonic()))
        yield Finding("ok", "clock", f"It says {now:%Y-%m-%d %H:%M} UTC, up for {uptime}.")


def _files(store: Store, settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir / "media"
    with store.read() as connection:
        keys = connection.execute(
            select(attachments.c.key)
            .where(attachments.c.state == "stored", attachments.c.key != "")
            .order_by(attachments.c.id.desc())
            .limit(FILES_CHECKED)
        ).scalars()
        keys_checked = list(keys)
    missing = [key for key in keys_checked if not (folder / key[:2] / key).exists()]
    if missing:
        yield Finding(
            "fail",
            "files",
            f"{len(missing)} of the newest {len(keys_checked)} files are not in {folder}. Restore "
            "the folder, or mount the one that all processes share.",
        )
    else:
        yield Finding("ok", "files", f"The newest {len(keys_checked)} files are in {folder}.")


# -- what it talks to ------------------------------------------------------------------------------


def _redis(url: str | None) -> Iterator[Finding]:
    if url is None:
        return
    from redis import Redis, RedisError

    try:
        Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3).ping()
    except (RedisError, OSError) as error:
        yield Finding(
            "fail",
            "redis",
            f"It does not answer ({type(error).__name__}). Screens show other processes' events "
            "late until it does.",
        )
    else:
        yield Finding("ok", "redis", "It answers.")


def _connectors(
    settings: Settings, load: Callable[[], Config], asks_providers: bool
) -> Iterator[Finding]:
    try:
        config = load()
    except ConfigError as error:
        for problem in error.problems:
            yield Finding("fail", "connectors", str(problem))
        return
    store = Store(settings.database_url) if database_exists(settings.database_url) else None
    secret = settings.secret_key.get_secret_value()
    tokens = None if store is None else TokenSources(store, secret)
    running = RunningConnectors(config.connectors, Site(settings.public_url), b"doctor", tokens)
    try:
        for shown in running.connector_resources():
            subject = f"connector {shown.name}"
            connector = running.get(shown.name)
            if connector is None:
                level: Level = "ok" if shown.state == "disabled" else "fail"
                yield Finding(level, subject, shown.last_error or "It is turned off.")
            elif not asks_providers:
                yield Finding("ok", subject, "Its configuration is complete.")
            else:
                try:
                    yield Finding("ok", subject, connector.check())
                except SendError as error:
                    yield Finding("fail", subject, error.message)
    finally:
        running.close()
        if store is not None:
            store.close()
