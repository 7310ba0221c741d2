"""The running service against its own OpenAPI document, with every check that schemathesis has."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.entrypoints.http.conftest import ADMIN_EMAIL, ADMIN_PASSWORD
from tests.entrypoints.http.contract import operations
from tests.services import ROOT, Service

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
CALLERS = ["anonymous", "administrator"]
LOGIN = "/api/v1/auth/login"
EXAMPLES = 5
EXAMPLES_OF_PROOFS = 100

ANONYMOUS = "[auth]\nauto-signup = false\n"
# The token is fetched again whenever it is refused: some operations end the session they are
# called with, and leaving those out would leave out what they do to the others.
ADMINISTRATOR = f"""
[auth.dynamic.openapi.bearer]
path = "{LOGIN}"
payload = {{ email = "{ADMIN_EMAIL}", password = "{ADMIN_PASSWORD}" }}
extract_selector = "/access_token"
"""

# Operations that take a secret, which no generator guesses.
NEVER_SUCCEED = {
    *("login", "refresh", "oauthToken", "reauthenticate", "changePassword", "deleteMe"),
    *("verifyEmail", "resetPassword", "changeMyEmail"),
}


def run_against(service: Service, caller: str, folder: Path, examples: int) -> str:
    """What schemathesis has to say in the end. Fails with all of it where it found something."""
    config = folder / "schemathesis.toml"
    rules = (HERE / "schemathesis.toml").read_text(encoding="utf-8")
    config.write_text(f"{rules}\n{ANONYMOUS if caller == 'anonymous' else ADMINISTRATOR}")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
        *("run", f"{service.url}/api/v1/openapi.json", "--checks", "all", "--no-color"),
        *("--max-examples", str(examples), "--generation-database", "none"),
        *("--seed", "1") * (examples == EXAMPLES),
    ]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.entrypoints.http.schemathesis_hooks"}
    ended = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | hooks | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def succeeded(service: Service) -> set[str]:
    """The ids of the operations that did what they are for at least once."""
    # Mails are shown there as well.
    found = service.log.read_text().splitlines()
    lines = [json.loads(line) for line in found if line.startswith("{")]
    done = {(x["method"], x["route"]) for x in lines if 200 <= x.get("status", 0) < 300}
    return {each.id for each in operations() if (each.method, each.path) in done}


def check_service(service: Service, caller: str, folder: Path, examples: int) -> None:
    report = run_against(service, caller, folder, examples)
    assert re.search(rf"Tested: {len(operations())}\n", report), report
    assert not re.search("unexpected_error|request_failed", service.log.read_text())
    # Without this a caller who was locked out at once would have had nothing but good answers.
    if caller == "administrator":
        assert succeeded(service) >= {each.id for each in operations()} - NEVER_SUCCEED
    account = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    assert httpx.post(service.url + LOGIN, json=account).status_code == 200


# Either caller and either database once; all four pairs are a proof.
@pytest.mark.parametrize(
    ("server", "caller"),
    [("sqlite", "anonymous"), ("postgresql", "administrator")],
    indirect=["server"],
)
def test_the_service_does_what_its_document_says(
    server: Service, caller: str, tmp_path: Path
) -> None:
    check_service(server, caller, tmp_path, EXAMPLES)


@pytest.mark.proof
@pytest.mark.parametrize("caller", CALLERS)
def test_the_service_does_what_its_document_says_however_long_one_asks(
    server: Service, caller: str, tmp_path: Path
) -> None:
    check_service(server, caller, tmp_path, EXAMPLES_OF_PROOFS)
