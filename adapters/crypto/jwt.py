"""Access tokens as JWTs (RFC 9068, RFC 8725)."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from jwt.types import Options
from pydantic_core import to_json

from adapters.crypto import base64url
from adapters.crypto.signing_keys import CryptoKeyRing, OpenedKey
from adapters.crypto.verified_tokens import VerifiedTokens
from application.ports.clock import Clock
from application.ports.tokens import TokenSigner, TokenVerifier
from domain.errors import Unavailable
from domain.sessions import AccessTokenClaims, InvalidAccessToken
from domain.signing_keys import UnknownSigningKey

MAX_TOKEN_BYTES = 4096
_TYPE = "at+jwt"
_CLOCK_SKEW = timedelta(seconds=10)
"""What workers' clocks may differ by before a fresh token looks as if it came from the future."""
_OPTIONS: Options = {
    "require": ["exp", "iat", "iss", "aud", "sub"],
    # Judged below: the library knows no clock but the machine's.
    "verify_exp": False,
    "verify_iat": False,
}


class JwtSigner(TokenSigner):
    def __init__(self, ring: CryptoKeyRing) -> None:
        self._ring = ring
        self._hand: _Hand | None = None

    def sign(self, claims: AccessTokenClaims) -> str:
        key = self._ring.current
        if key is None:
            raise Unavailable
        hand = self._hand
        if hand is None or hand.key is not key:
            hand = self._hand = _Hand(key)
        audience = claims.audience
        payload = {
            "iss": claims.issuer,
            "aud": audience[0] if len(audience) == 1 else list(audience),
            "sub": claims.subject,
            "sid": claims.session_id,
            "client_id": claims.client_id,
            "iat": int(claims.issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "jti": claims.token_id,
            "auth_time": int(claims.auth_time.timestamp()),
            "roles": list(claims.roles),
        }
        return hand.sign(to_json(payload, ensure_ascii=True))


class _Hand:
    """A key with all that is the same in each of its tokens (RFC 7515, 5.1).

    The library's own way makes header and encoder anew for each, which costs as much as a
    signature. What is written is the same, and its algorithms sign it.
    """

    def __init__(self, key: OpenedKey) -> None:
        self.key = key
        self._algorithm = jwt.get_algorithm_by_name(key.algorithm)
        self._half = self._algorithm.prepare_key(key.signing_half)
        header = {"alg": key.algorithm, "kid": key.kid, "typ": _TYPE}
        self._beginning = base64url.encode(to_json(header, ensure_ascii=True)) + b"."

    def sign(self, payload: bytes) -> str:
        text = self._beginning + base64url.encode(payload)
        signature = self._algorithm.sign(text, self._half)
        return (text + b"." + base64url.encode(signature)).decode()


class JwtVerifier(TokenVerifier):
    """Accepts what was issued here for here; the key decides the algorithm, never the token."""

    def __init__(
        self, ring: CryptoKeyRing, clock: Clock, *, issuer: str, audiences: Collection[str] = ()
    ) -> None:
        self._ring = ring
        self._clock = clock
        self._issuer = issuer
        self._any_audience = [issuer, *audiences]
        self._verified = VerifiedTokens()

    def verify(self, token: str, *, any_audience: bool = False) -> AccessTokenClaims:
        # Length first: deep nesting in a long header ends in a RecursionError, not in a refusal.
        # Padding is not part of a JWS (RFC 7515, 2), and one token shall have one spelling.
        if len(token) > MAX_TOKEN_BYTES or "=" in token:
            raise InvalidAccessToken
        try:
            return self._recalled(token, any_audience) or self._read(token, any_audience)
        except UnknownSigningKey:
            raise
        except Exception:  # noqa: BLE001
            # Whatever a forged token makes the parsers raise, it is an invalid token.
            raise InvalidAccessToken from None

    def _recalled(self, token: str, any_audience: bool) -> AccessTokenClaims | None:
        known = self._verified.get(token, self._clock.now())
        if known is None:
            return None
        kid, claims = known
        if self._ring.get(kid) is None or not (any_audience or self._issuer in claims.audience):
            return None
        return claims

    def _read(self, token: str, any_audience: bool) -> AccessTokenClaims:
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
            audience=self._any_audience if any_audience else self._issuer,
            issuer=self._issuer,
            options=_OPTIONS,
        )
        issued_at, expires_at = _instant(payload["iat"]), _instant(payload["exp"])
        now = self._clock.now()
        if expires_at <= now or issued_at > now + _CLOCK_SKEW:
            raise InvalidAccessToken
        audience = payload["aud"]
        claims = AccessTokenClaims(
            issuer=payload["iss"],
            audience=(audience,) if isinstance(audience, str) else tuple(audience),
            subject=UUID(payload["sub"]),
            session_id=UUID(payload["sid"]),
            client_id=payload["client_id"],
            issued_at=issued_at,
            expires_at=expires_at,
            token_id=UUID(payload["jti"]),
            auth_time=_instant(payload["auth_time"]),
            roles=tuple(payload["roles"]),
        )
        self._verified.add(token, key.kid, claims)
        return claims


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
