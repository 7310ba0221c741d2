"""Proving one's password again, and changing it."""

import pytest

from application.passwords import ChangePasswordCommand, ReauthenticateCommand
from domain.access import Actor, NotAuthenticated, PermissionMissing
from domain.errors import InvalidField
from domain.events import EventKind, EventOutcome
from domain.passwords import WeakPassword
from domain.sessions import InvalidAccessToken, InvalidCredentials
from tests.application.people import ANYBODY, ROOT, last_event, log, register, unchanged, with_key
from tests.worlds import PASSWORD, World

ADA = "ada@example.com"
ANOTHER = "another long sentence"


@pytest.fixture
async def ada(service: World) -> Actor:
    await register(service, ADA)
    return await service.authenticate((await service.sign_in(ADA)).access_token)


async def reauthenticate(world: World, actor: Actor, password: str = PASSWORD) -> None:
    command = ReauthenticateCommand(actor=actor, password=password)
    await world.container.reauthenticate().execute(command)


async def change(world: World, actor: Actor, current: str = PASSWORD, fresh: str = ANOTHER) -> None:
    command = ChangePasswordCommand(actor=actor, current_password=current, new_password=fresh)
    await world.container.change_password().execute(command)


async def test_the_password_again_makes_the_proof_fresh(service: World, ada: Actor) -> None:
    token = (await service.sign_in(ADA)).access_token
    service.clock.advance(600)
    actor = await service.authenticate(token)
    await reauthenticate(service, actor)
    assert (await service.authenticate(token)).auth_time == service.clock.now()
    assert (await last_event(service)).kind is EventKind.REAUTHENTICATED


async def test_a_new_password_replaces_the_old_one_and_ends_other_sessions(
    service: World, ada: Actor
) -> None:
    this, other = [(await service.sign_in(ADA)).access_token for _ in range(2)]
    await change(service, await service.authenticate(this))
    assert (await last_event(service)).kind is EventKind.USER_PASSWORD_CHANGED
    await service.authenticate(this)
    with pytest.raises(InvalidAccessToken):
        await service.authenticate(other)
    with pytest.raises(InvalidCredentials):
        await service.sign_in(ADA)
    actor = await service.authenticate(this)
    await change(service, actor, ANOTHER, PASSWORD)
    await service.sign_in(ADA)


async def test_a_wrong_password_is_refused_and_logged(service: World, ada: Actor) -> None:
    for act in (reauthenticate, change):
        with pytest.raises(InvalidCredentials):
            await act(service, ada, "a guess, a guess, a guess")
        event = await last_event(service)
        assert (event.kind, event.outcome) == (
            EventKind.REAUTHENTICATION_FAILED,
            EventOutcome.REFUSED,
        )
    await service.sign_in(ADA)


async def test_a_weak_password_is_refused_under_its_own_name(service: World, ada: Actor) -> None:
    async with unchanged(service):
        for weak, code in (("short", "password_length"), ("ada" * 6, "password_context")):
            with pytest.raises(WeakPassword) as caught:
                await change(service, ada, fresh=weak)
            (detail,) = caught.value.details
            assert (detail.field, detail.code) == ("new_password", code)
        with pytest.raises(InvalidField) as no_text:
            await change(service, ada, current="\ud800")
    assert [detail.field for detail in no_text.value.details] == ["current_password"]


async def test_both_need_a_session(service: World, ada: Actor) -> None:
    assert ada.account is not None
    async with unchanged(service):
        for act in (reauthenticate, change):
            with pytest.raises(NotAuthenticated):
                await act(service, ANYBODY)
            for actor in (with_key(ada.account, "users:write"), ROOT):
                with pytest.raises(PermissionMissing):
                    await act(service, actor)


async def test_passwords_are_not_shown(service: World, ada: Actor) -> None:
    proof = ReauthenticateCommand(actor=ada, password=PASSWORD)
    fresh = ChangePasswordCommand(actor=ada, current_password=PASSWORD, new_password=ANOTHER)
    await service.container.change_password().execute(fresh)
    shown = f"{proof!r} {fresh!r} {await log(service)!r}"
    assert PASSWORD not in shown
    assert ANOTHER not in shown
