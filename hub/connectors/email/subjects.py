"""Subject lines: the prefixes of answers, and those of automatic answers.

Source: RFC 5322, 3.6.5 (`Re: `); the prefixes that mail programs write in other languages.
"""

from __future__ import annotations

import re

#: As many prefixes as any thread piles up; a subject of prefixes alone stays.
MAX_PREFIXES = 50

#: The prefixes of answers in the languages of mail programs. `Ref:` is no prefix: a number follows.
_ANSWER = re.compile(
    r"\s*(?:"
    r"re|r|res|aw|antw|antwort|antwoord|sv|svar|vs|vast|odp|odpowiedź|ynt|yanıt|rép|rif|bls|ats|"
    r"atb|vá|tl|trả lời|απ|σχετ|отв?|ответ|відп|"
    r"رد|الرد|پاسخ|השב|תגובה|回复|回覆|答复|答覆|返信|답장|회신|ตอบกลับ|ตอบ"
    r")\s*(?:\[\d{1,4}\]|\(\d{1,4}\)|\^\d{1,4})?\s*[:：]\s*",
    re.I,
)

#: The words by which mail programs begin the subject of an automatic answer.
_AUTO_REPLY = re.compile(
    r"\W{0,3}(?:(?:"
    r"auto(?:matic|mated)?[- ]?(?:reply|response|answer)|auto ?re|autoreply|autosvar|"
    r"automatische (?:antwort|reaktion)|abwesenheits(?:notiz|meldung|benachrichtigung|info)|"
    r"automatisch(?:e)? (?:antwoord|beantwoording|bericht)|afwezigheids(?:bericht|melding)|"
    r"r[ée]ponse automatique|message d['’]absence|absence du bureau|"
    r"respuesta autom[áa]tica|resposta autom[áa]tica|risposta automatica|"
    r"automatisk(?:t)? svar|fr[åa]nvaromeddelande|frav[æa]rsbesked|frav[æa]rsmelding|"
    r"automaattinen vastaus|poissaoloviesti|automaatvastus|automaatne vastus|"
    r"autom[āa]tiskā atbilde|autom[āa]tiska atbilde|automatinis atsakymas|"
    r"odpowied[źz] automatyczna|automatyczna odpowied[źz]|automatick[áa] odpov[ěe][ďd]|"
    r"automatikus v[áa]lasz|r[ăa]spuns automat|samodejni odgovor|automatski odgovor|"
    r"otomatik yan[ıi]t|balasan otomatis|tr[ảa] l[ờo]i t[ựu] đ[ộo]ng|"
    r"αυτόματη απάντηση|автоматический ответ|автоответ\w*|автоматична відповідь|"
    r"автоматичен отговор|رد تلقائي|الرد التلقائي|پاسخ خودکار|מענה אוטומטי|תשובה אוטומטית|"
    r"自動応答|自動返信|不在通知|自动答复|自动回复|自動回覆|자동 회신|자동 응답|부재중"
    # Words that a person's subject can begin with too: a mark, a date or nothing must follow.
    r")(?:\W|\Z)|(?:"
    r"out of (?:the )?office|ooo|away from (?:the )?office|on (?:vacation|holiday|annual leave)|"
    r"abwesend|nicht im b[üu]ro|absent du bureau|absence|fuera de (?:la )?oficina|"
    r"fora do escrit[óo]rio|fuori ufficio|niet op kantoor|afwezig|ikke p[åa] kontoret|"
    r"kontorist v[äa]ljas|poza biurem|mimo kancel[áa][řr]|ofis dışında|вне офиса|нет на месте"
    r")(?:\s*(?:[:：;|(\[!-]|[–—]|\Z)|\s+(?:until|till|re|re:|bis|from|from:|\d)\b))",
    re.I,
)
_TAG = re.compile(r"\s*\[[^\[\]]{1,60}\]\s*")


def answer_subject(subject: str) -> str:
    """The subject of an answer: one `Re: `, however many there were, in whatever language.

    A prefix of a forward stays: it belongs to what was forwarded.
    """
    return f"Re: {without_prefixes(subject) or subject.strip()}"


def without_prefixes(subject: str) -> str:
    """A subject without the prefixes of answers at its beginning."""
    position = 0
    for _ in range(MAX_PREFIXES):
        match = _ANSWER.match(subject, position)
        if match is None:
            break
        position = match.end()
    return subject[position:].strip()


def topic(subject: str) -> str:
    """A subject without prefixes and without the tags that lists and gateways put before it."""
    while True:
        shorter = without_prefixes(_TAG.sub("", subject, count=1) if _tagged(subject) else subject)
        if shorter == subject:
            return shorter
        subject = shorter


def announces_auto_reply(subject: str) -> bool:
    """Whether a subject begins as those of automatic answers do."""
    return _AUTO_REPLY.match(without_prefixes(subject)) is not None


def _tagged(subject: str) -> bool:
    match = _TAG.match(subject)
    return match is not None and match.end() < len(subject)
