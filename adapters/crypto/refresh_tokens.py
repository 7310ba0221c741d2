"""Refresh tokens: a position in a session's family under two MACs.

Layout, before base64url: version (1 byte), server secret id (6), session (16), generation (4),
inner MAC (32), outer MAC (32).
"""

import hmac
import os
from uuid import UUID

from adapters.crypto import base64url
from adapters.crypto.server_secret import ServerSecret
from application.ports.tokens import RefreshToken, RefreshTokenCodec
from domain.errors import Unavailable
from domain.sessions import InvalidRefreshToken, Session

_PURPOSE = "refresh-token"
_VERSION = b"\x01"
_SECRET_BYTES = 32
_MAC_BYTES = 32
_BODY = slice(1 + 6, 1 + 6 + 16 + 4)
_LENGTH = _BODY.stop + 2 * _MAC_BYTES
_ENCODED_LENGTH = -(-_LENGTH * 4 // 3)
_LAST = frozenset("AQgw")
"""How a token ends: of its last character two bits count, and the others are zero."""


class HmacRefreshTokenCodec(RefreshTokenCodec):
    """HMAC-SHA-256 twice: inside with the session's own secret, outside with the server's."""

    def __init__(self, secret: ServerSecret) -> None:
        self._secret = secret

    def new_family(self) -> tuple[bytes, str]:
        return os.urandom(_SECRET_BYTES), self._secret.current_id.hex()

    def encode(self, session: Session) -> str:
        secret_id = bytes.fromhex(session.server_secret_id)
        position = session.id.bytes + session.generation.to_bytes(4)
        body = _VERSION + secret_id + position + _inner_mac(session.refresh_secret, position)
        outer = self._secret.tag_with(secret_id, _PURPOSE, body)
        if outer is None:
            raise Unavailable
        return base64url.encode(body + outer).decode()

    def decode(self, token: str) -> RefreshToken:
        raw = _decode(token)
        body, outer = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        expected = self._secret.tag_with(body[1:7], _PURPOSE, body)
        if expected is None or not hmac.compare_digest(expected, outer):
            raise InvalidRefreshToken
        position = body[_BODY]
        return RefreshToken(
            session_id=UUID(bytes=position[:16]),
            generation=int.from_bytes(position[16:]),
            inner_mac=body[_BODY.stop :],
        )

    def belongs_to(self, token: RefreshToken, session: Session) -> bool:
        position = token.session_id.bytes + token.generation.to_bytes(4)
        expected = _inner_mac(session.refresh_secret, position)
        return hmac.compare_digest(expected, token.inner_mac)


def _inner_mac(session_secret: bytes, position: bytes) -> bytes:
    return hmac.digest(session_secret, b"doorward:refresh-token:" + position, "sha256")


def _decode(token: str) -> bytes:
    """The bytes of a token of the right form. Raises InvalidRefreshToken."""
    if len(token) != _ENCODED_LENGTH:
        raise InvalidRefreshToken
    try:
        raw = base64url.decode(token.encode("ascii"))
    except ValueError:
        raise InvalidRefreshToken from None
    # Base64 has several spellings of the same bytes; only the one that was handed out counts.
    if token[-1] not in _LAST or raw[:1] != _VERSION:
        raise InvalidRefreshToken
    return raw
