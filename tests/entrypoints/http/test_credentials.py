"""Access tokens and keys as nobody should send them."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from domain.sessions import AccessTokenClaims
from tests.entrypoints.http.api import Account, Api
from tests.entrypoints.http.promises import MARKER

ME = "/api/v1/users/me"


async def refusal(api: Api, headers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    response = await api.get(ME, headers=list(headers))
    return response.status_code, response.json()["error"]


async def of_token(api: Api, token: str) -> tuple[int, str]:
    return await refusal(api, [("Authorization", f"Bearer {token}")])


def encoded(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed_with_hmac(header: object, payload: object, *, secret: bytes) -> str:
    signed = f"{encoded(header)}.{encoded(payload)}"
    signature = urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256"))
    return f"{signed}.{signature.rstrip(b'=').decode()}"


def claims_for(api: Api, account: Account) -> AccessTokenClaims:
    now = datetime.now(UTC).replace(microsecond=0)
    payload = jwt.decode(account.access_token, options={"verify_signature": False})
    return AccessTokenClaims(
        issuer=api.container.settings().issuer,
        audience=(api.container.settings().issuer,),
        subject=UUID(account.id),
        session_id=UUID(payload["sid"]),
        client_id="first-party",
        issued_at=now,
        expires_at=now + timedelta(minutes=15),
        token_id=uuid4(),
        auth_time=now,
        roles=("user",),
    )


async def test_the_claims_that_are_forged_below_are_otherwise_good(api: Api) -> None:
    person = await api.person()
    token = api.container.signer().sign(claims_for(api, person))
    response = await api.get(ME, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 200


async def test_a_token_that_is_out_of_date_is_refused(api: Api) -> None:
    person = await api.person()
    claims = claims_for(api, person)
    ago = timedelta(hours=1)
    old = replace(claims, issued_at=claims.issued_at - ago, expires_at=claims.expires_at - ago)
    assert await of_token(api, api.container.signer().sign(old)) == (401, "invalid_access_token")


@pytest.mark.parametrize("issuer", ["https://evil.example.com", "", MARKER])
async def test_a_token_for_somebody_else_or_from_somebody_else_is_refused(
    api: Api, issuer: str
) -> None:
    person = await api.person()
    sign, claims = api.container.signer().sign, claims_for(api, person)
    for forged in (replace(claims, audience=(issuer,)), replace(claims, issuer=issuer)):
        assert await of_token(api, sign(forged)) == (401, "invalid_access_token")


async def test_a_token_of_another_account_or_another_session_is_refused(api: Api) -> None:
    person, other = await api.person(), await api.person()
    sign, claims = api.container.signer().sign, claims_for(api, person)
    for forged in (
        replace(claims, subject=UUID(other.id)),
        replace(claims, subject=uuid4()),
        replace(claims, session_id=uuid4()),
    ):
        assert await of_token(api, sign(forged)) == (401, "invalid_access_token")


async def test_a_token_that_somebody_else_signed_is_refused(api: Api) -> None:
    person = await api.person()
    payload = jwt.decode(person.access_token, options={"verify_signature": False})
    header = jwt.get_unverified_header(person.access_token)
    foreign = ec.generate_private_key(ec.SECP256R1())
    public = (await api.get("/.well-known/jwks.json")).content
    for token in (
        jwt.encode(payload, foreign, "ES256", headers=header),
        jwt.encode(payload, foreign, "ES256", headers=header | {"kid": str(uuid4())}),
        jwt.encode(payload, foreign, "ES256"),
        # The public key as the secret of an HMAC (RFC 8725, 2.1).
        signed_with_hmac(header | {"alg": "HS256"}, payload, secret=public),
        jwt.encode(payload, "", "none", headers=header | {"alg": "none"}),
        f"{encoded(header | {'alg': 'none'})}.{person.access_token.split('.')[1]}.",
        person.access_token[:-4] + ("AAAA" if person.access_token[-4:] != "AAAA" else "BBBB"),
        person.access_token + "A",
        person.access_token.rpartition(".")[0],
    ):
        assert await of_token(api, token) == (401, "invalid_access_token")


async def test_a_token_of_another_type_is_refused(api: Api) -> None:
    person = await api.person()
    _, payload, signature = person.access_token.split(".")
    for typ in ("JWT", "id_token", "at+jwt ", ["at+jwt"], None):
        forged = encoded(jwt.get_unverified_header(person.access_token) | {"typ": typ})
        assert await of_token(api, f"{forged}.{payload}.{signature}") == (
            401,
            "invalid_access_token",
        )


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(MARKER, id="no token"),
        pytest.param("..", id="empty parts"),
        pytest.param("a.b.c", id="no JSON"),
        pytest.param("a" * 4097, id="too long"),
        pytest.param("a" * 1_000_000, id="a megabyte"),
        pytest.param(f"{encoded({'alg': 'ES256', 'kid': MARKER})}.e30.AA", id="unknown key"),
        pytest.param(f"{encoded({'alg': 'ES256', 'kid': ['x']})}.e30.AA", id="list as key"),
        pytest.param(f"{encoded({'alg': 'ES256', 'kid': 9})}.e30.AA", id="number as key"),
        pytest.param(f"{encoded({'alg': None})}.e30.AA", id="no algorithm"),
        pytest.param(f"{encoded([])}.{encoded([])}.AA", id="lists"),
        pytest.param(f"{urlsafe_b64encode(b'[' * 3000).decode()}.e30.AA", id="deep"),
        pytest.param(f"{urlsafe_b64encode(b'[' * 30_000).decode()}.e30.AA", id="deep and long"),
        pytest.param("token, token", id="two in one"),
    ],
)
async def test_what_is_no_token_is_refused(api: Api, token: str) -> None:
    assert await of_token(api, token) == (401, "invalid_access_token")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b"Bearer \xff\xfe\xe9", "invalid_access_token"),
        ("Bearer \N{SNOWMAN}".encode(), "invalid_access_token"),
        (b"Bearer", "invalid_access_token"),
        (b"Bearer ", "invalid_access_token"),
        (b"", "unauthorized"),
        (b"Basic YTpi", "unauthorized"),
        (b"Digest username=x", "unauthorized"),
        (b"Bearer\xa0token", "unauthorized"),
        (MARKER.encode(), "unauthorized"),
    ],
)
async def test_what_is_no_bearer_token_is_refused(api: Api, header: bytes, code: str) -> None:
    response = await api.get(ME, headers=[(b"Authorization", header)])
    assert (response.status_code, response.json()["error"]) == (401, code)


@pytest.mark.parametrize("key", ["", MARKER, "dw_a_b_c", "\N{SNOWMAN}", "k" * 100_000])
async def test_what_is_no_key_is_refused(api: Api, key: str) -> None:
    response = await api.get(ME, headers=[(b"X-API-Key", key.encode())])
    assert (response.status_code, response.json()["error"]) == (401, "invalid_api_key")


async def test_of_two_credentials_none_is_used(api: Api) -> None:
    person = await api.person()
    token, key = ("Authorization", f"Bearer {person.access_token}"), ("X-API-Key", "dw_a_b_c")
    for headers in ([token, token], [token, key], [key, key], [token, ("Authorization", "")]):
        assert await refusal(api, headers) == (400, "ambiguous_credentials")
