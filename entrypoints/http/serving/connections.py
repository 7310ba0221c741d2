"""All connections of a worker together: whose time is over, and who makes room when it is full."""

import asyncio
from collections.abc import Collection
from typing import Protocol

from entrypoints.http.serving import limits


class Connection(Protocol):
    """What this module asks of one."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport

    def waited(self, now: float) -> float:
        """For how many seconds its client has kept us waiting; 0 while it waits for us."""

    def check_deadlines(self, now: float) -> None:
        """Ends it if its client has taken too long."""

    def give_up(self) -> None:
        """Ends it as if its time were over."""


def sweep(connections: Collection[Connection], now: float) -> None:
    for connection in tuple(connections):
        connection.check_deadlines(now)


def make_room(connections: Collection[Connection], now: float) -> bool:
    """Whether one more may come in.

    A full worker that refused everybody could be kept full by whoever just says nothing. So a
    newcomer takes the place of the client that has kept it waiting the longest, if that is long.

    Whoever makes room is told so and gone at once: if those who leave kept their sockets, others
    could come as fast as they like, and if newcomers waited for them, honest ones would, too.
    """
    if len(connections) < limits.MAX_CONNECTIONS:
        return True
    slowest = max(connections, key=lambda connection: connection.waited(now))
    if slowest.waited(now) < limits.DISPLACED_AFTER_SECONDS:
        return False
    slowest.give_up()
    # What was said is with the system after one turn of the loop.
    slowest.loop.call_soon(slowest.transport.abort)
    return True
