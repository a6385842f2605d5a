"""The made-up customers of the page, each with an account in every app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.sandbox.customer_page.providers import Providers
from hub.sandbox.graph.checks import HUMAN_WINDOW, WINDOW
from hub.sandbox.graph.customer import MessengerCustomer
from hub.sandbox.mail.customer import MailCustomer
from hub.sandbox.telegram.customer import TelegramCustomer
from hub.sandbox.twilio.customer import SmsCustomer


@dataclass(frozen=True, slots=True)
class SampleCustomer:
    """A made-up customer. `key` stands in the URLs, `language` is an ISO 639-1 code."""

    key: str
    name: str
    language: str
    phone: str
    mail: str


# Numbers from the range kept for fiction, addresses from the domains kept for examples.
SAMPLE_CUSTOMERS = (
    SampleCustomer("sam", "Sam Sample", "en", "+12025550123", "sam.sample@example.com"),
    SampleCustomer("layla", "ليلى مثال", "ar", "+12025550145", "layla.mithal@example.org"),
    SampleCustomer("mari", "Mari Maasikas", "et", "+12025550167", "mari.maasikas@example.net"),
)


@dataclass(frozen=True, slots=True)
class CustomerApps:
    """The accounts of one customer at the providers."""

    customer: SampleCustomer
    telegram: TelegramCustomer
    messenger: MessengerCustomer
    sms: SmsCustomer
    mail: MailCustomer

    def as_json(self) -> dict[str, Any]:
        """Returns the customer as the page draws it."""
        return {
            "key": self.customer.key,
            "name": self.customer.name,
            "language": self.customer.language,
            "phone": self.customer.phone,
            "mail": self.customer.mail,
            "screens": {
                "telegram": self.telegram.screen.key,
                "messenger": self.messenger.screen.key,
                "sms": self.sms.screen.key,
                "mail": f"mail/{self.customer.mail}",
            },
            "switches": self.settings(),
        }

    def settings(self) -> dict[str, Any]:
        """Returns the faults that are turned on, and the state of Messenger's reply window."""
        return {
            "bot_blocked": self.telegram.chat.bot == "kicked",
            "page_blocked": self.messenger.blocked,
            "window": self._window(),
            "stopped": self.sms.stopped,
            "phone_off": self.sms.outcome[0] != "delivered",
            "away": bool(self.mail.away_text),
            "mailbox_full": self.mail.failure is not None,
        }

    def _window(self) -> str:
        last = self.messenger.last_wrote
        if last is None:
            return "never"
        age = self.messenger.clock.now() - last
        return "open" if age <= WINDOW else "people" if age <= HUMAN_WINDOW else "closed"


def apps_of(providers: Providers, customer: SampleCustomer) -> CustomerApps:
    """Opens the accounts of a customer, or finds them again."""
    return CustomerApps(
        customer,
        providers.telegram.customer(customer.name, customer.language),
        providers.graph.customer(customer.name),
        providers.twilio.customer(customer.phone, customer.name),
        providers.mail.customer(customer.mail, customer.name),
    )
