"""Asking a signed-in user for the password again."""

from dataclasses import dataclass, field

from application.audit import EventFactory, user_party
from application.ports.passwords import PasswordHasher
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor, require_session
from domain.events import EventKind
from domain.passwords import normalise_password
from domain.sessions import InvalidCredentials
from domain.users import User


@dataclass(frozen=True, kw_only=True)
class ProvenPassword:
    """That the caller knows the password, as long as the stored hash is still this one."""

    password_hash: str = field(repr=False)


class PasswordProof:
    """Two steps around the hash.

    `check` runs outside any transaction; `hold` then locks the account inside the act's own one and
    makes sure that nothing has changed since.
    """

    def __init__(
        self, *, uow: UnitOfWorkFactory, hasher: PasswordHasher, events: EventFactory
    ) -> None:
        self._uow = uow
        self._hasher = hasher
        self._events = events

    async def check(self, actor: Actor, password: str, *, field: str) -> ProvenPassword:
        """A failure is in the audit log before it is raised.

        Raises NotAuthenticated, PermissionMissing, InvalidCredentials, InvalidField, Unavailable.
        """
        user_id, _ = require_session(actor)
        normalised = normalise_password(password, field=field)
        async with self._uow.reading() as uow:
            credential = await uow.credentials.find_password(user_id)
        stored = credential.password_hash if credential else None
        if not await self._hasher.verify(normalised, stored) or stored is None:
            async with self._uow() as uow:
                await uow.events.add(
                    self._events.refused(
                        EventKind.REAUTHENTICATION_FAILED, actor, user_party(user_id)
                    )
                )
                await uow.commit()
            raise InvalidCredentials
        return ProvenPassword(password_hash=stored)

    async def hold(self, uow: UnitOfWork, actor: Actor, proven: ProvenPassword) -> User:
        """The caller's account, locked. Raises InvalidCredentials if the proof is out of date."""
        user_id, _ = require_session(actor)
        user = await uow.users.lock(user_id)
        credential = await uow.credentials.find_password(user_id)
        unchanged = credential is not None and credential.password_hash == proven.password_hash
        if user is None or not user.is_active or not unchanged:
            raise InvalidCredentials
        return user
