"""Tokens whose signature was checked a moment ago: checking one costs more than all else."""

from datetime import datetime
from hashlib import sha256

from domain.sessions import AccessTokenClaims

MAX_TOKENS = 16_384
"""At some 2 KB each, at most 32 MB of a worker; as many clients are told from each other."""


class VerifiedTokens:
    """Claims by digest of their token, never the token; the oldest give way to new ones.

    Only what the signature proves is kept: whether the key still counts, the token has not run out,
    and its session lives is asked every time.
    """

    def __init__(self, limit: int = MAX_TOKENS) -> None:
        self._limit = limit
        self._claims: dict[bytes, tuple[str, AccessTokenClaims]] = {}

    def __len__(self) -> int:
        return len(self._claims)

    def get(self, token: str, now: datetime) -> tuple[str, AccessTokenClaims] | None:
        """The id of the signing key and the claims, unless unknown or expired."""
        digest = _digest(token)
        known = self._claims.get(digest)
        if known is not None and known[1].expires_at <= now:
            del self._claims[digest]
            return None
        return known

    def add(self, token: str, kid: str, claims: AccessTokenClaims) -> None:
        """Call once the signature and every claim have been checked."""
        while len(self._claims) >= self._limit:
            del self._claims[next(iter(self._claims))]
        self._claims[_digest(token)] = (kid, claims)


def _digest(token: str) -> bytes:
    # Whatever a header can hold: a lone surrogate is nobody's token, but must not be an error here.
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
