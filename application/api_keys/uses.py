"""When keys were last used: noted at once, written behind the calls' backs."""

import asyncio
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.api_keys import ApiKey

_REMEMBERED = 10_000
"""Keys in use at the same time; with more, some uses are tried more often than need be."""


class ApiKeyUses:
    """Remembers the uses of this process, which has a task of its own that waits and writes.

    No call waits for the writing, nor fails with it. A key is tried once a minute, also while the
    database refuses; across processes the minute is kept by the condition of the UPDATE.
    """

    def __init__(self, *, uow: UnitOfWorkFactory) -> None:
        self._uow = uow
        self._noted: OrderedDict[UUID, datetime] = OrderedDict()
        self._unwritten: dict[UUID, datetime] = {}
        self._some = asyncio.Event()

    def note(self, key: ApiKey, at: datetime) -> None:
        """The key, as it was just read, is being used."""
        if not self.seen(key).use_is_worth_writing(at):
            return
        self._noted[key.id] = self._unwritten[key.id] = at
        self._noted.move_to_end(key.id)
        if len(self._noted) > _REMEMBERED:
            forgotten, _ = self._noted.popitem(last=False)
            self._unwritten.pop(forgotten, None)
        self._some.set()

    def seen(self, key: ApiKey) -> ApiKey:
        """The key with what this process knows of its use, and may not have written yet."""
        noted = self._noted.get(key.id)
        if noted is None or (key.last_used_at is not None and key.last_used_at >= noted):
            return key
        return replace(key, last_used_at=noted)

    def wake(self) -> None:
        """Lets `wait` return without waiting for a use."""
        self._some.set()

    async def wait(self) -> None:
        """Returns when there is something to write."""
        await self._some.wait()
        self._some.clear()

    async def write(self) -> None:
        """One short transaction a key: none ever holds a key while it waits for another.

        Raises Unavailable; what was not tried yet is left for the next time.
        """
        while self._unwritten:
            key_id, at = self._unwritten.popitem()
            async with self._uow() as uow:
                await uow.api_keys.note_use(key_id, at)
                await uow.commit()
