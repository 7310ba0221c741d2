"""Acts on roles take authority over all that is put in, taken out, or held by those it is about."""

import pytest

from domain.access import Actor, PermissionMissing
from domain.roles import ROLES_WRITE
from tests.application.people import ROOT, register, signed_in, unchanged
from tests.application.roles.acts import Acts
from tests.domain.samples import a_user
from tests.worlds import World

WRITER = signed_in(a_user(), ROLES_WRITE, "items:read")
"""Writes roles, and holds one other word."""


async def refused(act: str, service: World, actor: Actor, *arguments: object) -> tuple[str, ...]:
    """What the caller lacks for it; nothing has changed."""
    async with unchanged(service):
        with pytest.raises(PermissionMissing) as caught:
            await getattr(Acts(service.container), act)(actor, *arguments)
    return caught.value.permissions


async def test_nobody_puts_into_a_role_what_they_lack(service: World) -> None:
    above = frozenset({"items:read", "users:write"})
    assert await refused("create_role", service, WRITER, "mine", above) == ("users:write",)
    acts = Acts(service.container)
    await acts.create_role(WRITER, "mine", frozenset({"items:read"}))
    assert await refused("update_role", service, WRITER, "mine", above) == ("users:write",)
    await acts.update_role(WRITER, "mine", frozenset({ROLES_WRITE}))


async def test_nobody_touches_a_role_that_holds_what_they_lack(service: World) -> None:
    await Acts(service.container).create_role(ROOT, "above", frozenset({"users:write"}))
    for act, *arguments in (("update_role", frozenset[str]()), ("delete_role",)):
        missing = await refused(act, service, WRITER, "above", *arguments)
        assert missing == ("users:write",), act


async def test_a_change_of_a_role_is_an_act_on_everybody_who_has_it(service: World) -> None:
    acts = Acts(service.container)
    await acts.create_role(ROOT, "shared", frozenset({"items:read"}))
    await acts.create_role(ROOT, "above", frozenset({"users:write"}))
    await register(service, "ada@example.com", "shared", "above")
    nothing = frozenset[str]()
    missing = await refused("update_role", service, WRITER, "shared", nothing)
    assert set(missing) >= {"users:write"}
