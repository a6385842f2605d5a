# ruff: noqa: E501  (lines of reports are as long as they are)
"""More shapes of reports, by the mail system that writes them. Names, hosts and numbers are made up."""

from __future__ import annotations

from collections.abc import Sequence

from tests.connectors.bounces import (
    COPY,
    FIELDS,
    OUR_ID,
    RETURNED,
    RETURNED_FIELDS,
    TO,
    Shape,
    parts,
    status,
    text,
)

MIXED = "multipart/mixed"
#: A mail system that returns no copy and names our mail in a field of its own report.
ANSWERING: Sequence[str] = ("Return-Path: <>", f"In-Reply-To: <{OUR_ID}>")


def exchange(words: str, subject: str) -> bytes:
    """Exchange Online's report in a language, whose fields for machines were lost on the way."""
    body = f"{words}\n\n{TO}\n\nRemote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'\n\n{FIELDS}"
    return parts(
        ("text/plain; charset=utf-8", body),
        outer=MIXED,
        subject=subject,
        sender="Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@brand.example>",
        fields=["Auto-Submitted: auto-replied"],
    )


EXCHANGE = [
    Shape("Exchange in German", "failed", "5.1.10", exchange("Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:", "Unzustellbar: Re: parcel")),
    Shape("Exchange in French", "failed", "5.1.10", exchange("Échec de la remise à ces destinataires ou groupes :", "Non remis : Re: parcel")),
    Shape("Exchange in Spanish", "failed", "5.1.10", exchange("Error de entrega a los siguientes destinatarios o grupos:", "No se puede entregar: Re: parcel")),
    Shape("Exchange in Italian", "failed", "5.1.10", exchange("Recapito non riuscito per i seguenti destinatari o gruppi:", "Non recapitabile: Re: parcel")),
    Shape("Exchange in Portuguese", "failed", "5.1.10", exchange("Falha na entrega a estes destinatários ou grupos:", "Não entregue: Re: parcel")),
    Shape("Exchange in Dutch", "failed", "5.1.10", exchange("Bezorging bij de volgende geadresseerden of groepen is mislukt:", "Onbestelbaar: Re: parcel")),
    Shape("Exchange in Polish", "failed", "5.1.10", exchange("Dostarczenie do następujących adresatów lub grup nie powiodło się:", "Niedostarczalne: Re: parcel")),
    Shape("Exchange in Swedish", "failed", "5.1.10", exchange("Det gick inte att leverera till följande mottagare eller grupper:", "Kunde inte levereras: Re: parcel")),
    Shape("Exchange in Danish", "failed", "5.1.10", exchange("Levering mislykkedes til disse modtagere eller grupper:", "Ikke leveret: Re: parcel")),
    Shape("Exchange in Finnish", "failed", "5.1.10", exchange("Viestin toimitus näille vastaanottajille tai ryhmille epäonnistui:", "Ei voi toimittaa: Re: parcel")),
    Shape("Exchange in Russian", "failed", "5.1.10", exchange("Сбой доставки следующим получателям или группам:", "Не удается доставить: Re: parcel")),
    Shape("Exchange in Japanese", "failed", "5.1.10", exchange("次の受信者またはグループへの配信に失敗しました:", "配信不能: Re: parcel")),
    Shape("Exchange in Chinese", "failed", "5.1.10", exchange("未能传递到以下收件人或组:", "未传递: Re: parcel")),
    Shape("Exchange in Turkish", "failed", "5.1.10", exchange("Aşağıdaki alıcılara veya gruplara teslim edilemedi:", "Teslim edilemedi: Re: parcel")),
    Shape("Exchange in Estonian", "failed", "5.1.10", exchange("Kohaletoimetamine järgmistele adressaatidele või rühmadele nurjus:", "Kättetoimetamatu: Re: parcel")),
    Shape("Exchange, a full mailbox", "failed", "5.2.2", parts(
        ("text/html; charset=utf-8", f"<p>Your message to <b>{TO}</b> couldn't be delivered.</p><p>{TO}'s mailbox is full and can't accept messages now.</p>"),
        status("Action: failed", "Status: 5.2.2", "Diagnostic-Code: smtp;554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException"), RETURNED, subject="Undeliverable: Re: parcel")),
    Shape("Exchange, a sender that is not allowed", "failed", "5.7.133", parts(
        ("text/plain", f"{TO}\nYour message couldn't be delivered because the group only accepts messages from people in its organization."),
        status("Action: failed", "Status: 5.7.133", "Diagnostic-Code: smtp;550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup"), RETURNED, subject="Undeliverable: Re: parcel")),
    Shape("Exchange, a delay", "delayed", "", parts(
        ("text/plain; charset=utf-8", f"Delivery is delayed to these recipients or groups:\n\n{TO}\n\nSubject: Re: parcel\n\nThis message hasn't been delivered yet. Delivery will continue to be attempted.\n\nThe server will keep trying to deliver this message for the next 1 days."),
        RETURNED_FIELDS, outer=MIXED, subject="Delivery delayed: Re: parcel", sender="postmaster@brand.example")),
]  # fmt: skip

SERVERS = [
    Shape("Postfix, text alone", "failed", "5.1.1", text(
        f"This is the mail system at host relay.brand.example.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients. It's attached below.\n\n<{TO}>: host mx.brand.example[192.0.2.9] said: 550 5.1.1\n    <{TO}>: Recipient address rejected: User unknown in virtual mailbox table (in\n    reply to RCPT TO command)\n\n{COPY}", "Undelivered Mail Returned to Sender")),
    Shape("Postfix, a loop", "failed", "5.4.6", text(
        f"This is the mail system at host relay.brand.example.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n<{TO}>: mail for brand.example loops back to myself (5.4.6)\n\n{COPY}", "Undelivered Mail Returned to Sender")),
    Shape("Postfix, a delay as text", "delayed", "", text(
        f"####################################################################\n# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n####################################################################\n\nYour message could not be delivered for more than 4 hour(s).\nIt will be retried until it is 5 day(s) old.\n\n<{TO}>: connect to mx.brand.example[192.0.2.9]:25: Connection timed out\n\n{FIELDS}", "Delayed Mail (still being retried)")),
    Shape("Exim, a router's words", "failed", "5.1.1", text(
        f"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  {TO}\n    host mx.brand.example [192.0.2.9]\n    SMTP error from remote mail server after RCPT TO:<{TO}>:\n    550 No Such User Here\n\n------ This is a copy of your message's headers. ------\n\n{FIELDS}", "Mail delivery failed: returning message to sender")),
    Shape("Exim of cPanel, a limit", "failed", "", text(
        f"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  {TO}\n    Domain brand.example has exceeded the max defers and failures per hour (5/5 (100%)) allowed. Message discarded.\n\n{FIELDS}", "Mail delivery failed: returning message to sender")),
    Shape("Sendmail, with its transcript", "failed", "5.1.1", text(
        f"The original message was received at Tue, 3 Mar 2026 09:14:00 GMT\nfrom hub.shop.example [192.0.2.3]\n\n   ----- The following addresses had permanent fatal errors -----\n<{TO}>\n    (reason: 550 5.1.1 User unknown)\n\n   ----- Transcript of session follows -----\n... while talking to mx.brand.example.:\n>>> DATA\n<<< 550 5.1.1 User unknown\n\n{COPY}", "Returned mail: see transcript for details")),
    Shape("qmail, at last", "failed", "", text(
        f"Hi. This is the qmail-send program at relay.brand.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<{TO}>:\nSorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not going to try again; this message has been in the queue too long.\n\n--- Below this line is a copy of the message.\n\n{COPY}")),
    Shape("qmail translated", "failed", "5.1.1", text(
        f"Hallo, hier ist das Mailprogramm auf relay.brand.example.\nIhre Nachricht konnte an die folgenden Empfänger nicht zugestellt werden.\n\n<{TO}>:\nDieser Empfänger ist hier unbekannt. (#5.1.1)\n\n--- Ab hier folgt Ihre Nachricht.\n\n{COPY}")),
    Shape("netqmail, a remote host", "failed", "5.7.1", text(
        f"Hi. This is the qmail-send program at relay.brand.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<{TO}>:\n192.0.2.9 does not like recipient.\nRemote host said: 554 5.7.1 Service unavailable; client host blocked using a blocklist\nGiving up on 192.0.2.9.\n\n--- Below this line is a copy of the message.\n\n{COPY}")),
    Shape("Domino", "failed", "5.1.1", parts(
        ("text/plain", f"Your message\n\n  Subject: Re: parcel\n\nwas not delivered to:\n\n  {TO}\n\nbecause:\n\n  User bo (bo@brand.example) not listed in Domino Directory"),
        RETURNED_FIELDS, outer=MIXED, subject="DELIVERY FAILURE: User bo (bo@brand.example) not listed in Domino Directory")),
    Shape("GroupWise", "failed", "", parts(
        ("text/plain", f"The message that you sent was undeliverable to the following:\n\tbo ({TO})\n\nPossibly truncated original message follows:"),
        RETURNED, outer=MIXED, subject="Message status - undeliverable", sender="Mailer-Daemon@gw.brand.example")),
    Shape("GroupWise, a full mailbox", "failed", "5.2.2", parts(
        ("text/plain", f"The message that you sent was undeliverable to the following:\n\tbo (mailbox is full)\n{TO}"),
        RETURNED_FIELDS, outer=MIXED, subject="Message status - undeliverable", sender="Mailer-Daemon@gw.brand.example")),
    Shape("Barracuda, blocked as bulk", "failed", "5.7.1", parts(
        ("text/plain", f"**Message you sent blocked by our bulk email filter**\nYour message to: {TO}\nwas blocked by our Spam Firewall. The email you sent with the following subject has NOT BEEN DELIVERED:\n\nSubject: Re: parcel"),
        RETURNED_FIELDS, outer=MIXED, subject="**Message you sent blocked by our bulk email filter**")),
    Shape("Mimecast", "failed", "", parts(
        ("text/html; charset=utf-8", f"<p>The following email message was not delivered to <b>{TO}</b>.</p><p>Reason: Email rejected due to security policies.</p>"),
        RETURNED_FIELDS, outer=MIXED, subject="[Postmaster] Email Delivery Failure", sender="Postmaster <postmaster@mimecast.example>")),
    Shape("Mimecast, a delay", "delayed", "", text(
        f"This message was created automatically by mail delivery software. Delivery of your message to {TO} has been delayed. We will keep trying to deliver it.\n\n{FIELDS}",
        "[Postmaster] Email Delivery Delayed", "Postmaster <postmaster@mimecast.example>")),
    Shape("Proofpoint", "failed", "5.1.1", parts(
        ("text/plain", f"   ----- The following addresses had permanent fatal errors -----\n<{TO}>\n    (reason: 550 5.1.1 <{TO}>: Email address could not be found, or was misspelled (G8))"),
        RETURNED, outer=MIXED, subject="Undeliverable: parcel", sender="Mail Delivery Subsystem <MAILER-DAEMON@mx0.pphosted.example>")),
    Shape("Symantec's cloud", "failed", "5.3.4", text(
        f"Your email to {TO} was rejected: Sorry, that message is larger than this server accepts. Message size limit.\n\n{FIELDS}", "Mail Delivery Failure", "Mail Delivery System <MAILER-DAEMON@messagelabs.example>")),
    Shape("MailEnable", "failed", "5.1.1", text(
        f"MailEnable: Message Delivery Failure.\n\nThe following recipient(s) could not be reached:\n\n\t[SMTP:{TO}]: Remote SMTP Server Returned: 550 user unknown\n\nMessage headers follow:\n{FIELDS}", "Message Delivery Failure", "Postmaster <postmaster@brand.example>")),
    Shape("hMailServer", "failed", "5.1.1", text(
        f"Your message did not reach some or all of the intended recipients.\n\n   Sent: Tue, 3 Mar 2026\n   Subject: Re: parcel\n\nThe following recipient(s) could not be reached:\n\n{TO}\n   Error Type: SMTP\n   Remote server replied: 550 5.1.1 no such user\n\nhMailServer\n\n{FIELDS}", "Message undeliverable: Re: parcel", "mailer-daemon@brand.example")),
    Shape("MDaemon", "failed", "5.1.1", parts(
        ("text/plain", f"The attached message had PERMANENT fatal delivery errors!\n\nAfter one or more unsuccessful delivery attempts the attached message has\nbeen removed from the mail queue on this server.\n\n--- Session Transcript ---\n<-- 550 5.1.1 <{TO}>, Recipient unknown"),
        RETURNED, outer=MIXED, subject="Permanent Delivery Failure", sender="MDAEMON@brand.example", fields=["Return-Path: <>"])),
    Shape("Kerio", "failed", "5.1.1", text(
        f"Your message was not delivered to the following recipients:\n\n{TO}: 550 5.1.1 User unknown\n\n{FIELDS}", "Delivery Failure", "Mail Delivery Subsystem <postmaster@brand.example>")),
    Shape("Zimbra, a quota by LMTP", "failed", "5.2.2", text(
        f"This is the mail system at host relay.brand.example.\n\nYour message could not be delivered.\n\n<{TO}>: host mail.brand.example[10.0.0.5] said: 552 5.2.2 Over quota (in reply to end of DATA command)\n\n{COPY}", "Undelivered Mail Returned to Sender")),
    Shape("Dovecot, a quota", "failed", "5.2.2", parts(
        ("text/plain; charset=utf-8", f"Your message to <{TO}> was automatically rejected:\nQuota exceeded (mailbox for user is full)\n"),
        ("message/delivery-status", f"Reporting-MTA: dns; mail.brand.example\nOriginal-Recipient: rfc822; {TO}\nFinal-Recipient: rfc822; {TO}\nAction: failed\nStatus: 5.2.2\n"), RETURNED_FIELDS, subject="Rejected: Re: parcel", sender="Mail Delivery Subsystem <postmaster@mail.brand.example>")),
    Shape("Dovecot, a rule of the recipient", "failed", "", parts(
        ("text/plain; charset=utf-8", f"Your message to <{TO}> was automatically rejected:\nI do not take mail from shops.\n"),
        ("message/disposition-notification", f"Final-Recipient: rfc822; {TO}\nDisposition: automatic-action/MDN-sent-automatically; deleted\n"), RETURNED_FIELDS,
        outer=MIXED, subject="Automatically rejected mail", sender="Mail Delivery Subsystem <postmaster@mail.brand.example>")),
    Shape("James", "failed", "5.1.1", text(
        f"Hi. This is the James mail server at mail.brand.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up.\n\nFailed recipient(s):\n{TO}\n\nError message:\n550 5.1.1 user unknown\n\n{FIELDS}", "[BOUNCE] Re: parcel", "postmaster@mail.brand.example")),
    Shape("OpenSMTPD", "failed", "5.1.1", text(
        f"    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n    An error has occurred while attempting to deliver a message for\n    the following list of recipients:\n\n{TO}: 550 5.1.1 recipient unknown\n\n    Below is a copy of the original message:\n\n{COPY}", "Delivery status notification: error", "Mailer Daemon <MAILER-DAEMON@brand.example>")),
    Shape("Haraka", "failed", "5.1.1", parts(
        ("text/plain", f"This is the Haraka Mailer program at relay.brand.example.\n\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up.\n\n<{TO}>: 550 5.1.1 mailbox unknown"), RETURNED, outer=MIXED, subject="failure notice", sender="MAILER-DAEMON <postmaster@relay.brand.example>")),
    Shape("Stalwart", "failed", "5.1.1", text(
        f"Your message could not be delivered to the following recipients:\n\n<{TO}> (host 'mx.brand.example' rejected command 'RCPT TO' with code 550 (5.1.1) 'Mailbox not found')\n\n{FIELDS}", "Failed to deliver message", "Mail Delivery Subsystem <MAILER-DAEMON@relay.brand.example>")),
]  # fmt: skip

PROVIDERS = [
    Shape("Yahoo's page", "failed", "5.2.1", text(
        f"<p>Sorry, we were unable to deliver your message to the following address.</p><p>&lt;{TO}&gt;:<br>554: 30: Sorry, your message to {TO} cannot be delivered. This mailbox is disabled (554.30).</p>",
        "Failure Notice", "MAILER-DAEMON@yahoo.example", ANSWERING, media_type="text/html")),
    Shape("1&1", "failed", "", text(
        f"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of\nits recipients. This is a permanent error.\n\nThe following address failed:\n\n    {TO}:\n        SMTP error from remote server for RCPT TO command, host: mx.brand.example (192.0.2.9) reason: 550 5.1.1 unknown user\n\n--- The header of the original message is following. ---\n\n{FIELDS}", "Mail delivery failed: returning message to sender", "Mail Delivery System <mailer-daemon@kundenserver.example>")),
    Shape("Zoho, a delay", "delayed", "", text(
        f"This message was created automatically by mail delivery software.\n\nYour message to {TO} has not been delivered yet. We will continue to try for the next 24 hours. No action is required.\n\nMessage-ID: {OUR_ID}\n", "Delivery delayed", "mailer-daemon@mail.zoho.example")),
    Shape("WorkMail", "failed", "5.1.1", text(
        f"Technical report:\n\nFinal recipient: {TO}\nAction: failed\n\n550 5.1.1 user unknown\n\n{FIELDS}", "Undeliverable: Re: parcel", "postmaster@awsapps.example")),
    Shape("iCloud", "failed", "5.2.2", parts(
        ("text/plain", f"This report relates to a message you sent with the following header fields:\n\n  Message-id: <{OUR_ID}>\n  Subject: Re: parcel\n\nYour message cannot be delivered to the following recipients:\n\n  Recipient address: {TO}\n  Reason: Over quota"),
        outer=MIXED, subject="Delivery Notification: Delivery has failed", sender="Internet Mail Delivery <postmaster@me.example>")),
    Shape("Gmail, blocked, a page", "failed", "5.7.1", text(
        f"<h2>Message blocked</h2><p>Your message to <b>{TO}</b> has been blocked. See technical details below.</p><p>The response from the remote server was: 554 5.7.1 rejected by policy</p>",
        "Delivery Status Notification (Failure)", "Mail Delivery Subsystem <mailer-daemon@googlemail.example>", ANSWERING, media_type="text/html")),
    Shape("Gmail in German", "failed", "5.1.1", text(
        f"<h2>Adresse nicht gefunden</h2><p>Deine Nachricht wurde nicht an <b>{TO}</b> zugestellt, weil die Adresse nicht gefunden wurde.</p><p>550 5.1.1 unknown</p>",
        "Delivery Status Notification (Failure)", "Mail Delivery Subsystem <mailer-daemon@googlemail.example>", ANSWERING, media_type="text/html")),
    Shape("Gmail, an inbox that is full", "failed", "5.2.2", text(
        f"Recipient inbox full\n\nYour message couldn't be delivered to {TO}. Their inbox is full, or it's getting too much mail right now.",
        "Delivery Status Notification (Failure)", "Mail Delivery Subsystem <mailer-daemon@googlemail.example>", ANSWERING)),
    Shape("Mail.ru in Russian", "failed", "5.1.1", text(
        f"К сожалению, ваше письмо не может быть доставлено одному или нескольким получателям:\n\n{TO}\nПользователь не найден\n\n{FIELDS}", "Mail failure.", "mailer-daemon@corp.mail.example")),
    Shape("Yandex", "failed", "5.1.1", text(
        f"This is the mail system at host forward.yandex.example.\n\nI'm sorry to have to inform you that your message could not be delivered to one or more recipients.\n\nПисьмо не доставлено.\n\n<{TO}>: host mx said: 550 5.7.1 No such user! (in reply to RCPT TO command)\n\n{FIELDS}".replace("5.7.1", "5.1.1"), "Недоставленное сообщение", "mailer-daemon@yandex.example")),
    Shape("QQ", "failed", "5.1.1", text(
        f"很抱歉您的邮件被退回，以下是该邮件的相关信息：\n\n被退回邮件 主题：Re: parcel\n无法发送到 {TO}\n退信原因 收件人邮件地址不存在\n\n{FIELDS}", "系统退信", "PostMaster@qq.example")),
    Shape("163", "failed", "5.2.2", text(
        f"抱歉，您的邮件被退回来了……\n原邮件信息：\n收件人：{TO}\n退信原因：对方邮箱容量不足 (Quota exceeded)\n\n{FIELDS}", "系统退信", "Postmaster@163.example")),
    Shape("NTT", "failed", "5.1.1", text(
        f"あなたの送信したメールは、下記の宛先に配送できませんでした。\n\n<{TO}>: User unknown\n\n{FIELDS}", "メール配信エラー", "Mail Delivery Subsystem <MAILER-DAEMON@ocn.example>")),
    Shape("docomo", "failed", "5.1.1", parts(
        ("text/plain; charset=utf-8", f"次のあて先へのメッセージはエラーのため送信できませんでした。\n\n送信先メールアドレスが見つかりません。\nAddress: {TO}"),
        RETURNED_FIELDS, outer=MIXED, subject="Undelivered Mail Returned to Sender", sender="postmaster@docomo.example")),
    Shape("Orange", "failed", "", text(
        f"Bonjour,\n\nVotre message n'a pas pu être délivré à : {TO}\nAdresse d au moins un destinataire invalide. OFR_416\n\n{FIELDS}", "Message non distribué", "mailer-daemon@orange.example")),
    Shape("Free", "failed", "5.2.2", text(
        f"Bonjour, ce message est envoyé par le serveur de free.example.\nJe n'ai pas pu remettre votre message. C'est une erreur permanente.\n\n<{TO}>: boite pleine\n\n--- Copie du message.\n\n{COPY}", "failure notice", "MAILER-DAEMON@free.example")),
    Shape("T-Online", "failed", "5.2.2", text(
        f"Folgende Fehler traten beim Versenden Ihrer E-Mail auf / The following errors occurred:\n\n    {TO}\n    552 5.2.2 Postfach voll / mailbox full\n\n{FIELDS}", "Fehler bei der Zustellung", "Mailsystem <Mailer-Daemon@t-online.example>")),
    Shape("web.de", "failed", "5.2.1", text(
        f"Diese Nachricht wurde automatisch erzeugt.\n\nEs konnte an die folgende Adresse nicht zugestellt werden:\n\n\"{TO}\":\nRequested action not taken: mailbox unavailable\n\n--- Kopfzeilen der Nachricht ---\n\n{FIELDS}", "Mail delivery failed: returning message to sender", "mailer-daemon@web.example")),
    Shape("libero", "failed", "5.1.1", text(
        f"Spiacenti, impossibile consegnare il messaggio al destinatario:\n\n<{TO}>: 550 5.1.1 Utente sconosciuto\n\n{FIELDS}", "Mancata consegna", "Mail Delivery System <mailer-daemon@libero.example>")),
    Shape("Seznam", "failed", "5.1.1", text(
        f"Dobrý den,\n\nVaše zpráva nemohla být doručena na adresu {TO}: schránka neexistuje.\n\n{FIELDS}", "Zpráva nedoručena", "MAILER-DAEMON@seznam.example")),
    Shape("wp.pl", "failed", "5.1.1", text(
        f"Twoja wiadomość nie została dostarczona do: {TO}\nPrzyczyna: konto nie istnieje\n\n{FIELDS}", "Wiadomość niedostarczona", "MAILER-DAEMON@wp.example")),
    Shape("Comcast, a delay", "delayed", "", text(
        f"Your message to {TO} is delayed. The receiving system asked us to try again later (421 4.7.0 try again later). We will keep trying for 72 hours.\n\n{FIELDS}", "Delivery Status Notification (Delay)", "Mail Delivery System <mailer-daemon@comcast.example>")),
    Shape("SES, an address that bounced before", "failed", "5.1.1", parts(
        ("text/plain", f"An error occurred while trying to deliver the mail to the following recipients:\n{TO}"),
        status("Action: failed", "Status: 5.1.1", "Diagnostic-Code: Amazon SES did not send the message because the recipient is on its suppression list"),
        ("message/rfc822", "Message-ID: <0100018f@email.amazonses.example>\n\nHi"), fields=ANSWERING, subject="Delivery Status Notification (Failure)", sender="MAILER-DAEMON@amazonses.example")),
    Shape("SendGrid, what it returns", "failed", "", parts(
        ("text/plain", f"Your message could not be delivered to {TO}.\nReason: 550 5.1.1 user unknown"), RETURNED, outer=MIXED, subject="Undelivered Mail", sender="bounce mailer-daemon <mailer-daemon@sendgrid.example>")),
    Shape("Mailgun", "failed", "5.4.7", parts(
        ("text/plain", f"Your message to {TO} was not delivered: Too old. It was being retried for 8 hours and has expired."), RETURNED_FIELDS, outer=MIXED, subject="Permanent failure", sender="postmaster@mg.example", fields=["Return-Path: <>"])),
    Shape("Postmark", "failed", "5.1.1", text(
        f"The message you sent to {TO} bounced: HardBounce. The server was unable to deliver your message (ex: unknown user, mailbox not found).\n\nMessage-ID: {OUR_ID}\n", "Bounced: Re: parcel", "Mail Delivery Subsystem <bounces@pm.example>", ["Return-Path: <>"])),
    Shape("Fastmail", "failed", "5.1.1", parts(
        ("text/plain", f"This is the mail system at host mailmx.example.\n\nYour message could not be delivered to the following recipients:\n\n<{TO}>: unknown user"),
        status("Action: failed", "Status: 5.1.1"), RETURNED, subject="Undelivered Mail Returned to Sender")),
    Shape("Proton", "failed", "5.1.1", parts(
        ("text/plain; charset=utf-8", f"Your message was not delivered. The address {TO} does not exist."),
        status("Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 Address does not exist"), RETURNED_FIELDS, subject="Undelivered Mail Returned to Sender")),
    Shape("Hotmail, a complaint by ARF", "complaint", "", parts(
        ("text/plain", "This is an email abuse report for an email message."),
        ("message/feedback-report", f"Feedback-Type: abuse\nUser-Agent: Feedback/1.0\nVersion: 1\nOriginal-Rcpt-To: {TO}\n"), RETURNED,
        outer="multipart/report; report-type=feedback-report", subject="complaint about message", sender="staff@hotmail.example")),
    Shape("Yahoo, a complaint by ARF", "complaint", "", parts(
        ("text/plain", "This is an email abuse report."),
        ("message/feedback-report", f"Feedback-Type: abuse\nUser-Agent: Complaints/2.0\nVersion: 0.1\nOriginal-Mail-From: <support@shop.example>\nOriginal-Rcpt-To: <{TO}>\n"), RETURNED_FIELDS,
        outer="multipart/report; report-type=feedback-report", subject="FW: Re: parcel", sender="<feedback@arf.mail.example>")),
    Shape("success by DSN", "delivered", "", parts(
        ("text/plain", f"Your message was successfully delivered to the destination(s) listed below.\n\n<{TO}>: delivery via mx: 250 2.0.0 Ok"),
        status("Action: delivered", "Status: 2.0.0"), RETURNED_FIELDS, subject="Successful Mail Delivery Report")),
    Shape("relayed by DSN", "relayed", "", parts(
        ("text/plain", f"Delivery to these recipients or groups is complete, but no delivery notification was sent by the destination server:\n{TO}"),
        status("Action: relayed"), RETURNED_FIELDS, subject="Relayed: Re: parcel")),
]  # fmt: skip

#: What looks like one and is none: machines and people who answer.
NO_REPORTS = [
    Shape("somebody no longer works there", "mail", "", text(
        "Juhan Tamm no longer works for Brand. This mailbox is not monitored and your mail will not be delivered to anybody else. Please write to info@brand.example.", "Automatic reply: Re: parcel", f"Juhan Tamm <{TO}>", ["Auto-Submitted: auto-replied", f"In-Reply-To: <{OUR_ID}>"])),
    Shape("a challenge", "mail", "", text(
        f"Your message to {TO} is held. To prove that you are a person and have it delivered, click https://verify.example/4411. Until then it was not delivered.", "Please confirm your message", "Boxbe <confirm-4411@verify.example>", ["Auto-Submitted: auto-replied", f"In-Reply-To: <{OUR_ID}>"])),
    Shape("a quarantine's digest", "mail", "", text(
        "3 messages were blocked for you today. Release or delete them.", "Quarantine summary", "quarantine@brand.example", ["Auto-Submitted: auto-generated"])),
    Shape("a customer whose parcel was returned to its sender", "mail", "", text(
        f"Returned to sender! The address not found, says your driver.\n\n> Message-ID: <{OUR_ID}>", "Undeliverable parcel", f"Juhan <{TO}>", [f"Return-Path: <{TO}>", f"In-Reply-To: <{OUR_ID}>"])),
]  # fmt: skip

BY_SYSTEM = [*EXCHANGE, *SERVERS, *PROVIDERS]
