"""Finding out whose key somebody shows, and whether it is alive."""

from application.ports.api_keys import ApiKeyCodec, ApiKeyLookup, LiveApiKey
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.api_keys import ApiKey
from domain.sessions import InvalidApiKey


class ApiKeyReader:
    """The checksum comes first, so what was cut or mistyped never reaches the database."""

    def __init__(
        self,
        *,
        codec: ApiKeyCodec,
        lookup: ApiKeyLookup,
        uow: UnitOfWorkFactory,
        clock: Clock,
    ) -> None:
        self._codec = codec
        self._lookup = lookup
        self._uow = uow
        self._clock = clock

    async def read(self, text: str) -> LiveApiKey:
        """A live key with its owner. Raises InvalidApiKey, Unavailable."""
        presented = self._codec.read(text)
        live = await self._lookup.find_live(presented.public_id, self._clock.now())
        if live is None or not self._codec.belongs_to(presented, live.key):
            raise InvalidApiKey
        return live

    async def read_any(self, text: str) -> ApiKey | None:
        """The key in whatever state; None if its secret is not the key's, or it is gone.

        Raises InvalidApiKey for what is no key at all, Unavailable.
        """
        presented = self._codec.read(text)
        async with self._uow.reading() as uow:
            key = await uow.api_keys.find(presented.public_id)
        return key if key is not None and self._codec.belongs_to(presented, key) else None
