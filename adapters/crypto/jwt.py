"""Access tokens as JWTs (RFC 9068, RFC 8725)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt

from adapters.crypto.signing_keys import CryptoKeyRing
from application.ports.tokens import TokenSigner, TokenVerifier
from domain.errors import Unavailable
from domain.sessions import AccessTokenClaims, InvalidAccessToken
from domain.signing_keys import UnknownSigningKey

MAX_TOKEN_BYTES = 4096
_TYPE = "at+jwt"
_REQUIRED = ["exp", "iat", "iss", "aud", "sub"]


class JwtSigner(TokenSigner):
    def __init__(self, ring: CryptoKeyRing) -> None:
        self._ring = ring

    def sign(self, claims: AccessTokenClaims) -> str:
        key = self._ring.current
        if key is None:
            raise Unavailable
        audience = claims.audience
        payload = {
            "iss": claims.issuer,
            "aud": audience[0] if len(audience) == 1 else list(audience),
            "sub": str(claims.subject),
            "sid": str(claims.session_id),
            "client_id": claims.client_id,
            "iat": int(claims.issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "jti": str(claims.token_id),
            "auth_time": int(claims.auth_time.timestamp()),
            "roles": list(claims.roles),
        }
        headers = {"typ": _TYPE, "kid": key.kid}
        return jwt.encode(payload, key.signing_half, algorithm=key.algorithm, headers=headers)


class JwtVerifier(TokenVerifier):
    """Accepts what was issued here for here; the key decides the algorithm, never the token."""

    def __init__(self, ring: CryptoKeyRing, *, issuer: str) -> None:
        self._ring = ring
        self._issuer = issuer

    def verify(self, token: str) -> AccessTokenClaims:
        # Length first: deep nesting in a long header ends in a RecursionError, not in a refusal.
        if len(token) > MAX_TOKEN_BYTES:
            raise InvalidAccessToken
        try:
            return self._read(token)
        except UnknownSigningKey:
            raise
        except Exception:  # noqa: BLE001
            # Whatever a forged token makes the parsers raise, it is an invalid token.
            raise InvalidAccessToken from None

    def _read(self, token: str) -> AccessTokenClaims:
        header = jwt.get_unverified_header(token)
        key = self._ring.get(header.get("kid", ""))
        if key is None:
            raise UnknownSigningKey
        if str(header.get("typ")).lower() not in (_TYPE, f"application/{_TYPE}"):
            raise InvalidAccessToken
        payload: dict[str, Any] = jwt.decode(
            token,
            key.verifying_half,
            algorithms=[key.algorithm],
            audience=self._issuer,
            issuer=self._issuer,
            options={"require": _REQUIRED},
        )
        audience = payload["aud"]
        return AccessTokenClaims(
            issuer=payload["iss"],
            audience=(audience,) if isinstance(audience, str) else tuple(audience),
            subject=UUID(payload["sub"]),
            session_id=UUID(payload["sid"]),
            client_id=payload["client_id"],
            issued_at=_instant(payload["iat"]),
            expires_at=_instant(payload["exp"]),
            token_id=UUID(payload["jti"]),
            auth_time=_instant(payload["auth_time"]),
            roles=tuple(payload["roles"]),
        )


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
