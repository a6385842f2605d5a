# ruff: noqa: E501  (bodies are as long as they are)
"""What Outlook packs into a `winmail.dat`: words that it compressed, and messages in messages."""

from __future__ import annotations

import base64
import random
import struct
from collections.abc import Sequence

import pytest

from hub.connectors.email.mime.lzfu import FIRST_WORDS, decompressed
from hub.connectors.email.mime.rtf import read_rtf
from hub.types import InboundMessage
from tests.connectors.mails import mail, parsed
from tests.connectors.test_email_bodies import attribute, files, packed_file, packet, properties

LIMIT = 100_000
UNICODE, BINARY, TIME, OBJECT = 0x1F, 0x102, 0x40, 0x0D


def compressed(data: bytes) -> bytes:
    """RTF as Outlook compresses it: with the nearest longest repetition, up to 17 bytes."""
    text, at, tokens = bytearray(FIRST_WORDS), 0, []
    while at < len(data):
        best, best_at = 0, 0
        for size in range(2, min(17, len(data) - at) + 1):
            found = text.rfind(data[at : at + size], max(0, len(text) - 4000))
            if found < 0:
                break
            best, best_at = size, found
        if best:
            tokens.append((best_at % 4096) << 4 | (best - 2))
            text += data[at : at + best]
            at += best
        else:
            tokens.append(-data[at] - 1)
            text += data[at : at + 1]
            at += 1
    tokens.append((len(text) % 4096) << 4)
    body = b""
    for first in range(0, len(tokens), 8):
        eight = tokens[first : first + 8]
        body += bytes([sum((token >= 0) << bit for bit, token in enumerate(eight))])
        body += b"".join(
            struct.pack(">H", token) if token >= 0 else bytes([-token - 1]) for token in eight
        )
    return struct.pack("<LL4sL", len(body) + 12, len(data), b"LZFu", 0) + body


def with_packet(content: bytes, words: str = "") -> InboundMessage:
    text = f"--b\r\nContent-Type: text/plain\r\n\r\n{words}\r\n" if words else ""
    body = (
        f"{text}--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(content).decode()}--b--\r\n"
    )
    return parsed(mail("Content-Type: multipart/mixed; boundary=b", body=body))


def with_rtf(rtf: bytes) -> InboundMessage:
    block = properties((BINARY, 0x1009, compressed(rtf)))
    return with_packet(packet(attribute(0x69003, block, 1)))


# -- compression -----------------------------------------------------------------------------------


def test_what_was_compressed_comes_back() -> None:
    chance = random.Random(20)
    for size in (0, 1, 16, 17, 18, 300, 5_000):
        data = bytes(chance.choice(b"ab{}\\ \n") for _ in range(size))
        assert decompressed(compressed(data), LIMIT) == data
    repeated = b"Lampe " * 2_000
    assert decompressed(compressed(repeated), LIMIT) == repeated


def test_a_body_that_was_not_compressed_is_read_too() -> None:
    data = struct.pack("<LL4sL", 20, 8, b"MELA", 0) + rb"{\rtf1 }"
    assert decompressed(data, LIMIT) == rb"{\rtf1 }"


def test_a_body_that_was_cut_short_gives_what_is_whole() -> None:
    data = bytes(random.Random(3).choice(b"Lampe ") for _ in range(2_000))
    whole = compressed(data)
    for size in range(0, len(whole), 97):
        assert data.startswith(decompressed(whole[:size], LIMIT))


def test_no_more_is_unpacked_than_the_limit() -> None:
    assert len(decompressed(compressed(b"x" * 20_000), 1_000)) == 1_000


# -- RTF -------------------------------------------------------------------------------------------

FONTS = rb"{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fnil\fcharset204 Arial CYR;}{\f2\fcharset177 David;}}"


@pytest.mark.parametrize(
    ("rtf", "text"),
    [
        (rb"{\rtf1\ansi\ansicpg1252 Two lamps,\par gr\'fcn.}", "Two lamps,\ngrün."),
        (rb"{\rtf1\ansi\deff0" + FONTS + rb"\f0 Dear \f1 \'cb\'e0\'ec\'ef\'e0\f0 !}", "Dear Лампа!"),
        (rb"{\rtf1\ansi\deff0" + FONTS + rb"{\f2 \'f9\'ec\'e5\'ed} ok}", "שלום ok"),
        (rb"{\rtf1\ansi\uc1 \u1051?\u1072?\u1084?\u1087?\u1072?}", "Лампа"),
        (rb"{\rtf1\ansi\uc0\u-10179\u-8704 fine}", "😀fine"),
        (rb"{\rtf1\ansi\ansicpg932 \'83\'89\'83\'93\'83v}", "ランプ"),
        (rb"{\rtf1{\info{\author Bo}}{\*\generator X;}{\pict 00ff}Only this\emdash now}", "Only this—now"),
        (rb"{\rtf1 a\{b\}\\c\~d\tab e{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}}", "a{b}\\c\xa0d\telink"),
        (rb"{\rtf1 one{\pict\bin4 }}{{}two}", "onetwo"),
        (rb"{\rtf1 broken \'zz \u", "broken 'zz \x00"),
    ],
)  # fmt: skip
def test_the_words_of_rtf_are_read(rtf: bytes, text: str) -> None:
    content = read_rtf(rtf)
    assert (content.text, content.is_page) == (text, False)


PAGE = (
    rb"{\rtf1\ansi\ansicpg1251\fromhtml1 \deff0" + FONTS + rb"\uc1\pard\plain\f0"
    rb"{\*\htmltag19 <html>}{\*\htmltag50 <body>}{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 "
    rb"Two {\*\htmltag84 <b>}\htmlrtf {\b\htmlrtf0 lamps{\*\htmltag92 </b>}\htmlrtf }\htmlrtf0"
    rb"{\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0 \'eb\'e0\'ec\'ef\'fb"
    rb"{\*\mhtmltag84 <img src=x>}{\*\htmltag84 <img src='cid:plan'>}"
    rb"\htmlrtf\par}\htmlrtf0{\*\htmltag72 </p>}{\*\htmltag58 </body>}{\*\htmltag27 </html>}}"
)


def test_a_page_in_rtf_is_the_page_that_was_wrapped() -> None:
    content = read_rtf(PAGE)
    assert content.is_page
    assert content.text == (
        "<html><body><p>Two <b>lamps</b>&lt;лампы<img src='cid:plan'></p></body></html>"
    )


# -- in a mail -------------------------------------------------------------------------------------


def test_compressed_words_alone_are_the_body() -> None:
    message = with_rtf(rb"{\rtf1\ansi Two lamps.\par\par For Tuesday.}")
    assert (message.text, message.attachments) == ("Two lamps.\n\nFor Tuesday.", ())


def test_a_compressed_page_is_cleaned_and_shown() -> None:
    message = with_rtf(PAGE.replace(b"<b>", b"<b onclick=x()>"))
    assert message.text == "Two lamps<лампы"
    assert "<b>lamps</b>" in message.html
    assert "onclick" not in message.html


def test_a_packed_text_goes_before_what_was_compressed() -> None:
    block = properties(
        (BINARY, 0x1009, compressed(rb"{\rtf1 compressed}")),
        (UNICODE, 0x1000, "Plain words.\0".encode("utf-16-le")),
    )
    assert with_packet(packet(attribute(0x69003, block, 1))).text == "Plain words."


def test_a_text_beside_the_packet_is_the_body() -> None:
    block = properties((BINARY, 0x1009, compressed(rb"{\rtf1 Two lamps.}")))
    message = with_packet(packet(attribute(0x69003, block, 1)), "Two lamps.")
    assert message.text == "Two lamps."


def embedded(words: str, *more: bytes, name: str = "Kaebus", texts: Sequence[tuple[int, int, bytes]] = ()) -> bytes:  # fmt: skip
    """A file of a packet that is a message."""
    named = [(0x0C1A, "Mari Maasikas"), (0x5D01, "mari@home.example"), (0x0037, name)]
    block = properties(
        *[(UNICODE, tag, f"{value}\0".encode("utf-16-le")) for tag, value in named],
        *(texts or [(UNICODE, 0x1000, f"{words}\0".encode("utf-16-le"))]),
    )
    inner = packet(attribute(0x69003, block, 1), *more)
    holder = properties(
        (UNICODE, 0x3001, f"{name}\0".encode("utf-16-le")), (OBJECT, 0x3701, b"I" * 16 + inner)
    )
    return attribute(0x69002, b"\0" * 14) + attribute(0x69005, holder)


def test_a_message_in_a_packet_shows_its_words_and_files_like_a_forwarded_one() -> None:
    inner = embedded("The lamp came broken.", packed_file(b"p.jpg", "photo.jpg", b"\xff\xd8\xff"))
    message = with_packet(packet(inner, packed_file(b"a.txt", "a.txt", b"A")), "See below.")
    assert message.text == (
        "See below.\n\n---------- Forwarded message ----------\n"
        "From: Mari Maasikas <mari@home.example>\nSubject: Kaebus\n\nThe lamp came broken."
    )
    assert files(message) == {"photo.jpg": b"\xff\xd8\xff", "a.txt": b"A"}


def test_the_words_of_a_message_in_a_packet_are_not_folded_as_a_quotation() -> None:
    quoted = "Yes.\r\n\r\nOn 3 Apr 2026 at 8:12, Bo <bo@home.example> wrote:\r\n> Both?"
    message = with_packet(packet(embedded("The lamp came broken.")), quoted)
    assert message.text.startswith("Yes.\n\n---------- Forwarded")
    assert message.text.endswith("The lamp came broken.")
    assert "> Both?" in message.full_text


def test_messages_in_messages_show_and_compressed_words_of_them() -> None:
    rtf = (BINARY, 0x1009, compressed(rb"{\rtf1 The innermost words.}"))
    innermost = embedded("", name="Third", texts=[rtf])
    message = with_packet(packet(embedded("Second words.", innermost, name="Second")), "First.")
    assert message.text.split("\n\n") == [
        "First.",
        "---------- Forwarded message ----------\nFrom: Mari Maasikas <mari@home.example>\n"
        "Subject: Second",
        "Second words.",
        "---------- Forwarded message ----------\nFrom: Mari Maasikas <mari@home.example>\n"
        "Subject: Third",
        "The innermost words.",
    ]


def test_a_page_with_a_packed_message_shows_both() -> None:
    body = (
        "--b\r\nContent-Type: text/html\r\n\r\n<p>See <b>below</b>.</p>\r\n"
        "--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
        f"{base64.encodebytes(packet(embedded('<Broken> lamp.'))).decode()}--b--\r\n"
    )
    message = parsed(mail("Content-Type: multipart/mixed; boundary=b", body=body))
    assert message.text.startswith("See below.\n\n---------- Forwarded")
    assert message.text.endswith("<Broken> lamp.")
    assert "<b>below</b>" in message.html
    assert "&lt;Broken&gt; lamp." in message.html


@pytest.mark.parametrize("size", range(20, 400, 20))
def test_a_packed_message_that_is_cut_short_loses_no_other_words(size: int) -> None:
    content = packet(packed_file(b"a.txt", "a.txt", b"A"), embedded("The lamp came broken."))
    message = with_packet(content[:size], "See below.")
    assert message.text.startswith("See below.")
