"""The Kubernetes manifests: valid by Kubernetes' own schemas, hardened, and of one piece."""

import os
import re
import stat
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from typer.main import get_command

from config.settings import find_unknown_variables, load_settings
from config.settings.variables import FILE_READABLE, FILE_SUFFIX, variable_name
from entrypoints.cli.commands import app
from tests.architecture.tree import ROOT
from tests.deployment.dockerfile import one, read_stages

FOLDER = ROOT / "deploy/kubernetes"
Manifest = dict[str, Any]


def documents(name: str) -> list[Manifest]:
    return list(yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8")))


KUSTOMIZATION = documents("kustomization.yaml")[0]
MANIFESTS = {
    f"{manifest['kind']} {manifest['metadata']['name']}": manifest
    for name in KUSTOMIZATION["resources"]
    for manifest in documents(name)
}
PODS: dict[str, Manifest] = {
    name: manifest["spec"]["template"]
    for name, manifest in MANIFESTS.items()
    if "template" in manifest["spec" if "spec" in manifest else "data"]
}
SERVE = PODS["Deployment doorward"]["spec"]
CONFIG: dict[str, str] = MANIFESTS["ConfigMap doorward"]["data"]
NEWEST = kubernetes_validate.latest_version()

every_manifest = pytest.mark.parametrize("name", MANIFESTS)
every_pod = pytest.mark.parametrize("name", PODS)


def container_of(pod: Manifest) -> Manifest:
    [container] = pod["spec"]["containers"]
    found: Manifest = container
    return found


def test_every_file_is_applied() -> None:
    files = {path.name for path in FOLDER.iterdir()} - {"kustomization.yaml"}
    assert files == set(KUSTOMIZATION["resources"])
    total = sum(len(documents(name)) for name in KUSTOMIZATION["resources"])
    assert len(MANIFESTS) == total


@every_manifest
def test_a_manifest_is_valid(name: str) -> None:
    kubernetes_validate.validate(MANIFESTS[name], NEWEST, strict=True)


def test_the_schemas_catch_a_mistake() -> None:
    broken = yaml.safe_load(yaml.safe_dump(MANIFESTS["Deployment doorward"]))
    broken["spec"]["template"]["spec"]["terminationGracePeriod"] = 60
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, NEWEST, strict=True)


@every_pod
def test_a_pod_can_do_nothing_but_its_work(name: str) -> None:
    spec, container = PODS[name]["spec"], container_of(PODS[name])
    user = spec["securityContext"]
    assert user["runAsNonRoot"] is True
    [image_user] = [one(stage, "USER").text for stage in read_stages()[1:]]
    assert f"{user['runAsUser']}:{user['runAsGroup']}" == image_user
    assert user["fsGroup"] == user["runAsGroup"]
    assert user["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"].keys() == {"memory"}
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}


@every_pod
def test_a_pod_writes_to_its_own_memory_alone(name: str) -> None:
    spec, container = PODS[name]["spec"], container_of(PODS[name])
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert {mount["name"] for mount in mounts.values()} == volumes.keys()
    assert mounts.keys() == {"/run/secrets/doorward", "/data", "/tmp"}  # noqa: S108
    assert mounts["/run/secrets/doorward"]["readOnly"] is True
    assert volumes["secrets"]["secret"] == {"secretName": "doorward", "defaultMode": 0o440}
    assert all("emptyDir" in volumes[each] for each in ("data", "tmp"))


@every_pod
def test_a_pod_runs_a_command_that_exists(name: str) -> None:
    program, verb, *options = container_of(PODS[name])["args"]
    assert program == "doorward"
    command = getattr(get_command(app), "commands")[verb]  # noqa: B009 - a Group has it
    known = {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert {option for option in options if option.startswith("--")} <= known


@every_pod
def test_a_pod_has_the_image_that_is_named_once(name: str) -> None:
    [image] = KUSTOMIZATION["images"]
    assert container_of(PODS[name])["image"].partition(":")[0] == image["name"]


def test_the_service_finds_its_pods() -> None:
    labels = PODS["Deployment doorward"]["metadata"]["labels"]
    service = MANIFESTS["Service doorward"]["spec"]
    assert service["selector"] == labels
    [port] = service["ports"]
    ports = {each["name"]: each["containerPort"] for each in SERVE["containers"][0]["ports"]}
    [exposed] = [one(stage, "EXPOSE").text for stage in read_stages()[1:]]
    assert ports[port["targetPort"]] == int(exposed)
    budget = MANIFESTS["PodDisruptionBudget doorward"]["spec"]
    assert budget["selector"]["matchLabels"] == labels


@pytest.mark.parametrize("name", [name for name in PODS if name.startswith("Deployment")])
def test_a_deployment_owns_its_pods_and_no_others(name: str) -> None:
    selector = MANIFESTS[name]["spec"]["selector"]["matchLabels"]
    assert selector == PODS[name]["metadata"]["labels"]
    same = [
        other
        for other, pod in PODS.items()
        if selector.items() <= pod["metadata"]["labels"].items()
    ]
    assert same == [name]


def test_probes_ask_what_the_service_answers() -> None:
    container = SERVE["containers"][0]
    paths = {
        probe: container[probe]["httpGet"]["path"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {
        "startupProbe": "/health/live",
        # A database that is away is no reason to restart.
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
    }
    for probe in paths:
        assert container[probe]["httpGet"]["port"] == container["ports"][0]["name"]


@pytest.mark.parametrize("name", [name for name in PODS if "worker" in name or "beat" in name])
def test_probes_of_workers_ask_where_their_metrics_are(name: str) -> None:
    container = container_of(PODS[name])
    [port] = container["ports"]
    arguments = container["args"]
    assert arguments[arguments.index("--metrics-port") + 1] == str(port["containerPort"])
    for probe in ("startupProbe", "livenessProbe"):
        assert container[probe]["tcpSocket"]["port"] == port["name"]


def test_there_is_time_to_finish() -> None:
    stop = SERVE["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    draining = int(CONFIG["DOORWARD_DRAIN_SECONDS"])
    finishing = int(CONFIG["DOORWARD_SHUTDOWN_GRACE_SECONDS"])
    assert SERVE["terminationGracePeriodSeconds"] > stop + draining + finishing


def test_the_clock_ticks_once() -> None:
    ticking = [
        name
        for name, pod in PODS.items()
        if "worker" in container_of(pod)["args"] and "--no-beat" not in container_of(pod)["args"]
    ]
    assert ticking == ["Deployment doorward-beat"]
    beat = MANIFESTS[ticking[0]]["spec"]
    assert beat["replicas"] == 1
    assert beat["strategy"] == {"type": "Recreate"}


def test_the_autoscaler_scales_what_the_database_can_take() -> None:
    scaler = MANIFESTS["HorizontalPodAutoscaler doorward"]["spec"]
    assert scaler["scaleTargetRef"]["name"] == "doorward"
    assert "replicas" not in MANIFESTS["Deployment doorward"]["spec"]
    assert scaler["minReplicas"] >= 2
    each = sum(
        int(CONFIG[f"DOORWARD_DATABASE_{part}"]) for part in ("POOL_SIZE", "MAX_OVERFLOW")
    ) * int(CONFIG["DOORWARD_WORKERS"])
    pods = (
        scaler["maxReplicas"]
        + MANIFESTS["Deployment doorward"]["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
    )
    # PostgreSQL's own default, but for the three that it keeps; two for each process of a worker.
    assert pods * each + 2 * worker_processes() <= 97


def worker_processes() -> int:
    found = 0
    for name in ("doorward-worker", "doorward-beat"):
        spec = MANIFESTS[f"Deployment {name}"]["spec"]
        args = spec["template"]["spec"]["containers"][0]["args"]
        each = int(args[args.index("--concurrency") + 1]) if "--concurrency" in args else 2
        found += spec["replicas"] * each
    return found


def test_the_network_lets_in_what_listens() -> None:
    policy = MANIFESTS["NetworkPolicy doorward"]["spec"]
    listening = {
        port["containerPort"]
        for pod in PODS.values()
        for port in container_of(pod).get("ports", [])
    }
    allowed = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
    assert allowed == listening
    assert {*policy["policyTypes"]} == {"Ingress", "Egress"}
    for pod in PODS.values():
        assert policy["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


def test_no_secret_stands_in_the_configuration() -> None:
    assert find_unknown_variables(CONFIG) == []
    assert {variable_name(setting) for setting in FILE_READABLE} & CONFIG.keys() == set()
    created = re.findall(r"--from-file=(\w+)", (FOLDER / "config.yaml").read_text(encoding="utf-8"))
    read = {
        value.removeprefix("/run/secrets/doorward/")
        for name, value in CONFIG.items()
        if name.endswith(FILE_SUFFIX)
    }
    assert set(created) == read


def test_production_accepts_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("DOORWARD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    secrets = {
        "secret_key": "n7cbQz1mTf0pXw4vLd8sYk2hRj6gUe9aWi3oVb5q",
        "database_url": "postgresql://doorward@postgres.example.internal/doorward",
        "redis_url": "rediss://redis.example.internal:6379/0",
        "admin_password": "a long sentence is best",
        "metrics_token": "a-bearer-token-of-the-tests-only",
    }
    for name, text in secrets.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(stat.S_IRUSR)
    for name, value in CONFIG.items():
        monkeypatch.setenv(name, value.replace("/run/secrets/doorward", str(tmp_path)))
    settings = load_settings()
    assert settings.environment == "production"
    assert settings.jobs == "celery"
    assert settings.metrics_token is not None
