"""Whether a client takes what was written to it."""

import asyncio

from entrypoints.http.serving import limits


class Reading:
    """Looks at what is still unsent now and then: who takes some of it each time is let finish.

    Within bounds: a byte a second is progress too, and an answer is kept in memory until it is
    taken. A bound on the whole is sure where a least rate is not: systems pass bytes on in bursts.
    """

    __slots__ = ("_since", "_taken_at", "_unsent")

    def __init__(self) -> None:
        self._since = 0.0
        self._taken_at = 0.0
        self._unsent = 0

    def begin(self, transport: asyncio.Transport, now: float) -> None:
        self._since = self._taken_at = now
        self._unsent = transport.get_write_buffer_size()

    def is_given_up(self, transport: asyncio.Transport, now: float) -> bool:
        """Whether it has stood still for too long, or takes too long altogether."""
        unsent = transport.get_write_buffer_size()
        if unsent < self._unsent:
            self._taken_at = now
        self._unsent = unsent
        patience = limits.READING_SECONDS if unsent else limits.LEAVING_SECONDS
        return now - self._taken_at > patience or now - self._since > limits.ANSWER_SECONDS
