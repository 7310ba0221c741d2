"""A program that delivers what waits in the outbox, and may die between sending and noting it.

Arguments: after how many messages it kills itself (0: never), and how fast its clock is in seconds.
"""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta

from application.ports.clock import Clock
from application.ports.mailer import Mail, Mailer
from config.container import close, container_for
from config.settings import load_settings


class DyingMailer(Mailer):
    """Sends as the other does; the last thing it does is to send."""

    def __init__(self, other: Mailer, dies_after: int) -> None:
        self._other = other
        self._left = dies_after

    async def send(self, mail: Mail) -> None:
        await self._other.send(mail)
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    async def close(self) -> None:
        await self._other.close()


class FastClock(Clock):
    def __init__(self, ahead_seconds: float) -> None:
        self._ahead = timedelta(seconds=ahead_seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead


async def main() -> None:
    container = container_for(load_settings())
    container.mailer.override(DyingMailer(container.mailer(), int(sys.argv[1])))
    container.clock.override(FastClock(float(sys.argv[2])))
    await container.deliver_messages().execute()
    await close(container)


if __name__ == "__main__":
    asyncio.run(main())
