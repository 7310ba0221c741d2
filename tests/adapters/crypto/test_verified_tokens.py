"""A token that was verified before is cheaper to verify, and no easier to pass off."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.crypto.jwt import JwtSigner, JwtVerifier
from adapters.crypto.verified_tokens import VerifiedTokens
from adapters.memory.clock import ManualClock
from domain.sessions import AccessTokenClaims, InvalidAccessToken
from domain.signing_keys import UnknownSigningKey
from tests.adapters.crypto.rings import ISSUER, a_key, ring_of, some_claims

ELSEWHERE = "https://orders.example.com"


def fresh(clock: ManualClock, **changes: Any) -> AccessTokenClaims:
    now = clock.now()
    return some_claims(
        issued_at=now, expires_at=now + timedelta(seconds=60), auth_time=now, **changes
    )


def a_verifier() -> tuple[JwtSigner, JwtVerifier, ManualClock]:
    ring = ring_of(a_key())
    clock = ManualClock()
    return (
        JwtSigner(ring),
        JwtVerifier(ring, clock, issuer=ISSUER, audiences=[ELSEWHERE]),
        clock,
    )


def test_the_second_time_costs_no_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    signer, verifier, clock = a_verifier()
    token = signer.sign(fresh(clock))
    first = verifier.verify(token)
    monkeypatch.setattr(verifier, "_read", lambda *_: pytest.fail("verified again"))
    assert verifier.verify(token) == first


def test_a_known_token_ends_with_its_time() -> None:
    signer, verifier, clock = a_verifier()
    token = signer.sign(fresh(clock))
    verifier.verify(token)
    clock.advance(59.999)
    verifier.verify(token)
    clock.advance(0.001)
    with pytest.raises(InvalidAccessToken):
        verifier.verify(token)


def test_a_known_token_ends_with_its_key() -> None:
    key = a_key()
    ring = ring_of(key)
    clock = ManualClock()
    verifier = JwtVerifier(ring, clock, issuer=ISSUER)
    token = JwtSigner(ring).sign(fresh(clock))
    verifier.verify(token)
    ring.load([a_key()])
    with pytest.raises(UnknownSigningKey):
        verifier.verify(token)


def test_a_token_for_others_that_was_introspected_is_no_credential_here() -> None:
    signer, verifier, clock = a_verifier()
    token = signer.sign(fresh(clock, audience=(ELSEWHERE,)))
    verifier.verify(token, any_audience=True)
    with pytest.raises(InvalidAccessToken):
        verifier.verify(token)


def test_what_was_refused_is_not_remembered() -> None:
    signer, verifier, clock = a_verifier()
    token = signer.sign(fresh(clock))
    verifier.verify(token)
    for at in range(len(token)):
        bent = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(InvalidAccessToken):
            verifier.verify(bent)


def test_it_holds_so_many_and_forgets_the_oldest() -> None:
    clock = ManualClock()
    known = VerifiedTokens(limit=3)
    for number in range(5):
        known.add(f"token {number}", "kid", fresh(clock))
    assert len(known) == 3
    held = [known.get(f"token {number}", clock.now()) is not None for number in range(5)]
    assert held == [False, False, True, True, True]
