"""Single figures beside the rates: crowding out, memory, start, and a second worker."""

import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.changes import login_call
from benchmarks.contestants import me_call
from benchmarks.house import House
from benchmarks.load import Measured, generate, measure
from benchmarks.processes import (
    CORES,
    OTHER_CORE,
    Served,
    cpu_seconds,
    doorward,
    on_cores,
    started_here,
)
from benchmarks.rounds import CONNECTIONS

_SHARE = 0.3
"""Of what one worker can do: where a service is run that has to have room for a rush."""
_LOGIN_CONNECTIONS = 16
_WANTED_GROWTH = 1.8


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`goal` is the most it should be, or the least where `more_is_better`."""

    name: str
    title: str
    value: float
    unit: str
    goal: float | None = None
    more_is_better: bool = False


def beside_logins(house: House, *, rounds: int, seconds: float) -> list[Figure]:
    """`GET /users/me` at 30 % of what it can do, with and without sign-ins at full rate beside."""
    folder, me = house.databases.folder, me_call(house)
    capacity = measure(
        me, seconds=seconds, connections=CONNECTIONS, core=OTHER_CORE, folder=folder
    ).rps

    def paced() -> Measured:
        return generate(
            me,
            seconds=seconds,
            connections=2 * CONNECTIONS,
            core=OTHER_CORE,
            folder=folder,
            rate=_SHARE * capacity,
        )

    alone, beside, logins = [], [], []
    for _ in range(rounds):
        alone.append(_sound(paced()).p99_ms)
        with ThreadPoolExecutor(1) as thread:
            # Longer at both ends than what is measured.
            saturating = thread.submit(
                measure,
                login_call(house),
                seconds=seconds + 2,
                connections=_LOGIN_CONNECTIONS,
                core=OTHER_CORE,
                folder=folder,
            )
            beside.append(_sound(paced()).p99_ms)
        logins.append(_sound(saturating.result()).rps)
    ratio = statistics.median(b / a for a, b in zip(alone, beside, strict=True))
    return [
        Figure(
            name="paced_p99",
            title=f"p99 of GET /users/me at {_SHARE:.0%} of capacity, alone",
            value=statistics.median(alone),
            unit="ms",
        ),
        Figure(
            name="paced_p99_beside_logins",
            title="the same while sign-ins saturate",
            value=statistics.median(beside),
            unit="ms",
        ),
        Figure(
            name="paced_p99_ratio",
            title="the one in terms of the other",
            value=ratio,
            unit="x",
            goal=3.0,
        ),
        Figure(
            name="logins_beside",
            title="sign-ins meanwhile",
            value=statistics.median(logins),
            unit="a second",
        ),
    ]


def idle(house: House) -> Figure:
    """Right after the start, on PostgreSQL and Redis."""
    return Figure(
        name="idle_memory",
        title="Idle memory of one worker, on PostgreSQL and Redis",
        value=house.doorward.memory_mib(),
        unit="MiB",
        goal=90,
    )


def footprint(folder: Path, *, rounds: int) -> list[Figure]:
    """Start and idle memory as anybody has them first: on a SQLite file, which exists already."""
    settings = {"DATA_DIR": str(folder / "data")}
    ready, memory = [], []
    for number in range(rounds + 1):
        with doorward(folder, settings) as served:
            if number:
                ready.append(served.ready_after_seconds)
                memory.append(served.memory_mib())
    return [
        Figure(
            name="start",
            title="Start to ready on an existing SQLite file",
            value=statistics.median(ready),
            unit="s",
            goal=1.0,
        ),
        Figure(
            name="idle_memory_sqlite",
            title="Idle memory of one worker, on SQLite",
            value=statistics.median(memory),
            unit="MiB",
            goal=90,
        ),
    ]


def workers(house: House, *, rounds: int, seconds: float) -> list[Figure]:
    """One worker and two, on every core there is, which load and databases share with them.

    What a larger machine needs follows from what a request costs each of the processes.
    """
    settings = house.databases.settings()
    stores = started_here("postgres") + started_here("redis-server")
    for process in stores:
        process.cpu_affinity(list(CORES))
    with (
        on_cores(*CORES),
        doorward(house.databases.folder, settings, cores=CORES) as one,
        doorward(house.databases.folder, settings | {"WORKERS": "2"}, cores=CORES) as two,
    ):
        for served in (one, two):
            _closed(house, served, max(seconds, 2.0))
        stores = started_here("postgres") + started_here("redis-server")
        growth, own, theirs = [], [], []
        for _ in range(rounds):
            own_before, theirs_before = one.cpu_seconds(), cpu_seconds(stores)
            single = _closed(house, one, seconds)
            own.append((one.cpu_seconds() - own_before) / single.requests)
            theirs.append((cpu_seconds(stores) - theirs_before) / single.requests)
            growth.append(_closed(house, two, seconds).rps / single.rps)
    for process in stores:
        process.cpu_affinity([OTHER_CORE])
    own_seconds, theirs_seconds = statistics.median(own), statistics.median(theirs)
    cores = 2 + _WANTED_GROWTH * theirs_seconds / own_seconds
    return [
        Figure(
            name="growth",
            title=f"Throughput of two workers to that of one, all on {len(CORES)} cores",
            value=statistics.median(growth),
            unit="x",
            more_is_better=True,
        ),
        Figure(
            name="cpu_worker",
            title="Processor time of a request in the worker",
            value=own_seconds * 1_000_000,
            unit="us",
        ),
        Figure(
            name="cpu_databases",
            title="Processor time of a request in PostgreSQL and Redis",
            value=theirs_seconds * 1_000_000,
            unit="us",
        ),
        Figure(
            name="cores_for_growth",
            title=f"Cores that two workers and their databases keep busy at {_WANTED_GROWTH} x",
            value=cores,
            unit="cores, besides those of the load",
        ),
    ]


def _closed(house: House, served: Served, seconds: float) -> Measured:
    call = me_call(house, served)
    folder = house.databases.folder
    return _sound(
        measure(call, seconds=seconds, connections=CONNECTIONS, core=OTHER_CORE, folder=folder)
    )


def _sound(measured: Measured) -> Measured:
    if measured.errors:
        raise RuntimeError(f"{measured.errors} bad answers")
    return measured
