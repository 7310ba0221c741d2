"""Time in UTC, and identities that grow."""

import time
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

from adapters.system.clock import SystemClock, Uuid7Generator


def test_the_clock_is_aware_and_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta(0)


def test_ids_are_uuid7_of_the_present() -> None:
    before = time.time_ns() // 1_000_000
    made = Uuid7Generator().new_id()
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_ids_of_a_process_grow_even_within_a_millisecond() -> None:
    one, other = Uuid7Generator(), Uuid7Generator()
    made = [generator.new_id() for _ in range(5_000) for generator in (one, other)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    # They are ordered as text and as bytes too, which is how databases compare them.
    assert [i.hex for i in made] == sorted(i.hex for i in made)
