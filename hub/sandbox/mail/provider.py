"""All the mail there is: the hub's mailbox and the customers'."""

from __future__ import annotations

import threading
from dataclasses import replace

from hub.sandbox.base.cdn import Cdn
from hub.sandbox.base.context import Shared, Waitable
from hub.sandbox.mail import formats
from hub.sandbox.mail.customer import MailCustomer
from hub.sandbox.mail.formats import Mail
from hub.sandbox.mail.servers import MailServers
from hub.sandbox.mail.smtp import SmtpFault, SmtpRules

ADDRESS = "support@shop.example"
PASSWORD = "sandbox-mail-password"
WEBHOOK_SECRET = "sandbox-mail-hook-secret"


class MailWorld:
    """Args: `user` and `password` are the hub's, for both servers."""

    def __init__(
        self, shared: Shared, cdn: Cdn, address: str = ADDRESS, password: str = PASSWORD
    ) -> None:
        self.shared = shared
        self.cdn = cdn
        self.address = address
        self.user = address
        self.password = password
        self.webhook_secret = WEBHOOK_SECRET
        self.sent_by_hub: Waitable[Mail] = Waitable()
        self._customers: dict[str, MailCustomer] = {}
        self._inbox: list[bytes] = []
        self._rules = SmtpRules(self.user, password, self._from_hub)
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
        """Every mail that lies in the hub's mailbox, as it came."""
        return list(self._inbox)

    def start(self, smtp_port: int = 0, imap_port: int = 0) -> None:
        self._servers.start(smtp_port, imap_port)

    def close(self) -> None:
        self._servers.stop()

    # -- verbs ------------------------------------------------------------------------------

    def customer(self, address: str = "customer@example.com", name: str = "") -> MailCustomer:
        """A person; the same address is the same person."""
        key = address.lower()
        with self._lock:
            if key not in self._customers:
                self._customers[key] = MailCustomer(self, address, name)
            if name:
                self._customers[key].name = name
            return self._customers[key]

    def answers(self, code: int, text: str, command: str = "RCPT", times: int = 1) -> None:
        """The SMTP server refuses `times` commands (MAIL, RCPT or DATA): `answers(451, "Busy")`."""
        self._rules.faults.append(SmtpFault(command.upper(), f"{code} {text}", times))

    def refuses(self, address: str, answer: str = "550 5.1.1 User unknown") -> None:
        """Refuses this recipient while the mail is handed in."""
        self._rules.refused[address.lower()] = answer

    def drops_after_data(self, times: int = 1) -> None:
        """Takes the mail and cuts the connection instead of saying so."""
        self._rules.drop_after_data = times

    def is_down(self) -> None:
        """SMTP and IMAP refuse connections and cut those that are open."""
        self._servers.go_down()

    def is_up(self) -> None:
        """All is well again, whatever was wrong."""
        self._rules.faults.clear()
        self._rules.refused.clear()
        self._rules.drop_after_data = 0
        self._servers.come_up()

    def cuts_imap(self) -> None:
        """Every IMAP connection breaks; new ones are welcome."""
        self._servers.run(self._cut())

    def changes_uid_validity(self) -> None:
        """The same mails get new UIDs, as after a server was restored."""
        self._servers.run(self._servers.mailbox.renumber(self.inbox))

    def somebody_reads_everything(self) -> None:
        """All mails in the hub's mailbox are \\Seen, by a colleague's phone."""
        self._servers.run(self._servers.mailbox.mark_all_seen())

    def arrives(self, raw: bytes) -> None:
        """Puts bytes into the hub's mailbox as they are, however malformed."""
        with self._lock:
            self._inbox.append(raw)
        self._servers.run(self._servers.mailbox.add(raw))

    # -- carrying ---------------------------------------------------------------------------

    def deliver(self, raw: bytes, envelope_from: str, recipients: list[str]) -> None:
        """Takes a mail to everybody it is for. An address nobody has yet gets a mailbox."""
        for to in recipients:
            if is_at(to, self.address):
                now = self.shared.clock.now()
                self.arrives(formats.received(raw, envelope_from, to, now))
            else:
                self._to_customer(self.customer(to), raw, envelope_from, to)

    def read(self, raw: bytes, envelope_from: str, to: str, *, mine: bool) -> Mail:
        mail = formats.read(raw, envelope_from, to, self.shared.clock.now(), mine=mine)
        kept = [self.cdn.put(m.data, m.media_type, m.name) for m in mail.attachments]
        named = (
            replace(new, name=old.name) for new, old in zip(kept, mail.attachments, strict=True)
        )
        return replace(mail, attachments=tuple(named))

    def tell(self, customer: MailCustomer, mail: Mail) -> None:
        """News for the page."""
        data = {"screen": f"mail/{customer.address.lower()}", "mail": mail.as_json()}
        self.shared.feed.publish("mail", data)

    def _from_hub(self, raw: bytes, envelope_from: str, recipients: list[str]) -> None:
        for to in recipients:
            self.sent_by_hub.append(self.read(raw, envelope_from, to, mine=False))
        # Called inside the mail servers' loop, where waiting for the loop would never end.
        threading.Thread(
            target=self.deliver, args=(raw, envelope_from, list(recipients)), daemon=True
        ).start()

    def _to_customer(self, customer: MailCustomer, raw: bytes, sender: str, to: str) -> None:
        mail = self.read(raw, sender, to, mine=False)
        trouble = customer.trouble
        if trouble is None or trouble[0] == "delayed":
            customer.takes(mail)
        if trouble is not None and sender:
            report = formats.report(mail, *trouble, self.shared.clock.now())
            self.deliver(report, "", [sender])

    async def _cut(self) -> None:
        self._servers.mailbox.hang_up()


def is_at(address: str, account: str) -> bool:
    """True when mail for `address` lies in `account`'s mailbox, also with +something."""
    local, _, domain = address.lower().rpartition("@")
    own_local, _, own_domain = account.lower().rpartition("@")
    return domain == own_domain and local.partition("+")[0] == own_local.partition("+")[0]
