"""Outgoing mail has the fields that the hub wrote, whatever stands in the texts it was given.

The standard library decodes an encoded word that stands in a value, and writes the line end that
was in it. So each value is tried, and the serialised header block is checked by itself.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.email import outbound
from hub.connectors.email.header_check import check_header_block
from hub.errors import AddressInvalid, Invalid, Rejected
from hub.testing import NOW, fuzzed
from hub.types import Address, Attachment, InboundMessage, Medium, OutboundMessage
from tests.connectors.mails import make, parsed

HIDDEN = [
    "=?utf-8?q?x=0d=0abcc=3A_evil=40example.org?=",
    "=?utf-8?b?eA0KYmNjOiBldmlsQGV4YW1wbGUub3Jn?=",
    "=?us-ascii?Q?x=0Abcc=3Aevil?=",
    "=?utf-8*en?q?=0D=0Abcc=3Ax?= =?utf-8?q?=0d=0abcc=3a?=",
]


def message(**changes: Any) -> OutboundMessage:
    values: dict[str, Any] = {
        "id": "7", "conversation_id": "42", "now": NOW, "text": "Hello",
        "address": Address("mailto", "ann@example.com"), **changes,
    }  # fmt: skip
    return OutboundMessage(**values)


def names_in(mime: bytes) -> list[str]:
    """The names at the beginnings of lines of the header block, folded lines left out."""
    block = mime.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = block.decode("utf-8").split("\n")
    return [line.partition(":")[0].lower() for line in lines if not line.startswith((" ", "\t"))]


def sent_names(**changes: Any) -> list[str]:
    name = changes.pop("name", "Shop")
    return names_in(outbound.build_mail(message(**changes), make(name=name).config).mime)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("field", ["subject", "author_name", "reply_to", "references", "file"])
def test_no_value_makes_a_field_of_its_own(field: str, hidden: str) -> None:
    changes: dict[str, Any] = {field: hidden}
    if field in ("reply_to", "references"):
        changes = {field: f"{hidden}@x.example".replace(" ", "")}
    if field == "references":
        changes = {field: (changes[field],)}
    if field == "author_name":
        changes["name"] = ""
    if field == "file":
        changes = {"attachments": (Attachment(Medium.FILE, hidden, content=lambda: b"x", size=1),)}
    assert not [name for name in sent_names(**changes) if name not in outbound.FIELDS]


@fuzzed
@given(
    value=st.lists(
        st.sampled_from(
            [*HIDDEN, "=?", "?=", "\r", "\n", "=0d=0a", "x", " ", "<", ">", ":", "bcc:"]
        )
        | st.characters(codec="utf-8"),
        max_size=12,
    ).map("".join)
)
def test_no_text_whatever_makes_a_field(value: str) -> None:
    for field in ("subject", "author_name", "reply_to"):
        try:
            names = sent_names(**{field: value}, name="")
        except Rejected:
            continue
        assert set(names) <= outbound.FIELDS
        assert len(names) == len(set(names))


@pytest.mark.parametrize("hidden", HIDDEN)
def test_an_address_with_an_encoded_word_is_refused_everywhere(hidden: str) -> None:
    address = f"{hidden.replace(' ', '')}@example.com"
    with pytest.raises(AddressInvalid):
        outbound.build_mail(message(address=Address("mailto", address)), make().config)
    with pytest.raises(Invalid):
        make().normalized(Address("mailto", address))


@pytest.mark.parametrize(
    "control", ["\r\n", "\n", "\x00", "\x7f", "\x85", "\u2028", "\u202e", "\t"]
)
def test_an_address_with_a_control_character_is_refused_everywhere(control: str) -> None:
    address = f"a{control}b@example.com"
    with pytest.raises(AddressInvalid):
        outbound.build_mail(message(address=Address("mailto", address)), make().config)
    with pytest.raises(Invalid):
        make().normalized(Address("mailto", address))


@pytest.mark.parametrize("field", ["From", "Reply-To", "Cc", "Sender"])
def test_an_inbound_address_with_an_encoded_word_is_nobodys(field: str) -> None:
    hidden = "<=?utf-8?q?x=0d=0abcc=3A_evil=40example.org?=@example.com>"
    sender = hidden if field == "From" else "ann@example.com"
    raw = f"From: {sender}\r\nTo: support@shop.example\r\n{field}: {hidden}\r\n\r\nHello".encode()
    event = parsed(raw)
    assert isinstance(event, InboundMessage)
    assert "=?" not in event.address.path + event.extra.get("cc", "") + event.extra.get(
        "reply_to", ""
    )
    if field != "From":
        assert event.address.path == "ann@example.com"


def test_a_mail_with_an_encoded_word_as_its_id_is_answered_without_it() -> None:
    event = parsed(
        b"From: ann@example.com\r\nMessage-ID: <=?utf-8?q?x=0d=0abcc=3A_e=40x?=@y>\r\n\r\nHello"
    )
    names = sent_names(reply_to=event.external_id, references=(event.external_id,))
    assert "bcc" not in names and "references" not in names


def test_the_check_holds_where_everything_before_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "is_deliverable", lambda _: True)
    address = Address("mailto", f"{HIDDEN[0]}@example.com")
    with pytest.raises(Rejected):
        outbound.build_mail(message(address=address), make().config)


@pytest.mark.parametrize(
    "block",
    [
        b"To: a@b.c\r\nBcc: x@y.z\r\n\r\n",
        b"To: a@b.c\r\nTo: x@y.z\r\n\r\n",
        b"To: a@b.c\r\nno field\r\n\r\n",
        b"To: a@b.c\nSubject: x\r\n\r\n",
        b"To: a@b.c\rSubject: x\r\n\r\n",
        b"To: a\x00@b.c\r\n\r\n",
        b" To: a@b.c\r\n\r\n",
        b"To: a@b.c\r\n \r\nBcc: x@y.z\r\n\r\n",
        b"To : a@b.c\r\n\r\n",
        b"To: a@b.c\r\n",
        b"\r\n",
    ],
)
def test_a_header_block_that_is_not_ours_is_found(block: bytes) -> None:
    with pytest.raises(Rejected):
        check_header_block(block + b"body", frozenset({"to", "subject"}))


def test_a_folded_header_block_of_ours_is_good() -> None:
    block = b"To: a@b.c,\r\n d@e.f\r\nSubject: =?utf-8?q?x?=\r\n\t=?utf-8?q?y?=\r\n\r\nbody\nBcc: x"
    check_header_block(block, frozenset({"to", "subject"}))
    assert re.match(b"To", block)
