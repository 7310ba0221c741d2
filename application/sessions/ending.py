"""Ending sessions: one's own, all others, somebody else's."""

from dataclasses import dataclass
from uuid import UUID

from application.audit import EventFactory, user_party
from application.authority import lock_target
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Actor, require_session
from domain.errors import NotFound
from domain.events import EventKind
from domain.roles import USERS_WRITE
from domain.sessions import SessionEnd


@dataclass(frozen=True, kw_only=True)
class SignOutCommand:
    actor: Actor


class SignOut:
    """A signed-in user ends the session that the call was made with.

    Signing out twice is signing out. Raises NotAuthenticated, PermissionMissing.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, events: EventFactory) -> None:
        self._uow = uow
        self._clock = clock
        self._events = events

    async def execute(self, command: SignOutCommand) -> None:
        user_id, session_id = require_session(command.actor)

        async def end(uow: UnitOfWork) -> None:
            if await uow.sessions.end(session_id, self._clock.now(), SessionEnd.SIGNED_OUT):
                await uow.events.add(
                    self._events.success(
                        EventKind.SIGNED_OUT,
                        command.actor,
                        user_party(user_id),
                        session_id=str(session_id),
                    )
                )
            await uow.commit()

        await self._uow.idempotent(end)


@dataclass(frozen=True, kw_only=True)
class EndSessionCommand:
    actor: Actor
    session_id: UUID


class EndSession:
    """A signed-in user ends one of their sessions; an operator anybody's.

    Raises NotAuthenticated, PermissionMissing; NotFound for what is not theirs or over already.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, events: EventFactory) -> None:
        self._uow = uow
        self._clock = clock
        self._events = events

    async def execute(self, command: EndSessionCommand) -> None:
        actor = command.actor
        own_id = None if actor.is_trusted else require_session(actor)[0]
        async with self._uow() as uow:
            session = await uow.sessions.get(command.session_id)
            if session is None or own_id not in (None, session.user_id):
                raise NotFound
            reason = SessionEnd.ENDED_BY_USER if own_id else SessionEnd.ENDED_BY_ADMINISTRATOR
            if not await uow.sessions.end(session.id, self._clock.now(), reason):
                raise NotFound
            await uow.events.add(
                self._events.success(
                    EventKind.SESSION_ENDED,
                    actor,
                    user_party(session.user_id),
                    session_id=str(session.id),
                )
            )
            await uow.commit()


@dataclass(frozen=True, kw_only=True)
class EndOtherSessionsCommand:
    actor: Actor


class EndOtherSessions:
    """A signed-in user ends every session of theirs but this one.

    Raises NotAuthenticated, PermissionMissing.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, events: EventFactory) -> None:
        self._uow = uow
        self._clock = clock
        self._events = events

    async def execute(self, command: EndOtherSessionsCommand) -> None:
        user_id, session_id = require_session(command.actor)
        async with self._uow() as uow:
            count = await uow.sessions.end_all(
                user_id, self._clock.now(), SessionEnd.ENDED_BY_USER, besides=session_id
            )
            await uow.events.add(
                self._events.success(
                    EventKind.SESSION_ENDED, command.actor, user_party(user_id), count=count
                )
            )
            await uow.commit()


@dataclass(frozen=True, kw_only=True)
class EndUserSessionsCommand:
    actor: Actor
    user_id: UUID


class EndUserSessions:
    """Holders of `users:write` with authority over the account end all its sessions.

    Raises NotAuthenticated, NotFound, PermissionMissing.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, events: EventFactory) -> None:
        self._uow = uow
        self._clock = clock
        self._events = events

    async def execute(self, command: EndUserSessionsCommand) -> None:
        async with self._uow() as uow:
            user = await lock_target(uow, command.actor, command.user_id, USERS_WRITE)
            count = await uow.sessions.end_all(
                user.id, self._clock.now(), SessionEnd.ENDED_BY_ADMINISTRATOR
            )
            await uow.events.add(
                self._events.success(
                    EventKind.SESSION_ENDED, command.actor, user_party(user.id), count=count
                )
            )
            await uow.commit()
