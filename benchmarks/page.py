"""Puts the figures of a result into `docs/performance.md`: `python -m benchmarks.page [NAME]`."""

import json
import re
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.tables import costs_table, figures_table, rates_table
from tests.services import ROOT

PAGE = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "benchmarks" / "results"
_MARKED = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def render(page: str, result: dict[str, Any], name: str) -> str:
    """The page with what stands between its marks written anew."""
    blocks: dict[str, Callable[[], list[str]]] = {
        "machine": lambda: _machine(result["about"]),
        "rates": lambda: [
            *rates_table(result["rates"]),
            "",
            f"![Requests a second](../benchmarks/results/{name}.png)",
        ],
        "figures": lambda: figures_table(_among(result, growing=False)),
        "growth": lambda: figures_table(_among(result, growing=True)),
        "costs": lambda: costs_table(result["costs"]),
    }

    def written(found: re.Match[str]) -> str:
        lines = blocks[found[2]]()
        return found[1] + "".join(f"{line}\n" for line in lines) + found[3]

    return _MARKED.sub(written, page)


def _among(result: dict[str, Any], *, growing: bool) -> list[dict[str, Any]]:
    names = {"growth", "cpu_worker", "cpu_databases", "cores_for_growth"}
    return [each for each in result["figures"] if (each["name"] in names) == growing]


def _machine(about: dict[str, Any]) -> list[str]:
    machine, argon2, options = about["machine"], about["argon2"], about["options"]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    peers = ", ".join(f"{name} {number}" for name, number in about["peers"].items())
    limits = ", ".join(f"{name} {rule}" for name, rule in about["limits"].items())
    return [
        f"- Measured {about['at'][:10]}: {options['rounds']} rounds of {options['seconds']:g} s, "
        f"{options['users']:,} accounts with a session, a token and a key each, in a list of "
        f"{options['crowd']:,} more.",
        f"- Machine: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['system']}, {machine['file_system']}; "
        f"load average at the start {machine['load_at_start']}.",
        f"- Load: {about['load']}.",
        f"- argon2id: {argon2['memory_kib']} KiB, t={argon2['time_cost']}, "
        f"p={argon2['parallelism']}.",
        f"- Limits: {limits}.",
        f"- Python {about['python']}; {versions}.",
        f"- Peer: {peers}.",
    ]


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "latest"
    result = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8"), result, name), encoding="utf-8")


if __name__ == "__main__":
    main()
