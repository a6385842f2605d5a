"""The phrases with which mail programs introduce quoted and forwarded mail, by language.

Each list is in the order en, de, fr, es, it, pt, ca, nl, sv, da, nb, fi, et, lv, lt, pl, cs, sk,
hu, ro, bg, ru, uk, tr, el, ar, fa, he, hi, zh, ja, ko, vi, as far as it has the language.
"""

from __future__ import annotations

import re

VERBS = (
    "wrote", "writes", "has written", "schrieb", "schreibt", "hat geschrieben", "a écrit", "écrit",
    "escribió", "ha escrito", "escribe", "ha scritto", "scrive", "scritto", "escreveu", "escreve",
    "ha escrit", "va escriure", "schreef", "geschreven", "schrijft", "skrev", "skriver",
    "kirjoitti", "kirjutas", "kirjutab", "kirjutatud", "rakstīja", "raksta", "rašė", "parašė",
    "napisał", "napisała", "napisał(a)", "pisze", "napisana przez", "napisano", "napsal", "napsala",
    "napsal(a)", "píše", "napísal", "napísala", "napísal(a)", "írta", "ezt írta", "a scris",
    "scrie", "написа", "написал", "написала", "написал(а)", "пишет", "писал", "писал(а)",
    "написав", "написала", "пише", "писав", "yazdı", "şunu yazdı", "yazmış", "έγραψε", "κατέγραψε",
    "كتب", "كتبت", "كتابة ما يلي", "أرسل", "نوشت", "نوشته", "نوشته است", "نوشته‌است", "כתב",
    "כתבה", "מאת", "ने लिखा", "写道", "寫道", "书写", "のメッセージ", "書きました", "作成",
    "작성", "님이 작성", "đã viết",
)  # fmt: skip
#: Introductions that stand without a verb.
OPENINGS = ("missatge de", "message from", "nachricht von", "wiadomość od", "сообщение от")

FROM = (
    "from", "von", "de", "da", "van", "från", "fra", "lähettäjä", "saatja", "kellelt", "no", "nuo",
    "od", "odesílatel", "odosielateľ", "feladó", "de la", "от", "от кого", "від", "gönderen",
    "kimden", "από", "من", "از", "מאת", "प्रेषक", "发件人", "寄件者", "差出人", "보낸 사람",
    "보낸사람", "từ",
)  # fmt: skip
DATE = (
    "sent", "date", "received", "gesendet", "datum", "envoyé", "envoyé le", "enviado", "enviado el",
    "fecha", "data", "inviato", "data d'enviament", "enviat", "verzonden", "skickat", "sendt",
    "dato", "lähetetty", "päivämäärä", "saadetud", "saatmisaeg", "kuupäev", "nosūtīts", "datums",
    "išsiųsta", "wysłano", "wysłane", "odesláno", "odoslané", "elküldve", "küldve", "dátum",
    "trimis", "изпратено", "дата", "отправлено", "надіслано", "gönderildi", "tarih",
    "gönderme tarihi", "στάλθηκε", "ημερομηνία", "تم الإرسال", "التاريخ", "أرسلت", "تاريخ",
    "تاریخ", "ارسال شده", "ارسال‌شده", "فرستاده شده", "נשלח", "תאריך", "发送时间", "日期",
    "寄件日期",
    "送信日時", "日付", "보낸 날짜", "날짜", "đã gửi", "ngày",
)  # fmt: skip
TO = (
    "to", "cc", "bcc", "reply-to", "organization", "an", "kopie", "à", "pour", "para", "a", "per a",
    "aan", "till", "til", "kopi", "kopia", "vastaanottaja", "kellele", "adressaat", "saaja",
    "koopia", "kam", "kopija", "do", "dw", "komu", "címzett", "másolatot kap", "către", "до",
    "кому", "копия", "копія", "kime", "alıcı", "προς", "إلى", "الى", "نسخة", "به", "گیرنده",
    "رونوشت", "אל", "עותק", "收件人", "抄送", "宛先", "받는 사람", "참조", "đến",
)  # fmt: skip
SUBJECT = (
    "subject", "betreff", "objet", "sujet", "asunto", "oggetto", "assunto", "assumpte", "onderwerp",
    "ämne", "emne", "aihe", "teema", "pealkiri", "temats", "tēma", "tema", "temat", "předmět",
    "predmet", "tárgy", "subiect", "относно", "тема", "konu", "θέμα", "الموضوع", "موضوع", "נושא",
    "主题", "主旨", "件名", "제목", "chủ đề", "tiêu đề",
)  # fmt: skip

ORIGINAL = (
    "original message", "original e-mail", "original email", "original text", "reply message",
    "ursprüngliche nachricht", "originalnachricht", "message d'origine", "message original",
    "mensaje original", "messaggio originale", "mensagem original", "missatge original",
    "oorspronkelijk bericht", "origineel bericht", "originalbericht", "originalmeddelande",
    "ursprungligt meddelande", "oprindelig meddelelse", "opprinnelig melding",
    "alkuperäinen viesti", "algne kiri", "algne sõnum", "originaalsõnum", "originaalkiri",
    "sākotnējais ziņojums", "originalus laiškas", "wiadomość oryginalna", "oryginalna wiadomość",
    "původní zpráva", "pôvodná správa", "eredeti üzenet", "mesaj original", "оригинално съобщение",
    "исходное сообщение", "оригинальное сообщение", "первоначальное сообщение",
    "оригінальне повідомлення", "початкове повідомлення", "orijinal mesaj", "özgün ileti",
    "αρχικό μήνυμα", "الرسالة الأصلية", "رسالة أصلية", "پیام اصلی", "متن اصلی پیام",
    "הודעה מקורית", "原始邮件", "原始郵件", "元のメッセージ", "원본 메시지", "원본 메일",
)  # fmt: skip
FORWARDED = (
    "forwarded message", "begin forwarded message", "weitergeleitete nachricht",
    "anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail",
    "message transféré", "début du message transféré", "début du message réexpédié",
    "mensaje reenviado", "inicio del mensaje reenviado", "messaggio inoltrato",
    "inizio messaggio inoltrato", "mensagem encaminhada", "início da mensagem encaminhada",
    "missatge reenviat", "doorgestuurd bericht", "begin doorgestuurd bericht",
    "vidarebefordrat meddelande", "vidarebefordrat brev", "videresendt meddelelse",
    "videresendt melding", "välitetty viesti", "edastatud kiri", "edastatud sõnum",
    "algab edastatud sõnum", "pārsūtīts ziņojums", "persiųstas laiškas",
    "wiadomość przekazana dalej", "przekazana wiadomość", "treść przekazanej wiadomości",
    "początek przekazywanej wiadomości", "přeposlaná zpráva", "preposlaná správa",
    "továbbított üzenet", "mesaj redirecționat", "препратено съобщение", "пересылаемое сообщение",
    "пересланное сообщение", "перенаправленное сообщение", "начало переадресованного сообщения",
    "переслане повідомлення", "iletilen mesaj", "yönlendirilmiş ileti", "προωθημένο μήνυμα",
    "رسالة معاد توجيهها", "الرسالة المعاد توجيهها", "بدء الرسالة المعاد توجيهها",
    "پیام هدایت شده", "پیام هدایت‌شده", "پیام بازارسال شده", "הודעה שהועברה", "转发的邮件",
    "轉寄的郵件", "転送メッセージ", "전달된 메시지",
)  # fmt: skip
#: Subject prefixes of forwards; the rest of the world's prefixes mean replies.
FORWARD_PREFIX = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|enc|encaminhado|reenv|vl|vb|i|pd|doorst|fs|edasi|edastatud|"
    r"пересл|переслано|ilt|iletilen|trs|转发|轉寄|fyi)\s*[:：]",
    re.I,
)

#: The lines that phones and apps add at the end.
SENT_FROM = re.compile(
    r"[\s*_>-]{0,4}(?:sent (?:from|with|via)\b|get outlook for|get bluemail|"
    r"von meinem .{1,40} gesendet|"
    r"gesendet (?:von|mit|über)\b|diese nachricht wurde von .{1,60} gesendet|"
    r"holen sie sich outlook|"
    r"envoyé (?:de|depuis|avec|à partir)\b|téléchargez outlook|obtenir outlook|"
    r"enviado (?:desde|de|do|con|com|a partir)\b|obtener outlook|obter o outlook|"
    r"inviato (?:da|dal)\b|ottieni outlook|verzonden (?:vanaf|vanuit|met|via)\b|"
    r"verstuurd vanaf\b|outlook voor|skickat från\b|hämta outlook|sendt fra\b|hent outlook|"
    r"lähetetty\b.{0,40}(?:sta|stä|lla)|hanki outlook|saadetud (?:minu|rakendusest|telefonist)|"
    r"minu .{1,30} saadetud|saatsin .{1,30}st\b|hankige outlook|nosūtīts no|išsiųsta iš|"
    r"wysłan[eoy] (?:z|ze|za)\b|pobierz (?:program )?outlook|odesláno z|získat outlook|odoslané z|"
    r"elküldve .{1,40}(?:ról|ről|mről)|trimis de pe|отправлено (?:с|из|от)\b|скачать outlook|"
    r"получить outlook|надіслано (?:з|із)\b|"
    r"(?:iphone|ipad|android|outlook)\S{0,6} .{0,40}gönderildi|"
    r"στάλθηκε από|(?:أ|ا)رسلت? من|تم الإرسال من|(?:أ|ا)ُرسلت من|مُرسل من|"
    r"(?:ارسال|فرستاده|ارسال‌|ارسال ) ?شده (?:از|با)|ارسال از|נשלח מ|发自我的|來自我的|从我的|"
    r"(?:iphone|ipad)から送信|나의 .{1,20}에서 보냄|được gửi từ)",
    re.I,
)

#: A line that is only this ends a letter; after it come a name and a card.
CLOSINGS = re.compile(
    r"(?:with )?(?:best|kind|warm|warmest|many) ?(?:regards|wishes|thanks)|regards|best|cheers|"
    r"sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)|all the best|"
    r"(?:mit )?(?:(?:freundlich|best|herzlich|lieb|viel|schön)e?n?(?: |$)){1,2}"
    r"gr(?:ü|ue)(?:ß|ss)en?|"
    r"(?:viele |liebe )?gr(?:ü|ue)(?:ß|ss)e|mfg|lg|vg|hochachtungsvoll|"
    r"cordialement|bien (?:à vous|cordialement)|(?:meilleures )?salutations|"
    r"(?:un )?(?:cordial )?saludos?(?: cordiales)?|atentamente|cordiali saluti|distinti saluti|"
    r"atenciosamente|met vriendelijke groet(?:en)?|(?:med )?v[äe]nli(?:ga?|ge?) h[äi]lsning(?:ar)?|"
    r"(?:med )?venlig hilsen|mvh|(?:ystävällisin|parhain) terveisin|"
    r"(?:parimate|heade|lugupidavate)? ?(?:tervitustega|soovidega)|lugupidamisega|parimat|"
    r"z (?:poważaniem|wyrazami szacunku)|(?:z )?pozdraw(?:iam|ieniami)|(?:serdecznie )?pozdrawiam|"
    r"s pozdravem|s úctou|üdvözlettel|cu stimă|"
    r"с (?:уважением|наилучшими пожеланиями)|з повагою|saygılar(?:ımla)?|"
    r"مع (?:أطيب التحيات|خالص التحية|التحية|الشكر)|(?:تحياتي|وتفضلوا بقبول فائق الاحترام)|"
    r"با (?:احترام|تشکر|سپاس)(?: فراوان)?|ارادتمند",
    re.I,
)
