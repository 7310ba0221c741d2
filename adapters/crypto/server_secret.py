"""Everything that is derived from the server secret: MACs and seals, one key a purpose."""

import hmac
import os
from collections.abc import Sequence
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from application.ports.macs import MessageAuthenticator

_NONCE_BYTES = 12
_ID_BYTES = 6


class SealBroken(Exception):
    """The ciphertext was changed, or sealed under a secret that is not configured."""


class ServerSecret(MessageAuthenticator):
    """The current secret makes tags and seals; previous ones still check and open them."""

    def __init__(self, current: bytes, previous: Sequence[bytes] = ()) -> None:
        self._secrets = (current, *previous)
        self._key = cache(_derive)
        self._mac = cache(self._keyed)
        self._by_id = {self._id_of(secret): secret for secret in reversed(self._secrets)}

    def __repr__(self) -> str:
        return "ServerSecret(...)"

    def tag(self, purpose: str, message: bytes) -> bytes:
        return self._tag(self._secrets[0], purpose, message)

    def verify(self, purpose: str, message: bytes, tag: bytes) -> bool:
        # No early end: how long this takes says nothing about which secret it was.
        results = [
            hmac.compare_digest(self._tag(secret, purpose, message), tag)
            for secret in self._secrets
        ]
        return any(results)

    @property
    def current_id(self) -> bytes:
        """Names the current secret without telling anything of it."""
        return self._id_of(self._secrets[0])

    @property
    def ids(self) -> tuple[bytes, ...]:
        """Of every secret that is configured, the current one's first."""
        return tuple(self._id_of(secret) for secret in self._secrets)

    def tag_with(self, secret_id: bytes, purpose: str, message: bytes) -> bytes | None:
        """A tag made with one particular secret; None if that is not configured (any more)."""
        secret = self._by_id.get(secret_id)
        return None if secret is None else self._tag(secret, purpose, message)

    def seal(self, purpose: str, plaintext: bytes, context: bytes) -> bytes:
        """AES-256-GCM; the ciphertext opens only with the same purpose and context."""
        secret = self._secrets[0]
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._key(secret, f"seal:{purpose}")).encrypt(nonce, plaintext, context)
        return self._id_of(secret) + nonce + sealed

    def open(self, purpose: str, sealed: bytes, context: bytes) -> bytes:
        """Raises SealBroken."""
        secret = self._by_id.get(sealed[:_ID_BYTES])
        if secret is None:
            raise SealBroken
        nonce, ciphertext = sealed[_ID_BYTES:][:_NONCE_BYTES], sealed[_ID_BYTES + _NONCE_BYTES :]
        try:
            return AESGCM(self._key(secret, f"seal:{purpose}")).decrypt(nonce, ciphertext, context)
        except (InvalidTag, ValueError):
            raise SealBroken from None

    def _tag(self, secret: bytes, purpose: str, message: bytes) -> bytes:
        mac = self._mac(secret, purpose).copy()
        mac.update(message)
        return mac.digest()

    def _keyed(self, secret: bytes, purpose: str) -> hmac.HMAC:
        """Where every MAC for this purpose begins."""
        return hmac.new(self._key(secret, f"mac:{purpose}"), digestmod="sha256")

    def _id_of(self, secret: bytes) -> bytes:
        return self._key(secret, "id")[:_ID_BYTES]


def _derive(secret: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose (HKDF, RFC 5869)."""
    return HKDF(SHA256(), 32, salt=None, info=f"doorward:{purpose}".encode()).derive(secret)
