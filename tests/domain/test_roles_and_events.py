"""What ships: permissions, roles and the kinds of events, in the forms that others rely on."""

import re

import pytest

from domain.access import Actor, ActorKind
from domain.events import EventKind, Party, party_of
from domain.roles import BUILT_IN_PERMISSIONS, BUILT_IN_ROLES
from tests.domain.samples import new_id


def test_the_permissions_that_ship_are_those_promised() -> None:
    assert BUILT_IN_PERMISSIONS.keys() == {
        *("users:read", "users:write", "roles:read", "roles:write", "roles:assign"),
        *("api_keys:admin", "items:read", "items:write", "items:admin"),
        *("events:read", "tokens:introspect"),
    }


def test_the_roles_that_ship_hold_what_is_promised() -> None:
    held = {name: permissions for name, (_, permissions) in BUILT_IN_ROLES.items()}
    assert held == {
        "admin": frozenset(BUILT_IN_PERMISSIONS),
        "user": frozenset({"items:read", "items:write"}),
    }


def test_names_and_descriptions_fit_their_columns() -> None:
    described = BUILT_IN_PERMISSIONS | {n: text for n, (text, _) in BUILT_IN_ROLES.items()}
    for name, description in described.items():
        assert re.fullmatch(r"[a-z_]{1,32}(:[a-z_]{1,31})?", name)
        assert re.fullmatch(r"[A-Z][^\n]{5,498}\.", description)


@pytest.mark.parametrize("kind", EventKind)
def test_a_kind_of_event_is_a_subject_and_what_happened_to_it(kind: EventKind) -> None:
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", kind.value)
    assert len(kind.value) <= 64


def test_the_log_names_a_key_rather_than_its_owner() -> None:
    user_id, key_id = new_id(), new_id()
    for actor, expected in (
        (Actor(kind=ActorKind.USER, user_id=user_id), Party(type="user", id=str(user_id))),
        (
            Actor(kind=ActorKind.API_KEY, user_id=user_id, api_key_id=key_id),
            Party(type="api_key", id=str(key_id)),
        ),
        (Actor.anonymous(), Party(type="anonymous", id=None)),
        (Actor.operator(), Party(type="operator", id=None)),
        (Actor.system(), Party(type="system", id=None)),
    ):
        assert party_of(actor) == expected


@pytest.mark.parametrize("kind", ActorKind)
def test_a_kind_of_actor_fits_its_column(kind: ActorKind) -> None:
    assert len(kind.value) <= 16
