"""The machine's clock and identities from it."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID

from application.ports.clock import Clock, IdGenerator

_RANDOM_BITS = 74
_STEP = (1 << 32) - 1
_RAND_B_BITS = 62
_VERSION, _VARIANT = 7, 0b10


class SystemClock(Clock):
    """UTC as the operating system has it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Uuid7Generator(IdGenerator):
    """UUIDv7 (RFC 9562, 5.7): milliseconds, then chance.

    Ids of one process grow even within one millisecond: there each adds a random step to the one
    before (6.2, method 2). For one thread at a time; a process that is forked draws chance of its
    own.
    """

    _last = 0
    """Milliseconds and random bits of the process's latest, as one number."""

    def new_id(self) -> UUID:
        # Half of the range is left for steps; beyond it they borrow from the next millisecond.
        chance = _chance(_RANDOM_BITS - 1)
        fresh = (time.time_ns() // 1_000_000) << _RANDOM_BITS | chance
        last = Uuid7Generator._last
        if fresh >> _RANDOM_BITS <= last >> _RANDOM_BITS:
            fresh = last + 1 + (chance & _STEP)
        Uuid7Generator._last = fresh
        rand_b = fresh & ((1 << _RAND_B_BITS) - 1)
        time_and_rand_a = fresh >> _RAND_B_BITS
        milliseconds, rand_a = time_and_rand_a >> 12, time_and_rand_a & 0xFFF
        high = milliseconds << 16 | _VERSION << 12 | rand_a
        return UUID(int=high << 64 | _VARIANT << _RAND_B_BITS | rand_b)


def _chance(bits: int) -> int:
    """As many random bits, of the operating system's: without what `secrets` has around them."""
    return int.from_bytes(os.urandom((bits + 7) // 8)) >> (-bits % 8)
