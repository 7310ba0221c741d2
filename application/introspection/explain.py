"""Why a token or key does not work."""

from application.access_tokens import AccessTokenReader
from application.api_key_reader import ApiKeyReader
from application.introspection.introspect import IntrospectTokenQuery
from application.ports.clock import Clock
from application.ports.tokens import RefreshTokenCodec
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import require_trusted
from domain.api_keys import KEY_MARK, ApiKey, ApiKeyStatus
from domain.sessions import (
    InvalidAccessToken,
    InvalidApiKey,
    InvalidRefreshToken,
    RefreshRules,
    Session,
)

_ACCOUNT_DISABLED = "Its account is disabled."


class ExplainToken:
    """Operators: why a token that `IntrospectToken` finds dead is dead, in one sentence.

    Raises NotAuthenticated, PermissionMissing, Unavailable.
    """

    def __init__(
        self,
        *,
        access_tokens: AccessTokenReader,
        refresh_tokens: RefreshTokenCodec,
        api_keys: ApiKeyReader,
        uow: UnitOfWorkFactory,
        rules: RefreshRules,
        clock: Clock,
    ) -> None:
        self._access_tokens = access_tokens
        self._refresh_tokens = refresh_tokens
        self._api_keys = api_keys
        self._uow = uow
        self._rules = rules
        self._clock = clock

    async def execute(self, query: IntrospectTokenQuery) -> str:
        require_trusted(query.actor)
        if query.token.startswith(f"{KEY_MARK}_"):
            return await self._why_key(query.token)
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
        return _ACCOUNT_DISABLED

    async def _why_key(self, text: str) -> str:
        try:
            key = await self._api_keys.read_any(text)
        except InvalidApiKey:
            return "It is not a whole key: part of it is missing, or was mistyped."
        if key is None:
            return "There is no such key; its account may be gone."
        return self._why_known_key(key)

    def _why_known_key(self, key: ApiKey) -> str:
        status = key.status_at(self._clock.now())
        if status is ApiKeyStatus.REVOKED:
            return "It was revoked."
        if status is ApiKeyStatus.EXPIRED:
            return "It was rotated." if key.rotated_at is not None else "It has expired."
        return _ACCOUNT_DISABLED
