"""Writing down when keys were used, behind the calls' backs."""

import asyncio
from contextlib import suppress

import structlog

from config.container import Container
from domain.errors import Unavailable

_log = structlog.get_logger("doorward")

_FINISHING_SECONDS = 2.0
"""What a shutdown waits for the last of them; losing them loses a time, and nothing else."""


class KeyUseWriter:
    """One task a process, which sleeps until a key is used that was not used for a minute."""

    def __init__(self, container: Container) -> None:
        self._uses = container.api_key_uses()
        self._is_stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="key-uses")

    async def stop(self) -> None:
        """Writes what is left, if the database is quick about it."""
        self._is_stopping = True
        self._uses.wake()
        if self._task is not None:
            with suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._task, _FINISHING_SECONDS)

    async def _run(self) -> None:
        while not self._is_stopping:
            await self._uses.wait()
            await self._write()
        # Told to stop before it could even begin, it has not written anything yet.
        await self._write()

    async def _write(self) -> None:
        try:
            await self._uses.write()
        except Unavailable:
            _log.warning("key_uses_not_written")
        except Exception as error:  # noqa: BLE001 - it is about a time that is nice to know
            _log.error("key_uses_not_written", error_type=type(error).__qualname__)
