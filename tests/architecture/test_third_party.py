"""Which libraries each room may name, and what the pure rooms may not even take from Python."""

import ast
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import (
    ROOMS,
    imported_packages,
    module_name,
    parsed,
    room_files,
)

ALLOWED: dict[str, set[str]] = {
    "domain": set(),
    "application": set(),
    "adapters": set(),
    "adapters.celery": {"celery", "kombu"},
    "adapters.crypto": {"argon2", "bcrypt", "cryptography", "jwt", "pydantic_core"},
    "adapters.mail": {"aiosmtplib", "httpx", "jinja2"},
    "adapters.memory": set(),
    "adapters.opentelemetry": {"opentelemetry", "redis", "sqlalchemy"},
    "adapters.prometheus": {"prometheus_client"},
    "adapters.redis": {"redis"},
    "adapters.sql": {"alembic", "asyncpg", "greenlet", "sqlalchemy"},
    "adapters.system": {"email_validator"},
    "config": {"dependency_injector", "pydantic", "pydantic_settings", "structlog"},
    "entrypoints": set(),
    "entrypoints.cli": {"pydantic", "rich", "structlog", "typer", "uvicorn", "uvloop"},
    "entrypoints.worker": {"celery", "structlog", "uvloop"},
    "entrypoints.http": {
        *("fastapi", "pydantic", "pydantic_core", "starlette", "structlog"),
    },
    "entrypoints.http.serving": {
        *("gunicorn", "httptools", "starlette", "structlog", "uvicorn", "uvicorn_worker"),
    },
}
"""The longest name that a module's own begins with decides; every folder has a line."""

# What reaches outside the process, or gives another answer at the next call.
OUTSIDE = frozenset(
    {
        *("asyncio", "http", "importlib", "io", "logging", "os", "pathlib", "random", "secrets"),
        *("shutil", "signal", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading"),
        *("time", "urllib"),
    }
)
CLOCKS_AND_DICE = frozenset({"now", "utcnow", "today", "uuid1", "uuid4", "uuid7", "urandom"})
PORTS = frozenset({"clock", "_clock"})


def room_of(module: str) -> str:
    return max((room for room in ALLOWED if f"{module}.".startswith(f"{room}.")), key=len)


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_names_only_its_libraries(room: str) -> None:
    own = sys.stdlib_module_names | set(ROOMS) | ALLOWED[room]
    strangers = {
        str(path): names
        for path in room_files()
        if room_of(module_name(path)) == room and (names := imported_packages(path) - own)
    }
    assert strangers == {}


@pytest.mark.parametrize("room", ["adapters", "entrypoints"])
def test_every_folder_has_a_line_of_its_own(room: str) -> None:
    nested = [path for path in room_files() if path.parts[0] == room and len(path.parts) > 2]
    assert {".".join(path.parts[:2]) for path in nested} <= ALLOWED.keys()


def test_the_domain_takes_nothing_from_outside() -> None:
    reaching = {
        str(path): names
        for path in room_files()
        if path.parts[0] == "domain" and (names := imported_packages(path) & OUTSIDE)
    }
    assert reaching == {}


def test_time_and_chance_come_through_ports() -> None:
    direct = {
        str(path): calls
        for path in room_files()
        if path.parts[0] in ("domain", "application") and (calls := direct_calls(path))
    }
    assert direct == {}


def direct_calls(path: Path) -> list[str]:
    """`datetime.now()` and its like; `self._clock.now()` asks the port."""
    called = [node.func for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]
    return [
        ast.unparse(function)
        for function in called
        if ast.unparse(function).rpartition(".")[2] in CLOCKS_AND_DICE
        and ast.unparse(function).rpartition(".")[0].rpartition(".")[2] not in PORTS
    ]
