"""Making, keeping and holding the keys that sign access tokens."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.signing_keys import SigningAlgorithm, SigningKey


class SigningKeyRepository(ABC):
    """The keys of every worker, at rest. At most one is current: the database holds that."""

    @abstractmethod
    async def add(self, key: SigningKey) -> None:
        """Raises ConcurrentChange where the key is current and another one already is."""

    @abstractmethod
    async def list_usable(self) -> list[SigningKey]:
        """Every key that is not revoked, oldest first."""


class SigningKeyFactory(ABC):
    """Where new keys come from."""

    @abstractmethod
    def generate(self, algorithm: SigningAlgorithm, at: datetime) -> SigningKey:
        """A new current key, its private part sealed under the server secret."""


class KeyRing(ABC):
    """The opened keys that this process signs and verifies with."""

    @abstractmethod
    def load(self, keys: Sequence[SigningKey]) -> None:
        """Replaces the ring in one step, or raises SigningKeySealed and leaves it as it was."""

    @abstractmethod
    def can_sign(self) -> bool:
        """Whether a current key is loaded."""

    @abstractmethod
    def public_keys(self) -> tuple[Mapping[str, str], ...]:
        """The JWKs to publish (RFC 7517); secret keys (HS256) are never among them."""
