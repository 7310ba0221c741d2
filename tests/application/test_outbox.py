"""Delivery: every message once if all goes well, tried again if not, and never lost."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.outbox import MemoryOutboxRepository
from application.jobs import PurgeExpired, Retention
from application.outbox import ListMessagesQuery, RetryMessagesCommand
from application.ports.mailer import Mail
from application.recovery.passwords import ForgotPasswordCommand
from application.sessions.refresh import RefreshSessionCommand
from domain.access import Actor, PermissionMissing
from domain.errors import NotFound, Unavailable
from domain.outbox import MAX_TRIES, MessageTemplate, OutboxMessage, next_try
from domain.sessions import InvalidRefreshToken
from tests.mail_house import ANYONE, House, ListMailer

ADA = "ada@accounts.dev"
A_DAY = 24 * 60 * 60
NOTICE = MessageTemplate.PASSWORD_CHANGED


@pytest.fixture
async def house() -> House:
    """One message waits."""
    house = House()
    await house.register(ADA)
    return house


async def waiting(house: House) -> list[OutboxMessage]:
    async with house.container.uow().reading() as uow:
        messages = uow._staged.outbox.values()
        return [message for message in messages if message.sent_at is None]


async def set_aside(house: House) -> tuple[OutboxMessage, ...]:
    query = ListMessagesQuery(actor=Actor.operator(), limit=20)
    page = await house.container.list_messages().execute(query)
    items: tuple[OutboxMessage, ...] = page.items
    return items


async def fail_until_set_aside(house: House) -> None:
    house.mailer.refusals = MAX_TRIES
    for _ in range(MAX_TRIES):
        await house.container.deliver_messages().execute()
        house.clock.advance(3 * 60 * 60)


async def test_a_message_is_sent_once(house: House) -> None:
    assert len(await house.delivered()) == 1
    house.clock.advance(A_DAY)
    assert await house.delivered() == []


async def test_all_that_is_due_goes_in_one_run(house: House) -> None:
    for name in ("bob", "cy", "di"):
        await house.register(f"{name}@mail.example.net")
    deliver = house.container.deliver_messages()
    assert await deliver.execute(at_most=2) == 2
    # Told to stop meanwhile: between two messages, not before all of them.
    stops = iter((False, True))
    assert await deliver.execute(until=lambda: next(stops)) == 1
    assert await deliver.execute() == 1
    assert await waiting(house) == []
    assert await deliver.execute() == 0


async def test_one_is_noted_before_the_next_is_sent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever dies in between sends one message twice, not several.
    for name in ("bob", "cy"):
        await house.register(f"{name}@mail.example.net")
    finish, send = MemoryOutboxRepository.finish, house.mailer.send
    unsent: list[int] = []

    async def finish_slowly(*of: Any, **named: Any) -> None:
        await asyncio.sleep(0.01)
        await finish(*of, **named)

    async def counted(mail: Mail) -> None:
        unsent.append(len(await waiting(house)))
        await send(mail)

    monkeypatch.setattr(MemoryOutboxRepository, "finish", finish_slowly)
    monkeypatch.setattr(house.mailer, "send", counted)
    assert await house.container.deliver_messages().execute() == 3
    assert unsent == [3, 2, 1]


async def test_one_that_cannot_be_noted_ends_the_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.register("bob@mail.example.net")

    async def refuse(*_: Any, **__: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(MemoryOutboxRepository, "finish", refuse)
    with pytest.raises(Unavailable):
        await house.container.deliver_messages().execute()
    assert len(house.mailer.mails) == 1


async def test_one_that_fails_does_not_keep_the_others(house: House) -> None:
    await house.register("bob@mail.example.net")
    house.mailer.refusals = 1
    assert await house.container.deliver_messages().execute() == 2
    assert len(await waiting(house)) == 1


async def test_a_message_that_fails_is_tried_again_later(house: House) -> None:
    house.mailer.refusals = 1
    assert await house.delivered() == []
    assert await house.delivered() == []
    house.clock.advance(5)
    assert len(await house.delivered()) == 1


async def test_after_eight_tries_it_is_set_aside_and_an_operator_can_have_it_retried() -> None:
    # A notice: a link would have run out meanwhile.
    house = House(registration_confirmation="email")
    await house.register(ADA, actor=Actor.operator())
    await house.delivered()
    async with house.container.uow()() as uow:
        user = await uow.users.find(ADA)
        assert user is not None
        await house.container.outgoing_mail().notify(uow, user.id, NOTICE)
        await uow.commit()
    await fail_until_set_aside(house)
    assert await house.delivered() == []
    (message,) = await set_aside(house)
    assert (message.attempts, message.last_error) == (MAX_TRIES, "SMTP 451")
    command = RetryMessagesCommand(actor=Actor.operator(), message_id=message.id)
    assert await house.container.retry_messages().execute(command) == 1
    assert await set_aside(house) == ()
    assert len(await house.delivered()) == 1
    with pytest.raises(NotFound):
        await house.container.retry_messages().execute(command)


async def test_only_operators_look_after_messages(house: House) -> None:
    actor = await house.session_of(ADA)
    with pytest.raises(PermissionMissing):
        await house.container.list_messages().execute(ListMessagesQuery(actor=actor, limit=1))
    with pytest.raises(PermissionMissing):
        await house.container.retry_messages().execute(RetryMessagesCommand(actor=actor))


def test_tries_come_fast_at_first_and_end_after_the_eighth() -> None:
    at = House().clock.now()
    delays = [next_try(attempts, at) for attempts in range(1, MAX_TRIES + 1)]
    assert delays[0] == at + timedelta(seconds=5)
    assert delays[-1] is None
    known = [each for each in delays if each is not None]
    assert known == sorted(known)


async def test_a_mail_whose_link_has_run_out_is_not_sent(house: House) -> None:
    house.clock.advance(A_DAY)
    assert await house.delivered() == []
    assert await waiting(house) == []


async def test_a_mail_to_an_account_that_is_gone_is_not_sent(house: House) -> None:
    user = await house.user(ADA)
    async with house.container.uow()() as uow:
        await uow.users.delete(user.id, None)
        await uow.commit()
    assert await house.delivered() == []
    assert await waiting(house) == []


@pytest.mark.parametrize(
    "email",
    [
        "ada@example.com",
        "ada@sub.example.org",
        "ada@EXAMPLE.net",
        "ada@a.test",
        "ada@a.example",
        "ada@a.invalid",
        "ada@a.localhost",
    ],
)
async def test_reserved_domains_are_never_sent_to(email: str) -> None:
    house = House(mailer="smtp", smtp_url="smtp://localhost")
    await house.register(email)
    assert await house.delivered() == []
    assert await waiting(house) == []


async def test_domains_that_only_look_reserved_are_sent_to() -> None:
    house = House(mailer="smtp", smtp_url="smtp://localhost")
    for email in ("a@example.co", "a@notexample.com", "a@test.dev", "a@a.tests"):
        await house.register(email)
    assert len(await house.delivered()) == 4


async def test_every_try_has_the_same_message_id(house: House) -> None:
    class ForgetfulMailer(ListMailer):
        async def send(self, mail: object) -> None:
            await super().send(mail)  # type: ignore[arg-type]
            if len(self.mails) == 1:
                raise ConnectionResetError

    house.mailer = ForgetfulMailer()
    house.container.mailer.override(house.mailer)
    house.container.deliver_messages.reset()
    await house.container.deliver_messages().execute()
    house.clock.advance(5)
    first, second = await house.delivered()
    assert first == second


async def test_mail_goes_to_the_stored_address(house: House) -> None:
    await house.delivered()
    command = ForgotPasswordCommand(actor=ANYONE, email="Ada@ACCOUNTS.dev")
    await house.container.forgot_password().execute(command)
    (mail,) = await house.delivered()
    assert mail.recipient == ADA


async def test_reuse_of_a_refresh_token_is_told_to_the_owner(house: House) -> None:
    await house.delivered()
    tokens = await house.sign_in(ADA)
    command = RefreshSessionCommand(actor=ANYONE, refresh_token=tokens.refresh_token)
    await house.container.refresh_session().execute(command)
    house.clock.advance(31)
    with pytest.raises(InvalidRefreshToken):
        await house.container.refresh_session().execute(command)
    assert [mail.subject for mail in await house.delivered()] == [
        "A session of yours was ended for safety"
    ]


async def test_purging_is_done_once_an_hour_by_whoever_comes_first(house: House) -> None:
    purge = PurgeExpired(
        uow=house.container.uow(),
        clock=house.clock,
        retention=Retention(events=timedelta(days=400)),
    )
    await house.delivered()
    assert await purge.execute() is not None
    assert await purge.execute() is None
    house.clock.advance(9 * A_DAY)
    deleted = await purge.execute()
    assert deleted is not None
    assert (deleted["links"], deleted["outbox"], deleted["events"]) == (1, 1, 0)
    house.clock.advance(400 * A_DAY)
    deleted = await purge.execute()
    assert deleted is not None
    assert deleted["events"] > 0
