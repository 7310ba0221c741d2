"""The figures of a result stand in the page, and nowhere else."""

from typing import Any

from benchmarks.page import PAGE, render

ROW = {
    "title": "GET /users/me",
    "contestant": "floor",
    "rps": 4321.0,
    "p50_ms": 1.5,
    "p99_ms": 9.25,
    "cpu_us": 210.0,
    "against": None,
    "goal": None,
}
FIGURE = {
    "name": "start",
    "title": "Start to ready",
    "value": 0.71,
    "unit": "s",
    "goal": 1.0,
    "more_is_better": False,
}
RESULT: dict[str, Any] = {
    "about": {
        "at": "2026-01-02T03:04:05+00:00",
        "options": {"rounds": 5, "seconds": 5.0, "users": 10_000, "crowd": 1_000_000},
        "machine": {
            "processor": "A processor",
            "cores": 2,
            "memory_gib": 8,
            "system": "Linux",
            "file_system": "ext4",
            "load_at_start": 0.1,
        },
        "python": "3.11",
        "versions": {"fastapi": "1"},
        "peers": {"fastapi-users": "2"},
        "load": "wrk",
        "argon2": {"memory_kib": 19_456, "time_cost": 2, "parallelism": 1},
        "limits": {"RATE_LIMIT_READ": "3000000/60"},
    },
    "rates": [
        ROW,
        ROW
        | {"contestant": "Doorward", "rps": 2400.0, "against": "floor", "ratio": 0.56, "goal": 0.5},
    ],
    "figures": [FIGURE, FIGURE | {"name": "growth", "title": "Two workers", "unit": "x"}],
    "costs": [{"title": "metrics", "cost_us": 12.4}],
}


def test_every_figure_of_a_result_is_shown_in_its_place() -> None:
    page = render(PAGE.read_text(encoding="utf-8"), RESULT, "latest")
    for line in (
        "| GET /users/me | floor | 4,321 | 1.50 | 9.25 | 210 |  |  |",
        "| GET /users/me | Doorward | 2,400 | 1.50 | 9.25 | 210 | **0.56** of floor | 0.50 |",
        "![Requests a second](../benchmarks/results/latest.png)",
        "| Start to ready | 0.71 s | at most 1 |",
        "| Two workers | 0.71 x | at most 1 |",
        "| metrics | +12 |",
        "- argon2id: 19456 KiB, t=2, p=1.",
    ):
        assert page.count(f"{line}\n") == 1, line


def test_a_page_can_be_written_again_and_again() -> None:
    once = render(PAGE.read_text(encoding="utf-8"), RESULT, "latest")
    assert render(once, RESULT, "latest") == once
