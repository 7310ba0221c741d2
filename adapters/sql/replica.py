"""Reading from a replica for as long as there is one."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from adapters.sql.async_core import AsyncConnection
from adapters.sql.engine import Database

_log = logging.getLogger("doorward.sql")

_PAUSE_SECONDS = 5.0


class ReplicaFirst:
    """What may lag is read from the replica, and from the primary while that cannot be reached.

    After a failure nobody tries it for a pause, so that an outage delays one request in each. A
    replica that is busy is not away: whoever finds its pool full is not sent on to the primary.
    """

    def __init__(self, primary: Database, replica: Database) -> None:
        self._primary = primary
        self._replica = replica
        self._away_until = 0.0

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            yield await self._connect(stack)

    async def _connect(self, stack: AsyncExitStack) -> AsyncConnection:
        if time.monotonic() >= self._away_until:
            try:
                return await stack.enter_async_context(self._replica.reading())
            except PoolTimeoutError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the primary may do better
                self._away_until = time.monotonic() + _PAUSE_SECONDS
                _log.warning("replica away, the primary is read: %s", type(error).__name__)
        return await stack.enter_async_context(self._primary.reading())
