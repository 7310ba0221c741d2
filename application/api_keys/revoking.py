"""Ending keys."""

from dataclasses import dataclass
from uuid import UUID

from application.api_keys.queries import require_way_to_keys
from application.audit import EventFactory, api_key_party
from application.authority import lock_target
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor, require_visible
from domain.errors import NotFound
from domain.events import EventKind
from domain.roles import API_KEYS_ADMIN


@dataclass(frozen=True, kw_only=True)
class RevokeApiKeyCommand:
    actor: Actor
    key_id: UUID


class RevokeApiKey:
    """The key's owner, signed in; holders of `api_keys:admin` with authority over the owner.

    Every worker refuses the key from its next call on. To revoke twice is to revoke. Raises
    NotAuthenticated, PermissionMissing, NotFound.
    """

    def __init__(self, *, uow: UnitOfWorkFactory, clock: Clock, events: EventFactory) -> None:
        self._uow = uow
        self._clock = clock
        self._events = events

    async def execute(self, command: RevokeApiKeyCommand) -> None:
        actor = command.actor
        require_way_to_keys(actor)
        async with self._uow() as uow:
            key = await uow.api_keys.get(command.key_id)
            if key is None:
                raise NotFound
            require_visible(actor, key.owner_id, API_KEYS_ADMIN)
            is_own = actor.session_id is not None and actor.user_id == key.owner_id
            if not is_own:
                await lock_target(uow, actor, key.owner_id, API_KEYS_ADMIN)
            if await uow.api_keys.revoke(key.id, self._clock.now()):
                await uow.events.add(
                    self._events.success(
                        EventKind.API_KEY_REVOKED,
                        actor,
                        api_key_party(key.id),
                        owner_id=str(key.owner_id),
                    )
                )
            await uow.commit()
