"""The permission check, and what it lets through for whom."""

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import (
    Actor,
    ActorKind,
    NotAuthenticated,
    Origin,
    PermissionMissing,
    require,
    require_authority_over,
    require_session,
    require_visible,
)
from domain.errors import NotFound
from domain.roles import BUILT_IN_PERMISSIONS
from tests.domain.samples import new_id

ALL = sorted(BUILT_IN_PERMISSIONS)
permission_sets = st.frozensets(st.sampled_from([*ALL, "orders:refund"]))
ME, SOMEBODY_ELSE = new_id(), new_id()


def user(permissions: frozenset[str] = frozenset(), **changes: object) -> Actor:
    fields = {"kind": ActorKind.USER, "user_id": ME, "session_id": new_id(), **changes}
    return Actor(permissions=permissions, **fields)  # type: ignore[arg-type]


def key(permissions: frozenset[str] = frozenset()) -> Actor:
    return Actor(kind=ActorKind.API_KEY, user_id=ME, api_key_id=new_id(), permissions=permissions)


@given(held=permission_sets, needed=permission_sets)
@pytest.mark.parametrize("caller", [user, key])
def test_a_caller_needs_every_permission_and_is_told_which_are_missing(
    caller: Callable[[frozenset[str]], Actor], held: frozenset[str], needed: frozenset[str]
) -> None:
    actor = caller(held)
    if needed <= held:
        require(actor, *needed)
        assert actor.holds(needed)
        assert actor.missing(needed) == ()
        return
    with pytest.raises(PermissionMissing) as caught:
        require(actor, *needed)
    assert caught.value.permissions == tuple(sorted(needed - held))
    assert [detail.field for detail in caught.value.details] == ["permission"] * len(needed - held)
    for permission, detail in zip(caught.value.permissions, caught.value.details, strict=True):
        assert detail.message == f"Needs {permission}."


@given(needed=permission_sets)
@pytest.mark.parametrize("trusted", [Actor.operator(), Actor.system()])
def test_whoever_is_inside_the_wall_holds_everything(
    trusted: Actor, needed: frozenset[str]
) -> None:
    require(trusted, *needed)
    require_authority_over(trusted, needed)
    require_visible(trusted, SOMEBODY_ELSE, "users:read")
    assert trusted.is_trusted
    assert trusted.missing(needed) == ()


@given(needed=permission_sets)
def test_nobody_is_asked_who_they_are_first(needed: frozenset[str]) -> None:
    nobody = Actor.anonymous()
    with pytest.raises(NotAuthenticated):
        require(nobody, *needed)
    with pytest.raises(NotAuthenticated):
        require_visible(nobody, ME, "users:read")
    with pytest.raises(NotAuthenticated):
        require_session(nobody)


def test_only_operators_and_the_service_are_trusted() -> None:
    trusted = {kind for kind in ActorKind if Actor(kind=kind).is_trusted}
    assert trusted == {ActorKind.OPERATOR, ActorKind.SYSTEM}


def test_acts_on_ones_own_account_need_a_session() -> None:
    session_id = new_id()
    assert require_session(user(session_id=session_id)) == (ME, session_id)


@pytest.mark.parametrize(
    "actor", [key(frozenset(ALL)), Actor.operator(), Actor.system(), user(session_id=None)]
)
def test_no_other_credential_stands_in_for_a_session(actor: Actor) -> None:
    with pytest.raises(PermissionMissing) as caught:
        require_session(actor)
    assert caught.value.permissions == ("session",)


@pytest.mark.parametrize(
    ("actor", "owner_id", "seen"),
    [
        (user(), ME, True),
        (key(), ME, True),
        (user(), SOMEBODY_ELSE, False),
        (user(frozenset({"users:read"})), SOMEBODY_ELSE, True),
        (user(frozenset({"users:write"})), SOMEBODY_ELSE, False),
    ],
)
def test_a_record_is_seen_by_its_owner_and_by_holders_of_the_permission(
    actor: Actor, owner_id: UUID, seen: bool
) -> None:
    if seen:
        require_visible(actor, owner_id, "users:read")
    else:
        with pytest.raises(NotFound):
            require_visible(actor, owner_id, "users:read")


@given(held=permission_sets, of_target=permission_sets)
def test_nobody_has_authority_over_what_they_lack(
    held: frozenset[str], of_target: frozenset[str]
) -> None:
    if of_target <= held:
        require_authority_over(user(held), of_target)
    else:
        with pytest.raises(PermissionMissing) as caught:
            require_authority_over(user(held), of_target)
        assert set(caught.value.permissions) == of_target - held


def test_an_anonymous_actor_keeps_where_it_came_from() -> None:
    origin = Origin(request_id="r", ip="192.0.2.1", user_agent="curl")
    assert Actor.anonymous(origin).origin == origin
    assert Actor.anonymous().origin == Origin()
