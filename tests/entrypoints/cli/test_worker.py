"""`doorward worker`: what it refuses before it begins."""

from pathlib import Path

import pytest

from config.settings import ConfigurationError
from entrypoints.cli.worker import worker


@pytest.mark.parametrize(
    ("variables", "fault"),
    [
        ({"JOBS": "inprocess"}, "DOORWARD_JOBS"),
        ({"JOBS": "celery"}, "DOORWARD_REDIS_URL"),
        ({"JOBS": "celery", "REDIS_URL": "redis://127.0.0.1:1"}, "no data"),
    ],
)
def test_a_worker_needs_work_a_broker_and_an_installation(
    variables: dict[str, str], fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "none"
    for name, value in {"DATA_DIR": str(folder), **variables}.items():
        monkeypatch.setenv(f"DOORWARD_{name}", value)
    with pytest.raises(ConfigurationError) as refused:
        worker(beat=False, concurrency=1)
    assert fault in str(refused.value.faults)
    assert not folder.exists()
