"""What a serving process does for its signing keys while it runs."""

import asyncio
import time
from typing import NoReturn

import structlog

from config.container import Container
from domain.errors import Unavailable

_log = structlog.get_logger("doorward")

REFRESH_SECONDS = 0.8
"""What is published, and what is refused, is a second old at most, the time to load included."""
DUE_CHECK_SECONDS = 60.0


async def keep_keys_fresh(container: Container) -> NoReturn:
    """Refreshes the ring, and rotates when it is time, until it is cancelled."""
    checked_at = float("-inf")
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        await refresh_keys(container)
        if time.monotonic() - checked_at >= DUE_CHECK_SECONDS:
            checked_at = time.monotonic()
            await _rotate_if_due(container)


async def refresh_keys(container: Container) -> None:
    """Whatever goes wrong leaves the ring as it is; readiness tells of it."""
    keeper = container.key_ring_keeper()
    known = keeper.unreadable
    try:
        await keeper.refresh()
    except Unavailable:
        _log.warning("signing_keys_not_refreshed")
    except Exception:  # noqa: BLE001 - without this loop revoked keys would stay for good
        _log.exception("signing_keys_not_refreshed")
    if keeper.unreadable != known:
        # Sealed under a server secret that is not configured here.
        _log.error("signing_keys_unreadable", kids=list(keeper.unreadable))


async def _rotate_if_due(container: Container) -> None:
    try:
        if await container.rotate_signing_keys_if_due().execute():
            _log.info("signing_keys_rotated")
    except Unavailable:
        _log.warning("signing_key_rotation_postponed")
    except Exception:  # noqa: BLE001 - it is tried again, and must not end the loop
        _log.exception("signing_key_rotation_postponed")
