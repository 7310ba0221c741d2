"""`doorward serve` reads its options alike, whether Typer is asked or not."""

from typing import Any

import pytest

from tests.entrypoints.cli.console import Console


@pytest.fixture
def served_with(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the server would have been started with."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr("entrypoints.cli.serve.serve", lambda **options: calls.append(options))
    return calls


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ((), {}),
        (("--port", "8001"), {"port": 8001}),
        (("--port=8001",), {"port": 8001}),
        (("--port", "08001"), {"port": 8001}),
        (("--port", "1", "--port", "2"), {"port": 2}),
        (("--workers", "4", "--host", "::1"), {"workers": 4, "host": "::1"}),
        (("--host", "::1", "--workers=4"), {"workers": 4, "host": "::1"}),
        (("--host", ""), {"host": ""}),
        (("--host", "9", "--port", "0"), {"host": "9", "port": 0}),
        (("--port", "-1"), {"port": -1}),
        (("--host", "--port"), {"host": "--port"}),
    ],
)
def test_options_arrive(
    console: Console,
    served_with: list[dict[str, Any]],
    words: tuple[str, ...],
    options: dict[str, Any],
) -> None:
    assert console("serve", *words).code == 0
    assert served_with == [{"host": None, "port": None, "workers": None} | options]


@pytest.mark.parametrize(
    "words",
    [
        ("--port",),
        ("--port", "eight"),
        ("--port", "²"),
        ("--port", ""),
        ("--nonsense", "1"),
        ("surplus",),
        ("--port", "1", "surplus"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage(
    console: Console, served_with: list[dict[str, Any]], words: tuple[str, ...]
) -> None:
    assert console("serve", *words).refusal(2)
    assert served_with == []
