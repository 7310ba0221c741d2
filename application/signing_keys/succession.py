"""Carrying out a change of the keys: in one transaction, with its events, known here at once."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime

from application.audit import EventFactory
from application.ports.clock import Clock
from application.ports.signing_keys import SigningKeyFactory
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.signing_keys.ring import KeyRingKeeper
from domain.access import Actor
from domain.errors import ConcurrentChange, Unavailable
from domain.events import Event, EventKind, Party
from domain.signing_keys import (
    KeyChange,
    KeyRoster,
    SigningKey,
    SigningKeyRules,
    SigningKeyStatus,
)

_TRIES = 5

Plan = Callable[[KeyRoster], KeyChange | None]


class KeySuccession:
    """What the rules say of the keys as they were read is done only if they still are so."""

    def __init__(
        self,
        *,
        uow: UnitOfWorkFactory,
        factory: SigningKeyFactory,
        keeper: KeyRingKeeper,
        rules: SigningKeyRules,
        clock: Clock,
        events: EventFactory,
    ) -> None:
        self._uow = uow
        self._factory = factory
        self._keeper = keeper
        self._rules = rules
        self._clock = clock
        self._events = events

    async def roster(self) -> KeyRoster:
        """Raises Unavailable."""
        async with self._uow.reading() as uow:
            return KeyRoster(await uow.signing_keys.list_all())

    async def carry_out(self, actor: Actor, plan: Plan) -> tuple[SigningKey, ...]:
        """Every key that was changed or made, as it is now; nothing where the plan is None.

        Raises what the plan raises, ConcurrentChange where someone else was faster, Unavailable.
        """
        change = plan(await self.roster())
        if change is None:
            return ()
        # One instant for all: the first two keys are of the same age.
        now = self._clock.now()
        fresh = [await self._generate(status, now) for status in change.fresh]
        async with self._uow() as uow:
            await self._store(uow, change, fresh)
            for event in self._events_of(actor, change, fresh):
                await uow.events.add(event)
            await uow.commit()
        await self._tell_this_process()
        return (*(move.after for move in change.moves), *fresh)

    async def carry_out_surely(self, actor: Actor, plan: Plan) -> tuple[SigningKey, ...]:
        """The same for what must come to pass whoever else is at work: it is planned anew then."""
        for _ in range(_TRIES - 1):
            try:
                return await self.carry_out(actor, plan)
            except ConcurrentChange as error:
                # A refusal of the rules is a conflict of its own type, and stays one.
                if type(error) is not ConcurrentChange:
                    raise
        return await self.carry_out(actor, plan)

    async def _generate(self, status: SigningKeyStatus, at: datetime) -> SigningKey:
        # In a thread, as a worker that rotates goes on serving.
        return await asyncio.to_thread(self._factory.generate, self._rules.algorithm, at, status)

    async def _store(self, uow: UnitOfWork, change: KeyChange, fresh: list[SigningKey]) -> None:
        for move in change.moves:
            if not await uow.signing_keys.move(move):
                raise ConcurrentChange
        for key in fresh:
            await uow.signing_keys.add(key)

    def _events_of(
        self, actor: Actor, change: KeyChange, fresh: list[SigningKey]
    ) -> Iterator[Event]:
        if change.moves:
            yield self._event_of_moves(actor, change, fresh)
        for key in fresh:
            yield self._events.success(
                EventKind.SIGNING_KEY_CREATED,
                actor,
                _party(key),
                algorithm=key.algorithm.value,
                status=key.status.value,
            )

    def _event_of_moves(self, actor: Actor, change: KeyChange, fresh: list[SigningKey]) -> Event:
        keys = {key.status: key for key in (*fresh, *(move.after for move in change.moves))}
        act = next(status for status in _KIND_OF_ACT if status in keys)
        subject = keys.pop(act)
        others = {status.value: key.kid for status, key in keys.items()}
        return self._events.success(_KIND_OF_ACT[act], actor, _party(subject), **others)

    async def _tell_this_process(self) -> None:
        try:
            await self._keeper.refresh()
        except Unavailable:
            # It is done; the ring learns of it like every other worker's.
            return


# The first of these that a key has come to names the act and its subject.
_KIND_OF_ACT = {
    SigningKeyStatus.REVOKED: EventKind.SIGNING_KEY_REVOKED,
    SigningKeyStatus.CURRENT: EventKind.SIGNING_KEY_ROTATED,
    SigningKeyStatus.RETIRED: EventKind.SIGNING_KEY_RETIRED,
}


def _party(key: SigningKey) -> Party:
    return Party(type="signing_key", id=key.kid)
