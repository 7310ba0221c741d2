"""Writing mail and handing it over."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from domain.outbox import MessageTemplate


class MailNotSent(Exception):
    """The message could not be handed over. The text is for operators and holds no secret."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A message ready to be sent. The parts may hold a link: never log them.

    `message_id` is the same for every try, so that a duplicate can be recognised (RFC 5322, 3.6.4).
    """

    message_id: str
    recipient: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class Mailer(ABC):
    """Hands messages to whatever delivers them."""

    @abstractmethod
    async def send(self, mail: Mail) -> None:
        """Returns once the other side has taken the message. Raises MailNotSent within 15 s."""

    @abstractmethod
    async def close(self) -> None:
        """Gives every connection back; the last call, harmless if repeated."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a message says. `link` is the whole URL, token included, where there is one."""

    id: str
    template: MessageTemplate
    recipient: str
    name: str
    link: str | None = field(default=None, repr=False)


class MessageRenderer(ABC):
    """Words for every template, as text and as HTML in which every value is escaped."""

    @abstractmethod
    def render(self, letter: Letter) -> Mail:
        """Pure computation."""
