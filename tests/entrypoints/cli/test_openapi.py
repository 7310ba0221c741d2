"""`doorward openapi`: describes the program, not one installation."""

import json
from pathlib import Path

import pytest

from tests.entrypoints.cli.console import Console


def test_it_needs_no_data_and_no_configuration(
    console: Console, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = console("openapi")
    monkeypatch.setenv("DOORWARD_PORT", "quicksilver")
    monkeypatch.setenv("DOORWARD_ENVIRONMENT", "production")
    monkeypatch.setenv("DOORWARD_DATABASE_URL", "quicksilver")
    configured = console("openapi")

    assert (plain.code, plain.err) == (0, "")
    assert json.loads(plain.out)["openapi"].startswith("3.1")
    assert "/api/v1/users" in json.loads(plain.out)["paths"]
    assert configured == plain
    assert list(own_folder.iterdir()) == []
