"""Load: wrk where it is installed, else a generator of our own; both speak to one core."""

import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

_SCRIPT = Path(__file__).with_name("requests.lua")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One kind of request. Each value of `values` stands once for `@` in headers, path and body."""

    url: str
    method: str = "GET"
    headers: dict[str, str]
    body: str = ""
    values: Sequence[str] = ("",)


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
    values = folder / "values.txt"
    values.write_text("\n".join(call.values))
    order = folder / "call.json"
    order.write_text(json.dumps(asdict(call) | {"values": []}))
    if shutil.which("wrk") is None:
        return _by_python(order, values, seconds, connections, core)
    return _by_wrk(call, values, seconds, connections, core)


def _pinned(core: int) -> "dict[str, object]":
    return {"preexec_fn": lambda: os.sched_setaffinity(0, {core})}


def _by_wrk(call: Call, values: Path, seconds: float, connections: int, core: int) -> Measured:
    parts = urlsplit(call.url)
    script = {
        "BENCH_METHOD": call.method,
        "BENCH_PATH": call.url.split(parts.netloc, 1)[1],
        "BENCH_BODY": call.body,
        "BENCH_HEADERS": "\n".join(f"{name}: {value}" for name, value in call.headers.items()),
        "BENCH_VALUES": str(values),
    }
    command = [
        *("wrk", "--threads", "1", "--connections", str(connections)),
        *("--duration", f"{round(seconds)}s", "--latency", "--timeout", "30s"),
        *("--script", str(_SCRIPT), f"{parts.scheme}://{parts.netloc}"),
    ]
    done = subprocess.run(
        command,
        env=os.environ | script,
        capture_output=True,
        text=True,
        check=True,
        **_pinned(core),  # type: ignore[call-overload]
    )
    return _read_wrk(done.stdout)


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


def _by_python(order: Path, values: Path, seconds: float, connections: int, core: int) -> Measured:
    command = [
        *(sys.executable, "-m", "benchmarks.load", str(order), str(values)),
        *(str(seconds), str(connections)),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        **_pinned(core),  # type: ignore[call-overload]
    )
    return Measured(**json.loads(done.stdout))


def _rendered(call: Call, value: str) -> bytes:
    parts = urlsplit(call.url)
    body = call.body.replace("@", value).encode()
    path = call.url.split(parts.netloc, 1)[1].replace("@", value)
    lines = [f"{call.method} {path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {text.replace('@', value)}" for name, text in call.headers.items()]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _one_connection(
    call: Call, requests: "asyncio.Queue[bytes]", until: float, latencies: list[float]
) -> int:
    parts = urlsplit(call.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    errors = 0
    while time.perf_counter() < until and not requests.empty():
        request = requests.get_nowait()
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if length is not None and length[1] != b"0":
            await reader.readexactly(int(length[1]))
        latencies.append((time.perf_counter() - began) * 1000)
        errors += not head.startswith(b"HTTP/1.1 2")
        if call.values != ("",):
            continue
        requests.put_nowait(request)
    writer.close()
    return errors


async def _generate(order: Path, values: Path, seconds: float, connections: int) -> Measured:
    call = Call(**{**json.loads(order.read_text()), "values": values.read_text().split("\n")})
    requests: asyncio.Queue[bytes] = asyncio.Queue()
    prepared = [_rendered(call, value) for value in call.values]
    for _ in range(max(1, int(40_000 * seconds / max(1, len(prepared))))):
        for request in prepared:
            requests.put_nowait(request)
    latencies: list[float] = []
    began = time.perf_counter()
    tasks = [
        _one_connection(call, requests, began + seconds, latencies) for _ in range(connections)
    ]
    errors = sum(await asyncio.gather(*tasks))
    cuts = statistics.quantiles(latencies, n=100)
    return Measured(
        rps=len(latencies) / (time.perf_counter() - began),
        p50_ms=cuts[49],
        p99_ms=cuts[98],
        requests=len(latencies),
        errors=errors,
    )


if __name__ == "__main__":
    _order, _values = Path(sys.argv[1]), Path(sys.argv[2])
    _result = asyncio.run(_generate(_order, _values, float(sys.argv[3]), int(sys.argv[4])))
    print(json.dumps(asdict(_result)))
