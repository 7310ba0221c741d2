"""OAuth endpoints, also as a client library that nobody here wrote sees them."""

from collections.abc import AsyncIterator

import httpx
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.entrypoints.http.api import Account, Api

TOKEN, INTROSPECT, REVOKE = "/oauth/token", "/oauth/introspect", "/oauth/revoke"
METADATA, JWKS = "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"


@pytest.fixture
async def client(api: Api) -> AsyncIterator[AsyncOAuth2Client]:
    """Authlib, which is told nothing but where the service is."""
    async with AsyncOAuth2Client(
        "first-party",
        token_endpoint_auth_method="none",
        transport=httpx.ASGITransport(api.app),
        base_url="http://localhost",
    ) as opened:
        yield opened


async def grant(api: Api, **parameters: str) -> httpx.Response:
    return await api.post(TOKEN, data={"grant_type": "refresh_token"} | parameters)


async def introspect(api: Api, caller: Account, token: str) -> dict[str, object]:
    response = await api.post(INTROSPECT, data={"token": token}, headers=caller.auth)
    assert response.status_code == 200
    answer: dict[str, object] = response.json()
    return answer


async def test_a_client_library_refreshes_introspects_and_revokes(
    api: Api, client: AsyncOAuth2Client
) -> None:
    person, resource_server = await api.person(), await api.holder_of("tokens:introspect")
    fresh = await client.refresh_token(TOKEN, refresh_token=person.refresh_token)
    assert fresh["token_type"] == "Bearer"
    assert fresh["refresh_token"] != person.refresh_token
    answer = await introspect(api, resource_server, fresh["access_token"])
    assert answer["active"] is True
    await client.revoke_token(REVOKE, token=fresh["refresh_token"])
    assert await introspect(api, resource_server, fresh["access_token"]) == {"active": False}
    with pytest.raises(OAuthError, match="invalid_grant"):
        await client.refresh_token(TOKEN, refresh_token=fresh["refresh_token"])


async def test_the_metadata_is_what_the_standard_wants(api: Api) -> None:
    response = await api.get(METADATA)
    metadata = AuthorizationServerMetadata(response.json())
    for check in ("token_endpoint", "jwks_uri", "revocation_endpoint", "introspection_endpoint"):
        assert metadata[check].startswith(metadata["issuer"])
    assert metadata["grant_types_supported"] == ["refresh_token"]
    assert response.headers["cache-control"] == "public, max-age=300"


async def test_a_service_verifies_a_token_with_the_published_keys_alone(api: Api) -> None:
    person = await api.person()
    keys = KeySet.import_key_set((await api.get(JWKS)).json())
    token = jwt.decode(person.access_token, keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert token.claims["sub"] == person.id
    assert token.claims["roles"] == ["user"]
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": "http://127.0.0.1:8000"},
        aud={"essential": True, "value": "http://127.0.0.1:8000"},
        exp={"essential": True},
    )
    registry.validate(token.claims)


async def test_introspection_tells_what_a_token_grants_at_this_moment(api: Api) -> None:
    person, caller = await api.person(), await api.holder_of("tokens:introspect")
    access = await introspect(api, caller, person.access_token)
    assert access == {
        "active": True,
        "sub": person.id,
        "scope": "items:read items:write",
        "client_id": "first-party",
        "token_type": "Bearer",
        "exp": access["exp"],
        "iat": access["iat"],
        "username": person.email,
    }
    refresh = await introspect(api, caller, person.refresh_token)
    assert refresh["token_type"] == "refresh_token"
    await api.set_roles(person)
    assert (await introspect(api, caller, person.access_token))["scope"] == ""


async def test_introspection_is_no_use_of_the_token(api: Api) -> None:
    person, caller = await api.person(), await api.holder_of("tokens:introspect")
    first = (await grant(api, refresh_token=person.refresh_token)).json()
    assert await introspect(api, caller, person.refresh_token) == {"active": False}
    for _ in range(3):
        assert (await introspect(api, caller, first["refresh_token"]))["active"] is True
    assert (await grant(api, refresh_token=first["refresh_token"])).status_code == 200


async def test_everything_that_is_not_alive_is_told_of_in_the_same_way(api: Api) -> None:
    caller = await api.holder_of("tokens:introspect")
    signed_out, disabled = await api.person(), await api.person()
    await api.post("/api/v1/auth/logout", headers=signed_out.auth)
    await api.disable(disabled)
    dead = ["junk", "é", "a.b.c", *(a.access_token for a in (signed_out, disabled))]
    dead += [a.refresh_token for a in (signed_out, disabled)]
    for token in dead:
        assert await introspect(api, caller, token) == {"active": False}


async def test_introspection_asks_for_a_permission(api: Api) -> None:
    person = await api.person()
    data = {"token": person.access_token}
    anonymous = await api.post(INTROSPECT, data=data)
    assert (anonymous.status_code, anonymous.json()["error"]) == (401, "invalid_client")
    denied = await api.post(INTROSPECT, data=data, headers=person.auth)
    assert (denied.status_code, denied.json()["error"]) == (403, "forbidden")


async def test_a_token_for_another_service_is_introspected_but_not_accepted(
    open_api: object,
) -> None:
    assert callable(open_api)
    api: Api = await open_api(jwt_audiences="billing", rate_limit_auth="off")
    person, caller = await api.person(), await api.holder_of("tokens:introspect")
    response = await grant(api, refresh_token=person.refresh_token, audience="billing")
    token = response.json()["access_token"]
    assert (await introspect(api, caller, token))["active"] is True
    headers = {"Authorization": f"Bearer {token}"}
    assert (await api.get("/api/v1/users/me", headers=headers)).status_code == 401


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_whoever_holds_a_token_can_give_it_up(api: Api, which: str) -> None:
    person = await api.person()
    for _ in range(2):
        revoked = await api.post(REVOKE, data={"token": getattr(person, which)})
        assert (revoked.status_code, revoked.content) == (200, b"")
    assert (await api.get("/api/v1/users/me", headers=person.auth)).status_code == 401
    assert (await grant(api, refresh_token=person.refresh_token)).status_code == 400


async def test_giving_up_junk_is_no_error_and_changes_nothing(api: Api) -> None:
    person = await api.person()
    bent = person.refresh_token[:-1] + ("A" if person.refresh_token[-1] != "A" else "B")
    for token in ("junk", bent, person.access_token[:-4]):
        assert (await api.post(REVOKE, data={"token": token})).status_code == 200
    assert (await api.get("/api/v1/users/me", headers=person.auth)).status_code == 200


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "junk"}, "invalid_grant"),
        (
            {"grant_type": "refresh_token", "refresh_token": "junk", "audience": "nowhere"},
            "invalid_target",
        ),
        (
            {"grant_type": "refresh_token", "refresh_token": "junk", "client_id": "stranger"},
            "invalid_client",
        ),
    ],
)
async def test_refusals_have_oauths_own_words(
    api: Api, parameters: dict[str, str], code: str
) -> None:
    response = await api.post(TOKEN, data=parameters)
    assert response.status_code == 400
    assert response.json().keys() == {"error", "error_description"}
    assert response.json()["error"] == code


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"token=a&token=b", "application/x-www-form-urlencoded"),
        (b"token=%ff", "application/x-www-form-urlencoded"),
        (b"token=%00", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(30)), "application/x-www-form-urlencoded"),
        (b'{"token": "x"}', "application/json"),
    ],
)
async def test_what_is_no_form_is_an_invalid_request(
    api: Api, body: bytes, media_type: str
) -> None:
    for path in (TOKEN, REVOKE):
        response = await api.post(path, content=body, headers={"Content-Type": media_type})
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
