"""Gives every test of the settings an environment of its own, with nothing set."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings import ConfigurationError, load_settings

SetVariables = Callable[..., None]
FindFaults = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.upper().startswith("DOORWARD_") or name in {"DATABASE_URL", "REDIS_URL"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def set_variables(monkeypatch: pytest.MonkeyPatch) -> SetVariables:
    """Sets DOORWARD_ variables by their short names."""

    def set_them(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"DOORWARD_{name}", value)

    return set_them


@pytest.fixture
def find_faults(set_variables: SetVariables) -> FindFaults:
    """Sets variables and answers the fault lines that loading the settings then gives."""

    def find_them(**values: str) -> list[str]:
        set_variables(**values)
        try:
            load_settings()
        except ConfigurationError as error:
            return list(error.faults)
        return []

    return find_them
