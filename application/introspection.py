"""What a token is worth at this moment, and giving one up (RFC 7662, RFC 7009)."""

from dataclasses import dataclass, field
from datetime import datetime

from application.access_tokens import AccessTokenReader
from application.audit import EventFactory, user_party
from application.ports.clock import Clock
from application.ports.sessions import LiveSession, SessionLookup
from application.ports.tokens import RefreshTokenCodec
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor, PermissionMissing, require
from domain.events import EventKind
from domain.roles import TOKENS_INTROSPECT
from domain.sessions import (
    InvalidAccessToken,
    InvalidRefreshToken,
    RefreshRules,
    Session,
    SessionEnd,
)


@dataclass(frozen=True, kw_only=True)
class ActiveToken:
    """A live token. `token_type` is `Bearer` or `refresh_token`."""

    token_type: str
    subject: str
    username: str
    client_id: str
    scope: frozenset[str]
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class IntrospectTokenQuery:
    actor: Actor
    token: str = field(repr=False)


class IntrospectToken:
    """Holders of `tokens:introspect`. Changes nothing, and is no use of the token.

    None for everything that is not alive, whatever the reason. Raises NotAuthenticated,
    PermissionMissing, Unavailable.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        access_tokens: AccessTokenReader,
        sessions: SessionLookup,
        refresh_tokens: RefreshTokenCodec,
        rules: RefreshRules,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._access_tokens = access_tokens
        self._sessions = sessions
        self._refresh_tokens = refresh_tokens
        self._rules = rules
        self._clock = clock

    async def execute(self, query: IntrospectTokenQuery) -> ActiveToken | None:
        require(query.actor, TOKENS_INTROSPECT)
        try:
            return await self._access_token(query.token)
        except InvalidAccessToken:
            pass
        try:
            return await self._refresh_token(query.token)
        except InvalidRefreshToken:
            return None

    async def _access_token(self, token: str) -> ActiveToken | None:
        claims = await self._access_tokens.read(token, any_audience=True)
        now = self._clock.now()
        live = await self._sessions.find_live(claims.session_id, claims.subject, now)
        if live is None:
            return None
        return _active(
            "Bearer", live, claims.client_id, issued=claims.issued_at, expires=claims.expires_at
        )

    async def _refresh_token(self, token: str) -> ActiveToken | None:
        parsed = self._refresh_tokens.decode(token)
        now = self._clock.now()
        async with self._uow.reading() as uow:
            session = await uow.sessions.get(parsed.session_id)
        if session is None or not self._refresh_tokens.belongs_to(parsed, session):
            return None
        if parsed.generation != session.generation or not self._rules.is_live(session, now):
            return None
        live = await self._sessions.find_live(session.id, session.user_id, now)
        if live is None:
            return None
        return _active(
            "refresh_token",
            live,
            session.client_id,
            issued=session.rotated_at or session.created_at,
            expires=self._rules.ends_at(session),
        )


def _active(
    token_type: str, live: LiveSession, client_id: str, *, issued: datetime, expires: datetime
) -> ActiveToken:
    return ActiveToken(
        token_type=token_type,
        subject=str(live.user.id),
        username=live.user.email.address,
        client_id=client_id,
        scope=live.permissions,
        issued_at=issued,
        expires_at=expires,
    )


class ExplainToken:
    """Operators: why a token that `IntrospectToken` finds dead is dead, in one sentence.

    Raises PermissionMissing, Unavailable.
    """

    def __init__(
        self,
        *,
        access_tokens: AccessTokenReader,
        refresh_tokens: RefreshTokenCodec,
        uow: UnitOfWorkFactory,
        rules: RefreshRules,
        clock: Clock,
    ) -> None:
        self._access_tokens = access_tokens
        self._refresh_tokens = refresh_tokens
        self._uow = uow
        self._rules = rules
        self._clock = clock

    async def execute(self, query: IntrospectTokenQuery) -> str:
        if not query.actor.is_trusted:
            raise PermissionMissing("operator")
        generation: int | None = None
        try:
            parsed = self._refresh_tokens.decode(query.token)
            session_id, generation = parsed.session_id, parsed.generation
        except InvalidRefreshToken:
            try:
                claims = await self._access_tokens.read(query.token, any_audience=True)
            except InvalidAccessToken:
                return "It was not made by this service, or it has run out."
            session_id = claims.session_id
        async with self._uow.reading() as uow:
            session = await uow.sessions.get(session_id)
        return self._why(session, generation)

    def _why(self, session: Session | None, generation: int | None) -> str:
        if session is None:
            return "Its session is gone, and perhaps its account."
        if session.end_reason is not None:
            return f"Its session has ended: {session.end_reason}."
        if not self._rules.is_live(session, self._clock.now()):
            return "Its session has run out."
        if generation not in (None, session.generation):
            return "It has been used; its session lives on with a successor."
        return "Its account is disabled."


@dataclass(frozen=True, kw_only=True)
class RevokeTokenCommand:
    actor: Actor
    token: str = field(repr=False)


class RevokeToken:
    """Whoever holds a token may give it up: its whole session ends.

    A token that is not genuine changes nothing and is no error. Raises Unavailable.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        access_tokens: AccessTokenReader,
        refresh_tokens: RefreshTokenCodec,
        clock: Clock,
        events: EventFactory,
    ) -> None:
        self._uow = uow
        self._access_tokens = access_tokens
        self._refresh_tokens = refresh_tokens
        self._clock = clock
        self._events = events

    async def execute(self, command: RevokeTokenCommand) -> None:
        session = await self._session_of(command.token)
        if session is None:
            return
        async with self._uow() as uow:
            now = self._clock.now()
            if await uow.sessions.end(session.id, now, SessionEnd.TOKEN_REVOKED):
                await uow.events.add(
                    self._events.success(
                        EventKind.SESSION_ENDED,
                        command.actor,
                        user_party(session.user_id),
                        session_id=str(session.id),
                    )
                )
            await uow.commit()

    async def _session_of(self, token: str) -> Session | None:
        try:
            parsed = self._refresh_tokens.decode(token)
        except InvalidRefreshToken:
            return await self._session_of_access_token(token)
        async with self._uow.reading() as uow:
            session = await uow.sessions.get(parsed.session_id)
        genuine = session is not None and self._refresh_tokens.belongs_to(parsed, session)
        return session if genuine else None

    async def _session_of_access_token(self, token: str) -> Session | None:
        try:
            claims = await self._access_tokens.read(token, any_audience=True)
        except InvalidAccessToken:
            return None
        async with self._uow.reading() as uow:
            return await uow.sessions.get(claims.session_id)
