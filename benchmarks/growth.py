"""A second worker: what it gives here, and what it would need to give more."""

import statistics

from benchmarks.contestants import me_call
from benchmarks.figures import Figure
from benchmarks.house import House
from benchmarks.load import Measured, measure, sound
from benchmarks.processes import (
    CORES,
    OTHER_CORE,
    Served,
    cpu_seconds,
    databases_here,
    doorward,
    keep_databases_to,
)
from benchmarks.rounds import CONNECTIONS

_WANTED = 1.8


def workers(house: House, *, rounds: int, seconds: float) -> list[Figure]:
    """One worker and two, on every core there is, which load and databases share with them.

    What a larger machine needs follows from what a request costs each of the processes.
    """
    settings = house.databases.settings()
    keep_databases_to(*CORES)
    with (
        doorward(house.databases.folder, settings, cores=CORES) as one,
        doorward(house.databases.folder, settings | {"WORKERS": "2"}, cores=CORES) as two,
    ):
        for served in (one, two):
            _closed(house, served, max(seconds, len(house.seeds.accounts) / 500))
        growth, own, theirs = [], [], []
        for _ in range(rounds):
            own_before, theirs_before = one.cpu_seconds(), cpu_seconds(databases_here())
            single = _closed(house, one, seconds)
            own.append((one.cpu_seconds() - own_before) / single.requests)
            theirs.append((cpu_seconds(databases_here()) - theirs_before) / single.requests)
            growth.append(_closed(house, two, seconds).rps / single.rps)
    keep_databases_to(OTHER_CORE)
    own_seconds, theirs_seconds = statistics.median(own), statistics.median(theirs)
    cores = 2 + _WANTED * theirs_seconds / own_seconds
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
            title=f"Cores that two workers and their databases keep busy at {_WANTED} x",
            value=cores,
            unit="cores, besides those of the load",
        ),
    ]


def _closed(house: House, served: Served, seconds: float) -> Measured:
    call = me_call(house, served)
    folder = house.databases.folder
    return sound(
        measure(call, seconds=seconds, connections=CONNECTIONS, core=OTHER_CORE, folder=folder)
    )
