"""Checks the definition of a connector's test class, so that a mistake in it is one clear message.

Without these checks a wrong attribute makes every test of the suite fail, each in its own way.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hub.connectors.base import Connector
from hub.types import Address


def check_definition(cases: type[Any]) -> None:
    """Fails the collection of a test class with every mistake in its definition, if it has one.

    Args:
        cases: a subclass of `ConnectorCases` that has a `connector`.
    """
    __tracebackhide__ = True
    problems = list(_problems(cases))
    if problems:
        lines = "\n".join(f"- {problem}" for problem in problems)
        pytest.fail(f"{cases.__name__} is not a complete test class:\n{lines}", pytrace=False)


def _problems(cases: type[Any]) -> Iterator[str]:
    connector = cases.connector
    if not (inspect.isclass(connector) and issubclass(connector, Connector)):
        yield f"`connector` must be a Connector class, and is {connector!r}"
        return
    yield from _options_problems(cases, connector)
    yield from _address_problems(cases, connector)
    payloads = getattr(cases, "payloads", None)
    if not isinstance(payloads, Path):
        yield f"`payloads` must be the Path of the folder with the payloads, and is {payloads!r}"
    elif not payloads.is_dir():
        yield f"`payloads` must be a folder, and {payloads} is none"
    for name in ("request", "text_of"):
        if getattr(getattr(cases, name), "is_missing", False):
            yield f"the method `{name}` must be defined"
    for name, reason in getattr(cases, "exempt", {}).items():
        if not callable(getattr(cases, name.partition("[")[0], None)):
            yield f"`exempt` names {name!r}, and the suite has no such test"
        if not (isinstance(reason, str) and reason.strip()):
            yield f"`exempt` gives no reason for {name!r}"


def _options_problems(cases: type[Any], connector: type[Connector[Any]]) -> Iterator[str]:
    options = getattr(cases, "options", None)
    if not isinstance(options, Mapping):
        yield f"`options` must be a mapping of the connector's options, and is {options!r}"
        return
    try:
        connector.Config(**{"kind": connector.kind, **options})
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            path = ".".join(str(step) for step in problem["loc"]) or "options"
            yield f"`options` do not fit {connector.Config.__name__}: {path}: {problem['msg']}"


def _address_problems(cases: type[Any], connector: type[Connector[Any]]) -> Iterator[str]:
    address = getattr(cases, "address", None)
    if not isinstance(address, Address):
        yield (
            f"`address` must be an Address, and is {address!r}: "
            f'write `address = Address("{connector.scheme}", "...")`'
        )
    elif address.scheme != connector.scheme:
        yield (
            f"`address` must have the scheme of the connector, {connector.scheme!r}, "
            f"and has {address.scheme!r}"
        )
