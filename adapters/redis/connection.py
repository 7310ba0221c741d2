"""One connection to Redis, for who asks one thing at a time."""

import logging

from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

_logger = logging.getLogger(__name__)


class RedisConnection:
    """Connects when it is first asked. What a pool does for every call costs as much again."""

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        """Raises ValueError, without what the URL holds, if the client cannot make use of it."""
        try:
            self._connection = ConnectionPool.from_url(
                url,
                socket_connect_timeout=timeout_seconds,
                # The caller's one bound is around the whole call. The client's own, around each
                # step, can swallow it on Python 3.11 and double the wait: asyncio.wait_for,
                # cpython#86296.
                socket_timeout=None,
                # A second try would be a second wait, and could charge twice.
                retry=Retry(NoBackoff(), 0),
                # Nothing to say on connecting, hence no round trip for it.
                protocol=2,
                driver_info=None,
            ).make_connection()  # type: ignore[no-untyped-call]
        except (TypeError, ValueError, RedisError):
            raise ValueError("must have a known scheme and known options") from None

    async def execute_command(self, *arguments: str | int) -> object:
        connection = self._connection
        if connection.is_connected and await connection.can_read():
            # Nothing was asked: what there is to read is its end.
            await connection.disconnect(nowait=True)
        await connection.send_command(*arguments)
        return await connection.read_response()

    async def close(self) -> None:
        try:
            await self._connection.disconnect()
        except Exception as error:  # noqa: BLE001 - a connection that dies while closing is closed
            _logger.debug("closing a redis connection: %s", type(error).__name__)
