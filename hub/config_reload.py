"""Brings a changed `connectors.yaml` into force while the hub runs: whole, or not at all.

What is in force is remembered in the database, its secrets sealed. So `hub plan` can compare a
file with it, and the other processes of a hub hear that there is something new.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, insert, inspect, select, update

from hub import runtime
from hub.config import Change, Config, diff, plain
from hub.config.current import Current
from hub.errors import ConfigError
from hub.store.engine import Store, Transaction
from hub.store.models import applied_configs

log = structlog.get_logger()

#: How soon another process of the same hub follows.
FOLLOW_SECONDS = 3.0

#: Writes what the file decides (teams, agents) into the database.
Writer = Callable[[Transaction, Config], None]


def remembered(config: Config, secret_key: str) -> dict[str, Any]:
    """A configuration as the database keeps it: of a secret only whether it changed."""
    key = f"config:{secret_key}".encode()
    return plain(config, lambda secret: hmac.digest(key, secret, "sha256").hex())


def in_force(connection: Connection) -> dict[str, Any]:
    """What was applied last; empty where no hub ever ran."""
    if not inspect(connection).has_table(applied_configs.name):
        return {}
    found = connection.execute(select(applied_configs.c.config)).scalar()
    return found or {}


class Reloader:
    """Applies the file at the start, when asked to, and when another process has."""

    def __init__(
        self, store: Store, current: Current, secret_key: str, writers: Sequence[Writer] = ()
    ) -> None:
        self._store = store
        self._current = current
        self._secret_key = secret_key
        self._writers = writers
        self._version = 0
        self._one_at_a_time = threading.Lock()
        self._stop = threading.Event()

    def start(self, *, alone: bool) -> None:
        """Remembers what this process began with. Raises nothing: it was checked before."""
        self._apply(self._current.config)
        if not alone:
            runtime.spawn(self._follow, name="config")

    def stop(self) -> None:
        self._stop.set()

    def reload(self) -> list[Change]:
        """Brings the file on disk into force. Returns what changed.

        Raises:
            ConfigError: the file is wrong; nothing of it is applied, the old one stays.
        """
        with self._one_at_a_time:
            config = self._current.load()
            before = remembered(self._current.config, self._secret_key)
            changes = diff(before, remembered(config, self._secret_key))
            self._apply(config)
            # Also without a change: a connector that could not be started is tried again.
            self._current.replace(config)
        log.info("config.applied", changes=[str(change) for change in changes])
        return changes

    def reload_or_log(self) -> None:
        """For a signal, which nobody waits for."""
        try:
            self.reload()
        except ConfigError as error:
            log.error("config.refused", problems=[str(problem) for problem in error.problems])

    def _apply(self, config: Config) -> None:
        known = remembered(config, self._secret_key)

        def write(tx: Transaction) -> int:
            for writer in self._writers:
                writer(tx, config)
            row = tx.execute(select(applied_configs).with_for_update()).first()
            if row is not None and row.config == known:
                return int(row.version)
            version = 1 if row is None else row.version + 1
            values = {"config": known, "version": version, "applied_at": tx.now}
            tx.execute(
                insert(applied_configs).values(id=1, **values)
                if row is None
                else update(applied_configs).values(values)
            )
            return version

        self._version = self._store.write(write)

    def _follow(self) -> None:
        while not self._stop.wait(FOLLOW_SECONDS):
            try:
                with self._store.read() as connection:
                    version = connection.execute(select(applied_configs.c.version)).scalar()
                if version is not None and version > self._version:
                    self._version = version
                    self._current.replace(self._current.load())
                    log.info("config.followed", version=version)
            except ConfigError as error:
                # Another process reads another file, or it changed again: this one stays as it is.
                log.error("config.refused", problems=[str(problem) for problem in error.problems])
            except Exception:
                # The database may be away for a moment.
                log.exception("config.follow_failed")
