"""Finding out who is calling."""

from dataclasses import dataclass, field

from application.access_tokens import AccessTokenReader
from application.audit import EventFactory
from application.ports.clock import Clock
from application.ports.sessions import SessionLookup
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor, ActorKind, Origin
from domain.events import EventKind
from domain.sessions import InvalidAccessToken


@dataclass(frozen=True, kw_only=True)
class AuthenticateTokenQuery:
    access_token: str = field(repr=False)
    origin: Origin


class AuthenticateToken:
    """Anyone with an access token of ours; changes nothing.

    The signature is checked first, so junk never reaches the database; then one statement says
    whether session and account are live and what the account holds at this moment.
    Raises InvalidAccessToken, Unavailable.
    """

    def __init__(
        self,
        *,
        tokens: AccessTokenReader,
        sessions: SessionLookup,
        clock: Clock,
    ) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._clock = clock

    async def execute(self, query: AuthenticateTokenQuery) -> Actor:
        claims = await self._tokens.read(query.access_token)
        now = self._clock.now()
        live = await self._sessions.find_live(claims.session_id, claims.subject, now)
        if live is None:
            raise InvalidAccessToken
        return Actor(
            kind=ActorKind.USER,
            user_id=live.user.id,
            session_id=live.session_id,
            roles=live.user.roles,
            permissions=live.permissions,
            auth_time=live.auth_time,
            account=live.user,
            origin=query.origin,
        )


@dataclass(frozen=True, kw_only=True)
class RecordDenialCommand:
    actor: Actor
    operation: str
    missing: tuple[str, ...]


class RecordDenial:
    """The entrypoints call this before they answer that a known caller may not do something."""

    def __init__(self, *, uow: UnitOfWorkFactory, events: EventFactory) -> None:
        self._uow = uow
        self._events = events

    async def execute(self, command: RecordDenialCommand) -> None:
        async with self._uow() as uow:
            await uow.events.add(
                self._events.refused(
                    EventKind.PERMISSION_DENIED,
                    command.actor,
                    operation=command.operation,
                    missing=list(command.missing),
                )
            )
            await uow.commit()
