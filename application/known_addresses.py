"""Where an account was signed in to lately: its owner's places, as far as anybody can tell."""

from uuid import UUID

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.backoff import BackoffRules

_NO_ACCOUNT = UUID(int=0)


class KnownAddresses:
    """Sign-ins write them down; what others do to an account does not keep them out."""

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, rules: BackoffRules) -> None:
        self._uow = uow
        self._clock = clock
        self._rules = rules

    async def include(self, email_key: str, address: str) -> bool:
        """Takes as long where there is no such account. Raises Unavailable."""
        since = self._clock.now() - self._rules.known_for
        async with self._uow.reading() as uow:
            user = await uow.users.find(email_key)
            return await uow.backoff.is_known(user.id if user else _NO_ACCOUNT, address, since)
