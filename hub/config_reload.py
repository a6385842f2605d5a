"""Applies a changed `connectors.yaml` while the hub runs: completely, or not at all.

The database stores the applied configuration, with a digest for each secret. `hub plan` compares a
file with it, and the other processes of the same hub see by its version that it changed.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, insert, inspect, select, update

from hub import runtime
from hub.config import Change, Config, config_changes, config_values
from hub.config.current import CurrentConfig
from hub.errors import ConfigError
from hub.store.engine import Store, Transaction
from hub.store.models import applied_configs

log = structlog.get_logger()

#: How often another process of the same hub looks for a new version, in seconds.
FOLLOW_SECONDS = 3.0

#: Writes what the file decides (teams, agents) into the database.
Writer = Callable[[Transaction, Config], None]


def stored_form(config: Config, secret_key: str) -> dict[str, Any]:
    """The form in which the database stores a configuration: with a digest for each secret.

    Args:
        secret_key: the hub's own key. Without it the digests cannot be checked against guesses.
    """
    key = f"config:{secret_key}".encode()
    return config_values(config, lambda secret: hmac.digest(key, secret, "sha256").hex())


def applied_config(connection: Connection) -> dict[str, Any]:
    """The applied configuration in its stored form; empty where no hub has run yet."""
    if not inspect(connection).has_table(applied_configs.name):
        return {}
    config = connection.execute(select(applied_configs.c.config)).scalar()
    return config or {}


class Reloader:
    """Applies the file: at the start, on request, and after another process has applied it."""

    def __init__(
        self, store: Store, current: CurrentConfig, secret_key: str, writers: Sequence[Writer] = ()
    ) -> None:
        self._store = store
        self._current = current
        self._secret_key = secret_key
        self._writers = writers
        self._version = 0
        self._reload_lock = threading.Lock()
        self._stop = threading.Event()

    def start(self, *, alone: bool) -> None:
        """Stores the configuration with which this process starts; it was validated before.

        Args:
            alone: no other process belongs to this hub.
        """
        self._apply(self._current.config)
        if not alone:
            runtime.spawn(self._follow, name="config")

    def stop(self) -> None:
        self._stop.set()

    def reload(self) -> list[Change]:
        """Applies the file on disk.

        Returns: the differences to the configuration before.
        Raises:
            ConfigError: the file has problems; the configuration before stays in force.
        """
        with self._reload_lock:
            config = self._current.load()
            before = stored_form(self._current.config, self._secret_key)
            changes = config_changes(before, stored_form(config, self._secret_key))
            self._apply(config)
            # Also without a difference: a connector that could not start is tried again.
            self._current.replace(config)
        log.info("config.applied", changes=[str(change) for change in changes])
        return changes

    def reload_or_log(self) -> None:
        """Applies the file on disk and logs its problems: for a signal, which has no caller."""
        try:
            self.reload()
        except ConfigError as error:
            log.error("config.refused", problems=[str(problem) for problem in error.problems])

    def _apply(self, config: Config) -> None:
        """Writes a configuration, and the tables that it decides, in one transaction."""
        stored = stored_form(config, self._secret_key)

        def write(tx: Transaction) -> int:
            for writer in self._writers:
                writer(tx, config)
            row = tx.execute(select(applied_configs).with_for_update()).first()
            if row is not None and row.config == stored:
                return int(row.version)
            version = 1 if row is None else row.version + 1
            values = {"config": stored, "version": version, "applied_at": tx.now}
            tx.execute(
                insert(applied_configs).values(id=1, **values)
                if row is None
                else update(applied_configs).values(values)
            )
            return version

        self._version = self._store.write(write)

    def _follow(self) -> None:
        """Applies the file again whenever another process has stored a new version."""
        while not self._stop.wait(FOLLOW_SECONDS):
            try:
                with self._store.read() as connection:
                    version = connection.execute(select(applied_configs.c.version)).scalar()
                if version is not None and version > self._version:
                    self._version = version
                    self._current.replace(self._current.load())
                    log.info("config.followed", version=version)
            except ConfigError as error:
                # The other process reads another file, or the file changed again. This process
                # keeps its configuration.
                log.error("config.refused", problems=[str(problem) for problem in error.problems])
            except Exception:
                # The database may not answer for a moment.
                log.exception("config.follow_failed")
