"""Whether a text shows anything: signs without a picture make an empty bubble."""

from __future__ import annotations

import unicodedata

#: Categories of signs that show nothing alone: controls, formats, spaces, marks that stand on
#: another sign, unassigned ones. Source: Unicode Standard Annex #44, table 12.
INVISIBLE = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me", "Zl", "Zp", "Zs"))
#: Letters and symbols that are blank: fillers of Hangul, the empty pattern of Braille.
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def is_visible(text: str) -> bool:
    """Whether a text has a sign that can be seen. Stops at the first one."""
    return any(sign not in BLANK and unicodedata.category(sign) not in INVISIBLE for sign in text)
