"""The made-up people a newcomer can be, each reachable in every app."""

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
class Person:
    key: str
    name: str
    language: str
    phone: str
    mail: str


# Numbers from the range kept for fiction, addresses from the domains kept for examples.
PEOPLE = (
    Person("sam", "Sam Sample", "en", "+12025550123", "sam.sample@example.com"),
    Person("layla", "ليلى مثال", "ar", "+12025550145", "layla.mithal@example.org"),
    Person("mari", "Mari Maasikas", "et", "+12025550167", "mari.maasikas@example.net"),
)


@dataclass(frozen=True, slots=True)
class Apps:
    """One person's accounts at the providers."""

    person: Person
    telegram: TelegramCustomer
    messenger: MessengerCustomer
    sms: SmsCustomer
    mail: MailCustomer

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.person.key,
            "name": self.person.name,
            "language": self.person.language,
            "phone": self.person.phone,
            "mail": self.person.mail,
            "screens": {
                "telegram": self.telegram.screen.key,
                "messenger": self.messenger.screen.key,
                "sms": self.sms.screen.key,
                "mail": f"mail/{self.person.mail}",
            },
            "switches": self.switches(),
        }

    def switches(self) -> dict[str, Any]:
        """What is set to go wrong, and how far Messenger's window is."""
        return {
            "bot_blocked": self.telegram.chat.bot == "kicked",
            "page_blocked": self.messenger.blocked,
            "window": self._window(),
            "stopped": self.sms.stopped,
            "phone_off": self.sms.outcome[0] != "delivered",
            "away": bool(self.mail.away),
            "mailbox_full": self.mail.trouble is not None,
        }

    def _window(self) -> str:
        last = self.messenger.last_wrote
        if last is None:
            return "never"
        age = self.messenger.clock.now() - last
        return "open" if age <= WINDOW else "people" if age <= HUMAN_WINDOW else "closed"


def apps_of(providers: Providers, person: Person) -> Apps:
    return Apps(
        person,
        providers.telegram.customer(person.name, person.language),
        providers.graph.customer(person.name),
        providers.twilio.customer(person.phone, person.name),
        providers.mail.customer(person.mail, person.name),
    )
