# ruff: noqa: E501  (lines of mail are as long as they are)
"""What mail programs write above a quotation, and what only looks like it."""

from __future__ import annotations

import pytest

from hub.connectors.email.quotes.folding import fold
from hub.connectors.email.quotes.html_text import html_to_text
from hub.connectors.email.quotes.libraries import libraries_cut
from tests.connectors.quote_layouts import LAYOUTS

#: Above these an answer of one line stands, below them a quotation without marks.
INTRODUCTIONS = {
    "a date in two lines": "Petra Vogel <petra@mill.example> schrieb am Fr., 3.\nApril 2026 um 08:12 Uhr:",
    "a bracket in two lines": "fre. 3. apr. 2026 kl. 08:12 skrev Verksted <post@mill.example\n>:",
    "a bracket before the verb": "On Fri, Apr 3, 2026 at 8:12 AM Mill Workshop <post@mill.example\n> wrote:",
    "an opened bracket": "Il giorno ven 3 apr 2026 alle ore 08:12 Mulino <\npost@mill.example> ha scritto:",
    "a colon of its own line": "Le ven. 3 avr. 2026 à 08:12, Moulin <post@mill.example> a écrit\n:",
    "no spaces": "On Fri,Apr 3,2026 at 8:12 AM Mill<post@mill.example>wrote:",
    "dashes": "---- On Fri, 03 Apr 2026 08:12:44 +0200 Mill <post@mill.example> wrote ----",
    "dashes in German": "---- Am Fr, 03 Apr 2026 08:12:44 +0200 Mühle <post@mill.example> schrieb ---",
    "no colon": "On Fri, 3 Apr 2026 08:12:44 +0200\nMill <post@mill.example> wrote",
    "emphasis": "*On Fri, Apr 3, 2026 at 8:12 AM Mill <post@mill.example> wrote:*",
    "underscores": "_Le 03/04/2026 à 08:12, Moulin <post@mill.example> a écrit :_",
    "brackets around": "(On Apr 3, 2026, at 8:12, Mill <post@mill.example> wrote:)",
    "Danish": "Den fre. 3. apr. 2026 kl. 08.12 skrev Møllen <post@mill.example>:",
    "The Bat": "Вы писали 3 апреля 2026 г., 8:12:44:",
    "mail.ru": "Пятница, 3 апреля 2026, 8:12 +03:00 от Мельница <post@mill.example>:",
    "Croatian": "pet, 3. tra 2026. u 08:12 Mlin <post@mill.example> napisao je:",
    "Slovenian": "V pet., 3. apr. 2026 ob 08:12 je Mlin <post@mill.example> napisal:",
    "Serbian": "пет, 3. апр 2026. у 08:12 Млин <post@mill.example> је написао:",
    "Thai": "เมื่อ ศ. 3 เม.ย. 2026 เวลา 08:12 Mill <post@mill.example> เขียนว่า:",
    "Indonesian": "Pada tanggal Jum, 3 Apr 2026 pukul 08.12 Mill <post@mill.example> menulis:",
    "a Danish mark": "-------- Oprindelig besked --------\nFra: Møllen <post@mill.example>\nDato: 3.4.2026 08.12\nTil: bo@home.example\nEmne: Ordre",
    "unknown words between dashes": "----- Jatorrizko gutuna -----\nFrom: Mill <post@mill.example>\nDate: 3 Apr 2026\nTo: bo@home.example\nSubject: Order",
    "a mark in emphasis": "*-------- Original Message --------*\n*From: *Mill <post@mill.example>\n*Date: *Fri, 3 Apr 2026\n*To: *bo@home.example\n*Subject: *Order",
    "a block without a subject": "Od: Młyn\nWysłano: \u200epiątek\u200e, \u200e3\u200e \u200ekwietnia\u200e \u200e2026\u200e \u200e08\u200e:\u200e12\nDo: Bo",
    "a block in Traditional Chinese": "寄件者: Mill <post@mill.example>\n日期: 2026年4月3日 週五 上午8:12\n收件者: bo@home.example\n主旨: 訂單",
    "a block in Indonesian": "Dari: Mill <post@mill.example>\nDikirim: Jumat, 3 April 2026 08.12\nKepada: bo@home.example\nPerihal: Pesanan",
    "a block in Portuguese": "De: Mill <post@mill.example>\nEnviada em: sexta-feira, 3 de abril de 2026 08:12\nPara: bo@home.example\nAssunto: Pedido",
    "Horde": "Zitat von Mill <post@mill.example>:",
}  # fmt: skip


@pytest.mark.parametrize("name", INTRODUCTIONS)
def test_an_introduction_and_what_it_introduces_are_folded(name: str) -> None:
    mail = f"The blue one, please.\n\n{INTRODUCTIONS[name]}\n\nWhich colour do you want?"
    assert fold(mail, "Re: Order", libraries_cut) == "The blue one, please."


@pytest.mark.parametrize(
    ("mail", "shown"), [pytest.param(mail, shown, id=name) for name, mail, shown in LAYOUTS]
)
def test_of_an_answer_what_its_sender_wrote_is_shown(mail: str, shown: str) -> None:
    assert fold(mail, "Re: Order", libraries_cut) == shown


def test_no_two_layouts_have_one_name() -> None:
    assert len({name for name, *_ in LAYOUTS}) == len(LAYOUTS) > 100


CONTENT = {
    "a form": "New enquiry\n\nFrom: Bo Lind <bo@home.example>\nDate: 3 April 2026\nSubject: Mill\nMessage: It does not turn.",
    "a form with a recipient": "From: Bo Lind <bo@home.example>\nTo: Sales\nDate: 3 April 2026\nSubject: Mill\nPhone: 5551234\nMessage: It does not turn.",
    "a sentence with On": "On the lid it says 2026.\nPlease check the date 3.4.2026.",
    "a list below hyphens": "I need:\n--\n- two lids\n- one crank",
    "hyphens between entries": "Orders:\n--\n81\n--\n82\nCancel both, please.",
    "a question below hyphens": "I paid twice.\n--\nWhen do I get my money?\n--\nAnd how?",
    "sent from as a question": "It never came.\nSent from your shop in Tartu?",
}  # fmt: skip


@pytest.mark.parametrize("name", CONTENT)
def test_what_only_looks_like_a_quotation_or_a_signature_is_kept(name: str) -> None:
    assert fold(CONTENT[name], "", libraries_cut) == CONTENT[name]


@pytest.mark.parametrize("mark", ["PS: ", "P.S. ", "PPS ", "З.Ы. ", "N.B.: "])
@pytest.mark.parametrize("closing", ["Best regards,\nBo", "-- \nBo Lind", "Sent from my iPhone"])
def test_a_postscript_below_a_signature_is_kept_without_the_signature(
    mark: str, closing: str
) -> None:
    postscript = f"{mark}my new number is 5551234."
    assert (
        fold(f"Please call me.\n\n{closing}\n\n{postscript}") == f"Please call me.\n\n{postscript}"
    )


@pytest.mark.parametrize(
    "line",
    [
        "(Sent from a mobile phone)",
        "[Sent from Yahoo Mail]",
        "從我的 iPhone 傳送",
        "寄自我的 iPad",
        "发自我的华为手机",
        "iPadから送信",
        "내 Galaxy에서 보냄",
        "Sendt med Outlook til Android",
        "Изпратено от моя телефон",
        "Poslano z mojega telefona",
        "Dikirim dari iPhone saya",
        "Trimis din Outlook",
    ],
)
def test_the_line_of_a_phone_is_folded(line: str) -> None:
    assert fold(f"OK.\n\n{line}") == "OK."


BORDER = (
    '<div style="border: none; border-top: solid #ccc 1.0pt; padding: 3pt 0 0 0"><p>{}</p></div>'
)


def test_a_border_above_a_paragraph_starts_no_quotation() -> None:
    page = "<p>We order:</p>" + BORDER.format("12 lids") + "<p>by Monday.</p>"
    assert fold(html_to_text(page)).split() == ["We", "order:", "12", "lids", "by", "Monday."]


def test_a_border_above_a_block_of_headers_starts_a_quotation() -> None:
    block = "<b>Fra:</b> Mill &lt;post@mill.example&gt;<br><b>Sendt:</b> fredag<br><b>Til:</b> Bo"
    page = "<p>Ja tak.</p>" + BORDER.format(block) + "<p>Hvilken farve?</p>"
    assert fold(html_to_text(page)) == "Ja tak."
