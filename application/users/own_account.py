"""Acts on the caller's own account."""

from dataclasses import dataclass, field

from application.audit import EventFactory, user_party
from application.authority import changed, keep_an_administrator
from application.password_proof import PasswordProof
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.users import UserChanges
from domain.access import Actor, NotAuthenticated, require_session
from domain.errors import NotFound
from domain.events import EventKind
from domain.users import User, check_name


@dataclass(frozen=True, kw_only=True)
class GetOwnAccountQuery:
    actor: Actor


class GetOwnAccount:
    """Any valid credential of a user. Costs nothing: authentication has read the account already.

    Raises NotAuthenticated.
    """

    async def execute(self, query: GetOwnAccountQuery) -> User:
        if query.actor.account is None:
            raise NotAuthenticated
        return query.actor.account


@dataclass(frozen=True, kw_only=True)
class UpdateOwnAccountCommand:
    actor: Actor
    name: str | None = None
    if_version: int | None = None


class UpdateOwnAccount:
    """A signed-in user. Raises NotAuthenticated, PermissionMissing, InvalidField, StaleVersion."""

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, events: EventFactory) -> None:
        self._uow = uow
        self._clock = clock
        self._events = events

    async def execute(self, command: UpdateOwnAccountCommand) -> User:
        user_id, _ = require_session(command.actor)
        if command.name is not None:
            check_name(command.name)
        async with self._uow() as uow:
            user = await uow.users.lock(user_id)
            if user is None:
                raise NotFound
            changes = UserChanges(name=command.name)
            updated = changed(
                await uow.users.change(user_id, changes, self._clock.now(), command.if_version)
            )
            fields = ["name"] if updated.name != user.name else []
            await uow.events.add(
                self._events.success(
                    EventKind.USER_UPDATED, command.actor, user_party(user_id), fields=fields
                )
            )
            await uow.commit()
        return updated


@dataclass(frozen=True, kw_only=True)
class DeleteOwnAccountCommand:
    actor: Actor
    password: str = field(repr=False)


class DeleteOwnAccount:
    """A signed-in user who gives the password again.

    Raises NotAuthenticated, PermissionMissing, InvalidCredentials, LastAdministrator, Unavailable.
    """

    def __init__(self, *, proof: PasswordProof, events: EventFactory) -> None:
        self._proof = proof
        self._events = events

    async def execute(self, command: DeleteOwnAccountCommand) -> None:
        actor = command.actor
        proven = await self._proof.check(actor, command.password, field="password")
        async with self._proof.hold(actor, proven, with_administrators=True) as (uow, user):
            await keep_an_administrator(uow, user)
            await uow.users.delete(user.id, None)
            await uow.events.add(
                self._events.success(EventKind.USER_DELETED, actor, user_party(user.id))
            )
            await uow.commit()
