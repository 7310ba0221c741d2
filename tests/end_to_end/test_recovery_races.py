"""Recovery on the real databases: races that one wins, and work that shows nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event

from application.passwords import ChangePasswordCommand
from application.recovery.addresses import VerifyEmailCommand
from application.recovery.passwords import ForgotPasswordCommand, ResetPasswordCommand
from domain.access import Actor, ActorKind
from domain.links import InvalidLink
from tests.mail_house import ANYONE, NEW_PASSWORD, PASSWORD, House

ADA = "ada@accounts.dev"


@pytest.fixture
async def house(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    settings = getattr(request, "param", {})
    house = House(database_url=database_url, secret_key="s" * 40, real_time=True, **settings)
    yield house
    await house.container.storage().close()


async def forgot(house: House, email: str = ADA) -> None:
    command = ForgotPasswordCommand(actor=ANYONE, email=email)
    await house.container.forgot_password().execute(command)


async def reset(house: House, token: str, password: str = NEW_PASSWORD) -> None:
    command = ResetPasswordCommand(actor=ANYONE, token=token, new_password=password)
    await house.container.reset_password().execute(command)


async def test_of_twenty_resets_with_one_link_one_succeeds(house: House) -> None:
    await house.register(ADA)
    await house.delivered()
    await forgot(house)
    token = await house.delivered_token()
    results = await asyncio.gather(
        *(reset(house, token) for _ in range(20)), return_exceptions=True
    )
    assert [type(each) for each in results if each is not None] == [InvalidLink] * 19


async def test_acts_on_one_account_never_lock_each_other_out(house: House) -> None:
    await house.register(ADA)
    verification = await house.delivered_token()
    await forgot(house)
    token = await house.delivered_token()
    verify = house.container.verify_email().execute
    results = await asyncio.gather(
        *(forgot(house) for _ in range(5)),
        *(reset(house, token) for _ in range(5)),
        *(verify(VerifyEmailCommand(actor=ANYONE, token=verification)) for _ in range(5)),
        *(house.container.deliver_messages().execute() for _ in range(3)),
        return_exceptions=True,
    )
    # Whoever came first ended the others' links; nobody met a deadlock.
    assert {type(each) for each in results} <= {type(None), int, InvalidLink}


@pytest.mark.parametrize("house", [{"registration_confirmation": "email"}], indirect=True)
async def test_many_registrations_at_once_make_one_account(house: House) -> None:
    assert await asyncio.gather(*(house.register(ADA) for _ in range(10))) == [None] * 10
    assert (await house.user(ADA)).email_verified is False
    assert len(await house.delivered()) == 1


async def test_a_known_and_an_unknown_address_run_the_same_statements(house: House) -> None:
    await house.register(ADA)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    database = house.container.database()
    database.is_watched = True
    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    seen = []
    for email in (ADA, "nobody@accounts.dev", "no address"):
        await forgot(house, email)
        seen.append(statements.copy())
        statements.clear()
    assert len(seen[0]) > 5
    assert seen == [seen[0]] * 3


async def test_a_changed_password_is_told_by_mail(house: House) -> None:
    await house.register(ADA)
    await house.delivered()
    await house.sign_in(ADA)
    user = await house.user(ADA)
    actor = Actor(kind=ActorKind.USER, user_id=user.id, session_id=user.id, account=user)
    command = ChangePasswordCommand(
        actor=actor, current_password=PASSWORD, new_password=NEW_PASSWORD
    )
    await house.container.change_password().execute(command)
    (mail,) = await house.delivered()
    assert (mail.recipient, mail.subject) == (ADA, "Your password was changed")
