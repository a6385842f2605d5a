"""Detects the language of a text. Offline, and in doubt empty: a wrong guess is worse than none.

The script decides where only one language is written in it; else CLD2, Chromium's detector, whose
tables are in its own library: they cost 5 MB from the first text on, and nothing before. In a short
text some of the words have to agree.

Source: https://github.com/aboSamoor/pycld2
"""

from __future__ import annotations

import re
import unicodedata

from hub.router.decisions.telling_words import ALIKE, TELLING_WORDS

UNKNOWN = ""
#: Fewer letters are too little for a guess.
FEWEST_LETTERS = 4
#: Characters that are looked at: more of a text does not change the guess.
MAX_CHARACTERS = 2000

#: Scripts that one language has for itself, or nearly.
_SCRIPTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("[\u3040-\u30ff]"), "ja"),
    (re.compile("[\uac00-\ud7af\u1100-\u11ff]"), "ko"),
    (re.compile("[\u0370-\u03ff]"), "el"),
    (re.compile("[\u0530-\u058f]"), "hy"),
    (re.compile("[\u0590-\u05ff]"), "he"),
    (re.compile("[\u0e00-\u0e7f]"), "th"),
    (re.compile("[\u10a0-\u10ff]"), "ka"),
)
#: Letters that Arabic does not have and Persian does; Urdu has some more of its own.
_PERSIAN = re.compile("[پچژگ]")
_URDU = re.compile("[ٹڈڑںےہ]")
_HAN = re.compile("[\u3400-\u9fff]")
#: CLD2's names that are out of date -> today's. Source: RFC 5646, the IANA registry.
_TODAY = {"iw": "he", "in": "id", "no": "nb", "zh-Hant": "zh", "tl": "fil", "jw": "jv", "mo": "ro"}

#: In a text of at most this many letters the words have to agree with the statistics.
SHORT_LETTERS = 40
_TOKEN = re.compile(r"[^\W\d_]+(?:['\u2019\u200c][^\W\d_]+)*")
#: Languages that the letters of a short text do not tell without one of its words.
_UNSURE = ALIKE | {"en", "et", "pl"}

_NO_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[\d_]+")


def detect_language(text: str) -> str:
    """The tag of the language (`en`, `ar`), or empty when it is unknown."""
    text = _NO_WORDS.sub(" ", text[:MAX_CHARACTERS])
    letters = [letter for letter in text if unicodedata.category(letter)[0] == "L"]
    # A Chinese sign is a word.
    if len(letters) + sum(1 for letter in letters if _HAN.match(letter)) < FEWEST_LETTERS:
        return UNKNOWN
    by_script = _by_script("".join(letters))
    if by_script:
        return by_script
    language = _by_statistics(text)
    return language if len(letters) > SHORT_LETTERS else _confirmed(language, text)


def _confirmed(language: str, text: str) -> str:
    """The language of a short text: the one that its words tell, or that they do not contradict.

    Statistics of a few letters are often wrong: `Kus mu pakk on?` is English by them.

    Args:
        language: as the statistics have it; empty when it is unknown.
    """
    tokens = [token.casefold().replace("’", "'") for token in _TOKEN.findall(text)]
    counts = {
        tag: sum(token in telling for token in tokens) for tag, telling in TELLING_WORDS.items()
    }
    most = max(counts.values())
    if most == 0:
        return UNKNOWN if language in _UNSURE else language
    if counts.get(language) == most:
        return language
    best = [tag for tag, count in counts.items() if count == most]
    is_told = len(best) == 1 and (most >= 2 or most * 2 >= len(tokens))
    return best[0] if is_told and (language in TELLING_WORDS or not language) else UNKNOWN


def _by_script(letters: str) -> str:
    for script, language in _SCRIPTS:
        share = len(script.findall(letters)) / len(letters)
        # Japanese writes most of its words in Chinese signs.
        if share > (0.1 if language == "ja" else 0.5):
            return language
    return UNKNOWN


def _by_statistics(text: str) -> str:
    import pycld2  # its tables are loaded with the first text

    readable = "".join(
        " " if unicodedata.category(character)[0] == "C" else character for character in text
    )
    is_reliable, _, guesses = pycld2.detect(readable, isPlainText=True)
    language = guesses[0][1] if is_reliable else "un"
    if language == "un":
        return "fa" if _PERSIAN.search(text) and not _URDU.search(text) else UNKNOWN
    return _TODAY.get(language, language)
