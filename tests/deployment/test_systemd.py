"""The systemd units: systemd takes them, they are hardened, and what they name exists."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from config.settings import Settings, find_unknown_variables
from config.settings.variables import FILE_READABLE, FILE_SUFFIX, variable_name
from entrypoints.cli.commands import app
from tests.architecture.tree import ROOT

UNITS = {path.name: path for path in (ROOT / "deploy/systemd").iterdir()}
every_unit = pytest.mark.parametrize("name", UNITS)

HARDENED = {
    **{
        key: ["yes"]
        for key in (
            *("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "PrivateUsers"),
            *("ProtectClock", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs"),
            *("ProtectKernelModules", "ProtectKernelTunables", "RestrictNamespaces"),
            *("RestrictRealtime", "RestrictSUIDSGID", "LockPersonality"),
        )
    },
    "ProtectSystem": ["strict"],
    "CapabilityBoundingSet": [""],
    "AmbientCapabilities": [""],
    "SystemCallArchitectures": ["native"],
    "UMask": ["0077"],
}


def sections(name: str) -> dict[str, dict[str, list[str]]]:
    """Section -> key -> values; every line must be a section, an assignment or a comment."""
    found: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in UNITS[name].read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
            assert section not in found
            found[section] = {}
            continue
        match = re.fullmatch(r"([A-Z][A-Za-z]+)=(.*)", line)
        assert match is not None, line
        found[section].setdefault(match[1], []).append(match[2])
    return found


def environment(name: str) -> dict[str, str]:
    pairs = (value.partition("=") for value in sections(name)["Service"]["Environment"])
    return {variable: value for variable, _, value in pairs}


@every_unit
def test_a_unit_has_its_parts(name: str) -> None:
    assert sections(name).keys() == {"Unit", "Service", "Install"}
    assert sections(name)["Install"] == {"WantedBy": ["multi-user.target"]}
    assert sections(name)["Service"]["User"] == ["doorward"]
    assert sections(name)["Service"]["Restart"] == ["on-failure"]


@every_unit
def test_a_unit_is_hardened(name: str) -> None:
    service = sections(name)["Service"]
    assert {key: service.get(key) for key in HARDENED} == HARDENED
    assert service["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]


@every_unit
def test_a_unit_runs_a_command_that_exists(name: str) -> None:
    [command] = sections(name)["Service"]["ExecStart"]
    program, verb, *options = command.split()
    assert Path(program).name == "doorward"
    known = getattr(get_command(app), "commands")[verb]  # noqa: B009 - a Group has it
    names = {option for parameter in known.params for option in parameter.opts}
    assert {option for option in options if option.startswith("--")} <= names


@every_unit
def test_a_unit_reads_its_secrets_from_credentials(name: str) -> None:
    variables = environment(name)
    assert find_unknown_variables(variables) == []
    assert {variable_name(setting) for setting in FILE_READABLE} & variables.keys() == set()
    loaded = {value.partition(":")[0] for value in sections(name)["Service"]["LoadCredential"]}
    read = {
        value.removeprefix("%d/")
        for variable, value in variables.items()
        if variable.endswith(FILE_SUFFIX)
    }
    assert read == loaded


@every_unit
def test_a_unit_keeps_its_data_where_it_may_write(name: str) -> None:
    [folder] = sections(name)["Service"]["StateDirectory"]
    assert environment(name)["DOORWARD_DATA_DIR"] == f"/var/lib/{folder}"
    assert sections(name)["Service"]["StateDirectoryMode"] == ["0700"]


@every_unit
def test_there_is_time_to_finish(name: str) -> None:
    fields = Settings.model_fields
    needed = fields["drain_seconds"].default + fields["shutdown_grace_seconds"].default
    [given] = sections(name)["Service"]["TimeoutStopSec"]
    assert int(given) > needed
    # The parent alone is told: it knows what its processes have in hand.
    assert sections(name)["Service"]["KillMode"] == ["mixed"]


@every_unit
def test_systemd_takes_the_unit(name: str, tmp_path: Path) -> None:
    """Where there is a systemd; where there is none, its assignments are known ones at least."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        assert sections(name)["Service"].keys() <= KNOWN
        return
    unit = tmp_path / name
    text = UNITS[name].read_text(encoding="utf-8")
    # It looks for the program, which is not installed here.
    unit.write_text(text.replace("/opt/doorward/bin/doorward", "/bin/true"), encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


KNOWN = {
    *HARDENED,
    *("Type", "User", "Group", "EnvironmentFile", "Environment", "LoadCredential"),
    *("WorkingDirectory", "StateDirectory", "StateDirectoryMode", "ExecStart", "Restart"),
    *("RestartSec", "TimeoutStopSec", "KillMode", "LimitNOFILE", "ProtectProc", "ProcSubset"),
    *("RemoveIPC", "RestrictAddressFamilies", "SystemCallFilter", "SystemCallErrorNumber"),
}


@every_unit
def test_every_assignment_is_a_known_one(name: str) -> None:
    assert sections(name)["Service"].keys() <= KNOWN
