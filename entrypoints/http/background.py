"""The jobs of an installation that has no worker: they run in every serving process."""

import structlog

from config.container import Container
from domain.errors import Unavailable

_log = structlog.get_logger("doorward.jobs")

_POLL_SECONDS = 2.0
"""Mail is sent as soon as it is committed; this is for retries and what others have left."""


async def run_jobs(container: Container) -> None:
    """Until it is cancelled. Which process does what is settled by leases in the database."""
    signal = container.delivery_signal()
    while True:
        await _run_once(container)
        await signal.wait(_POLL_SECONDS)


async def _run_once(container: Container) -> None:
    try:
        await container.deliver_messages().execute()
        deleted = await container.purge_expired().execute()
    except Unavailable:
        _log.warning("jobs_waiting_for_database")
    except Exception as error:  # noqa: BLE001
        # Jobs that stop for one fault would stop for good, and nobody would notice.
        _log.error("job_failed", error_type=type(error).__qualname__)
    else:
        if deleted is not None:
            _log.info("purged", **deleted)
