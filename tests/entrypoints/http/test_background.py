"""Jobs inside the serving process: mail leaves soon after the act, and is finished at shutdown."""

import asyncio
import time

import httpx

from application.ports.mailer import Mail
from entrypoints.http.app import create_app
from tests.mail_house import PASSWORD, House, ListMailer


async def register(house: House, email: str) -> int:
    transport = httpx.ASGITransport(create_app(house.container))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        body = {"email": email, "name": "Ada", "password": PASSWORD}
        return (await client.post("/api/v1/users", json=body)).status_code


class SlowMailer(ListMailer):
    def __init__(self) -> None:
        super().__init__()
        self.has_begun = asyncio.Event()

    async def send(self, mail: Mail) -> None:
        self.has_begun.set()
        await asyncio.sleep(0.3)
        await super().send(mail)


async def test_mail_leaves_soon_after_the_act() -> None:
    house = House(real_time=True)
    app = create_app(house.container)
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0.1)
        began = time.monotonic()
        for number in range(3):
            assert await register(house, f"user{number}@accounts.dev") == 201
        while len(house.mailer.mails) < 3:
            assert time.monotonic() - began < 1.5, "sooner than the next look at the outbox"
            await asyncio.sleep(0.01)


async def test_a_message_in_hand_is_finished_at_shutdown() -> None:
    house = House(real_time=True)
    mailer = SlowMailer()
    house.container.mailer.override(mailer)
    app = create_app(house.container)
    async with app.router.lifespan_context(app):
        await register(house, "ada@accounts.dev")
        await mailer.has_begun.wait()
    assert len(mailer.mails) == 1
    async with house.container.uow().reading() as uow:
        assert [each.sent_at is None for each in uow._staged.outbox.values()] == [False]


class BrokenPurge:
    async def execute(self) -> None:
        raise ArithmeticError


async def test_faults_do_not_end_the_jobs() -> None:
    house = House(real_time=True)
    house.container.purge_expired.override(BrokenPurge())
    app = create_app(house.container)
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0.1)
        await register(house, "ada@accounts.dev")
        await asyncio.sleep(0.5)
    assert len(house.mailer.mails) == 1
