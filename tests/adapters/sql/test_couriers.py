"""What goes together: who is taken along, and who stays at home."""

import asyncio
from collections.abc import Sequence

from adapters.sql.couriers import Couriers


class Road:
    """Couriers that wait to be let go."""

    def __init__(self) -> None:
        self.loads: list[list[int]] = []
        self.gate = asyncio.Event()
        self.couriers = Couriers(self._carry, patience_seconds=10)

    async def _carry(self, asked: list[int]) -> Sequence[int]:
        self.loads.append(asked)
        await self.gate.wait()
        return [10 * number for number in asked]

    async def ask(self, *numbers: int) -> list["asyncio.Task[int]"]:
        tasks = [asyncio.create_task(self.couriers.ask(number)) for number in numbers]
        await asyncio.sleep(0.01)
        return tasks


async def test_each_gets_the_answer_in_its_place() -> None:
    road = Road()
    road.gate.set()
    assert [await task for task in await road.ask(3, 1, 2, 1)] == [30, 10, 20, 10]
    assert road.loads == [[3, 1, 2, 1]]


async def test_of_more_than_one_statement_carries_the_others_go_later() -> None:
    road = Road()
    tasks = await road.ask(*range(150))
    assert list(map(len, road.loads)) == [64, 64]
    road.gate.set()
    assert [await task for task in tasks] == [10 * number for number in range(150)]
    assert list(map(len, road.loads)) == [64, 64, 22]


async def test_who_gives_up_before_it_is_taken_along_stays_at_home() -> None:
    road = Road()
    under_way = [*await road.ask(1), *await road.ask(2)]
    waiting = await road.ask(3, 4, 5)
    waiting[1].cancel()
    road.gate.set()
    assert [await task for task in (*under_way, waiting[0], waiting[2])] == [10, 20, 30, 50]
    assert road.loads == [[1], [2], [3, 5]]
    assert waiting[1].cancelled()


async def test_where_all_have_given_up_nobody_goes() -> None:
    road = Road()
    under_way = [*await road.ask(1), *await road.ask(2)]
    for task in await road.ask(3, 4):
        task.cancel()
    road.gate.set()
    assert [await task for task in under_way] == [10, 20]
    assert [await task for task in await road.ask(6)] == [60]
    assert road.loads == [[1], [2], [6]]
