"""The import rules: each is kept, each is seen red on a planted import, and none has a gap."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, module_name, room_files

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
BY_NAME = {contract["name"]: contract for contract in CONTRACTS}

# (what must break, the module that is planted, what it imports)
PLANTS = [
    ("The rooms, from the outside in", "domain.planted", "application.ports"),
    ("The rooms, from the outside in", "application.planted", "adapters.system"),
    ("The rooms, from the outside in", "adapters.planted", "config.settings"),
    ("The rooms, from the outside in", "config.planted", "entrypoints.version"),
    (
        "Entrypoints reach adapters through the container only",
        "entrypoints.http.planted",
        "adapters.sql",
    ),
    ("Ports know the domain only", "application.ports.planted", "application.users"),
    ("Adapters know ports, not use cases", "adapters.sql.planted", "application.users"),
    ("Technologies do not know each other", "adapters.sql.planted", "adapters.crypto"),
    ("Ways in do not know each other", "entrypoints.cli.planted", "entrypoints.http"),
    (
        "One feature's use cases do not call another's",
        "application.users.planted",
        "application.sessions",
    ),
    ("One place knows the injector", "entrypoints.http.planted", "dependency_injector"),
]

# What several features' use cases lean on; no feature itself.
SHARED = {
    *(
        "access_tokens",
        "account_access",
        "api_key_reader",
        "audit",
        "authority",
        "backoff",
        "idempotency",
        "known_addresses",
        "limits",
        "link_tokens",
    ),
    *("outgoing_mail", "pages", "password_proof", "signing_keys", "tokens"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rooms, to plant in."""
    folder = tmp_path_factory.mktemp("rooms")
    for path in room_files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def broken_contracts(folder: Path) -> set[str]:
    lint = Path(sys.executable).with_name("lint-imports")
    report = subprocess.run([lint], cwd=folder, capture_output=True, text=True, check=False).stdout
    verdicts = re.findall(r"^(.+?) (KEPT|BROKEN)(?: \(.+\))?$", report, re.MULTILINE)
    assert {name for name, _ in verdicts} == BY_NAME.keys(), report
    return {name for name, verdict in verdicts if verdict == "BROKEN"}


def test_every_contract_is_kept(copy: Path) -> None:
    assert broken_contracts(copy) == set()


@pytest.mark.parametrize(("contract", "module", "target"), PLANTS)
def test_a_contract_catches(contract: str, module: str, target: str, copy: Path) -> None:
    planted = copy / f"{module.replace('.', '/')}.py"
    planted.write_text(f"import {target}\n", encoding="utf-8")
    try:
        assert contract in broken_contracts(copy)
    finally:
        planted.unlink()


def test_every_contract_has_been_seen_red() -> None:
    assert {contract for contract, _, _ in PLANTS} == BY_NAME.keys()


def children(package: str) -> set[str]:
    """The modules and packages right below it."""
    names = (module_name(path) for path in room_files())
    below = (name for name in names if name.startswith(f"{package}."))
    depth = package.count(".") + 2
    return {".".join(name.split(".")[:depth]) for name in below}


def test_the_lists_of_use_cases_are_complete() -> None:
    use_cases = children("application") - {"application.ports"}
    for name in ("Ports know the domain only", "Adapters know ports, not use cases"):
        assert set(BY_NAME[name]["forbidden_modules"]) == use_cases


def test_every_feature_keeps_to_itself() -> None:
    use_cases = children("application") - {"application.ports"}
    features = set(BY_NAME["One feature's use cases do not call another's"]["modules"])
    assert features == use_cases - {f"application.{name}" for name in SHARED}


def test_every_technology_and_every_way_in_stands_alone() -> None:
    assert set(BY_NAME["Technologies do not know each other"]["modules"]) == children("adapters")
    ways_in = children("entrypoints") - {"entrypoints.version"}
    assert set(BY_NAME["Ways in do not know each other"]["modules"]) == ways_in


def excused() -> Iterator[str]:
    for contract in CONTRACTS:
        yield from contract.get("ignore_imports", [])


def test_only_the_starters_of_the_server_are_excused() -> None:
    assert sorted(excused()) == [
        "entrypoints.cli.openapi -> entrypoints.http.app",
        "entrypoints.cli.serve -> entrypoints.http.app",
        "entrypoints.cli.serve -> entrypoints.http.serving.descriptors",
        "entrypoints.cli.serve -> entrypoints.http.serving.server",
        "entrypoints.cli.server -> entrypoints.http.serving.server",
        "entrypoints.cli.supervisor -> entrypoints.http.serving.server",
        "entrypoints.cli.worker -> entrypoints.worker.app",
        "entrypoints.cli.worker -> entrypoints.worker.metrics",
    ]
