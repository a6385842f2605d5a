"""The verdict of a report that a mail server wrote as text: its words, its codes, its subject.

Only the words of the server count: a report ends with a copy of our mail, and our mail may itself
speak of parcels that could not be delivered.

Source: RFC 5321, 4.2 (reply codes); RFC 3463 (status codes); the texts of the servers named in
docs/channels/email.md.
"""

from __future__ import annotations

import re

#: The server's own words stand at the beginning; what is beyond is the copy of a mail.
MAX_WORDS = 20_000
MAX_LINES = 1_000

#: Phrases by which a server says that it does not try again. They go before those of a delay.
FINAL = (
    "given up", "giving up", "gave up", "will not be retried", "not be tried again",
    "will not try again", "no further attempt", "no longer be retried", "permanent error",
    "permanent fatal", "permanent failure", "permanently rejected", "fatal error",
    "deleted from queue", "deleted from the queue", "removed from queue", "removed from the queue",
    "retry timeout exceeded", "retry time exceeded", "message expired", "has expired",
    "queue too long", "delivery time expired", "wird nicht erneut versucht", "больше не будет",
)  # fmt: skip
DELAYED = (
    "been delayed", "is delayed", "was delayed", "delivery delay", "message delayed",
    "delayed mail", "delayed delivery", "still being retried", "not yet been delivered",
    "not been delivered yet", "n't been delivered yet", "not yet delivered", "warning message only",
    "a warning only", "only a warning", "just a warning", "need to resend", "no need to send",
    "no action is required", "will be retried", "will retry", "will be tried again",
    "will try again", "will keep trying", "will continue to try", "continue to be attempted",
    "continue trying", "attempts will continue", "still trying", "keep on trying",
    "delivery incomplete", "temporary problem delivering", "could not send message for past",
    "temporarily deferred", "delivery attempts continue", "verzögert", "verzögerung", "retardé",
    "reintentar", "retrasad", "atrasad", "in ritardo", "ritardat", "vertraagd", "vertraging",
    "задерж", "отложен", "повторн", "opóźnion", "opóźnieni", "zpožděn", "försenad", "fördröj",
    "forsinket", "viivästy", "hilineb", "遅延", "遅れ", "再送", "延迟", "延遲", "지연", "gecik",
)  # fmt: skip
DELIVERED = (
    "was successfully delivered", "were successfully delivered", "been successfully delivered",
    "is successfully delivered", "was delivered successfully", "delivered successfully to",
    "has been delivered", "have been delivered to", "message was delivered to",
    "delivery has been successful", "delivery was successful", "successful delivery",
    "wurde erfolgreich zugestellt", "erfolgreich zugestellt", "a été remis", "se ha entregado",
    "foi entregue com", "è stato recapitato", "is afgeleverd", "успешно доставлен",
    "been successfully relayed", "successfully relayed", "been relayed", "was relayed",
    "were relayed",
)  # fmt: skip
FAILED = (
    "not be delivered", "n't be delivered", "cannot be delivered", "not deliverable",
    "was not delivered", "wasn't delivered", "were not delivered", "not been delivered",
    "n't been delivered", "not delivered", "unable to deliver", "not able to deliver",
    "n't able to deliver", "undeliverable", "undelivered", "nondeliverable", "non-delivery",
    "could not deliver", "couldn't deliver", "cannot deliver", "can't deliver",
    "failed to deliver",
    "delivery failed", "delivery has failed", "delivery failure", "delivery fail",
    "failed delivery",
    "recipients failed", "recipient failed", "recipient(s) failed", "address failed",
    "address(es) failed", "addresses failed", "delivery error", "mail error", "failure notice",
    "returned mail", "returned to sender", "returning message", "being returned", "been returned",
    "mail returned", "did not reach", "did not receive", "not reach the following",
    "could not be sent", "not be sent", "error sending", "error deliver", "problem deliver",
    "been rejected", "was rejected", "is rejected", "were rejected", "rejected recipient",
    "recipient rejected", "rejected by", "reject mail", "address rejected", "rejected your",
    "refused to accept", "not accepted", "does not like recipient", "been blocked", "was blocked",
    "user unknown", "unknown user", "unknown recipient", "recipient unknown", "no such user",
    "no such recipient", "no such mailbox", "no such address", "not exist", "n't exist",
    "unknown address", "not a valid", "invalid recipient", "invalid address", "invalid mailbox",
    "no valid recipient", "address not found", "not found", "n't found", "unknown host",
    "host unknown", "mailbox unavailable", "mailbox full", "mailbox is full", "mailbox exceeds",
    "over quota", "quota exceeded", "exceeded storage", "account is disabled", "account disabled",
    "not a member", "not member", "bounced", "no mailbox here", "not listed in", "error(s):",
    "nicht zugestellt", "unzustellbar", "nicht zustellbar", "zustellung fehlgeschlagen",
    "pas pu être", "non remis", "non distribu", "échec de la remise", "échec de remise",
    "impossible de remettre", "no se pudo", "no se ha podido", "no se puede entregar",
    "no entregado", "no ha sido entregado", "error de entrega", "não pôde ser", "não foi entregue",
    "não foi possível", "falha na entrega", "non è stato possibile", "impossibile recapitare",
    "impossibile consegnare", "mancato recapito", "mancata consegna", "recapito non riuscito",
    "niet worden afgeleverd", "niet worden bezorgd", "kon niet bezorgd", "niet bezorgd",
    "onbestelbaar", "niet afgeleverd", "не доставлен", "недоставлен", "не удалось доставить",
    "не было доставлено", "не может быть доставлен", "невозможно доставить", "не существует",
    "ошибка доставки", "не вдалося доставити", "не доставлено", "nie można dostarczyć",
    "nie można było dostarczyć", "nie udało się dostarczyć", "niedostarcz",
    "nie została dostarczona",
    "nelze doručit", "nedoručiteln", "nebyla doručena", "kunde inte levereras", "inte leverera",
    "kunne ikke leveres", "ikke leveret", "ikke levert", "ei voitu toimittaa", "epäonnistui",
    "ei õnnestunud", "ebaõnnestus", "teslim edilemedi", "iletilemedi", "배달되지", "배달할 수 없",
    "전송되지", "전송할 수 없", "전송 실패", "반송", "配信できません", "配送できません",
    "送信できません", "配信に失敗", "送信に失敗", "届けられません", "お届けできません", "配信不能",
    "宛先不明", "存在しません", "見つかりません", "拒否", "退信", "无法投递", "无法送达",
    "无法传递",
    "未送达", "投递失败", "发送失败", "不存在", "無法傳遞", "無法投遞", "無法傳送", "寄送失敗",
    "automatically rejected", "nemohl být doručen", "nemohla být doručen", "nemohlo být doručen",
    "nebyl doručen", "neexistuje", "nebolo možné doručiť", "nepodarilo sa doručiť",
    "nem sikerült kézbesíteni", "nem kézbesíthető", "nu a putut fi livrat", "nu poate fi livrat",
    "nevarēja piegādāt", "nepavyko pristatyti", "не може бути доставлен", "не бе доставен",
    "nije moguće isporučiti", "kättetoimetamatu", "ei saanud kätte", "nie istnieje",
    "gönderilemedi",
    "تعذر تسليم", "لم يتم تسليم", "تحویل داده نشد", "לא נמסרה", "δεν παραδόθηκε",
)  # fmt: skip
#: In this order: a report of success mentions errors, one of a delay what could not be done yet.
VERDICTS = (
    ("failed", FINAL),
    ("delayed", DELAYED),
    ("delivered", DELIVERED),
    ("failed", FAILED),
)

#: Words that say why, with the status code that says the same.
CAUSES = (
    ("5.2.2", ("mailbox full", "mailbox is full", "over quota", "quota exceeded", "exceeded quota",
               "exceeds allowed size", "exceeded storage", "mailbox exceeds", "postfach voll",
               "boîte pleine", "boite pleine", "переполнен",
               "inbox full", "inbox is full", "casella piena", "buzón lleno", "邮箱容量不足",
               "邮箱已满", "schránka je plná", "skrzynka jest pełna", "メールボックスがいっぱい")),
    ("5.2.1", ("account is disabled", "account disabled", "account has been disabled", "inactive",
               "mailbox disabled", "mailbox is disabled", "mailbox unavailable",
               "account is temporarily limited")),
    ("5.1.2", ("host unknown", "unknown host", "domain not found", "no such domain",
               "domain doesnt exist", "domain does not exist", "host not found", "unrouteable")),
    ("5.1.1", ("user unknown", "unknown user", "unknown recipient", "recipient unknown",
               "no such user", "no such recipient", "no such mailbox", "address not found",
               "user not found", "user does not exist", "user doesn't exist",
               "mailbox does not exist", "no mailbox here", "account that you tried to reach",
               "address wasn't found", "address couldn't be found", "no valid recipient",
               "not listed in", "utente sconosciuto", "utilisateur inconnu",
               "usuario desconocido", "empfänger unbekannt", "пользователь не найден",
               "konto nie istnieje", "schránka neexistuje", "邮件地址不存在",
               "メールアドレスが見つかりません")),
    ("5.3.4", ("too large", "too big", "size limit", "exceeds size", "maximum size")),
    ("5.7.1", ("spam", "blocked", "blacklist", "blocklist", "policy", "not a member",
               "not member", "virus", "access denied")),
    ("5.4.7", ("timed out", "retry timeout", "message expired", "has expired", "too long")),
)  # fmt: skip

#: Subjects of reports, matched at their beginning.
_SUBJECTS = (
    ("delayed", re.compile(
        r"delivery status notification ?\(delay|delayed|delivery delay|mail delivery delay"
        r"|warning: (?:could not send|message|your message)|delivery incomplete|verzögert"
        r"|message delivery delay|\*{0,3} ?(?:delivery )?warning|zustellung verzögert", re.I)),
    ("delivered", re.compile(
        r"delivery status notification ?\((?:success|relay)|relayed:|delivered:|successful mail"
        r"|delivery notification: delivery has been successful|zugestellt:", re.I)),
    ("failed", re.compile(
        r"undeliver|un-?deliverable|returned (?:e-?)?mail|return(?:ed)? to sender|failure notice"
        r"|delivery (?:status notification ?\(failure|fail|error|problem|report.{0,20}fail)"
        r"|(?:e-?mail|message|mail) (?:delivery (?:fail|error|problem)|could ?n.t be|could not be"
        r"|undeliver|system error|not delivered|failure|error|rejected|bounced|you sent)"
        r"|failed (?:mail|delivery|message)|failure deliver|permanent (?:delivery )?fail"
        r"|delivery notification: delivery has (?:failed|timed)|delivery has failed|bounce"
        r"|\[?bounce|there was an error|non ?remis|non-?delivery|nondeliverable|rejected"
        r"|reject mail|unzustellbar|nicht zustellbar|nicht zugestellt|mailzustellung fehl"
        r"|zustellung fehlge|no entregado|no se puede entregar|onbestelbaar|niet bezorgd"
        r"|non recapit|impossibile|mancato recapito|недоставл|не удалось доставить|не доставл"
        r"|ошибка доставки|niedostarcz|zwrot|nie można dostarczyć|nedoručiteln|olevererbar"
        r"|kunde inte|ikke leveret|ikke levert|não entregue|não foi|falha|teslim edilemedi"
        r"|iletilemedi|エラー|配信不能|配信に失敗|メール配信|メッセージを配信"
        r"|未配信|送信できません"
        r"|退信|系统退信|無法|无法|未傳遞|投递失败|반송|배달|전송 ?실패|échec"
        r"|impossible de", re.I)),
    ("", re.compile(
        r"delivery (?:status )?(?:notification|report)|mail (?:delivery )?(?:status|report)"
        r"|(?:mail )?delivery (?:status|subsystem|system)|mail system|mailer-daemon", re.I)),
)  # fmt: skip

CODE = re.compile(r"(?<![\d.])([245]\.[0-7]\.\d{1,3})(?!\.?\d)")
_REPLY = re.compile(r"(?<![\d.:/#-])(?:421|4[357]\d|5[0-9]\d)[ -]{1,3}[^\n]{3,300}")
_FIELD = re.compile(r"[ \t>|]{0,8}[A-Za-z][A-Za-z0-9-]{0,40}:(?:[ \t]|$)")
_TRANSPORT = re.compile(r"[ \t>|]{0,8}(?:received|return-path|message-id|mime-version):[ \t]", re.I)
_SUBJECT_LINE = re.compile(
    r"[ \t>|]{0,8}(?:subject|betreff|objet|asunto|assunto|oggetto|onderwerp|тема|件名|主题)[:：]",
    re.I,
)
#: Some servers name our mail by its fields before their own words.
_LISTED = re.compile(r"with the following header fields?:\s*$", re.I)
_COPY = re.compile(
    r"[-=_*#>| \t]{0,80}(?:"
    r"below this line is a copy|this is a copy of|included (?:below )?is a copy"
    r"|copy of (?:the|your)"
    r"|(?:the |your )?original (?:message|mail|e-?mail)(?: headers?| text| as)?(?: follows?)?"
    r"[-=_*:. \t]{0,80}$"
    r"|original message header|(?:begin(?:ning)? of )?(?:your )?unsent message"
    r"|(?:the )?headers? of (?:the|your) (?:original )?(?:message|mail)"
    r"|message (?:text|headers?|contents?) follow|returned message|message follows"
    r"|your (?:original )?(?:message|mail) (?:headers )?(?:follows|begins)"
    r"|ursprüngliche nachricht|message d'origine|mensaje original|元のメール|原始邮件"
    r")",
    re.I,
)


def own_words(text: str) -> str:
    """The lines of a report before the copy of our mail, without the subject of our mail."""
    own_lines: list[str] = []
    is_listed = False
    for line in text[:MAX_WORDS].split("\n")[:MAX_LINES]:
        if _COPY.match(line) and own_lines:
            break
        if is_listed and _FIELD.match(line):
            continue
        is_listed = bool(_LISTED.search(line)) or (is_listed and not line.strip())
        if _TRANSPORT.match(line):
            while own_lines and _FIELD.match(own_lines[-1]):
                own_lines.pop()
            break
        own_lines.append(line)
    return "\n".join(line for line in own_lines if not _SUBJECT_LINE.match(line))


def verdict_of(text: str, subject: str) -> str:
    """The action of RFC 3464 that a report's own words and then its subject mean, "" for none.

    Args:
        text: the server's own words, see `own_words`.
    """
    folded = _folded(text)
    for action, phrases in VERDICTS:
        if any(phrase in folded for phrase in phrases):
            return action
    if reply := _REPLY.search(text):
        return "failed" if reply.group().startswith("5") else "delayed"
    if code := CODE.search(text):
        return {"5": "failed", "4": "delayed", "2": "delivered"}[code.group(1)[0]]
    return subject_verdict(subject) or ""


def subject_verdict(subject: str) -> str | None:
    """The action that the subject of a report means, "" where it means none; None for any other."""
    subject = subject.strip(" *")
    return next((action for action, form in _SUBJECTS if form.match(subject)), None)


def code_of(text: str, action: str) -> str:
    """The status code in the words of a report, or the one that says the same as they do."""
    stated = [code for code in CODE.findall(text) if not code.startswith("2")]
    if exact := next((code for code in stated if not code.endswith(".0.0")), ""):
        return exact
    folded = _folded(text)
    for code, phrases in CAUSES:
        if any(phrase in folded for phrase in phrases):
            return code if action == "failed" else f"4{code[1:]}"
    return stated[0] if stated else {"failed": "5.0.0", "delayed": "4.0.0"}.get(action, "")


def diagnostic_of(text: str) -> str:
    """The remote server's reply as a report quotes it, "" without one."""
    reply = _REPLY.search(text)
    return " ".join(reply.group().split()) if reply else ""


def _folded(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").replace("´", "'").split())
