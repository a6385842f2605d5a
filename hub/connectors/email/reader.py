"""Reads mails in worker processes: nothing of a mail is taken apart in the hub's own process."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache, partial
from typing import Any

import structlog
from pydantic import TypeAdapter

from hub.connectors.email.config import EmailConfig
from hub.connectors.email.mime.files import Place
from hub.errors import EventIgnored, EventUnreadable
from hub.processes.limits import MEGABYTE, Limits
from hub.processes.pool import Pool
from hub.types import Address, Attachment, DeliveryUpdate, InboundEvent, InboundMessage

#: The text of a mail whose content could not be read. The screen shows it in its own language.
UNREADABLE = "This mail could not be read. Open the original."

LIMITS = Limits(
    wall_seconds=30,
    stage_cpu_seconds=2,
    memory_bytes=512 * MEGABYTE,
    input_bytes=48 * MEGABYTE,
    output_bytes=48 * MEGABYTE,
)
PROCESSES = 2

log = structlog.get_logger()


@cache
def _adapter(kind: type[InboundEvent]) -> TypeAdapter[Any]:
    """What reads an event of this type; made for the first mail, not for the start of each hub."""
    return TypeAdapter(kind)


@cache
def shared_pool() -> Pool:
    """The one pool of this process: every mailbox uses the same processes."""
    return Pool("hub.connectors.email.reading_task", LIMITS, PROCESSES)


def read_mail(raw: bytes, config: EmailConfig) -> InboundEvent:
    """The event in a mail.

    A mail that is too much for the process that reads it becomes a message that says so. Its header
    block, which is read first, places it; the mail itself stays whole in the journal.

    Raises:
        EventIgnored: the hub has no use for the mail.
        EventUnreadable: not even the header block could be read.
        Overloaded: no process is free or could be started; the same mail may be read later.
    """
    options = {"do": "read", "address": config.address, "authserv_id": config.authserv_id}
    outcome = shared_pool().run(json.dumps(options).encode() + b"\n" + raw)
    fields: dict[str, Any] = {}
    for value in outcome.values:
        fields |= json.loads(value.decode("utf-8", "surrogatepass"))
    kind = fields.pop("kind", "")
    is_read = fields.pop("is_read", False)
    if kind == "ignored":
        raise EventIgnored(fields["reason"])
    if kind == "report":
        return _report(fields, raw)
    if kind != "message":
        raise EventUnreadable(f"The mail could not be read: {outcome.failure}.")
    if not is_read:
        fields["text"] = UNREADABLE
        fields["extra"]["unreadable"] = outcome.failure
    return _message(fields, raw)


def read_file(raw: bytes, place: Place) -> bytes:
    """The bytes of a file that came with a mail.

    Raises:
        EventUnreadable: they could not be decoded.
        Overloaded: no process is free or could be started.
    """
    first, *inner = place.path()
    steps = [(step.start, step.end, step.encoding) for step in inner]
    options = {"do": "decode", "encoding": first.encoding, "steps": steps}
    outcome = shared_pool().run(json.dumps(options).encode() + b"\n" + raw[first.start : first.end])
    if outcome.failure or not outcome.values:
        raise EventUnreadable(f"The file could not be read: {outcome.failure}.")
    return outcome.values[-1]


def _message(fields: dict[str, Any], raw: bytes) -> InboundMessage:
    # The process that read the mail may be in the hands of its sender: types are checked anew.
    message: InboundMessage = _adapter(InboundMessage).validate_python({**fields, "raw": raw})
    files = tuple(_with_content(file, raw) for file in message.attachments)
    return replace(message, attachments=files)


def _with_content(file: Attachment, raw: bytes) -> Attachment:
    place = Place.parse(file.source)
    if place is None:
        return replace(file, source="")
    return replace(file, content=partial(read_file, raw, place))


def _report(fields: dict[str, Any], raw: bytes) -> DeliveryUpdate:
    recipient = fields.get("recipient")
    names = ("key", "status", "external_ids", "code", "reason", "external_code", "stopped", "note")
    known_fields = {name: fields[name] for name in names}
    address = Address("mailto", recipient) if recipient else None
    values = {**known_fields, "raw": raw, "address": address}
    report: DeliveryUpdate = _adapter(DeliveryUpdate).validate_python(values)
    return report
