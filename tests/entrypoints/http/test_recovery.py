"""Recovery over HTTP: the same answers for everybody, and what the two pages hold."""

from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import httpx
import pytest

from tests.mail_house import NEW_PASSWORD, PASSWORD, House, http_house, token_of

ADA = "ada@example.com"
VARYING = frozenset({"x-request-id", "x-response-time", "date"})


def seen(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: value for name, value in response.headers.items() if name not in VARYING}
    return response.status_code, response.content, headers


async def register(
    client: httpx.AsyncClient, email: str = ADA, password: str = PASSWORD
) -> httpx.Response:
    body = {"email": email, "name": "Ada", "password": password}
    return await client.post("/api/v1/users", json=body)


async def forgot(client: httpx.AsyncClient, email: str) -> httpx.Response:
    return await client.post("/api/v1/auth/password/forgot", json={"email": email})


async def reset(client: httpx.AsyncClient, token: str, password: str) -> httpx.Response:
    body = {"token": token, "new_password": password}
    return await client.post("/api/v1/auth/password/reset", json=body)


async def verify(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/v1/auth/email/verify", json={"token": token})


async def bearer(house: House, email: str = ADA, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await house.sign_in(email, password)).access_token}"}


async def test_a_forgotten_password_is_replaced_by_mail() -> None:
    async with http_house() as (house, client):
        await register(client)
        await house.delivered()
        answer = await forgot(client, ADA)
        assert (answer.status_code, answer.content) == (202, b"{}")
        token = await house.delivered_token()
        weak = await reset(client, token, "short")
        assert (weak.status_code, weak.json()["error"]) == (422, "weak_password")
        assert (await reset(client, token, NEW_PASSWORD)).status_code == 204
        again = await reset(client, token, NEW_PASSWORD)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_link")
        await house.sign_in(ADA, NEW_PASSWORD)


@pytest.mark.parametrize("confirmation", ["none", "email"])
async def test_forgot_answers_known_and_unknown_addresses_alike(confirmation: str) -> None:
    settings = {"registration_confirmation": confirmation, "rate_limit_auth": "10/60"}
    async with http_house(**settings) as (_, client):
        await register(client)
        known = await forgot(client, ADA)
    async with http_house(**settings) as (_, client):
        await register(client)
        unknown = await forgot(client, "nobody@example.com")
    assert seen(known)[:2] == seen(unknown)[:2] == (202, b"{}")
    # The account's own window has been charged once, by registering; the client's is tighter.
    assert seen(known)[2] == seen(unknown)[2]


async def test_registration_answers_new_known_and_pending_addresses_alike() -> None:
    async with http_house(registration_confirmation="email") as (house, client):
        new = await register(client)
        pending = await register(client)
        (mail, *_) = await house.delivered()
        assert (await verify(client, token_of(mail))).status_code == 204
        known = await register(client)
        assert seen(new) == seen(pending) == seen(known)
        assert (new.status_code, new.content) == (202, b"{}")
        assert [mail.subject for mail in await house.delivered()] == ["You already have an account"]


async def test_without_confirmation_registering_is_open_and_still_sends_a_link() -> None:
    async with http_house() as (house, client):
        assert (await register(client)).status_code == 201
        assert (await register(client)).status_code == 409
        assert (await verify(client, await house.delivered_token())).status_code == 204
        me = await client.get("/api/v1/users/me", headers=await bearer(house))
        assert me.json()["email_verified"] is True


async def test_links_that_do_not_work_cannot_be_told_apart() -> None:
    async with http_house() as (house, client):
        await register(client)
        used = await house.delivered_token()
        await verify(client, used)
        answers = [await verify(client, each) for each in (used, "A" * 64, used[:-1], "x")]
        bodies = [answer.json() | {"request_id": ""} for answer in answers]
        assert {answer.status_code for answer in answers} == {400}
        assert bodies == [bodies[0]] * 4


async def test_a_change_of_address_over_http() -> None:
    async with http_house() as (house, client):
        await register(client)
        await register(client, "grace@example.com")
        await house.delivered()
        headers = await bearer(house)
        answers = [
            await client.post(
                "/api/v1/users/me/email",
                json={"email": email, "password": PASSWORD},
                headers=headers,
            )
            for email in ("grace@example.com", "new@example.com")
        ]
        assert seen(answers[0]) == seen(answers[1])
        assert answers[0].status_code == 202
        assert (await verify(client, await house.delivered_token())).status_code == 204
        assert (await house.user("new@example.com")).email_verified
        wrong = await client.post(
            "/api/v1/users/me/email",
            json={"email": "b@example.com", "password": "wrong"},
            headers=await bearer(house, "grace@example.com"),
        )
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_credentials")


async def test_a_link_is_sent_again_to_a_signed_in_user() -> None:
    async with http_house() as (house, client):
        await register(client)
        first = await house.delivered_token()
        answer = await client.post("/api/v1/auth/email/resend", headers=await bearer(house))
        assert (answer.status_code, answer.content) == (202, b"{}")
        assert (await verify(client, first)).status_code == 400
        assert (await verify(client, await house.delivered_token())).status_code == 204
        assert (await client.post("/api/v1/auth/email/resend")).status_code == 401


async def test_attempts_with_links_and_addresses_are_limited() -> None:
    async with http_house(rate_limit_auth="2/60") as (_, client):
        statuses = [(await verify(client, "A" * 64)).status_code for _ in range(3)]
        assert statuses == [400, 400, 429]
    async with http_house(rate_limit_auth="2/60") as (_, client):
        statuses = [(await forgot(client, ADA)).status_code for _ in range(3)]
        assert statuses == [202, 202, 429]


async def test_links_never_follow_the_host_of_a_request() -> None:
    settings = {"public_url": "https://id.accounts.dev", "allowed_hosts": "*"}
    async with http_house(**settings) as (house, client):
        await register(client)
        await house.delivered()
        await client.post(
            "/api/v1/auth/password/forgot",
            json={"email": ADA},
            headers={"Host": "evil.dev", "X-Forwarded-Host": "evil.dev"},
        )
        (mail,) = await house.delivered()
        assert "https://id.accounts.dev/account/reset#token=" in mail.text
        assert "evil.dev" not in mail.text + mail.html


async def test_a_front_end_has_pages_of_its_own() -> None:
    async with http_house(verify_url="https://app.accounts.dev/hello?a=b") as (house, client):
        await register(client)
        (mail,) = await house.delivered()
        assert "https://app.accounts.dev/hello?a=b#token=" in mail.text


class Page(HTMLParser):
    """What of a page matters here."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open = tag

    def handle_endtag(self, tag: str) -> None:
        self.open = ""

    def handle_data(self, data: str) -> None:
        self.texts[self.open] = self.texts.get(self.open, "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("path", ["/account/verify", "/account/reset"])
async def test_the_account_pages_are_plain_and_closed(path: str) -> None:
    async with http_house() as (_, client):
        answer = await client.get(path)
        head = await client.head(path)
    page = Page(answer.text)
    assert answer.status_code == head.status_code == 200
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    for tag in ("script", "style"):
        digest = b64encode(sha256(page.texts[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "'unsafe-inline'" not in policy
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    assert [each["role"] for each in page.all("p") if "role" in each] == ["status"]
    assert not any({"src", "href", "style", "onclick"} & set(each) for _, each in page.tags)
    labelled = {each["for"] for each in page.all("label")}
    assert {each["id"] for each in page.all("input")} == labelled
