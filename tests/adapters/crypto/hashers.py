"""A pool of hashes that cost next to nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.crypto.passwords import Argon2PasswordHasher


@contextmanager
def cheap(concurrency: int = 1) -> Iterator[Argon2PasswordHasher]:
    hasher = Argon2PasswordHasher(memory_kib=8, time_cost=1, concurrency=concurrency)
    try:
        yield hasher
    finally:
        hasher.close()
