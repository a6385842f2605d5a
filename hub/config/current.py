"""The configuration in force, which a changed file replaces while the hub runs."""

from __future__ import annotations

from collections.abc import Callable

from hub.config.model import Config

Listener = Callable[[Config], None]


class CurrentConfig:
    """Holds the configuration in force, and calls its listeners with each that replaces it."""

    def __init__(self, config: Config, load: Callable[[], Config]) -> None:
        """Begins with `config`.

        Args:
            load: reads the file on disk; raises ConfigError with all its problems.
        """
        self._config = config
        self._listeners: list[Listener] = []
        self.load = load

    @property
    def config(self) -> Config:
        return self._config

    def on_change(self, listener: Listener) -> None:
        """Calls `listener` with every later configuration, in the thread that replaces it."""
        self._listeners.append(listener)

    def replace(self, config: Config) -> None:
        """Puts a configuration into force and calls the listeners, in the order they came."""
        self._config = config
        for listener in self._listeners:
            listener(config)
