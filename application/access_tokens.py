"""Reading access tokens, also those signed with a key that was made a moment ago."""

from application.ports.tokens import TokenVerifier
from application.signing_keys.ring import KeyRingKeeper
from domain.sessions import AccessTokenClaims
from domain.signing_keys import UnknownSigningKey


class AccessTokenReader:
    """The verifier, and a fresh key ring where the token names a key that is not in it yet."""

    def __init__(self, *, verifier: TokenVerifier, keys: KeyRingKeeper) -> None:
        self._verifier = verifier
        self._keys = keys

    async def read(self, token: str, *, any_audience: bool = False) -> AccessTokenClaims:
        """Whether the token is genuine; whether its session is live is another question.

        `any_audience` admits tokens made for other services. Raises InvalidAccessToken,
        Unavailable.
        """
        try:
            return self._verifier.verify(token, any_audience=any_audience)
        except UnknownSigningKey:
            # Another worker may have made it since; looked up at most once a second.
            if not await self._keys.refresh_soon():
                raise
            return self._verifier.verify(token, any_audience=any_audience)
