"""Access tokens: what is signed here is read here, and nothing else is."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from adapters.crypto.jwt import _CLOCK_SKEW, MAX_TOKEN_BYTES, JwtSigner, JwtVerifier
from adapters.crypto.signing_keys import CryptoKeyRing
from adapters.memory.clock import ManualClock
from adapters.system.clock import SystemClock
from domain.errors import Unavailable
from domain.sessions import InvalidAccessToken
from domain.signing_keys import SigningAlgorithm, UnknownSigningKey
from tests.adapters.crypto.rings import ISSUER, a_key, ring_of, some_claims

KEY = a_key()
RING = ring_of(KEY)
TOKEN = JwtSigner(RING).sign(some_claims())
HEADER = {"typ": "at+jwt", "kid": KEY.kid}
PAYLOAD = jwt.decode(TOKEN, options={"verify_signature": False})
LONG_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)

verifier = JwtVerifier(RING, SystemClock(), issuer=ISSUER)


def base64url(text: bytes) -> str:
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def signed(payload: Mapping[str, Any], **header: Any) -> str:
    """A token that the current key vouches for, whatever it says."""
    current = RING.current
    assert current is not None
    fields = {name: value for name, value in (HEADER | header).items() if value is not None}
    text = json.dumps(payload).encode()
    return jwt.PyJWS().encode(text, current.signing_half, current.algorithm, headers=fields)


def forged(header: bytes, payload: Mapping[str, Any] | bytes, key: bytes = b"") -> str:
    """A token made by hand, with an HMAC under any key."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    text = f"{base64url(header)}.{base64url(body)}"
    mac = hmac.digest(key, text.encode(errors="surrogatepass"), hashlib.sha256) if key else b""
    return f"{text}.{base64url(mac)}"


def refuses(token: str, by: JwtVerifier = verifier) -> bool:
    """Whether it does; any other exception than the promised one passes through."""
    try:
        by.verify(token)
    except InvalidAccessToken:
        return True
    return False


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_every_algorithm_reads_what_it_signed(algorithm: SigningAlgorithm) -> None:
    ring = ring_of(a_key(algorithm))
    claims = some_claims(roles=tuple(f"{n:02}" + "r" * 30 for n in range(20)))
    token = JwtSigner(ring).sign(claims)
    assert JwtVerifier(ring, SystemClock(), issuer=ISSUER).verify(token) == claims
    assert len(token) <= MAX_TOKEN_BYTES
    header = jwt.get_unverified_header(token)
    assert ring.current is not None
    assert header == {"alg": algorithm.value, "typ": "at+jwt", "kid": ring.current.kid}


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
def test_a_token_is_what_the_library_itself_would_write(algorithm: SigningAlgorithm) -> None:
    ring = ring_of(a_key(algorithm))
    key = ring.current
    assert key is not None
    token = JwtSigner(ring).sign(some_claims(audience=("one", "two"), roles=('é \\ "',)))
    payload = jwt.decode(token, options={"verify_signature": False})
    headers = {"typ": "at+jwt", "kid": key.kid}
    expected = jwt.encode(payload, key.signing_half, key.algorithm, headers=headers)
    assert token.rpartition(".")[0] == expected.rpartition(".")[0]
    # Every signature of an elliptic curve is another one.
    assert (token == expected) is (algorithm is not SigningAlgorithm.ES256)


def test_each_token_is_signed_with_the_key_that_is_current_by_then() -> None:
    first, second = a_key(), a_key()
    ring = ring_of(first)
    signer = JwtSigner(ring)
    signed_by = []
    for current in (first, first, second, first):
        ring.load([current])
        token = signer.sign(some_claims())
        JwtVerifier(ring, SystemClock(), issuer=ISSUER).verify(token)
        signed_by.append(jwt.get_unverified_header(token)["kid"])
    assert signed_by == [first.kid, first.kid, second.kid, first.kid]


def test_the_claims_are_those_of_an_access_token() -> None:
    names = "iss aud sub sid client_id iat exp jti auth_time roles"
    assert set(PAYLOAD) == set(names.split())
    assert PAYLOAD["aud"] == ISSUER
    assert all(isinstance(PAYLOAD[name], int) for name in ("iat", "exp", "auth_time"))


def test_without_a_key_nothing_is_signed() -> None:
    with pytest.raises(Unavailable):
        JwtSigner(ring_of()).sign(some_claims())


@given(st.data())
def test_no_bent_token_is_valid(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(TOKEN) - 1))
    other = data.draw(st.characters().filter(lambda character: character != TOKEN[position]))
    assert refuses(TOKEN[:position] + other + TOKEN[position + 1 :])
    assert refuses(TOKEN[:position])
    assert refuses(TOKEN[:position] + other + TOKEN[position:])
    assert refuses(TOKEN + other)


def test_every_character_counts() -> None:
    for place, character in enumerate(TOKEN):
        other = "A" if character != "A" else "B"
        assert refuses(TOKEN[:place] + other + TOKEN[place + 1 :]), place


@pytest.mark.parametrize("after", ["=", "==", ".", ".x", "\n", " ", "\0", "!"])
def test_one_token_has_one_spelling(after: str) -> None:
    assert refuses(TOKEN + after)
    assert refuses(after + TOKEN)


@given(st.text(st.characters(), max_size=100) | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*"))
def test_junk_is_an_invalid_token(junk: str) -> None:
    assert refuses(junk)


@pytest.mark.parametrize("claim", ["exp", "iat", "iss", "aud", "sub", "sid", "jti", "client_id"])
def test_a_token_without_a_required_claim_is_invalid(claim: str) -> None:
    assert refuses(signed({name: value for name, value in PAYLOAD.items() if name != claim}))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(LONG_AGO.timestamp())},
        {"exp": int(datetime.now(UTC).timestamp()) - 1},
        {"nbf": int(datetime.now(UTC).timestamp()) + 600},
        {"iat": int(datetime.now(UTC).timestamp()) + 600},
        {"iss": "https://elsewhere.example.com"},
        {"iss": ISSUER + "/"},
        {"aud": "https://orders.example.com"},
        {"aud": ["https://orders.example.com"]},
        {"aud": []},
        {"aud": ""},
        {"sub": 7},
        {"sub": "nobody"},
        {"sid": None},
        {"exp": 10**30},
        {"exp": "soon"},
        {"auth_time": "never"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_claim_that_does_not_hold_makes_the_token_invalid(changes: dict[str, Any]) -> None:
    assert not refuses(signed(PAYLOAD))
    assert refuses(signed(PAYLOAD | changes))


def test_times_are_those_of_the_clock() -> None:
    clock = ManualClock()
    now = clock.now()
    reader = JwtVerifier(RING, clock, issuer=ISSUER)
    lasting = {"issued_at": now, "expires_at": now + timedelta(seconds=60), "auth_time": now}
    token = JwtSigner(RING).sign(some_claims(**lasting))
    clock.advance(59.999)
    assert not refuses(token, reader)
    clock.advance(0.001)
    assert refuses(token, reader)


def test_clocks_of_two_machines_may_differ_a_little() -> None:
    clock = ManualClock()
    reader = JwtVerifier(RING, clock, issuer=ISSUER)
    for ahead, refused in ((timedelta(0), False), (_CLOCK_SKEW, False), (2 * _CLOCK_SKEW, True)):
        issued_at = clock.now() + ahead
        claims = some_claims(issued_at=issued_at, expires_at=issued_at + timedelta(seconds=60))
        assert refuses(JwtSigner(RING).sign(claims), reader) is refused


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(sorted(PAYLOAD)), json_values))
def test_whatever_a_signed_claim_holds_reading_it_ends_well(changes: dict[str, Any]) -> None:
    with suppress(InvalidAccessToken):
        claims = verifier.verify(signed(PAYLOAD | changes))
        assert claims.issuer == ISSUER
        assert ISSUER in claims.audience


def test_one_of_several_audiences_suffices() -> None:
    claims = verifier.verify(signed(PAYLOAD | {"aud": ["https://orders.example.com", ISSUER]}))
    assert claims.audience == ("https://orders.example.com", ISSUER)


def test_tokens_for_others_are_read_where_that_is_asked_for() -> None:
    orders = "https://orders.example.com"
    token = JwtSigner(RING).sign(some_claims(audience=(orders,)))
    both = JwtVerifier(RING, SystemClock(), issuer=ISSUER, audiences=[orders])
    assert both.verify(token, any_audience=True).audience == (orders,)
    assert refuses(token, both)
    with pytest.raises(InvalidAccessToken):
        verifier.verify(token, any_audience=True)


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_the_type_is_that_of_an_access_token(typ: str) -> None:
    assert not refuses(signed(PAYLOAD, typ=typ))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "", "at+jwt ", "id+jwt", "refresh+jwt"])
def test_no_other_type_will_do(typ: str) -> None:
    assert refuses(signed(PAYLOAD, typ=typ))


def test_a_token_without_a_type_is_invalid() -> None:
    header = json.dumps({"alg": "ES256", "kid": KEY.kid}).encode()
    text = f"{base64url(header)}.{TOKEN.split('.')[1]}"
    assert RING.current is not None
    algorithm = jwt.get_algorithm_by_name("ES256")
    signature = algorithm.sign(text.encode(), RING.current.signing_half)
    assert refuses(f"{text}.{base64url(signature)}")


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": ["x"], "x": 1}])
def test_a_token_with_extensions_that_must_be_understood_is_invalid(
    header: dict[str, Any],
) -> None:
    assert refuses(signed(PAYLOAD, **header))


def test_a_token_of_another_service_is_of_an_unknown_key() -> None:
    token = JwtSigner(ring_of(a_key())).sign(some_claims())
    with pytest.raises(UnknownSigningKey):
        verifier.verify(token)


def test_a_foreign_key_under_our_kid_is_no_key_of_ours() -> None:
    foreign = ring_of(a_key()).current
    assert foreign is not None
    assert refuses(jwt.encode(PAYLOAD, foreign.signing_half, "ES256", headers=HEADER))


def test_a_key_that_the_token_brings_along_is_not_used() -> None:
    other = a_key()
    foreign = ring_of(other).current
    assert foreign is not None
    header: dict[str, object] = HEADER | {
        "jwk": other.public_jwk,
        "jku": "https://evil.example/jwks",
        "x5c": [],
    }
    assert refuses(jwt.encode(PAYLOAD, foreign.signing_half, "ES256", headers=header))


@pytest.mark.parametrize("kid", [None, 7, "", [], {}, [KEY.kid], {"a": 1}, "\0", "../../key"])
def test_a_token_that_names_no_key_of_ours_is_invalid(kid: object) -> None:
    header: dict[str, object] = {"alg": "ES256", "typ": "at+jwt", "kid": kid}
    assert refuses(forged(json.dumps(header).encode(), PAYLOAD, b"key"))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, "HS256", "ES384", "RS256"])
def test_the_key_decides_the_algorithm_and_not_the_token(algorithm: str | None) -> None:
    header = {"alg": algorithm, "typ": "at+jwt", "kid": KEY.kid}
    assert refuses(forged(json.dumps(header).encode(), PAYLOAD))
    assert refuses(forged(json.dumps(header).encode(), PAYLOAD, b"key"))


@pytest.mark.parametrize(
    ("algorithm", "other"),
    [
        (SigningAlgorithm.RS256, "RS384"),
        (SigningAlgorithm.RS256, "PS256"),
        (SigningAlgorithm.HS256, "HS384"),
    ],
)
def test_a_key_is_good_for_its_own_algorithm_alone(algorithm: SigningAlgorithm, other: str) -> None:
    current = (ring := ring_of(a_key(algorithm))).current
    assert current is not None
    header = HEADER | {"kid": current.kid}
    reader = JwtVerifier(ring, SystemClock(), issuer=ISSUER)
    for name, refused in ((algorithm.value, False), (other, True)):
        token = jwt.encode(PAYLOAD, current.signing_half, name, headers=header)
        assert refuses(token, reader) is refused


@pytest.mark.parametrize("algorithm", [SigningAlgorithm.ES256, SigningAlgorithm.RS256])
def test_a_public_key_is_no_secret_to_make_macs_with(algorithm: SigningAlgorithm) -> None:
    ring = ring_of(a_key(algorithm))
    current, (jwk,) = ring.current, ring.public_keys()
    assert current is not None
    header = json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": current.kid}).encode()
    formats = serialization.PublicFormat.SubjectPublicKeyInfo
    encodings = (serialization.Encoding.PEM, serialization.Encoding.DER)
    public = [current.verifying_half.public_bytes(each, formats) for each in encodings]
    for secret in (*public, public[0].strip(), json.dumps(jwk).encode()):
        assert refuses(
            forged(header, PAYLOAD, secret), JwtVerifier(ring, SystemClock(), issuer=ISSUER)
        )


def test_a_valid_token_that_is_too_long_is_invalid() -> None:
    room = MAX_TOKEN_BYTES - len(signed(PAYLOAD | {"client_id": ""}))
    longest = signed(PAYLOAD | {"client_id": "x" * (room * 3 // 4)})
    assert MAX_TOKEN_BYTES - 4 < len(longest) <= MAX_TOKEN_BYTES
    assert not refuses(longest)
    assert refuses(signed(PAYLOAD | {"client_id": "x" * (room * 3 // 4 + 4)}))
    assert refuses("x" * 10_000_000)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"kid":['])
@pytest.mark.parametrize("depth", [500, 1_000, 3_000, 8_000])
def test_nesting_ends_in_a_refusal(opening: bytes, depth: int) -> None:
    assert refuses(forged(opening * depth, PAYLOAD, b"key"))
    header = json.dumps(HEADER | {"alg": "ES256"}).encode()
    assert refuses(forged(header, opening * depth, b"key"))


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "é.é.é", "\ud800", "a.b.c.d.e", "e30.e30."]
)
def test_what_is_no_token_is_an_invalid_token(token: str) -> None:
    assert refuses(token)


def test_after_a_rotation_the_last_key_still_reads_what_it_signed() -> None:
    ring = CryptoKeyRing(RING._secret)
    ring.load([KEY])
    reader, signer = JwtVerifier(ring, SystemClock(), issuer=ISSUER), JwtSigner(ring)
    before = signer.sign(some_claims())
    successor = a_key(SigningAlgorithm.EDDSA)
    ring.load([successor, KEY])
    after = signer.sign(some_claims())
    assert jwt.get_unverified_header(after)["kid"] == successor.kid
    assert not refuses(before, reader)
    assert not refuses(after, reader)
    ring.load([successor])
    with pytest.raises(UnknownSigningKey):
        reader.verify(before)
