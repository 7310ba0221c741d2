"""Giving up a token or key (RFC 7009)."""

from dataclasses import dataclass, field

from application.access_tokens import AccessTokenReader
from application.api_key_reader import ApiKeyReader
from application.audit import EventFactory, api_key_party, user_party
from application.ports.clock import Clock
from application.ports.tokens import RefreshTokenCodec
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.api_keys import ApiKey
from domain.events import EventKind
from domain.sessions import (
    InvalidAccessToken,
    InvalidApiKey,
    InvalidRefreshToken,
    Session,
    SessionEnd,
)


@dataclass(frozen=True, kw_only=True)
class RevokeTokenCommand:
    actor: Actor
    token: str = field(repr=False)


class RevokeToken:
    """Whoever holds a token may give it up: its whole session ends. So does a key.

    What is not genuine changes nothing and is no error. Raises Unavailable.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        access_tokens: AccessTokenReader,
        refresh_tokens: RefreshTokenCodec,
        api_keys: ApiKeyReader,
        clock: Clock,
        events: EventFactory,
    ) -> None:
        self._uow = uow
        self._access_tokens = access_tokens
        self._refresh_tokens = refresh_tokens
        self._api_keys = api_keys
        self._clock = clock
        self._events = events

    async def execute(self, command: RevokeTokenCommand) -> None:
        key = await self._key_of(command.token)
        if key is not None:
            await self._revoke(key, command.actor)
            return
        session = await self._session_of(command.token)
        if session is not None:
            await self._end(session, command.actor)

    async def _revoke(self, key: ApiKey, actor: Actor) -> None:
        async with self._uow() as uow:
            if await uow.api_keys.revoke(key.id, self._clock.now()):
                await uow.events.add(
                    self._events.success(
                        EventKind.API_KEY_REVOKED,
                        actor,
                        api_key_party(key.id),
                        owner_id=str(key.owner_id),
                    )
                )
            await uow.commit()

    async def _end(self, session: Session, actor: Actor) -> None:
        async with self._uow() as uow:
            if await uow.sessions.end(session.id, self._clock.now(), SessionEnd.TOKEN_REVOKED):
                await uow.events.add(
                    self._events.success(
                        EventKind.SESSION_ENDED,
                        actor,
                        user_party(session.user_id),
                        session_id=str(session.id),
                    )
                )
            await uow.commit()

    async def _key_of(self, token: str) -> ApiKey | None:
        try:
            return await self._api_keys.read_any(token)
        except InvalidApiKey:
            return None

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
