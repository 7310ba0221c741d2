"""`doorward worker`: what it refuses before it begins."""

from pathlib import Path

import pytest

from config.settings import ConfigurationError
from entrypoints.cli.worker import worker
from tests.entrypoints.cli.console import Console


@pytest.mark.parametrize(
    ("variables", "fault"),
    [
        ({"JOBS": "celery"}, "DOORWARD_REDIS_URL"),
        ({"JOBS": "celery", "REDIS_URL": "redis://127.0.0.1:1"}, "no data"),
    ],
)
def test_a_worker_needs_a_broker_and_an_installation(
    variables: dict[str, str], fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "none"
    for name, value in {"DATA_DIR": str(folder), **variables}.items():
        monkeypatch.setenv(f"DOORWARD_{name}", value)
    with pytest.raises(ConfigurationError) as refused:
        worker(beat=False, concurrency=1)
    assert fault in str(refused.value.faults)
    assert not folder.exists()


def test_a_worker_needs_work(anywhere: str, console: Console) -> None:
    assert console("worker").refusal().startswith("DOORWARD_JOBS: must be celery")
