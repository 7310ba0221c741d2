"""Answers to repeatable requests, sealed under the server secret and the caller's own key."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.crypto.server_secret import ServerSecret
from application.ports.idempotency import AnswerVault

_DIGEST = "idempotency-key"
_SEAL = "idempotency-answer"
_ID_BYTES = 6
_NONCE_BYTES = 12


class AesGcmAnswerVault(AnswerVault):
    """AES-256-GCM. Its key is a MAC over the caller's, of which only another MAC is stored.

    A sealed answer: server secret id (6), nonce (12), ciphertext.
    """

    def __init__(self, secret: ServerSecret) -> None:
        self._secret = secret

    def digests(self, key: bytes) -> tuple[bytes, ...]:
        tags = (self._secret.tag_with(each, _DIGEST, key) for each in self._secret.ids)
        return tuple(tag for tag in tags if tag is not None)

    def seal(self, key: bytes, answer: bytes, context: bytes) -> bytes:
        secret_id = self._secret.current_id
        nonce = os.urandom(_NONCE_BYTES)
        return secret_id + nonce + self._cipher(secret_id, key).encrypt(nonce, answer, context)

    def open(self, key: bytes, sealed: bytes, context: bytes) -> bytes:
        secret_id, rest = sealed[:_ID_BYTES], sealed[_ID_BYTES:]
        nonce, ciphertext = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        try:
            return self._cipher(secret_id, key).decrypt(nonce, ciphertext, context)
        except InvalidTag:
            raise ValueError("the sealed answer was changed") from None

    def _cipher(self, secret_id: bytes, key: bytes) -> AESGCM:
        derived = self._secret.tag_with(secret_id, _SEAL, key)
        if derived is None:
            raise ValueError("sealed under a secret that is not configured")
        return AESGCM(derived)
