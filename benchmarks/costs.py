"""What each switchable thing costs a request: the service without it, beside the service as it is.

Where no setting switches a thing off, `benchmarks.without` starts the service with it taken out.
"""

import statistics
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from benchmarks.contestants import contestant, me_call
from benchmarks.house import House
from benchmarks.processes import doorward
from benchmarks.rounds import Scenario, run
from benchmarks.without import PARTS

_ALL = "everything on"


@dataclass(frozen=True, kw_only=True)
class Switch:
    """How to start the service without something."""

    title: str
    settings: Mapping[str, str] = field(default_factory=dict)
    part: str | None = None


SWITCHES = (
    Switch(title="limits in Redis", settings={"RATE_LIMIT_READ": "off"}),
    Switch(title="the log line", settings={"LOG_LEVEL": "ERROR"}),
    Switch(title="metrics", part="metrics"),
    Switch(title="direct routes", part="direct-routes"),
    Switch(title="the cache of verified tokens", part="verified-tokens"),
)


def measure(house: House, *, rounds: int, seconds: float) -> list[dict[str, Any]]:
    """By how much a request's processor time differs, in microseconds; below 0: it saves them."""
    settings = house.databases.settings()
    me = me_call(house, house.doorward)
    with ExitStack() as stack:
        contestants = [contestant(house, _ALL, house.doorward, me)]
        for switch in SWITCHES:
            program = ["entrypoints.cli.app"]
            if switch.part is not None:
                if not PARTS[switch.part].exists():
                    print(f"not measured, as there is no such part: {switch.title}")
                    continue
                program = ["benchmarks.without", switch.part]
            served = stack.enter_context(
                doorward(house.databases.folder, settings | dict(switch.settings), program=program)
            )
            contestants.append(contestant(house, switch.title, served, me_call(house, served)))
        scenario = Scenario(
            name="costs",
            title="GET /users/me",
            contestants=contestants,
            warm_up_requests=len(me.values),
        )
        whole, *without = run(scenario, rounds=rounds, seconds=seconds)
    return [
        {
            "title": row["contestant"],
            "cost_us": statistics.median(
                full["cpu_us"] - less["cpu_us"]
                for full, less in zip(whole["rounds"], row["rounds"], strict=True)
            ),
        }
        for row in without
    ]
