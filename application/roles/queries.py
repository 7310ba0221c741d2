"""Reading roles and permissions."""

from dataclasses import dataclass

from application.pages import CursorCodec
from application.roles.vocabulary import Vocabulary
from domain.access import Actor, ActorKind, NotAuthenticated, require
from domain.errors import NotFound
from domain.pages import Page
from domain.roles import ROLES_READ, ROLES_WRITE, Permission, Role


@dataclass(frozen=True, kw_only=True)
class GetRoleQuery:
    actor: Actor
    name: str


class GetRole:
    """Holders of `roles:read`; for others it does not exist. Raises NotAuthenticated, NotFound."""

    def __init__(self, *, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    async def execute(self, query: GetRoleQuery) -> Role:
        _require_visible(query.actor)
        for role in await self._vocabulary.roles():
            if role.name == query.name:
                return role
        raise NotFound


@dataclass(frozen=True, kw_only=True)
class ListRolesQuery:
    actor: Actor
    limit: int
    cursor: str | None = None


class ListRoles:
    """Holders of `roles:read`. Raises NotAuthenticated, PermissionMissing, InvalidCursor."""

    def __init__(self, *, vocabulary: Vocabulary, cursors: CursorCodec) -> None:
        self._vocabulary = vocabulary
        self._cursors = cursors

    async def execute(self, query: ListRolesQuery) -> Page[Role]:
        actor, listing = query.actor, "roles"
        require(actor, ROLES_READ)
        before = self._cursors.decode_named(query.cursor, listing=listing, actor=actor)
        roles = await self._vocabulary.roles()
        return self._cursors.page_of_named(roles, before, query.limit, listing=listing, actor=actor)


@dataclass(frozen=True, kw_only=True)
class ListPermissionsQuery:
    actor: Actor
    limit: int
    cursor: str | None = None


class ListPermissions:
    """Holders of `roles:read`. Raises NotAuthenticated, PermissionMissing, InvalidCursor."""

    def __init__(self, *, vocabulary: Vocabulary, cursors: CursorCodec) -> None:
        self._vocabulary = vocabulary
        self._cursors = cursors

    async def execute(self, query: ListPermissionsQuery) -> Page[Permission]:
        actor, listing = query.actor, "permissions"
        require(actor, ROLES_READ)
        before = self._cursors.decode_named(query.cursor, listing=listing, actor=actor)
        permissions = await self._vocabulary.permissions()
        return self._cursors.page_of_named(
            permissions, before, query.limit, listing=listing, actor=actor
        )


def require_existence_known(actor: Actor) -> None:
    """For an act on one role or permission: who may not even read them finds none.

    Raises NotAuthenticated, NotFound, PermissionMissing.
    """
    if not actor.may(ROLES_WRITE):
        _require_visible(actor)
        require(actor, ROLES_WRITE)


def _require_visible(actor: Actor) -> None:
    if actor.kind is ActorKind.ANONYMOUS:
        raise NotAuthenticated
    if not actor.may(ROLES_READ):
        raise NotFound
