"""Recovery: who gets a link, what it does, and what is over afterwards."""

import asyncio

import pytest

from application.api_keys.authentication import AuthenticateApiKeyQuery
from application.api_keys.issuing import CreateApiKeyCommand
from application.recovery.addresses import (
    ChangeEmailCommand,
    ResendVerificationCommand,
    VerifyEmailCommand,
)
from application.recovery.passwords import ForgotPasswordCommand, ResetPasswordCommand
from application.users.administration import SetPasswordCommand, UpdateUserCommand
from domain.access import Actor, Origin
from domain.errors import DomainError
from domain.links import InvalidLink
from domain.passwords import WeakPassword
from domain.sessions import InvalidApiKey, InvalidCredentials
from domain.users import User, UserStatus
from tests.mail_house import ANYONE, NEW_PASSWORD, PASSWORD, House

ADA = "ada@example.com"
GRACE = "grace@example.com"
MINUTES = 60
HOURS = 60 * MINUTES


@pytest.fixture
async def house() -> House:
    """Ada has an account; the mail about it is read."""
    house = House()
    await house.register(ADA)
    await house.delivered()
    return house


async def forgot(house: House, email: str = ADA) -> None:
    command = ForgotPasswordCommand(actor=ANYONE, email=email)
    await house.container.forgot_password().execute(command)


async def reset(house: House, token: str, password: str = NEW_PASSWORD) -> None:
    command = ResetPasswordCommand(actor=ANYONE, token=token, new_password=password)
    await house.container.reset_password().execute(command)


async def verify(house: House, token: str) -> None:
    await house.container.verify_email().execute(VerifyEmailCommand(actor=ANYONE, token=token))


async def resend(house: House, actor: Actor) -> None:
    await house.container.resend_verification().execute(ResendVerificationCommand(actor=actor))


async def change_email(house: House, actor: Actor, email: str, password: str = PASSWORD) -> None:
    command = ChangeEmailCommand(actor=actor, email=email, password=password)
    await house.container.change_email().execute(command)


async def reset_token(house: House) -> str:
    await forgot(house)
    return await house.delivered_token()


async def make_key(house: House, owner: User) -> str:
    command = CreateApiKeyCommand(
        actor=Actor.operator(), owner_id=owner.id, name="Report", scopes=frozenset()
    )
    return (await house.container.create_api_key().execute(command)).text


async def works(house: House, key: str) -> bool:
    query = AuthenticateApiKeyQuery(api_key=key, origin=Origin())
    try:
        await house.container.authenticate_api_key().execute(query)
    except InvalidApiKey:
        return False
    return True


async def test_a_reset_link_sets_the_password_and_proves_the_address(house: House) -> None:
    await reset(house, await reset_token(house))
    assert (await house.user(ADA)).email_verified
    await house.sign_in(ADA, NEW_PASSWORD)
    with pytest.raises(InvalidCredentials):
        await house.sign_in(ADA, PASSWORD)
    assert [mail.subject for mail in await house.delivered()] == ["Your password was changed"]


async def test_a_reset_ends_every_session_and_every_other_link(house: House) -> None:
    actor = await house.session_of(ADA)
    await resend(house, actor)
    verification = await house.delivered_token()
    await change_email(house, actor, "new@example.com")
    change = await house.delivered_token()
    await reset(house, await reset_token(house))
    assert await house.live_sessions(ADA) == 0
    for token in (verification, change):
        with pytest.raises(InvalidLink):
            await verify(house, token)


async def test_a_reset_and_the_first_proof_end_every_key_of_the_account(house: House) -> None:
    await house.register(GRACE)
    token = await house.delivered_token()
    bystander = await make_key(house, await house.user(ADA))
    proved = await make_key(house, await house.user(GRACE))
    await verify(house, token)
    assert await works(house, bystander)
    assert not await works(house, proved)
    # A second proof is no first one, and a changed address takes no keys along.
    kept = await make_key(house, await house.user(GRACE))
    await change_email(house, await house.session_of(GRACE), "new@example.com")
    await verify(house, await house.delivered_token())
    assert await works(house, kept)
    await house.delivered()
    await reset(house, await reset_token(house))
    assert not await works(house, bystander)


async def test_of_many_resets_with_one_link_one_succeeds(house: House) -> None:
    token = await reset_token(house)
    results = await asyncio.gather(
        *(reset(house, token, f"{NEW_PASSWORD} {number}") for number in range(20)),
        return_exceptions=True,
    )
    assert [type(each) for each in results if each is not None] == [InvalidLink] * 19


async def test_a_reset_link_works_for_half_an_hour(house: House) -> None:
    token = await reset_token(house)
    house.clock.advance(30 * MINUTES)
    with pytest.raises(InvalidLink):
        await reset(house, token)
    house.clock.advance(-1)
    await reset(house, token)


async def test_only_the_newest_reset_link_works(house: House) -> None:
    first, second = await reset_token(house), await reset_token(house)
    with pytest.raises(InvalidLink):
        await reset(house, first)
    await reset(house, second)


async def test_a_refused_password_does_not_use_the_link_up(house: House) -> None:
    token = await reset_token(house)
    with pytest.raises(WeakPassword):
        await reset(house, token, "too short")
    await reset(house, token)


async def test_bent_tokens_and_links_of_another_purpose_are_invalid(house: House) -> None:
    token = await reset_token(house)
    flipped = ("B" if token[0] == "A" else "A") + token[1:]
    for bent in (flipped, token[:-1], token + "A", token[:-1] + "=", "ä" * 64, ""):
        with pytest.raises(InvalidLink):
            await reset(house, bent)
    with pytest.raises(InvalidLink):
        await verify(house, token)
    await reset(house, token)


async def test_a_disabled_account_gets_no_link_and_keeps_none(house: House) -> None:
    token = await reset_token(house)
    user = await house.user(ADA)
    command = UpdateUserCommand(actor=Actor.operator(), user_id=user.id, status=UserStatus.DISABLED)
    await house.container.update_user().execute(command)
    with pytest.raises(InvalidLink):
        await reset(house, token)
    await forgot(house)
    assert await house.delivered() == []


async def test_unknown_and_impossible_addresses_are_taken_like_known_ones(house: House) -> None:
    for email in ("nobody@example.com", "not an address", ""):
        await forgot(house, email)
    assert await house.delivered() == []


async def test_an_account_gets_three_mails_of_a_kind_in_an_hour(house: House) -> None:
    for _ in range(5):
        await forgot(house)
    assert len(await house.delivered()) == 1, "earlier links are gone, and so is their mail"
    house.clock.advance(1 * HOURS)
    tokens = [await reset_token(house) for _ in range(3)]
    await forgot(house)
    assert await house.delivered() == []
    await reset(house, tokens[-1])


async def test_the_first_proof_of_an_address_ends_what_was_there_before(house: House) -> None:
    actor = await house.session_of(ADA)
    reset_link = await reset_token(house)
    await resend(house, actor)
    await verify(house, await house.delivered_token())
    assert (await house.user(ADA)).email_verified
    assert await house.live_sessions(ADA) == 0
    with pytest.raises(InvalidLink):
        await reset(house, reset_link)


async def test_a_verification_works_once_and_for_a_day(house: House) -> None:
    actor = await house.session_of(ADA)
    await resend(house, actor)
    token = await house.delivered_token()
    house.clock.advance(24 * HOURS)
    with pytest.raises(InvalidLink):
        await verify(house, token)
    house.clock.advance(-1)
    await verify(house, token)
    with pytest.raises(InvalidLink):
        await verify(house, token)
    await resend(house, await house.session_of(ADA))
    assert await house.delivered() == []


async def test_a_new_address_takes_effect_when_it_is_proved(house: House) -> None:
    actor = await house.session_of(ADA)
    await change_email(house, actor, "New@Example.com")
    (mail,) = await house.delivered()
    assert mail.recipient == "New@example.com"
    assert (await house.user(ADA)).version == 1
    await change_email(house, actor, "new@example.com")
    await verify(house, await house.delivered_token())
    user = await house.user("new@example.com")
    assert (user.email_verified, user.id) == (True, actor.user_id)
    (notice,) = await house.delivered()
    assert (notice.recipient, notice.subject) == (ADA, "Your e-mail address was changed")


async def test_a_verified_account_keeps_its_sessions_when_its_address_changes(
    house: House,
) -> None:
    await reset(house, await reset_token(house))
    await house.delivered()
    actor = await house.session_of(ADA, NEW_PASSWORD)
    await change_email(house, actor, "new@example.com", NEW_PASSWORD)
    await verify(house, await house.delivered_token())
    assert await house.live_sessions("new@example.com") == 1


async def test_a_taken_address_is_answered_like_a_free_one_and_gets_no_mail(house: House) -> None:
    await house.register(GRACE)
    await house.delivered()
    actor = await house.session_of(ADA)
    await change_email(house, actor, GRACE)
    assert await house.delivered() == []


async def test_an_address_taken_meanwhile_makes_the_link_invalid(house: House) -> None:
    await change_email(house, await house.session_of(ADA), GRACE)
    token = await house.delivered_token()
    await house.register(GRACE)
    with pytest.raises(InvalidLink):
        await verify(house, token)
    assert (await house.user(ADA)).email.address == ADA


async def test_a_change_of_address_needs_the_password(house: House) -> None:
    actor = await house.session_of(ADA)
    with pytest.raises(InvalidCredentials):
        await change_email(house, actor, GRACE, NEW_PASSWORD)


async def test_a_link_to_an_address_that_was_given_up_is_invalid(house: House) -> None:
    actor = await house.session_of(ADA)
    reset_link = await reset_token(house)
    await change_email(house, actor, "new@example.com")
    await verify(house, await house.delivered_token())
    with pytest.raises(InvalidLink):
        await reset(house, reset_link)


async def test_a_password_set_by_an_operator_withdraws_links_and_is_told(house: House) -> None:
    token = await reset_token(house)
    command = SetPasswordCommand(
        actor=Actor.operator(), user_id=(await house.user(ADA)).id, password=NEW_PASSWORD
    )
    await house.container.set_password().execute(command)
    with pytest.raises(InvalidLink):
        await reset(house, token)
    assert [mail.subject for mail in await house.delivered()] == ["Your password was changed"]


async def test_recovery_is_in_the_audit_log(house: House) -> None:
    await reset(house, await reset_token(house))
    async with house.container.uow().reading() as uow:
        kinds = [event.kind.value for event in await uow.events.page(None, 2)]
    assert kinds == ["user.password_reset", "user.password_reset_requested"]


async def test_what_is_refused_leaves_no_trace_in_the_account(house: House) -> None:
    before = await house.user(ADA)
    for token in ("", "A" * 64):
        with pytest.raises(DomainError):
            await reset(house, token)
    assert await house.user(ADA) == before
