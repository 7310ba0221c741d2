"""Reading accounts."""

from dataclasses import asdict, dataclass
from uuid import UUID

from application.pages import CursorCodec
from application.ports.addresses import AddressNormaliser
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor, require, require_visible
from domain.addresses import InvalidEmailAddress
from domain.errors import NotFound
from domain.pages import Page
from domain.roles import USERS_READ
from domain.users import User, UserFilter, UserStatus


@dataclass(frozen=True, kw_only=True)
class GetUserQuery:
    actor: Actor
    user_id: UUID


class GetUser:
    """The account itself, and holders of `users:read`. Raises NotAuthenticated, NotFound."""

    def __init__(self, *, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, query: GetUserQuery) -> User:
        require_visible(query.actor, query.user_id, USERS_READ)
        async with self._uow.reading() as uow:
            user = await uow.users.get(query.user_id)
        if user is None:
            raise NotFound
        return user


@dataclass(frozen=True, kw_only=True)
class FindUserQuery:
    actor: Actor
    email: str


class FindUser:
    """By address, for holders of `users:read`. Raises PermissionMissing, NotFound."""

    def __init__(self, *, uow: UnitOfWorkFactory, addresses: AddressNormaliser) -> None:
        self._uow = uow
        self._addresses = addresses

    async def execute(self, query: FindUserQuery) -> User:
        require(query.actor, USERS_READ)
        try:
            email = self._addresses.normalise(query.email)
        except InvalidEmailAddress:
            raise NotFound from None
        async with self._uow.reading() as uow:
            user = await uow.users.find(email.key)
        if user is None:
            raise NotFound
        return user


@dataclass(frozen=True, kw_only=True)
class ListUsersQuery:
    actor: Actor
    limit: int
    cursor: str | None = None
    email: str | None = None
    status: UserStatus | None = None
    role: str | None = None


class ListUsers:
    """Holders of `users:read`. Raises NotAuthenticated, PermissionMissing, InvalidCursor."""

    def __init__(
        self, *, uow: UnitOfWorkFactory, addresses: AddressNormaliser, cursors: CursorCodec
    ) -> None:
        self._uow = uow
        self._addresses = addresses
        self._cursors = cursors

    async def execute(self, query: ListUsersQuery) -> Page[User]:
        actor = query.actor
        require(actor, USERS_READ)
        where = self._filter(query)
        filters = asdict(where)
        before = self._cursors.decode(query.cursor, listing="users", filters=filters, actor=actor)
        if query.email is not None and where.email_key is None:
            return Page(items=(), next_cursor=None)
        async with self._uow.reading(may_lag=True) as uow:
            found = await uow.users.page(where, before, query.limit + 1)
        return self._cursors.page(found, query.limit, listing="users", filters=filters, actor=actor)

    def _filter(self, query: ListUsersQuery) -> UserFilter:
        key = None
        if query.email is not None:
            # What is no address belongs to nobody: the list is empty, the request is not wrong.
            try:
                key = self._addresses.normalise(query.email).key
            except InvalidEmailAddress:
                key = None
        return UserFilter(email_key=key, status=query.status, role=query.role)
