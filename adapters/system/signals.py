"""Waking up who delivers, inside one process."""

import asyncio

from application.ports.outbox import DeliverySignal


class InProcessSignal(DeliverySignal):
    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        self._event.set()

    def close(self) -> None:
        return

    async def wait(self, timeout_seconds: float) -> None:
        """Returns when there is something to deliver, or when the time is over."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._event.wait()
        except TimeoutError:
            return
        finally:
            self._event.clear()
