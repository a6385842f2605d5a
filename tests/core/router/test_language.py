"""Which language somebody writes, told from the text alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.router.decisions.language import detect_language

SENTENCES = {
    "en": [
        "Where is my order? It should have come yesterday.",
        "Do you have these shoes in size 42?",
        "hello my friend, where is my parcel 😀😀",
    ],
    "ar": ["أين طلبي؟ كان يجب أن يصل أمس.", "هل لديكم هذا الحذاء بمقاس 42؟"],
    "fa": ["سفارش من کجاست؟ باید دیروز می‌رسید.", "آیا این کفش را در سایز ۴۲ دارید؟"],
    "et": [
        "Kus mu tellimus on? See pidi eile kohale jõudma.",
        "Kas teil on neid kingi suuruses 42?",
    ],
    "pl": [
        "Gdzie jest moje zamówienie? Miało przyjść wczoraj.",
        "Czy macie te buty w rozmiarze 42?",
    ],
    "fi": ["Missä tilaukseni on? Sen piti tulla eilen."],
    "ru": ["Где мой заказ? Он должен был прийти вчера."],
    "uk": ["Де моє замовлення? Воно мало прийти вчора."],
    "de": ["Wo ist meine Bestellung? Sie sollte gestern kommen."],
    "he": ["היכן ההזמנה שלי?"],
    "el": ["Πού είναι η παραγγελία μου;"],
    "ko": ["제 주문은 어디에 있나요?"],
    "ja": ["注文はどこですか"],
    "zh": ["我的订单在哪里"],
    "th": ["คำสั่งซื้อของฉันอยู่ที่ไหน"],
}


@pytest.mark.parametrize(
    ("language", "text"), [(key, text) for key, texts in SENTENCES.items() for text in texts]
)
def test_a_sentence_tells_its_language(language: str, text: str) -> None:
    assert detect_language(text) == language


#: Short ones, as customers write them. Told as this language, or not at all.
SHORT = {
    "en": [
        "Where is my parcel?",
        "Hello, I need help",
        "Is it in stock?",
        "When do you open?",
        "I want a refund",
        "It does not work",
        "Please call me",
        "Still waiting",
        "Are you open on Sunday?",
        "wrong size",
    ],
    "et": [
        "Kus mu pakk on?",
        "Tere, vajan abi",
        "Kas see on laos?",
        "Kas saan selle tagastada?",
        "Minu tellimus hilineb",
        "Millal te avate?",
        "Tahan raha tagasi",
        "See ei tööta",
        "Palju see maksab?",
        "Pakk ei ole kohal",
        "Mis kell te sulgete?",
        "Mul on küsimus",
        "Aitäh!",
    ],
    "fa": [
        "سفارش من کجاست؟",
        "سلام، کمک لازم دارم",
        "قیمت این چند است؟",
        "بسته‌ام نرسیده",
        "خیلی ممنون",
        "این کار نمی‌کند",
        "آیا موجود است؟",
        "کی می‌رسد؟",
    ],
    "ar": [
        "أين طلبي؟",
        "مرحبا، أحتاج مساعدة",
        "كم السعر؟",
        "متى تفتحون؟",
        "لم يصل الطرد",
        "شكرا جزيلا",
        "هذا لا يعمل",
        "هل هو متوفر؟",
    ],
    "pl": [
        "Gdzie jest moja paczka?",
        "Dzień dobry, potrzebuję pomocy",
        "Czy mogę to zwrócić?",
        "Kiedy otwieracie?",
        "To nie działa",
        "Ile to kosztuje?",
        "Nie działa",
        "Zły rozmiar",
    ],
    "fi": ["Missä pakettini on?", "Tarvitsen apua", "Se ei toimi", "Ei ole tullut"],
    "de": ["Wo ist mein Paket?", "Es funktioniert nicht", "Vielen Dank"],
    "lv": ["Kur ir mans sūtījums?", "Cik tas maksā?"],
    "lt": ["Kur mano siunta?", "Man reikia pagalbos"],
    "ru": ["Где моя посылка?", "Мне нужна помощь"],
    "uk": ["Де моя посилка?", "Мені потрібна допомога"],
    "fr": ["Où est mon colis ?", "Merci beaucoup"],
    "es": ["¿Dónde está mi paquete?", "No funciona"],
    "nl": ["Waar is mijn pakket?", "Wat kost het?"],
    "da": ["Hvor er min pakke?", "Det virker ikke"],
    "cs": ["Kde je můj balík?", "Nefunguje to"],
    "sk": ["Potrebujem pomoc", "Koľko to stojí?"],
    "ms": ["Di mana bungkusan saya?"],
    "tr": ["Paketim nerede?", "Ne kadar?"],
}
#: Of the languages that the hub speaks, this share at least is told.
TOLD_SHARE = 0.8


@pytest.mark.parametrize(
    ("language", "text"), [(key, text) for key, texts in SHORT.items() for text in texts]
)
def test_a_short_sentence_is_told_as_its_language_or_not_at_all(language: str, text: str) -> None:
    assert detect_language(text) in (language, "")


@pytest.mark.parametrize("language", ["en", "et", "fa", "ar", "pl"])
def test_most_short_sentences_are_told(language: str) -> None:
    told = [text for text in SHORT[language] if detect_language(text) == language]
    assert len(told) >= TOLD_SHARE * len(SHORT[language]), told


@pytest.mark.parametrize("case", [str.upper, str.lower, str.title])
def test_the_case_of_a_short_sentence_tells_nothing_else(case: Callable[[str], str]) -> None:
    for language, texts in SHORT.items():
        assert {detect_language(case(text)) for text in texts} <= {language, ""}


@pytest.mark.parametrize(
    "text",
    ["", "Hi", "abc", "سلا", "بچه", "12345", "😀😀😀😀😀", "https://shop.example/where/is", "???"],
)
def test_too_little_tells_nothing(text: str) -> None:
    assert detect_language(text) == ""


def test_a_link_is_no_language() -> None:
    assert (
        detect_language("Gdzie jest moje zamówienie? https://shop.example/where-is-my-order")
        == "pl"
    )


@given(st.text(alphabet=st.characters(), max_size=300))
def test_no_text_upsets_it(text: str) -> None:
    assert len(detect_language(text)) in (0, 2, 3) or "-" in detect_language(text)
