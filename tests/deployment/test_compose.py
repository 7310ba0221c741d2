"""compose.yaml: everything it names exists, nothing in it is a secret, nothing is open."""

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from config.settings import Settings, find_unknown_variables, load_settings
from config.settings.variables import FILE_READABLE, FILE_SUFFIX, variable_name
from entrypoints.cli.commands import app
from tests.architecture.tree import ROOT
from tests.deployment.dockerfile import one, read_stages

TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
ONE_SHOT = {
    name
    for service in SERVICES.values()
    for name, wanted in service.get("depends_on", {}).items()
    if wanted["condition"] == "service_completed_successfully"
}
INTERPOLATED = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")

[EXPOSED] = [one(stage, "EXPOSE").text for stage in read_stages()[1:]]

services = pytest.mark.parametrize("name", SERVICES)
ours = pytest.mark.parametrize("name", OURS)


@services
def test_a_service_has_an_image_of_a_named_release(name: str) -> None:
    service = SERVICES[name]
    assert "build" in service or re.search(r":v?\d", service["image"])


@services
def test_a_service_can_change_nothing_but_its_data(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("user", "") != "root"
    assert "build" in service or "user" in service


@services
def test_a_service_comes_back_and_says_how_it_is(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert service["restart"] == "no"
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert "build" in service or service["healthcheck"]["test"][0] == "CMD"


@services
def test_what_a_service_waits_for_exists(name: str) -> None:
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        assert wanted["condition"] in ("service_healthy", "service_completed_successfully")


@services
def test_what_a_service_uses_is_declared(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()
    assert set(service["networks"]) <= COMPOSE["networks"].keys()
    assert {mount.partition(":")[0] for mount in service.get("volumes", [])} <= COMPOSE[
        "volumes"
    ].keys()
    assert {each["source"] for each in service.get("configs", [])} <= COMPOSE["configs"].keys()


def test_every_configuration_is_a_file_that_somebody_reads() -> None:
    used = {each["source"] for service in SERVICES.values() for each in service.get("configs", [])}
    assert used == COMPOSE["configs"].keys()
    for configuration in COMPOSE["configs"].values():
        assert (ROOT / configuration["file"]).is_file()


def test_every_volume_and_network_is_used() -> None:
    mounts = {
        mount.partition(":")[0] for each in SERVICES.values() for mount in each.get("volumes", [])
    }
    assert mounts == COMPOSE["volumes"].keys()
    joined = {network for each in SERVICES.values() for network in each["networks"]}
    assert joined == COMPOSE["networks"].keys()


def test_every_secret_is_a_file_that_somebody_reads() -> None:
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == COMPOSE["secrets"].keys()
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())


@services
def test_no_secret_stands_in_an_environment(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    for variable, value in environment.items():
        if variable.endswith(FILE_SUFFIX):
            assert value.removeprefix("/run/secrets/") in SERVICES[name]["secrets"]
        else:
            assert "PASSWORD" not in variable
            assert "@" not in value.partition(":-")[0]
    readable = {variable_name(setting) for setting in FILE_READABLE}
    # Redis has no password here: its network has no other way in.
    assert readable & environment.keys() <= {"DOORWARD_REDIS_URL"}


def test_the_way_in_is_nginx_and_only_from_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"nginx": ["127.0.0.1:8000:8080"], "grafana": ["127.0.0.1:3000:3000"]}
    internal = {
        name for name, network in COMPOSE["networks"].items() if (network or {}).get("internal")
    }
    for name, service in SERVICES.items():
        if name not in OURS and name not in published:
            assert set(service["networks"]) <= internal


def shares_a_network(name: str, other: str) -> bool:
    return bool(set(SERVICES[name]["networks"]) & set(SERVICES[other]["networks"]))


def test_nobody_reaches_what_is_no_business_of_theirs() -> None:
    for name in ("nginx", "grafana"):
        for other in ("postgres", "redis"):
            assert not shares_a_network(name, other)
    assert shares_a_network("nginx", "doorward")
    assert shares_a_network("grafana", "prometheus")


def test_doorward_believes_its_proxy_and_nobody_else() -> None:
    [pool] = COMPOSE["networks"]["front"]["ipam"]["config"]
    trusted = OURS["doorward"]["environment"]["DOORWARD_TRUSTED_PROXIES"]
    assert trusted == "${DOORWARD_TRUSTED_PROXIES:-" + pool["subnet"] + "}"


def test_prometheus_finds_what_it_scrapes() -> None:
    scraping = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    ports = {"doorward": EXPOSED, "worker": option_of("worker", "--metrics-port")}
    targets = {
        target
        for job in scraping["scrape_configs"]
        for each in job["static_configs"]
        for target in each["targets"]
    }
    assert targets == {f"{name}:{port}" for name, port in ports.items()}
    assert all(shares_a_network("prometheus", name) for name in ports)
    assert "metrics_token" in SERVICES["prometheus"]["secrets"]
    retained = [each["target"] for each in SERVICES["prometheus"]["configs"]]
    assert f"--config.file={retained[0]}" in SERVICES["prometheus"]["command"]


def test_grafana_finds_its_source_and_its_dashboard() -> None:
    folder = ROOT / "deploy/grafana/provisioning"
    [source] = yaml.safe_load((folder / "datasources/prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    [provider] = yaml.safe_load((folder / "dashboards/doorward.yaml").read_text())["providers"]
    targets = [each["target"] for each in SERVICES["grafana"]["configs"]]
    assert f"{provider['options']['path']}/doorward.json" in targets


def option_of(name: str, option: str) -> str:
    command: list[str] = OURS[name]["command"]
    return command[command.index(option) + 1]


@ours
def test_every_variable_is_a_setting(name: str) -> None:
    environment: dict[str, str] = OURS[name]["environment"]
    assert find_unknown_variables(environment) == []
    asked = {match[1] for value in environment.values() for match in INTERPOLATED.finditer(value)}
    assert asked <= {variable_name(setting) for setting in Settings.model_fields}


@ours
def test_every_command_exists(name: str) -> None:
    program, verb, *options = OURS[name].get("command") or one(read_stages()[1], "CMD").exec_form()
    assert program == "doorward"
    command = getattr(get_command(app), "commands")[verb]  # noqa: B009 - a Group has it
    known = {option for parameter in command.params for option in parameter.opts}
    assert {option for option in options if option.startswith("--")} <= known


def test_there_is_time_to_finish() -> None:
    fields = Settings.model_fields
    needed = fields["drain_seconds"].default + fields["shutdown_grace_seconds"].default
    grace = {
        name: int(service["stop_grace_period"].removesuffix("s"))
        for name, service in SERVICES.items()
        if name in ("doorward", "nginx")
    }
    assert grace["nginx"] > grace["doorward"] > needed


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder that the commands at the top of the file make, typed as they stand there."""
    commands = re.findall(r"^#\s+\$ (.+)$", TEXT, re.MULTILINE)
    script = "\n".join(commands)
    subprocess.run(["sh", "-euc", script], cwd=tmp_path, check=True)
    return tmp_path / "data" / "secrets"


def test_the_commands_at_the_top_make_every_secret(secrets: Path) -> None:
    assert {path.name for path in secrets.iterdir()} == COMPOSE["secrets"].keys()
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./data/secrets/{name}"}
        assert stat.S_IMODE((secrets / name).stat().st_mode) == 0o444
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700


@ours
def test_production_accepts_the_configuration(
    name: str, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [name for name in os.environ if name.startswith("DOORWARD_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(secrets)
    given = {"DOORWARD_PUBLIC_URL": "https://accounts.example.com"}
    for variable, value in OURS[name]["environment"].items():
        text = INTERPOLATED.sub(lambda match: interpolated(match, given), value)
        monkeypatch.setenv(variable, text.replace("/run/secrets", str(secrets)))

    settings = load_settings()

    assert settings.environment == "production"
    assert settings.allowed_hosts == ("127.0.0.1", "localhost", "[::1]", "accounts.example.com")
    password = (secrets / "database_password").read_text(encoding="utf-8").strip()
    assert settings.sqlalchemy_url == (
        f"postgresql+asyncpg://{SERVICES['postgres']['environment']['POSTGRES_USER']}:{password}"
        f"@postgres/{SERVICES['postgres']['environment']['POSTGRES_DB']}"
    )
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "redis://redis:6379/0"


def interpolated(match: re.Match[str], given: dict[str, str]) -> str:
    variable, kind, text = match.groups()
    if variable in given:
        return given[variable]
    assert kind == "-", f"{variable}: {text}"
    return str(text)
