from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, EntryPoints
from importlib.metadata import entry_points as real_entry_points

import pytest

from hub.config import Config, parse_config
from hub.connectors import registry
from hub.errors import ConfigError

Problems = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def installed_kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Our own kinds, a toy of another package, and one whose package is broken."""
    others = [
        EntryPoint("toy", "tests.config.toys:Toy", registry.GROUP),
        EntryPoint("broken", "no_such_package.of_theirs:Broken", registry.GROUP),
    ]
    ours = real_entry_points(group=registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints((*ours, *others)))
    registry.kinds.cache_clear()
    registry.kind.cache_clear()
    yield
    registry.kinds.cache_clear()
    registry.kind.cache_clear()


@pytest.fixture
def problems() -> Problems:
    """What a text has wrong with it, one line each; none when it loads."""

    def problems(text: str, environ: Mapping[str, str] | None = None, **how: bool) -> list[str]:
        try:
            parse_config(text, environ or {}, **how)
        except ConfigError as error:
            return [str(problem) for problem in error.problems]
        return []

    return problems


@pytest.fixture
def loaded() -> Callable[..., Config]:
    def loaded(text: str, **environ: str) -> Config:
        return parse_config(text, environ)

    return loaded
