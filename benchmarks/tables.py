"""Results as text: lines for a terminal, tables for a page."""

from collections.abc import Sequence
from typing import Any


def rate_line(row: dict[str, Any]) -> str:
    line = (
        f"{row['title']:44} {row['contestant']:18} {row['rps']:8.0f} rps "
        f"p50 {row['p50_ms']:7.2f} ms p99 {row['p99_ms']:7.2f} ms {row['cpu_us']:7.0f} us"
    )
    if row["against"] is None:
        return line
    goal = f" (goal {row['goal']:.2f})" if row["goal"] is not None else ""
    return f"{line}  {row['ratio']:.2f} of {row['against']}{goal}, by CPU {row['cpu_ratio']:.2f}"


def figure_line(figure: dict[str, Any]) -> str:
    return f"{figure['title']:63} {_amount(figure['value'])} {figure['unit']}{_limit(figure)}"


def rates_table(rates: Sequence[dict[str, Any]]) -> list[str]:
    """Markdown, one row for each contestant."""
    lines = [
        "| what | who | requests/s | p50 ms | p99 ms | CPU us | share | goal |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rates:
        share = f"**{row['ratio']:.2f}** of {row['against']}" if row["against"] else ""
        goal = f"{row['goal']:.2f}" if row["goal"] is not None else ""
        cells = (
            row["title"],
            row["contestant"],
            f"{row['rps']:,.0f}",
            f"{row['p50_ms']:.2f}",
            f"{row['p99_ms']:.2f}",
            f"{row['cpu_us']:,.0f}",
            share,
            goal,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def figures_table(figures: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["| what | measured | goal |", "|---|--:|--:|"]
    for each in figures:
        goal = _limit(each).strip(" ()")
        lines.append(f"| {each['title']} | {_amount(each['value'])} {each['unit']} | {goal} |")
    return lines


def costs_table(costs: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["| part | CPU us of a `GET /users/me` |", "|---|--:|"]
    return lines + [f"| {each['title']} | {each['cost_us']:+.0f} |" for each in costs]


def _amount(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def _limit(figure: dict[str, Any]) -> str:
    if figure["goal"] is None:
        return ""
    return f" (at {'least' if figure['more_is_better'] else 'most'} {figure['goal']:g})"
