"""Making, keeping and holding the keys that sign access tokens."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.signing_keys import KeyMove, SigningAlgorithm, SigningKey, SigningKeyStatus


class SigningKeyRepository(ABC):
    """The keys of every worker, at rest.

    At most one is current and at most one is next: the database holds that.
    """

    @abstractmethod
    async def add(self, key: SigningKey) -> None:
        """Raises ConcurrentChange where the key is current or next and another one already is."""

    @abstractmethod
    async def move(self, move: KeyMove) -> bool:
        """Gives the key its later status and instants, in one step; nothing else of it changes.

        False, and nothing done, if its status is not the earlier one any more. Raises
        ConcurrentChange where another key already is what this one is to be.
        """

    @abstractmethod
    async def list_all(self) -> list[SigningKey]:
        """Every key there ever was, oldest first."""

    @abstractmethod
    async def list_usable(self, *, retired_since: datetime) -> list[SigningKey]:
        """Next, current, and those retired after that instant; oldest first."""


class SigningKeyFactory(ABC):
    """Where new keys come from."""

    @abstractmethod
    def generate(
        self,
        algorithm: SigningAlgorithm,
        at: datetime,
        status: SigningKeyStatus = SigningKeyStatus.CURRENT,
    ) -> SigningKey:
        """A new current or next key, its private part sealed under the server secret.

        An RSA key takes a processor some tenths of a second: not for the event loop.
        """


class KeyRing(ABC):
    """The opened keys that this process signs and verifies with."""

    @abstractmethod
    def load(self, keys: Sequence[SigningKey]) -> tuple[str, ...]:
        """Replaces the ring in one step by the keys that can be opened; the kids of the others.

        A private part that is open already is not opened again.
        """

    @abstractmethod
    def can_sign(self) -> bool:
        """Whether a current key is loaded."""

    @abstractmethod
    def public_keys(self) -> tuple[Mapping[str, str], ...]:
        """The JWKs to publish (RFC 7517); secret keys (HS256) are never among them."""
