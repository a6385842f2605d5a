# ruff: noqa: E501  (a phrase stands on one line)
"""The lines with which letters end, by language: closings, lines of phones, postscripts."""

from __future__ import annotations

import re

#: The first words of a postscript.
POSTSCRIPT = re.compile(
    r"\s{0,8}[*_]{0,2}(?:p\.?\s?p?\.?\s?s\b\.?|post\s?scriptum|п\.?\s?с\.|з\.?\s?ы\.|postskriptum)"
    r"[*_]{0,2}\s*[:.,–—-]?\s*\S|\s{0,8}(?:n\.?\s?b\.?|p\.\s?d\.|pd)\s?:\s*\S",
    re.I,
)

#: The lines that phones and apps add at the end.
SENT_FROM = re.compile(
    r"[\s*_>(\[【<-]{0,4}(?:sent (?:from|with|via|using)\b|sent on the (?:go|move)\b|"
    r"yahoo mail: (?:search|stress)|get outlook for|get spark\b|get bluemail|"
    r"von meinem .{1,40} gesendet|"
    r"gesendet (?:von|mit|über)\b|diese nachricht wurde von .{1,60} gesendet|"
    r"holen sie sich outlook|"
    r"envoyé (?:de|depuis|avec|à partir)\b|téléchargez outlook|obtenir outlook|"
    r"enviado (?:desde|de|do|con|com|a partir)\b|obtener outlook|obter o outlook|"
    r"inviato (?:da|dal)\b|ottieni outlook|verzonden (?:vanaf|vanuit|met|via)\b|"
    r"verstuurd (?:vanaf|met|via|vanuit)\b|outlook voor|skickat (?:från|med|via)\b|hämta outlook|sendt (?:fra|med|via)\b|hent outlook|"
    r"lähetetty\b.{0,40}(?:sta|stä|lla)|hanki outlook|saadetud (?:minu|rakendusest|telefonist)|"
    r"minu .{1,30} saadetud|saatsin .{1,30}st\b|hankige outlook|nosūtīts no|išsiųsta iš|"
    r"wysłan[eoy] (?:z|ze|za)\b|pobierz (?:program )?outlook|odesláno (?:z|pomocí|prostřednictvím)|získat outlook|odoslané z|"
    r"elküldve .{1,40}(?:ról|ről|mről)|trimis (?:de pe|din|de la|cu)\b|изпратено от|poslano (?:s|z|iz)\b|poslato sa?\b|enviat des|"
    r"dikirim dari|ส่งจาก|gửi từ|nire \S+ bidalia|sent via|küldve .{1,40}(?:ról|ről|mről)|"
    r"отправлено (?:с|из|от)\b|скачать outlook|"
    r"получить outlook|надіслано (?:з|із)\b|"
    r"(?:iphone|ipad|android|outlook)\S{0,6} .{0,40}gönderildi|"
    r"στάλθηκε από|(?:أ|ا)رسلت? من|تم الإرسال من|(?:أ|ا)ُرسلت من|مُرسل من|"
    r"(?:ارسال|فرستاده|ارسال‌|ارسال ) ?شده (?:از|با)|ارسال از|נשלח מ|发自|來自我的|从我的|從我的 ?.{1,30}(?:傳送|寄出|發送)|寄自我的|自我的 ?.{1,30}(?:傳送|寄出)|通过我的|"
    r"我的 ?(?:iphone|ipad).{0,10}(?:傳送|发送)|[\w -]{1,30}から送信|"
    r"(?:iphone|ipad)から送信|(?:나의 )?.{1,20}에서 (?:보냄|보냈습니다|전송)|được gửi từ)",
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
    r"با (?:احترام|تشکر|سپاس)(?: فراوان)?|ارادتمند|"
    r"vh|(?:de bedste|mange) hilsner|(?:mange )?hilsen|bien à toi|cdlt|cordialement vôtre|"
    r"(?:salutations|sentiments) distinguée?s|kõike head|tervitades|(?:serdecznie )?pozdr|"
    r"pozdrawiam (?:serdecznie|ciepło)|łączę pozdrowienia|mvg|(?:met )?(?:hartelijke|vriendelijke) "
    r"groet(?:en|jes)?|groet(?:en|jes)?|(?:vänliga |bästa )?hälsningar|(?:ystävällisin )?terv(?:eisin)?|"
    r"yst\.? ?terv|s přátelským pozdravem|zdravím|s pozdravom|üdv|tisztelettel|iyi (?:çalışmalar|günler)|"
    r"kolay gelsin|sevgiler(?:imle)?|att|atte|(?:com os melhores )?cumprimentos|(?:um )?abraços?|"
    r"cordialmente|(?:un )?(?:cordiale? )?salut[oi]|(?:un )?(?:saludos?|abrazo)|cu respect|"
    r"toate cele bune|всего (?:доброго|хорошего)|敬具|草々|此致|敬礼|祝好|顺祝商祺",
    re.I,
)

#: A short closing with the name on its line.
CLOSING_WITH_NAME = re.compile(
    r"(?i:lg|vg|gr|mfg|mvh|vh|hilsen|mvg|groetjes|terv|üdv|pozdr|cdlt|att|tervitades|cheers)"
    r"[.,]{0,2} {1,3}[A-ZÀ-ÖØ-ÞŁŚŻŠŽČ][\w'-]{1,20}(?: [A-ZÀ-ÖØ-ÞŁŚŻŠŽČ][\w'-]{0,20}){0,2}"
)
