# ruff: noqa: E501  (fields of mail are as long as they are)
"""Letters are read by what their bytes show, whatever the label says."""

from __future__ import annotations

import pytest

from hub.connectors.email.mime.charsets import decode
from hub.connectors.email.mime.headers import decoded
from tests.connectors.mails import parsed

#: A text, the character set it is written in, the label it has.
LABELS = [
    ("Où est ma commande ? Je l’attends déjà.", "utf-8", "iso-8859-1"),
    ("Мой заказ ещё в пути?", "utf-8", "windows-1251"),
    ("Zażółć gęślą jaźń", "utf-8", "iso-8859-2"),
    ("你好，请问我的订单什么时候能到？", "utf-8", "gb2312"),
    ("荷物はまだ届きません。", "utf-8", "shift_jis"),
    ("荷物はまだ届きません。", "iso2022_jp", ""),
    ("荷物はまだ届きません。", "iso2022_jp", "us-ascii"),
    ("荷物はまだ届きません。", "iso2022_jp", "utf-8"),
    ("배송은 언제 오나요?", "iso2022_kr", "us-ascii"),
    ("The parcel is here.", "ascii", "utf-16"),
    ("Päckchen da", "utf-16", ""),
    ("Olá, o pacote não chegou", "latin-1", "utf-8"),
    ("ça va", "cp1252", "iso-8859-1"),
    ("Ünlü bir şehir", "cp1254", "iso-8859-9"),
    ("联通", "gb18030", "gb2312"),
]


@pytest.mark.parametrize(("text", "written", "label"), LABELS)
def test_a_text_is_read_by_its_bytes_where_they_contradict_the_label(
    text: str, written: str, label: str
) -> None:
    assert decode(text.encode(written), label) == text


def test_a_utf8_text_with_broken_bytes_keeps_its_other_letters() -> None:
    assert decode("Grüße aus Köln, schöne Straße ".encode() + b"\xff", "utf-8").startswith("Grüße")


@pytest.mark.parametrize(
    ("words", "charset"),
    [
        ("חשבונית", "windows-1255"),
        ("ใบแจ้งหนี้", "tis-620"),
        ("СЧЁТ", "windows-1251"),
        ("ДОГОВОР", "koi8-r"),
        ("Kuķis", "windows-1257"),
        ("Łódź", "iso-8859-2"),
        ("請求書", "shift_jis"),
    ],
)
@pytest.mark.parametrize("place", ["body", "word", "page"])
def test_raw_bytes_in_fields_are_read_in_the_character_set_that_the_mail_names(
    words: str, charset: str, place: str
) -> None:
    raw = words.encode(charset)
    named = {
        "body": (b"text/plain; charset=" + charset.encode(), b"x"),
        "word": (b"text/plain", b"x"),
        "page": (b"text/html", b'<meta charset="' + charset.encode() + b'"><p>x</p>'),
    }[place]
    word = f"=?{charset}?q?x?=".encode() if place == "word" else b"x"
    mail = (
        b"From: " + raw + b" <a@firm.example>\r\nTo: " + word + b" <b@hub.example>\r\n"
        b"Subject: " + raw + b"\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=q\r\n\r\n"
        b"--q\r\nContent-Type: " + named[0] + b"\r\n\r\n" + named[1] + b"\r\n"
        b"--q\r\nContent-Type: application/pdf\r\n"
        b'Content-Disposition: attachment; filename="' + raw + b'.pdf"\r\n\r\nx\r\n--q--\r\n'
    )
    message = parsed(mail)
    assert message.subject == words
    assert message.profile.name == words
    assert [file.name for file in message.attachments] == [f"{words}.pdf"]


def test_raw_bytes_that_are_utf8_stay_so_whatever_the_mail_names() -> None:
    mail = (
        "From: Łucja Żak <a@firm.example>\r\nSubject: Zażółć\r\n"
        "Content-Type: text/plain; charset=windows-1251\r\n\r\nx"
    ).encode()
    message = parsed(mail)
    assert (message.subject, message.profile.name) == ("Zażółć", "Łucja Żak")


RAW_NAMES = [
    ("Акт сверки.doc", ("koi8-r", "cp1251")),
    ("Договір поставки.docx", ("koi8-u", "cp1251")),
    ("план на март.txt", ("cp866", "iso8859-5", "koi8-r", "utf-8")),
    ("Kostenübersicht März.pdf", ("cp1252", "utf-8")),
    ("Żółta łódź.pdf", ("cp1250", "utf-8")),
    ("十一月发票清单.xlsx", ("gb18030", "utf-8")),
    ("訂單明細.pdf", ("big5",)),
    ("注文書の送付について.pdf", ("cp932", "euc_jp")),
    ("견적서 요청.hwp", ("cp949",)),
    ("فاتورة نوفمبر.pdf", ("cp1256",)),
    ("Τιμολόγιο Μαρτίου.pdf", ("cp1253",)),
]


@pytest.mark.parametrize(
    ("name", "charset"), [(name, charset) for name, sets in RAW_NAMES for charset in sets]
)
def test_raw_letters_in_a_subject_and_in_a_file_name_are_read(name: str, charset: str) -> None:
    raw = (
        b"From: ann@example.com\r\nSubject: SUBJECT\r\nContent-Type: multipart/mixed; boundary=b\r\n"
        b"\r\n--b\r\n\r\nsee file\r\n--b\r\nContent-Type: application/pdf; name=x\r\n"
        b'Content-Disposition: attachment; filename="NAME"\r\n\r\n%PDF\r\n--b--\r\n'
    )
    encoded = name.encode(charset)
    message = parsed(raw.replace(b"SUBJECT", encoded).replace(b"NAME", encoded))
    assert message.subject == name
    assert [file.name for file in message.attachments] == [name]


def test_a_file_name_of_raw_pieces_keeps_its_letters() -> None:
    raw = (
        "From: ann@example.com\r\nContent-Type: application/pdf\r\n"
        'Content-Disposition: attachment; filename*0="Rahmenvertrag fü"; filename*1="r Özlem.pdf"\r\n'
        "\r\n%PDF\r\n"
    ).encode()
    assert [file.name for file in parsed(raw).attachments] == ["Rahmenvertrag für Özlem.pdf"]


def test_a_value_of_characters_and_bytes_loses_neither() -> None:
    assert decoded("für \udcc3\udc96zlem") == "für Özlem"
