"""What is pinned, and what a built package holds."""

import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.architecture.tree import ROOMS, ROOT, project_files, room_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]
LOCKS = {
    "requirements.txt": PROJECT["project"]["dependencies"],
    "requirements-build.txt": GROUPS["build"],
    "requirements-dev.txt": [
        *PROJECT["project"]["dependencies"],
        *GROUPS["build"],
        *(entry for entry in GROUPS["dev"] if isinstance(entry, str)),
    ],
    "requirements-bench.txt": GROUPS["bench"],
    "requirements-peers.txt": GROUPS["peers"],
}


def pins_of(lock: str) -> Iterator[tuple[Requirement, str]]:
    """(requirement, its hashes), one an entry."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            requirement, _, hashes = line.partition(" --hash=")
            yield Requirement(requirement), hashes


def versions_of(lock: str) -> dict[str, set[Version]]:
    found: dict[str, set[Version]] = {}
    for pin, _ in pins_of(lock):
        specifier = next(iter(pin.specifier))
        found.setdefault(canonicalize_name(pin.name), set()).add(Version(specifier.version))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_says_what_to_install_and_not_from_where(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "://" in line] == []
    options = [line for line in lines if line.lstrip().startswith("-")]
    assert [line for line in options if not line.startswith("    --hash=sha256:")] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_one_version_by_its_hashes(lock: str) -> None:
    loose = [
        pin.name
        for pin, hashes in pins_of(lock)
        if [each.operator for each in pin.specifier] != ["=="] or not hashes.startswith("sha256:")
    ]
    assert loose == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_dependency_that_is_declared(lock: str) -> None:
    pinned = versions_of(lock)
    unmet = [
        text
        for text in LOCKS[lock]
        if not any(
            Requirement(text).specifier.contains(version)
            for version in pinned.get(canonicalize_name(Requirement(text).name), ())
        )
    ]
    assert unmet == []


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-build.txt"])
def test_what_is_served_is_what_was_tested(lock: str) -> None:
    tested = versions_of("requirements-dev.txt")
    for name, versions in versions_of(lock).items():
        assert tested[name] == versions


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_a_wheel_holds_the_rooms_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == {str(path) for path in project_files() if path.parts[0] in ROOMS}
    assert packed >= {str(path) for path in room_files()}


def test_a_wheel_holds_what_is_no_code(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {
        "adapters/crypto/common_passwords.txt",
        "adapters/sql/migrations/env.py",
        "adapters/sql/migrations/script.py.mako",
    } <= names
    assert any(Path(name).match("adapters/sql/migrations/versions/0001_*.py") for name in names)


def test_a_wheel_gives_the_command(wheel: zipfile.ZipFile) -> None:
    [listed] = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]
    assert "doorward = entrypoints.cli.app:run" in wheel.read(listed).decode()
