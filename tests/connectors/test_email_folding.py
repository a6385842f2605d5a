# ruff: noqa: E501  (lines of mail are as long as they are)
"""What is shown of a mail: its sender's own words, in the languages and programs people use.

The mails are written after what Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, Proton, Yandex and
mail.ru produce; names and addresses are made up.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.email.quotes.folding import fold
from hub.connectors.email.quotes.html_text import html_to_text
from hub.connectors.email.quotes.libraries import libraries_cut
from hub.testing import fuzzed

QUOTED = "> Old text\n> second line"

#: An introduction, and what somebody wrote above it.
INTRODUCED = {
    "gmail en": (
        "On Mon, May 12, 2024 at 10:30 AM Ann Lee <ann@example.com> wrote:",
        "Yes, please.\nToday.",
    ),
    "gmail en wrapped": (
        "On Mon, May 12, 2024 at 10:30 AM Shop Support <\nsupport+abc123@shop.example> wrote:",
        "Yes, please.\nToday.",
    ),
    "gmail de": (
        "Am So., 12. Mai 2024 um 10:30 Uhr schrieb Shop <shop@example.com>:",
        "Ja, bitte.",
    ),
    "gmail de wrapped": (
        "Am So., 12. Mai 2024 um 10:30 Uhr schrieb Shop Support mit langem Namen <\nshop@example.com>:",
        "Ja, bitte.",
    ),
    "gmail pl": (
        "niedz., 12 maj 2024 o 10:30 Sklep <shop@example.com> napisał(a):",
        "Tak, zgadzam się.\nProszę wysłać.",
    ),
    "gmail et": (
        "Kuupäev P, 12. mai 2024 kell 10:30 kirjutas Pood <shop@example.com>:",
        "Jah, palun.\nTäna.",
    ),
    "gmail et new": (
        "Pood <shop@example.com> kirjutas kuupäeval P, 12. mai 2024 kell 10:30:",
        "Jah, palun.",
    ),
    "gmail ru": (
        "вс, 12 мая 2024 г. в 10:30, Магазин <shop@example.com>:",
        "Да, пожалуйста.\nСегодня.",
    ),
    "gmail uk": (
        "нд, 12 трав. 2024 р. о 10:30 Крамниця <shop@example.com> пише:",
        "Так, будь ласка.",
    ),
    "gmail ar": (
        "في الأحد، 12 مايو 2024 في 10:30 ص تمت كتابة ما يلي بواسطة \u200f\u202aShop\u202c\u200f <\u202ashop@example.com\u202c\u200f>:",
        "نعم من فضلك\nاليوم",
    ),
    "gmail fa": (
        "در تاریخ یکشنبه ۱۲ مهٔ ۲۰۲۴،\u200f ۱۰:۳۰ \u202aShop\u202c\u200f <\u202ashop@example.com\u202c\u200f> نوشت:",
        "بله لطفاً\nامروز",
    ),
    "gmail fr": (
        "Le dim. 12 mai 2024 à 10:30, Boutique <shop@example.com> a écrit :",
        "Oui, merci.",
    ),
    "gmail es": (
        "El dom, 12 may 2024 a las 10:30, Tienda (<shop@example.com>) escribió:",
        "Sí, gracias.",
    ),
    "gmail it": (
        "Il giorno dom 12 mag 2024 alle ore 10:30 Negozio <shop@example.com> ha scritto:",
        "Sì, grazie.",
    ),
    "gmail pt": (
        "Em dom., 12 de mai. de 2024 às 10:30, Loja <shop@example.com> escreveu:",
        "Sim.",
    ),
    "gmail ca": (
        "Missatge de Botiga <shop@example.com> del dia dg., 12 de maig 2024 a les 10:30:",
        "Sí, gràcies.",
    ),
    "gmail nl": (
        "Op zo 12 mei 2024 om 10:30 schreef Winkel <shop@example.com>:",
        "Ja graag.",
    ),
    "gmail fi": (
        "su 12. toukok. 2024 klo 10.30 Kauppa (shop@example.com) kirjoitti:",
        "Kyllä kiitos.",
    ),
    "gmail sv": (
        "Den sön 12 maj 2024 kl 10:30 skrev Butik <shop@example.com>:",
        "Ja tack.",
    ),
    "gmail tr": (
        "Mağaza <shop@example.com>, 12 May 2024 Paz, 10:30 tarihinde şunu yazdı:",
        "Evet lütfen.",
    ),
    "gmail he": (
        "\u202bבתאריך יום א׳, 12 במאי 2024 ב-10:30 מאת \u202aShop\u202c\u200f <\u202ashop@example.com\u202c\u200f>:\u202c",
        "כן בבקשה",
    ),
    "gmail ja": (
        "2024年5月12日(日) 10:30 Shop <shop@example.com>:",
        "はい、お願いします。",
    ),
    "gmail zh": (
        "Shop <shop@example.com> 于2024年5月12日周日 10:30写道：",
        "好的。",
    ),
    "apple en": (
        "> On 12 May 2024, at 10:30, Shop <shop@example.com> wrote:\n> ",
        "Yes, please.",
    ),
    "apple en 2": (
        "On 12 May 2024, at 10:30, Shop <shop@example.com> wrote:\n",
        "Yes, please.",
    ),
    "apple de": (
        "Am 12.05.2024 um 10:30 schrieb Shop <shop@example.com>:\n",
        "Ja, bitte.",
    ),
    "apple pl": (
        "Wiadomość napisana przez Sklep <shop@example.com> w dniu 12 maj 2024, o godz. 10:30:\n",
        "Tak.",
    ),
    "apple ru": (
        "12 мая 2024 г., в 10:30, Магазин <shop@example.com> написал(а):\n",
        "Да.",
    ),
    "apple et": (
        "Pood <shop@example.com> kirjutas 12.05.2024 kell 10:30:\n",
        "Jah.",
    ),
    "apple ar": (
        "في 12 مايو 2024، الساعة 10:30 ص، كتب Shop <shop@example.com>:\n",
        "نعم",
    ),
    "tb en": (
        "On 12/05/2024 10:30, Shop Support wrote:",
        "Yes, please.",
    ),
    "tb de": (
        "Am 12.05.24 um 10:30 schrieb Shop Support:",
        "Ja, bitte.",
    ),
    "tb pl": (
        "W dniu 12.05.2024 o 10:30, Sklep pisze:",
        "Tak.",
    ),
    "tb ru": (
        "12.05.2024 10:30, Магазин пишет:",
        "Да.",
    ),
    "tb et": (
        "Pood kirjutas 12.05.2024 kell 10:30:",
        "Jah.",
    ),
    "yandex": (
        '12.05.2024, 10:30, "Магазин" <shop@example.com>:',
        "Да.",
    ),
    "mailru": (
        "Воскресенье, 12 мая 2024, 10:30 +03:00 от Магазин <shop@example.com>:\n ",
        "Да.",
    ),
}

#: A mail, what is shown of it, its subject.
MAILS = {
    "outlook en": (
        "Yes please.\n\n________________________________\nFrom: Shop <shop@example.com>\nSent: Sunday, May 12, 2024 10:30 AM\nTo: Bob <bob@example.com>\nSubject: Re: Order\n\nOld text\nmore",
        "Yes please.",
        "",
    ),
    "outlook en no rule": (
        "Yes please.\n\nFrom: Shop <shop@example.com>\nSent: Sunday, May 12, 2024 10:30 AM\nTo: Bob <bob@example.com>\nSubject: Re: Order\n\nOld text\nmore",
        "Yes please.",
        "RE: Order",
    ),
    "outlook de": (
        "Ja bitte.\n\nVon: Shop <shop@example.com>\nGesendet: Sonntag, 12. Mai 2024 10:30\nAn: Bob <bob@example.com>\nBetreff: AW: Bestellung\n\nAlter Text",
        "Ja bitte.",
        "",
    ),
    "gmx de": (
        'Ja bitte.\n\nGesendet: Sonntag, 12. Mai 2024 um 10:30 Uhr\nVon: "Shop" <shop@example.com>\nAn: bob@example.com\nBetreff: Re: Bestellung\nAlter Text',
        "Ja bitte.",
        "",
    ),
    "outlook pl": (
        "Tak, poproszę.\n\nOd: Sklep <shop@example.com>\nWysłano: niedziela, 12 maja 2024 10:30\nDo: Bob <bob@example.com>\nTemat: Re: Zamówienie\n\nStary tekst",
        "Tak, poproszę.",
        "",
    ),
    "outlook ru": (
        "Да.\n\nОт: Магазин <shop@example.com>\nОтправлено: 12 мая 2024 г. 10:30\nКому: Bob <bob@example.com>\nТема: Re: Заказ\n\nСтарый текст",
        "Да.",
        "",
    ),
    "outlook et": (
        "Jah.\n\nSaatja: Pood <shop@example.com>\nSaadetud: pühapäev, 12. mai 2024 10:30\nAdressaat: Bob <bob@example.com>\nTeema: Re: Tellimus\n\nVana tekst",
        "Jah.",
        "",
    ),
    "outlook ar": (
        "نعم من فضلك\n\nمن: Shop <shop@example.com>\nتم الإرسال: 12 مايو 2024 10:30 ص\nإلى: Bob <bob@example.com>\nالموضوع: طلب\n\nنص قديم",
        "نعم من فضلك",
        "",
    ),
    "outlook fa": (
        "بله\n\nاز: Shop <shop@example.com>\nارسال شده: یکشنبه, 12 مه 2024 10:30\nبه: Bob <bob@example.com>\nموضوع: سفارش\n\nمتن قدیمی",
        "بله",
        "",
    ),
    "outlook original": (
        "Yes.\n\n-----Original Message-----\nFrom: Shop <shop@example.com>\nSent: Sunday, May 12, 2024\nTo: Bob\nSubject: x\n\nOld",
        "Yes.",
        "",
    ),
    "outlook ios": (
        "Yes please\n\nSent from Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Shop <shop@example.com>\nSent: Sunday, May 12, 2024 10:30:00 AM\nTo: Bob <bob@example.com>\nSubject: Re: Order\n\nOld",
        "Yes please",
        "",
    ),
    "get outlook ios": (
        "Yes please\n\nGet Outlook for iOS<https://aka.ms/o0ukef>",
        "Yes please",
        "",
    ),
    "iphone": (
        "See attached.\n\nSent from my iPhone",
        "See attached.",
        "",
    ),
    "iphone de": (
        "Siehe Anhang.\n\nVon meinem iPhone gesendet\n\n> Am 12.05.2024 um 10:30 schrieb Shop <shop@example.com>:\n> \n> \ufeffAlter Text",
        "Siehe Anhang.",
        "",
    ),
    "iphone ru": (
        "Да\n\nОтправлено с iPhone",
        "Да",
        "",
    ),
    "iphone pl": (
        "Tak\n\nWysłane z iPhone'a",
        "Tak",
        "",
    ),
    "iphone ar": (
        "نعم\n\nأُرسلت من الـ iPhone",
        "نعم",
        "",
    ),
    "iphone et": (
        "Jah\n\nSaadetud minu iPhone'ist",
        "Jah",
        "",
    ),
    "sig dashes": (
        "Please call me.\n\n-- \nBob Smith\n+1 555 0100",
        "Please call me.",
        "",
    ),
    "closing": (
        "Please call me.\n\nBest regards,\nBob Smith\nExample Ltd",
        "Please call me.",
        "",
    ),
    "closing de": (
        "Bitte rufen Sie an.\n\nMit freundlichen Grüßen\nBob Schmidt",
        "Bitte rufen Sie an.",
        "",
    ),
    "closing pl": (
        "Proszę o telefon.\n\nPozdrawiam,\nJan",
        "Proszę o telefon.",
        "",
    ),
    "closing ru": (
        "Позвоните мне.\n\nС уважением,\nИван",
        "Позвоните мне.",
        "",
    ),
    "closing et": (
        "Palun helistage.\n\nLugupidamisega\nJaan Tamm",
        "Palun helistage.",
        "",
    ),
    "closing ar": (
        "اتصل بي\n\nمع أطيب التحيات\nأحمد",
        "اتصل بي",
        "",
    ),
    "thanks is text": (
        "Hi\nThanks, but the lamp is broken.\nWhat now?",
        "Hi\nThanks, but the lamp is broken.\nWhat now?",
        "",
    ),
    "tak": (
        "Dzień dobry,\nTak, zgadzam się na zwrot.\nProszę o adres.",
        "Dzień dobry,\nTak, zgadzam się na zwrot.\nProszę o adres.",
        "",
    ),
    "hyphens": (
        "I need:\n- one lamp\n- two bulbs",
        "I need:\n- one lamp\n- two bulbs",
        "",
    ),
    "bottom": (
        "On 12/05/2024 10:30, Shop wrote:\n> Which colour?\n\nThe red one.",
        "The red one.",
        "",
    ),
    "bottom no intro": (
        "> Which colour?\n\nThe red one.",
        "The red one.",
        "",
    ),
    "interleaved": (
        "Hi,\n\nOn 12/05/2024 10:30, Shop wrote:\n> Which colour?\n\nRed.\n\n> Which size?\n\nLarge.\n\n> Bye\n> Shop",
        "Hi,\n\n> Which colour?\n\nRed.\n\n> Which size?\n\nLarge.",
        "",
    ),
    "forward gmail": (
        "FYI see below\n\n---------- Forwarded message ---------\nFrom: Ann <ann@example.com>\nDate: Mon, May 12, 2024\nSubject: Hi\nTo: Bob\n\nImportant content",
        "FYI see below\n\n---------- Forwarded message ---------\nFrom: Ann <ann@example.com>\nDate: Mon, May 12, 2024\nSubject: Hi\nTo: Bob\n\nImportant content",
        "Fwd: Hi",
    ),
    "forward apple": (
        "Begin forwarded message:\n\n> From: Ann <ann@example.com>\n> Subject: Hi\n> \n> Content",
        "Begin forwarded message:\n\n> From: Ann <ann@example.com>\n> Subject: Hi\n>\n> Content",
        "",
    ),
    "forward outlook": (
        "See below\n\nFrom: Ann <ann@example.com>\nSent: Monday\nTo: Bob\nSubject: Hi\n\nContent",
        "See below\n\nFrom: Ann <ann@example.com>\nSent: Monday\nTo: Bob\nSubject: Hi\n\nContent",
        "FW: Hi",
    ),
    "forward de": (
        "-------- Weitergeleitete Nachricht --------\nBetreff: Hi\nDatum: Mo\nVon: Ann <ann@example.com>\nAn: Bob\n\nInhalt",
        "-------- Weitergeleitete Nachricht --------\nBetreff: Hi\nDatum: Mo\nVon: Ann <ann@example.com>\nAn: Bob\n\nInhalt",
        "",
    ),
    "only quote": (
        "> nothing but\n> a quote",
        "> nothing but\n> a quote",
        "",
    ),
    "only intro": (
        "On 12/05/2024 10:30, Shop wrote:\n> Which colour?",
        "On 12/05/2024 10:30, Shop wrote:\n> Which colour?",
        "",
    ),
    "own sentence": (
        "My order 1234 of 12.05.2024 has a problem:\nit never came.\n\nAnn wrote me on 13.05.2024 at 10:00 that:\nit was lost",
        "My order 1234 of 12.05.2024 has a problem:\nit never came.\n\nAnn wrote me on 13.05.2024 at 10:00 that:\nit was lost",
        "",
    ),
    "address data": (
        "Please deliver to:\nName: Bob\nFrom: 10:00\nTo: 12:00\nDate: 12.05.2024\nThanks",
        "Please deliver to:\nName: Bob\nFrom: 10:00\nTo: 12:00\nDate: 12.05.2024\nThanks",
        "",
    ),
    "email in text": (
        "Order of 12.05.2024. Contact me at bob@example.com: I am home.\nBye",
        "Order of 12.05.2024. Contact me at bob@example.com: I am home.\nBye",
        "",
    ),
    "no blank line": (
        "Thanks!\nOn Mon, May 12, 2024 at 10:30 AM Ann Lee <ann@example.com> wrote:\n> x",
        "Thanks!",
        "",
    ),
    "html text quote": (
        "Yes.\n\nOn Mon, May 12, 2024 at 10:30 AM Ann Lee <ann@example.com> wrote:\nOld text without marks\nmore",
        "Yes.",
        "",
    ),
    "name wrote": (
        "Yes.\n\nAnn Lee wrote:\n> old",
        "Yes.",
        "",
    ),
    "wrapped quote": (
        "On 12/05/2024 10:30, Shop wrote:\n> This is a very long line of the quoted text that was broken on its\nway here\n> and goes on\n\nMy answer",
        "My answer",
        "",
    ),
}

#: A page, what is shown of it, its subject.
PAGES = {
    "gmail": (
        '<div dir="ltr">Yes, please.<div>Today.</div></div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Mon, May 12, 2024 at 10:30 AM Ann &lt;<a href="mailto:a@b.c">a@b.c</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0px"><div>Old <b>text</b></div><div>more</div></blockquote></div>',
        "Yes, please.\nToday.",
        "",
    ),
    "gmail forward": (
        '<div dir="ltr">See this<br><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">---------- Forwarded message ---------<br>From: <strong>Ann</strong> <span>&lt;<a>a@b.c</a>&gt;</span><br>Date: Mon<br>Subject: Hi<br>To: Bob<br></div><br><br>Content</div></div>',
        "See this\n---------- Forwarded message ---------\nFrom: Ann <a@b.c>\nDate: Mon\nSubject: Hi\nTo: Bob\nContent",
        "Fwd: Hi",
    ),
    "outlook web": (
        '<div>Yes please</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font><b>From:</b> Shop &lt;s@x.example&gt;<br><b>Sent:</b> Sunday<br><b>To:</b> Bob<br><b>Subject:</b> Re: x</font><div>&nbsp;</div></div><div>Old</div>',
        "Yes please",
        "Re: x",
    ),
    "outlook web forward": (
        '<div>See</div><hr><div id="divRplyFwdMsg" dir="ltr"><b>From:</b> Shop &lt;s@x.example&gt;<br><b>Sent:</b> Sunday<br><b>To:</b> Bob<br><b>Subject:</b> x</div><div>Content</div>',
        "See\nFrom: Shop <s@x.example>\nSent: Sunday\nTo: Bob\nSubject: x\nContent",
        "FW: x",
    ),
    "outlook desktop": (
        '<div class="WordSection1"><p class="MsoNormal">Ja bitte<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>Von:</b> Shop &lt;s@x.example&gt; <br><b>Gesendet:</b> Sonntag<br><b>An:</b> Bob<br><b>Betreff:</b> AW: x</p></div></div><p>Alt</p></div>',
        "Ja bitte",
        "AW: x",
    ),
    "apple": (
        '<html><body><div>Yes.</div><div><br><blockquote type="cite"><div>On 12 May 2024, at 10:30, Shop &lt;s@x.example&gt; wrote:</div><br><div>Old</div></blockquote></div></body></html>',
        "Yes.",
        "",
    ),
    "thunderbird": (
        '<p>Ja.</p><div class="moz-cite-prefix">Am 12.05.24 um 10:30 schrieb Shop:<br></div><blockquote type="cite" cite="mid:x"><p>Alt</p></blockquote>',
        "Ja.",
        "",
    ),
    "thunderbird inter": (
        '<div class="moz-cite-prefix">Am 12.05.24 um 10:30 schrieb Shop:<br></div><blockquote type="cite"><p>Farbe?</p></blockquote><p>Rot</p><blockquote type="cite"><p>Größe?</p></blockquote><p>Groß</p><blockquote type="cite"><p>Ende</p></blockquote>',
        "> Farbe?\nRot\n> Größe?\nGroß",
        "",
    ),
    "yahoo": (
        '<div>Yes</div><div id="x" class="yahoo_quoted"><div>On Sunday, May 12, 2024, 10:30 AM, Shop &lt;s@x.example&gt; wrote:</div><div>Old</div></div>',
        "Yes",
        "",
    ),
    "proton": (
        '<div>Yes</div><div class="protonmail_quote">On Sunday, May 12th, 2024 at 10:30, Shop &lt;s@x.example&gt; wrote:<blockquote class="protonmail_quote" type="cite">Old</blockquote></div>',
        "Yes",
        "",
    ),
    "gmail fa": (
        '<div dir="rtl">بله</div><br><div class="gmail_quote"><div dir="rtl" class="gmail_attr">در تاریخ یکشنبه ۱۲ مهٔ ۲۰۲۴،\u200f ۱۰:۳۰ Shop &lt;s@x.example&gt; نوشت:<br></div><blockquote class="gmail_quote">قدیمی</blockquote></div>',
        "بله",
        "",
    ),
    "plain html": (
        "<p>Hello</p><p>World &amp; <b>all</b></p><ul><li>a</li><li>b</li></ul>",
        "Hello\nWorld & all\n* a\n* b",
        "",
    ),
    "own blockquote": (
        "<p>He said</p><blockquote>to be or not</blockquote><p>ok?</p>",
        "He said\nto be or not\nok?",
        "",
    ),
}


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("name", INTRODUCED)
def test_a_quotation_is_folded(name: str) -> None:
    introduction, own = INTRODUCED[name]
    assert lines(fold(f"{own}\n\n{introduction}\n{QUOTED}", "", libraries_cut)) == lines(own)


@pytest.mark.parametrize("name", MAILS)
def test_what_is_shown_of_a_text(name: str) -> None:
    mail, shown, subject = MAILS[name]
    assert lines(fold(mail, subject, libraries_cut)) == lines(shown)


@pytest.mark.parametrize("name", PAGES)
def test_what_is_shown_of_a_page(name: str) -> None:
    page, shown, subject = PAGES[name]
    assert lines(fold(html_to_text(page), subject, libraries_cut)) == lines(shown)


@fuzzed
@given(
    st.lists(
        st.sampled_from(
            ["> quoted", "On 1.2.2026 10:00, A <a@b.c> wrote:", "own", "", "-- ", "From: a@b.c",
             "Sent: Monday", "To: b", "Subject: c", "_" * 32, "-----Original Message-----",
             "Sent from my iPhone", "Best regards", "--- Forwarded message ---", "x" * 2_000]
        )
        | st.text(max_size=40),
        max_size=25,
    )
)  # fmt: skip
def test_a_mail_with_text_never_shows_nothing(parts: list[str]) -> None:
    text = "\n".join(parts)
    shown = fold(text, "", libraries_cut)
    assert bool(shown.strip()) == bool(text.strip("\ue001\ue002\ue003\ue004 \n") and text.strip())
    kept = iter([line.strip() for line in text.split("\n")])
    assert all(line in kept for line in lines(shown)), "only whole lines are folded, in order"
