"""Limits over HTTP: how much is left, and what happens when nothing is."""

import httpx

from tests.entrypoints.http.api import PASSWORD, Api, OpenApi

LOGIN, ME = "/api/v1/auth/login", "/api/v1/users/me"
HEADERS = {
    *("ratelimit", "ratelimit-policy"),
    *("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
}


async def guess(api: Api, email: str) -> httpx.Response:
    return await api.post(LOGIN, json={"email": email, "password": "wrong"})


async def test_an_answer_says_how_much_is_left(open_api: OpenApi) -> None:
    api = await open_api(rate_limit_read="5/60")
    person = await api.person()
    response = await api.get(ME, headers=person.auth)
    assert response.headers["ratelimit-policy"] == '"read";q=5;w=60'
    # The helper that signed the person in has read once.
    assert response.headers["ratelimit"] == '"read";r=3;t=60'
    told = [response.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "reset")]
    assert told == ["5", "3", "60"]


async def test_whoever_has_used_it_up_is_told_when_to_come_again(open_api: OpenApi) -> None:
    api = await open_api(rate_limit_read="3/60")
    person, other = await api.person(), await api.person()
    statuses = [(await api.get(ME, headers=person.auth)).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    response = await api.get(ME, headers=person.auth)
    assert response.json()["error"] == "rate_limited"
    assert 50 < int(response.headers["retry-after"]) <= 60
    assert response.headers["x-ratelimit-remaining"] == "0"
    # It is the account that is charged, not the address that both come from.
    assert (await api.get(ME, headers=other.auth)).status_code == 200


async def test_guessing_is_limited_whether_the_account_exists_or_not(open_api: OpenApi) -> None:
    for known in (True, False):
        api = await open_api(rate_limit_auth="4/60")
        email = (await api.register()).json()["email"] if known else "nobody@example.com"
        tries = [(await guess(api, email)).status_code for _ in range(4 if known else 5)]
        assert tries == [401] * (3 if known else 4) + [429]
        right = await api.post(LOGIN, json={"email": email, "password": PASSWORD})
        assert right.status_code == 429


async def test_who_keeps_guessing_does_not_keep_the_owner_out(open_api: OpenApi) -> None:
    api = await open_api(rate_limit_auth="4/60", trusted_proxies="127.0.0.0/8")
    email = (await api.register()).json()["email"]

    async def sign_in(address: str, password: str = PASSWORD, at: str = email) -> int:
        headers = {"X-Forwarded-For": address}
        response = await api.post(LOGIN, json={"email": at, "password": password}, headers=headers)
        return response.status_code

    assert await sign_in("192.0.2.1") == 200
    for number in range(2):
        assert await sign_in(f"203.0.113.{number}", "a guess") == 401
    # The account's turns are used up, for whoever was never signed in to it.
    assert await sign_in("203.0.113.9") == 429
    assert await sign_in("192.0.2.1", at="nobody@example.com") == 401
    # The owner has as many turns there as the address has.
    assert [await sign_in("192.0.2.1") for _ in range(3)] == [200, 200, 429]


async def test_refresh_tokens_that_are_refused_are_charged_to_their_address(
    open_api: OpenApi,
) -> None:
    api = await open_api(rate_limit_write="4/60")
    person = await api.person()

    async def refresh(token: str) -> httpx.Response:
        return await api.post("/api/v1/auth/refresh", json={"refresh_token": token})

    form = {"grant_type": "refresh_token", "refresh_token": "junk"}
    tries = [(await api.post("/oauth/token", data=form)).status_code for _ in range(2)]
    assert tries == [400, 400]
    assert [(await refresh("junk")).status_code for _ in range(3)] == [401, 401, 429]
    refused = await api.post("/oauth/token", data=form)
    assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
    assert refused.headers["ratelimit-policy"] == '"write";q=4;w=60'
    # A good one is not: others may share its address.
    assert (await refresh(person.refresh_token)).status_code == 200


async def test_backing_off_looks_the_same_with_an_account_and_without(api: Api) -> None:
    known = (await api.register()).json()["email"]
    told = []
    for email in (known, "nobody@example.com"):
        tries = {(await guess(api, email)).status_code for _ in range(100)}
        assert tries == {401}
        refusal = await api.post(LOGIN, json={"email": email, "password": PASSWORD})
        assert (refusal.status_code, refusal.json()["error"]) == (429, "rate_limited")
        assert 25 < int(refusal.headers["retry-after"]) <= 31
        told.append(({*refusal.headers}, refusal.json().keys(), refusal.json()["message"]))
    assert told[0] == told[1]


async def test_where_no_limit_applies_nothing_is_said_of_one(api: Api, open_api: OpenApi) -> None:
    limited = await open_api(rate_limit_read="5/60")
    for response in (
        await api.get(ME, headers=(await api.person()).auth),
        await limited.get("/health"),
        await limited.get("/.well-known/jwks.json"),
        await limited.get("/nothing"),
    ):
        assert HEADERS.isdisjoint(response.headers)
