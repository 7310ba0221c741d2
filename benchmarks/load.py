"""Load: wrk where it is installed, else a generator of our own; either stays on one core."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_SCRIPT = Path(__file__).with_name("requests.lua")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
WRK = shutil.which("wrk")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One kind of request. Each of `values` in turn stands for `@` in header, path and body.

    With `successor`, a value is good for one request: the answer's JSON member of that name takes
    its place at the end of the queue.
    """

    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    values: Sequence[str] = ("",)
    successor: str = ""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Requests a second, latencies in milliseconds, and answers that were not as expected."""

    rps: float
    p50_ms: float
    p99_ms: float
    requests: int
    errors: int


def measure(call: Call, *, seconds: float, connections: int, core: int, folder: Path) -> Measured:
    """Closed loop: each connection sends its next request when the last was answered."""
    if WRK is None:
        return generate(call, seconds=seconds, connections=connections, core=core, folder=folder)
    parts = urlsplit(call.url)
    values = folder / f"values-{os.urandom(4).hex()}.txt"
    values.write_text("\n".join(call.values))
    script = {
        "BENCH_METHOD": call.method,
        "BENCH_PATH": call.url.split(parts.netloc, 1)[1],
        "BENCH_BODY": call.body,
        "BENCH_HEADERS": "\n".join(f"{name}: {value}" for name, value in call.headers.items()),
        "BENCH_VALUES": str(values),
        "BENCH_SUCCESSOR": call.successor,
    }
    command = [
        *(WRK, "--threads", "1", "--connections", str(connections)),
        *("--duration", f"{max(1, round(seconds))}s", "--latency", "--timeout", "30s"),
        *("--script", str(_SCRIPT), f"{parts.scheme}://{parts.netloc}"),
    ]
    return _read_wrk(_run(command, core, os.environ | script))


def generate(
    call: Call,
    *,
    seconds: float,
    connections: int,
    core: int,
    folder: Path,
    rate: float | None = None,
) -> Measured:
    """By a process of ours. With `rate`, an open loop: requests are due whatever the answers do."""
    order = folder / f"order-{os.urandom(4).hex()}.json"
    order.write_text(
        json.dumps(
            {
                "call": asdict(call),
                "seconds": seconds,
                "connections": connections,
                "rate": rate,
            }
        )
    )
    command = [sys.executable, "-m", "benchmarks.generator", str(order)]
    root = {"PYTHONPATH": str(Path(__file__).parent.parent)}
    return Measured(**json.loads(_run(command, core, os.environ | root)))


def sound(measured: Measured) -> Measured:
    """Raises RuntimeError where an answer was not a good one."""
    if measured.errors or not measured.requests:
        raise RuntimeError(f"{measured.errors} bad answers of {measured.requests}")
    return measured


def _run(command: list[str], core: int, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr}")
    return done.stdout


def _read_wrk(text: str) -> Measured:
    def latency(share: str) -> float:
        found = re.search(rf"{share}\s+([\d.]+)(us|ms|s)\b", text)
        if found is None:
            raise ValueError(text)
        return float(found[1]) * _MILLISECONDS[found[2]]

    counted = re.search(r"BENCH requests=(\d+) seconds=([\d.]+) errors=(\d+)", text)
    if counted is None:
        raise ValueError(text)
    requests, seconds, errors = int(counted[1]), float(counted[2]), int(counted[3])
    return Measured(
        rps=requests / seconds,
        p50_ms=latency("50%"),
        p99_ms=latency("99%"),
        requests=requests,
        errors=errors,
    )
