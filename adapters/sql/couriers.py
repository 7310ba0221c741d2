"""What many requests ask of the database, carried together: the trip costs more than its load."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from domain.errors import Unavailable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

_COURIERS = 2
"""Statements under way at once: while one is answered the next one is filled."""
_TOGETHER = 64
"""What one statement carries: enough for any worker, and well under a millisecond for each."""


@dataclass(eq=False)
class _Waiting(Generic[Asked, Answer]):
    """`until`, on the loop's clock, it waits for a statement that takes it along."""

    asked: Asked
    until: float
    answer: "asyncio.Future[Answer]"


class Couriers(Generic[Asked, Answer]):
    """Takes along what is asked while statements are under way, together in the next one.

    `carry` is given what goes together and answers each in the same order. Its failure is that of
    all who went along, Unavailable for each its own.
    """

    def __init__(
        self,
        carry: Callable[[list[Asked]], Awaitable[Sequence[Answer]]],
        *,
        patience_seconds: float,
    ) -> None:
        self._carry = carry
        self._patience_seconds = patience_seconds
        self._sweep: asyncio.TimerHandle | None = None
        self._waiting: list[_Waiting[Asked, Answer]] = []
        self._under_way: set[asyncio.Task[Any] | None] = set()

    async def ask(self, asked: Asked) -> Answer:
        """Its answer, by a statement that begins after this. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting[Asked, Answer](
            asked, loop.time() + self._patience_seconds, loop.create_future()
        )
        self._waiting.append(waiting)
        if len(self._under_way) < _COURIERS:
            # A task of its own: a caller who gives up takes nobody else along.
            self._under_way.add(asyncio.create_task(self._courier(), name="courier"))
        elif self._sweep is None:
            self._sweep = loop.call_at(waiting.until, self._refuse_the_late)
        return await waiting.answer

    def _refuse_the_late(self) -> None:
        """Nobody waits longer for a statement to start than for a connection of the pool."""
        loop = asyncio.get_running_loop()
        late = [each for each in self._waiting if each.until <= loop.time()]
        self._waiting = self._waiting[len(late) :]
        _fail(late, Unavailable())
        first = self._waiting[0].until if self._waiting else None
        self._sweep = loop.call_at(first, self._refuse_the_late) if first else None

    async def _courier(self) -> None:
        try:
            while taken := self._take():
                await self._deliver(taken)
        finally:
            # In the same step in which nobody was found waiting: a callback of the task would
            # come later, and who asks in between would wait for a courier that has gone home.
            self._under_way.discard(asyncio.current_task())

    def _take(self) -> list[_Waiting[Asked, Answer]]:
        # Whoever has given up meanwhile stays at home: nothing is changed for nobody.
        here = [each for each in self._waiting if not each.answer.done()]
        taken, self._waiting = here[:_TOGETHER], here[_TOGETHER:]
        return taken

    async def _deliver(self, taken: list[_Waiting[Asked, Answer]]) -> None:
        try:
            answers = await self._carry([each.asked for each in taken])
        except BaseException as error:
            # Who came meanwhile has waited as well, and must not wait for another try.
            everybody, self._waiting = [*taken, *self._waiting], []
            _fail(everybody, error)
            if not isinstance(error, Exception):
                raise
            return
        for each, answer in zip(taken, answers, strict=True):
            if not each.answer.done():
                each.answer.set_result(answer)


def _fail(taken: Sequence[_Waiting[Any, Any]], error: BaseException) -> None:
    for each in taken:
        if each.answer.done():
            continue
        if not isinstance(error, Exception):
            each.answer.cancel()
            continue
        # Each its own: an error that several raise gathers the traces of all of them.
        own = Unavailable() if isinstance(error, Unavailable) else error
        own.__cause__ = error.__cause__
        each.answer.set_exception(own)
