"""Following a request through the parts that answer it, and through services before and after."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager


class RequestSpan(ABC):
    """One request as this service saw it."""

    trace_id: str
    """32 hexadecimal digits (W3C Trace Context): the caller's, or a new one."""

    @abstractmethod
    def answered(self, route: str, status: int) -> None:
        """Call before the block ends. `route` is a template."""


class Tracing(ABC):
    """Where there is none, nothing is wrapped: the container has None in its place.

    Spans hold names of routes, use cases, statements and errors; no paths, values or messages.
    """

    @abstractmethod
    def request(
        self, method: str, headers: Sequence[tuple[bytes, bytes]]
    ) -> AbstractContextManager[RequestSpan]:
        """A span below the caller's, if its `traceparent` is valid; nothing else is believed."""

    @abstractmethod
    def step(self, name: str) -> AbstractContextManager[None]:
        """A span below the current one; nothing where no request is being traced."""

    @abstractmethod
    def close(self) -> None:
        """Sends what is left, for some seconds at most; the last call. Blocks."""
