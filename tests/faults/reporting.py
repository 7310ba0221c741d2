"""What every fault test needs: full or short count, and one line with the figure it found."""

import os

FULL = os.environ.get("DOORWARD_TEST_FAULTS") == "full"
"""Set by `make faults`."""


def rounds(*, full: int, short: int) -> int:
    return full if FULL else short


def within(seconds: float) -> float:
    """What is promised; in the short form, beside whatever else runs, five times as much."""
    return seconds if FULL else 5 * seconds


def report(fault: str, figure: str) -> None:
    """One line a fault, for whoever asks for the figures; `make faults` captures nothing."""
    if FULL:
        print(f"{fault}: {figure}", flush=True)  # noqa: T201 - the figures are what they are run for


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
