"""Bodies that no provider should send: any JSON, and payloads with one thing wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

#: The settings of every test with random input.
fuzzed = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

_leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
any_json = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)


def damaged(body: bytes) -> st.SearchStrategy[bytes]:
    """`body` with something wrong: cut off, bytes replaced, or one value of its JSON changed."""
    place = st.integers(0, len(body))
    ways = [
        place.map(lambda end: body[:end]),
        st.tuples(place, st.integers(0, 40), st.binary(max_size=40)).map(
            lambda change: body[: change[0]] + change[2] + body[change[0] + change[1] :]
        ),
    ]
    try:
        document = json.loads(body)
    except ValueError:
        return st.one_of(ways)
    paths = list(_paths(document))
    changed = st.tuples(st.sampled_from(paths), any_json, st.booleans()).map(
        lambda change: json.dumps(_with(document, *change)).encode()
    )
    return st.one_of(changed, *ways)


def _paths(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _paths(value, (*at, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from _paths(value, (*at, index))


def _with(document: Any, path: tuple[Any, ...], value: Any, drop: bool) -> Any:
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    if drop and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _with(document[path[0]], path[1:], value, drop)
    return copy
