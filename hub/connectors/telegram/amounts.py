"""Amounts of money as Telegram gives them: whole numbers of a currency's smallest unit.

Source: https://core.telegram.org/bots/payments/currencies.json
"""

from __future__ import annotations

#: How many digits of an amount stand behind the point, for currencies that have not two.
DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
         "XAF", "XOF", "XPF", "XTR"), 0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip
#: Telegram's own currency.
NAMES = {"XTR": "Telegram Stars"}


def amount_text(amount: int, currency: str) -> str:
    """An amount for people: `49.00 EUR`.

    Args:
        amount: in the smallest unit of the currency.
        currency: its code of three letters.
    """
    digits = DIGITS.get(currency, 2)
    whole, part = divmod(abs(amount), 10**digits)
    fraction = f".{part:0{digits}}" if digits else ""
    return f"{'-' if amount < 0 else ''}{whole}{fraction} {NAMES.get(currency, currency)}"
