"""Hashing passwords, and keeping the hashes."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.passwords import PasswordCredential
from domain.users import User


class HashVerdict(StrEnum):
    """What a hash that another system made is worth here."""

    USABLE = "usable"
    UNKNOWN = "unknown"
    """Of a kind that does not verify here, or not whole."""
    TOO_COSTLY = "too_costly"


@dataclass(frozen=True, kw_only=True)
class HashingState:
    """`running` and `waiting` at this moment, `refused` since the process began."""

    running: int = 0
    waiting: int = 0
    refused: int = 0


class PasswordHasher(ABC):
    """Slow on purpose, and never on the event loop.

    Work is bounded: a few hashes run at once, a bounded number waits, and more raise Unavailable.
    A caller who goes away does not give its place back before its hash has ended.
    Passwords are given in normalised form.
    """

    @abstractmethod
    async def hash(self, password: str) -> str:
        """An encoded hash with a fresh salt and the current parameters. Raises Unavailable."""

    @abstractmethod
    async def verify(
        self, password: str, password_hash: str | None, *, as_typed: str | None = None
    ) -> bool:
        """Whether the password gives the hash. None costs as much as a wrong password and is False.

        `as_typed` is the password before it was normalised, which is what other systems hashed: it
        matches too, and where the two differ both are tried, whatever is stored.
        Hashes that are broken, or whose parameters cost more than the cap, are False.
        Raises Unavailable.
        """

    @abstractmethod
    def appraise(self, password_hash: str) -> HashVerdict:
        """Whether `verify` could ever say yes to it. Computes nothing."""

    @abstractmethod
    def needs_rehash(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than the current ones."""

    def admission(self) -> AbstractContextManager[None]:
        """Around work that comes to a hash: as many are let in as may run and wait together.

        Whoever is too many hears so before anything is done for them. Raises Unavailable; never for
        a hasher that keeps nobody waiting.
        """
        return nullcontext()

    def state(self) -> HashingState:
        """How busy this process's hasher is; nothing for one that never keeps anybody waiting."""
        return HashingState()


@dataclass(frozen=True, kw_only=True)
class PasswordLogin:
    """What a sign-in needs to know of an account. `password_hash` is None if it has no password."""

    user: User
    password_hash: str | None = field(repr=False)


class CredentialRepository(ABC):
    """Password credentials, apart from the accounts they belong to."""

    @abstractmethod
    async def set_password(self, user_id: UUID, password_hash: str, at: datetime) -> None:
        """Creates the credential or replaces its hash."""

    @abstractmethod
    async def find_password(self, user_id: UUID) -> PasswordCredential | None:
        """The credential, None if the account has no password."""
