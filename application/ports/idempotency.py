"""Keeping idempotency keys, and the answers to their requests."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from domain.idempotency import IdempotencyClaim


class IdempotencyRepository(ABC):
    """Claims of keys. Each method is one statement: of many at once, one succeeds."""

    @abstractmethod
    async def find(
        self, scope: str, key_digests: Sequence[bytes], at: datetime
    ) -> IdempotencyClaim | None:
        """The claim under any of these digests that has not expired by then."""

    @abstractmethod
    async def add(self, claim: IdempotencyClaim) -> bool:
        """Stores it, in the place of one that has expired by its `created_at` if need be.

        False, and nothing done, if there is one that has not.
        """

    @abstractmethod
    async def take_over(self, claim: IdempotencyClaim, leased_until: datetime) -> bool:
        """Extends a lease that has run out. False if it was answered, or somebody was first."""

    @abstractmethod
    async def answer(self, claim: IdempotencyClaim, sealed_answer: bytes) -> bool:
        """Stores the answer. False if another has taken the claim over."""

    @abstractmethod
    async def release(self, claim: IdempotencyClaim) -> None:
        """Forgets the claim, unless it was answered or another has taken it over."""


class AnswerVault(ABC):
    """Hides keys and answers from whoever reads the storage.

    `key` is the key as the caller sent it, with whatever else tells it from others' keys.
    """

    @abstractmethod
    def digests(self, key: bytes) -> tuple[bytes, ...]:
        """What the key is stored and found under: one for each server secret, the current first."""

    @abstractmethod
    def seal(self, key: bytes, answer: bytes, context: bytes) -> bytes:
        """Encrypts so that only the key, the server secret and the same context open it."""

    @abstractmethod
    def open(self, key: bytes, sealed: bytes, context: bytes) -> bytes:
        """Raises ValueError for what was changed since it was sealed."""
