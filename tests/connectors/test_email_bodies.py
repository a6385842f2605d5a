# ruff: noqa: E501  (parts of mail are as long as they are)
"""Which words of a mail are its body, and which files it has, however they are packed."""

from __future__ import annotations

import base64
import binascii
import struct

import pytest

from hub.types import InboundMessage
from tests.connectors.mails import make, parsed

HEAD = b"From: Ann <ann@example.com>\r\nTo: support@shop.example\r\nMessage-ID: <b@example.com>\r\n"


def read(fields: str, body: str | bytes) -> InboundMessage:
    body = body if isinstance(body, bytes) else body.encode()
    return parsed(HEAD + fields.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)


def files(message: InboundMessage) -> dict[str, bytes]:
    """The bytes of each file, read anew from the mail by its source, as a hub does it later."""
    connector = make()
    return {
        file.name: connector.read_file(message.raw, file.source) for file in message.attachments
    }


# -- signed messages -------------------------------------------------------------------------------


def der(tag: int, *pieces: bytes) -> bytes:
    content = b"".join(pieces)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def streamed(tag: int, *pieces: bytes) -> bytes:
    """An element without a length, as programs write it that sign while they read."""
    return bytes([tag, 0x80]) + b"".join(pieces) + b"\0\0"


SIGNED_DATA = der(6, bytes.fromhex("2a864886f70d010702"))
ENVELOPED_DATA = der(6, bytes.fromhex("2a864886f70d010703"))
DATA = der(6, bytes.fromhex("2a864886f70d010701"))
ALGORITHMS = der(0x31, der(0x30, der(6, bytes.fromhex("608648016503040201"))))
ENTITY = (
    b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\nContent-Type: text/plain\r\n\r\n"
    b"The contract is attached.\r\n--in\r\nContent-Type: text/csv; name=rates.csv\r\n"
    b"Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.b64encode(b"day;rate\n1;2\n")
    + b"\r\n--in--\r\n"
)


def in_one_piece(content: bytes) -> bytes:
    data = der(0x30, DATA, der(0xA0, der(4, content)))
    return der(0x30, SIGNED_DATA, der(0xA0, der(0x30, der(2, b"\1"), ALGORITHMS, data, der(0x31))))


def in_pieces(content: bytes) -> bytes:
    pieces = (der(4, content[n : n + 50]) for n in range(0, len(content), 50))
    data = streamed(0x30, DATA, streamed(0xA0, streamed(0x24, *pieces)))
    inner = streamed(0x30, der(2, b"\1"), streamed(0x31, ALGORITHMS[2:]), data, der(0x31))
    return streamed(0x30, SIGNED_DATA, streamed(0xA0, inner))


@pytest.mark.parametrize("packed", [in_one_piece, in_pieces])
@pytest.mark.parametrize(
    "fields",
    [
        "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
        "Content-Type: application/x-pkcs7-mime; name=smime.p7m",
        'Content-Type: application/octet-stream; name="smime.p7m"',
    ],
)
def test_a_signed_message_is_read_with_its_files(fields: str, packed: object) -> None:
    content = base64.encodebytes(packed(ENTITY))  # type: ignore[operator]
    message = read(f"{fields}\nContent-Transfer-Encoding: base64", content)
    assert message.text == "The contract is attached."
    assert files(message) == {"rates.csv": b"day;rate\n1;2\n"}
    assert message.extra.get("protection", "signed") == "signed"


def test_a_signed_message_says_that_it_is_signed() -> None:
    fields = "Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64"
    message = read(fields, base64.encodebytes(in_one_piece(b"\r\nYes, signed.")))
    assert (message.text, message.extra["protection"]) == ("Yes, signed.", "signed")


@pytest.mark.parametrize(
    "content",
    [
        der(0x30, ENVELOPED_DATA, der(0xA0, der(0x30, der(2, b"\0")))),
        in_one_piece(ENTITY)[:40],
        b"\x30\x80" * 500,
        b"\x30\x89" + b"\xff" * 20,
        in_one_piece(b""),
        b"no structure at all",
    ],
)
def test_a_message_that_cannot_be_opened_stays_a_file(content: bytes) -> None:
    fields = (
        "Content-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64"
    )
    message = read(fields, base64.encodebytes(content))
    assert files(message) == {"smime.p7m": content}


# -- winmail.dat -----------------------------------------------------------------------------------


def attribute(number: int, content: bytes, level: int = 2) -> bytes:
    total = struct.pack("<H", sum(content) & 0xFFFF)
    return struct.pack("<BLL", level, number, len(content)) + content + total


def properties(*values: tuple[int, int, bytes]) -> bytes:
    block = struct.pack("<L", len(values))
    for kind, name, content in values:
        padding = b"\0" * (-len(content) % 4)
        block += struct.pack("<HHLL", kind, name, 1, len(content)) + content + padding
    return block


def packet(*attributes: bytes) -> bytes:
    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join(attributes)


def packed_file(short: bytes, long: str, content: bytes) -> bytes:
    names = properties((0x1F, 0x3707, (long + "\0").encode("utf-16-le")))
    return (
        attribute(0x69002, b"\0" * 14)
        + attribute(0x18010, short + b"\0")
        + attribute(0x6800F, content)
        + attribute(0x69005, names)
    )


BOUND = "Content-Type: multipart/mixed; boundary=b"
PART = (
    "--b\r\nContent-Type: text/plain\r\n\r\nOur offer.\r\n--b\r\n"
    "Content-Type: application/ms-tnef; name=winmail.dat\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\n"
)


def test_the_files_in_a_winmail_dat_are_the_files_of_the_mail() -> None:
    content = packet(
        attribute(0x6800C, b"Our offer, packed.\0", 1),
        packed_file(b"ANGEBO~1.TXT", "Angebot für März.txt", b"12 chairs"),
        packed_file(b"plan.bin", "plan.bin", bytes(range(256))),
    )
    message = read(BOUND, PART + base64.encodebytes(content).decode() + "\r\n--b--\r\n")
    assert message.text == "Our offer."
    assert files(message) == {"Angebot für März.txt": b"12 chairs", "plan.bin": bytes(range(256))}


def test_the_words_in_a_winmail_dat_are_the_body_of_a_mail_without_others() -> None:
    words = properties((0x1F, 0x1000, "Nächste Woche.\0".encode("utf-16-le")))
    content = packet(attribute(0x69003, words, 1), packed_file(b"a.txt", "a.txt", b"A"))
    fields = "Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64"
    message = read(fields, base64.encodebytes(content))
    assert message.text == "Nächste Woche."
    assert files(message) == {"a.txt": b"A"}


@pytest.mark.parametrize("size", [6, 20, 60, 90])
def test_a_winmail_dat_that_is_cut_short_stays_a_file_or_gives_what_is_whole(size: int) -> None:
    content = packet(packed_file(b"a.txt", "a.txt", b"A"))[:size]
    message = read(BOUND, PART + base64.encodebytes(content).decode() + "\r\n--b--\r\n")
    assert message.text == "Our offer."
    assert files(message) in ({"winmail.dat": content}, {"a.txt": b"A"})


# -- uuencode --------------------------------------------------------------------------------------


def uuencoded(name: str, content: bytes) -> str:
    pieces = [content[n : n + 45] for n in range(0, len(content), 45)]
    encoded = "".join(binascii.b2a_uu(piece, backtick=True).decode() for piece in pieces)
    return f"begin 600 {name}\n{encoded}`\nend\n"


@pytest.mark.parametrize("encoding", ["7bit", "base64"])
def test_uuencoded_files_are_files_and_the_words_around_them_the_text(encoding: str) -> None:
    first, second = bytes(range(200)), b"a;b\n1;2\n"
    text = f"Two files.\n\n{uuencoded('a b.bin', first)}And one:\n{uuencoded('c.csv', second)}Bye\n"
    body = base64.encodebytes(text.encode()).decode() if encoding == "base64" else text
    message = read(f"Content-Type: text/plain\nContent-Transfer-Encoding: {encoding}", body)
    assert message.text.split() == ["Two", "files.", "And", "one:", "Bye"]
    assert files(message) == {"a b.bin": first, "c.csv": second}


def test_a_part_whose_transfer_encoding_is_uuencode_is_a_file() -> None:
    fields = (
        "Content-Type: image/gif; name=dot.gif\nContent-Disposition: attachment\n"
        "Content-Transfer-Encoding: x-uuencode"
    )
    assert files(read(fields, uuencoded("dot.gif", b"GIF89a dot"))) == {"dot.gif": b"GIF89a dot"}


@pytest.mark.parametrize(
    "text",
    [
        "We begin 100 orders a day\nand then we\nend",
        "begin 644 notes\nThis is not encoded at all, is it?\nend",
        "begin 644 notes\nnever ends",
    ],
)
def test_words_that_only_look_uuencoded_stay_words(text: str) -> None:
    message = read("Content-Type: text/plain", text)
    assert message.text.split() == text.split()
    assert message.attachments == ()


# -- which part is the body ------------------------------------------------------------------------


def alternatives(text: str, html: str) -> InboundMessage:
    body = (
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--b--\r\n"
    )
    return read("Content-Type: multipart/alternative; boundary=b", body)


@pytest.mark.parametrize(
    "stub",
    [
        "This message is in HTML format. Use a client that can show it.",
        "Ihr Programm kann diese HTML-Mail leider nicht anzeigen.",
        "Pour lire ce message, ouvrez-le dans votre navigateur.",
        "Please click the link to see this email.",
        "[text version not available]",
    ],
)
def test_a_text_that_only_excuses_the_page_beside_it_is_not_shown(stub: str) -> None:
    page = (
        "<p>Could you deliver the second wardrobe on Thursday morning instead?</p>"
        "<p>Our lift is being repaired until noon, and nobody can carry it up.</p>"
    )
    assert "second wardrobe" in alternatives(stub, page).text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Is HTML allowed in reviews?", "<p>Is <b>HTML</b> allowed in reviews?</p>"),
        ("Ja, gern.", "<p>Ja, gern.</p>"),
        ("Bitte öffnen Sie den Browser und melden Sie sich an.", "<img src=cid:logo>"),
        ("注文をキャンセルしてください。", "<p>注文をキャンセルしてください。</p>"),
    ],
)
def test_a_text_that_says_what_its_page_says_is_shown(text: str, html: str) -> None:
    assert alternatives(text, html).text == text


def test_a_text_with_a_name_is_the_body_where_there_is_no_other() -> None:
    body = (
        "--b\r\nContent-Type: text/plain; name=note.txt\r\nContent-Disposition: inline\r\n\r\n"
        "Ring the second bell.\r\n--b\r\nContent-Type: text/plain; name=log.txt\r\n"
        "Content-Disposition: attachment; filename=log.txt\r\n\r\nline\r\n--b--\r\n"
    )
    message = read(BOUND, body)
    assert message.text == "Ring the second bell."
    assert [file.name for file in message.attachments] == ["log.txt"]


def test_a_text_with_a_name_beside_another_is_a_file() -> None:
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nSee the note.\r\n--b\r\n"
        "Content-Type: text/plain; name=note.txt\r\nContent-Disposition: inline\r\n\r\nx\r\n--b--\r\n"
    )
    message = read(BOUND, body)
    assert message.text == "See the note."
    assert [file.name for file in message.attachments] == ["note.txt"]


INNER = "--real\r\nContent-Type: text/plain\r\n\r\nThe door sticks.\r\n--real--\r\n"


@pytest.mark.parametrize(
    ("fields", "body", "text"),
    [
        ("Content-Type: multipart/mixed", "The door sticks.", "The door sticks."),
        ("Content-Type: multipart/mixed; boundary=x", "The door sticks.", "The door sticks."),
        ("Content-Type: multipart/mixed; boundary=x", INNER, "The door sticks."),
        ("Content-Type: multipart/alternative", INNER, "The door sticks."),
        ("Content-Type: multipart/related", "<html><body>The door<br>sticks.", "The door\nsticks."),
        (
            "Content-Type: multipart/mixed; boundary=real\nContent-Transfer-Encoding: base64",
            base64.encodebytes(INNER.encode()).decode(),
            "The door sticks.",
        ),
        (
            "Content-Type: text/plain\nContent-Transfer-Encoding: base64",
            "The door of my wardrobe sticks.",
            "The door of my wardrobe sticks.",
        ),
        ("Content-Type: text/plain", "<html><body><p>The door sticks.</p>", "The door sticks."),
    ],
)
def test_the_words_of_a_mislabelled_body_are_shown(fields: str, body: str, text: str) -> None:
    assert read(fields, body).text == text


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n", b"\n\n", b"\xef\xbb\xbf\r\n"])
def test_marks_and_blank_lines_before_the_first_field_change_nothing(before: bytes) -> None:
    message = parsed(before + HEAD + b"Subject: Door\r\n\r\nIt sticks.\r\n")
    assert (message.subject, message.text) == ("Door", "It sticks.")
    assert message.address.path == "ann@example.com"
