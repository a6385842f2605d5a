"""The mail servers of the hub and of all customers."""

from __future__ import annotations

import threading
from dataclasses import replace

from hub.sandbox.base.cdn import Cdn
from hub.sandbox.base.context import SandboxContext
from hub.sandbox.base.waitable import Waitable
from hub.sandbox.mail import formats
from hub.sandbox.mail.customer import MailCustomer
from hub.sandbox.mail.formats import Mail
from hub.sandbox.mail.servers import MailServers
from hub.sandbox.mail.smtp import SmtpFault, SmtpRules
from hub.sandbox.mail.tokens import Opens

ADDRESS = "support@shop.example"
PASSWORD = "sandbox-mail-password"
WEBHOOK_SECRET = "sandbox-mail-hook-secret"


class MailProvider:
    """Carries mail between the hub's mailbox and those of the customers.

    Args:
        address: the hub's address, and its user name at both servers.
        password: the hub's password at both servers.
    """

    def __init__(
        self, context: SandboxContext, cdn: Cdn, address: str = ADDRESS, password: str = PASSWORD
    ) -> None:
        self.context = context
        self.cdn = cdn
        self.address = address
        self.user = address
        self.password = password
        self.webhook_secret = WEBHOOK_SECRET
        self.sent_by_hub: Waitable[Mail] = Waitable()
        self._customers: dict[str, MailCustomer] = {}
        self._inbox: list[bytes] = []
        self._rules = SmtpRules(self.user, password, self._take_from_hub)
        self._servers = MailServers(self._rules, self.user, password)
        self._lock = threading.RLock()

    @property
    def smtp_port(self) -> int:
        return self._servers.smtp_port

    @property
    def imap_port(self) -> int:
        return self._servers.imap_port

    @property
    def inbox(self) -> list[bytes]:
        """The mails in the hub's mailbox, as they came."""
        return list(self._inbox)

    def start(self, smtp_port: int = 0, imap_port: int = 0) -> None:
        self._servers.start(smtp_port, imap_port)

    def close(self) -> None:
        self._servers.stop()

    def takes_tokens_only(self, opens: Opens) -> None:
        """Refuses passwords: before `start`. `opens` says whether a token opens a mailbox."""
        self._servers.opens = opens

    # -- verbs ------------------------------------------------------------------------------

    def customer(self, address: str = "customer@example.com", name: str = "") -> MailCustomer:
        """Returns the customer of this address; the first call makes it."""
        key = address.lower()
        with self._lock:
            if key not in self._customers:
                self._customers[key] = MailCustomer(self, address, name)
            if name:
                self._customers[key].name = name
            return self._customers[key]

    def answers(self, code: int, text: str, command: str = "RCPT", times: int = 1) -> None:
        """Refuses the next `times` commands (MAIL, RCPT or DATA): `answers(451, "Busy")`."""
        self._rules.faults.append(SmtpFault(command.upper(), f"{code} {text}", times))

    def refuses(self, address: str, answer: str = "550 5.1.1 User unknown") -> None:
        """Refuses a recipient during the SMTP session."""
        self._rules.refused[address.lower()] = answer

    def drops_after_data(self, times: int = 1) -> None:
        """Accepts the next mails and cuts the connection before the answer."""
        self._rules.drop_after_data = times

    def is_down(self) -> None:
        """Closes SMTP and IMAP and cuts the open connections."""
        self._servers.go_down()

    def is_up(self) -> None:
        """Ends every fault."""
        self._rules.faults.clear()
        self._rules.refused.clear()
        self._rules.drop_after_data = 0
        self._servers.come_up()

    def cuts_imap(self) -> None:
        """Cuts the open IMAP connections; new ones are accepted."""
        self._servers.run(self._cut())

    def changes_uid_validity(self) -> None:
        """Gives the same mails new UIDs, as after a server was restored."""
        self._servers.run(self._servers.mailbox.renumber(self.inbox))

    def colleague_reads_all_mail(self) -> None:
        """Marks the mails in the hub's mailbox as \\Seen, as a colleague's phone does."""
        self._servers.run(self._servers.mailbox.mark_all_seen())

    def arrives(self, raw: bytes) -> None:
        """Puts bytes into the hub's mailbox as they are, even if malformed."""
        with self._lock:
            self._inbox.append(raw)
        self._servers.run(self._servers.mailbox.add(raw))

    # -- carrying ---------------------------------------------------------------------------

    def deliver(self, raw: bytes, envelope_from: str, recipients: list[str]) -> None:
        """Brings a mail to its recipients. An unknown address becomes a new customer."""
        for to in recipients:
            if is_at(to, self.address):
                now = self.context.clock.now()
                self.arrives(formats.with_trace_headers(raw, envelope_from, to, now))
            else:
                self._deliver_to_customer(self.customer(to), raw, envelope_from, to)

    def parse_mail(self, raw: bytes, envelope_from: str, to: str, *, mine: bool) -> Mail:
        """Parses a mail and stores its attachments."""
        mail = formats.parse_mail(raw, envelope_from, to, self.context.clock.now(), mine=mine)
        stored = [self.cdn.put(file.data, file.media_type, file.name) for file in mail.attachments]
        return replace(mail, attachments=tuple(stored))

    def publish_mail(self, customer: MailCustomer, mail: Mail) -> None:
        """Publishes a mail to the customer's screen."""
        data = {"screen": f"mail/{customer.address.lower()}", "mail": mail.as_json()}
        self.context.feed.publish("mail", data)

    def _take_from_hub(self, raw: bytes, envelope_from: str, recipients: list[str]) -> None:
        for to in recipients:
            self.sent_by_hub.append(self.parse_mail(raw, envelope_from, to, mine=False))
        # Called inside the mail servers' loop, where waiting for the loop would never end.
        threading.Thread(
            target=self.deliver, args=(raw, envelope_from, list(recipients)), daemon=True
        ).start()

    def _deliver_to_customer(
        self, customer: MailCustomer, raw: bytes, sender: str, to: str
    ) -> None:
        mail = self.parse_mail(raw, sender, to, mine=False)
        failure = customer.failure
        if failure is None or failure.action == "delayed":
            customer.receive_mail(mail)
        if failure is not None and sender:
            report = formats.delivery_report(mail, failure, self.context.clock.now())
            self.deliver(report, "", [sender])

    async def _cut(self) -> None:
        self._servers.mailbox.hang_up()


def is_at(address: str, account: str) -> bool:
    """Returns whether mail for `address` goes to `account`, also with a part after a plus sign."""
    local, _, domain = address.lower().rpartition("@")
    account_local, _, account_domain = account.lower().rpartition("@")
    same_local = local.partition("+")[0] == account_local.partition("+")[0]
    return domain == account_domain and same_local
