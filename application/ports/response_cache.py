"""Answers that are kept for a moment."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

LIFETIME_SECONDS = 1.0
"""The oldest that an answer gets, whatever else goes wrong."""


class ResponseCache(ABC):
    """For answers that nothing is decided by. Access is checked before it is asked.

    It is never a reason to fail: without its backend everything is loaded.
    """

    @abstractmethod
    async def fetch(self, key: str, load: Callable[[], Awaitable[bytes]]) -> bytes:
        """What was kept, or what `load` gives, which is then kept; what `load` raises, it raises.

        An answer is at most LIFETIME_SECONDS old, counted from before it was loaded.
        """

    @abstractmethod
    async def forget(self, *keys: str) -> None:
        """Call after the commit that made the answers wrong.

        Every worker loads anew from now on, also where a load of the old state is under way; where
        the backend is away, once LIFETIME_SECONDS have gone by.
        """

    @abstractmethod
    async def close(self) -> None:
        """Gives back what it holds."""
