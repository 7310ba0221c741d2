"""Mail through an SMTP server."""

import asyncio
import ssl
from dataclasses import dataclass, field
from email.utils import parseaddr
from functools import cache
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from application.ports.mailer import Mail, Mailer, MailNotSent

_TIMEOUT_SECONDS = 10.0
_DEADLINE_SECONDS = 14.0
_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """`start_tls` True demands it, False forbids it, None takes it where it is offered."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    use_tls: bool
    start_tls: bool | None

    @classmethod
    def of_url(cls, url: str) -> Self:
        """`smtp://user:password@host:port[?starttls=true]` or `smtps://...`, checked before."""
        parts = urlsplit(url)
        wish = dict(parse_qsl(parts.query)).get("starttls")
        use_tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=use_tls,
            start_tls=False if use_tls or wish == "false" else (True if wish else None),
        )


class SmtpMailer(Mailer):
    """One connection a message: an idle one is closed by most servers after minutes anyway."""

    def __init__(self, server: SmtpServer, *, sender: str) -> None:
        self._server = server
        self._sender = sender
        # Reading the machine's certificates takes longer than sending a message.
        self._tls = cache(ssl.create_default_context)

    async def send(self, mail: Mail) -> None:
        # Many a process has nothing to send for as long as it lives.
        import aiosmtplib

        from adapters.mail.messages import to_message

        server = self._server
        message = to_message(mail, self._sender)
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                await aiosmtplib.send(
                    message,
                    sender=parseaddr(self._sender)[1],
                    recipients=[mail.recipient],
                    hostname=server.host,
                    port=server.port,
                    username=server.user,
                    password=server.password,
                    use_tls=server.use_tls,
                    start_tls=server.start_tls,
                    tls_context=self._tls(),
                    timeout=_TIMEOUT_SECONDS,
                )
        except aiosmtplib.SMTPResponseException as error:
            # The code alone: what servers write into the text may repeat what was sent.
            raise MailNotSent(f"SMTP {error.code}") from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            raise MailNotSent(type(error).__name__) from error

    async def close(self) -> None:
        return
