"""Seeing keys."""

from dataclasses import dataclass, replace
from uuid import UUID

from application.api_keys.uses import ApiKeyUses
from application.pages import CursorCodec
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor, NotAuthenticated, require, require_session, require_visible
from domain.api_keys import ApiKey
from domain.errors import NotFound
from domain.pages import Page
from domain.roles import API_KEYS_ADMIN, USERS_READ


@dataclass(frozen=True, kw_only=True)
class ListApiKeysQuery:
    """`owner_id` None: the caller's own."""

    actor: Actor
    owner_id: UUID | None = None
    limit: int
    cursor: str | None = None


class ListApiKeys:
    """Keys in whatever state: one's own for a signed-in user, anybody's for `api_keys:admin`.

    Raises NotAuthenticated, PermissionMissing, NotFound, InvalidCursor.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, cursors: CursorCodec, uses: ApiKeyUses) -> None:
        self._uow = uow
        self._cursors = cursors
        self._uses = uses

    async def execute(self, query: ListApiKeysQuery) -> Page[ApiKey]:
        actor = query.actor
        owner_id = query.owner_id or _own_id(actor)
        if query.owner_id is not None and not actor.may(API_KEYS_ADMIN):
            require_visible(actor, owner_id, USERS_READ)
            require(actor, API_KEYS_ADMIN)
        filters = {"owner_id": str(owner_id)}
        before = self._cursors.decode(
            query.cursor, listing="api_keys", filters=filters, actor=actor
        )
        async with self._uow.reading() as uow:
            if query.owner_id is not None and await uow.users.get(owner_id) is None:
                raise NotFound
            found = await uow.api_keys.page(owner_id, before, query.limit + 1)
        page = self._cursors.page(
            found, query.limit, listing="api_keys", filters=filters, actor=actor
        )
        return replace(page, items=tuple(map(self._uses.seen, page.items)))


@dataclass(frozen=True, kw_only=True)
class GetApiKeyQuery:
    actor: Actor
    key_id: UUID


class GetApiKey:
    """The key's owner, signed in, and holders of `api_keys:admin`.

    Raises NotAuthenticated, PermissionMissing, NotFound.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, uses: ApiKeyUses) -> None:
        self._uow = uow
        self._uses = uses

    async def execute(self, query: GetApiKeyQuery) -> ApiKey:
        require_way_to_keys(query.actor)
        async with self._uow.reading() as uow:
            key = await uow.api_keys.get(query.key_id)
        if key is None:
            raise NotFound
        require_visible(query.actor, key.owner_id, API_KEYS_ADMIN)
        return self._uses.seen(key)


def require_way_to_keys(actor: Actor) -> None:
    """Before any key is looked up: a key alone is no way to its owner's others.

    Raises NotAuthenticated, PermissionMissing.
    """
    if not actor.may(API_KEYS_ADMIN):
        require_session(actor)


def _own_id(actor: Actor) -> UUID:
    require_way_to_keys(actor)
    if actor.user_id is None:
        raise NotAuthenticated
    return actor.user_id
