"""The configuration in force, which a changed file replaces while the hub runs."""

from __future__ import annotations

from collections.abc import Callable

from hub.config.model import Config

Listener = Callable[[Config], None]


class Current:
    """One place to ask. Whoever made something out of a configuration is told of the next one."""

    def __init__(self, config: Config, load: Callable[[], Config]) -> None:
        """`load` reads the file on disk; it raises ConfigError with every problem of it."""
        self._config = config
        self._listeners: list[Listener] = []
        self.load = load

    @property
    def config(self) -> Config:
        return self._config

    def on_change(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def replace(self, config: Config) -> None:
        self._config = config
        for listener in self._listeners:
            listener(config)
