"""Callers of every sort, and what the use cases leave behind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from application.ports.unit_of_work import UnitOfWork
from application.users.registration import RegisterUserCommand
from domain.access import Actor, ActorKind, Origin
from domain.events import Event
from domain.roles import BUILT_IN_ROLES
from domain.users import User, UserFilter
from tests.domain.samples import new_id
from tests.worlds import PASSWORD, World

ORIGIN = Origin(request_id="request-1", ip="192.0.2.7", user_agent="curl/8")
ANYBODY = Actor.anonymous(ORIGIN)
ROOT = Actor.operator()


def signed_in(user: User, *permissions: str) -> Actor:
    """The user in a session, with these permissions instead of those of their roles."""
    held = frozenset(permissions) if permissions else held_by(user)
    return Actor(
        kind=ActorKind.USER,
        user_id=user.id,
        session_id=new_id(),
        roles=user.roles,
        permissions=held,
        account=user,
        origin=ORIGIN,
    )


def with_key(user: User, *permissions: str) -> Actor:
    """One of the user's API keys."""
    return replace(
        signed_in(user, *permissions),
        kind=ActorKind.API_KEY,
        session_id=None,
        api_key_id=new_id(),
    )


def held_by(user: User) -> frozenset[str]:
    """What the roles of the user hold, if they ship."""
    return frozenset[str]().union(*(BUILT_IN_ROLES[role][1] for role in user.roles))


async def register(world: World, email: str, *roles: str) -> User:
    """An account with the usual password; roles on top of `user`."""
    command = RegisterUserCommand(
        actor=ROOT, email=email, name="Somebody", password=PASSWORD, roles=frozenset(roles)
    )
    user = await world.container.register_user().execute(command)
    assert user is not None
    return user


async def stored(world: World, user: User) -> User | None:
    uow: UnitOfWork
    async with world.container.uow().reading() as uow:
        return await uow.users.get(user.id)


async def log(world: World) -> list[Event]:
    """The audit log, oldest first."""
    uow: UnitOfWork
    async with world.container.uow().reading() as uow:
        return (await uow.events.page(None, 1_000))[::-1]


async def last_event(world: World) -> Event:
    return (await log(world))[-1]


@asynccontextmanager
async def unchanged(world: World) -> AsyncIterator[None]:
    """Holds the block to leaving no trace: no event, no account changed."""
    before = await _everything(world)
    yield
    assert await _everything(world) == before


async def _everything(world: World) -> list[object]:
    async with world.container.uow().reading() as uow:
        return [await _users(uow), await uow.events.page(None, 1_000)]


async def _users(uow: UnitOfWork) -> list[object]:
    users = await uow.users.page(UserFilter(), None, 1_000)
    return [(user, await uow.credentials.find_password(user.id)) for user in users]
