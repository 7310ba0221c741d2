"""Single figures beside the rates."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.house import House
from benchmarks.processes import doorward
from benchmarks.scenarios import PEER


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`goal` is the most it should be, or the least where `more_is_better`."""

    name: str
    title: str
    value: float
    unit: str
    goal: float | None = None
    more_is_better: bool = False


def beside_peer(rates: Sequence[dict[str, Any]]) -> list[Figure]:
    """How many times the peer's throughput ours is, from the rows of `me`."""
    rows = {row["contestant"]: row for row in rates if row["scenario"] == "me"}
    peer = rows.get(PEER)
    if peer is None:
        return []
    return [
        Figure(
            name=f"to_peer_{number}",
            title=f"GET /users/me, {name}: throughput to that of {PEER}",
            value=statistics.median(
                ours["rps"] / theirs["rps"]
                for ours, theirs in zip(row["rounds"], peer["rounds"], strict=True)
            ),
            unit="x",
            goal=3.0,
            more_is_better=True,
        )
        for number, (name, row) in enumerate(rows.items())
        if name.startswith("Doorward")
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
