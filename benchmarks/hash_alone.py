"""What a core can do of nothing but password hashes: what sign-in and registration come close to.

Run as a program it hashes for as many seconds as it is told and prints what it did.
"""

import json
import os
import statistics
import subprocess
import sys
import time

from argon2 import PasswordHasher

from benchmarks.load import Measured
from benchmarks.processes import SERVING_CORE
from config.settings import load_settings
from tests.services import ROOT

_PASSWORD = "a long sentence is best"


def hasher() -> PasswordHasher:
    """With the parameters that the service has by default."""
    settings = load_settings()
    return PasswordHasher(
        memory_cost=settings.argon2_memory_kib, time_cost=settings.argon2_time_cost, parallelism=1
    )


def measure(seconds: float) -> tuple[Measured, float]:
    """One thread, on the core that everything else is served from."""
    command = [sys.executable, "-m", "benchmarks.hash_alone", str(seconds)]
    done = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: os.sched_setaffinity(0, {SERVING_CORE}),
    )
    *latencies, cpu_seconds = json.loads(done.stdout)
    cuts = statistics.quantiles(latencies, n=100)
    measured = Measured(
        rps=1000 * len(latencies) / sum(latencies),
        p50_ms=cuts[49],
        p99_ms=cuts[98],
        requests=len(latencies),
        errors=0,
    )
    return measured, cpu_seconds


def _hash_for(seconds: float) -> list[float]:
    argon2 = hasher()
    stored = argon2.hash(_PASSWORD)
    latencies: list[float] = []
    began, cpu_before = time.perf_counter(), time.process_time()
    while (now := time.perf_counter()) < began + seconds:
        argon2.verify(stored, _PASSWORD)
        latencies.append((time.perf_counter() - now) * 1000)
    return [*latencies, time.process_time() - cpu_before]


if __name__ == "__main__":
    print(json.dumps(_hash_for(float(sys.argv[1]))))
