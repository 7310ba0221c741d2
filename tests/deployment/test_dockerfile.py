"""What the image promises, read from the Dockerfile."""

import re
import subprocess
import sys
from pathlib import Path

from config.settings import find_unknown_variables
from tests.architecture.tree import ROOMS, ROOT
from tests.deployment.dockerfile import one, read_stages

BUILDER, IMAGE = read_stages()


def test_the_linter_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    strict = ["--failure-threshold", "style", "--disable-ignore-pragma", "Dockerfile"]
    found = subprocess.run(
        [hadolint, *strict], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (0, "")


def test_both_stages_begin_with_the_same_named_release() -> None:
    base = one(IMAGE, "FROM").text
    assert one(BUILDER, "FROM").text == f"{base} AS builder"
    assert re.fullmatch(r"python:3\.\d+(\.\d+)?-slim-[a-z]+(@sha256:[0-9a-f]{64})?", base)


def test_every_installation_is_checked_against_hashes_or_needs_no_index() -> None:
    installs = [
        command
        for stage in (BUILDER, IMAGE)
        for each in stage
        if each.name == "RUN"
        for command in each.text.split("&&")
        if "install" in command
    ]
    assert len(installs) == 3
    assert all("--require-hashes" in command or "--no-index" in command for command in installs)


def test_it_runs_as_a_fixed_user_who_is_not_root() -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", one(IMAGE, "USER").text)
    last_run = max(i for i, each in enumerate(IMAGE) if each.name in ("RUN", "COPY"))
    assert [each.name for each in IMAGE].index("USER") > last_run


def test_it_runs_without_a_shell() -> None:
    assert one(IMAGE, "CMD").exec_form() == ["doorward", "serve"]
    health = one(IMAGE, "HEALTHCHECK").exec_form()
    assert health[0] == "python"
    assert "/health/live" in health[-1]
    assert one(IMAGE, "STOPSIGNAL").text == "SIGTERM"


def test_its_variables_are_settings() -> None:
    assigned = re.findall(r"(\w+)=(\S+)", one(IMAGE, "ENV").text)
    variables = dict(assigned)
    assert find_unknown_variables(variables) == []
    assert variables["DOORWARD_HOST"] == "0.0.0.0"  # noqa: S104 - inside the container
    assert [variables["DOORWARD_DATA_DIR"]] == one(IMAGE, "VOLUME").exec_form()
    assert variables["DOORWARD_PORT"] == one(IMAGE, "EXPOSE").text


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    seen = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        source for each in BUILDER if each.name == "COPY" for source in each.text.split()[:-1]
    }
    assert rules[0] == "*"
    assert seen == copied
    assert set(ROOMS) <= copied
    assert all((ROOT / source).exists() for source in copied)
