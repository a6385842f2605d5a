"""Reports of mail servers in the shapes in which they come, each made from a few lines.

A shape is what a mail system is known for: where it puts its verdict, how it names the recipient,
and how it returns our mail. Hosts, names and numbers are made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

OUR_ID = "911.4402.0f3a5c7e9b1d2f4a6c8e0b2d4f6a8c0e@shop.example"
#: The id of an earlier mail of ours, as it stands in References.
EARLIER_ID = "911.4377.aa3a5c7e9b1d2f4a6c8e0b2d4f6a8cbb@shop.example"
TO = "juhan.tamm@brand.example"

#: The copy of our mail: its words must never be taken for the server's.
FIELDS = f"""\
Received: from hub.shop.example by relay.brand.example with ESMTP id 7F3C2
From: Shop <support@shop.example>
To: {TO}
Subject: Re: Delivery failed and delayed, was successfully delivered
Message-ID: <{OUR_ID}>
References: <{EARLIER_ID}>
"""
COPY = f"""\
{FIELDS}
Dear Juhan, the parcel could not be delivered: user unknown, mailbox full.
"""
SYSTEM = "Mail Delivery System <MAILER-DAEMON@relay.brand.example>"


@dataclass(frozen=True)
class Shape:
    """A report and what it says.

    Args:
        action: `failed`, `delayed`, `delivered`, `relayed`, `note` (an event without a verdict),
            or `mail` where the mail is no report.
        code: the status code, where one can be known.
    """

    name: str
    action: str
    code: str
    raw: bytes


def text(
    body: str,
    subject: str = "failure notice",
    sender: str = SYSTEM,
    fields: Sequence[str] = (),
    charset: str = "utf-8",
    media_type: str = "text/plain",
) -> bytes:
    """A report of one text."""
    block = [
        f"From: {sender}",
        "To: support@shop.example",
        f"Subject: {subject}",
        "Message-ID: <report-51@relay.brand.example>",
        *(fields or ["Return-Path: <>"]),
        f"Content-Type: {media_type}; charset={charset}",
        "Content-Transfer-Encoding: 8bit",
    ]
    return "\r\n".join(block).encode() + b"\r\n\r\n" + body.encode(charset).replace(b"\n", b"\r\n")


def parts(
    *contents: tuple[str, str],
    subject: str = "Undelivered Mail Returned to Sender",
    sender: str = SYSTEM,
    outer: str = "multipart/report; report-type=delivery-status",
    fields: Sequence[str] = (),
) -> bytes:
    """A report of several parts, each a content type (and more fields) and its content."""
    head = [
        f"From: {sender}",
        "To: support@shop.example",
        f"Subject: {subject}",
        "Message-ID: <report-52@relay.brand.example>",
        *(fields or ["Return-Path: <>"]),
        f'Content-Type: {outer}; boundary="=_q9"',
    ]
    body = "".join(f"--=_q9\nContent-Type: {kind}\n\n{content}\n" for kind, content in contents)
    return ("\n".join(head) + f"\n\n{body}--=_q9--\n").replace("\n", "\r\n").encode()


def status(*fields: str, recipient: str = TO) -> tuple[str, str]:
    """The part for machines about one recipient."""
    lines = ["Reporting-MTA: dns; relay.brand.example", "", f"Final-Recipient: rfc822; {recipient}"]
    return "message/delivery-status", "\n".join([*lines, *fields, ""])


def inner(mail: bytes) -> str:
    """A mail as the content of a part."""
    return mail.decode().replace("\r\n", "\n").replace("=_q9", "=_in")


PLAIN = ("text/plain; charset=us-ascii", "This is a report of the mail system.")
RETURNED = ("message/rfc822", COPY)
RETURNED_FIELDS = ("text/rfc822-headers", FIELDS)
FAILED = ("Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 unknown here")


def qmail(words: str, end: str = "--- Below this line is a copy of the message.") -> str:
    return (
        "Hi. This is the qmail-send program at relay.brand.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        f"This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<{TO}>:\n{words}\n\n"
        f"{end}\n\n{COPY}"
    )


def exim(words: str, more: str = "") -> str:
    return (
        "This message was created automatically by mail delivery software.\n\n"
        f"A message that you sent {more}:\n\n  {TO}\n    {words}\n\n"
        f"------ This is a copy of your message, including all the headers. ------\n\n{COPY}"
    )


TEXTS = [
    Shape("qmail", "failed", "5.1.1", text(qmail("Sorry, no mailbox here by that name. (#5.1.1)"))),
    Shape("qmail, host unknown", "failed", "5.1.2", text(qmail("CNAME lookup: unknown host"))),
    Shape("Yahoo", "failed", "5.2.1", text(
        f"Message from yahoo.example.\nUnable to deliver message to the following address(es).\n\n"
        f"<{TO}>:\nThis user's mailbox is inactive. (in reply to end of DATA)\n\n"
        f"--- Original message follows.\n\n{COPY}", "Delivery failure")),
    Shape("GMX and web.de", "failed", "5.2.2", text(
        "This message was created automatically by mail delivery software.\n"
        f"It could not be delivered to:\n\n\"{TO}\":\nSMTP error from remote server after RCPT "
        f"command:\nhost: mx.brand.example\nQuota exceeded. The recipients mailbox is full\n\n"
        f"--- The header of the original message is following. ---\n\n{FIELDS}",
        "Mail delivery failed: returning message to sender")),
    Shape("Zoho", "failed", "5.1.1", text(
        "This message was created automatically by mail delivery software.\n\nA message that you "
        f"sent could not be delivered to one or more of its recipients. This is a permanent error."
        f"\n\n{TO} User does not exist , ERROR_CODE :550 ERROR_STRING :no such user\n\n\n"
        f"Received:from mail.zoho.example by mx.zoho.example\n{FIELDS}", "Undelivered Mail",
        "mailer-daemon@mail.zoho.example")),
    Shape("Exim", "failed", "5.1.2", text(
        exim("Unrouteable address", "could not be delivered to one or more of its recipients"),
        "Mail delivery failed: returning message to sender")),
    Shape("Exim, at last", "failed", "5.4.7", text(
        exim("retry timeout exceeded", "could not be delivered to all of its recipients"),
        "Mail delivery failed: returning message to sender")),
    Shape("Exim, a warning", "delayed", "", text(
        f"A message that you sent has not yet been delivered to one or more of its recipients\n"
        f"after more than 12 hours on the queue on relay.brand.example.\n\nThe address to which "
        f"it has not yet been delivered is:\n\n  {TO}\n\nNo action is required on your part. "
        "Delivery attempts will continue for some\ntime. Eventually the mail delivery software "
        f"will give up.\n\nThe message identifier is: <{OUR_ID}>\n"
        "The subject of the message is: mailbox full\n",
        "Warning: message 1r-2 delayed 12 hours")),
    Shape("Sendmail 5", "failed", "5.1.2", text(
        f"   ----- Transcript of session follows -----\n550 {TO}... Host unknown\n\n"
        f"   ----- Unsent message follows -----\n{COPY}", "Returned mail: Host unknown")),
    Shape("Sendmail, a warning", "delayed", "", text(
        "    **********************************************\n"
        "    **      THIS IS A WARNING MESSAGE ONLY      **\n"
        "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n"
        "    **********************************************\n\nThe original message was received "
        f"at Tue\n\n   ----- Transcript of session follows -----\n451 {TO}: relay: Name server "
        f"timeout\nMessage could not be delivered for 4 hours\nWill keep trying until 5 days old\n"
        f"   ----- Original message follows -----\n{COPY}",
        "Warning: could not send message for past 4 hours")),
    Shape("Exchange 2003", "failed", "5.1.1", parts(
        ("text/plain; charset=utf-8", f"Your message\n\n  To:      {TO}\n  Subject: Delayed?\n"
         "  Sent:    Tue, 3 Mar 2026 09:14:00\n\ndid not reach the following recipient(s):\n\n"
         f"{TO} on Tue, 3 Mar\n    The e-mail account does not exist at the organization.\n"
         "       MSEXCH:IMS:BRAND:NORTH:MX1 0 (000C05A6) Unknown Recipient"),
        RETURNED, outer="multipart/mixed", subject="Undeliverable: Re: parcel",
        sender="System Administrator <postmaster@brand.example>")),
    Shape("Exchange Online without its fields", "failed", "5.1.10", parts(
        ("text/plain; charset=utf-8", f"Your message to {TO} couldn't be delivered.\n\nRemote "
         "Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'\n\n"
         f"Original Message Headers\n\n{FIELDS}"), outer="multipart/mixed",
        subject="Undeliverable: Re: parcel",
        sender="<MicrosoftExchange0a1b2c3d4e5f6@brand.example>",
        fields=["Auto-Submitted: auto-replied"])),
    Shape("Exchange Online as a page", "failed", "5.1.10", text(
        f"<html><body><p>Delivery has failed to these recipients or groups:</p><p><a>{TO}</a></p>"
        "<div>Remote Server returned '550 5.1.10 RecipientNotFound'</div><p>Original message "
        f"headers:</p><pre>Message-ID: &lt;{OUR_ID}&gt;\nSubject: was successfully delivered</pre>"
        "</body></html>", "Undeliverable: Re: parcel", "postmaster@brand.example",
        media_type="text/html")),
    Shape("Notes", "failed", "5.1.1", parts(
        ("text/plain", f"------- Failure Reasons  --------\n\nUser not listed in public Name & "
         f"Address Book\n{TO}\n\n------- Returned Message --------\n"), RETURNED_FIELDS,
        outer="multipart/mixed", subject="DELIVERY FAILURE: User not listed",
        sender="postmaster@brand.example")),
    Shape("Gmail, the old text", "failed", "5.1.1", text(
        "This is an automatically generated Delivery Status Notification\n\nDelivery to the "
        f"following recipient failed permanently:\n\n     {TO}\n\nTechnical details of permanent "
        "failure:\nThe error that the other server returned was: 550 550 5.1.1 no such user "
        f"(state 14).\n\n----- Original message -----\n\n{COPY}",
        "Delivery Status Notification (Failure)",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        [f"X-Failed-Recipients: {TO}"])),
    Shape("Gmail, a page alone", "failed", "5.1.1", text(
        f"<h2>Address not found</h2><p>Your message wasn't delivered to <b>{TO}</b> because the "
        "address couldn't be found.</p><p>The response was:</p><p>550 5.1.1 The account does not "
        "exist</p>", "Delivery Status Notification (Failure)",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        ["Return-Path: <>", f"In-Reply-To: <{OUR_ID}>", f"References: <{EARLIER_ID}> <{OUR_ID}>"],
        media_type="text/html")),
    Shape("Gmail, a delay", "delayed", "", text(
        f"Delivery incomplete\n\nThere was a temporary problem delivering your message to {TO}. "
        "Gmail will retry for 45 more hours. You'll be notified if the delivery fails permanently.",
        "Delivery Status Notification (Delay)",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        ["Return-Path: <>", f"In-Reply-To: <{OUR_ID}>"])),
    Shape("Mail.ru", "failed", "5.1.1", text(
        "This message was created automatically by mail delivery software.\n\nA message that you "
        "sent could not be delivered to one or more\nof its recipients.\n\nThe following "
        f"address(es) failed:\n  {TO}\n    SMTP error from remote mail server after RCPT TO:\n"
        f"    550 Message was not accepted -- invalid mailbox. User not found\n\n------ This is "
        f"a copy of the message, including all the headers. ------\n\n{COPY}",
        "Mail failure.", "mailer-daemon@mail.example")),
    Shape("Mail in Russian", "failed", "5.2.2", text(
        f"Это письмо создано автоматически.\n\nПисьмо не может быть доставлено: {TO}\n"
        f"Почтовый ящик переполнен\n\n{FIELDS}",
        "=?utf-8?b?0J7RiNC40LHQutCwINC00L7RgdGC0LDQstC60Lg=?=",
        charset="koi8-r")),
    Shape("Courier", "failed", "5.1.1", parts(
        ("text/plain", f"This is a delivery status notification from relay.brand.example.\n\n"
         f"UNDELIVERABLE MAIL\n\n<{TO}>:\n   550 User unknown.\n\nThe original message follows as "
         "a separate attachment."), RETURNED, outer="multipart/mixed",
        subject="NOTICE: mail delivery status.")),
    Shape("Verizon", "failed", "5.1.1", parts(
        ("text/plain", f"Message details:\n  Subject: parcel\n  RCPT TO: {TO}\n\nError: 550 - "
         "Requested action not taken: no such user here"), RETURNED, outer="multipart/mixed",
        subject="Undeliverable Message", sender="post_master@vtext.example",
        fields=["Received: from vtext.example"])),
    Shape("pictures to a phone", "failed", "5.1.1", text(
        "Message could not be delivered to mobile.\nError: No valid recipients for this MM\n\n"
        f"Message-ID: <{OUR_ID}>\n", "Re: parcel", "sysadmin@mms.vzwpix.example",
        ["Return-Path: <>"])),
    Shape("KDDI", "failed", "5.2.2", parts(
        ("text/plain; charset=us-ascii", "Your mail sent on: Tue, 3 Mar 2026 09:14:00 +0900\n"
         f"    Could not be delivered to: <{TO}>\n    As their mailbox is full."), RETURNED,
        outer="multipart/mixed", subject="Re: parcel", sender="no-reply@cc.dion.example")),
    Shape("EZweb", "failed", "5.2.1", text(
        f"The user(s) account is disabled.\n\n<{TO}>: 550 user unknown (in reply to RCPT TO)\n\n"
        f"{'-' * 50}\n{COPY}", "Mail System Error - Returned Mail",
        "<Postmaster@ezweb.example>")),
    Shape("a Japanese mail system", "failed", "", text(
        f"次の宛先にメールを配信できませんでした。\n\n<{TO}>\n\n--- 元のメール ---\n{COPY}",
        "=?iso-2022-jp?b?GyRCJSglaSE8JWEhPCVrGyhC?=", charset="iso-2022-jp")),
    Shape("InterScan", "failed", "5.1.1", text(
        f"Sent <<< RCPT TO:<{TO}>\nReceived >>> 550 5.1.1 <{TO}>... user unknown\n\n{COPY}",
        "Mail could not be delivered", '"InterScan MSS" <relay@brand.example>',
        ["Received: from brand.example"])),
    Shape("IMail", "failed", "5.1.1", text(
        f"Unknown user: {TO}\n\nOriginal message follows.\n\n{COPY}", "Undeliverable Mail",
        "Postmaster@brand.example", ["X-Mailer: <SMTP32 v8.22>"])),
    Shape("MailMarshal", "failed", "", parts(
        ("text/plain", f"Your message:\n   From:    support@shop.example\n   Subject: spam\n"
         "Could not be delivered because of\n\n550 Unknown answer\n\nThe following recipients "
         f"were affected:\n    {TO}\n"), RETURNED_FIELDS, outer="multipart/mixed",
        subject='Undeliverable Mail: "parcel"')),
    Shape("MXLogic", "failed", "5.1.1", text(
        "This message was created automatically by mail delivery software.\n\nA message that you "
        f"sent could not be delivered to one or more of its recipients.\n\n  {TO}\n    550 5.1.1 "
        f"User unknown\n\nIncluded is a copy of the message header:\n{'-' * 40}\n{FIELDS}",
        "Mail delivery failed: returning message to sender")),
    Shape("MessageLabs", "failed", "5.1.1", parts(
        ("text/plain", f"This is the mail delivery agent at messagelabs.example.\nI was not able "
         f"to deliver your message to the following addresses.\n\n<{TO}>:\nReason: 550 5.1.1 No "
         "such user"), RETURNED_FIELDS, outer="multipart/mixed", subject="Mail Delivery Failure")),
    Shape("Barracuda", "failed", "5.7.1", text(
        f"Your message to: {TO}\nwas blocked by our Spam Firewall. The email you sent with the "
        f"following subject has NOT BEEN DELIVERED:\n\nSubject: parcel\nMessage-ID: <{OUR_ID}>",
        "**Message you sent blocked by our bulk email filter**", "noreply@brand.example")),
    Shape("a list that takes members only", "failed", "5.7.1", text(
        f"You are not a member of this mailing list <{TO}>.\n\nOriginal mail as follows:\n\n{COPY}",
        "NOT MEMBER article from support@shop.example", "team-admin@lists.brand.example",
        ["X-MLServer: fml"])),
    Shape("X1", "failed", "5.1.1", text(
        "The original message was received at Tue, 3 Mar 2026 09:14:00 +0200\nfrom support\n\n"
        f"---The following addresses had delivery errors---\n\n{TO} [User unknown]\n\n{COPY}",
        "Returned Mail: User unknown", '"Mail Deliver System" <support@relay.brand.example>',
        ["Received: from brand.example"])),
    Shape("X2", "failed", "", text(
        f"Message from brand.example.\nUnable to deliver message to the following address(es).\n\n"
        f"<{TO}>:\nThis person has no account here [0]\n\n--- Original message follows.\n\n{COPY}",
        "failure delivery")),
    Shape("X3", "failed", "5.1.1", text(
        "      This message has been created automatically by mail delivery software.\n\nYour "
        f"message could not be delivered:\n\n  * {TO}\n    550 5.1.1 unknown\n\n"
        f"=======\n{COPY}", "Delivery status notification")),
    Shape("X5", "failed", "5.1.1", parts(
        ("text/plain; charset=utf-8", "Your message was not delivered."),
        ("text/plain; charset=utf-8", f"Final-Recipient: rfc822; {TO}\nAction: failed\n"
         "Status: 5.1.1\n"), ("text/plain", FIELDS), outer="multipart/mixed",
        subject="=?utf-8?b?RGVsaXZlcnkgZmFpbHVyZQ==?=")),
    Shape("X6", "failed", "5.1.1", text(
        f"We had trouble delivering your message.\n\n1 error(s):\n\nSMTP Server <mx.brand.example> "
        f"rejected recipient <{TO}>\n  (Error following RCPT command). It responded as follows: "
        f"[550 5.1.1 User unknown]\n\n{COPY}", "There was an error sending your mail",
        "mail@brand.example", ["Received: from brand.example"])),
    Shape("the id alone in words", "failed", "5.1.1", text(
        f"Message {OUR_ID} to {TO} was not delivered: no such user.")),
    Shape("a folded id", "failed", "5.1.1", text(
        f"Not delivered: no such user\n\nTo: {TO}\nReferences: <{EARLIER_ID}>\nMessage-ID:\n"
        f" <{OUR_ID}>\n")),
    Shape("German", "failed", "5.2.2", text(
        f"Ihre E-Mail an {TO} konnte nicht zugestellt werden: Postfach voll.\n\n{COPY}",
        "Unzustellbar: Re: parcel", "postmaster@brand.example")),
    Shape("French", "failed", "", text(
        f"Votre message n'a pas pu être remis à {TO}.\n\n{COPY}", "Non remis : Re: parcel")),
    Shape("Spanish", "failed", "", text(f"No se pudo entregar el mensaje a {TO}.\n\n{COPY}",
                                        "No se puede entregar: parcel")),
    Shape("Dutch, a delay", "delayed", "", text(
        f"De bezorging aan {TO} is vertraagd.\n\n{COPY}", "Bericht")),
    Shape("Chinese", "failed", "", text(f"您的邮件无法投递到 {TO}\n\n{COPY}", "系统退信",
                                        "postmaster@brand.example")),
    Shape("nothing but the subject", "failed", "", text(
        f"{TO}\n\n{COPY}", "Undeliverable: parcel")),
    Shape("a text in base64", "failed", "5.1.1", parts(
        ("text/plain; charset=utf-8\nContent-Transfer-Encoding: base64",
         "Tm8gc3VjaCB1c2VyOiBub3QgZGVsaXZlcmVkLg=="), RETURNED, outer="multipart/mixed")),
    Shape("only temporary codes", "delayed", "4.7.1", text(
        f"<{TO}>: 451 4.7.1 Greylisted, come back\n\n{COPY}", "Mail status")),
    Shape("no verdict", "note", "", text(
        f"The queue of relay.brand.example was moved to another disk.\n\n{COPY}", "Mail report")),
]  # fmt: skip

FIELDS_FOR_MACHINES = [
    Shape("Postfix", "failed", "5.1.1", parts(PLAIN, status(*FAILED), RETURNED)),
    Shape("Postfix, only the header block", "failed", "5.1.1",
          parts(PLAIN, status(*FAILED), RETURNED_FIELDS)),
    Shape("Postfix, a delay", "delayed", "4.4.1", parts(
        PLAIN, status("Action: delayed", "Status: 4.4.1"), RETURNED_FIELDS,
        subject="Delayed Mail (still being retried)")),
    Shape("Postfix, success", "delivered", "2.0.0", parts(
        PLAIN, status("Action: delivered", "Status: 2.0.0"), RETURNED_FIELDS,
        subject="Successful Mail Delivery Report")),
    Shape("a relay without reports", "relayed", "2.0.0", parts(
        PLAIN, status("Action: relayed (to non-DSN host)", "Status: 2.0.0"), RETURNED_FIELDS)),
    Shape("Domino: within multipart/mixed", "failed", "5.1.1", parts(
        PLAIN, status(*FAILED), RETURNED, outer="multipart/mixed",
        subject="DELIVERY FAILURE: no such user")),
    Shape("WorkMail: another order", "failed", "5.1.1", parts(
        RETURNED, status(*FAILED), PLAIN, outer="multipart/mixed")),
    Shape("no verdict in words beside the fields", "failed", "5.4.7", parts(
        ("text/plain", ""), status("Action: failed", "Status: 5.4.7"), RETURNED)),
    Shape("no action", "failed", "5.2.1", parts(PLAIN, status("Status: 5.2.1"), RETURNED)),
    Shape("no status", "failed", "5.2.2", parts(
        PLAIN, status("Action: failed", "Diagnostic-Code: smtp; 552 Mailbox full"), RETURNED)),
    Shape("another word for the action", "failed", "5.0.0", parts(
        PLAIN, status("Action: failure", "Status: 5.0.0"), RETURNED)),
    Shape("a status with words", "failed", "5.1.2", parts(
        PLAIN, status("Action: Failed", "Status: 5.1.2 (bad destination)"), RETURNED)),
    Shape("blank lines between the fields", "failed", "5.1.1", parts(
        PLAIN, ("message/delivery-status",
                f"Final-Recipient: rfc822;{TO}\n\nAction: failed\n\nStatus: 5.1.1\n"), RETURNED)),
    Shape("no blank line before the recipient", "failed", "5.1.1", parts(
        PLAIN, ("message/delivery-status",
                f"Reporting-MTA: dns; x\nFinal-Recipient: rfc822;{TO}\nAction: failed\n"
                "Status: 5.1.1\n"), RETURNED)),
    Shape("two recipients, the second failed", "failed", "5.1.1", parts(
        PLAIN, ("message/delivery-status",
                "Final-Recipient: rfc822; mari@brand.example\nAction: delivered\nStatus: 2.1.5\n\n"
                f"Final-Recipient: rfc822; {TO}\nAction: failed\nStatus: 5.1.1\n"), RETURNED)),
    Shape("a temporary failure that is final", "failed", "4.4.7", parts(
        PLAIN, status("Action: failed", "Status: 4.4.7"), RETURNED)),
    Shape("a temporary status alone", "delayed", "4.4.1", parts(
        PLAIN, status("Status: 4.4.1"), RETURNED, subject="Mail status")),
    Shape("SMTPUTF8", "failed", "5.1.1", parts(
        PLAIN, ("message/global-delivery-status", status(*FAILED)[1]),
        ("message/global-headers", FIELDS))),
    Shape("fields in base64", "failed", "5.1.1", parts(
        PLAIN, ("message/delivery-status\nContent-Transfer-Encoding: base64",
                "RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGpAYnJhbmQuZXhhbXBsZQpBY3Rpb246IGZhaWxlZApTdGF0"
                "dXM6IDUuMS4xCg=="), RETURNED)),
    Shape("an id only in In-Reply-To", "failed", "5.1.1", parts(
        PLAIN, status(*FAILED), fields=["Return-Path: <>", f"In-Reply-To: <{OUR_ID}>"])),
    Shape("an id only in References", "failed", "5.1.1", parts(
        PLAIN, status(*FAILED), fields=[f"References: <{OUR_ID}>"])),
    Shape("Google: an id only among the fields", "failed", "5.1.1", parts(
        PLAIN, status("X-Original-Message-ID: " + f"<{OUR_ID}>", *FAILED))),
    Shape("an id only in the words beside the fields", "failed", "5.1.1", parts(
        ("text/plain", f"Message-Id: {OUR_ID}"), status(*FAILED))),
    Shape("SES: the copy has another id", "failed", "5.1.1", parts(
        PLAIN, status(*FAILED), ("message/rfc822", "Message-ID: <0102@email.ses.example>\n\nHi"),
        fields=["Return-Path: <>", f"In-Reply-To: <{OUR_ID}>"])),
    Shape("a report passed on by a gateway", "failed", "5.1.1", parts(
        ("text/plain", "A notice for you."),
        ("message/rfc822", inner(parts(PLAIN, status(*FAILED), RETURNED))),
        outer="multipart/mixed", subject="Notice")),
    Shape("fields that a gateway flattened", "failed", "5.1.1", text(
        f"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; {TO}\nAction: failed\nStatus: 5.1.1\n"
        f"\n{FIELDS}", "Mail report")),
    Shape("fields without anything in them", "failed", "5.1.1", parts(
        ("text/plain", f"550 5.1.1 <{TO}> user unknown"),
        ("message/delivery-status", ""), RETURNED)),
]  # fmt: skip


def auto_reply(subject: str, body: str, *fields: str) -> bytes:
    head = ["Auto-Submitted: auto-replied", f"In-Reply-To: <{OUR_ID}>", *fields]
    return text(body, subject, f"Juhan <{TO}>", head)


#: A customer's mail with the sender's own return path.
ANSWERS = [f"Return-Path: <{TO}>", "In-Reply-To: <report-51@relay.brand.example>"]
QUOTED = "".join(f"> {line}\n" for line in qmail("No such user (#5.1.1)").split("\n"))

MAILS = [
    Shape("a customer quotes a bounce", "mail", "", text(
        f"Why do I get this? Your mail could not be delivered?\n\n{QUOTED}", "Re: failure notice",
        f"Juhan <{TO}>", ANSWERS)),
    Shape("a customer passes a bounce on", "mail", "", text(
        f"See below\n\n---------- Forwarded message ---------\nFrom: {SYSTEM}\n\n{qmail('No.')}",
        "Fwd: Undelivered Mail Returned to Sender", f"Juhan <{TO}>", [f"Return-Path: <{TO}>"])),
    Shape("a customer attaches a bounce", "mail", "", parts(
        ("text/plain", "What is this?"), ("message/rfc822", inner(text(qmail("No.")))),
        outer="multipart/mixed", subject="Undelivered?", sender=f"Juhan <{TO}>",
        fields=[f"Return-Path: <{TO}>", f"In-Reply-To: <{OUR_ID}>"])),
    Shape("a customer complains in the words of a bounce", "mail", "", text(
        f"My parcel could not be delivered, address not found!\n\n> Message-ID: <{OUR_ID}>\n",
        "Returned mail", f"Juhan <{TO}>", [f"Return-Path: <{TO}>", f"In-Reply-To: <{OUR_ID}>"])),
    Shape("a postmaster answers", "mail", "", text(
        f"Hello, we unblocked you, mail was rejected by mistake.\n\n> Message-ID: <{OUR_ID}>",
        "Re: blocked", "postmaster@brand.example", ["Return-Path: <postmaster@brand.example>"])),
    Shape("an absence", "mail", "", auto_reply(
        "Automatic reply: Re: parcel", "I am away. Mail will not be delivered to others.")),
    Shape("an absence with an empty return path", "mail", "", auto_reply(
        "Out of office: parcel", "I left the company; this mailbox is inactive.",
        "Return-Path: <>")),
    Shape("an absence that returns our mail", "mail", "", parts(
        ("text/plain", "I am away until Monday."), RETURNED, outer="multipart/mixed",
        subject="Away", sender=f"Juhan <{TO}>", fields=["Auto-Submitted: auto-replied"])),
    Shape("a ticket system confirms", "mail", "", text(
        "We received your request. If it is rejected by our team you will hear from us.",
        "Your request 7711", "noreply@brand.example",
        ["Auto-Submitted: auto-generated", f"In-Reply-To: <{OUR_ID}>"])),
    Shape("a report about a mail that is not ours", "mail", "", text(
        f"<{TO}>: no such user\n\n{COPY.replace('@shop.example>', '@else.example>')}")),
]  # fmt: skip

SHAPES = [*TEXTS, *FIELDS_FOR_MACHINES, *MAILS]
