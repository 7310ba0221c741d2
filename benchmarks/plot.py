"""The result as a picture: throughput of each contestant, scenario by scenario."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

_OURS, _OTHERS = "#1f6f5c", "#b8bfc6"


def draw(result: dict[str, Any], file: Path) -> None:
    """Bars of requests a second; ours say what share of the other's that is."""
    by_scenario: dict[str, list[dict[str, Any]]] = {}
    for row in result["rates"]:
        by_scenario.setdefault(row["title"], []).append(row)
    if not by_scenario:
        return
    height = sum(0.6 + 0.35 * len(rows) for rows in by_scenario.values())
    figure, axes = plt.subplots(
        len(by_scenario),
        figsize=(9, height),
        height_ratios=[1 + len(rows) for rows in by_scenario.values()],
        squeeze=False,
        layout="constrained",
    )
    for axis, (title, rows) in zip(axes[:, 0], by_scenario.items(), strict=True):
        names = [row["contestant"] for row in rows]
        colours = [_OURS if name.startswith(("Doorward", "page")) else _OTHERS for name in names]
        bars = axis.barh(names, [row["rps"] for row in rows], color=colours)
        labels = [
            f"{row['rps']:,.0f}" + (f"  ({row['ratio']:.2f})" if row["against"] else "")
            for row in rows
        ]
        axis.bar_label(bars, labels=labels, padding=4, fontsize=8)
        axis.set_title(title, fontsize=9, loc="left")
        axis.margins(x=0.18)
        axis.invert_yaxis()
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1, 0].set_xlabel("requests a second, one worker on one core", fontsize=8)
    figure.savefig(file, dpi=110)
    plt.close(figure)
