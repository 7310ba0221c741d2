"""Making and reading API keys, keeping them, and the look-up behind every call made with one."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.api_keys import ApiKey
from domain.users import User


@dataclass(frozen=True, kw_only=True)
class MintedKey:
    """A new key: its text, which is shown once, and what is kept of it."""

    text: str = field(repr=False)
    public_id: str
    secret_digest: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class PresentedKey:
    """What somebody's key says. Its checksum has been checked, its secret not yet."""

    public_id: str
    secret_digest: bytes = field(repr=False)


class ApiKeyCodec(ABC):
    """`dw_<public id>_<secret>_<checksum>`. Pure computation: no look-up."""

    @abstractmethod
    def mint(self) -> MintedKey:
        """A key that nobody has and nobody can guess."""

    @abstractmethod
    def read(self, text: str) -> PresentedKey:
        """Refuses what is not a whole key, at the same small cost however long it is.

        Raises InvalidApiKey.
        """

    @abstractmethod
    def belongs_to(self, presented: PresentedKey, key: ApiKey) -> bool:
        """Whether the secret is the stored key's; constant time."""


class ApiKeyRepository(ABC):
    """Keys of accounts. One that is revoked or has expired stays."""

    @abstractmethod
    async def add(self, key: ApiKey) -> None:
        """Raises ConcurrentChange in the case that will not happen: the public id is taken."""

    @abstractmethod
    async def get(self, key_id: UUID) -> ApiKey | None:
        """The key in whatever state."""

    @abstractmethod
    async def find(self, public_id: str) -> ApiKey | None:
        """The same, by the part of it that its text shows."""

    @abstractmethod
    async def page(self, owner_id: UUID, before: UUID | None, limit: int) -> list[ApiKey]:
        """Newest first, in whatever state: at most `limit` whose id is lower than `before`."""

    @abstractmethod
    async def retire(self, key_id: UUID, at: datetime, ends_at: datetime) -> ApiKey | None:
        """The key gets its one successor and ends at `ends_at`, or earlier if it would have anyway.

        One conditional UPDATE; None unless the key was alive and without a successor.
        """

    @abstractmethod
    async def revoke(self, key_id: UUID, at: datetime) -> bool:
        """One conditional UPDATE; False if the key was revoked already or never was."""

    @abstractmethod
    async def revoke_all(self, owner_id: UUID, at: datetime) -> int:
        """Every key of the account; how many were not revoked yet."""

    @abstractmethod
    async def note_use(self, key_id: UUID, at: datetime) -> bool:
        """One conditional UPDATE; False where a use less than a minute earlier is noted."""


@dataclass(frozen=True, kw_only=True)
class LiveApiKey:
    """A key that is neither revoked nor expired, of an account that is active."""

    key: ApiKey
    owner: User
    owner_permissions: frozenset[str]

    @property
    def permissions(self) -> frozenset[str]:
        """What the key may do at this moment."""
        return self.key.permissions_under(self.owner_permissions)


class ApiKeyLookup(ABC):
    """What authentication asks of the database. Always asked of the primary."""

    @abstractmethod
    async def find_live(self, public_id: str, at: datetime) -> LiveApiKey | None:
        """One statement, outside any unit of work: key, owner, roles and permissions."""
