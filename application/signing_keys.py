"""Keeping every worker's key ring in step with the stored signing keys."""

from datetime import datetime, timedelta

from application.audit import EventFactory
from application.ports.clock import Clock
from application.ports.signing_keys import KeyRing, SigningKeyFactory
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Actor
from domain.errors import ConcurrentChange
from domain.events import EventKind, Party
from domain.signing_keys import SigningAlgorithm, SigningKeyStatus

_SOON = timedelta(seconds=1)


class KeyRingKeeper:
    """Loads the ring from the database: at start, every few seconds, and when a token surprises."""

    def __init__(self, *, uow: UnitOfWorkFactory, ring: KeyRing, clock: Clock) -> None:
        self._uow = uow
        self._ring = ring
        self._clock = clock
        self._loaded_at: datetime | None = None

    async def refresh(self) -> None:
        """Raises Unavailable; the ring then stays as it was."""
        self._loaded_at = self._clock.now()
        async with self._uow.reading() as uow:
            keys = await uow.signing_keys.list_usable()
        self._ring.load(keys)

    async def refresh_soon(self) -> bool:
        """Refreshes unless it did within the last second: junk cannot make a flood."""
        now = self._clock.now()
        if self._loaded_at is not None and now - self._loaded_at < _SOON:
            return False
        await self.refresh()
        return True


class EnsureSigningKey:
    """The service itself, at start: makes the first current key if there is none.

    Any number of workers may start at once; the database lets one key through.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        factory: SigningKeyFactory,
        clock: Clock,
        events: EventFactory,
        algorithm: SigningAlgorithm,
    ) -> None:
        self._uow = uow
        self._factory = factory
        self._clock = clock
        self._events = events
        self._algorithm = algorithm

    async def execute(self) -> None:
        async with self._uow.reading() as uow:
            keys = await uow.signing_keys.list_usable()
        if any(key.status is SigningKeyStatus.CURRENT for key in keys):
            return
        key = self._factory.generate(self._algorithm, self._clock.now())
        event = self._events.success(
            EventKind.SIGNING_KEY_CREATED,
            Actor.system(),
            Party(type="signing_key", id=key.kid),
            algorithm=key.algorithm.value,
        )
        try:
            async with self._uow() as uow:
                await uow.signing_keys.add(key)
                await uow.events.add(event)
                await uow.commit()
        except ConcurrentChange:
            return
