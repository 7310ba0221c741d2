"""Key rings and claims for the tests of tokens."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.crypto.server_secret import ServerSecret
from adapters.crypto.signing_keys import CryptoKeyRing, SealedSigningKeyFactory
from domain.sessions import AccessTokenClaims
from domain.signing_keys import SigningAlgorithm, SigningKey
from tests.domain.samples import new_id

ISSUER = "https://accounts.example.com"
SECRET = ServerSecret(b"a secret of the tests")

FACTORY = SealedSigningKeyFactory(SECRET)


def a_key(algorithm: SigningAlgorithm = SigningAlgorithm.ES256) -> SigningKey:
    return FACTORY.generate(algorithm, datetime.now(UTC))


def ring_of(*keys: SigningKey) -> CryptoKeyRing:
    ring = CryptoKeyRing(SECRET)
    ring.load(keys)
    return ring


def some_claims(**changes: Any) -> AccessTokenClaims:
    now = datetime.now(UTC).replace(microsecond=0)
    claims = AccessTokenClaims(
        issuer=ISSUER,
        audience=(ISSUER,),
        subject=new_id(),
        session_id=new_id(),
        client_id="first-party",
        issued_at=now,
        expires_at=now + timedelta(days=1),
        token_id=new_id(),
        auth_time=now - timedelta(days=3),
        roles=("admin", "user"),
    )
    return replace(claims, **changes)
