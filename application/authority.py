"""What every act on somebody's account checks first, inside the act's own unit of work."""

from uuid import UUID

from application.ports.unit_of_work import UnitOfWork
from domain.access import (
    Actor,
    ActorKind,
    require,
    require_authority_over,
    require_session,
    require_visible,
)
from domain.errors import NotFound, StaleVersion
from domain.roles import ADMIN_ROLE, USERS_READ
from domain.users import LastAdministrator, User


async def lock_target(uow: UnitOfWork, actor: Actor, user_id: UUID, permission: str) -> User:
    """The account to act on, locked, once the caller is known to have authority over it.

    Takes the administrators' lock first, so that whatever the act does next can rely on who they
    are. Who may neither act on accounts nor see them learns nothing of which ids exist.
    Raises NotAuthenticated, NotFound, PermissionMissing.
    """
    if not actor.may(permission):
        require_visible(actor, user_id, USERS_READ)
        require(actor, permission)
    if actor.kind is ActorKind.API_KEY and actor.user_id == user_id:
        # Acts on one's own account need a session: a leaked key must not take it.
        require_session(actor)
    await uow.roles.lock_administrators()
    user = await uow.users.lock(user_id)
    if user is None:
        raise NotFound
    require_authority_over(actor, await uow.roles.permissions_of(user.roles))
    return user


async def keep_an_administrator(uow: UnitOfWork, user: User) -> None:
    """Call before an active account loses `admin`, its status or its existence.

    Needs the administrators' lock. Raises LastAdministrator.
    """
    if user.is_active and ADMIN_ROLE in user.roles:
        others = await uow.users.count_active_administrators(besides=user.id)
        if others == 0:
            raise LastAdministrator


def changed(user: User | None) -> User:
    """The result of a conditional write to a locked account, which only its version can fail."""
    if user is None:
        raise StaleVersion
    return user
