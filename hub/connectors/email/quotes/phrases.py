# ruff: noqa: E501  (a phrase stands on one line)
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
    "je napisao", "je napisala", "je napisao(la)", "napisao je", "napisala je", "napisao", "piše",
    "је написао", "је написала", "написао је", "написао/ла је", "напиша", "เขียนว่า", "เขียน",
    "menulis", "idatzi du", "escribiu", "skrifaði", "писали", "писала", "пишет(а)", "rašo",
    "rakstījis", "viết", "撰写", "写了", "寫了", "wrote on", "skrev den", "schrieb am", "a scris la",
    "ha scritto in data",
)  # fmt: skip
#: Introductions that stand without a verb.
OPENINGS = (
    "missatge de", "message from", "nachricht von", "wiadomość od", "сообщение от", "quoting",
    "zitat von", "citando a", "citando", "citazione di", "citat från", "citat fra", "citat af", "вы писали",
)  # fmt: skip

FROM = (
    "from", "von", "de", "da", "van", "från", "fra", "lähettäjä", "saatja", "kellelt", "no", "nuo",
    "od", "odesílatel", "odosielateľ", "feladó", "de la", "от", "от кого", "від", "gönderen",
    "kimden", "από", "من", "از", "מאת", "प्रेषक", "发件人", "寄件者", "差出人", "보낸 사람",
    "보낸사람", "từ",
    "šalje", "pošiljatelj", "pošiljalac", "pošiljka", "dari", "จาก", "送信者", "送信元", "发送人", "寄件人",
    "보낸이", "발신", "nga", "frá", "avsender", "avsändare", "afsender", "absender", "expéditeur",
    "remitente", "mittente", "remetente", "afzender", "nadawca", "отправитель", "відправник",
    "подател", "isporučio", "שולח",
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
    "enviada em", "enviada", "enviado em", "data de envio", "poslano", "poslato", "dikirim",
    "tanggal", "ส่งเมื่อ", "ส่ง", "วันที่", "日時", "寄件時間", "发送日期", "时间", "發送時間", "보낸날짜", "보낸 시간",
    "일시", "sendt den", "skickades", "trimis la", "kirjutatud", "изпратена", "отправлена",
    "надіслана", "דת", "datum/zeit", "date et heure", "sent at", "sent on", "date sent", "when",
)  # fmt: skip
TO = (
    "to", "cc", "bcc", "reply-to", "organization", "an", "kopie", "à", "pour", "para", "a", "per a",
    "aan", "till", "til", "kopi", "kopia", "vastaanottaja", "kellele", "adressaat", "saaja",
    "koopia", "kam", "kopija", "do", "dw", "komu", "címzett", "másolatot kap", "către", "до",
    "кому", "копия", "копія", "kime", "alıcı", "προς", "إلى", "الى", "نسخة", "به", "گیرنده",
    "رونوشت", "אל", "עותק", "收件人", "抄送", "宛先", "받는 사람", "참조", "đến",
    "prima", "primatelj", "prejemnik", "kepada", "untuk", "ถึง", "สำเนา", "收件者", "副本", "密件副本",
    "받는사람", "수신", "受信者", "tới", "người nhận", "catre", "empfänger", "destinataire", "destinatario",
    "destinatário", "geadresseerde", "mottagare", "modtager", "mottaker", "odbiorca", "получатель",
    "одержувач", "получател", "תפוצה", "ל", "kopi til", "kopija prejmejo", "kopie an", "с копией",
    "cc'd", "copie", "copie à", "in kopie",
)  # fmt: skip
SUBJECT = (
    "subject", "betreff", "objet", "sujet", "asunto", "oggetto", "assunto", "assumpte", "onderwerp",
    "ämne", "emne", "aihe", "teema", "pealkiri", "temats", "tēma", "tema", "temat", "předmět",
    "predmet", "tárgy", "subiect", "относно", "тема", "konu", "θέμα", "الموضوع", "موضوع", "נושא",
    "主题", "主旨", "件名", "제목", "chủ đề", "tiêu đề",
    "zadeva", "naslov", "subjek", "perihal", "judul", "เรื่อง", "主題", "제 목", "subjekt", "titel",
    "assunto da mensagem", "efni", "przedmiot", "ämnesrad", "betrifft", "theme", "pokalbis",
)  # fmt: skip

#: Fields of web forms: below a block of headers they say that a form wrote it.
FORM_FIELDS = frozenset({
    "message", "your message", "nachricht", "ihre nachricht", "mensaje", "messaggio", "mensagem",
    "bericht", "meddelande", "meddelelse", "besked", "melding", "viesti", "sõnum", "wiadomość",
    "zpráva", "üzenet", "mesaj", "сообщение", "повідомлення", "съобщение", "comment", "comments",
    "kommentar", "commentaire", "comentario", "question", "frage", "phone", "telefon", "téléphone",
    "teléfono", "tel", "telephone", "content", "留言", "消息", "メッセージ", "お問い合わせ内容", "문의내용",
})  # fmt: skip
#: Fields that programs put into a block of headers beside the usual ones.
EXTRA_FIELDS = frozenset({
    "importance", "priority", "attachments", "attachment", "sensitivity", "flag", "mailing list",
    "wichtigkeit", "priorität", "anlagen", "anhänge", "anhang", "pièces jointes",
    "pièce jointe", "importancia", "prioridad", "datos adjuntos", "importanza", "priorità",
    "allegati", "importância", "anexos", "urgentie", "bijlagen", "prioritet", "bilagor",
    "vedhæftede filer", "vedlegg", "liitteet", "manused", "załączniki", "přílohy", "mellékletek",
    "важность", "вложения", "вкладення", "önem", "ekler", "message-id", "重要性", "附件", "添付ファイル",
})  # fmt: skip
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
    "oprindelig besked", "oprindelig mail", "den oprindelige meddelelse", "opprinnelig e-post",
    "ursprungligt e-postmeddelande", "originalt meddelande", "izvorna poruka", "originalna poruka",
    "izvorno sporočilo", "ข้อความต้นฉบับ", "pesan asli", "tin nhắn gốc", "thư gốc", "原始信件", "原邮件",
    "原始消息", "原始訊息", "message initial", "původní e-mail", "исходное письмо", "оригинал сообщения",
    "оригінальний лист", "reply above this line", "quoted message", "quoted text",
    "zitierte nachricht", "message cité", "jatorrizko mezua", "mensaxe orixinal",
    "upprunaleg skilaboð", "원본 이메일", "元のメール", "original-nachricht", "ursprüngliche mail",
    "ursprüngliche e-mail",
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
