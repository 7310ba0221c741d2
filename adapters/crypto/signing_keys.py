"""Making signing keys and holding them opened."""

import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from adapters.crypto.server_secret import SealBroken, ServerSecret
from application.ports.signing_keys import KeyRing, SigningKeyFactory
from domain.signing_keys import (
    SigningAlgorithm,
    SigningKey,
    SigningKeySealed,
    SigningKeyStatus,
)

_PURPOSE = "signing-key"
_HMAC_KEY_BYTES = 64


@dataclass(frozen=True, kw_only=True)
class OpenedKey:
    """A key ready for use. For HS256 both halves are the same secret."""

    kid: str
    algorithm: str
    signing_half: Any
    verifying_half: Any

    def __repr__(self) -> str:
        return f"OpenedKey(kid={self.kid!r}, algorithm={self.algorithm!r})"


class SealedSigningKeyFactory(SigningKeyFactory):
    """Fresh keys from the operating system's randomness, private parts sealed at once."""

    def __init__(self, secret: ServerSecret) -> None:
        self._secret = secret

    def generate(
        self,
        algorithm: SigningAlgorithm,
        at: datetime,
        status: SigningKeyStatus = SigningKeyStatus.CURRENT,
    ) -> SigningKey:
        private, jwk = _generate(algorithm)
        kid = _thumbprint(jwk) if jwk else urlsafe_b64encode(os.urandom(24)).decode()
        return SigningKey(
            kid=kid,
            algorithm=algorithm,
            status=status,
            public_jwk=jwk,
            sealed_private=self._secret.seal(_PURPOSE, private, kid.encode()),
            created_at=at,
            activated_at=at if status is SigningKeyStatus.CURRENT else None,
            retired_at=None,
        )


class CryptoKeyRing(KeyRing):
    """Opened once when loaded, so that signing and verifying only compute."""

    def __init__(self, secret: ServerSecret) -> None:
        self._secret = secret
        self._keys: dict[str, OpenedKey] = {}
        self._current: OpenedKey | None = None
        self._public: tuple[Mapping[str, str], ...] = ()

    @property
    def current(self) -> OpenedKey | None:
        return self._current

    def get(self, kid: str) -> OpenedKey | None:
        return self._keys.get(kid)

    def load(self, keys: Sequence[SigningKey]) -> tuple[str, ...]:
        opened: dict[str, OpenedKey] = {}
        for key in keys:
            # Without its seal nothing vouches for a row: its public half is not trusted either.
            with suppress(SigningKeySealed):
                opened[key.kid] = self._keys.get(key.kid) or self._open(key)
        current = [key.kid for key in keys if key.status is SigningKeyStatus.CURRENT]
        self._keys = opened
        self._current = opened.get(current[0]) if current else None
        self._public = tuple(
            {**key.public_jwk, "kid": key.kid, "use": "sig", "alg": key.algorithm.value}
            for key in keys
            if key.public_jwk is not None and key.kid in opened
        )
        return tuple(key.kid for key in keys if key.kid not in opened)

    def can_sign(self) -> bool:
        return self._current is not None

    def public_keys(self) -> tuple[Mapping[str, str], ...]:
        return self._public

    def _open(self, key: SigningKey) -> OpenedKey:
        try:
            raw = self._secret.open(_PURPOSE, key.sealed_private, key.kid.encode())
        except SealBroken:
            raise SigningKeySealed from None
        if key.algorithm is SigningAlgorithm.HS256:
            return OpenedKey(
                kid=key.kid, algorithm=key.algorithm.value, signing_half=raw, verifying_half=raw
            )
        private: Any = serialization.load_der_private_key(raw, password=None)
        return OpenedKey(
            kid=key.kid,
            algorithm=key.algorithm.value,
            signing_half=private,
            verifying_half=private.public_key(),
        )


def _generate(algorithm: SigningAlgorithm) -> tuple[bytes, dict[str, str] | None]:
    """(private part, public JWK or None)."""
    match algorithm:
        case SigningAlgorithm.HS256:
            return os.urandom(_HMAC_KEY_BYTES), None
        case SigningAlgorithm.ES256:
            ec_key = ec.generate_private_key(ec.SECP256R1())
            return _der(ec_key), _jwk(ECAlgorithm.to_jwk(ec_key.public_key()))
        case SigningAlgorithm.RS256:
            rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            return _der(rsa_key), _jwk(RSAAlgorithm.to_jwk(rsa_key.public_key()))
        case SigningAlgorithm.EDDSA:
            ed_key = ed25519.Ed25519PrivateKey.generate()
            return _der(ed_key), _jwk(OKPAlgorithm.to_jwk(ed_key.public_key()))


def _der(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _jwk(encoded: str) -> dict[str, str]:
    members = ("kty", "crv", "x", "y", "n", "e")
    return {name: value for name, value in json.loads(encoded).items() if name in members}


def _thumbprint(jwk: dict[str, str]) -> str:
    """RFC 7638: the same key has the same name everywhere."""
    canonical = json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()
    return urlsafe_b64encode(sha256(canonical).digest()).rstrip(b"=").decode()
