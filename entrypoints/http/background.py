"""The jobs of an installation that has no worker: they run in every serving process."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

import structlog

from config.container import Container
from domain.errors import Unavailable

_log = structlog.get_logger("doorward.jobs")

T = TypeVar("T")

_POLL_SECONDS = 2.0
"""Mail is sent as soon as it is committed; this is for retries and what others have left."""
_BATCH = 100
"""Between batches there is time for other jobs."""
_PURGE_POLL_SECONDS = 60.0
_FINISHING_SECONDS = 15.0
"""What a mailer may take for the message that it has in hand when the process is told to stop."""


class BackgroundJobs:
    """Which process does what is settled by leases in the database."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._signal = container.delivery_signal()
        self._is_stopping = False
        self._next_purge = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="jobs")

    async def stop(self) -> None:
        """Lets the message in hand be finished, so that nobody gets it twice."""
        self._is_stopping = True
        self._signal.notify()
        if self._task is not None:
            with suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._task, _FINISHING_SECONDS)

    async def _run(self) -> None:
        while not self._is_stopping:
            if not await self._work():
                await self._signal.wait(_POLL_SECONDS)

    async def _work(self) -> bool:
        """Whether there may be more to do at once."""
        try:
            deliver = self._container.deliver_messages()
            delivered = await self._timed(
                "deliver", deliver.execute(at_most=_BATCH, until=lambda: self._is_stopping)
            )
            await self._purge()
        except Unavailable:
            _log.warning("jobs_waiting_for_database")
        except Exception as error:  # noqa: BLE001
            # Jobs that stop for one fault would stop for good, and nobody would notice.
            _log.error("job_failed", error_type=type(error).__qualname__)
        else:
            return delivered == _BATCH
        return False

    async def _purge(self) -> None:
        if time.monotonic() < self._next_purge:
            return
        self._next_purge = time.monotonic() + _PURGE_POLL_SECONDS
        deleted = await self._timed("purge", self._container.purge_expired().execute())
        if deleted is not None:
            _log.info("purged", **deleted)

    async def _timed(self, job: str, work: Awaitable[T]) -> T:
        """Counts the run, unless there was nothing to do."""
        began, telemetry = time.perf_counter(), self._container.telemetry()
        try:
            done = await work
        except Exception:
            telemetry.job_ended(job, time.perf_counter() - began, failed=True)
            raise
        if done:
            telemetry.job_ended(job, time.perf_counter() - began, failed=False)
        return done
