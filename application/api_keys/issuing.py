"""Making keys, and replacing them."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from application.audit import EventFactory, api_key_party
from application.idempotency import Once
from application.ports.api_keys import ApiKeyCodec
from application.ports.clock import Clock, IdGenerator
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import (
    Actor,
    PermissionMissing,
    require_recent_session,
    require_session,
    require_trusted,
)
from domain.api_keys import (
    DEFAULT_OVERLAP_SECONDS,
    ApiKey,
    ApiKeyNotActive,
    check_expiry,
    check_overlap,
    check_rate_limit,
    check_scopes,
)
from domain.errors import NotFound
from domain.events import EventKind
from domain.roles import UnknownPermission
from domain.sessions import InvalidAccessToken
from domain.users import User, check_name


@dataclass(frozen=True, kw_only=True)
class IssuedApiKey:
    """A key and its text, which exists nowhere else from now on."""

    key: ApiKey
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class CreateApiKeyCommand:
    """`owner_id`: for operators, who make keys for others."""

    actor: Actor
    name: str
    scopes: frozenset[str]
    expires_at: datetime | None = None
    rate_limit: int | None = None
    owner_id: UUID | None = None
    once: Once[IssuedApiKey] = field(default_factory=Once, repr=False)


class CreateApiKey:
    """A user who gave their password within the last 15 minutes; an operator for anybody.

    Nobody gives a key what its owner does not hold. Raises NotAuthenticated, PermissionMissing,
    ReauthenticationRequired, InvalidAccessToken, InvalidField, UnknownPermission, NotFound; with an
    idempotency key also IdempotencyKeyReused and ConcurrentChange.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        codec: ApiKeyCodec,
        clock: Clock,
        ids: IdGenerator,
        events: EventFactory,
    ) -> None:
        self._uow = uow
        self._codec = codec
        self._clock = clock
        self._ids = ids
        self._events = events

    async def execute(self, command: CreateApiKeyCommand) -> IssuedApiKey:
        actor, now = command.actor, self._clock.now()
        if command.owner_id is None:
            owner_id, _ = require_recent_session(actor, now)
        else:
            require_trusted(actor)
            owner_id = command.owner_id
        minted = self._codec.mint()
        key = ApiKey(
            id=self._ids.new_id(),
            public_id=minted.public_id,
            owner_id=owner_id,
            secret_digest=minted.secret_digest,
            name=check_name(command.name),
            scopes=check_scopes(command.scopes),
            rate_limit=check_rate_limit(command.rate_limit),
            created_at=now,
            expires_at=check_expiry(command.expires_at, now),
        )
        # Twice: here for whoever asks again, and under the lock for what becomes of it meanwhile.
        async with self._uow.reading() as uow:
            await _check_grant(uow, await uow.users.get(owner_id), key.scopes)
        await command.once.begin()
        issued = IssuedApiKey(key=key, text=minted.text)
        async with self._uow() as uow:
            owner = await _lock_owner(uow, actor, owner_id)
            await _check_grant(uow, owner, key.scopes)
            await uow.api_keys.add(key)
            await uow.events.add(
                self._events.success(
                    EventKind.API_KEY_CREATED,
                    actor,
                    api_key_party(key.id),
                    owner_id=str(owner_id),
                    scopes=sorted(key.scopes),
                )
            )
            await command.once.keep(uow, issued)
            await uow.commit()
        return issued


@dataclass(frozen=True, kw_only=True)
class RotateApiKeyCommand:
    actor: Actor
    key_id: UUID
    overlap_seconds: int = DEFAULT_OVERLAP_SECONDS
    once: Once[IssuedApiKey] = field(default_factory=Once, repr=False)


class RotateApiKey:
    """The key's owner, who gave their password within the last 15 minutes.

    A new key takes the old one's place, with its name, limit and lifetime, and with those of its
    scopes that the owner still holds; the old one works on for the overlap, at most. Of several
    rotations at once one succeeds. Raises NotAuthenticated, PermissionMissing,
    ReauthenticationRequired, InvalidAccessToken, InvalidField, NotFound, ApiKeyNotActive; with an
    idempotency key also IdempotencyKeyReused and ConcurrentChange.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        codec: ApiKeyCodec,
        clock: Clock,
        ids: IdGenerator,
        events: EventFactory,
    ) -> None:
        self._uow = uow
        self._codec = codec
        self._clock = clock
        self._ids = ids
        self._events = events

    async def execute(self, command: RotateApiKeyCommand) -> IssuedApiKey:
        actor, now = command.actor, self._clock.now()
        owner_id, _ = require_recent_session(actor, now)
        overlap = check_overlap(command.overlap_seconds)
        async with self._uow.reading() as uow:
            await _find_own(uow, command.key_id, owner_id)
        await command.once.begin()
        minted = self._codec.mint()
        async with self._uow() as uow:
            owner = await _lock_owner(uow, actor, owner_id)
            old = await _find_own(uow, command.key_id, owner_id)
            if await uow.api_keys.retire(old.id, now, now + overlap) is None:
                raise ApiKeyNotActive
            scopes = old.permissions_under(await uow.roles.permissions_of(owner.roles))
            key = ApiKey(
                id=self._ids.new_id(),
                public_id=minted.public_id,
                owner_id=owner_id,
                secret_digest=minted.secret_digest,
                name=old.name,
                scopes=await uow.permissions.keep(scopes),
                rate_limit=old.rate_limit,
                created_at=now,
                expires_at=old.successor_ends_at(now),
            )
            await uow.api_keys.add(key)
            await uow.events.add(
                self._events.success(
                    EventKind.API_KEY_ROTATED,
                    actor,
                    api_key_party(old.id),
                    owner_id=str(owner_id),
                    successor_id=str(key.id),
                    scopes=sorted(key.scopes),
                )
            )
            issued = IssuedApiKey(key=key, text=minted.text)
            await command.once.keep(uow, issued)
            await uow.commit()
        return issued


async def _lock_owner(uow: UnitOfWork, actor: Actor, owner_id: UUID) -> User:
    """The account, locked, once the session that asks is known to be live still.

    What takes the account back from a thief ends its sessions and keys under the same lock: a key
    made meanwhile with one of those sessions would be left over.
    """
    owner = await uow.users.lock(owner_id)
    if owner is None:
        raise NotFound
    if not actor.is_trusted:
        _, session_id = require_session(actor)
        session = await uow.sessions.get(session_id)
        if session is None or session.ended_at is not None or not owner.is_active:
            raise InvalidAccessToken
    return owner


async def _find_own(uow: UnitOfWork, key_id: UUID, owner_id: UUID) -> ApiKey:
    key = await uow.api_keys.get(key_id)
    if key is None or key.owner_id != owner_id:
        raise NotFound
    return key


async def _check_grant(uow: UnitOfWork, owner: User | None, scopes: frozenset[str]) -> None:
    if owner is None:
        raise NotFound
    # Kept until the key is stored: afterwards the key itself holds them in place.
    if scopes - await uow.permissions.keep(scopes):
        raise UnknownPermission("scopes")
    missing = scopes - await uow.roles.permissions_of(owner.roles)
    if missing:
        raise PermissionMissing(*sorted(missing))
