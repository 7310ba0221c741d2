"""Whoever reads the whole database holds nothing that can be replayed."""

from base64 import urlsafe_b64decode

import httpx
from sqlalchemy import select

from adapters.sql.engine import Database, PoolSettings
from adapters.sql.schema import metadata
from application.idempotency import Once, RepeatableRequest
from application.recovery.passwords import ForgotPasswordCommand, ResetPasswordCommand
from application.sessions.refresh import RefreshSessionCommand
from domain.access import Actor
from entrypoints.http.app import create_app
from tests.mail_house import ANYONE, NEW_PASSWORD, PASSWORD, House, token_of

KEYS = "/api/v1/api-keys"


async def dump(url: str) -> bytes:
    database = Database(url, PoolSettings())
    columns: list[bytes] = []
    async with database.reading() as connection:
        for table in metadata.sorted_tables:
            for row in await connection.execute(select(table)):
                columns += [each if isinstance(each, bytes) else str(each).encode() for each in row]
    await database.close()
    return b"\n".join(columns)


async def test_no_token_and_no_link_is_in_any_column(database_url: str) -> None:
    house = House(
        database_url=database_url, secret_key="a server secret that is not stored", real_time=True
    )
    email = "ada@accounts.dev"
    await house.register(email)
    tokens = await house.sign_in(email)
    refreshed = await house.container.refresh_session().execute(
        RefreshSessionCommand(actor=ANYONE, refresh_token=tokens.refresh_token)
    )
    await house.container.forgot_password().execute(
        ForgotPasswordCommand(actor=ANYONE, email=email)
    )
    links = [token_of(mail) for mail in await house.delivered()]
    assert len(links) == 2
    waiting = await dump(database_url)
    await house.container.reset_password().execute(
        ResetPasswordCommand(actor=ANYONE, token=links[1], new_password=NEW_PASSWORD)
    )
    await house.delivered()
    stored = waiting + await dump(database_url)
    assert email.encode() in stored
    secrets = [tokens.access_token, tokens.refresh_token, refreshed.refresh_token, *links]
    for secret in (*secrets, PASSWORD, NEW_PASSWORD):
        assert secret.encode() not in stored
    for link in links:
        mac = urlsafe_b64decode(link)[16:]
        assert mac not in stored
        assert mac.hex().encode() not in stored
    await house.container.storage().close()


async def test_neither_an_idempotency_key_nor_a_secret_answer_is_in_any_column(
    database_url: str,
) -> None:
    house = House(
        database_url=database_url, secret_key="a server secret that is not stored", real_time=True
    )
    key, secret = "the-key-that-a-caller-chose", "shown once and then never again"
    content = "what was asked for"

    async def act(once: Once[str]) -> str:
        await once.begin()
        async with house.container.uow()() as uow:
            await once.keep(uow, secret)
            await uow.commit()
        return secret

    request = RepeatableRequest(
        actor=Actor.anonymous(), key=key, operation="POST /secrets", content=lambda: content
    )
    idempotency = house.container.idempotency()
    for is_repeated in (False, True):
        answer = await idempotency.answer(request, act, str.encode)
        assert (answer.content, answer.is_repeated) == (secret.encode(), is_repeated)
    stored = await dump(database_url)
    assert b"anonymous" in stored

    for hidden in (key, secret, content):
        assert hidden.encode() not in stored
    await house.container.storage().close()


async def test_an_api_key_that_can_be_shown_again_is_in_no_column(database_url: str) -> None:
    house = House(
        database_url=database_url,
        secret_key="a server secret that is not stored",
        real_time=True,
        **{f"rate_limit_{group}": "off" for group in ("auth", "write", "read")},
    )
    await house.register("ada@accounts.dev")
    tokens = await house.sign_in("ada@accounts.dev")
    auth = {"Authorization": f"Bearer {tokens.access_token}"}
    texts = []
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(house.container)), base_url="http://localhost"
    ) as client:
        path = KEYS
        for number in range(2):
            headers = auth | {"Idempotency-Key": f"the-caller-chose-{number}"}
            body = {"name": "Report", "scopes": ["items:read"]} if path == KEYS else {}
            first, again = [await client.post(path, json=body, headers=headers) for _ in range(2)]
            assert (first.status_code, again.content) == (201, first.content)
            assert again.headers["idempotent-replayed"] == "true"
            texts.append(first.json()["key"])
            path = f"{KEYS}/{first.json()['id']}/rotate"
    stored = await dump(database_url)
    for text in texts:
        _, public_id, secret, _ = text.split("_")
        assert public_id.encode() in stored
        assert text.encode() not in stored
        assert secret.encode() not in stored
    assert b"the-caller-chose" not in stored
    await house.container.storage().close()
