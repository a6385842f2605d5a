"""`connectors.yaml`: read, fill in the environment, validate; every problem at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hub.config.model import CONNECTOR_NAME, Config
from hub.config.model_walk import description, known_keys, secret_texts
from hub.config.name_suggestions import unknown
from hub.config.references import missing_names
from hub.config.tree import Finding, Path, Tree, read
from hub.config.validation_messages import WORDS, sentence
from hub.connectors.base import ConnectorConfig
from hub.connectors.http import MASK
from hub.connectors.registry import kind, kinds
from hub.errors import ConfigError, Problem

MAX_BYTES = 1_000_000

ModelT = TypeVar("ModelT", bound=BaseModel)


def load_config(
    path: str | os.PathLike[str] = "connectors.yaml",
    environ: Mapping[str, str] | None = None,
    *,
    thorough: bool = False,
) -> Config:
    """Reads a configuration file.

    Args:
        environ: where `${NAME}` is looked up; the process's own environment by default.
        thorough: looks into connectors that are turned off, too. That imports their code, so only
            a check does it.

    Raises:
        ConfigError: every problem of the file, in the order of its lines. No secret is in it.
    """
    name = os.fspath(path)
    try:
        with FilePath(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _alone(name, "there is no such file; hub check --config FILE names another") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise _alone(name, f"cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise _alone(name, "is larger than 1 MB, which no configuration is")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(name, line, "", "must be saved as UTF-8")]) from None
    return parse_config(text, os.environ if environ is None else environ, name, thorough=thorough)


def parse_config(
    text: str, environ: Mapping[str, str], name: str = "connectors.yaml", *, thorough: bool = False
) -> Config:
    """As `load_config`, from a text. `name` stands in the problems."""
    return _Reader(read(text, environ), name, thorough).config()


def _alone(file: str, message: str) -> ConfigError:
    return ConfigError([Problem(file, 1, "", message)])


class _Reader:
    """One look at one file. Findings gather, and are told together at the end."""

    def __init__(self, tree: Tree, name: str, thorough: bool) -> None:
        self._tree = tree
        self._name = name
        self._thorough = thorough
        self._findings: list[Finding] = list(tree.findings)
        self._told = {found.path for found in tree.findings}
        self._off: set[Path] = set()
        self._secrets = set(tree.from_environment)

    def config(self) -> Config:
        if self._findings and self._tree.value is None:
            raise self._error()
        file = self._sections()
        given = file.pop("connectors", None)
        connectors = self._connectors(given)
        config = self._validated(Config, file, ())
        for path, message in missing_names({**file, "connectors": given}, lambda: tuple(kinds())):
            if path not in self._told:
                self._find(path, message)
        if self._findings_that_count():
            raise self._error()
        assert config is not None
        return config.model_copy(update={"connectors": connectors})

    def _sections(self) -> dict[str, Any]:
        """The top level; a section with nothing in it counts as left out."""
        value = self._tree.value
        if not isinstance(value, Mapping):
            self._find((), "must have sections, at least connectors:")
            return {}
        if "connectors" not in value and ("connectors",) not in self._tree.spots:
            self._find((), "has no connectors: section")
        return {key: section for key, section in value.items() if section is not None}

    # -- connectors ---------------------------------------------------------------------------

    def _connectors(self, given: Any) -> dict[str, ConnectorConfig]:
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            self._find(("connectors",), "must have a name and options for each connector")
            return {}
        found = {}
        for name, options in given.items():
            path: Path = ("connectors", name)
            if not CONNECTOR_NAME.fullmatch(name):
                self._find(path, "a connector's name has small letters, digits, - and _ only")
            config = self._connector(path, options)
            if config is not None:
                found[name] = config
        return found

    def _connector(self, path: Path, options: Any) -> ConnectorConfig | None:
        if not isinstance(options, Mapping):
            self._find(path, "must have options, at least kind:")
            return None
        common = {key: options[key] for key in ConnectorConfig.model_fields if key in options}
        before = len(self._findings)
        known = self._kind(path, options)
        plain = self._validated(ConnectorConfig, common | {"kind": known or "?"}, path)
        off = plain is not None and not plain.enabled
        if off:
            self._off.add(path)
        if not known or (off and not self._thorough):
            return plain
        # What the common keys got wrong, the kind's own model says again.
        del self._findings[before:]
        model = self._model(path, known)
        full = self._validated(model, options, path) if model else None
        return plain if off else full

    def _kind(self, path: Path, options: Mapping[str, Any]) -> str | None:
        inside = (*path, "kind")
        if "kind" not in options:
            if inside not in self._told:
                self._find(inside, f"missing; the kinds are {', '.join(kinds())}")
            return None
        name = options["kind"]
        if isinstance(name, str) and name in kinds():
            return name
        self._find(inside, unknown("kind", name if isinstance(name, str) else "", kinds()))
        return None

    def _model(self, path: Path, name: str) -> type[ConnectorConfig] | None:
        try:
            return kind(name).Config
        except Exception as error:  # noqa: BLE001 - another package's import may raise anything
            reason = f"{type(error).__name__}: {error}"
            self._find((*path, "kind"), f"the code of this kind cannot be loaded ({reason})")
            return None

    # -- validation -----------------------------------------------------------------------------

    def _validated(
        self, model: type[ModelT], value: Mapping[str, Any], base: Path
    ) -> ModelT | None:
        self._secrets.update(secret_texts(model, value))
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self._translate(error, model, value, base)
        except Exception as error:  # noqa: BLE001 - another package's validator may raise anything
            # The error's own words are left out: they may repeat a secret.
            self._find(base, f"the code that checks this failed ({type(error).__name__})")
        return None

    def _translate(
        self, error: ValidationError, model: type[BaseModel], value: Mapping[str, Any], base: Path
    ) -> None:
        errors = error.errors(include_url=False)
        meant: set[Path] = set()
        for found in errors:
            if found["type"] == "extra_forbidden":
                path = _path(found["loc"], value)
                keys = known_keys(model, path[:-1])
                message = unknown("key", str(path[-1]), keys)
                meant.update((*path[:-1], key) for key in keys if message.endswith(f" {key}?"))
                self._find((*base, *path), message)
        for found in errors:
            path = _path(found["loc"], value)
            missing = found["type"] == "missing"
            if found["type"] == "extra_forbidden" or (missing and path in meant):
                continue
            if self._excused((*base, *path), found["type"], _at(value, path)):
                continue
            self._find((*base, *path), self._sentence(found, model, path, value))

    def _excused(self, path: Path, kind_of_error: str, value: Any) -> bool:
        """Whether it only follows from something that is told already, as an unset variable is."""
        if path in self._told:
            return True
        off = path[:2] in self._off
        if kind_of_error == "missing":
            return off
        if kind_of_error in ("value_error", "assertion_error") and isinstance(value, Mapping):
            return off or any(told[: len(path)] == path for told in self._told)
        return False

    def _sentence(
        self, found: Any, model: type[BaseModel], path: Path, value: Mapping[str, Any]
    ) -> str:
        if found["type"] == "missing":
            text = description(model, path).rstrip(".")
            return f"missing. {text}" if text else "missing"
        if found["type"] == "string_pattern_mismatch":
            # A regular expression tells nothing to who only looks for the right number.
            text = description(model, path).rstrip(".")
            return f"has the wrong form. {text}" if text else "has the wrong form"
        if _at(value, path) is None:
            return f"has no value; it {sentence(found)}"
        text = sentence(found)
        return text if found["type"] in WORDS else masked(text, self._secrets)

    # -- problems -------------------------------------------------------------------------------

    def _find(self, path: Path, message: str) -> None:
        self._findings.append(Finding(path, self._tree.spot(path), message))

    def _findings_that_count(self) -> list[Finding]:
        return [
            found for found in self._findings if not (found.unset and found.path[:2] in self._off)
        ]

    def _error(self) -> ConfigError:
        counted = sorted(self._findings_that_count(), key=lambda found: found.spot)
        problems = [
            Problem(self._name, found.spot.line, dotted(found.path), found.message)
            for found in counted
        ]
        return ConfigError(list(dict.fromkeys(problems)))


def masked(message: str, secrets: Iterable[str]) -> str:
    """A message without any of these values, long or short."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 6:
            message = message.replace(secret, MASK)
        elif secret:
            # A port or a yes is part of many words; only as a word of its own it is the value.
            message = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", lambda _: MASK, message)
    return message


def dotted(path: Path) -> str:
    """`connectors.mail.imap.port`, `routing[0].team`, on one line whatever is in a key."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            shown = step if step.isprintable() and step else repr(step)
            text += f".{shown}" if text else shown
    return text


def _path(location: tuple[str | int, ...], value: Any) -> Path:
    """pydantic's place without the names of unions and validators that it puts between."""
    path: list[str | int] = []
    for position, step in enumerate(location):
        last = position == len(location) - 1
        if isinstance(value, Mapping) and isinstance(step, str) and (step in value or last):
            if step not in value and step.endswith("]"):
                break
            path.append(step)
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            path.append(step)
            value = value[step]
    return tuple(path)


def _at(value: Any, path: Path) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return ""
    return value
