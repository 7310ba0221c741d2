"""The Dockerfile carried out without Docker: its lines, in a folder instead of a file system."""

import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from string import Template

import pytest

from tests.architecture.tree import ROOT
from tests.deployment.dockerfile import Instruction, Stage, one, read_stages
from tests.servers import free_port

START_SECONDS = 30.0
STOP_SECONDS = 15.0

# The paths of the image; whatever else begins with a slash is not a path of its own.
IMAGE_PATH = re.compile(r"(?<![\w.])/(?=(?:opt|build|data)\b)")
# The wheels of the last run serve again: what an image must not keep, a test may.
NOT_APPLIED = {"PIP_NO_CACHE_DIR"}
# What only root may do; that it was asked for is all there is to see.
ROOTS_OWN = ("groupadd", "useradd", "chown")


@dataclass
class Replay:
    """One image in the making: its files below `root`, its environment, its current folder."""

    root: Path
    tools: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.root.mkdir()
        self.folder = self.root
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DOORWARD_", "PYTHON", "VIRTUAL_ENV", "DATABASE_", "REDIS_"))
        } | {"PATH": f"{self.tools}:/usr/bin:/bin"}

    def mapped(self, text: str) -> str:
        return IMAGE_PATH.sub(f"{self.root}/", text)

    def build(self, stage: Stage, earlier: "Replay | None" = None) -> None:
        for instruction in stage:
            match instruction.name:
                case "RUN":
                    self.run(["sh", "-ec", self.mapped(instruction.text)], check=True)
                case "ENV":
                    self.set_variables(instruction)
                case "WORKDIR":
                    self.folder = Path(self.mapped(instruction.text))
                    self.folder.mkdir(parents=True, exist_ok=True)
                case "COPY":
                    self.copy(instruction.text.split(), earlier)

    def set_variables(self, instruction: Instruction) -> None:
        for assignment in shlex.split(instruction.text):
            name, _, value = assignment.partition("=")
            if name not in NOT_APPLIED:
                value = Template(self.mapped(value)).substitute(self.environment)
                self.environment[name] = value

    def copy(self, words: list[str], earlier: "Replay | None") -> None:
        if words[0].startswith("--from="):
            assert earlier is not None
            [source, target] = words[1:]
            # An environment holds its own path; it works in no other place.
            assert source == target
            Path(self.mapped(target)).parent.mkdir(parents=True, exist_ok=True)
            Path(earlier.mapped(source)).rename(self.mapped(target))
            return
        *sources, target = words
        for source in sources:
            if (ROOT / source).is_dir():
                unwanted = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, self.folder / target, ignore=unwanted)
            else:
                shutil.copy(ROOT / source, self.folder / target)

    def run(self, command: list[str], *, check: bool = False) -> int:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.returncode


def place_tools(folder: Path) -> None:
    """The image's own Python, by that name, and stand-ins for what only root may do."""
    folder.mkdir()
    base = getattr(sys, "_base_executable", sys.executable)
    scripts = dict.fromkeys(ROOTS_OWN, f'echo "$0" "$@" >> {shlex.quote(str(folder))}/asked\n')
    scripts["python"] = f'exec {shlex.quote(base)} "$@"\n'
    for name, body in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}", encoding="utf-8")
        (folder / name).chmod(0o755)


def written(root: Path) -> dict[str, float]:
    return {
        str(path): path.lstat().st_mtime
        for path in root.rglob("*")
        if not path.is_relative_to(root / "data")
    }


@pytest.mark.proof
def test_the_image_can_be_built_started_checked_and_stopped(tmp_path: Path) -> None:
    builder_stage, image_stage = read_stages()
    place_tools(tmp_path / "tools")
    # The same place twice, one after the other: see `copy`.
    builder = Replay(tmp_path / "root", tmp_path / "tools")
    builder.build(builder_stage)
    builder.root = builder.root.rename(tmp_path / "builder")
    image = Replay(tmp_path / "root", tmp_path / "tools")
    image.build(image_stage, builder)

    asked = (tmp_path / "tools" / "asked").read_text(encoding="utf-8")
    assert all(f"/{command} " in asked for command in ROOTS_OWN)
    holds_only_what_runs(image)
    serves_until_told_to_stop(image, image_stage)


def holds_only_what_runs(image: Replay) -> None:
    [packages] = (image.root / "opt" / "venv" / "lib").glob("python*/site-packages")
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    installed = {
        each.name.lower().replace("_", "-") for each in distributions(path=[str(packages)])
    }
    assert "doorward" in installed
    assert installed - pinned == {"doorward"}


def serves_until_told_to_stop(image: Replay, stage: Stage) -> None:
    image.environment |= {"DOORWARD_PORT": str(free_port()), "DOORWARD_DRAIN_SECONDS": "0"}
    health = one(stage, "HEALTHCHECK").exec_form()
    command = one(stage, "CMD").exec_form()
    before = written(image.root)
    assert image.run(health) != 0

    program = shutil.which(command[0], path=image.environment["PATH"])
    assert program is not None
    assert Path(program).is_relative_to(image.root)
    server = subprocess.Popen(
        [program, *command[1:]],
        cwd=image.folder,
        env=image.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while image.run(health) != 0:
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        server.send_signal(signal.Signals[one(stage, "STOPSIGNAL").text])
        assert server.wait(STOP_SECONDS) == 0
    finally:
        server.kill()
        server.wait()

    # A file system that is read-only but for /data is enough.
    assert written(image.root) == before
    secret = image.root / "data" / "server_secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
