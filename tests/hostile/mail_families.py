"""Families of hostile mails: each makes mails of any size, so that costs can be compared."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Callable

Family = Callable[[int], bytes]

HEAD = b"From: ann@example.com\r\nTo: support@shop.example\r\nMessage-ID: <h@example.com>\r\n"


def _mail(fields: bytes, body: bytes = b"Hello") -> bytes:
    return HEAD + fields + b"\r\n" + body


def _field(name: bytes, piece: bytes) -> Family:
    """One field that is filled with a piece."""
    return lambda n: _mail(name + b": " + piece * (n // len(piece)) + b"\r\n")


def _fields(name: bytes, piece: bytes, length: int = 30_000) -> Family:
    """Fields of one name, each filled with a piece."""
    line = name + b": " + piece * (length // len(piece)) + b"\r\n"
    return lambda n: _mail(line * (n // len(line)))


def _sender(piece: bytes) -> Family:
    return lambda n: b"From: " + piece * (n // len(piece)) + b"\r\n\r\nHello"


def _text(piece: bytes, fields: bytes = b"") -> Family:
    return lambda n: _mail(fields, piece * (n // len(piece)))


#: The beginning of a signed message, up to the pieces of its content.
SIGNED = bytes.fromhex(
    "308006092a864886f70d010702a08030800201013100308006092a864886f70d010701a0802480"
)
PACKET = b"\x78\x9f\x3e\x22\0\0"
PACKED_FILE = b"\x02\x02\x90\x06\0\0\0\0\0\0\0" + b"\x02\x0f\x80\x06\0\x01\0\0\0a\0\0"


def _packed(kind: bytes, piece: bytes, before: bytes = b"") -> Family:
    fields = b"Content-Type: application/" + kind + b"\r\nContent-Transfer-Encoding: base64\r\n"
    return lambda n: _mail(fields, base64.b64encode(before + piece * (n // len(piece))))


def _page(piece: bytes, before: bytes = b"", after: bytes = b"") -> Family:
    fields = b"Content-Type: text/html; charset=utf-8\r\n"
    return lambda n: _mail(fields, before + piece * (n // len(piece)) + after)


def _distinct(piece: str, charset: str = "utf-8") -> Family:
    """A page of pieces of which each has a number of its own."""
    fields = f"Content-Type: text/html; charset={charset}\r\n".encode()
    return lambda n: _mail(fields, "".join(map(piece.format, range(n // len(piece)))).encode())


def _parts(part: bytes) -> Family:
    fields = b"Content-Type: multipart/mixed; boundary=b\r\n"
    return lambda n: _mail(fields, part * (n // len(part)) + b"--b--\r\n")


def _hyphens(n: int) -> bytes:
    return _mail(b"Content-Type: multipart/mixed; boundary=-\r\n", b"-" * n)


def _hyphen_lines(n: int) -> bytes:
    return _mail(b"Content-Type: multipart/mixed; boundary=-\r\n", (b"-" * 50 + b"\n") * (n // 51))


def _nested(n: int) -> bytes:
    levels = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1)
        for i in range(n // 60)
    )
    return _mail(b"Content-Type: multipart/mixed; boundary=b0\r\n", levels)


def _nested_in_one(n: int) -> bytes:
    level = b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return _mail(b"Content-Type: multipart/mixed; boundary=b\r\n", level * (n // len(level)))


def _forwards(n: int) -> bytes:
    level = b"Content-Type: message/rfc822\r\n\r\n"
    return _mail(b"", level * (n // len(level)))


def _one_base64_line(n: int) -> bytes:
    fields = b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n"
    return _mail(fields, base64.b64encode(b"<b>x</b>\n" * (n * 3 // 4 // 9)))


def _base64_file(n: int) -> bytes:
    part = b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    fields = b"Content-Type: multipart/mixed; boundary=b\r\n"
    return _mail(fields, part + base64.b64encode(b"\x89PNG" * (n * 3 // 16)) + b"\r\n--b--")


def _uuencoded(n: int) -> bytes:
    line = binascii.b2a_uu(b"x" * 45)
    fields = b"Content-Transfer-Encoding: x-uuencode\r\n"
    return _mail(fields, b"begin 644 a.txt\n" + line * (n // len(line)) + b"end\n")


def _continuations(n: int) -> bytes:
    pieces = b"".join(b";\r\n name*%d*=%%41" % number for number in range(n // 16))
    return _mail(b"Content-Type: text/plain" + pieces + b"\r\n")


def _parameters_of_parts(n: int) -> bytes:
    part = b"--b\r\nContent-Type: text/plain" + b'; a="b;' * 1_000 + b"\r\n\r\nx\r\n"
    return _parts(part)(n)


def _report(n: int) -> bytes:
    fields = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
    part = b"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + b"Action: failed\r\n\r\n" * 500
    return _mail(fields, part * (n // len(part)) + b"--b--")


REPORT_HEAD = (
    b"From: MAILER-DAEMON@mx.example\r\nTo: support@shop.example\r\nReturn-Path: <>\r\n"
    b"Subject: failure notice\r\nIn-Reply-To: <1.2.a@shop.example>\r\n"
)


def _server_words(piece: bytes, kind: bytes = b"text/plain") -> Family:
    """A report of a mail server as text, filled with a piece."""
    head = REPORT_HEAD + b"Content-Type: " + kind + b"\r\n\r\n"
    return lambda n: head + piece * (n // len(piece))


def _report_parts(part: bytes) -> Family:
    head = REPORT_HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    return lambda n: head + part * (n // len(part)) + b"--b--"


def _report_in_reports(n: int) -> bytes:
    return (REPORT_HEAD + b"Content-Type: message/rfc822\r\n\r\n") * (n // 170)


def _attribute(number: int, content: bytes, length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    return struct.pack("<BLL", 2, number, size) + content + b"\0\0"


def _property(kind: int, name: int, content: bytes, length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    padding = b"\0" * (-len(content) % 4)
    return struct.pack("<LHHLL", 1, kind, name, 1, size) + content + padding


def _in_packet(content: bytes) -> bytes:
    fields = b"Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n"
    return _mail(fields, base64.b64encode(PACKET + content))


def _rtf(piece: bytes, before: bytes = b"", kind: bytes = b"MELA") -> Family:
    """The one body of a packet, in RTF: compressed, or as it is."""
    header = struct.pack("<LL4sL", 0, 0, kind, 0)

    def mail(n: int) -> bytes:
        rtf = header + before + piece * (n // len(piece))
        return _in_packet(_attribute(0x69003, _property(0x102, 0x1009, rtf)))

    return mail


def _bomb(n: int) -> bytes:
    """Compressed RTF in which every two bytes repeat the last byte 17 times."""
    last, body = 206, bytearray()
    while len(body) < n:
        body += b"\xff"
        for _ in range(8):
            body += struct.pack(">H", last % 4096 << 4 | 15)
            last += 17
    return bytes(body)


def _in_bomb(n: int) -> bytes:
    bomb = _bomb(n)
    return _rtf(bomb, kind=b"LZFu")(len(bomb))


def _rtf_of_many_packets(n: int) -> bytes:
    rtf = struct.pack("<LL4sL", 0, 0, b"LZFu", 0) + b"\xff" + (b"\0\x0f" * 8 + b"\xff") * 50
    packet = PACKET + _attribute(0x69003, _property(0x102, 0x1009, rtf))
    part = b"--b\r\nContent-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return _parts(part + base64.b64encode(packet) + b"\r\n")(n)


def _packets_in_packets(n: int) -> bytes:
    content = b""
    while len(content) < n:
        holder = _property(0x0D, 0x3701, b"I" * 16 + PACKET + content)
        content = PACKED_FILE[:11] + _attribute(0x69005, holder)
    return _in_packet(content)


def _packets_in_one(n: int) -> bytes:
    words = _attribute(0x69003, _property(0x1F, 0x1000, b"a\0b\0\0\0"))
    holder = _property(0x0D, 0x3701, b"I" * 16 + PACKET + words)
    return _in_packet((PACKED_FILE[:11] + _attribute(0x69005, holder)) * (n // 110))


def _values(count: int) -> Family:
    """Properties that announce more values than there are bytes."""
    block = struct.pack("<LHHL", 2_000, 0x1102, 0x1009, count)
    return lambda n: _in_packet(_attribute(0x69003, block + b"\0\0\0\0" * (n // 4)))


UNKNOWN_8BIT = bytes(range(0xA0, 0xFF)) * 3
ISO_2022 = b"Content-Type: text/plain; charset=iso-2022-jp\r\n"
FLOWED = b"Content-Type: text/plain; format=flowed; delsp=yes\r\n"
QUOTED_PRINTABLE = b"Content-Transfer-Encoding: quoted-printable\r\n"

FAMILIES: dict[str, Family] = {
    # -- header fields --
    "brackets in From": _sender(b"("),
    "angles in From": _sender(b"<"),
    "quotes in From": _sender(b'"'),
    "backslashes in From": _sender(b"\\"),
    "colons in From": _sender(b"a:"),
    "dots in Cc": _fields(b"Cc", b"."),
    "letters in Cc": _fields(b"Cc", b"a"),
    "brackets in Reply-To": _fields(b"Reply-To", b"()"),
    "open brackets in Reply-To": _fields(b"Reply-To", b"("),
    "addresses in To": _fields(b"To", b"a@b.c,"),
    "addresses in Reply-To": _fields(b"Reply-To", b"noreply@b.c,"),
    "addresses of a list": lambda n: _mail(
        b"List-Post: " + b"<mailto:a@b.c>," * (n // 30) + b"\r\n"
        b"Reply-To: " + b"noreply@b.c," * (n // 24) + b"\r\n"
    ),
    "prefixes in Subject": _field(b"Subject", b"Re: AW: "),
    "tags in Subject": _field(b"Subject", b"[a] "),
    "words of automatic answers in Subject": _field(b"Subject", b"out of office "),
    "addresses in Delivered-To": lambda n: _mail(
        b"Delivered-To: " + b"a@b.c," * (n // 12) + b"\r\nCc: " + b"a@b.c," * (n // 12) + b"\r\n"
    ),
    "addresses in X-Loop": _fields(b"X-Loop", "support@ü.example,".encode()),
    "addresses beyond ASCII": _fields(b"Cc", "ä@ü.ö,".encode()),
    "one domain beyond ASCII": _field(b"Cc", "ü".encode()),
    "encoded words in To": _fields(b"To", b"=?utf-8?q?a,b?= "),
    "encoded words in Subject": _field(b"Subject", b"=?utf-8?b?w7w=?= "),
    "encoded words of many kinds": _field(b"Subject", b"=?koi8-r?q?=F0=D2?= =?gb2312?q?=C4?= "),
    "encoded words that begin": _field(b"Subject", b"=?a?b?"),
    "unknown bytes in Subject": _field(b"Subject", UNKNOWN_8BIT),
    "quotes in Authentication-Results": _field(b"Authentication-Results", b'"\\'),
    "spaces in Message-ID": lambda n: b"Message-ID: <" + b" " * n + b"\r\n\r\nHello",
    "angles in References": _fields(b"References", b"< "),
    "ids in References": _fields(b"References", b"<a@b>"),
    "digits in Date": _field(b"Date", b"9"),
    "brackets in Date": _field(b"Date", b"("),
    "parameters": _field(b"Content-Type", b"text/plain; a=b"),
    "quotes in parameters": _field(b"Content-Type", b'x; a="'),
    "semicolons": _field(b"Content-Type", b"; "),
    "continued parameters": _continuations,
    "parameters of many parts": _parameters_of_parts,
    "folded lines": lambda n: _mail(b"Subject: x\r\n" + b" y\r\n" * (n // 4)),
    "fields": _fields(b"X", b"y", 1),
    "a header block without an end": lambda n: HEAD + b"X: y\r\n" * (n // 6),
    # -- parts --
    "boundary of a hyphen": _hyphens,
    "lines of hyphens": _hyphen_lines,
    "nested parts": _nested,
    "nested parts of one boundary": _nested_in_one,
    "forwarded mails": _forwards,
    "parts": _parts(b"--b\r\n\r\nx\r\n"),
    "text parts of unknown bytes": _parts(b"--b\r\n\r\n" + UNKNOWN_8BIT + b"\r\n"),
    "files": _parts(b"--b\r\nContent-Type: image/png; name=a\r\n\r\nx\r\n"),
    "boundaries that almost end": _parts(b"--b-\r\n"),
    "delivery reports": _report,
    "ids in a report": _server_words(b"Message-ID: <a.b@shop.example>\r\n"),
    "our domain in a report": _server_words(b"@shop.example"),
    "one word in a report": _server_words(b"a"),
    "addresses in a report": _server_words(b"a@b.c "),
    "dots in a report": _server_words(b"a.b."),
    "spaces in a report": _server_words(b" "),
    "hyphens in a report": _server_words(b"-"),
    "fields in a report": _server_words(b"Final-Recipient: a\r\n"),
    "replies in a report": _server_words(b"550 5.1.1 x "),
    "a page in a report": _server_words(b"<p>550 x", b"text/html"),
    "copies in a report": _report_parts(
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <a@b.c>\r\n\r\nx\r\n"
    ),
    "reports in reports": _report_in_reports,
    # -- transfer encodings and character sets --
    "one line of base64": _one_base64_line,
    "a file in base64": _base64_file,
    "soft line breaks": _text(b"=\r\n", QUOTED_PRINTABLE),
    "broken quoted-printable": _text(b"=", QUOTED_PRINTABLE),
    "uuencode": _uuencoded,
    "unknown bytes": _text(UNKNOWN_8BIT),
    "UTF-16": _text(b"\x00a", b"Content-Type: text/plain; charset=utf-16\r\n"),
    "escapes of ISO-2022": _text(b"\x1b$B!!\x1b(B", ISO_2022),
    "NUL": _text(b"\x00"),
    # -- text --
    "flowed lines": _text(b"a \r\n", FLOWED),
    "flowed quotations": _text(b">" * 60 + b" a \r\n", FLOWED),
    "one long line": _text(b"a"),
    "line ends": _text(b"\n"),
    "quotation marks": _text(b"> "),
    "quoted lines": _text(b"> a\r\n"),
    "introductions": _text(b"On 1.2.2026, A wrote:\r\n"),
    "header blocks in the text": _text(b"From: a@b.c\r\nSent: x\r\n"),
    "closings": _text(b"Best regards\r\n\r\n"),
    # -- pages --
    "ampersands": _page(b"&"),
    "entities": _page(b"&amp"),
    "a number without an end": _page(b"9", b"&#"),
    "opened": _page(b"<"),
    "comments": _page(b"<!--"),
    "unclosed elements": _page(b"<div>"),
    "unclosed formats": _page(b"<b><i><u>"),
    "bodies that never end": _page(b"<body "),
    "unclosed formats of many kinds": _distinct('<font size="{}" color=red>x<p>'),
    "990 unclosed formats": lambda n: _mail(
        b"Content-Type: text/html\r\n",
        b"".join(b'<font face="f%d">' % i for i in range(990)) + b"<p>x" * (n // 4),
    ),
    "one format of great length": _page(b"<p>x", b'<font style="color: ' + b"red;" * 5_000 + b'">'),
    "formats and tables": _page(b"<b><table><tr><td></b>x"),
    "one format beside cells": lambda n: _mail(
        b"Content-Type: text/html\r\n",
        b"<p><b title=" + b"x" * (n // 2) + b"></p>"
        + b"<table><tr><td></b></td></tr></table><p>x</p>" * (n // 90),
    ),
    "links in links": _page(b"<a href=x><p>"),
    "misnested formats": _page(b"<b><p></b></p>"),
    "tables in tables": _page(b"<table><tr><td>"),
    "a table's loose text": _page(b"<table>x<b>"),
    "attributes": _page(b" a=b", b"<p ", b">x"),
    "distinct attributes": lambda n: _mail(
        b"Content-Type: text/html\r\n",
        b"<p " + b" ".join(b"a%d=b" % i for i in range(n // 9)) + b">x",
    ),
    "one attribute of great length": _page(b"x", b'<p title="', b'">x'),
    "style of great length": _page(b"color:red;", b'<p style="', b'">x'),
    "brackets in style": _page(b"(", b'<p style="width:', b'">x'),
    "style elements": _page(b"a{b:c}", b"<style>", b"</style>x"),
    "quotations of HTML": _page(b"<blockquote type=cite>x"),
    "marks of programs": _page(b"<hr><div id=appendonsend>x</div>"),
    "pictures": _page(b"<img src=cid:a>"),
    "scripts": _page(b"<script>"),
    "select elements": _page(b"<select><option>x"),
    "foreign elements": _page(b"<svg><math>"),
    "templates": _page(b"<template>"),
    "plaintext": _page(b"<plaintext>"),
    # -- packed bodies and quotations --
    "files that begin": _text(b"begin 644 a\n"),
    "files that begin and end": _text(b"begin 644 a\n`\nend\n"),
    "open elements of a signed message": _packed(b"pkcs7-mime", b"0\x80"),
    "pieces of a signed message": _packed(b"pkcs7-mime", b"\x04\x01a", SIGNED),
    "open pieces of a signed message": _packed(b"pkcs7-mime", b"$\x80", SIGNED),
    "files of a packet": _packed(b"ms-tnef", PACKED_FILE, PACKET),
    "repetitions of compressed RTF": _rtf(b"\xff" + b"\0\x0f" * 8, kind=b"LZFu"),
    "a bomb of compressed RTF": _in_bomb,
    "bytes of compressed RTF": _rtf(b"\0", kind=b"LZFu"),
    "groups of RTF": _rtf(b"{"),
    "groups of RTF that end": _rtf(b"{}"),
    "words of RTF": _rtf(rb"\htmlrtf"),
    "fonts of RTF": _rtf(rb"{\f1\fcharset204}", rb"{\rtf1{\fonttbl"),
    "characters of RTF": _rtf(rb"\u1051?\'cb"),
    "binary data of RTF": _rtf(rb"\bin9"),
    "halves of characters of RTF": _rtf(rb"\u-10179"),
    "a page in RTF": _rtf(rb"{\*\htmltag64 <p>}x", rb"{\rtf1\fromhtml1"),
    "unclosed elements of a page in RTF": _rtf(rb"{\*\htmltag64 <b>}", rb"{\rtf1\fromhtml1"),
    "compressed RTF of many packets": _rtf_of_many_packets,
    "packets in packets": _packets_in_packets,
    "packets in one packet": _packets_in_one,
    "attributes that are too long": lambda n: _in_packet(
        _attribute(0x6800F, b"", 2**32 - 1) * (n // 11)
    ),
    "values that are not there": _values(2**32 - 1),
    "one value and no more": _values(1),
    "parts without a boundary": _text(b"--a\n", b"Content-Type: multipart/mixed\r\n"),
    "introductions without a colon": _text(b"On 1.2.2026 10:00, A <a@b.c> wrote\n"),
    "dashes around introductions": _text(b"---- On 1.2.2026 10:00 wrote ----\n"),
    "emphasis": _text(b"*_" * 400 + b"a\n"),
    "postscripts": _text(b"PS: a\n"),
    "borders": _page(b'<div style="border:none;border-top:solid"><p>From'),
}  # fmt: skip
