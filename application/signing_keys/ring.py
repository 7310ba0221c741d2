"""Keeping this process's key ring in step with the stored signing keys."""

import asyncio
from datetime import datetime, timedelta

from application.ports.clock import Clock
from application.ports.signing_keys import KeyRing
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import Unavailable
from domain.signing_keys import SigningKeyRules

_SOON = timedelta(seconds=1)


class KeyRingKeeper:
    """Loads the ring from the database: at start, every few seconds, and when a token surprises."""

    def __init__(
        self, *, uow: UnitOfWorkFactory, ring: KeyRing, rules: SigningKeyRules, clock: Clock
    ) -> None:
        self._uow = uow
        self._ring = ring
        self._rules = rules
        self._clock = clock
        # One at a time, or an older answer could bring a revoked key back.
        self._turn = asyncio.Lock()
        self._tried_at: datetime | None = None
        self._failed = False
        self._loads = 0
        self.unreadable: tuple[str, ...] = ()
        """The kids that the server secret did not open the last time."""

    async def refresh(self) -> None:
        """Raises Unavailable; the ring then stays as it was."""
        async with self._turn:
            await self._load()

    async def refresh_soon(self) -> bool:
        """Refreshes unless it did within the last second: junk cannot make a flood.

        Who comes while a refresh is under way shares it. Raises Unavailable also for a second
        after a refresh that failed: nobody knows then whether the token is good.
        """
        seen = self._loads
        async with self._turn:
            if self._loads != seen:
                return True
            if self._tried_at is None or self._clock.now() - self._tried_at >= _SOON:
                await self._load()
                return True
            if self._failed:
                raise Unavailable
            return False

    async def _load(self) -> None:
        now = self._clock.now()
        self._tried_at, self._failed = now, True
        async with self._uow.reading() as uow:
            keys = await uow.signing_keys.list_usable(retired_since=self._rules.retired_since(now))
        self.unreadable = self._ring.load(keys)
        self._failed = False
        self._loads += 1
