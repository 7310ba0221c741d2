"""Time and identity, which the rules never take from the machine themselves."""

from abc import ABC, abstractmethod
from datetime import datetime
from uuid import UUID


class Clock(ABC):
    """What time it is."""

    @abstractmethod
    def now(self) -> datetime:
        """The current instant, aware, in UTC."""


class IdGenerator(ABC):
    """New identities for records."""

    @abstractmethod
    def new_id(self) -> UUID:
        """A UUIDv7 (RFC 9562, 5.7): unique, and ordered by time of creation to the millisecond."""
