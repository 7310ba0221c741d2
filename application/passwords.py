"""Changing one's own password, and proving it again."""

from dataclasses import dataclass, field

from application.account_access import withdraw_powers
from application.audit import EventFactory, user_party
from application.outgoing_mail import OutgoingMail
from application.password_proof import PasswordProof
from application.ports.clock import Clock
from application.ports.passwords import PasswordHasher
from domain.access import Actor, require_session
from domain.events import EventKind
from domain.outbox import MessageTemplate
from domain.passwords import PasswordPolicy
from domain.sessions import SessionEnd


@dataclass(frozen=True, kw_only=True)
class ReauthenticateCommand:
    actor: Actor
    password: str = field(repr=False)


class Reauthenticate:
    """A signed-in user proves themselves again: the session's `auth_time` becomes now.

    Raises NotAuthenticated, PermissionMissing, InvalidCredentials, InvalidField, Unavailable.
    """

    def __init__(self, *, proof: PasswordProof, clock: Clock, events: EventFactory) -> None:
        self._proof = proof
        self._clock = clock
        self._events = events

    async def execute(self, command: ReauthenticateCommand) -> None:
        actor = command.actor
        user_id, session_id = require_session(actor)
        proven = await self._proof.check(actor, command.password, field="password")
        async with self._proof.hold(actor, proven) as (uow, _):
            await uow.sessions.set_auth_time(session_id, self._clock.now())
            await uow.events.add(
                self._events.success(EventKind.REAUTHENTICATED, actor, user_party(user_id))
            )
            await uow.commit()


@dataclass(frozen=True, kw_only=True)
class ChangePasswordCommand:
    actor: Actor
    current_password: str = field(repr=False)
    new_password: str = field(repr=False)


class ChangePassword:
    """A signed-in user, who gives the old password; every other session of theirs ends.

    Raises NotAuthenticated, PermissionMissing, InvalidCredentials, InvalidField, WeakPassword,
    Unavailable.
    """

    def __init__(
        self,
        *,
        proof: PasswordProof,
        hasher: PasswordHasher,
        policy: PasswordPolicy,
        clock: Clock,
        events: EventFactory,
        mail: OutgoingMail,
    ) -> None:
        self._proof = proof
        self._hasher = hasher
        self._policy = policy
        self._clock = clock
        self._events = events
        self._mail = mail

    async def execute(self, command: ChangePasswordCommand) -> None:
        actor = command.actor
        user_id, session_id = require_session(actor)
        proven = await self._proof.check(actor, command.current_password, field="current_password")
        local_part = actor.account.email.local_part if actor.account else ""
        password = self._policy.check(
            command.new_password, local_part=local_part, field="new_password"
        )
        fresh_hash = await self._hasher.hash(password)
        now = self._clock.now()
        async with self._proof.hold(actor, proven) as (uow, _):
            await uow.credentials.set_password(user_id, fresh_hash, now)
            await uow.sessions.end_all(
                user_id, now, SessionEnd.PASSWORD_CHANGED, besides=session_id
            )
            await withdraw_powers(uow, user_id)
            await self._mail.notify(uow, user_id, MessageTemplate.PASSWORD_CHANGED)
            await uow.events.add(
                self._events.success(EventKind.USER_PASSWORD_CHANGED, actor, user_party(user_id))
            )
            await uow.commit()
