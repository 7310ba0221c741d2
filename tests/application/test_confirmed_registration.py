"""Registration that is confirmed by mail: nobody learns which addresses are known."""

import asyncio

import pytest

from application.recovery.addresses import VerifyEmailCommand
from application.users.administration import SetUserRolesCommand
from domain.access import Actor
from domain.links import InvalidLink
from domain.sessions import EmailNotVerified, InvalidCredentials
from domain.users import EmailAlreadyRegistered
from tests.mail_house import ANYONE, NEW_PASSWORD, House, token_of

ADA = "ada@example.com"


@pytest.fixture
def house() -> House:
    return House(registration_confirmation="email")


async def verify(house: House, token: str) -> None:
    await house.container.verify_email().execute(VerifyEmailCommand(actor=ANYONE, token=token))


async def test_a_new_account_is_opened_by_its_link(house: House) -> None:
    assert await house.register(ADA) is None
    with pytest.raises(EmailNotVerified):
        await house.sign_in(ADA)
    await verify(house, await house.delivered_token())
    await house.sign_in(ADA)


async def test_the_owner_of_a_known_address_is_told(house: House) -> None:
    await house.register(ADA)
    await verify(house, await house.delivered_token())
    assert await house.register(ADA, NEW_PASSWORD) is None
    (mail,) = await house.delivered()
    assert (mail.recipient, mail.subject) == (ADA, "You already have an account")
    with pytest.raises(InvalidCredentials):
        await house.sign_in(ADA, NEW_PASSWORD)


async def test_registering_again_replaces_the_pending_password_and_link(house: House) -> None:
    await house.register(ADA)
    first = await house.delivered_token()
    await house.register(ADA, NEW_PASSWORD)
    second = await house.delivered_token()
    with pytest.raises(InvalidLink):
        await verify(house, first)
    await verify(house, second)
    await house.sign_in(ADA, NEW_PASSWORD)
    with pytest.raises(InvalidCredentials):
        await house.sign_in(ADA)


async def test_without_room_for_a_mail_nothing_is_replaced(house: House) -> None:
    for number in range(3):
        await house.register(ADA, f"{NEW_PASSWORD} {number}")
        token = await house.delivered_token()
    await house.register(ADA)
    assert await house.delivered() == []
    await verify(house, token)
    await house.sign_in(ADA, f"{NEW_PASSWORD} 2")


async def test_an_account_that_was_trusted_with_more_is_not_replaced(house: House) -> None:
    user = await house.register(ADA, actor=Actor.operator())
    assert user is not None
    command = SetUserRolesCommand(
        actor=Actor.operator(), user_id=user.id, roles=frozenset({"user", "admin"})
    )
    await house.container.set_user_roles().execute(command)
    token = await house.delivered_token()
    await house.register(ADA, NEW_PASSWORD)
    await house.delivered()
    await verify(house, token)
    await house.sign_in(ADA)


async def test_accounts_made_for_others_are_told_apart_and_get_a_link(house: House) -> None:
    user = await house.register(ADA, actor=Actor.operator())
    assert user is not None
    assert not user.email_verified
    await verify(house, await house.delivered_token())
    with pytest.raises(EmailAlreadyRegistered):
        await house.register(ADA, actor=Actor.operator())


async def test_many_registrations_at_once_make_one_account(house: House) -> None:
    outcomes = await asyncio.gather(*(house.register(ADA) for _ in range(10)))
    assert outcomes == [None] * 10
    (mail,) = await house.delivered()
    await verify(house, token_of(mail))
    await house.sign_in(ADA)


async def test_strangers_cannot_write_to_the_addresses_they_register(house: House) -> None:
    await house.register(ADA)
    (mail,) = await house.delivered()
    assert "Ada" not in mail.text + mail.html
