"""What people write for one word is one word: for the rules, for search, and for comparing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.router.decisions import word_match
from hub.schema import search_index
from hub.schema.folding import fold

ALIKE = [
    ("Łódź", "lodz"),
    ("zażółć gęślą jaźń", "zazolc gesla jazn"),
    ("Ølstykke", "olstykke"),
    ("Đorđe", "dorde"),
    ("Ħamrun", "hamrun"),
    ("Ŧuovla", "tuovla"),
    ("Sigurður Þór", "sigurdur thor"),
    ("DİYARBAKIR", "diyarbakir"),
    ("kısa", "kisa"),
    ("Æbler", "aebler"),
    ("cœur", "coeur"),
    ("Ĳmuiden", "ijmuiden"),
    ("ĳs", "ijs"),
    ("Straße", "strasse"),
    ("STRAẞE", "strasse"),
    ("Əliyev", "eliyev"),
    ("Nguyễn", "nguyen"),
    ("õhtu", "ohtu"),
    ("Ｆｕｌｌ　ｗｉｄｔｈ　４２", "full width 42"),
    ("ﬁnd oﬃce", "find office"),
    ("№ 7", "no 7"),
    ("Ёлка", "елка"),
    ("Їжак ґанок", "іжак ганок"),
    ("كتابي", "کتابی"),
    ("على", "علی"),
    ("مدرسة", "مدرسه"),
    ("أحمد إيمان آمال", "احمد ایمان امال"),
    ("ٱلكتاب", "الکتاب"),
    ("مَدْرَسَة", "مدرسه"),
    ("العـــربية", "العربیه"),
    ("می‌رود", "می رود"),
    ("کتاب‌ها", "کتاب ها"),
    ("شمارهٔ ۱۲۳", "شماره 123"),
    ("رقم ٤٥٦", "رقم 456"),
    ("ہے", "هی"),
    ("שָׁלוֹם", "שלום"),
    ("so\u00adft hy\u2060phen", "soft hyphen"),
    ("\u200eright\u200f", "right"),
    ("Ὀδυσσεύς", "οδυσσευσ"),
]
APART = [
    ("が", "か"),
    ("ガス", "カス"),
    ("가", "각"),
    ("กา", "กำ"),
    ("गया", "गाया"),
    ("قال", "فال"),
    ("l", "i"),
]


@pytest.mark.parametrize(("written", "plain"), ALIKE)
def test_ways_to_write_a_word_are_one(written: str, plain: str) -> None:
    assert fold(written) == fold(plain) == fold(plain.upper())
    assert search_index.fold(written) == search_index.fold(plain)
    assert word_match.fold_text(written) == word_match.fold_text(plain)


@pytest.mark.parametrize(("word", "other"), APART)
def test_different_words_stay_apart(word: str, other: str) -> None:
    assert fold(word) != fold(other)
    assert search_index.fold(word) != search_index.fold(other)


def test_the_tones_of_thai_are_a_difference() -> None:
    assert fold("เสือ") != fold("เสื่อ")


@pytest.mark.parametrize(("written", "plain"), ALIKE)
def test_rules_find_a_word_however_it_is_written(written: str, plain: str) -> None:
    for text, phrase in ((written, plain), (plain, written)):
        text, phrase = word_match.fold_text(f"x {text} x"), word_match.fold_text(phrase)
        assert word_match.contains_phrase(text, phrase)


@given(st.text(max_size=60))
def test_folding_is_done_once(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert search_index.fold(search_index.fold(text)) == search_index.fold(text)


@given(st.text(max_size=60))
def test_composed_and_decomposed_texts_are_one(text: str) -> None:
    forms = {fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert len(forms) == 1


@given(st.text(max_size=60))
def test_case_is_no_difference(text: str) -> None:
    assert fold(text.casefold()) == fold(text)
