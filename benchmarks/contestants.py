"""How requests to one of the served processes are measured."""

from collections.abc import Callable

from benchmarks.house import House
from benchmarks.load import Call, Measured, measure
from benchmarks.processes import OTHER_CORE, Served
from benchmarks.rounds import CONNECTIONS, Contestant

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BEARER = {"Authorization": "Bearer @"}


def contestant(
    house: House,
    name: str,
    served: Served,
    call: Call | Callable[[int, float], Call],
    *,
    against: str | None = None,
    goal: float | None = None,
    connections: int = CONNECTIONS,
) -> Contestant:
    """A call that is good for one round is made from the round's number and its seconds."""

    def measured(number: int, seconds: float) -> tuple[Measured, float]:
        chosen = call if isinstance(call, Call) else call(number, seconds)
        before = served.cpu_seconds()
        result = measure(
            chosen,
            seconds=seconds,
            connections=connections,
            core=OTHER_CORE,
            folder=house.databases.folder,
        )
        return result, served.cpu_seconds() - before

    return Contestant(name=name, measure=measured, against=against, goal=goal)


def me_call(house: House, served: Served | None = None) -> Call:
    """By access tokens that were all seen before, once it is warmed up."""
    return Call(
        url=f"{(served or house.doorward).url}/api/v1/users/me",
        headers=BEARER,
        values=[each.access_token for each in house.seeds.accounts],
    )


def floor_me(house: House) -> Contestant:
    call = Call(url=f"{house.floor.url}/me", headers=BEARER, values=house.seeds.floor_tokens)
    return contestant(house, "floor", house.floor, call)
