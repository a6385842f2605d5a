"""Loads `connectors.yaml`: reads, fills in variables, validates; reports all problems at once."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hub.config.model import CONNECTOR_NAME, Config
from hub.config.model_walk import description, known_keys, secret_texts
from hub.config.name_suggestions import unknown_name
from hub.config.references import missing_names, unknown_members
from hub.config.tree import Finding, Path, Tree, read
from hub.config.validation_messages import MESSAGES, validation_message
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
    accounts: Collection[str] = (),
) -> Config:
    """Loads a configuration file.

    Args:
        environ: the variables for `${NAME}`; the environment of the process by default.
        thorough: also validates connectors that are turned off. That imports their code, so only
            `hub check` and `hub plan` do it.
        accounts: the addresses of all agents, where they are known: a team's member who is none
            of them is a problem.

    Raises:
        ConfigError: all problems of the file, in the order of its lines. It shows no secret.
    """
    name = os.fspath(path)
    try:
        with FilePath(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _file_error(
            name, "there is no such file; hub check --config FILE names another"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise _file_error(name, f"cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise _file_error(name, "is larger than 1 MB, which no configuration is")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(name, line, "", "must be saved as UTF-8")]) from None
    return parse_config(text, os.environ if environ is None else environ, name, thorough, accounts)


def parse_config(
    text: str,
    environ: Mapping[str, str],
    name: str = "connectors.yaml",
    thorough: bool = False,
    accounts: Collection[str] = (),
) -> Config:
    """Loads a configuration from a text, as `load_config`. `name` is the file in the problems."""
    return _Reader(read(text, environ), name, thorough, accounts).config()


def _file_error(file: str, message: str) -> ConfigError:
    """A problem of the file as a whole."""
    return ConfigError([Problem(file, 1, "", message)])


class _Reader:
    """Validates the values of one file. Collects the findings and raises them together."""

    def __init__(self, tree: Tree, name: str, thorough: bool, accounts: Collection[str]) -> None:
        self._tree = tree
        self._accounts = accounts
        self._name = name
        self._thorough = thorough
        self._findings: list[Finding] = list(tree.findings)
        self._reported_paths = {finding.path for finding in tree.findings}
        self._disabled: set[Path] = set()
        self._secrets = set(tree.from_environment)

    def config(self) -> Config:
        if self._findings and self._tree.value is None:
            raise self._error()
        file = self._sections()
        entries = file.pop("connectors", None)
        connectors = self._connectors(entries)
        config = self._validated(Config, file, ())
        names = missing_names({**file, "connectors": entries}, lambda: tuple(kinds()))
        for path, message in chain(names, unknown_members(file, self._accounts)):
            if path not in self._reported_paths:
                self._find(path, message)
        if self._findings_to_report():
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

    def _connectors(self, entries: Any) -> dict[str, ConnectorConfig]:
        if entries is None:
            return {}
        if not isinstance(entries, Mapping):
            self._find(("connectors",), "must have a name and options for each connector")
            return {}
        connectors = {}
        for name, options in entries.items():
            path: Path = ("connectors", name)
            if not CONNECTOR_NAME.fullmatch(name):
                self._find(path, "a connector's name has small letters, digits, - and _ only")
            config = self._connector(path, options)
            if config is not None:
                connectors[name] = config
        return connectors

    def _connector(self, path: Path, options: Any) -> ConnectorConfig | None:
        if not isinstance(options, Mapping):
            self._find(path, "must have options, at least kind:")
            return None
        common = {key: options[key] for key in ConnectorConfig.model_fields if key in options}
        before = len(self._findings)
        known = self._kind(path, options)
        plain = self._validated(ConnectorConfig, common | {"kind": known or "?"}, path)
        is_disabled = plain is not None and not plain.enabled
        if is_disabled:
            self._disabled.add(path)
        if not known or (is_disabled and not self._thorough):
            return plain
        # The model of the kind has the common keys too, and finds their problems again.
        del self._findings[before:]
        model = self._model(path, known)
        full = self._validated(model, options, path) if model else None
        return plain if is_disabled else full

    def _kind(self, path: Path, options: Mapping[str, Any]) -> str | None:
        kind_path = (*path, "kind")
        if "kind" not in options:
            if kind_path not in self._reported_paths:
                self._find(kind_path, f"missing; the kinds are {', '.join(kinds())}")
            return None
        name = options["kind"]
        if isinstance(name, str) and name in kinds():
            return name
        self._find(kind_path, unknown_name("kind", name if isinstance(name, str) else "", kinds()))
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
            # The text of the error is left out: it may repeat a secret.
            self._find(base, f"the code that checks this failed ({type(error).__name__})")
        return None

    def _translate(
        self, error: ValidationError, model: type[BaseModel], value: Mapping[str, Any], base: Path
    ) -> None:
        errors = error.errors(include_url=False)
        #: Keys that an unknown key probably stands for: they are not reported as missing.
        suggested: set[Path] = set()
        for details in errors:
            if details["type"] == "extra_forbidden":
                path = _path(details["loc"], value)
                keys = known_keys(model, path[:-1])
                message = unknown_name("key", str(path[-1]), keys)
                suggested.update((*path[:-1], key) for key in keys if message.endswith(f" {key}?"))
                self._find((*base, *path), message)
        for details in errors:
            path = _path(details["loc"], value)
            is_missing = details["type"] == "missing"
            if details["type"] == "extra_forbidden" or (is_missing and path in suggested):
                continue
            if self._is_consequence((*base, *path), details["type"], _value_at(value, path)):
                continue
            self._find((*base, *path), self._message(details, model, path, value))

    def _is_consequence(self, path: Path, error_type: str, value: Any) -> bool:
        """Whether an error only follows from a reported problem, such as an unset variable."""
        if path in self._reported_paths:
            return True
        is_disabled = path[:2] in self._disabled
        if error_type == "missing":
            return is_disabled
        if error_type in ("value_error", "assertion_error") and isinstance(value, Mapping):
            return is_disabled or any(
                reported[: len(path)] == path for reported in self._reported_paths
            )
        return False

    def _message(
        self, details: ErrorDetails, model: type[BaseModel], path: Path, value: Mapping[str, Any]
    ) -> str:
        if details["type"] == "missing":
            text = description(model, path).rstrip(".")
            return f"missing. {text}" if text else "missing"
        if details["type"] == "string_pattern_mismatch":
            # The description helps an admin more than a regular expression.
            text = description(model, path).rstrip(".")
            return f"has the wrong form. {text}" if text else "has the wrong form"
        if _value_at(value, path) is None:
            return f"has no value; it {validation_message(details)}"
        text = validation_message(details)
        return text if details["type"] in MESSAGES else masked(text, self._secrets)

    # -- problems -------------------------------------------------------------------------------

    def _find(self, path: Path, message: str) -> None:
        self._findings.append(Finding(path, self._tree.spot(path), message))

    def _findings_to_report(self) -> list[Finding]:
        """All findings but the unset variables of connectors that are turned off."""
        return [
            finding
            for finding in self._findings
            if not (finding.unset and finding.path[:2] in self._disabled)
        ]

    def _error(self) -> ConfigError:
        findings = sorted(self._findings_to_report(), key=lambda finding: finding.spot)
        problems = [
            Problem(self._name, finding.spot.line, dotted(finding.path), finding.message)
            for finding in findings
        ]
        return ConfigError(list(dict.fromkeys(problems)))


def masked(message: str, secrets: Iterable[str]) -> str:
    """Replaces every secret in a message by a mask."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 6:
            message = message.replace(secret, MASK)
        elif secret:
            # A short value, such as a port or `yes`, is a part of many words: only a whole word is
            # replaced.
            message = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", lambda _: MASK, message)
    return message


def dotted(path: Path) -> str:
    """Writes a path as `connectors.mail.imap.port` or `routing[0].team`.

    A key that cannot be printed is quoted, so that the path stays on one line.
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            shown = step if step.isprintable() and step else repr(step)
            text += f".{shown}" if text else shown
    return text


def _path(location: tuple[str | int, ...], value: Any) -> Path:
    """Turns pydantic's location into a path: without its names of unions and validators."""
    path: list[str | int] = []
    for position, step in enumerate(location):
        is_last = position == len(location) - 1
        if isinstance(value, Mapping) and isinstance(step, str) and (step in value or is_last):
            if step not in value and step.endswith("]"):
                break
            path.append(step)
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            path.append(step)
            value = value[step]
    return tuple(path)


def _value_at(value: Any, path: Path) -> Any:
    """The value under a path; "" where there is none."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return ""
    return value
