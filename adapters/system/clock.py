"""The machine's clock and identities from it."""

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from application.ports.clock import Clock, IdGenerator


class SystemClock(Clock):
    """UTC as the operating system has it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Uuid7Generator(IdGenerator):
    """UUIDv7 with a counter, so that ids of one process grow even within one millisecond."""

    def new_id(self) -> UUID:
        return uuid7()
