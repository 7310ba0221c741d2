"""What every fault test needs: full or short count, and one line with the figure it found."""

import os
import sys

FULL = os.environ.get("DOORWARD_FAULTS") == "full"
"""Set by `make faults`."""


def rounds(*, full: int, short: int) -> int:
    return full if FULL else short


def report(fault: str, **figures: object) -> None:
    """One line, where somebody asked for the figures; `make faults` captures nothing."""
    shown = ", ".join(f"{name} {value}" for name, value in figures.items())
    if FULL:
        print(f"\n{fault}: {shown}", file=sys.__stderr__, flush=True)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
