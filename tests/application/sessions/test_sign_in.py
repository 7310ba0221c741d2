"""Signing in: right passwords open sessions, and every refusal looks and costs the same."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from adapters.memory.passwords import FastPasswordHasher
from application.sessions.sign_in import SignInCommand
from application.tokens import IssuedTokens
from application.users.administration import UpdateUserCommand
from domain.errors import InvalidField, Unavailable
from domain.events import Event, EventKind, EventOutcome, Party
from domain.sessions import EmailNotVerified, InvalidCredentials, UnknownAudience
from domain.users import User, UserStatus
from tests.application.people import (
    ANYBODY,
    ORIGIN,
    ROOT,
    last_event,
    log,
    register,
    unchanged,
)
from tests.domain.samples import a_user
from tests.worlds import PASSWORD, World, open_world

ADA = "Ada@example.com"


@pytest.fixture
async def ada(service: World) -> User:
    return await register(service, ADA)


async def sign_in(
    world: World, email: str = ADA, password: str = PASSWORD, audience: str | None = None
) -> IssuedTokens:
    command = SignInCommand(actor=ANYBODY, email=email, password=password, audience=audience)
    return await world.container.sign_in().execute(command)


async def disable(world: World, user: User) -> None:
    command = UpdateUserCommand(actor=ROOT, user_id=user.id, status=UserStatus.DISABLED)
    await world.container.update_user().execute(command)


async def test_the_right_password_opens_a_session(service: World, ada: User) -> None:
    tokens = await sign_in(service, "ADA@EXAMPLE.COM")
    actor = await service.authenticate(tokens.access_token)
    assert (actor.user_id, actor.account) == (ada.id, ada)
    assert actor.auth_time == service.clock.now()
    async with service.container.uow().reading() as uow:
        session = await uow.sessions.get(actor.session_id)
    assert (session.user_id, session.client_id, session.amr) == (ada.id, "first-party", ("pwd",))
    assert (session.ip, session.user_agent) == (ORIGIN.ip, ORIGIN.user_agent)
    assert session.created_at == session.last_used_at == service.clock.now()
    assert session.expires_at - session.created_at == timedelta(days=30)


async def test_every_sign_in_is_a_session_of_its_own(service: World, ada: User) -> None:
    tokens = [await sign_in(service) for _ in range(3)]
    actors = [await service.authenticate(each.access_token) for each in tokens]
    assert len({actor.session_id for actor in actors}) == 3


async def test_a_sign_in_is_in_the_log(service: World, ada: User) -> None:
    actor = await service.authenticate((await sign_in(service)).access_token)
    event = await last_event(service)
    assert (event.kind, event.outcome) == (EventKind.SIGNED_IN, EventOutcome.SUCCESS)
    assert event.subject == Party(type="user", id=str(ada.id))
    assert event.data == {"session_id": str(actor.session_id)}
    assert (event.ip, event.user_agent) == (ORIGIN.ip, ORIGIN.user_agent)


ATTEMPTS = {
    "wrong": (ADA, "not the password at all"),
    "unknown": ("nobody@example.com", PASSWORD),
    "no address": ("not an address", PASSWORD),
    "disabled": ("disabled@example.com", PASSWORD),
    "empty": (ADA, ""),
    "huge": (ADA, "x" * 60_000),
}


async def refusals(world: World) -> dict[str, tuple[InvalidCredentials, Event]]:
    """What each attempt is told, and what the log says of it."""
    found = {}
    for name, (email, password) in ATTEMPTS.items():
        before = len(await log(world))
        with pytest.raises(InvalidCredentials) as caught:
            await sign_in(world, email, password)
        (event,) = (await log(world))[before:]
        found[name] = (caught.value, event)
    return found


async def test_nobody_can_tell_one_refusal_from_another(service: World, ada: User) -> None:
    await disable(service, await register(service, "disabled@example.com"))
    errors = [error for error, _ in (await refusals(service)).values()]
    assert len({(type(error), error.args, error.details) for error in errors}) == 1


async def test_a_refusal_is_committed_with_a_digest_of_the_address(
    service: World, ada: User
) -> None:
    disabled = await register(service, "disabled@example.com")
    await disable(service, disabled)
    events = {name: event for name, (_, event) in (await refusals(service)).items()}
    for event in events.values():
        assert (event.kind, event.outcome) == (EventKind.SIGN_IN_FAILED, EventOutcome.REFUSED)
        assert event.data.keys() == {"reason", "address_digest"}
        assert event.data["reason"] == "credentials"
        assert (event.ip, event.request_id) == (ORIGIN.ip, ORIGIN.request_id)
        assert "example" not in repr(event).lower()
        assert PASSWORD not in repr(event)
    assert {name: event.subject for name, event in events.items()} == {
        "wrong": Party(type="user", id=str(ada.id)),
        "empty": Party(type="user", id=str(ada.id)),
        "huge": Party(type="user", id=str(ada.id)),
        "disabled": Party(type="user", id=str(disabled.id)),
        "unknown": Party(type="user", id=None),
        "no address": Party(type="user", id=None),
    }


async def test_a_digest_tells_attempts_on_one_address_from_those_on_another(
    service: World, ada: User
) -> None:
    digests = []
    for email in ("ada@example.com", "ADA@EXAMPLE.com", "nobody@example.com"):
        with pytest.raises(InvalidCredentials):
            await sign_in(service, email, "not the password at all")
        digests.append((await last_event(service)).data["address_digest"])
    assert digests[0] == digests[1] != digests[2]
    # Not a plain hash, which would give the address to whoever guesses it.
    assert (
        digests[0]
        == service.container.server_secret().tag("event-address", b"ada@example.com").hex()
    )


class CountingHasher(FastPasswordHasher):
    """Counts the work, and takes older hashes for due."""

    def __init__(self) -> None:
        self.work: list[str] = []
        self._fast = FastPasswordHasher()

    async def hash(self, password: str) -> str:
        self.work.append("hash")
        return await self._fast.hash(password)

    async def verify(
        self, password: str, password_hash: str | None, *, as_typed: str | None = None
    ) -> bool:
        self.work.append("verify")
        if password_hash is not None and password_hash.startswith("older$"):
            return password_hash == f"older${password}"
        return await self._fast.verify(password, password_hash, as_typed=as_typed)


@pytest.fixture
async def counted() -> AsyncIterator[tuple[World, CountingHasher]]:
    async with open_world("memory://") as world:
        hasher = CountingHasher()
        world.container.hasher.override(hasher)
        yield world, hasher


async def test_every_refusal_costs_one_hash(counted: tuple[World, CountingHasher]) -> None:
    world, hasher = counted
    await register(world, ADA)
    await disable(world, await register(world, "disabled@example.com"))
    for email, password in ATTEMPTS.values():
        hasher.work.clear()
        with pytest.raises(InvalidCredentials):
            await sign_in(world, email, password)
        assert hasher.work == ["verify"]


class FullHasher(CountingHasher):
    """As many as it lets in are in."""

    def admission(self) -> AbstractContextManager[None]:
        raise Unavailable


@pytest.mark.parametrize("email", [ADA, "nobody@example.com", "no address"])
async def test_who_is_one_too_many_hears_so_before_anything_is_looked_up(email: str) -> None:
    async with open_world("memory://") as world:
        hasher = FullHasher()
        world.container.hasher.override(hasher)
        use_case = world.container.sign_in()
        # Whoever looks for an account fails, otherwise.
        use_case._uow = None  # type: ignore[assignment]
        with pytest.raises(Unavailable):
            await use_case.execute(SignInCommand(actor=ANYBODY, email=email, password=PASSWORD))
    assert hasher.work == []


async def test_a_hash_of_older_parameters_is_replaced_at_sign_in(
    counted: tuple[World, CountingHasher],
) -> None:
    world, hasher = counted
    ada = await register(world, ADA)
    async with world.container.uow()() as uow:
        await uow.credentials.set_password(ada.id, f"older${PASSWORD}", world.clock.now())
        await uow.commit()
    for password, work in (
        ("not the password at all", ["verify"]),
        (PASSWORD, ["verify", "hash"]),
        (PASSWORD, ["verify"]),
    ):
        hasher.work.clear()
        if password == PASSWORD:
            await sign_in(world)
        else:
            with pytest.raises(InvalidCredentials):
                await sign_in(world, password=password)
        assert hasher.work == work
    async with world.container.uow().reading() as uow:
        credential = await uow.credentials.find_password(ada.id)
    assert credential.password_hash == await FastPasswordHasher().hash(PASSWORD)


async def test_a_hash_of_what_was_typed_elsewhere_becomes_one_of_the_normalised_password(
    service: World, ada: User
) -> None:
    typed, normalised = "cafe\u0301 au lait", "caf\u00e9 au lait"
    # Of current parameters, so that only the form of the password calls for another.
    elsewhere = await FastPasswordHasher().hash(typed)
    async with service.container.uow()() as uow:
        await uow.credentials.set_password(ada.id, elsewhere, service.clock.now())
        await uow.commit()
    with pytest.raises(InvalidCredentials):
        await sign_in(service, password=normalised)

    await sign_in(service, password=typed)

    async with service.container.uow().reading() as uow:
        credential = await uow.credentials.find_password(ada.id)
    assert credential.password_hash == await FastPasswordHasher().hash(normalised)
    await sign_in(service, password=normalised)
    await sign_in(service, password=typed)


async def test_what_is_no_text_is_no_password(service: World, ada: User) -> None:
    async with unchanged(service):
        with pytest.raises(InvalidField) as caught:
            await sign_in(service, password="\ud800")
    assert [detail.code for detail in caught.value.details] == ["invalid_text"]


async def test_an_account_without_a_password_is_signed_in_to_by_nobody(service: World) -> None:
    async with service.container.uow()() as uow:
        await uow.users.add(a_user(email="bare@example.com"))
        await uow.commit()
    with pytest.raises(InvalidCredentials):
        await sign_in(service, "bare@example.com")


async def test_where_verification_is_required_only_the_password_tells() -> None:
    async with open_world("memory://", registration_confirmation="email") as world:
        await register(world, ADA)
        with pytest.raises(InvalidCredentials):
            await sign_in(world, password="not the password at all")
        with pytest.raises(EmailNotVerified):
            await sign_in(world)
        event = await last_event(world)
        assert (event.kind, event.data["reason"]) == (
            EventKind.SIGN_IN_FAILED,
            "email_not_verified",
        )


async def test_an_audience_is_one_of_those_configured() -> None:
    orders = "https://orders.example.com"
    async with open_world("memory://", jwt_audiences=(orders,)) as world:
        await register(world, ADA)
        async with unchanged(world):
            with pytest.raises(UnknownAudience):
                await sign_in(world, audience="https://elsewhere.example.com")
        for audience in (None, orders, world.container.settings().issuer):
            tokens = await sign_in(world, audience=audience)
            claims = world.container.verifier().verify(tokens.access_token, any_audience=True)
            assert claims.audience == (audience or world.container.settings().issuer,)


async def test_neither_command_nor_tokens_are_shown(service: World, ada: User) -> None:
    command = SignInCommand(actor=ANYBODY, email=ADA, password=PASSWORD)
    tokens = await service.container.sign_in().execute(command)
    shown = f"{command!r} {tokens!r} {await log(service)!r}"
    assert PASSWORD not in shown
    assert tokens.access_token not in shown
    assert tokens.refresh_token not in shown
