"""Guessing at one account: strangers are slowed down, its owner gets in, nobody learns of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from application.recovery.passwords import ForgotPasswordCommand, ResetPasswordCommand
from application.sessions.sign_in import SignInCommand
from application.users.administration import SetPasswordCommand
from domain.access import Actor, Origin
from domain.backoff import BackoffRules
from domain.errors import RateLimited
from domain.sessions import InvalidCredentials
from tests.application.people import ROOT, log, register
from tests.application.races.crowds import two_workers
from tests.worlds import PASSWORD, World, open_world

ADA, NOBODY = "ada@example.com", "nobody@example.com"
WRONG = "a guess"
HOME, STRANGE = "2001:db8:1:2::3", "192.0.2.66"
DAY = 24 * 60 * 60
FEW = BackoffRules(free_failures=3)


@pytest.fixture
async def world(backend_url: str) -> AsyncIterator[World]:
    """One that loses patience sooner."""
    async with open_world(backend_url) as opened:
        opened.container.backoff_rules.override(FEW)
        yield opened


async def attempt(
    world: World, email: str = ADA, password: str = WRONG, ip: str | None = STRANGE
) -> str | float:
    """`in`, `wrong`, or the seconds to wait."""
    actor = Actor.anonymous(Origin(ip=ip))
    command = SignInCommand(actor=actor, email=email, password=password)
    try:
        await world.container.sign_in().execute(command)
    except InvalidCredentials:
        return "wrong"
    except RateLimited as error:
        return error.retry_after_seconds
    return "in"


async def test_the_hundredth_failure_in_a_row_is_the_last_one_for_free(service: World) -> None:
    await register(service, ADA)
    for email in (ADA, NOBODY):
        assert {await attempt(service, email) for _ in range(100)} == {"wrong"}
        events = len(await log(service))
        # Wherever from, as the account is what is guarded; and the right password waits as well.
        assert await attempt(service, email) == 30
        assert await attempt(service, email.upper(), PASSWORD, ip="198.51.100.1") == 30
        # Nothing is written down for those who are sent away.
        assert len(await log(service)) == events


async def test_an_account_and_none_are_told_the_same(world: World) -> None:
    await register(world, ADA)
    told = {}
    for email in (ADA, NOBODY):
        answers = []
        for seconds in (0, 0, 0, 0, 29, 1, 0, 60, 0):
            world.clock.advance(seconds)
            answers.append(await attempt(world, email))
        told[email] = answers
    assert told[ADA] == ["wrong", "wrong", "wrong", 30, 1, "wrong", 60, "wrong", 120]
    assert told[NOBODY] == told[ADA]


async def test_where_the_owner_has_been_the_owner_gets_in(world: World) -> None:
    await register(world, ADA)
    assert await attempt(world, password=PASSWORD, ip=HOME) == "in"
    for _ in range(3):
        await attempt(world)
    assert await attempt(world) == 30
    # A known address is the whole block that one customer has, and still has to know the password.
    assert await attempt(world, ip="2001:db8:1:2:ffff::1") == "wrong"
    assert await attempt(world, password=PASSWORD, ip="2001:db8:1:3::3") == 60
    assert await attempt(world, password=PASSWORD, ip="2001:db8:1:2:ffff::1") == "in"
    # A success takes the failures back, for everybody.
    assert await attempt(world) == "wrong"


async def test_an_address_is_known_for_a_quarter_of_a_year(world: World) -> None:
    await register(world, ADA)
    await attempt(world, password=PASSWORD, ip=HOME)
    world.clock.advance(90 * DAY - 30)
    for _ in range(3):
        await attempt(world)
    assert await attempt(world, ip=HOME) == "wrong"
    world.clock.advance(59)
    assert await attempt(world, ip=HOME) == 1


async def test_where_there_is_no_address_nothing_is_known(world: World) -> None:
    await register(world, ADA)
    assert await attempt(world, password=PASSWORD, ip=None) == "in"
    for _ in range(3):
        await attempt(world)
    assert await attempt(world, password=PASSWORD, ip=None) == 30


async def test_others_of_the_service_are_not_slowed_down(world: World) -> None:
    await register(world, "grace@example.com")
    for _ in range(4):
        await attempt(world, ADA)
    assert await attempt(world, "grace@example.com", PASSWORD) == "in"


async def test_what_is_no_address_is_not_counted(world: World) -> None:
    assert {await attempt(world, "no address") for _ in range(5)} == {"wrong"}


async def test_a_new_password_ends_the_pauses(service: World) -> None:
    service.container.backoff_rules.override(FEW)
    ada = await register(service, ADA)

    async def by_mail(password: str) -> None:
        forgot = ForgotPasswordCommand(actor=Actor.anonymous(), email=ADA)
        await service.container.forgot_password().execute(forgot)
        link_id = max(service.container.memory_database().committed.links)
        token = service.container.link_tokens().encode(link_id)
        reset = ResetPasswordCommand(actor=Actor.anonymous(), token=token, new_password=password)
        await service.container.reset_password().execute(reset)

    async def by_operator(password: str) -> None:
        command = SetPasswordCommand(actor=ROOT, user_id=ada.id, password=password)
        await service.container.set_password().execute(command)

    for number, renew in enumerate((by_mail, by_operator)):
        assert [await attempt(service) for _ in range(4)] == ["wrong", "wrong", "wrong", 30]
        fresh = f"another long sentence, number {number}"
        await renew(fresh)
        assert await attempt(service, password=fresh, ip=HOME) == "in"


@pytest.mark.slow
async def test_across_workers_and_restarts_a_pause_is_worth_one_guess(database_url: str) -> None:
    async with two_workers(database_url) as workers:
        for worker in workers:
            worker.container.backoff_rules.override(FEW)
        await register(workers[0], ADA)
        for number in range(3):
            assert await attempt(workers[number % 2]) == "wrong"
        assert [await attempt(worker) for worker in workers] == [30, 30]
    async with two_workers(database_url) as workers:
        for worker in workers:
            worker.container.backoff_rules.override(FEW)
            assert await attempt(worker) == 30
        for worker in workers:
            worker.clock.advance(30)
        answers = await asyncio.gather(*(attempt(workers[n % 2]) for n in range(20)))
        assert answers.count("wrong") == 1
        assert len([each for each in answers if isinstance(each, float)]) == 19
