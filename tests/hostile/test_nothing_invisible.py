"""Nothing that a proved sender delivered is invisible to an admin.

Requests of every kind are damaged at random and posted. Each is then in a conversation, in the
quiet list, or in the journal as failed or ignored, with a reason.
"""

from __future__ import annotations

import json
import logging
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import delete, func, select

from hub.connectors.base import Connector, Site
from hub.connectors.http import HttpResponse
from hub.errors import WebhookRejected
from hub.store import models
from hub.store.engine import Store
from hub.store.migrate import migrate
from hub.testing import PUBLIC_URL, ConnectorCases, StubHttp
from hub.testing.hooks import read_payload
from hub.transport.gateway import Gateway
from hub.transport.running import RunningConnectors
from tests.connectors import bounces, test_email, test_messenger, test_sms, test_telegram

CASES: dict[str, type[ConnectorCases]] = {
    "email": test_email.TestEmail,
    "messenger": test_messenger.TestMessenger,
    "sms": test_sms.TestSms,
    "telegram": test_telegram.TestTelegram,
}
#: Of how many damaged forms each payload is tried.
FORMS = 4
#: What people with an admin's rights see.
SHOWN = (models.messages, models.conversations, models.deliveries, models.quiet_messages)
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", "x", "\ufeff", "\x00", "a@b", "0", "é" * 300, [], {}, [[]],
    [None], {"id": {}}, {"text": 7}, "2026-13-45", "<", "\r\nBcc: a@b.c",
)  # fmt: skip


@pytest.fixture
def chance() -> random.Random:
    """Random choices. `HUB_TEST_SEED` makes those of a failure again."""
    seed = int(os.environ.get("HUB_TEST_SEED", random.SystemRandom().randrange(10**9)))
    print(f"HUB_TEST_SEED={seed}")
    return random.Random(seed)


class Hub:
    """The parts of a hub that receive, with what an admin sees of them."""

    def __init__(self, path: Path) -> None:
        self.store = Store(f"sqlite:///{path}")
        configs = {
            name: cases.connector.Config(kind=name, **cases.options)
            for name, cases in CASES.items()
        }
        self.connectors = RunningConnectors(configs, Site(PUBLIC_URL), b"secret of tokens")
        self.gateway = Gateway(self.store, self.connectors)

    def connector(self, kind: str) -> Connector[Any]:
        connector = self.connectors.get(kind)
        assert connector is not None
        return connector

    def forgets_everything(self) -> None:
        """Empties all tables, so that the next event is no repetition of another."""
        with self.store.engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            for table in reversed(models.metadata.sorted_tables):
                connection.execute(delete(table))

    def shown(self) -> tuple[object, ...]:
        """What is to be seen: conversations, the quiet list, and what the journal keeps."""
        kept = models.journal.c.status.in_(("failed", "ignored"))
        with self.store.read() as connection:
            rows = [connection.execute(select(table)).all() for table in SHOWN]
            unprocessed = connection.execute(
                select(models.journal.c.id, models.journal.c.error).where(kept)
            ).all()
        assert all(row.error for row in unprocessed), "an entry of the journal gives no reason"
        return (*map(tuple, rows), tuple(unprocessed))

    def entries(self) -> int:
        with self.store.read() as connection:
            return connection.execute(select(func.count()).select_from(models.journal)).scalar_one()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One hub for all: it remembers every statement that it once compiled."""
    # Tracebacks with every local variable, drawn in frames, cost half a second each.
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    hub = Hub(tmp_path_factory.mktemp("hub") / "hub.db")
    migrate(hub.store)
    yield hub
    hub.store.close()
    structlog.configure(**before)


def assert_shown(hub: Hub, body: bytes, receive: Callable[[], object]) -> bool:
    """Receives a request, and finds what became of it. Returns whether it was new."""
    before, entries = hub.shown(), hub.entries()
    receive()
    is_new = hub.entries() > entries
    assert not is_new or hub.shown() != before, f"this shows nowhere: {body!r}"
    return is_new


# -- damage ----------------------------------------------------------------------------------------


def damaged(body: bytes, chance: random.Random) -> bytes:
    """A body with something wrong in it, that is still some body."""
    try:
        document = json.loads(body)
    except ValueError:
        ways = [_damaged_bytes, _damaged_lines, _cut]
    else:
        ways = [_damaged_bytes, _cut]
        if chance.random() < 0.8:
            return json.dumps(_damaged_value(document, chance)).encode()
    return chance.choice(ways)(body, chance) or b"x"


def _damaged_bytes(body: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + chance.randbytes(chance.randrange(12)) + body[at + chance.randrange(12) :]


def _cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(1, len(body) + 1)]


def _damaged_lines(body: bytes, chance: random.Random) -> bytes:
    """Lines of a mail, or fields of a form, left out, repeated or in another order."""
    mark = b"&" if b"&" in body and b"\n" not in body else b"\n"
    lines = body.split(mark)
    at = chance.randrange(len(lines))
    other = chance.randrange(len(lines))
    way = chance.randrange(3)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines.insert(other, lines[at])
    else:
        lines[at], lines[other] = lines[other], lines[at]
    return mark.join(lines)


def _damaged_value(document: Any, chance: random.Random) -> Any:
    """The document with one value, on any level, replaced or left out."""
    if isinstance(document, dict | list) and document and chance.random() < 0.85:
        keys: Sequence[Any] = list(document) if isinstance(document, dict) else range(len(document))
        key = chance.choice(keys)
        copy = document.copy()
        if chance.random() < 0.2:
            del copy[key]
        else:
            copy[key] = _damaged_value(document[key], chance)
        return copy
    return chance.choice(ODD)


# -- the promise -----------------------------------------------------------------------------------


def payloads(kind: str) -> list[tuple[str, bytes]]:
    """The requests of a kind: the path after its webhook, and the body."""
    cases = CASES[kind]
    found = [
        file
        for file in sorted(cases.payloads.rglob("*"))
        if file.is_file() and not file.name.endswith(".expected.json")
    ]
    return [(_path_of(file, cases.payloads), read_payload(file)) for file in found]


def as_object(body: bytes) -> dict[str, Any] | None:
    """A body as a JSON object, None where it is none."""
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _path_of(file: Path, folder: Path) -> str:
    path = file.parent.relative_to(folder).as_posix()
    return "" if path == "." else path


@pytest.mark.parametrize("kind", CASES)
def test_what_a_webhook_brings_shows_somewhere(kind: str, hub: Hub, chance: random.Random) -> None:
    cases, tried, new = CASES[kind](), 0, 0
    for path, body in payloads(kind):
        hub.forgets_everything()
        for form in (body, *(damaged(body, chance) for _ in range(FORMS))):
            tried += 1
            with suppress(WebhookRejected):  # it names another account, so nobody is proved
                request = cases.request(form, "good", path)
                new += assert_shown(hub, form, partial(hub.gateway.answer_webhook, kind, request))
    assert new > tried * 0.4, "too few were new to say anything"


@pytest.mark.parametrize("shape", bounces.SHAPES, ids=lambda shape: shape.name)
def test_a_report_about_no_mail_of_ours_shows_somewhere(shape: bounces.Shape, hub: Hub) -> None:
    hub.forgets_everything()
    request = CASES["email"]().request(shape.raw)
    assert assert_shown(hub, shape.raw, partial(hub.gateway.answer_webhook, "email", request))


def test_what_a_poll_of_telegram_brings_shows_somewhere(hub: Hub, chance: random.Random) -> None:
    number = 7_000
    for update in filter(None, map(as_object, (body for _, body in payloads("telegram")))):
        hub.forgets_everything()
        for _ in range(FORMS):
            number += 1
            # Telegram numbers every update, whatever is in it.
            changed = _damaged_value(update, chance)
            form = {**(changed if isinstance(changed, dict) else update), "update_id": number}
            answer = json.dumps({"ok": True, "result": [form]}).encode()
            poller = CASES["telegram"]().make(
                http=StubHttp(HttpResponse(200, {}, answer)), mode="polling"
            )
            (request,) = poller.poll("", 0).requests  # type: ignore[attr-defined]
            receive = partial(hub.gateway.receive_request, hub.connector("telegram"), request)
            assert assert_shown(hub, request.body, receive)
