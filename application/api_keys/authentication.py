"""Calling with an API key."""

from dataclasses import dataclass, field

from application.api_key_reader import ApiKeyReader
from application.api_keys.uses import ApiKeyUses
from application.ports.clock import Clock
from domain.access import Actor, ActorKind, Origin


@dataclass(frozen=True, kw_only=True)
class AuthenticateApiKeyQuery:
    api_key: str = field(repr=False)
    origin: Origin


class AuthenticateApiKey:
    """Anyone with a live key of an active account.

    One statement says whose it is and what it may do: its scopes, as far as its owner holds them at
    this moment. That it was used is noted, to be written later. Raises InvalidApiKey, Unavailable.
    """

    def __init__(self, *, reader: ApiKeyReader, uses: ApiKeyUses, clock: Clock) -> None:
        self._reader = reader
        self._uses = uses
        self._clock = clock

    async def execute(self, query: AuthenticateApiKeyQuery) -> Actor:
        live = await self._reader.read(query.api_key)
        self._uses.note(live.key, self._clock.now())
        return Actor(
            kind=ActorKind.API_KEY,
            user_id=live.owner.id,
            api_key_id=live.key.id,
            roles=live.owner.roles,
            permissions=live.permissions,
            account=live.owner,
            rate_limit=live.key.rate_limit,
            origin=query.origin,
        )
