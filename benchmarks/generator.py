"""The load generator of our own: closed loop, or open loop at a rate of its own. Run by `load`."""

import asyncio
import json
import random
import re
import statistics
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

from benchmarks.load import Call, Measured

_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class _Requests:
    """What to send next, and what came of it."""

    call: Call
    values: deque[str]
    latencies_ms: list[float] = field(default_factory=list)
    errors: int = 0

    def following(self) -> bytes:
        value = self.values.popleft()
        if not self.call.successor:
            self.values.append(value)
        call, parts = self.call, urlsplit(self.call.url)
        body = call.body.replace("@", value, 1).encode()
        path = call.url.split(parts.netloc, 1)[1].replace("@", value, 1)
        lines = [f"{call.method} {path} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {text.replace('@', value, 1)}" for name, text in call.headers.items()]
        lines += [f"Content-Length: {len(body)}"] if body else []
        return "\r\n".join([*lines, "", ""]).encode() + body

    async def send(self, streams: _Streams, since: float) -> None:
        """Sends the next one; its latency counts from `since`."""
        reader, writer = streams
        writer.write(self.following())
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length[1])) if length else b""
        self.latencies_ms.append((time.perf_counter() - since) * 1000)
        good = head.startswith(b"HTTP/1.1 2")
        self.errors += not good
        if good and self.call.successor:
            self.values.append(json.loads(body)[self.call.successor])


async def _closed_loop(requests: _Requests, streams: list[_Streams], seconds: float) -> None:
    until = time.perf_counter() + seconds

    async def one(own: _Streams) -> None:
        while (now := time.perf_counter()) < until:
            await requests.send(own, now)

    await asyncio.gather(*(one(own) for own in streams))


async def _open_loop(
    requests: _Requests, streams: list[_Streams], seconds: float, rate: float
) -> None:
    """Arrivals as independent callers make them. A wait for a free connection is the server's.

    Latency counts from when the request was sent off here: how late our own timer is, is not.
    """
    free: asyncio.Queue[_Streams] = asyncio.Queue()
    for own in streams:
        free.put_nowait(own)
    chance = random.Random(1)  # noqa: S311 - the same arrivals in every run

    async def one(since: float) -> None:
        own = await free.get()
        await requests.send(own, since)
        free.put_nowait(own)

    due = began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        while due < began + seconds:
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            group.create_task(one(time.perf_counter()))
            due += chance.expovariate(rate)


async def _generate(order: dict[str, Any]) -> Measured:
    call = Call(**order["call"])
    parts = urlsplit(call.url)
    requests = _Requests(call, deque(call.values))
    streams = [
        await asyncio.open_connection(parts.hostname, parts.port)
        for _ in range(order["connections"])
    ]
    began = time.perf_counter()
    if order["rate"] is None:
        await _closed_loop(requests, streams, order["seconds"])
    else:
        await _open_loop(requests, streams, order["seconds"], order["rate"])
    took = time.perf_counter() - began
    for _, writer in streams:
        writer.close()
    cuts = statistics.quantiles(requests.latencies_ms, n=100)
    return Measured(
        rps=len(requests.latencies_ms) / took,
        p50_ms=cuts[49],
        p99_ms=cuts[98],
        requests=len(requests.latencies_ms),
        errors=requests.errors,
    )


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as _runner:
        _result = _runner.run(_generate(json.loads(Path(sys.argv[1]).read_text())))
    print(json.dumps(asdict(_result)))
