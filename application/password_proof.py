"""Asking a signed-in user for the password again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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

    password: str = field(repr=False)
    password_hash: str = field(repr=False)


class PasswordProof:
    """Two steps around the hash.

    `check` runs outside any transaction; `hold` then opens the act's own one, locks the account in
    it and makes sure that the proof still holds.
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
        require_session(actor)
        return await self._check(actor, normalise_password(password, field=field))

    async def _check(self, actor: Actor, password: str) -> ProvenPassword:
        user_id, _ = require_session(actor)
        async with self._uow.reading() as uow:
            credential = await uow.credentials.find_password(user_id)
        stored = credential.password_hash if credential else None
        if not await self._hasher.verify(password, stored) or stored is None:
            async with self._uow() as uow:
                await uow.events.add(
                    self._events.refused(
                        EventKind.REAUTHENTICATION_FAILED, actor, user_party(user_id)
                    )
                )
                await uow.commit()
            raise InvalidCredentials
        return ProvenPassword(password=password, password_hash=stored)

    @asynccontextmanager
    async def hold(
        self, actor: Actor, proven: ProvenPassword, *, with_administrators: bool = False
    ) -> AsyncIterator[tuple[UnitOfWork, User]]:
        """A unit to act in, and the caller's account, locked; administrators before it if wanted.

        A hash that has changed is checked once more, outside the unit: a sign-in may have renewed
        it for the same password. Raises InvalidCredentials if that fails, Unavailable.
        """
        async with self._uow() as uow:
            user, stored = await self._lock(uow, actor, with_administrators=with_administrators)
            if stored == proven.password_hash:
                yield uow, user
                return
        renewed = await self._check(actor, proven.password)
        async with self._uow() as uow:
            user, stored = await self._lock(uow, actor, with_administrators=with_administrators)
            if stored != renewed.password_hash:
                raise InvalidCredentials
            yield uow, user

    async def _lock(
        self, uow: UnitOfWork, actor: Actor, *, with_administrators: bool
    ) -> tuple[User, str | None]:
        """The account and its hash, for as long as the unit lasts. Raises InvalidCredentials."""
        user_id, _ = require_session(actor)
        if with_administrators:
            await uow.roles.lock_administrators()
        user = await uow.users.lock(user_id)
        if user is None or not user.is_active:
            raise InvalidCredentials
        credential = await uow.credentials.find_password(user_id)
        return user, credential.password_hash if credential else None
