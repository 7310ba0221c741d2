"""What a token or key is worth at this moment (RFC 7662)."""

from dataclasses import dataclass, field
from datetime import datetime

from application.access_tokens import AccessTokenReader
from application.api_key_reader import ApiKeyReader
from application.ports.clock import Clock
from application.ports.sessions import LiveSession, SessionLookup
from application.ports.tokens import RefreshTokenCodec
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor, require
from domain.roles import TOKENS_INTROSPECT
from domain.sessions import InvalidAccessToken, InvalidApiKey, InvalidRefreshToken, RefreshRules


@dataclass(frozen=True, kw_only=True)
class ActiveToken:
    """A live token. `token_type` is `Bearer`, `refresh_token` or `api_key`."""

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
        api_keys: ApiKeyReader,
        rules: RefreshRules,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._access_tokens = access_tokens
        self._sessions = sessions
        self._refresh_tokens = refresh_tokens
        self._api_keys = api_keys
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
            pass
        try:
            return await self._api_key(query.token)
        except InvalidApiKey:
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

    async def _api_key(self, text: str) -> ActiveToken:
        live = await self._api_keys.read(text)
        return ActiveToken(
            token_type="api_key",  # noqa: S106 - the name of a type
            subject=str(live.owner.id),
            username=live.owner.email.address,
            # A key is a client of its own: this is what tells two keys of one account apart.
            client_id=str(live.key.id),
            scope=live.permissions,
            issued_at=live.key.created_at,
            expires_at=live.key.expires_at,
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
