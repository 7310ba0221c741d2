"""The way to a mail server, as far as a connection can tell."""

import asyncio

from application.ports.mail_route import MailRoute

_TIMEOUT_SECONDS = 2.0


class TcpMailRoute(MailRoute):
    """Connects and says nothing: servers take no note of it, and no library for mail is needed."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    async def is_open(self) -> bool:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                _, writer = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError, UnicodeError):
            return False
        writer.close()
        return True
