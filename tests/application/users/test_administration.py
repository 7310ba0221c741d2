"""Acts on other people's accounts: who may, what changes, and what is refused."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from application.users.administration import (
    DeleteUserCommand,
    SetPasswordCommand,
    SetUserRolesCommand,
    UpdateUserCommand,
)
from domain.access import Actor, NotAuthenticated, PermissionMissing
from domain.errors import DomainError, InvalidField, NotFound, StaleVersion
from domain.events import EventKind, EventOutcome, Party
from domain.passwords import WeakPassword
from domain.roles import BUILT_IN_PERMISSIONS, UnknownRole
from domain.sessions import InvalidAccessToken, InvalidCredentials
from domain.users import LastAdministrator, User, UserStatus
from tests.application.people import (
    ANYBODY,
    ROOT,
    last_event,
    log,
    register,
    signed_in,
    stored,
    unchanged,
    with_key,
)
from tests.domain.samples import a_user, new_id
from tests.worlds import PASSWORD, World

ADA = "ada@example.com"
Act = Callable[..., Awaitable[object]]


async def update(world: World, actor: Actor, user_id: UUID, **changes: object) -> User:
    fields = changes or {"name": "Countess"}
    command = UpdateUserCommand(actor=actor, user_id=user_id, **fields)  # type: ignore[arg-type]
    return await world.container.update_user().execute(command)


async def disable(world: World, actor: Actor, user_id: UUID, **changes: object) -> User:
    return await update(world, actor, user_id, status=UserStatus.DISABLED, **changes)


async def set_roles(
    world: World, actor: Actor, user_id: UUID, *roles: str, if_version: int | None = None
) -> User:
    command = SetUserRolesCommand(
        actor=actor, user_id=user_id, roles=frozenset(roles), if_version=if_version
    )
    return await world.container.set_user_roles().execute(command)


async def delete(world: World, actor: Actor, user_id: UUID, if_version: int | None = None) -> None:
    command = DeleteUserCommand(actor=actor, user_id=user_id, if_version=if_version)
    await world.container.delete_user().execute(command)


ACTS = pytest.mark.parametrize(
    ("act", "permission"),
    [
        (update, "users:write"),
        (disable, "users:write"),
        (delete, "users:write"),
        (set_roles, "roles:assign"),
    ],
)


@pytest.fixture
async def root(service: World) -> User:
    return await register(service, "root@example.com", "admin")


@pytest.fixture
async def ada(service: World, root: User) -> User:
    return await register(service, ADA)


@ACTS
async def test_an_account_is_acted_on_by_those_who_may(
    service: World, ada: User, act: Act, permission: str
) -> None:
    everything_of_theirs = ("items:read", "items:write")
    for actor in (
        signed_in(a_user(), permission, *everything_of_theirs),
        with_key(a_user(), permission, *everything_of_theirs),
        ROOT,
    ):
        await act(service, actor, ada.id)
        event = await last_event(service)
        assert event.outcome is EventOutcome.SUCCESS
        assert event.subject == Party(type="user", id=str(ada.id))
        assert event.actor.type == actor.kind.value
        if act is delete:
            ada = await register(service, ADA)


@ACTS
async def test_who_sees_but_may_not_act_is_told_what_is_missing(
    service: World, ada: User, act: Act, permission: str
) -> None:
    seeing = signed_in(a_user(), *(set(BUILT_IN_PERMISSIONS) - {permission}))
    async with unchanged(service):
        for actor, user_id in ((seeing, ada.id), (seeing, new_id()), (signed_in(ada), ada.id)):
            with pytest.raises(PermissionMissing) as caught:
                await act(service, actor, user_id)
            assert caught.value.permissions == (permission,)


@ACTS
async def test_who_may_not_even_see_learns_nothing(
    service: World, ada: User, act: Act, permission: str
) -> None:
    stranger = signed_in(a_user(), "roles:read", "items:admin")
    told = []
    async with unchanged(service):
        for user_id in (ada.id, new_id()):
            with pytest.raises(NotFound) as caught:
                await act(service, stranger, user_id)
            told.append((str(caught.value), caught.value.details))
        with pytest.raises(NotAuthenticated):
            await act(service, ANYBODY, ada.id)
    assert told[0] == told[1]


@ACTS
async def test_nobody_acts_on_whom_they_are_below(
    service: World, root: User, act: Act, permission: str
) -> None:
    held = set(BUILT_IN_PERMISSIONS) - {"events:read", "tokens:introspect"}
    async with unchanged(service):
        with pytest.raises(PermissionMissing) as caught:
            await act(service, signed_in(a_user(), *held), root.id)
    assert caught.value.permissions == ("events:read", "tokens:introspect")


@ACTS
async def test_who_does_not_exist_is_not_found(
    service: World, root: User, act: Act, permission: str
) -> None:
    async with unchanged(service):
        for actor in (signed_in(root), ROOT):
            with pytest.raises(NotFound):
                await act(service, actor, new_id())


@ACTS
async def test_the_version_is_judged_after_access(
    service: World, root: User, ada: User, act: Act, permission: str
) -> None:
    async with unchanged(service):
        for actor, error in (
            (ANYBODY, NotAuthenticated),
            (signed_in(a_user(), "roles:read"), NotFound),
            (signed_in(ada), PermissionMissing),
            (signed_in(a_user(), permission), PermissionMissing),
            (signed_in(root), StaleVersion),
        ):
            with pytest.raises(error):
                await act(service, actor, ada.id, if_version=2)
    await act(service, signed_in(root), ada.id, if_version=1)


@ACTS
async def test_the_last_administrator_remains(
    service: World, root: User, act: Act, permission: str
) -> None:
    asleep = await register(service, "asleep@example.com", "admin")
    await disable(service, ROOT, asleep.id)
    if act is update:
        assert (await update(service, signed_in(root), root.id)).name == "Countess"
        return
    async with unchanged(service):
        for actor in (signed_in(root), ROOT):
            with pytest.raises(LastAdministrator):
                await act(service, actor, root.id)
    await update(service, ROOT, asleep.id, status=UserStatus.ACTIVE)
    await act(service, signed_in(root), root.id)


async def test_a_change_is_stored_and_logged_by_the_fields_changed(
    service: World, root: User, ada: User
) -> None:
    service.clock.advance(60)
    for changes, kind, fields in (
        ({"name": "Countess"}, EventKind.USER_UPDATED, ["name"]),
        ({"status": UserStatus.DISABLED}, EventKind.USER_DISABLED, ["status"]),
        (
            {"name": "A.", "status": UserStatus.ACTIVE},
            EventKind.USER_ENABLED,
            ["name", "status"],
        ),
        ({"name": "A."}, EventKind.USER_UPDATED, []),
    ):
        updated = await update(service, signed_in(root), ada.id, **changes)
        assert await stored(service, ada) == updated
        event = await last_event(service)
        assert (event.kind, event.data["fields"]) == (kind, fields)
        assert "Countess" not in repr(event)
    assert (updated.version, updated.updated_at) == (5, service.clock.now())


async def test_an_impossible_name_changes_nothing(service: World, ada: User) -> None:
    async with unchanged(service):
        with pytest.raises(InvalidField):
            await update(service, ROOT, ada.id, name="\n", status=UserStatus.DISABLED)


async def test_disabling_ends_sessions_for_good(service: World, ada: User) -> None:
    tokens = await service.sign_in(ADA)
    await disable(service, ROOT, ada.id)
    with pytest.raises(InvalidAccessToken):
        await service.authenticate(tokens.access_token)
    await update(service, ROOT, ada.id, status=UserStatus.ACTIVE)
    with pytest.raises(InvalidAccessToken):
        await service.authenticate(tokens.access_token)
    await service.sign_in(ADA)


async def test_a_stale_disabling_ends_no_session(service: World, ada: User) -> None:
    tokens = await service.sign_in(ADA)
    with pytest.raises(StaleVersion):
        await disable(service, ROOT, ada.id, if_version=9)
    assert (await service.authenticate(tokens.access_token)).user_id == ada.id


async def test_roles_bite_at_once_and_are_logged(service: World, root: User, ada: User) -> None:
    tokens = await service.sign_in(ADA)
    await set_roles(service, signed_in(root), ada.id, "admin")
    event = await last_event(service)
    assert (event.kind, dict(event.data)) == (
        EventKind.USER_ROLES_CHANGED,
        {"before": ["user"], "after": ["admin"]},
    )
    actor = await service.authenticate(tokens.access_token)
    assert actor.roles == {"admin"}
    assert actor.permissions == BUILT_IN_PERMISSIONS.keys()
    await set_roles(service, signed_in(root), ada.id)
    assert (await service.authenticate(tokens.access_token)).permissions == frozenset()


async def test_nobody_grants_what_they_lack(service: World, ada: User) -> None:
    held = set(BUILT_IN_PERMISSIONS) - {"events:read"}
    async with unchanged(service):
        with pytest.raises(PermissionMissing) as caught:
            await set_roles(service, signed_in(a_user(), *held), ada.id, "admin")
    assert caught.value.permissions == ("events:read",)
    # Not even to oneself.
    with pytest.raises(PermissionMissing):
        await set_roles(service, signed_in(ada, *held), ada.id, "admin")


@pytest.mark.parametrize(
    ("roles", "error"),
    [
        (["auditor"], UnknownRole),
        (["user", "x" * 40], UnknownRole),
        ([*map(str, range(21))], InvalidField),
    ],
    ids=["unknown", "impossible", "too many"],
)
async def test_roles_that_cannot_be_given_leave_those_there_are(
    service: World, ada: User, roles: list[str], error: type[DomainError]
) -> None:
    async with unchanged(service):
        with pytest.raises(error):
            await set_roles(service, ROOT, ada.id, *roles)


async def test_deletion_leaves_the_id_in_the_log_and_nothing_else(
    service: World, root: User, ada: User
) -> None:
    tokens = await service.sign_in(ADA)
    await delete(service, signed_in(root), ada.id)
    assert await stored(service, ada) is None
    with pytest.raises(InvalidAccessToken):
        await service.authenticate(tokens.access_token)
    with pytest.raises(InvalidCredentials):
        await service.sign_in(ADA)
    deletions = [e for e in await log(service) if e.kind is EventKind.USER_DELETED]
    assert [event.subject for event in deletions] == [Party(type="user", id=str(ada.id))]


async def set_password(world: World, actor: Actor, user_id: UUID, password: str) -> None:
    command = SetPasswordCommand(actor=actor, user_id=user_id, password=password)
    await world.container.set_password().execute(command)


async def test_the_operator_sets_a_password_and_every_session_ends(
    service: World, ada: User
) -> None:
    tokens = await service.sign_in(ADA)
    await set_password(service, ROOT, ada.id, "another long sentence")
    assert (await last_event(service)).kind is EventKind.USER_PASSWORD_CHANGED
    with pytest.raises(InvalidAccessToken):
        await service.authenticate(tokens.access_token)
    with pytest.raises(InvalidCredentials):
        await service.sign_in(ADA)
    await set_password(service, ROOT, ada.id, PASSWORD)
    await service.sign_in(ADA)


async def test_nobody_else_sets_passwords(service: World, root: User, ada: User) -> None:
    async with unchanged(service):
        for actor in (ANYBODY, signed_in(root), with_key(root), signed_in(ada)):
            with pytest.raises(PermissionMissing):
                await set_password(service, actor, ada.id, "another long sentence")
        with pytest.raises(NotFound):
            await set_password(service, ROOT, new_id(), "another long sentence")
        for weak in ("short", "ada" * 6):
            with pytest.raises(WeakPassword):
                await set_password(service, ROOT, ada.id, weak)
