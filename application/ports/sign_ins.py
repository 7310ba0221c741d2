"""What a sign-in asks the database before the hash runs."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from application.ports.passwords import PasswordLogin
from domain.backoff import FailedSignIns


@dataclass(frozen=True, kw_only=True)
class SignInFacts:
    """The account of an address, None if there is none, and the tries at it that have failed."""

    login: PasswordLogin | None
    failed: FailedSignIns | None


class SignInLookup(ABC):
    """Always asked of the primary."""

    @abstractmethod
    async def find(self, email_key: str, tag: bytes) -> SignInFacts:
        """One statement, outside any unit of work: unknown addresses cost what known ones do.

        `tag` is what failures at the address are kept by. Raises Unavailable.
        """
