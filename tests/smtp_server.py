"""A real SMTP server on the loopback interface that keeps what it is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.servers import free_port

LOGIN = ("postmaster", "a pass/word#1")


@dataclass
class Inbox:
    """What has arrived at a server that listens on `port`."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answer: str = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            message = BytesParser(policy=default).parsebytes(envelope.original_content)
            assert isinstance(message, EmailMessage)
            self.mails.append(message)
            self.recipients.append(envelope.rcpt_tos)
        return self.answer


def _check_login(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, given: Any) -> Any:
    is_right = isinstance(given, LoginPassword) and (given.login, given.password) == (
        LOGIN[0].encode(),
        LOGIN[1].encode(),
    )
    return AuthResult(success=is_right, handled=False)


@contextmanager
def smtp_server(**options: Any) -> Iterator[Inbox]:
    inbox = Inbox(free_port())
    if options.pop("login", False):
        options |= {"authenticator": _check_login, "auth_required": True}
        options["auth_require_tls"] = False
    controller = Controller(inbox, hostname="127.0.0.1", port=inbox.port, **options)
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()
