"""Signing keys: sealed at rest, opened in the ring, public by their public halves only."""

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from adapters.crypto.server_secret import ServerSecret
from adapters.crypto.signing_keys import CryptoKeyRing, SealedSigningKeyFactory
from domain.signing_keys import SigningAlgorithm, SigningKey, SigningKeyStatus
from tests.adapters.crypto.rings import SECRET, a_key, ring_of

KEYS = {algorithm: a_key(algorithm) for algorithm in SigningAlgorithm}
PUBLIC = [key for key in KEYS.values() if key.algorithm is not SigningAlgorithm.HS256]
# RFC 7517, RFC 7518 (6.2.1, 6.3.1) and RFC 8037.
MEMBERS = {"EC": {"crv", "x", "y"}, "RSA": {"n", "e"}, "OKP": {"crv", "x"}}


def as_(status: SigningKeyStatus, key: SigningKey) -> SigningKey:
    return replace(key, status=status)


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_a_new_key_is_current_and_of_the_algorithm_asked_for(algorithm: SigningAlgorithm) -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    key = SealedSigningKeyFactory(SECRET).generate(algorithm, at)
    assert (key.algorithm, key.status) == (algorithm, SigningKeyStatus.CURRENT)
    assert (key.created_at, key.activated_at, key.retired_at) == (at, at, None)
    assert (key.public_jwk is None) == (algorithm is SigningAlgorithm.HS256)
    assert 1 <= len(key.kid) <= 64
    assert key.kid.isprintable()


def test_no_two_keys_are_alike() -> None:
    for algorithm in (SigningAlgorithm.ES256, SigningAlgorithm.HS256, SigningAlgorithm.EDDSA):
        assert len({a_key(algorithm).kid for _ in range(5)}) == 5


@pytest.mark.parametrize("key", PUBLIC, ids=lambda key: key.algorithm)
def test_what_is_published_is_the_public_half_and_nothing_else(key: SigningKey) -> None:
    (jwk,) = ring_of(key).public_keys()
    assert set(jwk) == MEMBERS[jwk["kty"]] | {"kty", "kid", "use", "alg"}
    assert (jwk["kid"], jwk["use"], jwk["alg"]) == (key.kid, "sig", key.algorithm.value)
    assert key.public_jwk is not None
    assert set(key.public_jwk) == MEMBERS[jwk["kty"]] | {"kty"}


@pytest.mark.parametrize("key", PUBLIC, ids=lambda key: key.algorithm)
def test_a_public_key_is_named_by_its_thumbprint(key: SigningKey) -> None:
    # RFC 7638, 3: the required members, in lexicographic order, without white space.
    canonical = json.dumps(key.public_jwk, sort_keys=True, separators=(",", ":"))
    digest = urlsafe_b64encode(sha256(canonical.encode()).digest())
    assert key.kid == digest.decode().rstrip("=")


def test_a_secret_key_is_never_published() -> None:
    ring = ring_of(KEYS[SigningAlgorithm.HS256])
    assert ring.can_sign()
    assert ring.public_keys() == ()
    mixed = ring_of(*KEYS.values())
    assert {jwk["kid"] for jwk in mixed.public_keys()} == {key.kid for key in PUBLIC}


def test_keys_are_published_before_and_after_they_sign() -> None:
    current, following, retired = (a_key() for _ in range(3))
    ring = ring_of(
        as_(SigningKeyStatus.RETIRED, retired), current, as_(SigningKeyStatus.NEXT, following)
    )
    assert ring.current is not None
    assert ring.current.kid == current.kid
    kids = [jwk["kid"] for jwk in ring.public_keys()]
    assert kids == [retired.kid, current.kid, following.kid]


def test_a_ring_without_a_current_key_reads_but_does_not_sign() -> None:
    key = a_key()
    ring = ring_of(as_(SigningKeyStatus.RETIRED, key))
    assert not ring.can_sign()
    assert ring.get(key.kid) is not None


def test_an_empty_ring_knows_nothing() -> None:
    ring = CryptoKeyRing(SECRET)
    assert not ring.can_sign()
    assert ring.public_keys() == ()
    assert ring.get(a_key().kid) is None
    assert ring.get("") is None


def test_loading_replaces_what_was_there() -> None:
    first, second = a_key(), a_key()
    ring = ring_of(first)
    ring.load([second])
    assert ring.get(first.kid) is None
    assert [jwk["kid"] for jwk in ring.public_keys()] == [second.kid]
    ring.load([])
    assert not ring.can_sign()


def test_a_key_that_cannot_be_opened_is_left_out_and_told() -> None:
    key, broken = a_key(), replace(a_key(), sealed_private=b"not a seal")
    ring = ring_of(key)
    assert ring.load([broken, as_(SigningKeyStatus.NEXT, key)]) == (broken.kid,)
    assert not ring.can_sign()
    assert ring.get(broken.kid) is None
    assert [jwk["kid"] for jwk in ring.public_keys()] == [key.kid]


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.algorithm)
def test_a_private_half_opens_under_its_own_name_only(key: SigningKey) -> None:
    ring = CryptoKeyRing(SECRET)
    assert ring.load([replace(key, kid="another")]) == ("another",)
    assert not ring.can_sign()


def test_a_key_opens_under_the_secret_it_was_sealed_with() -> None:
    key = KEYS[SigningAlgorithm.ES256]
    assert (
        CryptoKeyRing(ServerSecret(b"a later secret", [b"a secret of the tests"])).load([key]) == ()
    )
    assert CryptoKeyRing(ServerSecret(b"a later secret")).load([key]) == (key.kid,)


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.algorithm)
def test_neither_half_is_shown(key: SigningKey) -> None:
    opened = ring_of(key).current
    assert opened is not None
    shown = f"{key!r} {key} {opened!r} {opened}"
    assert "sealed_private" not in shown
    assert "half" not in shown
    assert key.kid in shown
