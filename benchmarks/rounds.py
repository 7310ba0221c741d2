"""Contestants measured in turn, round after round, and what the rounds come to."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.load import Measured

CONNECTIONS = 32


_FIRST_SECONDS = 3.0
"""What has not run yet may have to be read from a disk first."""


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """`measure(round, seconds)` answers what was measured and the processor seconds it took.

    `goal` is the least share of `against`'s throughput that is asked of it.
    """

    name: str
    measure: Callable[[int, float], tuple[Measured, float]]
    against: str | None = None
    goal: float | None = None


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is compared in one round. As many requests to each, at least, go before the first."""

    name: str
    title: str
    contestants: Sequence[Contestant]
    warm_up_requests: int = 0


def run(scenario: Scenario, *, rounds: int, seconds: float) -> list[dict[str, Any]]:
    """One row for each contestant. Raises RuntimeError where an answer was not a good one."""
    seen: dict[str, list[dict[str, float]]] = {each.name: [] for each in scenario.contestants}
    for each in scenario.contestants:
        _warm_up(scenario, each)
    for number in range(rounds):
        for each in scenario.contestants:
            seen[each.name].append(_sample(scenario, each, number, seconds))
    return [_row(scenario, each, seen) for each in scenario.contestants]


def _warm_up(scenario: Scenario, each: Contestant) -> None:
    if not scenario.warm_up_requests:
        return
    done = _sample(scenario, each, -1, _FIRST_SECONDS)["requests"]
    if done < scenario.warm_up_requests:
        # From the start again, as every measurement is; with some to spare.
        seconds = 1.3 * _FIRST_SECONDS * scenario.warm_up_requests / done
        _sample(scenario, each, -1, math.ceil(seconds))


def _sample(scenario: Scenario, each: Contestant, number: int, seconds: float) -> dict[str, float]:
    measured, cpu_seconds = each.measure(number, seconds)
    if not measured.requests:
        raise RuntimeError(f"{scenario.name}: no answer from {each.name} in {seconds} s")
    if measured.errors:
        raise RuntimeError(f"{scenario.name}: {measured.errors} bad answers from {each.name}")
    return asdict(measured) | {"cpu_us": cpu_seconds / measured.requests * 1_000_000}


def _row(
    scenario: Scenario, each: Contestant, seen: dict[str, list[dict[str, float]]]
) -> dict[str, Any]:
    own = seen[each.name]
    row: dict[str, Any] = {
        "scenario": scenario.name,
        "title": scenario.title,
        "contestant": each.name,
        **{name: _median(own, name) for name in ("rps", "p50_ms", "p99_ms", "cpu_us")},
        "against": each.against,
        "goal": each.goal,
        "rounds": own,
    }
    if each.against is not None:
        # Of each round, since what disturbs a machine disturbs all of a round.
        others = seen[each.against]
        pairs = list(zip(own, others, strict=True))
        row["ratio"] = statistics.median(a["rps"] / b["rps"] for a, b in pairs)
        row["cpu_ratio"] = statistics.median(b["cpu_us"] / a["cpu_us"] for a, b in pairs)
    return row


def _median(samples: list[dict[str, float]], name: str) -> float:
    return statistics.median(sample[name] for sample in samples)
