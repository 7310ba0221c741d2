"""`make bench`: measures everything in one run, prints it and writes it down."""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import costs, crowding, figures, growth
from benchmarks.about import about
from benchmarks.house import House, standing
from benchmarks.page import RESULTS
from benchmarks.plot import draw
from benchmarks.rounds import run
from benchmarks.scenarios import scenarios
from benchmarks.tables import figure_line, rate_line
from tests.services import ROOT


def main() -> None:
    options = _options()
    result: dict[str, Any] = {"rates": [], "figures": [], "costs": []}
    with TemporaryDirectory(prefix="doorward-bench-") as name:
        folder = Path(name)
        result["about"] = about(folder, **{k: v for k, v in vars(options).items() if k != "peer"})
        with standing(
            folder, users=options.users, crowd_size=options.crowd, peer_python=options.peer
        ) as house:
            if house.peer is None:
                print(f"without fastapi-users: there is no {options.peer}")
            _measure(house, options, result)
        if _wanted(options, "start"):
            _keep(result, figures.footprint(folder, rounds=options.rounds))
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{options.name}.json"
    file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    draw(result, file.with_suffix(".png"))
    print(f"{file.relative_to(ROOT)} and .png")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Doorward beside a floor and its peers.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each contestant in a round")
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--crowd", type=int, default=1_000_000, help="accounts in the long list")
    parser.add_argument("--only", default="", help="some of them, comma-separated: me,refresh,...")
    parser.add_argument("--name", default="latest", help="of the result's files")
    parser.add_argument("--peer", default=str(ROOT / ".venv-peers" / "bin" / "python"))
    return parser.parse_args()


def _wanted(options: argparse.Namespace, name: str) -> bool:
    return not options.only or name in options.only.split(",")


def _measure(house: House, options: argparse.Namespace, result: dict[str, Any]) -> None:
    many = {"rounds": options.rounds, "seconds": options.seconds}
    if _wanted(options, "memory"):
        _keep(result, [figures.idle(house)])
    for scenario in scenarios(house):
        if _wanted(options, scenario.name):
            rows = run(scenario, **many)
            result["rates"] += rows
            for row in rows:
                print(rate_line(row), flush=True)
    _keep(result, figures.beside_peer(result["rates"]))
    for name, measured in _more(house, many):
        if _wanted(options, name):
            _keep(result, measured())
    if _wanted(options, "costs"):
        result["costs"] = costs.measure(house, **many)
        for row in result["costs"]:
            print(f"{row['title']:44} {row['cost_us']:8.0f} us of a request", flush=True)


def _more(
    house: House, many: dict[str, Any]
) -> Iterator[tuple[str, Callable[[], list[figures.Figure]]]]:
    yield "logins", lambda: crowding.beside_logins(house, **many)
    yield "workers", lambda: growth.workers(house, **many)


def _keep(result: dict[str, Any], found: list[figures.Figure]) -> None:
    for figure in found:
        result["figures"].append(asdict(figure))
        print(figure_line(asdict(figure)), flush=True)


if __name__ == "__main__":
    main()
