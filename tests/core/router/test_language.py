"""Which language somebody writes, told from the text alone."""

from __future__ import annotations

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
