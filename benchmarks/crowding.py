"""Whether sign-ins, which are slow on purpose, crowd everything else out."""

import statistics
from concurrent.futures import ThreadPoolExecutor

from benchmarks.changes import login_call
from benchmarks.contestants import me_call
from benchmarks.figures import Figure
from benchmarks.house import House
from benchmarks.load import Measured, generate, measure, sound
from benchmarks.processes import OTHER_CORE
from benchmarks.rounds import CONNECTIONS

_SHARE = 0.3
"""Of what one worker can do: where a service is run that has to have room for a rush."""
_LOGIN_CONNECTIONS = 16


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
        alone.append(sound(paced()).p99_ms)
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
            beside.append(sound(paced()).p99_ms)
        logins.append(sound(saturating.result()).rps)
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
